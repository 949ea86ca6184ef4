/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of rows: what can be told from a row alone is worked out ahead of the checks. */
#include "typed_rows.h"

#include "ahead.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS 3
#define BLOCK_ROWS 2048

struct block {
	struct row_room text; /* what the values point to */
	struct row *rows;
	size_t count, capacity;
	int status; /* after these rows, as of table_rows_next */
	struct error err;
};

struct typed_rows {
	struct rows *rows;
	const struct row_columns *columns;
	struct block blocks[BLOCKS], *block; /* the one that is being taken */
	struct ahead *ahead;
};

/* Takes over what the same text was read as. */
static bool recall(const struct value *known, const struct cell *cell, struct value *value)
{
	if (known->length != cell->length || memcmp(known->text, cell->text, cell->length) != 0)
		return false;
	*value = *known;
	value->text = cell->text;
	return true;
}

/* Are the cells of a column often those of the row before? */
static bool is_repetitive(enum field_type type)
{
	return type == FIELD_KEY || type == FIELD_DATETIME || type == FIELD_BOOLEAN ||
		type == FIELD_CHOICE || type == FIELD_MEDIATYPE;
}

void row_columns_add(struct row_columns *columns, int field)
{
	struct row_column *column = &columns->items[columns->count++];

	*column = (struct row_column){0};
	if (field < 0)
		return;
	column->index = (size_t)field;
	column->field = &columns->schema->fields[field];
	column->repetitive = is_repetitive(column->field->type);
	/* An event often ends when it starts. */
	column->follows_time = columns->count > 1 && column[-1].field != NULL &&
		column[-1].index + 1 == column->index && column[-1].field->type == FIELD_DATETIME &&
		column->field->type == FIELD_DATETIME;
}

/* `before`: the row before, or NULL. */
static void read_cell(const struct row_column *column, const struct cell *cell, bool missing_words,
	const struct row *before, struct row *row)
{
	const struct field *field = column->field;
	struct value *value = &row->values[column->index];
	bool known;

	/* Most cells of most tables are empty. */
	if (cell->length == 0) {
		value->text = field->required ? cell->text : NULL;
		value->length = 0;
		value->state = VALUE_MISSING;
		row->odd |= field->required;
		return;
	}
	known = (column->repetitive && before != NULL &&
			recall(&before->values[column->index], cell, value)) ||
		(column->follows_time && recall(value - 1, cell, value));
	if (!known)
		cell_read(cell, field, missing_words, value);
	row->odd |=
		value->state != VALUE_GOOD && (value->state != VALUE_MISSING || field->required);
}

static void read_row(const struct typed_rows *typed, const struct row *before, struct row *row)
{
	const struct rows *rows = typed->rows;
	const struct row_columns *columns = typed->columns;

	row->trouble = rows->trouble;
	row->cells = rows->count;
	row->odd = false;
	if ((row->trouble & ROW_BLANK) != 0)
		return;
	if (!columns->whole || rows->count < columns->count)
		memset(row->values, 0, sizeof row->values);
	for (size_t i = 0; i < rows->count && i < columns->count; i++)
		if (columns->items[i].field != NULL)
			read_cell(&columns->items[i], &rows->cells[i], columns->missing_words,
				before, row);
}

static void add_row(const struct typed_rows *typed, struct block *block)
{
	const struct row *before = NULL;
	struct row *row;

	block->rows = array_grow(block->rows, block->count, &block->capacity, sizeof *block->rows);
	row = &block->rows[block->count];
	if (block->count > 0 && (row[-1].trouble & ROW_BLANK) == 0)
		before = row - 1;
	read_row(typed, before, row);
	block->count++;
}

static bool read_block(void *context, void *slot)
{
	struct typed_rows *typed = context;
	struct block *block = slot;

	block->count = 0;
	table_rows_move(typed->rows, &block->text);
	block->status = table_rows_next(typed->rows, &block->err);
	while (block->status > 0) {
		add_row(typed, block);
		if (block->count == BLOCK_ROWS)
			break;
		block->status = table_rows_scan(typed->rows, &block->err);
		/* The buffer's end, perhaps not the table's. */
		if (block->status == 0) {
			block->status = 1;
			break;
		}
	}
	return block->status > 0;
}

struct typed_rows *typed_rows_new(
	struct rows *rows, const struct row_columns *columns, bool threaded)
{
	struct typed_rows *typed = xcalloc(1, sizeof *typed);
	const struct ahead_work work = {.make = read_block,
		.context = typed,
		.slots = typed->blocks,
		.slot_size = sizeof typed->blocks[0],
		.count = BLOCKS};

	typed->rows = rows;
	typed->columns = columns;
	typed->ahead = ahead_new(&work, threaded);
	return typed;
}

int typed_rows_next(struct typed_rows *typed, struct row **rows, size_t *count, struct error *err)
{
	/* The rows before the end, or before the trouble, are handed out first. */
	if (typed->block != NULL && typed->block->status <= 0)
		typed->block->count = 0;
	else
		typed->block = ahead_next(typed->ahead);
	*rows = typed->block->rows;
	*count = typed->block->count;
	if (*count > 0)
		return 1;
	if (typed->block->status < 0)
		*err = typed->block->err;
	return typed->block->status;
}

void typed_rows_free(struct typed_rows *typed)
{
	if (typed == NULL)
		return;
	ahead_free(typed->ahead);
	for (size_t i = 0; i < BLOCKS; i++) {
		free(typed->blocks[i].text.bytes);
		free(typed->blocks[i].rows);
	}
	free(typed);
}
