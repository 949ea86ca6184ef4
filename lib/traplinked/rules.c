/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What --alert takes: names of statuses, and limits for battery and heartbeat. */
#include "traplinked_internal.h"

#include "trapkit/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char battery[] = "battery_below", heartbeat[] = "heartbeat_older",
		  overdue[] = "heartbeat_overdue", disconnected[] = "disconnected";

/* Case and `-` for `_` do not matter. */
static void normalize(const char *text, char *name, size_t size)
{
	size_t used = 0;

	while (*text == ' ')
		text++;
	for (; *text != '\0' && used + 1 < size; text++)
		name[used++] = *text == '-' ? '_' : (char)tolower((unsigned char)*text);
	while (used > 0 && name[used - 1] == ' ')
		used--;
	name[used] = '\0';
}

/* "20%" and "0.2". */
static int parse_battery(const char *value, struct traplinked_rule *rule, struct error *err)
{
	char *number = xstrdup(value);
	size_t length = strlen(number);
	bool percent = length > 0 && number[length - 1] == '%', good;

	if (percent)
		number[length - 1] = '\0';
	good = text_parse_number(number, &rule->limit);
	free(number);
	if (percent)
		rule->limit /= 100;
	if (!good || !(rule->limit > 0 && rule->limit <= 1))
		return error_set(err, ERROR_USAGE, "alert '%s=%s': give a charge as 20%% or 0.2",
			battery, value);
	rule->kind = TRAPLINKED_RULE_BATTERY;
	snprintf(rule->name, sizeof rule->name, "%s", battery);
	snprintf(rule->text, sizeof rule->text, "%s=%.4g", battery, rule->limit);
	return 0;
}

static int parse_heartbeat(const char *value, struct traplinked_rule *rule, struct error *err)
{
	if (text_parse_duration(value, &rule->limit, err) != 0 || rule->limit <= 0)
		return error_set(err, ERROR_USAGE, "alert '%s=%s': give a time as 90m, 26h or 3d",
			heartbeat, value);
	rule->kind = TRAPLINKED_RULE_HEARTBEAT;
	snprintf(rule->name, sizeof rule->name, "%s", heartbeat);
	snprintf(rule->text, sizeof rule->text, "%s=%.0f", heartbeat, rule->limit);
	return 0;
}

/* How many times the usual interval; three when it is not said. */
static int parse_overdue(const char *value, struct traplinked_rule *rule, struct error *err)
{
	rule->limit = 3;
	if (value != NULL && (!text_parse_number(value, &rule->limit) || !(rule->limit > 1)))
		return error_set(err, ERROR_USAGE,
			"alert '%s=%s': give how many times its usual interval a device may be "
			"silent, as 3",
			overdue, value);
	rule->kind = TRAPLINKED_RULE_OVERDUE;
	snprintf(rule->name, sizeof rule->name, "%s", overdue);
	snprintf(rule->text, sizeof rule->text, "%s=%.4g", overdue, rule->limit);
	return 0;
}

static int unknown_rule(const char *name, struct error *err)
{
	const char *names[32], *nearest;
	size_t count = 0;

	traplinked_status_names(names, 28);
	while (names[count] != NULL)
		count++;
	names[count++] = battery;
	names[count++] = heartbeat;
	names[count++] = overdue;
	names[count++] = disconnected;
	names[count] = NULL;
	nearest = text_nearest(name, names);
	if (nearest != NULL)
		return error_set(err, ERROR_USAGE, "there is no alert '%s'; did you mean '%s'?",
			name, nearest);
	return error_set(err, ERROR_USAGE,
		"there is no alert '%s': give a device status as triggered or battery_low, "
		"%s=20%% or %s=26h",
		name, battery, heartbeat);
}

/* unknown_N is a status that this trapkit does not know by name. */
static bool is_unknown(const char *name)
{
	return strncmp(name, "unknown_", 8) == 0 && name[8] != '\0' &&
		strspn(name + 8, "-0123456789") == strlen(name + 8);
}

int traplinked_rule_parse(const char *text, struct traplinked_rule *rule, struct error *err)
{
	char name[TRAPLINKED_NAME_SIZE];
	char *value;

	*rule = (struct traplinked_rule){0};
	normalize(text, name, sizeof name);
	value = strchr(name, '=');
	if (value != NULL)
		*value++ = '\0';
	if (strcmp(name, battery) == 0 && value != NULL)
		return parse_battery(value, rule, err);
	if ((strcmp(name, heartbeat) == 0 || strcmp(name, "heartbeat_older_than") == 0) &&
		value != NULL)
		return parse_heartbeat(value, rule, err);
	if (strcmp(name, overdue) == 0)
		return parse_overdue(value, rule, err);
	if (value != NULL ||
		(!traplinked_is_status(name) && !is_unknown(name) &&
			strcmp(name, disconnected) != 0))
		return unknown_rule(name, err);
	rule->kind = strcmp(name, "triggered") == 0 ? TRAPLINKED_RULE_TRIGGERED
		: strcmp(name, disconnected) == 0   ? TRAPLINKED_RULE_DISCONNECTED
						    : TRAPLINKED_RULE_STATUS;
	snprintf(rule->name, sizeof rule->name, "%s", name);
	snprintf(rule->text, sizeof rule->text, "%s", name);
	return 0;
}

bool traplinked_rule_is_mild(const struct traplinked_rule *rule)
{
	static const char *const mild[] = {"battery_low", "bait_low", "unstable_wi_fi_connection",
		"light_infestation", "activity_warning", "false_triggered", "inactive", "active",
		"bait_available", NULL};

	if (rule->kind == TRAPLINKED_RULE_BATTERY)
		return true;
	for (size_t i = 0; mild[i] != NULL; i++)
		if (strcmp(mild[i], rule->name) == 0)
			return true;
	return false;
}
