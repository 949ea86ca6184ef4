/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The completion script for zsh, from the rows. */
#include "describe.h"
#include "globals.h"

#include <string.h>

/* Text inside single quotes, inside a specification of _arguments. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *text) != NULL)
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
}

static void put_action(FILE *out, const struct option *row)
{
	fputc(':', out);
	put_escaped(out, row->value == NULL ? "value" : row->value);
	fputc(':', out);
	if (row->choices != NULL) {
		fputc('(', out);
		for (size_t i = 0; row->choices[i] != NULL; i++)
			fprintf(out, "%s%s", i > 0 ? " " : "", row->choices[i]);
		fputc(')', out);
	} else if (row->file != NULL) {
		fputs("_files", out);
	} else if (row->directory != NULL) {
		fputs("_files -/", out);
	}
}

static void put_row(FILE *out, const struct option *row)
{
	const char *repeat = row->list != NULL ? "*" : "";
	bool on = row->fallback != NULL && strcmp(row->fallback, "true") == 0;

	if (row->letter != 0) {
		fprintf(out, "\t\t'%s-%c%s[", repeat, row->letter, row->flag != NULL ? "" : "+");
		put_escaped(out, row->help);
		fputc(']', out);
		if (row->flag == NULL)
			put_action(out, row);
		fputs("'\n", out);
	}
	fprintf(out, "\t\t'%s--%s%s[", repeat, row->name,
		row->flag != NULL                                   ? ""
			: (row->marks & OPTION_OPTIONAL_VALUE) != 0 ? "=-"
								    : "=");
	put_escaped(out, row->help);
	fputc(']', out);
	if (row->flag == NULL) {
		if ((row->marks & OPTION_OPTIONAL_VALUE) != 0)
			fputc(':', out);
		put_action(out, row);
	}
	fputs("'\n", out);
	if (row->flag != NULL && on) {
		fprintf(out, "\t\t'--no-%s[Not\\: ", row->name);
		put_escaped(out, row->help);
		fputs("]'\n", out);
	}
}

static void put_rows(FILE *out, const struct option *const *tables)
{
	const struct option *rows[DESCRIBE_ROWS];
	size_t count = describe_rows(tables, rows, DESCRIBE_ROWS);

	for (size_t i = 0; i < count; i++)
		put_row(out, rows[i]);
}

static void put_described(FILE *out, const struct command *const *list)
{
	for (size_t i = 0; list[i] != NULL; i++) {
		if (!command_is_listed(list[i]))
			continue;
		fprintf(out, "\t\t'%s:", list[i]->name);
		put_escaped(out, list[i]->summary);
		fputs("'\n", out);
	}
}

static void put_leaf(FILE *out, const struct command *parent, const struct command *command)
{
	fprintf(out, "\t%s%s%s)\n\t\tspecs=($_trapkit_global\n", parent == NULL ? "" : parent->name,
		parent == NULL ? "" : "/", command->name);
	put_rows(out, command->options);
	if (parent != NULL)
		put_rows(out, parent->options);
	fputs("\t\t)\n", out);
	if (command->subcommands != NULL) {
		fputs("\t\tsubs=(\n", out);
		put_described(out, command->subcommands);
		fputs("\t\t)\n", out);
	}
	fprintf(out, "\t\targuments=%s\n\t\t;;\n",
		command->arguments == NULL && command->maximum == 0 ? "no" : "yes");
}

static const char body[] =
	"# $1: a command, or command/subcommand. The words are those after it.\n"
	"_trapkit_run() {\n"
	"\tlocal curcontext=\"$curcontext\" state line arguments\n"
	"\tlocal -a specs subs\n"
	"\ttypeset -A opt_args\n"
	"\t_trapkit_rows \"$1\"\n"
	"\tif (( $#subs )); then\n"
	"\t\t_arguments -C -s -S $specs '1: :->sub' '*:: :->rest' && return 0\n"
	"\t\tcase $state in\n"
	"\t\tsub) _describe -t commands command subs ;;\n"
	"\t\trest) _trapkit_run \"$1/${words[1]}\" ;;\n"
	"\t\tesac\n"
	"\telif [[ $arguments == yes ]]; then\n"
	"\t\t_arguments -s -S $specs '*:file:_files'\n"
	"\telse\n"
	"\t\t_arguments -s -S $specs\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_trapkit() {\n"
	"\tlocal curcontext=\"$curcontext\" state line\n"
	"\ttypeset -A opt_args\n"
	"\tif [[ $service == trapkit-* ]]; then\n"
	"\t\t_trapkit_run \"${service#trapkit-}\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t_arguments -C -s -S $_trapkit_global '1: :->command' '*:: :->rest' && return 0\n"
	"\tcase $state in\n"
	"\tcommand) _describe -t commands command _trapkit_commands ;;\n"
	"\trest)\n"
	"\t\tif [[ ${words[1]} == help ]]; then\n"
	"\t\t\t_describe -t commands command _trapkit_commands\n"
	"\t\telse\n"
	"\t\t\t_trapkit_run \"${words[1]}\"\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"if [[ $funcstack[1] == _trapkit ]]; then\n"
	"\t_trapkit \"$@\"\n"
	"else\n"
	"\tcompdef _trapkit";

static void put_links(FILE *out)
{
	fputs(" trapkit trapper-tools", out);
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]))
			fprintf(out, " trapkit-%s", commands[i]->name);
	fputc('\n', out);
}

void describe_zsh(FILE *out)
{
	fputs("#compdef", out);
	put_links(out);
	fputs("# SPDX-License-Identifier: GPL-3.0-or-later\n"
	      "# Completion of trapkit for zsh. Made by 'make docs' from the option rows: change "
	      "those.\n\ntypeset -ga _trapkit_global _trapkit_commands\n\n_trapkit_global=(\n",
		out);
	put_rows(out, global_tables);
	fputs(")\n\n_trapkit_commands=(\n", out);
	put_described(out, commands);
	fputs("\t\t'help:Show the help of a command'\n)\n\n"
	      "# Sets specs, subs and arguments.\n_trapkit_rows() {\n\tcase $1 in\n",
		out);
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct command *command = commands[i];

		if (!command_is_listed(command))
			continue;
		put_leaf(out, NULL, command);
		for (size_t k = 0; command->subcommands != NULL && command->subcommands[k] != NULL;
			k++)
			if (command_is_listed(command->subcommands[k]))
				put_leaf(out, command, command->subcommands[k]);
	}
	fputs("\tesac\n}\n\n", out);
	fputs(body, out);
	put_links(out);
	fputs("fi\n", out);
}
