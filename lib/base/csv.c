/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV, read record by record with a bound on each, and written. */
#include "trapkit/csv.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define USUAL_MOST_BYTES (1u << 20)
#define USUAL_MOST_CELLS 1000
#define BUFFER_SIZE 16384

struct csv_reader {
	struct csv_settings settings;
	FILE *stream; /* NULL: everything is in `at` … `end` from the start */
	const unsigned char *at, *end;
	uint64_t line;
	bool begun, failed;
	struct {
		char *items; /* all cells of the record, each ended by NUL */
		size_t count, capacity;
	} text;
	struct {
		size_t *items; /* where in `text` each cell begins */
		size_t count, capacity;
	} starts;
	char **cells;
	size_t cells_capacity;
	unsigned char buffer[BUFFER_SIZE];
};

static struct csv_reader *new_reader(const struct csv_settings *settings)
{
	struct csv_reader *reader = xcalloc(1, sizeof *reader);

	reader->settings = *settings;
	if (reader->settings.name == NULL)
		reader->settings.name = "the table";
	if (reader->settings.most_bytes == 0)
		reader->settings.most_bytes = USUAL_MOST_BYTES;
	if (reader->settings.most_cells == 0)
		reader->settings.most_cells = USUAL_MOST_CELLS;
	reader->line = 1;
	return reader;
}

struct csv_reader *csv_open(FILE *stream, const struct csv_settings *settings)
{
	struct csv_reader *reader = new_reader(settings);

	reader->stream = stream;
	reader->at = reader->end = reader->buffer;
	return reader;
}

struct csv_reader *csv_open_memory(
	const void *bytes, size_t size, const struct csv_settings *settings)
{
	static const unsigned char nothing[1];
	struct csv_reader *reader = new_reader(settings);

	reader->at = size == 0 ? nothing : bytes;
	reader->end = reader->at + size;
	return reader;
}

void csv_close(struct csv_reader *reader)
{
	if (reader == NULL)
		return;
	free(reader->text.items);
	free(reader->starts.items);
	free(reader->cells);
	free(reader);
}

/* Makes at least one byte available, if there is one. Keeps what is there already. */
static bool fill(struct csv_reader *reader)
{
	size_t kept = (size_t)(reader->end - reader->at);
	size_t got;

	if (reader->stream == NULL || kept == BUFFER_SIZE)
		return reader->at < reader->end;
	memmove(reader->buffer, reader->at, kept);
	got = fread(reader->buffer + kept, 1, BUFFER_SIZE - kept, reader->stream);
	reader->at = reader->buffer;
	reader->end = reader->buffer + kept + got;
	return reader->at < reader->end;
}

/* The next byte, or EOF. */
static int peek(struct csv_reader *reader)
{
	if (reader->at == reader->end && !fill(reader))
		return EOF;
	return *reader->at;
}

/* Skips the byte order mark and finds the delimiter in what the buffer holds of the first line. */
static void begin(struct csv_reader *reader)
{
	size_t counts[3] = {0};
	static const char candidates[] = ",;\t";
	bool quoted = false;

	reader->begun = true;
	fill(reader);
	if (reader->end - reader->at >= 3 && memcmp(reader->at, "\xEF\xBB\xBF", 3) == 0)
		reader->at += 3;
	if (reader->settings.delimiter != '\0')
		return;
	for (const unsigned char *at = reader->at; at < reader->end; at++) {
		if (*at == '"')
			quoted = !quoted;
		if (!quoted && (*at == '\n' || *at == '\r') && at > reader->at)
			break;
		for (size_t i = 0; !quoted && i < 3; i++)
			counts[i] += *at == (unsigned char)candidates[i];
	}
	reader->settings.delimiter = counts[0] > 0 || (counts[1] == 0 && counts[2] == 0) ? ','
		: counts[1] >= counts[2]                                                 ? ';'
											 : '\t';
}

static int complain(struct csv_reader *reader, uint64_t line, const char *what, struct error *err)
{
	return error_set(err, ERROR_INPUT, "'%s', line %llu: %s", reader->settings.name,
		(unsigned long long)line, what);
}

static int add_byte(struct csv_reader *reader, int byte, struct error *err)
{
	if (byte == '\0')
		return complain(
			reader, reader->line, "a NUL byte; save the file as CSV in UTF-8", err);
	if (reader->text.count >= reader->settings.most_bytes)
		return complain(
			reader, reader->line, "the record is too long; a quote may be open", err);
	ARRAY_APPEND(&reader->text, (char)byte);
	return 0;
}

