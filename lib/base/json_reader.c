/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON, token by token: the grammar, and the buffer that slides over the file. */
#include "trapkit/json_reader.h"

#include "json_bytes.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_MOST_TEXT (1u << 20)
#define USUAL_MOST_KEPT (64u << 20)
#define USUAL_BUFFER (64u << 10)

static struct json_reader *new_reader(const struct json_settings *settings)
{
	struct json_reader *reader = xcalloc(1, sizeof *reader);

	if (settings != NULL)
		reader->settings = *settings;
	if (reader->settings.name == NULL)
		reader->settings.name = "the document";
	if (reader->settings.most_text == 0)
		reader->settings.most_text = USUAL_MOST_TEXT;
	if (reader->settings.most_kept == 0)
		reader->settings.most_kept = USUAL_MOST_KEPT;
	if (reader->settings.buffer == 0)
		reader->settings.buffer = USUAL_BUFFER;
	if (reader->settings.first_line == 0)
		reader->settings.first_line = 1;
	reader->line = reader->token_line = reader->settings.first_line;
	reader->state = JSON_AT_START;
	return reader;
}

struct json_reader *json_open(FILE *stream, const struct json_settings *settings)
{
	struct json_reader *reader = new_reader(settings);

	reader->stream = stream;
	reader->buffer_size = reader->settings.buffer;
	reader->buffer = xmalloc(reader->buffer_size);
	reader->at = reader->end = reader->buffer;
	return reader;
}

struct json_reader *json_open_memory(
	const void *bytes, size_t size, const struct json_settings *settings)
{
	struct json_reader *reader = new_reader(settings);

	reader->at = size == 0 ? "" : bytes;
	reader->end = reader->at + size;
	reader->base = reader->at;
	return reader;
}

void json_close(struct json_reader *reader)
{
	if (reader == NULL)
		return;
	free(reader->buffer);
	free(reader->text.items);
	free(reader);
}

int json_refuse(const struct json_reader *reader, struct error *err, const char *format, ...)
{
	va_list arguments;
	char *what;

	va_start(arguments, format);
	what = xvasprintf(format, arguments);
	va_end(arguments);
	error_set(err, ERROR_INPUT, "'%s', line %llu: %s", reader->settings.name,
		(unsigned long long)reader->token_line, what);
	free(what);
	return -1;
}

static int unexpected(struct json_reader *reader, const char *wanted, struct error *err)
{
	unsigned char byte = (unsigned char)*reader->at;

	if (byte <= ' ' || byte >= 0x7F)
		return json_refuse(
			reader, err, "not JSON: %s expected, not byte 0x%02X", wanted, byte);
	return json_refuse(reader, err, "not JSON: %s expected, not '%c'", wanted, byte);
}

/* Past blanks. False at the end of the file. */
static bool skip_blanks(struct json_reader *reader)
{
	for (;; reader->at++) {
		if (reader->at == reader->end && !json_fill(reader))
			return false;
		if (*reader->at == '\n')
			reader->line++;
		else if (*reader->at != ' ' && *reader->at != '\t' && *reader->at != '\r')
			return true;
	}
}

/* A mark at the start of the file, as some editors write it. */
static void skip_mark(struct json_reader *reader)
{
	if (reader->at == reader->end)
		json_fill(reader);
	if (reader->end - reader->at >= 3 && memcmp(reader->at, "\xEF\xBB\xBF", 3) == 0)
		reader->at += 3;
	reader->state = JSON_AT_VALUE;
}

static bool in_object(const struct json_reader *reader)
{
	return reader->depth > 0 && reader->nest[reader->depth - 1] == '}';
}

static int open_container(struct json_reader *reader, struct json_token *token, struct error *err)
{
	bool object = *reader->at == '{';

	if (reader->depth == JSON_DEEPEST)
		return json_refuse(
			reader, err, "nested deeper than %d: not read any further", JSON_DEEPEST);
	reader->at++;
	reader->nest[reader->depth++] = object ? '}' : ']';
	reader->state = JSON_AT_FIRST;
	token->kind = object ? JSON_OBJECT : JSON_ARRAY;
	return 0;
}

static int close_container(struct json_reader *reader, struct json_token *token, struct error *err)
{
	if (*reader->at != reader->nest[reader->depth - 1])
		return unexpected(reader, in_object(reader) ? "',' or '}'" : "',' or ']'", err);
	token->kind = in_object(reader) ? JSON_OBJECT_END : JSON_ARRAY_END;
	reader->at++;
	reader->depth--;
	reader->state = JSON_AFTER_VALUE;
	return 0;
}

static int read_name(struct json_reader *reader, struct json_token *token, struct error *err)
{
	if (*reader->at != '"')
		return unexpected(reader, "a name in double quotes", err);
	if (json_read_string(reader, token, err) != 0)
		return -1;
	if (!skip_blanks(reader))
		return json_cut_short(reader, err);
	if (*reader->at != ':')
		return unexpected(reader, "':'", err);
	reader->at++;
	token->kind = JSON_NAME;
	reader->state = JSON_AT_VALUE;
	return 0;
}

