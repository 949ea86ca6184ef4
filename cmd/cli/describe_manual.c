/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manual pages of section 1, in mdoc, from the rows. */
#include "describe.h"

#include "globals.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

/* Pages are compared byte by byte: the date is that of the release, not of the day. */
#define MANUAL_DATE "November 21, 2026"

/* One character of UTF-8 as groff writes it, without the reader's encoding in between. */
static const char *put_character(FILE *out, const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;
	unsigned c = *byte;
	int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;

	if (c == '\\') {
		fputs("\\e", out);
	} else if (c == '-') {
		fputs("\\-", out);
	} else if (c < 0x80) {
		fputc((int)c, out);
	} else {
		c &= more == 3 ? 0x07u : more == 2 ? 0x0Fu : 0x1Fu;
		for (int i = 1; i <= more && byte[i] != 0; i++)
			c = c << 6 | (byte[i] & 0x3Fu);
		fprintf(out, "\\[u%04X]", c);
		return at + 1 + more;
	}
	return at + 1;
}

/* Text in which no character has a meaning for roff. */
static void put_text(FILE *out, const char *text, size_t length)
{
	const char *end = text + length;

	if (length > 0 && (*text == '.' || *text == '\''))
		fputs("\\&", out);
	while (text < end)
		text = put_character(out, text);
}

static void put_all(FILE *out, const char *text)
{
	put_text(out, text, strlen(text));
}

/* True where a sentence ends: mdoc wants the next one on a line of its own. */
static bool ends_sentence(const char *at)
{
	return (*at == '.' || *at == '?' || *at == '!') && at[1] == ' ' && at[2] >= 'A' &&
		at[2] <= 'Z';
}

/* Paragraphs, a blank line between; one sentence a line. */
static void put_paragraphs(FILE *out, const char *text)
{
	while (*text != '\0') {
		const char *start = text;

		while (*text != '\0' && *text != '\n' && !ends_sentence(text))
			text++;
		if (ends_sentence(text))
			text++;
		put_text(out, start, (size_t)(text - start));
		fputc('\n', out);
		if (text[0] == '\n' && text[1] == '\n')
			fputs(".Pp\n", out);
		text += strspn(text, " \n");
	}
}

/* A macro's argument: quoted, so that nothing in it is taken for a macro. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0';)
		if (*text == '"') {
			fputs("\\(dq", out);
			text++;
		} else {
			text = put_character(out, text);
		}
	fputc('"', out);
}

static void put_option(FILE *out, const struct option *row)
{
	bool on = row->flag != NULL && row->fallback != NULL && strcmp(row->fallback, "true") == 0;
	char *help = describe_option_sentences(row);
	char *key;

	fputs(".It ", out);
	if (row->letter != 0)
		fprintf(out, "Fl %c , ", row->letter);
	fprintf(out, "Fl \\-%s%s", on ? "[no\\-]" : "", "");
	put_all(out, row->name);
	if (row->flag == NULL && (row->marks & OPTION_OPTIONAL_VALUE) != 0)
		fprintf(out, " Ns Op Ns = Ns Ar %s", row->value);
	else if (row->flag == NULL) {
		fputs(" Ar ", out);
		put_quoted(out, row->value == NULL ? "VALUE" : row->value);
	}
	fputc('\n', out);
	put_paragraphs(out, help);
	if (describe_shows_default(row) && row->flag == NULL) {
		fputs("The default is\n.Cm ", out);
		put_quoted(out, row->fallback);
		fputs(" .\n", out);
	}
	if (row->section != NULL) {
		key = option_key(row);
		fprintf(out, "The setting is\n.Cm %s.%s .\n", row->section, key);
		free(key);
	}
	free(help);
}

static void put_options(FILE *out, const struct option *const *tables)
{
	const struct option *rows[DESCRIBE_ROWS];
	size_t count = describe_rows(tables, rows, DESCRIBE_ROWS);

	if (count == 0)
		return;
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < count; i++)
		put_option(out, rows[i]);
	fputs(".El\n", out);
}

/* Settings of these tables that are no options. */
static void put_settings(FILE *out, const struct option *const *tables)
{
	bool begun = false;

	for (size_t t = 0; tables != NULL && tables[t] != NULL; t++)
		for (const struct option *row = tables[t]; row->name != NULL; row++) {
			char *key, *help;

			if ((row->marks & (OPTION_SETTING_ONLY | OPTION_SECRET)) == 0 ||
				(row->marks & OPTION_HIDDEN) != 0)
				continue;
			if (!begun)
				fputs(".Sh SETTINGS\nThese stand in the settings file only, see\n"
				      ".Xr trapkit-config 5 .\n.Bl -tag -width Ds\n",
					out);
			begun = true;
			key = option_key(row);
			help = describe_option_sentences(row);
			fprintf(out, ".It Cm %s.%s\n", row->section, key);
			put_paragraphs(out, help);
			free(help);
			free(key);
		}
	if (begun)
		fputs(".El\n", out);
}

