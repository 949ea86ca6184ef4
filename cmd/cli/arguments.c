/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line taken apart: command, options, arguments. */
#include "arguments.h"

#include "globals.h"
#include "options.h"
#include "synonyms.h"
#include "trapkit/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the options of one command line are looked up in. */
struct scope {
	const struct command *command, *parent;
};

const struct command *command_find(const struct command *const *list, const char *name)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		if (same_name(list[i]->name, name))
			return list[i];
		for (size_t a = 0; list[i]->aliases != NULL && list[i]->aliases[a] != NULL; a++)
			if (same_name(list[i]->aliases[a], name))
				return list[i];
	}
	return NULL;
}

bool command_is_listed(const struct command *command)
{
	return command->summary != NULL;
}

bool command_repairs_settings(const struct arguments *arguments)
{
	const struct command *command =
		arguments->parent != NULL ? arguments->parent : arguments->command;

	return command != NULL && strcmp(command->name, "config") == 0;
}

char *command_path(const struct command *parent, const struct command *command)
{
	if (command == NULL)
		return xstrdup("trapkit");
	return parent == NULL ? xasprintf("trapkit %s", command->name)
			      : xasprintf("trapkit %s %s", parent->name, command->name);
}

static const struct option *find_in_table(const struct option *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (same_name(table->name, name) && (table->marks & OPTION_SETTING_ONLY) == 0)
			return table;
	return NULL;
}

static bool same_setting(const struct option *a, const struct option *b)
{
	return a->section != NULL && b->section != NULL &&
		option_is_setting(a, b->section, b->key != NULL ? b->key : b->name);
}

/* In the tables of a command; the first of its tables is its own and wins. */
static const struct option *find_in_tables(
	const struct option *const *tables, const char *name, const struct option **rival)
{
	const struct option *found = NULL;

	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++) {
		const struct option *row = find_in_table(tables[t], name);

		if (row == NULL || row == found)
			continue;
		if (found == NULL) {
			found = row;
			if (t == 0)
				return found;
		} else if (!same_setting(found, row)) {
			*rival = row;
		}
	}
	return found;
}

const struct option *command_option(const struct command *command, const char *name)
{
	const struct option *rival = NULL;

	return find_in_tables(command->options, name, &rival);
}

static const struct option *find_by_letter(const struct option *const *tables, char letter)
{
	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++)
			if (row->letter == letter && (row->marks & OPTION_SETTING_ONLY) == 0)
				return row;
	return NULL;
}

/* Anybody's option of that name: tells whether a value follows before the command is known. */
static const struct option *find_anywhere(const char *name)
{
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++)
		if (same_name(all[i]->name, name) && (all[i]->marks & OPTION_SETTING_ONLY) == 0)
			return all[i];
	return NULL;
}

static const struct option *lookup(
	const struct scope *scope, const char *name, const struct option **rival)
{
	const struct option *row = NULL;

	*rival = NULL;
	if (scope->command != NULL)
		row = find_in_tables(scope->command->options, name, rival);
	if (row == NULL && scope->parent != NULL)
		row = find_in_tables(scope->parent->options, name, rival);
	if (row == NULL)
		row = find_in_table(global_options, name);
	return row;
}

static const struct option *lookup_letter(const struct scope *scope, char letter)
{
	const struct option *row = NULL;

	if (scope->command != NULL)
		row = find_by_letter(scope->command->options, letter);
	if (row == NULL && scope->parent != NULL)
		row = find_by_letter(scope->parent->options, letter);
	return row != NULL ? row : find_by_letter(global_tables, letter);
}

static void add_names(struct string_list *names, const struct option *const *tables)
{
	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++) {
			if ((row->marks & (OPTION_SETTING_ONLY | OPTION_HIDDEN)) != 0)
				continue;
			string_list_add(names, row->name);
			if (row->flag != NULL) {
				char *no = xasprintf("no-%s", row->name);

				string_list_add(names, no);
				free(no);
			}
		}
}

