/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The footer of a TZif file: a rule in POSIX form for all times beyond its table. */
#include "trapkit/timestamp.h"
#include "zone_data.h"

/* "CET" or "<+0330>". Returns what follows, or NULL. */
static const char *skip_name(const char *at)
{
	const char *start = at;

	if (*at == '<') {
		for (at++; *at != '>'; at++)
			if (*at == '\0')
				return NULL;
		return at + 1;
	}
	while ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z'))
		at++;
	return at - start >= 3 ? at : NULL;
}

static const char *read_number(const char *at, int largest, int *value)
{
	if (*at < '0' || *at > '9')
		return NULL;
	for (*value = 0; *at >= '0' && *at <= '9'; at++) {
		*value = *value * 10 + (*at - '0');
		if (*value > largest)
			return NULL;
	}
	return at;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static const char *read_time(const char *at, int most_hours, int *seconds)
{
	int sign = *at == '-' ? -1 : 1;
	int part = 0;

	if (*at == '-' || *at == '+')
		at++;
	at = read_number(at, most_hours, &part);
	*seconds = part * 3600;
	for (int scale = 60; at != NULL && *at == ':' && scale > 0; scale /= 60) {
		at = read_number(at + 1, 59, &part);
		*seconds += part * scale;
	}
	*seconds *= sign;
	return at;
}

static const char *read_change(const char *at, struct zone_change *change)
{
	*change = (struct zone_change){.kind = CHANGE_DAY, .time = 7200};
	if (*at++ != ',')
		return NULL;
	if (*at == 'M') {
		change->kind = CHANGE_MONTH;
		at = read_number(at + 1, 12, &change->month);
		if (at == NULL || change->month < 1 || *at++ != '.')
			return NULL;
		at = read_number(at, 5, &change->week);
		if (at == NULL || change->week < 1 || *at++ != '.')
			return NULL;
		at = read_number(at, 6, &change->day);
	} else if (*at == 'J') {
		change->kind = CHANGE_JULIAN;
		at = read_number(at + 1, 365, &change->day);
		if (change->day < 1)
			return NULL;
	} else {
		at = read_number(at, 365, &change->day);
	}
	if (at != NULL && *at == '/')
		at = read_time(at + 1, 167, &change->time);
	return at;
}

bool zone_rule_parse(const char *text, struct zone_rule *rule)
{
	const char *at = skip_name(text);
	int west = 0;

	*rule = (struct zone_rule){0};
	if (at == NULL || (at = read_time(at, 24, &west)) == NULL)
		return false;
	rule->standard = (struct zone_type){-west, -west, false};
	rule->is_set = true;
	if (*at == '\0')
		return true;
	if ((at = skip_name(at)) == NULL)
		return false;
	rule->has_dst = true;
	rule->summer = (struct zone_type){-west + 3600, -west, true};
	if (*at != ',' && *at != '\0') {
		if ((at = read_time(at, 24, &west)) == NULL)
			return false;
		rule->summer.offset = -west;
	}
	at = read_change(at, &rule->to_summer);
	if (at != NULL)
		at = read_change(at, &rule->to_standard);
	return at != NULL && *at == '\0';
}

/* Days since 1970 of the change in that year. */
static int64_t change_day(const struct zone_change *change, int year)
{
	int64_t first = days_from_civil(year, 1, 1);

	if (change->kind == CHANGE_DAY)
		return first + change->day;
	if (change->kind == CHANGE_JULIAN) {
		/* Day 60 is always March 1. */
		bool leap = days_from_civil(year, 3, 1) - first == 60;

		return first + change->day - 1 + (leap && change->day >= 60);
	}
	first = days_from_civil(year, change->month, 1);
	/* 1970-01-01 was a Thursday, day 4 of the week. */
	first += (change->day - (first + 4) % 7 + 14) % 7 + 7 * (change->week - 1);
	if (change->week == 5) {
		int64_t next = days_from_civil(
			change->month == 12 ? year + 1 : year, change->month % 12 + 1, 1);

		if (first >= next)
			first -= 7;
	}
	return first;
}

void zone_rule_year(
	const struct zone_rule *rule, int year, int64_t *to_summer, int64_t *to_standard)
{
	*to_summer = change_day(&rule->to_summer, year) * 86400 + rule->to_summer.time -
		rule->standard.offset;
	*to_standard = change_day(&rule->to_standard, year) * 86400 + rule->to_standard.time -
		rule->summer.offset;
}