/* What fits beside the two indents on a terminal of 80 columns. */
#define EXAMPLE_COLUMNS 69

static void put_command(FILE *out, const char *line, size_t length)
{
	const char *indent = "";
	size_t cut;

	while ((cut = describe_break(line, length, EXAMPLE_COLUMNS - strlen(indent))) < length) {
		fputs(indent, out);
		put_text(out, line, cut);
		fputs(" \\e\n", out);
		line += cut + 1;
		length -= cut + 1;
		indent = "    ";
	}
	fputs(indent, out);
	put_text(out, line, length);
	fputc('\n', out);
}

static void put_examples(FILE *out, const char *examples)
{
	bool literal = false;

	fputs(".Sh EXAMPLES\n", out);
	for (bool first = true; examples != NULL && *examples != '\0'; first = false) {
		size_t length = strcspn(examples, "\n");
		bool comment = *examples == '#';

		if (comment && literal)
			fputs(".Ed\n", out);
		if (comment && !first)
			fputs(".Pp\n", out);
		if (comment) {
			put_text(out, examples + 2, length - 2);
			fputs(examples[length - 1] == '?' ? "\n" : ":\n", out);
			literal = false;
		} else {
			if (!literal)
				fputs(".Bd -literal -offset indent\n", out);
			literal = true;
			put_command(out, examples, length);
		}
		examples += length + (examples[length] == '\n');
	}
	if (literal)
		fputs(".Ed\n", out);
}

static void put_exit_status(FILE *out)
{
	static const struct {
		const char *status, *meaning;
	} statuses[] = {
		{"0", "All of it is done."},
		{"1",
			"Done as far as possible: some files failed or were refused, or the "
			"operation failed and trying again will not help."},
		{"2", "The command line is wrong."},
		{"3", "The watched-for condition holds: an alert, or findings of a check."},
		{"69", "Something needed is not there: a model file, the model runtime."},
		{"75",
			"Try again later: network or server trouble, or another run holds the "
			"lock."},
		{"77", "Credentials, certificate or permission were refused."},
		{"78", "A setting is missing or wrong."},
		{"129, 130, 143", "Stopped by SIGHUP, SIGINT or SIGTERM; what was done is kept."},
	};

	fputs(".Sh EXIT STATUS\n.Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		fprintf(out, ".It %s\n", statuses[i].status);
		put_paragraphs(out, statuses[i].meaning);
	}
	fputs(".El\n", out);
}

static void put_head(FILE *out, const char *name, const char *summary)
{
	fprintf(out,
		".\\\" SPDX-License-Identifier: GPL-3.0-or-later\n"
		".\\\" Made by 'make docs' from the option rows: change those.\n"
		".Dd " MANUAL_DATE "\n.Dt ");
	for (const char *c = name; *c != '\0'; c++)
		fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
	fprintf(out, " 1\n.Os trapkit " TRAPKIT_VERSION "\n.Sh NAME\n.Nm %s\n.Nd ", name);
	put_all(out, summary);
	fputc('\n', out);
}