/* The first command that has this option, for the hint. */
static const struct command *owner_of(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]) && command_option(commands[i], name) != NULL)
			return commands[i];
	return NULL;
}

static int unknown_option(const struct scope *scope, const char *name, struct error *err)
{
	struct string_list names = {0};
	char *path = command_path(scope->parent, scope->command);
	const struct command *owner = owner_of(name);
	const char *nearest;

	if (scope->command != NULL)
		add_names(&names, scope->command->options);
	if (scope->parent != NULL)
		add_names(&names, scope->parent->options);
	add_names(&names, global_tables);
	ARRAY_APPEND(&names, NULL);
	nearest = text_nearest(name, (const char *const *)names.items);
	names.count--;
	if (nearest != NULL)
		error_set(err, ERROR_USAGE, "unknown option '--%s': did you mean '--%s'?", name,
			nearest);
	else if (owner != NULL && scope->command == NULL)
		error_set(err, ERROR_USAGE, "option '--%s' needs a command, as 'trapkit %s'", name,
			owner->name);
	else if (owner != NULL)
		error_set(err, ERROR_USAGE, "'%s' has no option '--%s'; 'trapkit %s' has", path,
			name, owner->name);
	else
		error_set(err, ERROR_USAGE, "unknown option '--%s': see '%s --help'", name, path);
	string_list_release(&names);
	free(path);
	return -1;
}

static void assign(struct arguments *arguments, const struct option *option, const char *value,
	const char *shown)
{
	struct assignment item = {option, value, xstrdup(shown)};

	ARRAY_APPEND(arguments, item);
}

/* `--name`, `--name=value`, `--name value`, `--no-name`. *used: 1 when `next` was taken too. */
static int parse_long(struct arguments *arguments, const struct scope *scope, const char *word,
	const char *next, int *used, struct error *err)
{
	const char *equals = strchr(word, '=');
	char *name = equals == NULL ? xstrdup(word) : xstrndup(word, (size_t)(equals - word));
	const char *value = equals == NULL ? NULL : equals + 1;
	const char *known = synonym_of_option(name);
	const struct option *rival;
	const struct option *row = lookup(scope, known, &rival);
	char *shown = xasprintf("--%s", name);
	bool negated = false;
	int status = -1;

	if (row == NULL && strncmp(known, "no-", 3) == 0) {
		row = lookup(scope, known + 3, &rival);
		negated = row != NULL && row->flag != NULL;
		row = negated ? row : NULL;
	}
	if (row == NULL) {
		unknown_option(scope, name, err);
	} else if (rival != NULL) {
		error_set(err, ERROR_USAGE,
			"'%s' has more than one meaning here: use --set SECTION.KEY=VALUE, or run "
			"the steps one by one",
			shown);
	} else if (row->flag != NULL && value != NULL && negated) {
		error_set(err, ERROR_USAGE, "'%s' takes no value", shown);
	} else if (row->flag != NULL) {
		assign(arguments, row, negated ? "false" : value != NULL ? value : "true", shown);
		status = 0;
	} else if (value == NULL && (row->marks & OPTION_OPTIONAL_VALUE) != 0) {
		assign(arguments, row, row->fallback, shown);
		status = 0;
	} else if (value == NULL && next == NULL) {
		error_set(err, ERROR_USAGE, "'%s' needs a value: %s %s", shown, shown,
			row->value != NULL ? row->value : "VALUE");
	} else {
		*used = value == NULL;
		assign(arguments, row, value != NULL ? value : next, shown);
		status = 0;
	}
	free(shown);
	free(name);
	return status;
}

