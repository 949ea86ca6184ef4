/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows with their cells read by type, some hundred at a time, by a thread of their own. */
#ifndef TRAPKIT_CAMTRAPDP_TYPED_ROWS_H
#define TRAPKIT_CAMTRAPDP_TYPED_ROWS_H

#include "cells.h"

struct check;

/* One row, its values by the standard's columns. */
struct row {
	struct check *check; /* whose row it is, which and of what: set by whoever takes it */
	enum table_kind kind;
	uint64_t number;
	unsigned trouble; /* enum row_trouble */
	bool odd;         /* there is something to say about one of its values */
	size_t cells;     /* of the file */
	struct value values[MOST_FIELDS];
};

/* One column of a file. */
struct row_column {
	const struct field *field; /* NULL = not one of the standard's */
	size_t index;              /* of the field */
	bool repetitive;           /* its cells are often those of the row before … */
	bool follows_time;         /* … or of the column before */
};

struct row_columns {
	const struct schema *schema;
	bool missing_words; /* NA, NaN and nan stand for nothing */
	bool whole;         /* no column of the standard is missing */
	size_t count;
	struct row_column items[MOST_CELLS];
};

/* Appends a column; `field` is the standard's, or -1. */
void row_columns_add(struct row_columns *columns, int field);

struct typed_rows;

/*
 * Goes on with `rows`, which stay the caller's and are not to be touched until typed_rows_free, as
 * are the columns.
 */
struct typed_rows *typed_rows_new(
	struct rows *rows, const struct row_columns *columns, bool threaded);
/* The next rows, valid until the next call: 1 = some, else as table_rows_next. */
int typed_rows_next(struct typed_rows *typed, struct row **rows, size_t *count, struct error *err);
void typed_rows_free(struct typed_rows *typed);

#endif