static void put_synopsis(FILE *out, const char *name, const struct command *command)
{
	fprintf(out, ".Nm %s\n.Op Ar OPTION ...\n", name);
	if (command->arguments != NULL) {
		fputs(".Ar ", out);
		put_quoted(out, command->arguments);
		fputc('\n', out);
	}
}

static void put_subcommands(FILE *out, const struct command *command)
{
	fputs(".Sh COMMANDS\n", out);
	for (size_t i = 0; command->subcommands[i] != NULL; i++) {
		const struct command *sub = command->subcommands[i];

		if (!command_is_listed(sub))
			continue;
		fprintf(out, ".Ss %s %s", command->name, sub->name);
		if (sub->arguments != NULL) {
			fputc(' ', out);
			put_quoted(out, sub->arguments);
		}
		fputc('\n', out);
		put_paragraphs(out, sub->description != NULL ? sub->description : sub->summary);
		put_options(out, sub->options);
	}
}

/* Examples of a command and of all its subcommands, one after the other. Owned. */
static char *all_examples(const struct command *command)
{
	char *all = xstrdup(command->examples != NULL ? command->examples : "");

	for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
		const struct command *sub = command->subcommands[i];
		char *longer;

		if (sub->examples == NULL || !command_is_listed(sub))
			continue;
		longer = xasprintf("%s%s", all, sub->examples);
		free(all);
		all = longer;
	}
	return all;
}

static void put_environment(FILE *out)
{
	fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
	      ".It Ev SECTION__KEY\nA setting, as\n.Ev GENERAL__PASSWORD .\n"
	      "It overrules the settings file.\n"
	      ".It Ev TRAPKIT_SETTINGS_DIR\nThe folder of the settings files.\n"
	      ".It Ev NO_COLOR\nWhen not empty, no colours are used.\n"
	      ".It Ev VISUAL , EDITOR\nThe editor for\n.Ql trapkit config edit .\n"
	      ".El\n",
		out);
}

/* `own` as in struct command. */
static void put_files(FILE *out, const char *own, bool ledger)
{
	fputs(".Sh FILES\n.Bl -tag -width Ds\n", out);
	while (own != NULL && *own != '\0') {
		size_t path = strcspn(own, ":"), line = strcspn(own, "\n");

		fputs(".It Pa ", out);
		put_text(out, own, path);
		fputc('\n', out);
		put_text(out, own + path + 2, line - path - 2);
		fputc('\n', out);
		own += line + (own[line] == '\n');
	}
	if (ledger)
		fputs(".It Pa DATA/.trapkit/\nWhat trapkit keeps about a data path: the ledger of "
		      "what was done, the lock, and converted files.\nDeleting it loses no data.\n",
			out);
	fputs(".It Pa ~/.trapper\\-tools/default.toml\nThe settings, see\n"
	      ".Xr trapkit-config 5 .\n.El\n",
		out);
}

/* By section, then by name: the order of SEE ALSO. */
static int compare_pages(const void *a, const void *b)
{
	const char *left = *(char *const *)a, *right = *(char *const *)b;
	char left_section = left[strlen(left) - 1], right_section = right[strlen(right) - 1];

	return left_section != right_section ? left_section - right_section : strcmp(left, right);
}