/* true, false, null, and the three words that Python writes for numbers that are none. */
static int read_word(struct json_reader *reader, struct json_token *token, struct error *err)
{
	static const struct {
		const char *word;
		enum json_kind kind;
		double number;
	} words[] = {{"true", JSON_TRUE, 0}, {"false", JSON_FALSE, 0}, {"null", JSON_NULL, 0},
		{"NaN", JSON_NUMBER, NAN}, {"Infinity", JSON_NUMBER, INFINITY},
		{"-Infinity", JSON_NUMBER, -INFINITY}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(reader->text.items, words[i].word) == 0) {
			token->kind = words[i].kind;
			token->number = words[i].number;
			return 0;
		}
	return json_refuse(reader, err, "not JSON: '%.40s'", reader->text.items);
}

static int read_value(struct json_reader *reader, struct json_token *token, struct error *err)
{
	char byte = *reader->at;

	if (byte == '{' || byte == '[')
		return open_container(reader, token, err);
	reader->state = JSON_AFTER_VALUE;
	if (byte == '"') {
		token->kind = JSON_STRING;
		return json_read_string(reader, token, err);
	}
	if (json_read_plain(reader, token, err) != 0)
		return -1;
	if (token->length == 0)
		return unexpected(reader, "a value", err);
	if (json_read_number(token))
		return 0;
	return read_word(reader, token, err);
}

static int read_token(struct json_reader *reader, struct json_token *token, struct error *err)
{
	if (reader->state == JSON_AT_START)
		skip_mark(reader);
	if (!skip_blanks(reader)) {
		if (reader->state != JSON_AFTER_VALUE || reader->depth > 0 ||
			(reader->stream != NULL && ferror(reader->stream)))
			return json_cut_short(reader, err);
		token->kind = JSON_END;
		return 0;
	}
	reader->token_line = reader->line;
	if (reader->state == JSON_AFTER_VALUE) {
		if (reader->depth == 0)
			return unexpected(reader, "the end of the file", err);
		if (*reader->at != ',')
			return close_container(reader, token, err);
		reader->at++;
		reader->state = in_object(reader) ? JSON_AT_NAME : JSON_AT_VALUE;
		if (!skip_blanks(reader))
			return json_cut_short(reader, err);
		reader->token_line = reader->line;
	}
	reader->token_offset = json_position(reader);
	if (reader->state == JSON_AT_FIRST && *reader->at == reader->nest[reader->depth - 1])
		return close_container(reader, token, err);
	if (reader->state == JSON_AT_NAME || (reader->state == JSON_AT_FIRST && in_object(reader)))
		return read_name(reader, token, err);
	return read_value(reader, token, err);
}

int json_next(struct json_reader *reader, struct json_token *token, struct error *err)
{
	int result;

	*token = (struct json_token){.kind = JSON_END};
	if (reader->failed)
		return json_refuse(reader, err, "not read any further");
	result = read_token(reader, token, err);
	reader->failed = result != 0;
	return result;
}

/* Passes over a string, its opening quote being passed. False at the end of the file. */
static bool skip_string(struct json_reader *reader)
{
	for (;; reader->at++) {
		if (reader->at == reader->end && !json_fill(reader))
			return false;
		if (*reader->at == '\\') {
			reader->at++;
			if (reader->at == reader->end && !json_fill(reader))
				return false;
		} else if (*reader->at == '"') {
			reader->at++;
			return true;
		}
	}
}

/* Passes over everything up to and including the bracket that closes level `depth`. */
static int skip_container(struct json_reader *reader, size_t depth, struct error *err)
{
	struct json_token token;

	while (reader->depth >= depth) {
		char byte;

		if (reader->at == reader->end && !json_fill(reader))
			return json_cut_short(reader, err);
		byte = *reader->at;
		reader->token_line = reader->line;
		if (byte == '{' || byte == '[') {
			if (open_container(reader, &token, err) != 0)
				return -1;
		} else if (byte == '}' || byte == ']') {
			if (close_container(reader, &token, err) != 0)
				return -1;
		} else {
			reader->at++;
			if (byte == '\n')
				reader->line++;
			else if (byte == '"' && !skip_string(reader))
				return json_cut_short(reader, err);
		}
	}
	return 0;
}

int json_skip(struct json_reader *reader, const struct json_token *token, struct error *err)
{
	struct json_token value = *token;

	if (token->kind == JSON_NAME && json_next(reader, &value, err) != 0)
		return -1;
	if (value.kind != JSON_OBJECT && value.kind != JSON_ARRAY)
		return 0;
	if (skip_container(reader, reader->depth, err) != 0) {
		reader->failed = true;
		return -1;
	}
	return 0;
}

void json_keep(struct json_reader *reader)
{
	reader->keeping = true;
	reader->kept = reader->at - 1;
}

const char *json_kept(struct json_reader *reader, size_t *size)
{
	reader->keeping = false;
	*size = (size_t)(reader->at - reader->kept);
	return reader->kept;
}

uint64_t json_offset(const struct json_reader *reader)
{
	return reader->token_offset;
}

uint64_t json_line(const struct json_reader *reader)
{
	return reader->token_line;
}
