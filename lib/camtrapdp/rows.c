/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The splitter: a row is found first, then its quoted cells are unquoted in place. */
#include "rows.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM (1u << 20)
#define MOST_ROOM (16u << 20) /* the longest row */

void table_rows_init(struct rows *rows, struct source *source, char delimiter, char quote)
{
	rows->source = source;
	rows->delimiter = delimiter;
	rows->quote = quote;
	rows->room = FIRST_ROOM;
	rows->buffer = xmalloc(rows->room);
	rows->at = rows->end = 0;
	rows->dry = false;
	memset(rows->special, 0, sizeof rows->special);
}

void table_rows_release(struct rows *rows)
{
	free(rows->buffer);
	rows->buffer = NULL;
}

/* Makes the buffer hold more than it does from `at` on. 1 = more, 0 = there is no more. */
static int fill(struct rows *rows, struct error *err)
{
	size_t got = 0, kept = rows->end - rows->at;
	int status;

	if (rows->dry)
		return 0;
	if (rows->at > 0) {
		memmove(rows->buffer, rows->buffer + rows->at, kept);
		rows->at = 0;
		rows->end = kept;
	} else if (rows->end == rows->room) {
		if (rows->room >= MOST_ROOM)
			return error_set(err, ERROR_INPUT,
				"a row is over %u MiB; a quote may be open before it",
				MOST_ROOM >> 20);
		rows->room *= 2;
		rows->buffer = xreallocarray(rows->buffer, rows->room, 1);
	}
	while (rows->end < rows->room) {
		status = bytes_source_read(
			rows->source, rows->buffer + rows->end, rows->room - rows->end, &got, err);
		if (status < 0)
			return -1;
		if (status == 0) {
			rows->dry = true;
			break;
		}
		rows->end += got;
	}
	return rows->end > kept;
}

int table_rows_peek(struct rows *rows, const uint8_t **bytes, size_t *count, struct error *err)
{
	if (rows->at == rows->end && fill(rows, err) < 0)
		return -1;
	*bytes = rows->buffer + rows->at;
	*count = rows->end - rows->at;
	return 0;
}

void table_rows_skip(struct rows *rows, size_t count)
{
	rows->at += count;
}

/* Where one pass over the buffer stands. */
struct scan {
	uint8_t *at, *end;
	uint8_t high; /* all bytes or-ed together: is there any that is not ASCII? */
	bool quoted[MOST_CELLS];
};

enum scan_result { SCAN_ROW, SCAN_MORE, SCAN_TOO_MANY };

/* Passes a quoted cell; `at` is behind the opening quote. Its text keeps its doubled quotes. */
static bool pass_quoted(struct rows *rows, struct scan *scan)
{
	uint8_t quote = (uint8_t)rows->quote;

	for (; scan->at < scan->end; scan->at++) {
		scan->high |= *scan->at;
		if (*scan->at == 0)
			rows->trouble |= ROW_NUL;
		if (*scan->at != quote)
			continue;
		if (scan->at + 1 == scan->end && !rows->dry)
			return false;
		if (scan->at + 1 < scan->end && scan->at[1] == quote)
			scan->at++;
		else
			return true;
	}
	return false;
}

static void pass_plain(struct rows *rows, struct scan *scan)
{
	const uint8_t *special = rows->special;
	uint8_t *at = scan->at, *end = scan->end;
	uint8_t high = 0;

	for (;;) {
		while (at < end && !special[*at])
			high |= *at++;
		if (at == end || *at != 0)
			break;
		rows->trouble |= ROW_NUL;
		at++;
	}
	scan->high |= high;
	scan->at = at;
}