/* Takes the quoted part of a cell, the opening quote being passed. */
static int read_quoted(struct csv_reader *reader, struct error *err)
{
	uint64_t opened = reader->line;

	for (;;) {
		int byte = peek(reader);

		if (byte == EOF)
			return complain(reader, opened, "a quote is opened and never closed", err);
		reader->at++;
		if (byte == '"') {
			if (peek(reader) != '"')
				return 0;
			reader->at++;
		}
		if (byte == '\n' || (byte == '\r' && peek(reader) != '\n'))
			reader->line++;
		if (add_byte(reader, byte, err) != 0)
			return -1;
	}
}

/* Takes one cell and leaves what ended it: a delimiter, the end of a line, or the end. */
static int read_cell(struct csv_reader *reader, struct error *err)
{
	unsigned char delimiter = (unsigned char)reader->settings.delimiter;
	int byte;

	if (reader->starts.count >= reader->settings.most_cells)
		return complain(reader, reader->line, "too many cells", err);
	ARRAY_APPEND(&reader->starts, reader->text.count);
	if (peek(reader) == '"') {
		reader->at++;
		if (read_quoted(reader, err) != 0)
			return -1;
	}
	while ((byte = peek(reader)) != EOF && byte != delimiter && byte != '\n' && byte != '\r') {
		reader->at++;
		if (add_byte(reader, byte, err) != 0)
			return -1;
	}
	ARRAY_APPEND(&reader->text, '\0');
	return 0;
}

static void skip_line_end(struct csv_reader *reader)
{
	int byte = peek(reader);

	if (byte == '\r') {
		reader->at++;
		byte = peek(reader);
		if (byte != '\n') {
			reader->line++;
			return;
		}
	}
	if (byte == '\n') {
		reader->at++;
		reader->line++;
	}
}

static int finish_record(struct csv_reader *reader, struct csv_record *record, struct error *err)
{
	size_t count = reader->starts.count;

	if (!reader->settings.any_bytes && !text_is_utf8(reader->text.items, reader->text.count))
		return complain(reader, record->line,
			"the text is not UTF-8; save the file as CSV in UTF-8", err);
	if (count > reader->cells_capacity) {
		reader->cells = xreallocarray(reader->cells, count, sizeof *reader->cells);
		reader->cells_capacity = count;
	}
	for (size_t i = 0; i < count; i++)
		reader->cells[i] = reader->text.items + reader->starts.items[i];
	record->cells = reader->cells;
	record->count = count;
	return 1;
}

static int read_record(struct csv_reader *reader, struct csv_record *record, struct error *err)
{
	reader->text.count = 0;
	reader->starts.count = 0;
	while (peek(reader) == '\n' || peek(reader) == '\r')
		skip_line_end(reader);
	record->line = reader->line;
	if (peek(reader) == EOF) {
		if (reader->stream != NULL && ferror(reader->stream))
			return error_set(
				err, ERROR_SYSTEM, "cannot read '%s'", reader->settings.name);
		return 0;
	}
	for (;;) {
		if (read_cell(reader, err) != 0)
			return -1;
		if (peek(reader) != (unsigned char)reader->settings.delimiter)
			break;
		reader->at++;
	}
	skip_line_end(reader);
	return finish_record(reader, record, err);
}

int csv_next(struct csv_reader *reader, struct csv_record *record, struct error *err)
{
	int result;

	*record = (struct csv_record){0};
	if (reader->failed)
		return complain(reader, reader->line, "not read any further", err);
	if (!reader->begun)
		begin(reader);
	result = read_record(reader, record, err);
	reader->failed = result < 0;
	return result;
}

int csv_find(const struct csv_record *header, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < header->count; i++) {
		const char *cell = header->cells[i] + strspn(header->cells[i], " \t");
		size_t size = strlen(cell);

		while (size > 0 && (cell[size - 1] == ' ' || cell[size - 1] == '\t'))
			size--;
		if (size == length && strncasecmp(cell, name, length) == 0)
			return (int)i;
	}
	return -1;
}

const char *csv_cell(const struct csv_record *record, int column)
{
	return column < 0 || (size_t)column >= record->count ? "" : record->cells[column];
}

void csv_write(FILE *stream, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* A record of one empty cell would be an empty line. */
		bool quote =
			strpbrk(cells[i], ",\"\r\n") != NULL || (count == 1 && cells[i][0] == '\0');

		if (i > 0)
			fputc(',', stream);
		if (!quote) {
			fputs(cells[i], stream);
			continue;
		}
		fputc('"', stream);
		for (const char *at = cells[i]; *at != '\0'; at++) {
			if (*at == '"')
				fputc('"', stream);
			fputc(*at, stream);
		}
		fputc('"', stream);
	}
	fputs("\r\n", stream);
}
