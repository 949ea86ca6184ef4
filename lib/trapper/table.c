/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's CSV exports, unpacked: rows of cells, found by the names in the header. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int no_table(struct trapper_table *table, const char *what, struct error *err)
{
	trapper_table_close(table);
	return error_set(err, ERROR_NETWORK,
		"%s: the server's answer is no table: check that GENERAL.host is the TRAPPER "
		"server",
		what);
}

int trapper_table_open(struct trapper_table *table, const char *bytes, size_t size,
	const char *what, struct error *err)
{
	/* TRAPPER writes UTF-8; what is not is shown escaped rather than refused. */
	const struct csv_settings settings = {.name = what, .delimiter = ',', .any_bytes = true};
	size_t length;
	const char *start;

	*table = (struct trapper_table){0};
	if (trapper_unpack(bytes, size, &table->text, &length, what, err) != 0)
		return -1;
	start = table->text;
	while (isspace((unsigned char)*start))
		start++;
	if (*start == '\0' || *start == '<' || *start == '{' || *start == '[')
		return no_table(table, what, err);
	table->reader = csv_open_memory(table->text, length, &settings);
	if (csv_next(table->reader, &table->record, err) != 1)
		return no_table(table, what, err);
	for (size_t i = 0; i < table->record.count; i++)
		string_list_add(&table->header, table->record.cells[i]);
	return 0;
}

void trapper_table_close(struct trapper_table *table)
{
	if (table->reader != NULL)
		csv_close(table->reader);
	string_list_release(&table->header);
	free(table->text);
	*table = (struct trapper_table){0};
}

int trapper_table_next(struct trapper_table *table, struct error *err)
{
	int result = csv_next(table->reader, &table->record, err);

	/* Damage on the way here, not in a file of the user's. */
	if (result < 0 && err->kind == ERROR_INPUT)
		err->kind = ERROR_NETWORK;
	return result;
}

static int find(const struct trapper_table *table, const char *name)
{
	const struct csv_record header = {
		.cells = table->header.items, .count = table->header.count};

	return csv_find(&header, name);
}

int trapper_table_need(
	const struct trapper_table *table, const char *name, const char *what, struct error *err)
{
	if (find(table, name) >= 0)
		return 0;
	return error_set(
		err, ERROR_REMOTE, "%s: the server's table has no column '%s'", what, name);
}

char *trapper_table_text(const struct trapper_table *table, const char *name)
{
	const char *cell = csv_cell(&table->record, find(table, name));

	return text_is_utf8(cell, strlen(cell)) ? xstrdup(cell) : text_escape(cell);
}