/* `related` as in struct command, and what every page refers to. */
static void put_related(FILE *out, const char *related)
{
	char *text = xasprintf("trapkit 1, trapkit-config 5, trapkit-troubleshooting 7%s%s",
		related == NULL ? "" : ", ", related == NULL ? "" : related);
	struct string_list pages = {0};

	for (char *at = text; at != NULL;) {
		char *end = strstr(at, ", ");

		if (end != NULL)
			*end = '\0';
		string_list_add(&pages, at);
		at = end == NULL ? NULL : end + 2;
	}
	qsort(pages.items, pages.count, sizeof *pages.items, compare_pages);
	fputs(".Sh SEE ALSO\n", out);
	for (size_t i = 0; i < pages.count; i++)
		fprintf(out, ".Xr %s%s\n", pages.items[i], i + 1 < pages.count ? " ," : "");
	string_list_release(&pages);
	free(text);
}

void describe_manual_command(FILE *out, const struct command *command)
{
	char *name = xasprintf("trapkit-%s", command->name);
	char *examples = all_examples(command);

	put_head(out, name, command->summary);
	fputs(".Sh SYNOPSIS\n", out);
	put_synopsis(out, name, command);
	for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++)
		if (command_is_listed(command->subcommands[i])) {
			char *whole = xasprintf("%s %s", name, command->subcommands[i]->name);

			put_synopsis(out, whole, command->subcommands[i]);
			free(whole);
		}
	fputs(".Sh DESCRIPTION\n", out);
	put_paragraphs(out, command->description != NULL ? command->description : command->summary);
	fprintf(out,
		".Pp\nThe same as\n.Ql trapkit %s .\nThe options that every command takes "
		"are in\n.Xr trapkit 1 .\n",
		command->name);
	if (command->options != NULL) {
		fputs(".Pp\nThe options are as follows:\n", out);
		put_options(out, command->options);
	}
	if (command->subcommands != NULL)
		put_subcommands(out, command);
	put_settings(out, command->options);
	put_environment(out);
	put_files(out, command->files, command_option(command, "data-path") != NULL);
	put_exit_status(out);
	put_examples(out, examples);
	put_related(out, command->related);
	free(examples);
	free(name);
}

void describe_manual_program(FILE *out)
{
	put_head(out, "trapkit", "ready camera-trap pictures for TRAPPER and send them there");
	fputs(".Sh SYNOPSIS\n.Nm trapkit\n.Op Ar OPTION ...\n.Ar COMMAND\n.Op Ar ARGUMENT ...\n"
	      ".Sh DESCRIPTION\n",
		out);
	put_paragraphs(out, describe_program_text);
	fputs(".Pp\nThe commands are as follows; each has a page of its own and is also a program "
	      "of that name:\n.Bl -tag -width Ds\n",
		out);
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (!command_is_listed(commands[i]))
			continue;
		fprintf(out, ".It Xr trapkit-%s 1\n", commands[i]->name);
		put_all(out, commands[i]->summary);
		fputs(".\n", out);
	}
	fputs(".It Cm help Op Ar COMMAND\nShow the help of a command.\n.El\n.Pp\n"
	      "Options may stand before or after the command;\n.Fl \\-\nends them.\n"
	      "Every flag has its opposite in\n.Fl \\-no\\- Ns Ar NAME .\n"
	      "A program called\n.Nm trapper\\-tools\nby a link is the same program.\n"
	      ".Pp\nThe options of every command are as follows:\n",
		out);
	put_options(out, global_tables);
	put_environment(out);
	put_files(out, NULL, true);
	put_exit_status(out);
	put_examples(out, describe_program_examples);
	fputs(".Sh SEE ALSO\n", out);
	for (size_t i = 0; commands[i] != NULL; i++)
		if (command_is_listed(commands[i]))
			fprintf(out, ".Xr trapkit-%s 1 ,\n", commands[i]->name);
	fputs(".Xr trapkit-cameras 5 ,\n.Xr trapkit-config 5 ,\n.Xr trapkit-package 5 ,\n"
	      ".Xr trapkit-ci 7 ,\n.Xr trapkit-cron 7 ,\n.Xr trapkit-technician 7 ,\n"
	      ".Xr trapkit-troubleshooting 7\n",
		out);
}