/* `-n`, `-vn`, `-j4`, `-j 4`. */
static int parse_letters(struct arguments *arguments, const struct scope *scope, const char *word,
	const char *next, int *used, struct error *err)
{
	for (const char *letter = word + 1; *letter != '\0'; letter++) {
		const struct option *row = lookup_letter(scope, *letter);
		char shown[] = {'-', *letter, '\0'};

		if (row == NULL) {
			char *escaped = text_escape(word);

			error_set(err, ERROR_USAGE, "unknown option '%s'", escaped);
			free(escaped);
			return -1;
		}
		if (row->flag != NULL) {
			assign(arguments, row, "true", shown);
			continue;
		}
		if (letter[1] != '\0') {
			assign(arguments, row, letter + 1 + (letter[1] == '='), shown);
			return 0;
		}
		if (next == NULL)
			return error_set(err, ERROR_USAGE, "'%s' needs a value: %s %s", shown,
				shown, row->value != NULL ? row->value : "VALUE");
		*used = 1;
		assign(arguments, row, next, shown);
	}
	return 0;
}

/* How many words an option takes, 1 or 2; `command` is NULL while it is not known yet. */
static size_t words_of(const char *word, const struct command *command)
{
	const struct option *row = NULL;

	if (word[1] == '-') {
		if (strchr(word, '=') != NULL)
			return 1;
		if (command != NULL)
			row = command_option(command, synonym_of_option(word + 2));
		if (row == NULL)
			row = find_anywhere(synonym_of_option(word + 2));
		return row != NULL && row->flag == NULL && (row->marks & OPTION_OPTIONAL_VALUE) == 0
			? 2
			: 1;
	}
	for (word++; *word != '\0'; word++) {
		row = find_by_letter(global_tables, *word);
		if (row != NULL && row->flag == NULL)
			return word[1] == '\0' ? 2 : 1;
	}
	return 1;
}

/* The first word from `from` on that is no option and no option's value; NULL = none. */
static char **first_word(char **from, const struct command *command)
{
	while (*from != NULL) {
		if ((*from)[0] != '-' || (*from)[1] == '\0')
			return from;
		if (strcmp(*from, "--") == 0)
			return NULL;
		if (words_of(*from, command) == 2 && from[1] != NULL)
			from++;
		from++;
	}
	return NULL;
}

static int unknown_command(const struct command *parent, const char *name, struct error *err)
{
	const struct command *const *list = parent == NULL ? commands : parent->subcommands;
	struct string_list names = {0};
	char *path = command_path(NULL, parent);
	char *escaped = text_escape(name);
	const char *nearest;

	for (size_t i = 0; list[i] != NULL; i++)
		if (command_is_listed(list[i]))
			string_list_add(&names, list[i]->name);
	ARRAY_APPEND(&names, NULL);
	nearest = text_nearest(name, (const char *const *)names.items);
	names.count--;
	if (nearest != NULL)
		error_set(err, ERROR_USAGE, "unknown command '%s': did you mean '%s'?", escaped,
			nearest);
	else
		error_set(err, ERROR_USAGE, "unknown command '%s': see '%s --help'", escaped, path);
	string_list_release(&names);
	free(escaped);
	free(path);
	return -1;
}

/* Finds command and subcommand; *skip gets the words that named them. */
static int find_commands(struct arguments *arguments, const struct command *fixed, char **argv,
	char **skip[2], struct error *err)
{
	char **word = first_word(argv, fixed);

	arguments->command = fixed;
	if (fixed == NULL && word != NULL) {
		skip[0] = word;
		if (strcmp(*word, "help") == 0) {
			arguments->help_command = true;
			return 0;
		}
		arguments->command = command_find(commands, *word);
		if (arguments->command == NULL)
			return unknown_command(NULL, *word, err);
		word = first_word(word + 1, arguments->command);
	}
	if (arguments->command == NULL || arguments->command->subcommands == NULL || word == NULL)
		return 0;
	skip[1] = word;
	arguments->parent = arguments->command;
	arguments->command = command_find(arguments->parent->subcommands, *word);
	if (arguments->command != NULL)
		return 0;
	if (arguments->parent->maximum == 0)
		return unknown_command(arguments->parent, *word, err);
	arguments->command = arguments->parent;
	arguments->parent = NULL;
	skip[1] = NULL;
	return 0;
}

