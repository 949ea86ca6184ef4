/* SPDX-License-Identifier: GPL-3.0-or-later */
/* config.example.toml: every setting with what it means, defaults commented out. */
#include "describe.h"
#include "options.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *section, *text;
} headings[] = {
	{"LOGGER", "What is said and what is logged."},
	{"GENERAL", "The TRAPPER server and how to reach it."},
	{"CONVERT", "Web-friendly copies of pictures and videos."},
	{"PACKAGE", "Packages for TRAPPER, and the clocks of the cameras."},
	{"UPLOAD", "How packages get to the server."},
	{"PIPELINE", "Which steps 'trapkit pipeline' takes."},
	{"DETECT", "Finding animals, people and vehicles with a model."},
	{"EXPORT", "Camtrap DP packages."},
	{"TRAPLINKED", "The trap-alarm service traplinked."},
};

/* "# text", wrapped. */
static void put_comment(FILE *out, const char *text)
{
	size_t column = 1;

	fputc('#', out);
	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (column > 1 && column + 1 + length > 98) {
			fputs("\n#", out);
			column = 1;
		}
		fprintf(out, " %.*s", (int)length, text);
		column += length + 1;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* The default of a list is text with commas. */
static void put_list(FILE *out, const char *items)
{
	fputc('[', out);
	for (bool first = true; items != NULL && *items != '\0'; first = false) {
		size_t length = strcspn(items, ",");
		char *item = xstrndup(items, length);
		char *quoted = toml_quote(item + strspn(item, " "));

		fprintf(out, "%s%s", first ? "" : ", ", quoted);
		free(quoted);
		free(item);
		items += length + (items[length] == ',');
	}
	fputc(']', out);
}

/* A literal of the right type: the default, or something empty. */
static void put_default(FILE *out, const struct option *row)
{
	const char *text = row->fallback;
	bool digits = text != NULL && *text != '\0' && strspn(text, "0123456789") == strlen(text);
	char *quoted;

	if (row->list != NULL) {
		put_list(out, text);
	} else if (row->flag != NULL) {
		fputs(text == NULL ? "true" : text, out);
	} else if (row->number != NULL) {
		fprintf(out, "%ld", text == NULL ? row->minimum : strtol(text, NULL, 10));
	} else if ((row->size != NULL || row->duration != NULL) && (digits || text == NULL)) {
		fputs(digits ? text : "0", out);
	} else {
		quoted = toml_quote(text != NULL      ? text
				: row->choice != NULL ? row->choices[0]
						      : "");
		fputs(quoted, out);
		free(quoted);
	}
}

static void put_row(FILE *out, const struct option *row)
{
	char *key = option_key(row);
	char *help = xstrdup(row->help == NULL ? "" : row->help);

	if (row->choices != NULL) {
		char *choices = describe_choices(row);
		char *longer = xasprintf("%s One of %s.", help, choices);

		free(choices);
		free(help);
		help = longer;
	}
	put_comment(out, help);
	fprintf(out, "# %s = ", key);
	put_default(out, row);
	fputc('\n', out);
	if ((row->marks & OPTION_SECRET) != 0) {
		put_comment(out,
			"The same from the first line of a file, or of what a command prints.");
		fprintf(out, "# %s_file = \"\"\n# %s_command = \"\"\n", key, key);
	}
	fputc('\n', out);
	free(help);
	free(key);
}

static void put_section(FILE *out, const char *section, const char *text)
{
	const struct option *const *all = options_all();
	bool begun = false;

	for (size_t i = 0; all[i] != NULL; i++) {
		if (!option_is_first_of_setting(all[i]) ||
			strcasecmp(all[i]->section, section) != 0)
			continue;
		if (!begun)
			fprintf(out, "# %s\n[%s]\n\n", text, section);
		begun = true;
		put_row(out, all[i]);
	}
}

char *describe_settings(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	fputs("# Settings of trapkit, in TOML (toml.io). What is commented out is the default.\n"
	      "# Every setting can also come from the environment (SECTION__KEY) or from\n"
	      "# --set SECTION.KEY=VALUE. See trapkit-config(5).\n\n",
		out);
	for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
		put_section(out, headings[i].section, headings[i].text);
	fclose(out);
	/* One newline ends the file, not two. */
	if (size > 1 && text[size - 2] == '\n')
		text[size - 1] = '\0';
	return text;
}
