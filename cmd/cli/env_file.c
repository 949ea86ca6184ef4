/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `.env` files: lines NAME=VALUE. */
#include "env_file.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *at, *end;
	size_t line;
	const char *name;
};

static bool at_end_of_line(const struct reader *reader)
{
	return reader->at == reader->end || *reader->at == '\n';
}

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end &&
		(*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

static void skip_line(struct reader *reader)
{
	while (!at_end_of_line(reader))
		reader->at++;
	if (reader->at < reader->end) {
		reader->at++;
		reader->line++;
	}
}

static char *read_name(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end &&
		(isalnum((unsigned char)*reader->at) || *reader->at == '_' || *reader->at == '.' ||
			*reader->at == '-'))
		reader->at++;
	return xstrndup(start, (size_t)(reader->at - start));
}

static char *read_bare(struct reader *reader)
{
	const char *start = reader->at;
	const char *end;

	while (!at_end_of_line(reader) &&
		!(*reader->at == '#' &&
			(reader->at == start || reader->at[-1] == ' ' || reader->at[-1] == '\t')))
		reader->at++;
	end = reader->at;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	return xstrndup(start, (size_t)(end - start));
}

static char unescape(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* NULL when the closing quote is missing. */
static char *read_quoted(struct reader *reader)
{
	char quote = *reader->at++;
	char *value = xmalloc((size_t)(reader->end - reader->at) + 1);
	size_t used = 0;

	while (reader->at < reader->end && *reader->at != quote) {
		if (*reader->at == '\n')
			reader->line++;
		if (quote == '"' && *reader->at == '\\' && reader->at + 1 < reader->end &&
			strchr("nrt\\\"$", reader->at[1]) != NULL && reader->at[1] != '\0') {
			value[used++] = unescape(reader->at[1]);
			reader->at += 2;
		} else {
			value[used++] = *reader->at++;
		}
	}
	if (reader->at == reader->end) {
		free(value);
		return NULL;
	}
	reader->at++;
	value[used] = '\0';
	return value;
}

static int read_entry(struct reader *reader, char **variable, char **value, struct error *err)
{
	size_t line = reader->line;

	*variable = read_name(reader);
	if (strcmp(*variable, "export") == 0 && reader->at < reader->end &&
		(*reader->at == ' ' || *reader->at == '\t')) {
		free(*variable);
		skip_blanks(reader);
		*variable = read_name(reader);
	}
	skip_blanks(reader);
	if (**variable == '\0' || reader->at == reader->end || *reader->at != '=')
		return error_set(err, ERROR_SETTINGS, "%s:%zu: not of the form NAME=VALUE",
			reader->name, line);
	reader->at++;
	skip_blanks(reader);
	if (reader->at < reader->end && (*reader->at == '"' || *reader->at == '\'')) {
		*value = read_quoted(reader);
		if (*value == NULL)
			return error_set(err, ERROR_SETTINGS, "%s:%zu: closing quote is missing",
				reader->name, line);
		skip_blanks(reader);
		if (!at_end_of_line(reader) && *reader->at != '#')
			return error_set(err, ERROR_SETTINGS,
				"%s:%zu: text after the closing quote", reader->name, reader->line);
	} else {
		*value = read_bare(reader);
	}
	return 0;
}

int env_file_parse(const char *text, size_t length, const char *name,
	int (*take)(void *context, const char *variable, const char *value, size_t line,
		struct error *err),
	void *context, struct error *err)
{
	struct reader reader = {text, text + length, 1, name};

	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		reader.at += 3;
	if (memchr(text, '\0', length) != NULL)
		return error_set(err, ERROR_SETTINGS, "%s: holds NUL bytes", name);
	while (reader.at < reader.end) {
		char *variable = NULL;
		char *value = NULL;
		size_t line;
		int status = 0;

		skip_blanks(&reader);
		line = reader.line;
		if (!at_end_of_line(&reader) && *reader.at != '#') {
			status = read_entry(&reader, &variable, &value, err);
			if (status == 0)
				status = take(context, variable, value, line, err);
		}
		free(variable);
		free(value);
		if (status != 0)
			return -1;
		skip_line(&reader);
	}
	return 0;
}