int arguments_parse(
	struct arguments *arguments, const struct command *fixed, char **argv, struct error *err)
{
	char **skip[2] = {NULL, NULL};
	struct scope scope;
	bool ended = false;

	if (find_commands(arguments, fixed, argv, skip, err) != 0)
		return -1;
	scope = (struct scope){arguments->command, arguments->parent};
	for (; *argv != NULL; argv++) {
		int used = 0;
		int status = 0;

		if (argv == skip[0] || argv == skip[1])
			continue;
		if (ended || (*argv)[0] != '-' || (*argv)[1] == '\0')
			ARRAY_APPEND(&arguments->rest, *argv);
		else if (strcmp(*argv, "--") == 0)
			ended = true;
		else if ((*argv)[1] == '-')
			status = parse_long(arguments, &scope, *argv + 2, argv[1], &used, err);
		else
			status = parse_letters(arguments, &scope, *argv, argv[1], &used, err);
		if (status != 0)
			return -1;
		argv += used;
	}
	ARRAY_APPEND(&arguments->rest, NULL);
	arguments->rest.count--;
	return 0;
}

/* Rows of other tables that stand for the same setting follow. */
static int apply_to_others(const struct option *option, const char *value,
	const struct origin *origin, struct error *err)
{
	const char *key = option->key != NULL ? option->key : option->name;
	const struct option *row;

	for (size_t n = 0; option->section != NULL &&
		(row = option_find_setting(option->section, key, n)) != NULL;
		n++)
		if (row != option && option_set(row, value, origin, err) != 0)
			return -1;
	return 0;
}

int arguments_apply(const struct arguments *arguments, struct error *err)
{
	/* Applied twice, before and after the settings: a list must not hold its items twice. */
	for (size_t i = 0; i < arguments->count; i++)
		if (arguments->items[i].option->list != NULL)
			string_list_release(arguments->items[i].option->list);
	for (size_t i = 0; i < arguments->count; i++) {
		const struct assignment *item = &arguments->items[i];
		struct origin origin = {.level = ORIGIN_COMMAND_LINE, .text = item->origin};

		if (option_set(item->option, item->value, &origin, err) != 0 ||
			apply_to_others(item->option, item->value, &origin, err) != 0)
			return -1;
	}
	return 0;
}

static int check_required(const struct option *const *tables, struct error *err)
{
	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++) {
			char *key;

			if ((row->marks & OPTION_REQUIRED) == 0 || option_is_set(row))
				continue;
			if ((row->marks & OPTION_SETTING_ONLY) == 0)
				return error_set(err, ERROR_USAGE, "missing option '--%s %s'",
					row->name, row->value != NULL ? row->value : "");
			key = option_key(row);
			error_set(err, ERROR_SETTINGS,
				"%s.%s is not set: put it into the settings file (see 'trapkit "
				"config path')",
				row->section, key);
			free(key);
			return -1;
		}
	return 0;
}

int arguments_check(const struct arguments *arguments, struct error *err)
{
	const struct command *command = arguments->command;
	char *path = command_path(arguments->parent, command);
	int status = -1;

	if (arguments->rest.count > command->maximum) {
		char *extra = text_escape(arguments->rest.items[command->maximum]);

		error_set(
			err, ERROR_USAGE, "unexpected argument '%s': see '%s --help'", extra, path);
		free(extra);
	} else if (arguments->rest.count < command->minimum) {
		error_set(err, ERROR_USAGE, "missing argument: %s %s", path,
			command->arguments != NULL ? command->arguments : "");
	} else if (arguments->parent == NULL ||
		check_required(arguments->parent->options, err) == 0) {
		status = check_required(command->options, err);
	}
	free(path);
	return status;
}

void arguments_release(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->items[i].origin);
	free(arguments->items);
	free(arguments->rest.items);
	*arguments = (struct arguments){0};
}
