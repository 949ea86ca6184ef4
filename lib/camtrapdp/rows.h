/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes a CSV table apart, row by row, in a growing but bounded buffer. */
#ifndef TRAPKIT_CAMTRAPDP_ROWS_H
#define TRAPKIT_CAMTRAPDP_ROWS_H

#include "read_ahead.h"

#define MOST_CELLS 1024

struct cell {
	char *text; /* not NUL-terminated */
	size_t length;
};

/* What is odd about a row. */
enum row_trouble {
	ROW_BLANK = 1u << 0,
	ROW_NUL = 1u << 1, /* holds a NUL byte */
	ROW_NOT_UTF8 = 1u << 2,
	ROW_CR = 1u << 3,         /* ended by CR alone */
	ROW_AFTER_QUOTE = 1u << 4 /* text follows a closing quote */
};

/* Bytes that rows are made of, with some to spare behind them. `{ 0 }` is empty. */
struct row_room {
	uint8_t *bytes;
	size_t size;
};

struct rows {
	struct read_ahead *ahead;
	char delimiter, quote;
	bool latin1; /* do not check for UTF-8 */
	struct row_room own, *room;
	uint8_t *buffer; /* of the room */
	size_t at, end;
	bool dry;
	/* A bit for each byte of the buffer that a cell may end at, or that is odd. */
	uint64_t *marks;
	uint8_t *wide;             /* for each 64 bytes: is there one that is not ASCII? */
	size_t marks_room, marked; /* bytes of the buffer */
	struct cell cells[MOST_CELLS];
	size_t count;
	uint16_t quoted[MOST_CELLS]; /* indexes of those that are */
	size_t quoted_count;
	unsigned trouble; /* enum row_trouble bits of this row */
};

void table_rows_init(struct rows *rows, struct source *source, char delimiter, char quote);
void table_rows_release(struct rows *rows);
/* Fills the buffer and shows the first bytes without taking them. */
int table_rows_peek(struct rows *rows, const uint8_t **bytes, size_t *count, struct error *err);
void table_rows_skip(struct rows *rows, size_t count);
/*
 * 1 = a row, whose cells are valid until the next; 0 = the end; -1 = ERROR_INPUT: too long, quote
 * never closed, damaged source.
 */
int table_rows_next(struct rows *rows, struct error *err);
/* The same, but rows before this one stay valid; 0 = the buffer holds no more whole rows. */
int table_rows_scan(struct rows *rows, struct error *err);
/* What is left to take apart goes to another room; the rows so far stay in theirs. */
void table_rows_move(struct rows *rows, struct row_room *room);

#endif
