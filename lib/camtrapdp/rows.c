/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The splitter: what may end a cell is marked in the whole buffer, 16 bytes at a time, then cells
 * go from mark to mark, and quoted ones are unquoted in place. */
#include "rows.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define FIRST_ROOM (64u << 10)
#define MOST_ROOM (16u << 20) /* the longest row */

#define BLOCK 64u /* bytes that a word of marks stands for */

/* The room and its marks, with a block to spare: marking needs no care for the end. */
static void make_room(struct rows *rows, size_t size)
{
	struct row_room *room = rows->room;

	if (size > room->size) {
		room->bytes = xreallocarray(room->bytes, size + BLOCK, 1);
		room->size = size;
	}
	rows->buffer = room->bytes;
	if (room->size <= rows->marks_room)
		return;
	rows->marks_room = room->size;
	rows->marks = xreallocarray(rows->marks, room->size / BLOCK + 1, sizeof *rows->marks);
	rows->wide = xreallocarray(rows->wide, room->size / BLOCK + 1, 1);
}

void table_rows_init(struct rows *rows, struct source *source, char delimiter, char quote)
{
	*rows = (struct rows){.ahead = read_ahead_new(source),
		.delimiter = delimiter,
		.quote = quote,
		.room = &rows->own};
	make_room(rows, FIRST_ROOM);
}

void table_rows_release(struct rows *rows)
{
	read_ahead_free(rows->ahead);
	free(rows->own.bytes);
	free(rows->marks);
	free(rows->wide);
	*rows = (struct rows){0};
}

