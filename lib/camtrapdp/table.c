/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a table: its form, its header, and each cell against its column (T01 to T07). */
#include "check.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows by which the keys of a row are asked for before it is checked. */
#define KEYS_AHEAD 8
#define SMALL (64u << 10) /* bytes, packed, that no thread is worth */

struct table {
	struct check *check;
	const struct schema *schema;
	enum table_kind kind;
	const char *name; /* of the file */
	struct rows *rows;
	struct row_columns columns;
};

void row_say(const struct row *row, const char *rule, enum camtrapdp_severity severity, int field,
	const char *format, ...)
{
	const struct schema *schema = &schemas[row->kind];
	struct place place = {schema->name, row->number, NULL};
	const struct value *value = field < 0 ? NULL : &row->values[field];
	va_list arguments;

	if (field >= 0)
		place.column = schema->fields[field].name;
	va_start(arguments, format);
	report_vadd(row->check->report, rule, severity, &place, value == NULL ? NULL : value->text,
		value == NULL ? 0 : value->length, format, arguments);
	va_end(arguments);
}

/* About the file as a whole, or one of its rows that cannot be taken apart. */
static void say(struct table *table, const char *rule, enum camtrapdp_severity severity,
	uint64_t row, const char *value, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

static void say(struct table *table, const char *rule, enum camtrapdp_severity severity,
	uint64_t row, const char *value, const char *format, ...)
{
	const struct place place = {table->schema->name, row, NULL};
	va_list arguments;

	va_start(arguments, format);
	report_vadd(table->check->report, rule, severity, &place, value,
		value == NULL ? 0 : strlen(value), format, arguments);
	va_end(arguments);
}

/* ---- header ---- */

static int field_named(const struct schema *schema, const struct cell *cell)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strlen(schema->fields[i].name) == cell->length &&
			memcmp(schema->fields[i].name, cell->text, cell->length) == 0)
			return (int)i;
	return -1;
}

static void complain_column(struct table *table, size_t position, const char *name)
{
	const struct schema *schema = table->schema;
	const char *names[MOST_FIELDS + 1] = {0};
	const char *nearest;

	for (size_t i = 0; i < schema->count; i++)
		names[i] = schema->fields[i].name;
	nearest = text_nearest(name, names);
	if (strcmp(name, "_id") == 0)
		say(table, "T03", CAMTRAPDP_ERROR, 0, name,
			"'_id' is TRAPPER's own number of the row; leave the column out of a "
			"Camtrap DP package");
	else if (nearest != NULL)
		say(table, "T03", CAMTRAPDP_ERROR, 0, name,
			"column %zu is not one of the standard's; was '%s' meant?", position + 1,
			nearest);
	else
		say(table, "T03", CAMTRAPDP_ERROR, 0, name,
			"column %zu is not one of the standard's; take it out", position + 1);
}

static void check_header(struct table *table)
{
	const struct schema *schema = table->schema;
	bool there[MOST_FIELDS] = {false}, ordered = true;
	int last = -1;

	table->columns.whole = true;
	for (size_t i = 0; i < table->rows->count; i++) {
		const struct cell *cell = &table->rows->cells[i];
		char *name = xstrndup(cell->text, cell->length);
		int field = field_named(schema, cell);

		if (field >= 0 && there[field]) {
			say(table, "T03", CAMTRAPDP_ERROR, 0, name, "the column is there twice");
			field = -1;
		} else if (field < 0) {
			complain_column(table, i, name);
		} else {
			there[field] = true;
			ordered &= field > last;
			last = field;
		}
		row_columns_add(&table->columns, field);
		free(name);
	}
	for (size_t i = 0; i < schema->count; i++)
		if (!there[i]) {
			table->columns.whole = false;
			say(table, "T03", CAMTRAPDP_ERROR, 0, schema->fields[i].name,
				"the column is missing; all columns of the standard must be there, "
				"empty where unknown");
		}
	if (!ordered)
		say(table, "T03", CAMTRAPDP_ERROR, 0, NULL,
			"the columns are not in the standard's order, by which readers find them");
}

