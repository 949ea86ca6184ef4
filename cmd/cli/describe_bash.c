/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The completion script for bash, from the rows. */
#include "describe.h"
#include "globals.h"
#include "options.h"

#include <string.h>

static void put_words(FILE *out, const struct option *const *tables)
{
	const struct option *rows[DESCRIBE_ROWS];
	size_t count = describe_rows(tables, rows, DESCRIBE_ROWS);

	for (size_t i = 0; i < count; i++) {
		bool on = rows[i]->fallback != NULL && strcmp(rows[i]->fallback, "true") == 0;

		fprintf(out, " --%s", rows[i]->name);
		if (rows[i]->flag != NULL && on)
			fprintf(out, " --no-%s", rows[i]->name);
	}
}

/* What may follow an option: `values` or `kind` is set for the rows that know. */
static void put_values(FILE *out, const struct option *const *tables)
{
	const struct option *rows[DESCRIBE_ROWS];
	size_t count = describe_rows(tables, rows, DESCRIBE_ROWS);

	for (size_t i = 0; i < count; i++) {
		const struct option *row = rows[i];

		if (row->flag != NULL || (row->marks & OPTION_OPTIONAL_VALUE) != 0)
			continue;
		fprintf(out, "\t\t--%s", row->name);
		if (row->letter != 0)
			fprintf(out, " | -%c", row->letter);
		if (row->choices != NULL) {
			fputs(") kind=words values='", out);
			for (size_t c = 0; row->choices[c] != NULL; c++)
				fprintf(out, "%s%s", c > 0 ? " " : "", row->choices[c]);
			fputs("' ;;\n", out);
		} else {
			fprintf(out, ") kind=%s ;;\n",
				row->file != NULL                ? "files"
					: row->directory != NULL ? "folders"
								 : "nothing");
		}
	}
}

static void put_case(FILE *out, const struct command *parent, const struct command *command)
{
	fprintf(out, "\t%s/%s)\n\t\twords='", parent == NULL ? command->name : parent->name,
		parent == NULL ? "" : command->name);
	for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++)
		if (command_is_listed(command->subcommands[i]))
			fprintf(out, "%s ", command->subcommands[i]->name);
	fputs("'\n\t\toptions='", out);
	put_words(out, command->options);
	if (parent != NULL)
		put_words(out, parent->options);
	fputs("'\n\t\tcase $1 in\n", out);
	put_values(out, command->options);
	if (parent != NULL)
		put_values(out, parent->options);
	fputs("\t\tesac\n\t\t;;\n", out);
}

/* The options that take the word after them, of any command: to find the command's name. */
static void put_takers(FILE *out)
{
	const struct option *const *all = options_all();
	const char *before = "\t\t";

	fputs("_trapkit_takes_value() {\n\tcase $1 in\n", out);
	for (size_t i = 0; all[i] != NULL; i++) {
		bool first = true;

		for (size_t k = 0; k < i && first; k++)
			first = !same_name(all[k]->name, all[i]->name) || all[k]->flag != NULL;
		if (!first || all[i]->flag != NULL ||
			(all[i]->marks & (OPTION_SETTING_ONLY | OPTION_OPTIONAL_VALUE)) != 0)
			continue;
		fprintf(out, "%s--%s", before, all[i]->name);
		if (all[i]->letter != 0)
			fprintf(out, " | -%c", all[i]->letter);
		before = " | \\\n\t\t";
	}
	fputs(") return 0 ;;\n\tesac\n\treturn 1\n}\n\n", out);
}

static void put_program_words(FILE *out)
{
	fputs("\t/*)\n\t\twords='", out);
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]))
			fprintf(out, "%s ", commands[i]->name);
	fputs("help'\n\t\t;;\n", out);
}

static const char prologue[] = "# SPDX-License-Identifier: GPL-3.0-or-later\n"
			       "# Completion of trapkit for bash. Made by 'make docs' from the "
			       "option rows: change those.\n"
			       "\n";

static const char body[] =
	"_trapkit() {\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal command='' sub='' words='' options='' values='' kind='' word i\n"
	"\n"
	"\t# bash takes --option=value apart at the sign.\n"
	"\tif [[ $current == '=' ]]; then\n"
	"\t\tcurrent=''\n"
	"\telif [[ $previous == '=' ]]; then\n"
	"\t\tprevious=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tword=${COMP_WORDS[0]##*/}\n"
	"\t[[ $word == trapkit-* ]] && command=${word#trapkit-}\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == '=' ]]; then\n"
	"\t\t\t((i++))\n"
	"\t\telif [[ $word == -* ]]; then\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} != '=' ]] && _trapkit_takes_value \"$word\" && ((i++))\n"
	"\t\telif [[ -z $command ]]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\telif [[ -z $sub ]]; then\n"
	"\t\t\tsub=$word\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t_trapkit_rows \"$previous\"\n"
	"\tCOMPREPLY=()\n"
	"\tcase $kind in\n"
	"\twords) mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$current\") ;;\n"
	"\tfolders)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
	"\t\t;;\n"
	"\tnothing) ;;\n"
	"\t*)\n"
	"\t\tif [[ $current == -* && -z $kind ]]; then\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	"\t\telif [[ -n $words && -z $sub && -z $kind ]]; then\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	"\t\telse\n"
	"\t\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n";

void describe_bash(FILE *out)
{
	fputs(prologue, out);
	put_takers(out);
	fputs("# Sets words, options, values and kind for $command, $sub and the word before.\n"
	      "_trapkit_rows() {\n\tcase $command/$sub in\n",
		out);
	put_program_words(out);
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct command *command = commands[i];

		if (!command_is_listed(command))
			continue;
		put_case(out, NULL, command);
		for (size_t k = 0; command->subcommands != NULL && command->subcommands[k] != NULL;
			k++)
			if (command_is_listed(command->subcommands[k]))
				put_case(out, command, command->subcommands[k]);
	}
	fputs("\thelp/*) words='", out);
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]))
			fprintf(out, "%s ", commands[i]->name);
	fputs("' ;;\n\tesac\n\toptions+='", out);
	put_words(out, global_tables);
	fputs("'\n\t[[ -n $kind ]] && return\n\tcase $1 in\n", out);
	put_values(out, global_tables);
	fputs("\tesac\n}\n\n", out);
	fputs(body, out);
	fputs("\ncomplete -F _trapkit trapkit trapper-tools", out);
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]))
			fprintf(out, " trapkit-%s", commands[i]->name);
	fputc('\n', out);
}
