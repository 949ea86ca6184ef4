/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `--help` and `trapkit help`, from the rows. */
#include "describe.h"

#include "globals.h"
#include "options.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 79
#define HELP_COLUMN 28

/* Prints `text` wrapped, every line but the first indented; `column` is where the first begins. */
static void put_wrapped(struct console *console, const char *text, size_t indent, size_t column)
{
	bool first = true;

	while (*text != '\0') {
		size_t length = strcspn(text, " \n");
		char *word = xstrndup(text, length);
		size_t width = display_width(word);

		if (!first && column + 1 + width > WIDTH) {
			console_result(console, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		console_result(console, "%s%s", first ? "" : " ", word);
		column += width + (first ? 0 : 1);
		first = false;
		text += length;
		free(word);
		if (text[0] == '\n' && text[1] == '\n') {
			console_result(console, "\n\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		text += strspn(text, " \n");
	}
	console_result(console, "\n");
}

char *describe_usage(const struct command *parent, const struct command *command)
{
	char *path = command_path(parent, command);
	bool commands_follow =
		command == NULL || (command->subcommands != NULL && command->run == NULL);
	bool commands_may = command != NULL && command->subcommands != NULL && !commands_follow;
	const char *arguments = command == NULL ? NULL : command->arguments;
	char *usage = xasprintf("%s [OPTION…]%s%s%s", path,
		commands_follow        ? " COMMAND"
			: commands_may ? " [COMMAND]"
				       : "",
		arguments == NULL ? "" : " ", arguments == NULL ? "" : arguments);

	free(path);
	return usage;
}

bool describe_shows_default(const struct option *row)
{
	return row->fallback != NULL && *row->fallback != '\0' &&
		(row->marks & OPTION_OPTIONAL_VALUE) == 0 &&
		!(row->flag != NULL && strcmp(row->fallback, "false") == 0);
}

/* "a, b or c", owned. */
char *describe_choices(const struct option *row)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	for (size_t i = 0; row->choices[i] != NULL; i++)
		fprintf(out, "%s%s",
			i == 0                                ? ""
				: row->choices[i + 1] == NULL ? " or "
							      : ", ",
			row->choices[i]);
	fclose(out);
	return text;
}

char *describe_option_name(const struct option *row)
{
	bool on = row->flag != NULL && row->fallback != NULL && strcmp(row->fallback, "true") == 0;
	char letter[5] = "    ";

	if (row->letter != 0) {
		letter[0] = '-';
		letter[1] = row->letter;
		letter[2] = ',';
	}
	if (row->flag != NULL)
		return xasprintf("%s--%s%s", letter, on ? "[no-]" : "", row->name);
	if ((row->marks & OPTION_OPTIONAL_VALUE) != 0)
		return xasprintf("%s--%s[=%s]", letter, row->name, row->value);
	return xasprintf("%s--%s %s", letter, row->name, row->value == NULL ? "VALUE" : row->value);
}

char *describe_option_sentences(const struct option *row)
{
	char *text = xstrdup(row->help == NULL ? "" : row->help);

	if (row->choices != NULL) {
		char *choices = describe_choices(row);
		char *longer = xasprintf("%s One of %s.", text, choices);

		free(choices);
		free(text);
		text = longer;
	}
	return text;
}

char *describe_option_help(const struct option *row)
{
	char *text = describe_option_sentences(row);
	char *longer;

	if (describe_shows_default(row)) {
		longer = xasprintf("%s [%s]", text, row->flag != NULL ? "on" : row->fallback);
		free(text);
		text = longer;
	}
	return text;
}

static void put_option(struct console *console, const struct option *row)
{
	char *name = describe_option_name(row);
	char *help = describe_option_help(row);
	size_t width = display_width(name) + 2;

	if (width + 2 > HELP_COLUMN) {
		console_result(console, "  %s\n%*s", name, HELP_COLUMN, "");
	} else {
		console_result(console, "  %s%*s", name, (int)(HELP_COLUMN - width), "");
	}
	put_wrapped(console, help, HELP_COLUMN, HELP_COLUMN);
	free(help);
	free(name);
}

static bool is_shown(const struct option *row)
{
	return (row->marks & (OPTION_SETTING_ONLY | OPTION_SECRET | OPTION_HIDDEN)) == 0;
}

static const char *group_of(const struct option *row)
{
	return row->group == NULL ? "Options" : row->group;
}

/* A row of an earlier table has the same name and hides this one. */
static bool is_hidden_by_earlier(
	const struct option *const *tables, size_t t, const struct option *row)
{
	for (size_t i = 0; i < t; i++)
		for (const struct option *other = tables[i]; other->name != NULL; other++)
			if (other == row || same_name(other->name, row->name))
				return true;
	return false;
}

size_t describe_rows(const struct option *const *tables, const struct option **rows, size_t room)
{
	size_t count = 0;

	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++)
			if (is_shown(row) && !is_hidden_by_earlier(tables, t, row) && count < room)
				rows[count++] = row;
	return count;
}

static void put_groups(struct console *console, const struct option *const *tables)
{
	const struct option *rows[DESCRIBE_ROWS];
	size_t count = describe_rows(tables, rows, DESCRIBE_ROWS);
	bool done[DESCRIBE_ROWS] = {false};

	for (size_t i = 0; i < count; i++) {
		if (done[i])
			continue;
		console_result(console, "\n%s:\n", group_of(rows[i]));
		for (size_t k = i; k < count; k++)
			if (strcmp(group_of(rows[k]), group_of(rows[i])) == 0) {
				put_option(console, rows[k]);
				done[k] = true;
			}
	}
}

static void put_commands(struct console *console, const struct command *const *list)
{
	console_result(console, "\nCommands:\n");
	for (size_t i = 0; list[i] != NULL; i++)
		if (command_is_listed(list[i])) {
			console_result(console, "  %-24s  ", list[i]->name);
			put_wrapped(console, list[i]->summary, HELP_COLUMN, HELP_COLUMN);
		}
}

size_t describe_break(const char *line, size_t length, size_t columns)
{
	size_t cut = columns - 2;

	if (length <= columns)
		return length;
	while (cut > 0 && (line[cut] != ' ' || line[cut + 1] != '-'))
		cut--;
	return cut == 0 ? length : cut;
}

static void put_examples(struct console *console, const char *examples)
{
	console_result(console, "\nExamples:\n");
	while (*examples != '\0') {
		size_t length = strcspn(examples, "\n"), cut;
		int indent = 2;

		while ((cut = describe_break(examples, length, WIDTH - (size_t)indent)) < length) {
			console_result(console, "%*s%.*s \\\n", indent, "", (int)cut, examples);
			examples += cut + 1;
			length -= cut + 1;
			indent = 6;
		}
		if (length > 0)
			console_result(console, "%*s%.*s\n", indent, "", (int)length, examples);
		examples += length + (examples[length] == '\n');
	}
}

static void put_settings(struct console *console, const struct option *const *tables)
{
	bool begun = false;

	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++) {
			char *key, *line;

			if ((row->marks & (OPTION_SETTING_ONLY | OPTION_SECRET)) == 0 ||
				(row->marks & OPTION_HIDDEN) != 0 ||
				is_hidden_by_earlier(tables, t, row))
				continue;
			if (!begun)
				console_result(console, "\nSettings (trapkit config set …):\n");
			begun = true;
			key = option_key(row);
			line = xasprintf("%s.%s", row->section, key);
			console_result(console, "  %-24s  ", line);
			put_wrapped(console, row->help, HELP_COLUMN, HELP_COLUMN);
			free(line);
			free(key);
		}
}

static const char exit_statuses[] =
	"Exit status: 0 all done, 1 some failed or refused, 2 wrong command line, 3 findings or "
	"alerts, 69 something needed is not there, 75 try again later, 77 credentials refused, 78 "
	"settings missing or wrong, 130 stopped";

const char describe_program_examples[] =
	"# Once: make the settings file, and put server and login into it\n"
	"$ trapkit config --init\n"
	"# From the card to the server, with everything between\n"
	"$ trapkit pipeline --data-path /data/winter --convert --trigger\n";

const char describe_program_text[] =
	"trapkit readies camera-trap pictures and videos for TRAPPER and sends them there: it "
	"packages folders as collection/deployment/files, uploads them by FTPS, goes on where it "
	"was stopped, and does no finished work twice.";

void describe_help(
	struct console *console, const struct command *parent, const struct command *command)
{
	char *usage = describe_usage(parent, command);
	const struct command *const *list = command == NULL ? commands : command->subcommands;

	console_result(console, "Usage: %s\n\n", usage);
	put_wrapped(console,
		command == NULL                        ? describe_program_text
			: command->description != NULL ? command->description
						       : command->summary,
		0, 0);
	if (list != NULL)
		put_commands(console, list);
	if (command != NULL)
		put_groups(console, command->options);
	if (parent != NULL)
		put_groups(console, parent->options);
	if (command == NULL)
		put_groups(console, global_tables);
	if (command != NULL)
		put_settings(console, command->options);
	put_examples(console,
		command == NULL                     ? describe_program_examples
			: command->examples != NULL ? command->examples
						    : "");
	console_result(console, "\n");
	put_wrapped(console, exit_statuses, 13, 0);
	if (command != NULL)
		console_result(console,
			"\nGeneral options (--json, --dry-run, -v, -q, --config …): trapkit "
			"--help\nThe manual: man trapkit-%s\n",
			parent != NULL ? parent->name : command->name);
	free(usage);
}

int describe_help_for(struct console *console, char *const *words, struct error *err)
{
	const struct command *command = NULL;
	const struct command *parent = NULL;
	const struct command *const *list = commands;

	for (; *words != NULL; words++) {
		char *shown;

		parent = command;
		command = list == NULL ? NULL : command_find(list, *words);
		if (command == NULL) {
			shown = text_escape(*words);
			error_set(err, ERROR_USAGE, "no help on '%s': see 'trapkit --help'", shown);
			free(shown);
			return -1;
		}
		list = command->subcommands;
	}
	describe_help(console, parent, command);
	return 0;
}