/* ---- cells ---- */

static void complain_limits(const struct row *row, int field)
{
	const struct field *which = &schemas[row->kind].fields[field];
	char *list = NULL;

	switch (which->type) {
	case FIELD_PATH:
		row_say(row, "T07", CAMTRAPDP_ERROR, field,
			"filePath must be an address on the web, or lead from datapackage.json "
			"down to the file: no '..', and no '/', '.' or '~' at its start");
		return;
	case FIELD_MEDIATYPE:
		row_say(row, "T07", CAMTRAPDP_ERROR, field,
			"fileMediatype must begin with image/, video/ or audio/, in lower case");
		return;
	case FIELD_CHOICE:
		list = xstrdup(which->choices[0]);
		for (int i = 1; which->choices[i] != NULL; i++) {
			char *longer = xasprintf("%s, %s", list, which->choices[i]);

			free(list);
			list = longer;
		}
		row_say(row, "T07", CAMTRAPDP_ERROR, field, "%s must be one of %s, or empty%s",
			which->name, list, which->required ? " never" : "");
		free(list);
		return;
	default:
		break;
	}
	if (row->kind == OBSERVATIONS && field == O_PROBABILITY)
		row_say(row, "T07", CAMTRAPDP_ERROR, field,
			"classificationProbability is a fraction from 0 to 1, no percentage");
	else if (isinf(which->maximum))
		row_say(row, "T07", CAMTRAPDP_ERROR, field, "%s must be at least %g", which->name,
			which->minimum);
	else
		row_say(row, "T07", CAMTRAPDP_ERROR, field, "%s must be from %g to %g", which->name,
			which->minimum, which->maximum);
}

static void complain_cell(const struct row *row, int field)
{
	const struct field *which = &schemas[row->kind].fields[field];
	const struct value *value = &row->values[field];

	switch (value->state) {
	case VALUE_MISSING:
		if (which->required)
			row_say(row, "T06", CAMTRAPDP_ERROR, field,
				"%s is required and must not be empty", which->name);
		break;
	case VALUE_LIMITS:
		complain_limits(row, field);
		break;
	case VALUE_BAD:
	case VALUE_ODD:
		row_say(row, "T05", value->state == VALUE_BAD ? CAMTRAPDP_ERROR : CAMTRAPDP_WARNING,
			field, "%s: %s", which->name, value->why);
		break;
	case VALUE_GOOD:
		break;
	}
}

/* T05, T06, T07 of the cells that are there. */
static void check_cells(const struct table *table, const struct row *row)
{
	for (size_t i = 0; i < row->cells && i < table->columns.count; i++)
		if (table->columns.items[i].field != NULL)
			complain_cell(row, (int)table->columns.items[i].index);
}

/* T01, T02, T04 of one row. False: there is nothing to check in it. */
static bool check_form(struct table *table, const struct row *row)
{
	uint64_t number = row->number;

	if (row->trouble & ROW_NUL)
		say(table, "T01", CAMTRAPDP_ERROR, number, NULL,
			"the row holds NUL bytes; the file is damaged, export it again");
	if (row->trouble & ROW_NOT_UTF8)
		say(table, "T01", CAMTRAPDP_ERROR, number, NULL,
			"the text is not UTF-8; save the table as CSV in UTF-8");
	if (row->trouble & ROW_CR)
		say(table, "T02", CAMTRAPDP_ERROR, number, NULL,
			"the line ends with CR alone; end lines with LF or CRLF");
	if (row->trouble & ROW_AFTER_QUOTE)
		say(table, "T02", CAMTRAPDP_ERROR, number, NULL,
			"text follows a closing quote; double the quotes inside a quoted cell");
	if (row->trouble & ROW_BLANK) {
		say(table, "T04", CAMTRAPDP_ERROR, number, NULL, "the row is blank; take it out");
		return false;
	}
	if (row->cells != table->columns.count)
		say(table, "T04", CAMTRAPDP_ERROR, number, NULL,
			"the row has %zu cells, the header %zu; %s", row->cells,
			table->columns.count,
			row->cells < table->columns.count ? "add the empty cells at its end"
							  : "quote the cells that hold commas");
	return true;
}