/* Passes one cell and notes where it is. False: the buffer ends in it. */
static bool pass_cell(struct rows *rows, struct scan *scan)
{
	struct cell *cell = &rows->cells[rows->count];
	bool quoted = *scan->at == (uint8_t)rows->quote && rows->quote != '\0';

	cell->text = (char *)scan->at + quoted;
	if (quoted) {
		scan->at++;
		if (!pass_quoted(rows, scan))
			return false;
		cell->length = (size_t)((char *)scan->at++ - cell->text);
		if (scan->at < scan->end && !rows->special[*scan->at]) {
			rows->trouble |= ROW_AFTER_QUOTE;
			pass_plain(rows, scan);
		}
	} else {
		pass_plain(rows, scan);
		cell->length = (size_t)((char *)scan->at - cell->text);
	}
	scan->quoted[rows->count++] = quoted;
	return true;
}

/* Passes a row from `at`. */
static enum scan_result pass_row(struct rows *rows, struct scan *scan)
{
	rows->count = 0;
	rows->trouble = 0;
	for (;;) {
		if (rows->count == MOST_CELLS)
			return SCAN_TOO_MANY;
		if (scan->at == scan->end) {
			if (!rows->dry)
				return SCAN_MORE;
			/* The last cell of a table without a final newline is empty. */
			rows->cells[rows->count] = (struct cell){(char *)scan->at, 0};
			scan->quoted[rows->count++] = false;
			return SCAN_ROW;
		}
		if (!pass_cell(rows, scan))
			return SCAN_MORE;
		if (scan->at == scan->end)
			return rows->dry ? SCAN_ROW : SCAN_MORE;
		if (*scan->at != (uint8_t)rows->delimiter)
			break;
		scan->at++;
	}
	if (*scan->at == '\r') {
		if (scan->at + 1 == scan->end && !rows->dry)
			return SCAN_MORE;
		scan->at++;
		if (scan->at == scan->end || *scan->at != '\n') {
			rows->trouble |= ROW_CR;
			return SCAN_ROW;
		}
	}
	scan->at++;
	return SCAN_ROW;
}

/* Doubled quotes become one. */
static void unquote(struct rows *rows, const struct scan *scan)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct cell *cell = &rows->cells[i];
		size_t kept = 0;

		if (!scan->quoted[i] || memchr(cell->text, rows->quote, cell->length) == NULL)
			continue;
		for (size_t j = 0; j < cell->length; j++) {
			cell->text[kept++] = cell->text[j];
			j += cell->text[j] == rows->quote;
		}
		cell->length = kept;
	}
}

static void finish_row(struct rows *rows, const struct scan *scan)
{
	const char *text = (const char *)rows->buffer + rows->at;
	size_t length = (size_t)(scan->at - rows->buffer) - rows->at;

	if (rows->count == 1 && rows->cells[0].length == 0 && !scan->quoted[0])
		rows->trouble |= ROW_BLANK;
	if ((scan->high & 0x80) && !rows->latin1 && !text_is_utf8(text, length))
		rows->trouble |= ROW_NOT_UTF8;
	unquote(rows, scan);
	rows->at = (size_t)(scan->at - rows->buffer);
}

int table_rows_next(struct rows *rows, struct error *err)
{
	rows->special[0] = rows->special['\n'] = rows->special['\r'] = 1;
	rows->special[(uint8_t)rows->delimiter] = 1;
	for (;;) {
		struct scan scan = {.at = rows->buffer + rows->at, .end = rows->buffer + rows->end};
		int status;

		if (rows->at < rows->end) {
			switch (pass_row(rows, &scan)) {
			case SCAN_ROW:
				finish_row(rows, &scan);
				return 1;
			case SCAN_TOO_MANY:
				return error_set(
					err, ERROR_INPUT, "a row has over %d cells", MOST_CELLS);
			case SCAN_MORE:
				break;
			}
			if (rows->dry)
				return error_set(
					err, ERROR_INPUT, "a quote is opened and never closed");
		}
		status = fill(rows, err);
		if (status < 0)
			return -1;
		if (status == 0 && rows->at == rows->end)
			return 0;
	}
}
