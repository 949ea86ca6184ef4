/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's CSV exports (RFC 4180): rows of cells, found by the names in the header. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_COLUMNS 1000

/* Reads one cell in place: the text is shortened where quotes fall away. *last: it ends the row. */
static char *read_cell(struct trapper_table *table, bool *last)
{
	char *read = table->next;
	char *cell = read, *write = read;
	bool quoted = *read == '"';

	if (quoted)
		read++;
	for (;; read++) {
		if (read == table->end)
			break;
		if (quoted && *read == '"' && read + 1 < table->end && read[1] == '"')
			read++;
		else if (quoted && *read == '"') {
			quoted = false;
			continue;
		} else if (!quoted && (*read == ',' || *read == '\n' || *read == '\r'))
			break;
		*write++ = *read;
	}
	*last = read == table->end || *read != ',';
	if (read < table->end && *read == '\r' && read + 1 < table->end && read[1] == '\n')
		read++;
	table->next = read == table->end ? read : read + 1;
	*write = '\0';
	return cell;
}

bool trapper_table_next(struct trapper_table *table)
{
	bool last = false;

	/* Empty lines, as at the end of a file, are no rows. */
	while (table->next < table->end && (*table->next == '\n' || *table->next == '\r'))
		table->next++;
	if (table->next == table->end)
		return false;
	table->count = 0;
	while (!last) {
		char *cell = read_cell(table, &last);

		if (table->count < MOST_COLUMNS)
			table->cells[table->count++] = cell;
	}
	return true;
}

int trapper_table_open(struct trapper_table *table, const char *bytes, size_t size,
	const char *what, struct error *err)
{
	size_t length;
	char *start;

	*table = (struct trapper_table){0};
	if (trapper_unpack(bytes, size, &table->text, &length, what, err) != 0)
		return -1;
	start = table->text;
	table->end = start + length;
	if (length >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0)
		start += 3;
	table->next = start;
	while (start < table->end && isspace((unsigned char)*start))
		start++;
	if (start == table->end || *start == '<' || *start == '{' || *start == '[' ||
		memchr(start, '\0', (size_t)(table->end - start)) != NULL) {
		trapper_table_close(table);
		return error_set(err, ERROR_NETWORK,
			"%s: the server's answer is no table: check that GENERAL.host is the "
			"TRAPPER "
			"server",
			what);
	}
	table->cells = xcalloc(MOST_COLUMNS, sizeof *table->cells);
	trapper_table_next(table);
	for (size_t i = 0; i < table->count; i++)
		string_list_add(&table->header, table->cells[i]);
	return 0;
}

void trapper_table_close(struct trapper_table *table)
{
	string_list_release(&table->header);
	free(table->cells);
	free(table->text);
	*table = (struct trapper_table){0};
}

int trapper_table_need(
	const struct trapper_table *table, const char *name, const char *what, struct error *err)
{
	for (size_t i = 0; i < table->header.count; i++)
		if (strcasecmp(table->header.items[i], name) == 0)
			return 0;
	return error_set(
		err, ERROR_REMOTE, "%s: the server's table has no column '%s'", what, name);
}

char *trapper_table_text(const struct trapper_table *table, const char *name)
{
	for (size_t i = 0; i < table->header.count && i < table->count; i++)
		if (strcasecmp(table->header.items[i], name) == 0) {
			const char *cell = table->cells[i];

			if (text_is_utf8(cell, strlen(cell)))
				return xstrdup(cell);
			return text_escape(cell);
		}
	return xstrdup("");
}