/* ---- the file ---- */

/* Byte order mark, gzip under another name, and which delimiter it is. False: give up. */
static int check_start(struct table *table, bool *go_on, struct error *err)
{
	const struct table_resource *resource = &table->check->descriptor->tables[table->kind];
	const uint8_t *bytes;
	const char *line_end;
	size_t size;

	*go_on = false;
	if (table_rows_peek(table->rows, &bytes, &size, err) != 0)
		return -1;
	if (size == 0) {
		say(table, "T03", CAMTRAPDP_ERROR, 0, table->name,
			"the file is empty; even a table without rows has its header");
		return 0;
	}
	if (size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B) {
		say(table, "T01", CAMTRAPDP_ERROR, 0, table->name,
			"the file is compressed but not named so; name it .csv.gz");
		return 0;
	}
	*go_on = true;
	if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		say(table, "T01", CAMTRAPDP_INFO, 0, table->name,
			"the file begins with a byte order mark, which is better left out");
		table_rows_skip(table->rows, 3);
		bytes += 3;
		size -= 3;
	}
	line_end = memchr(bytes, '\n', size);
	if (line_end != NULL)
		size = (size_t)(line_end - (const char *)bytes);
	if (!resource->declared && memchr(bytes, ',', size) == NULL &&
		(memchr(bytes, ';', size) != NULL || memchr(bytes, '\t', size) != NULL)) {
		table->rows->delimiter = memchr(bytes, ';', size) != NULL ? ';' : '\t';
		say(table, "T02", CAMTRAPDP_ERROR, 0, table->name,
			"cells are not separated by commas; save it with commas, or declare the "
			"delimiter in 'dialect'");
	}
	return 0;
}

static void take_header(struct table *table)
{
	/* Trouble in the header is told of row 0, the header itself. */
	if (table->rows->trouble & (ROW_NUL | ROW_NOT_UTF8))
		say(table, "T01", CAMTRAPDP_ERROR, 0, table->name,
			"the header is no UTF-8 text; save the table as CSV in UTF-8");
	if (table->rows->trouble & ROW_CR)
		say(table, "T02", CAMTRAPDP_ERROR, 0, table->name,
			"lines end with CR alone; end them with LF or CRLF");
	check_header(table);
}

static void assume_header(struct table *table)
{
	table->columns.whole = true;
	for (size_t i = 0; i < table->schema->count; i++)
		row_columns_add(&table->columns, (int)i);
}

static void take_row(struct table *table, struct row *row)
{
	row->check = table->check;
	row->kind = table->kind;
	row->number = ++table->check->report->rows[row->kind];
	if (!check_form(table, row))
		return;
	if (row->odd)
		check_cells(table, row);
	switch (row->kind) {
	case DEPLOYMENTS:
		check_deployment_row(row);
		break;
	case MEDIA:
		check_media_row(row);
		break;
	case OBSERVATIONS:
		check_observation_row(row);
		break;
	case TABLES:
		break;
	}
}

static void expect_row(struct table *table, const struct row *row)
{
	if (table->kind == MEDIA)
		expect_media_row(table->check, row);
	else if (table->kind == OBSERVATIONS)
		expect_observation_row(table->check, row);
}

