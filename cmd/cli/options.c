/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state behind the option rows: values, where each came from, and the one door they pass. */
#include "options.h"

#include "globals.h"
#include "protect.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const setting_sections[] = {"LOGGER", "GENERAL", "CONVERT", "PACKAGE", "UPLOAD",
	"PIPELINE", "DETECT", "EXPORT", "TRAPLINKED", "CAMERA", NULL};

struct state {
	enum origin_level level;
	char *origin;
	enum secret_source source;
	char *where; /* of a secret: the file or the command */
};

static struct {
	const struct option **items;
	size_t count, capacity;
} rows;
static struct state *states;
static bool secret_loaded;

static void add_tables(const struct option *const *tables)
{
	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++) {
			bool known = false;

			for (size_t i = 0; i < rows.count && !known; i++)
				known = rows.items[i] == row;
			if (!known)
				ARRAY_APPEND(&rows, row);
		}
}

static void add_commands(const struct command *const *list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		add_tables(list[i]->options);
		add_commands(list[i]->subcommands);
	}
}

const struct option *const *options_all(void)
{
	if (rows.items == NULL) {
		add_tables(global_tables);
		add_commands(commands);
		ARRAY_APPEND(&rows, NULL);
		states = xcalloc(rows.count, sizeof *states);
	}
	return rows.items;
}

static struct state *state_of(const struct option *option)
{
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++)
		if (all[i] == option)
			return &states[i];
	return NULL;
}

const char *option_origin(const struct option *option)
{
	const struct state *state = state_of(option);

	return state == NULL || state->origin == NULL ? "default" : state->origin;
}

enum origin_level option_level(const struct option *option)
{
	const struct state *state = state_of(option);

	return state == NULL ? ORIGIN_DEFAULT : state->level;
}

bool option_is_set(const struct option *option)
{
	return option_level(option) != ORIGIN_DEFAULT;
}

bool option_takes_value(const struct option *option)
{
	return option->flag == NULL;
}

bool options_hold_secret(void)
{
	return secret_loaded;
}

bool same_name(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		char x = *a == '_' ? '-' : *a;
		char y = *b == '_' ? '-' : *b;

		if (tolower((unsigned char)x) != tolower((unsigned char)y))
			return false;
	}
	return *a == *b;
}

char *option_key(const struct option *option)
{
	char *key = xstrdup(option->key != NULL ? option->key : option->name);

	for (char *c = key; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	return key;
}

bool option_is_setting(const struct option *option, const char *section, const char *key)
{
	return option->section != NULL && strcasecmp(option->section, section) == 0 &&
		same_name(option->key != NULL ? option->key : option->name, key);
}

const struct option *option_find_setting(const char *section, const char *key, size_t n)
{
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++)
		if (option_is_setting(all[i], section, key) && n-- == 0)
			return all[i];
	return NULL;
}

bool option_is_first_of_setting(const struct option *option)
{
	return option->section != NULL &&
		option_find_setting(option->section,
			option->key != NULL ? option->key : option->name, 0) == option;
}

/* ---- storing ---- */

static void set_string(char **target, const char *value)
{
	free(*target);
	*target = value == NULL || *value == '\0' ? NULL : xstrdup(value);
}

/* `~/` is the shell's business on the command line, and ours everywhere else. */
static void set_path(char **target, const char *value, const struct origin *origin)
{
	const char *home = getenv("HOME");

	if (origin->level < ORIGIN_SET && strncmp(value, "~/", 2) == 0 && home != NULL) {
		char *whole = xasprintf("%s/%s", home, value + 2);

		set_string(target, whole);
		free(whole);
	} else {
		set_string(target, value);
	}
}

static int set_flag(bool *target, const char *value, struct error *err)
{
	static const char *const yes[] = {"true", "yes", "on", "y", "1"};
	static const char *const no[] = {"false", "no", "off", "n", "0"};

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*target = strcasecmp(value, yes[i]) == 0;
			return 0;
		}
	}
	return error_set(err, ERROR_INPUT, "'%s' is neither true nor false", value);
}

