/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The completion script for fish, from the rows. */
#include "describe.h"
#include "globals.h"

#include <stdlib.h>
#include <string.h>

static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static void put_row(FILE *out, const char *program, const char *condition, const struct option *row)
{
	bool on = row->fallback != NULL && strcmp(row->fallback, "true") == 0;

	for (int negated = 0; negated <= (row->flag != NULL && on); negated++) {
		fprintf(out, "complete -c %s", program);
		if (condition != NULL) {
			fputs(" -n ", out);
			put_quoted(out, condition);
		}
		fprintf(out, " -l %s%s", negated ? "no-" : "", row->name);
		if (row->letter != 0 && !negated)
			fprintf(out, " -s %c", row->letter);
		if (row->choices != NULL) {
			fputs(" -x -a '", out);
			for (size_t i = 0; row->choices[i] != NULL; i++)
				fprintf(out, "%s%s", i > 0 ? " " : "", row->choices[i]);
			fputc('\'', out);
		} else if (row->directory != NULL) {
			fputs(" -x -a '(__fish_complete_directories)'", out);
		} else if (row->file != NULL) {
			fputs((row->marks & OPTION_OPTIONAL_VALUE) != 0 ? " -F" : " -r -F", out);
		} else if (row->flag == NULL) {
			fputs(" -x", out);
		}
		fputs(" -d ", out);
		put_quoted(out, row->help);
		fputc('\n', out);
	}
}

static void put_rows(
	FILE *out, const char *program, const char *condition, const struct option *const *tables)
{
	const struct option *rows[DESCRIBE_ROWS];
	size_t count = describe_rows(tables, rows, DESCRIBE_ROWS);

	for (size_t i = 0; i < count; i++)
		put_row(out, program, condition, rows[i]);
}

/* "show check list", owned. */
static char *names_of(const struct command *command)
{
	char *names = xstrdup("");

	for (size_t i = 0; command->subcommands[i] != NULL; i++) {
		char *longer;

		if (!command_is_listed(command->subcommands[i]))
			continue;
		longer = xasprintf(
			"%s%s%s", names, *names == '\0' ? "" : " ", command->subcommands[i]->name);
		free(names);
		names = longer;
	}
	return names;
}

static void put_subcommands(
	FILE *out, const char *program, const char *seen, const struct command *command)
{
	char *names = names_of(command);

	for (size_t i = 0; command->subcommands[i] != NULL; i++) {
		const struct command *sub = command->subcommands[i];
		char *condition;

		if (!command_is_listed(sub))
			continue;
		condition = xasprintf("%s%snot __fish_seen_subcommand_from %s",
			seen == NULL ? "" : seen, seen == NULL ? "" : "; and ", names);
		fprintf(out, "complete -c %s -f -n '%s' -a %s -d ", program, condition, sub->name);
		put_quoted(out, sub->summary);
		fputc('\n', out);
		free(condition);
		condition = xasprintf("%s%s__fish_seen_subcommand_from %s",
			seen == NULL ? "" : seen, seen == NULL ? "" : "; and ", sub->name);
		put_rows(out, program, condition, sub->options);
		free(condition);
	}
	free(names);
}

static void put_command(FILE *out, const struct command *command)
{
	char *seen = xasprintf("__fish_seen_subcommand_from %s", command->name);
	char *link = xasprintf("trapkit-%s", command->name);

	fprintf(out, "\ncomplete -c trapkit -f -n __fish_use_subcommand -a %s -d ", command->name);
	put_quoted(out, command->summary);
	fputc('\n', out);
	put_rows(out, "trapkit", seen, command->options);
	if (command->subcommands != NULL)
		put_subcommands(out, "trapkit", seen, command);
	put_rows(out, link, NULL, command->options);
	put_rows(out, link, NULL, global_tables);
	if (command->subcommands != NULL)
		put_subcommands(out, link, NULL, command);
	free(link);
	free(seen);
}

void describe_fish(FILE *out)
{
	fputs("# SPDX-License-Identifier: GPL-3.0-or-later\n"
	      "# Completion of trapkit for fish. Made by 'make docs' from the option rows: change "
	      "those.\n\n",
		out);
	put_rows(out, "trapkit", NULL, global_tables);
	fputs("complete -c trapkit -f -n __fish_use_subcommand -a help -d 'Show the help of a "
	      "command'\n",
		out);
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]))
			put_command(out, commands[i]);
	fputs("\ncomplete -c trapper-tools -w trapkit\n", out);
}