void table_rows_move(struct rows *rows, struct row_room *room)
{
	const uint8_t *rest = rows->buffer + rows->at;
	size_t kept = rows->end - rows->at, size = FIRST_ROOM;

	while (size < kept)
		size *= 2;
	rows->room = room;
	make_room(rows, size);
	memcpy(rows->buffer, rest, kept);
	rows->at = rows->marked = 0;
	rows->end = kept;
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
	} else if (rows->end == rows->room->size) {
		if (rows->room->size >= MOST_ROOM)
			return error_set(err, ERROR_INPUT,
				"a row is over %u MiB; a quote may be open before it",
				MOST_ROOM >> 20);
		make_room(rows, rows->room->size * 2);
	}
	rows->marked = 0;
	while (rows->end < rows->room->size) {
		status = read_ahead_read(rows->ahead, rows->buffer + rows->end,
			rows->room->size - rows->end, &got, err);
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

/* ---- marks ---- */

typedef uint8_t chunk __attribute__((vector_size(16)));

/* The highest bit of each byte; the first byte's is bit 0. */
static uint64_t bits_of(chunk flags)
{
#ifdef __SSE2__
	return (uint64_t)(unsigned)_mm_movemask_epi8((__m128i)flags);
#else
	uint64_t halves[2], bits = 0;

	memcpy(halves, &flags, sizeof halves);
	for (int i = 0; i < 2; i++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		halves[i] = __builtin_bswap64(halves[i]);
#endif
		/* Bit 8n is shifted to bit 56 + n; no two terms meet. */
		bits |= (halves[i] >> 7 & 0x0101010101010101u) * 0x0102040810204080u >> 56 << 8 * i;
	}
	return bits;
#endif
}

static void mark_block(struct rows *rows, size_t block)
{
	const uint8_t *bytes = rows->buffer + block * BLOCK;
	chunk all = {0};
	uint64_t marks = 0;

	for (size_t i = 0; i < BLOCK / sizeof(chunk); i++) {
		chunk some, flags;

		memcpy(&some, bytes + i * sizeof some, sizeof some);
		flags = (chunk)(some == (uint8_t)rows->delimiter) | (chunk)(some == '\n') |
			(chunk)(some == '\r') | (chunk)(some == 0) |
			(chunk)(some == (uint8_t)rows->quote);
		marks |= bits_of(flags) << i * sizeof some;
		all |= some;
	}
	rows->marks[block] = marks;
	rows->wide[block] = bits_of(all) != 0;
}

/* Marks what is in the buffer and not marked yet. */
static void mark(struct rows *rows)
{
	if (rows->marked == rows->end)
		return;
	memset(rows->buffer + rows->end, 0, BLOCK);
	for (size_t block = rows->at / BLOCK; block * BLOCK < rows->end; block++)
		mark_block(rows, block);
	rows->marked = rows->end;
}

/* The next mark from `at` on, or the end of the buffer. */
static inline size_t next_mark(const struct rows *rows, size_t at)
{
	size_t block = at / BLOCK, found;
	uint64_t bits;

	if (at >= rows->end)
		return rows->end;
	bits = rows->marks[block] >> at % BLOCK << at % BLOCK;
	while (bits == 0) {
		if (++block * BLOCK >= rows->end)
			return rows->end;
		bits = rows->marks[block];
	}
	found = block * BLOCK + (size_t)__builtin_ctzll(bits);
	return found < rows->end ? found : rows->end;
}

/* ---- cells and rows ---- */

enum scan_result { SCAN_ROW, SCAN_MORE, SCAN_TOO_MANY };

/*
 * Passes a quoted cell; *at is behind the opening quote and comes to stand on the closing one. Its
 * text keeps its doubled quotes.
 */
static bool pass_quoted(struct rows *rows, size_t *at)
{
	const uint8_t *bytes = rows->buffer;

	for (;; ++*at) {
		*at = next_mark(rows, *at);
		if (*at == rows->end)
			return false;
		if (bytes[*at] == 0)
			rows->trouble |= ROW_NUL;
		if (bytes[*at] != (uint8_t)rows->quote)
			continue;
		if (*at + 1 == rows->end)
			return rows->dry;
		if (bytes[*at + 1] != (uint8_t)rows->quote)
			return true;
		++*at;
	}
}

/* Where a cell without quotes ends. */
static inline size_t pass_plain(struct rows *rows, size_t at)
{
	const uint8_t *bytes = rows->buffer;

	for (;; at++) {
		at = next_mark(rows, at);
		if (at == rows->end)
			return at;
		if (bytes[at] == 0)
			rows->trouble |= ROW_NUL;
		else if (bytes[at] != (uint8_t)rows->quote)
			return at;
	}
}

/* Passes one cell and notes where it is. False: the buffer ends in it. */
static inline bool pass_cell(struct rows *rows, size_t *at)
{
	struct cell *cell = &rows->cells[rows->count];
	bool quoted = rows->buffer[*at] == (uint8_t)rows->quote && rows->quote != '\0';
	size_t start = *at + quoted, end;

	*at = start;
	if (quoted && !pass_quoted(rows, at))
		return false;
	end = *at = quoted ? *at : pass_plain(rows, *at);
	if (quoted) {
		*at = pass_plain(rows, end + 1);
		if (*at > end + 1)
			rows->trouble |= ROW_AFTER_QUOTE;
	}
	*cell = (struct cell){(char *)rows->buffer + start, end - start};
	if (quoted)
		rows->quoted[rows->quoted_count++] = (uint16_t)rows->count;
	rows->count++;
	return true;
}

/* Passes all plain cells up to one that is more: quoted, odd, the last of its row or of the buffer.
 */
static void pass_plain_cells(struct rows *rows, size_t *at)
{
	const uint8_t *bytes = rows->buffer;
	uint8_t delimiter = (uint8_t)rows->delimiter, quote = (uint8_t)rows->quote;
	size_t start = *at, count = rows->count, block = start / BLOCK;
	uint64_t bits = rows->marks[block] >> start % BLOCK << start % BLOCK;

	while (count < MOST_CELLS) {
		size_t found;

		while (bits == 0 && (block + 1) * BLOCK < rows->end)
			bits = rows->marks[++block];
		if (bits == 0)
			break;
		found = block * BLOCK + (size_t)__builtin_ctzll(bits);
		if (found >= rows->end || bytes[found] != delimiter || bytes[start] == quote)
			break;
		rows->cells[count++] = (struct cell){(char *)bytes + start, found - start};
		start = found + 1;
		bits &= bits - 1;
	}
	rows->count = count;
	*at = start;
}

/* Passes a row from *at. */
static enum scan_result pass_row(struct rows *rows, size_t *at)
{
	rows->count = rows->quoted_count = 0;
	rows->trouble = 0;
	for (;;) {
		if (*at < rows->end)
			pass_plain_cells(rows, at);
		if (rows->count == MOST_CELLS)
			return SCAN_TOO_MANY;
		if (*at == rows->end) {
			if (!rows->dry)
				return SCAN_MORE;
			/* The last cell of a table without a final newline is empty. */
			rows->cells[rows->count++] = (struct cell){(char *)rows->buffer + *at, 0};
			return SCAN_ROW;
		}
		if (!pass_cell(rows, at))
			return SCAN_MORE;
		if (*at == rows->end)
			return rows->dry ? SCAN_ROW : SCAN_MORE;
		if (rows->buffer[*at] != (uint8_t)rows->delimiter)
			break;
		++*at;
	}
	if (rows->buffer[*at] == '\r') {
		if (*at + 1 == rows->end && !rows->dry)
			return SCAN_MORE;
		++*at;
		if (*at == rows->end || rows->buffer[*at] != '\n') {
			rows->trouble |= ROW_CR;
			return SCAN_ROW;
		}
	}
	++*at;
	return SCAN_ROW;
}

/* Doubled quotes become one. */
static void unquote(struct rows *rows)
{
	for (size_t i = 0; i < rows->quoted_count; i++) {
		struct cell *cell = &rows->cells[rows->quoted[i]];
		size_t kept = 0;

		if (memchr(cell->text, rows->quote, cell->length) == NULL)
			continue;
		for (size_t j = 0; j < cell->length; j++) {
			cell->text[kept++] = cell->text[j];
			j += cell->text[j] == rows->quote;
		}
		cell->length = kept;
	}
}

/* Is there a byte that is not ASCII near the buffer's part [from, to)? */
static bool is_wide(const struct rows *rows, size_t from, size_t to)
{
	for (size_t block = from / BLOCK; block * BLOCK < to; block++)
		if (rows->wide[block])
			return true;
	return false;
}

static void finish_row(struct rows *rows, size_t end)
{
	const char *text = (const char *)rows->buffer + rows->at;

	if (rows->count == 1 && rows->cells[0].length == 0 && rows->quoted_count == 0)
		rows->trouble |= ROW_BLANK;
	if (!rows->latin1 && is_wide(rows, rows->at, end) && !text_is_utf8(text, end - rows->at))
		rows->trouble |= ROW_NOT_UTF8;
	unquote(rows);
	rows->at = end;
}

int table_rows_scan(struct rows *rows, struct error *err)
{
	size_t at = rows->at;

	mark(rows);
	if (rows->at == rows->end)
		return 0;
	switch (pass_row(rows, &at)) {
	case SCAN_ROW:
		finish_row(rows, at);
		return 1;
	case SCAN_TOO_MANY:
		return error_set(err, ERROR_INPUT, "a row has over %d cells", MOST_CELLS);
	case SCAN_MORE:
		break;
	}
	if (rows->dry)
		return error_set(err, ERROR_INPUT, "a quote is opened and never closed");
	return 0;
}

int table_rows_next(struct rows *rows, struct error *err)
{
	int status;

	while ((status = table_rows_scan(rows, err)) == 0) {
		status = fill(rows, err);
		if (status < 0 || (status == 0 && rows->at == rows->end))
			break;
	}
	return status;
}