static int set_number(const struct option *option, const char *value, struct error *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (end == value || *end != '\0' || isspace((unsigned char)*value))
		return error_set(err, ERROR_INPUT, "'%s' is not a whole number", value);
	if (option->minimum == 0 && option->maximum == 0) {
		if (errno == 0) {
			*option->number = number;
			return 0;
		}
	} else if (errno == 0 && number >= option->minimum && number <= option->maximum) {
		*option->number = number;
		return 0;
	}
	if (option->maximum == LONG_MAX)
		return error_set(
			err, ERROR_INPUT, "%s is too small, at least %ld", value, option->minimum);
	return error_set(err, ERROR_INPUT, "%s is outside %ld to %ld", value, option->minimum,
		option->maximum);
}

static int set_duration(const struct option *option, const char *value, struct error *err)
{
	double seconds;

	if (strcasecmp(value, "none") == 0) {
		*option->duration = 0;
		return 0;
	}
	if (text_parse_duration(value, &seconds, err) != 0)
		return -1;
	if ((option->minimum != 0 || option->maximum != 0) &&
		(seconds < (double)option->minimum || seconds > (double)option->maximum))
		return error_set(err, ERROR_INPUT, "%s is outside %ld to %ld seconds", value,
			option->minimum, option->maximum);
	*option->duration = seconds;
	return 0;
}

static int find_choice(const struct option *option, const char *value, struct error *err)
{
	char *all = xstrdup("");
	const char *nearest;

	for (int i = 0; option->choices[i] != NULL; i++) {
		char *longer;

		if (same_name(option->choices[i], value)) {
			free(all);
			return i;
		}
		longer = xasprintf("%s%s%s", all, i > 0 ? ", " : "", option->choices[i]);
		free(all);
		all = longer;
	}
	nearest = text_nearest(value, option->choices);
	if (nearest != NULL)
		error_set(err, ERROR_INPUT, "'%s' is none of %s; did you mean '%s'?", value, all,
			nearest);
	else
		error_set(err, ERROR_INPUT, "'%s' is none of %s", value, all);
	free(all);
	return -1;
}

static int add_item(const struct option *option, const char *item, struct error *err)
{
	int choice;

	if (option->choices == NULL) {
		string_list_add(option->list, item);
		return 0;
	}
	choice = find_choice(option, item, err);
	if (choice < 0)
		return -1;
	string_list_add(option->list, option->choices[choice]);
	return 0;
}

static int set_list(const struct option *option, const char *value, const struct origin *origin,
	struct error *err)
{
	bool split = !origin->one_item &&
		(origin->level != ORIGIN_COMMAND_LINE || option->choices != NULL ||
			(option->value != NULL && strchr(option->value, ',') != NULL));

	if (!split)
		return add_item(option, value, err);
	while (*value != '\0') {
		size_t length = strcspn(value, ",");
		size_t skip = strspn(value, " \t");
		char *item;
		int failed = 0;

		skip = skip > length ? length : skip;
		item = xstrndup(value + skip, length - skip);
		for (size_t n = strlen(item); n > 0 && isspace((unsigned char)item[n - 1]); n--)
			item[n - 1] = '\0';
		if (*item != '\0')
			failed = add_item(option, item, err);
		free(item);
		if (failed != 0)
			return -1;
		value += length + (value[length] == ',');
	}
	return 0;
}

static int check_zone(const char *name, struct error *err)
{
	struct zone *zone = name[0] == '\0' ? NULL : zone_open(name, err);

	/* Without zone data nothing can be said of the name; whoever needs the zone will. */
	if (zone == NULL && name[0] != '\0' && err->kind != ERROR_UNAVAILABLE)
		return -1;
	error_clear(err);
	zone_free(zone);
	return 0;
}

