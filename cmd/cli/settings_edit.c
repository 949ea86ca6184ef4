/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One setting changed in the text of a settings file; comments, order and all else stay. */
#include "options.h"
#include "settings.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>

static const struct toml_value *find_named(const struct toml_value *table, const char *name)
{
	/* The items of a list have no keys. */
	if (table == NULL || table->type != TOML_TABLE)
		return NULL;
	for (size_t i = 0; i < table->count; i++)
		if (same_name(table->items[i].key, name))
			return &table->items[i];
	return NULL;
}

/* Start of a line counted from 1; the end of the text when there are fewer. */
static size_t line_start(const char *text, unsigned line)
{
	const char *at = text;

	while (--line > 0) {
		const char *end = strchr(at, '\n');

		if (end == NULL)
			return strlen(text);
		at = end + 1;
	}
	return (size_t)(at - text);
}

static size_t after_line(const char *text, size_t at)
{
	at += strcspn(text + at, "\n");
	return text[at] == '\n' ? at + 1 : at;
}

static bool is_header(const char *line)
{
	return line[strspn(line, " \t")] == '[';
}

/* "# key = …": where a default is commented out is the place for the value. */
static bool is_commented_key(const char *line, const char *key)
{
	size_t length;
	char *name;
	bool same;

	line += strspn(line, " \t");
	if (*line != '#')
		return false;
	line += strspn(line, "# \t");
	length = strcspn(line, " \t=\n");
	name = xstrndup(line, length);
	same = same_name(name, key);
	free(name);
	line += length;
	return same && line[strspn(line, " \t")] == '=';
}

/* Where a new line of a `[section]` goes that begins at `header`. */
static size_t place_in_section(
	const char *text, const struct toml_value *section, const char *key, size_t header)
{
	size_t place = after_line(text, header);

	for (size_t at = place; text[at] != '\0' && !is_header(text + at);
		at = after_line(text, at))
		if (is_commented_key(text + at, key))
			return after_line(text, at);
	for (size_t i = 0; i < section->count; i++)
		if (section->items[i].end > place)
			place = after_line(text, section->items[i].end);
	return place;
}

static char *splice(const char *text, size_t begin, size_t end, const char *between)
{
	return xasprintf("%.*s%s%s", (int)begin, text, between, text + end);
}

static char *insert_line(const char *text, size_t place, const char *line)
{
	bool needs_newline = place > 0 && text[place - 1] != '\n';
	char *between = xasprintf("%s%s\n", needs_newline ? "\n" : "", line);
	char *edited = splice(text, place, place, between);

	free(between);
	return edited;
}

static char *add_line(const char *text, const struct toml_value *section, const char *name,
	const char *key, const char *literal)
{
	size_t header;
	char *line, *edited;

	if (section == NULL) {
		line = xasprintf("%s[%s]\n%s = %s", *text == '\0' ? "" : "\n", name, key, literal);
		edited = insert_line(text, strlen(text), line);
	} else if (header = line_start(text, section->line), is_header(text + header)) {
		line = xasprintf("%s = %s", key, literal);
		edited = insert_line(text, place_in_section(text, section, key, header), line);
	} else {
		/* `GENERAL.host = …` at the top: a key of the same kind beside it. */
		line = xasprintf("%s.%s = %s", section->key, key, literal);
		edited = insert_line(text, header, line);
	}
	free(line);
	return edited;
}

/* The edited text must say what was meant: parsed again before anybody installs it. */
static int verify(const char *name, const char *text, const char *section, const char *key,
	const char *literal, struct error *err)
{
	char *line = xasprintf("value = %s", literal);
	struct toml_value *root = NULL;
	struct toml_value *wanted = NULL;
	const struct toml_value *found, *value;
	int status = toml_parse(line, strlen(line), "value", &wanted, err);

	if (status == 0)
		status = toml_parse(text, strlen(text), name, &root, err);
	if (status == 0) {
		value = &wanted->items[0];
		found = find_named(find_named(root, section), key);
		if (found == NULL || found->type != value->type || found->count != value->count ||
			found->integer != value->integer || found->boolean != value->boolean ||
			(value->text != NULL && strcmp(found->text, value->text) != 0))
			status = error_set(err, ERROR_SETTINGS,
				"cannot find the place for %s.%s in '%s': use 'trapkit config "
				"edit'",
				section, key, name);
	}
	if (status != 0)
		err->kind = ERROR_SETTINGS;
	toml_free(root);
	toml_free(wanted);
	free(line);
	return status;
}

int settings_edit(const char *name, const char *text, const char *section, const char *key,
	const char *literal, char **edited, struct error *err)
{
	struct toml_value *root;
	const struct toml_value *table, *value;

	*edited = NULL;
	if (toml_parse(text, strlen(text), name, &root, err) != 0) {
		err->kind = ERROR_SETTINGS;
		return -1;
	}
	table = find_named(root, section);
	if (table != NULL && table->type != TOML_TABLE) {
		error_set(err, ERROR_SETTINGS,
			"%s:%u: %s is %s, but must be a section; use 'trapkit config edit'", name,
			table->line, section, toml_type_name(table->type));
		toml_free(root);
		return -1;
	}
	value = find_named(table, key);
	if (value != NULL && value->end > value->begin)
		*edited = splice(text, value->begin, value->end, literal);
	else
		*edited = add_line(text, table, section, key, literal);
	toml_free(root);
	if (verify(name, *edited, section, key, literal, err) == 0)
		return 0;
	free(*edited);
	*edited = NULL;
	return -1;
}
