/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV as RFC 4180 describes it and as spreadsheets write it: read record by record, and written. */
#ifndef TRAPKIT_CSV_H
#define TRAPKIT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/* Zeros are the usual choice. */
struct csv_settings {
	const char *name;  /* of the file, for messages; borrowed; NULL = "the table" */
	char delimiter;    /* 0 = found out from the first line: comma, else semicolon, else tab */
	size_t most_bytes; /* in a record; 0 = 1 MiB */
	size_t most_cells; /* in a record; 0 = 1000 */
	bool any_bytes;    /* take text that is not UTF-8, too */
};

/*
 * Reads with memory for one record. A byte order mark is skipped, lines may end with CRLF, LF or
 * CR, empty lines are left out. As in Python's csv module a quote inside an unquoted cell is an
 * ordinary character, and what follows a closing quote is added to the cell.
 */
struct csv_reader;

/* The stream stays the caller's. */
struct csv_reader *csv_open(FILE *stream, const struct csv_settings *settings);
/* The bytes stay the caller's, and must stay. */
struct csv_reader *csv_open_memory(
	const void *bytes, size_t size, const struct csv_settings *settings);
void csv_close(struct csv_reader *reader);

struct csv_record {
	char **cells; /* NUL-terminated, valid until the next call; `count` of them */
	size_t count;
	uint64_t line; /* in which the record begins, from 1 */
};

/*
 * 1 = a record, 0 = the end, -1 = ERROR_INPUT with file and line: over a limit, a NUL byte, not
 * UTF-8, a quote that is not closed; ERROR_SYSTEM: cannot be read. After -1 it is over.
 */
int csv_next(struct csv_reader *reader, struct csv_record *record, struct error *err);

/* Index of the cell that equals `name`, blanks around it and ASCII case ignored; -1 = none. */
int csv_find(const struct csv_record *header, const char *name);

/* The cell of a column that csv_find gave, "" when the record is shorter or column is -1. */
const char *csv_cell(const struct csv_record *record, int column);

/*
 * Writes one record, quoted where needed, ended by CRLF: the bytes that Python's csv.writer writes.
 * Trouble shows in ferror(stream).
 */
void csv_write(FILE *stream, const char *const *cells, size_t count);

#ifdef __cplusplus
}
#endif

#endif