static int store(const struct option *option, const char *value, const struct origin *origin,
	struct error *err)
{
	if (option->flag != NULL)
		return set_flag(option->flag, value, err);
	if (option->number != NULL)
		return set_number(option, value, err);
	if (option->size != NULL)
		return strcasecmp(value, "none") == 0 ? (*option->size = 0, 0)
						      : text_parse_size(value, option->size, err);
	if (option->duration != NULL)
		return set_duration(option, value, err);
	if (option->list != NULL)
		return set_list(option, value, origin, err);
	if (option->choice != NULL) {
		int choice = find_choice(option, value, err);

		*option->choice = choice < 0 ? *option->choice : choice;
		return choice < 0 ? -1 : 0;
	}
	if ((option->marks & OPTION_ZONE) != 0 && check_zone(value, err) != 0)
		return -1;
	if (option->file != NULL)
		set_path(option->file, value, origin);
	else if (option->directory != NULL)
		set_path(option->directory, value, origin);
	else
		set_string(option->text, value);
	return 0;
}

static void note_origin(const struct option *option, const struct origin *origin)
{
	struct state *state = state_of(option);
	char *text;

	if (state == NULL)
		return;
	text = xstrdup(origin->text);
	free(state->origin);
	free(state->where);
	state->where = NULL;
	state->source = SECRET_VALUE;
	state->origin = text;
	state->level = origin->level;
}

void option_clear(const struct option *option, const struct origin *origin)
{
	if (option->list != NULL)
		string_list_release(option->list);
	note_origin(option, origin);
}

int option_set(const struct option *option, const char *value, const struct origin *origin,
	struct error *err)
{
	if (option->list != NULL && option_level(option) != origin->level)
		string_list_release(option->list);
	if (!text_is_utf8(value, strlen(value)) && option->file == NULL &&
		option->directory == NULL && option->list == NULL) {
		error_set(err, ERROR_INPUT, "not valid UTF-8");
	} else if (store(option, value, origin, err) == 0) {
		note_origin(option, origin);
		if ((option->marks & OPTION_SECRET) != 0 && origin->level != ORIGIN_DEFAULT) {
			secret_loaded = true;
			protect_secrets();
		}
		return 0;
	}
	if ((option->marks & OPTION_SECRET) != 0)
		error_set(err, ERROR_SETTINGS, "not usable as a secret");
	err->kind = origin->level == ORIGIN_COMMAND_LINE || origin->level == ORIGIN_SET
		? ERROR_USAGE
		: ERROR_SETTINGS;
	return error_context(err, "%s", origin->text);
}

void option_set_secret_source(const struct option *option, enum secret_source source,
	const char *where, const struct origin *origin)
{
	struct state *state = state_of(option);

	set_string(option->text, NULL);
	note_origin(option, origin);
	state->source = source;
	if (source == SECRET_FILE)
		set_path(&state->where, where, origin);
	else
		state->where = xstrdup(where);
}

enum secret_source option_secret_source(const struct option *option, const char **where)
{
	const struct state *state = state_of(option);

	*where = state == NULL ? NULL : state->where;
	return state == NULL ? SECRET_VALUE : state->source;
}

int options_reset(struct error *err)
{
	static const struct origin origin = {.level = ORIGIN_DEFAULT, .text = "default"};
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++) {
		const struct option *row = all[i];

		if (row->list != NULL)
			string_list_release(row->list);
		if (row->choice != NULL)
			*row->choice = -1;
		if (row->text != NULL)
			set_string(row->text, NULL);
		if (row->file != NULL)
			set_string(row->file, NULL);
		if (row->directory != NULL)
			set_string(row->directory, NULL);
		if (row->flag != NULL)
			*row->flag = false;
		note_origin(row, &origin);
		if (row->fallback != NULL && (row->marks & OPTION_OPTIONAL_VALUE) == 0 &&
			option_set(row, row->fallback, &origin, err) != 0)
			return error_context(err, "built-in default of '%s'", row->name);
	}
	return 0;
}