static int read_rows(struct table *table, bool threaded, struct error *err)
{
	struct typed_rows *typed = typed_rows_new(table->rows, &table->columns, threaded);
	struct row *rows;
	size_t count;
	int status;

	while ((status = typed_rows_next(typed, &rows, &count, err)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (i + KEYS_AHEAD < count)
				expect_row(table, &rows[i + KEYS_AHEAD]);
			take_row(table, &rows[i]);
		}
		if (progress_check(table->check->progress, err) != 0) {
			status = -1;
			break;
		}
	}
	typed_rows_free(typed);
	return status;
}

static int read_table(struct table *table, bool threaded, bool *failed, struct error *err)
{
	bool go_on;
	int status = check_start(table, &go_on, err);

	*failed = !go_on;
	if (status != 0 || !go_on)
		return status;
	if (table->check->descriptor->tables[table->kind].no_header) {
		assume_header(table);
	} else {
		status = table_rows_next(table->rows, err);
		if (status <= 0)
			return status;
		take_header(table);
	}
	return read_rows(table, threaded, err);
}

int check_table_source(struct check *check, enum table_kind kind, struct source *source,
	const char *name, bool *failed, struct error *err)
{
	const struct table_resource *resource = &check->descriptor->tables[kind];
	struct table *table = xcalloc(1, sizeof *table);
	size_t most = check->report->most;
	int status;

	table->check = check;
	table->schema = table->columns.schema = &schemas[kind];
	table->columns.missing_words = check->missing_words;
	table->kind = kind;
	table->name = name;
	table->rows = xcalloc(1, sizeof *table->rows);
	table_rows_init(table->rows, source, resource->delimiter, resource->quote);
	table->rows->latin1 = resource->latin1;
	status = read_table(table, bytes_source_packed(source) > SMALL, failed, err);
	/* What is wrong with the file is found, not fatal. */
	if (status < 0 && err->kind == ERROR_INPUT) {
		/* Why the rest was not read must not be lost among what was found before. */
		check->report->most = SIZE_MAX;
		say(table, "T04", CAMTRAPDP_ERROR, check->report->rows[kind] + 1, name, "%s",
			err->message);
		check->report->most = most;
		error_clear(err);
		*failed = true;
		status = 0;
	}
	table_rows_release(table->rows);
	free(table->rows);
	free(table);
	return status;
}

static int read_part(struct check *check, enum table_kind kind, const char *name, bool *failed,
	struct error *err)
{
	static const char *const packed[] = {".gz", NULL};
	struct container_file file;
	struct source *source;
	const struct place place = {schemas[kind].name, 0, NULL};
	int status;

	*failed = true;
	if (container_file_open(check->container, name, &file, err) != 0) {
		report_add(check->report, "S07", CAMTRAPDP_ERROR, &place, name, strlen(name),
			"the table cannot be read: %s", err->message);
		error_clear(err);
		return 0;
	}
	source = bytes_source_new(&file.range, text_has_suffix(name, packed), err);
	if (source == NULL && err->kind != ERROR_INPUT) {
		status = -1;
	} else if (source == NULL) {
		report_add(check->report, "S07", CAMTRAPDP_ERROR, &place, name, strlen(name),
			"the table %s", err->message);
		error_clear(err);
		status = 0;
	} else {
		status = check_table_source(check, kind, source, name, failed, err);
	}
	bytes_source_free(source);
	container_file_close(&file);
	return status;
}

int check_table_read(struct check *check, enum table_kind kind, struct error *err)
{
	const struct table_resource *resource = &check->descriptor->tables[kind];
	const struct place place = {schemas[kind].name, 0, NULL};

	if (resource->parquet) {
		report_add(check->report, "S07", CAMTRAPDP_WARNING, &place, NULL, 0,
			"the table is in Parquet and was not checked; export it as CSV");
		return 0;
	}
	check->read[kind] = resource->paths.count > 0;
	for (size_t i = 0; i < resource->paths.count; i++) {
		bool failed = false;

		if (read_part(check, kind, resource->paths.items[i], &failed, err) != 0)
			return -1;
		check->read[kind] &= !failed;
	}
	return 0;
}
