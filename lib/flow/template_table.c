/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The deployments table: its columns, what an earlier table adds to it, and its bytes. */
#include "template_parts.h"
#include "trapkit/csv.h"
#include "trapkit/error.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

/* Camtrap DP 1.0.2, deployments-table-schema.json, in its order. */
static const char *const names[COLUMN_COUNT] = {"deploymentID", "locationID", "locationName",
	"latitude", "longitude", "coordinateUncertainty", "deploymentStart", "deploymentEnd",
	"setupBy", "cameraID", "cameraModel", "cameraDelay", "cameraHeight", "cameraDepth",
	"cameraTilt", "cameraHeading", "detectionDistance", "timestampIssues", "baitUse",
	"featureType", "habitat", "deploymentGroups", "deploymentTags", "deploymentComments"};

/* ---- the earlier table ---- */

#define MOST_OLD_ROWS 100000

static int old_column(const struct old_table *old, const char *name)
{
	struct csv_record header = {old->header.items, old->header.count, 1};

	return csv_find(&header, name);
}

int old_table_read(const char *path, struct old_table *table, struct error *err)
{
	struct csv_settings settings = {.name = path};
	FILE *stream = fopen(path, "re");
	struct csv_reader *reader = NULL;
	struct csv_record record;
	int result;

	if (stream == NULL)
		return error_errno(err, "cannot read the earlier table '%s'", path);
	reader = csv_open(stream, &settings);
	while ((result = csv_next(reader, &record, err)) > 0) {
		struct old_row row = {0};

		if (table->header.count == 0) {
			for (size_t i = 0; i < record.count; i++)
				string_list_add(&table->header, record.cells[i]);
			if (csv_find(&record, names[COLUMN_ID]) < 0)
				result = error_set(
					err, ERROR_INPUT, "'%s' has no column deploymentID", path);
		} else if (table->count >= MOST_OLD_ROWS || record.count > table->header.count) {
			result = error_set(err, ERROR_INPUT, "'%s', line %llu: %s", path,
				(unsigned long long)record.line,
				table->count >= MOST_OLD_ROWS ? "too many rows"
							      : "more cells than headings");
		} else {
			for (size_t i = 0; i < table->header.count; i++)
				string_list_add(&row.cells, csv_cell(&record, (int)i));
			row.slug = text_slugify(
				csv_cell(&record, old_column(table, names[COLUMN_ID])));
			ARRAY_APPEND(table, row);
		}
		if (result < 0)
			break;
	}
	csv_close(reader);
	fclose(stream);
	return result < 0 ? -1 : 0;
}

void old_table_release(struct old_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		string_list_release(&table->items[i].cells);
		free(table->items[i].slug);
	}
	free(table->items);
	string_list_release(&table->header);
	*table = (struct old_table){0};
}

static const char *old_cell(const struct old_row *row, int column)
{
	return row == NULL || column < 0 ? "" : row->cells.items[column];
}

/* The row of a deployment, whose id is the slug of what the row has. */
static struct old_row *old_find(struct old_table *old, const char *id)
{
	for (size_t i = 0; i < old->count; i++)
		if (!old->items[i].used && strcmp(old->items[i].slug, id) == 0)
			return &old->items[i];
	return NULL;
}

/* ---- times ---- */

char *template_time(const struct template_settings *settings, int64_t utc, int offset)
{
	struct wall_time wall;
	char text[TIMESTAMP_SIZE];

	switch (settings->times) {
	case TEMPLATE_UTC:
		format_utc(utc, text);
		break;
	case TEMPLATE_NAIVE:
		wall_from_seconds(utc + offset, &wall);
		format_wall(&wall, text);
		break;
	case TEMPLATE_OFFSET:
		format_local(utc, offset, settings->columns == TEMPLATE_FULL, text);
		break;
	}
	return xstrdup(text);
}

/* A time as it was entered, as an instant and the offset to show it with. */
static bool read_time(const struct template_settings *settings, const char *text, bool is_end,
	int64_t *utc, int *offset)
{
	struct wall_time wall;
	struct instant instant;

	if (!wall_parse_entered(text, is_end, &wall))
		return false;
	instant = zone_resolve(settings->zone, &wall, settings->ignore_dst);
	*utc = instant.utc;
	*offset = wall.has_offset && settings->times == TEMPLATE_NAIVE
		? zone_offset_at(settings->zone, instant.utc, settings->ignore_dst)
		: instant.offset;
	return true;
}

/* A time of the old table, as the settings want it; as it stands when it cannot be read. */
static char *same_time(const struct template_settings *settings, const char *text, bool is_end)
{
	int64_t utc;
	int offset;

	if (text[0] == '\0' || !read_time(settings, text, is_end, &utc, &offset))
		return xstrdup(text);
	return template_time(settings, utc, offset);
}

static char *merge_time(const struct template_settings *settings, const struct row *row,
	enum column column, const char *old, struct template_result *result)
{
	bool is_end = column == COLUMN_END;
	const char *ours = row->cells[column];
	char *message = NULL;
	int64_t utc;
	int offset;

	if (!read_time(settings, old, is_end, &utc, &offset))
		message = xasprintf("%s: %s '%s' of '%s' is no time; it was replaced", row->folder,
			names[column], old, settings->merge);
	else if (is_end ? utc < row->last : utc > row->first)
		message = xasprintf("%s: %s '%s' of '%s' leaves files out; it was replaced",
			row->folder, names[column], old, settings->merge);
	if (message == NULL)
		return template_time(settings, utc, offset);
	string_list_add(&result->warnings, message);
	free(message);
	return xstrdup(ours);
}

/* ---- columns and cells ---- */

struct columns {
	struct one_column {
		const char *name;
		int ours, old; /* -1 = not there */
	} * items;
	size_t count, capacity;
};

static bool any_cell(const struct row_list *rows, enum column column)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->items[i].cells[column] != NULL)
			return true;
	return false;
}

static void add_column(struct columns *columns, const struct old_table *old, enum column column)
{
	int there = old->header.count == 0 ? -1 : old_column(old, names[column]);

	ARRAY_APPEND(columns, ((struct one_column){names[column], (int)column, there}));
}

static void choose_columns(const struct template_settings *settings, const struct row_list *rows,
	const struct old_table *old, struct columns *columns)
{
	static const enum column minimal[] = {COLUMN_ID, COLUMN_LOCATION, COLUMN_START, COLUMN_END,
		COLUMN_CAMERA_MODEL, COLUMN_LONGITUDE, COLUMN_LATITUDE, COLUMN_LOCATION_NAME};

	if (settings->columns == TEMPLATE_FULL)
		for (int i = 0; i < COLUMN_COUNT; i++)
			add_column(columns, old, (enum column)i);
	else
		for (size_t i = 0; i < sizeof minimal / sizeof minimal[0]; i++)
			if (i < 5 || any_cell(rows, minimal[i]))
				add_column(columns, old, minimal[i]);
	for (size_t i = 0; i < old->header.count; i++) {
		bool known = false;

		for (size_t j = 0; j < columns->count; j++)
			known = known || columns->items[j].old == (int)i;
		if (!known)
			ARRAY_APPEND(
				columns, ((struct one_column){old->header.items[i], -1, (int)i}));
	}
}

static bool is_time(int column)
{
	return column == COLUMN_START || column == COLUMN_END;
}

static char *merged_cell(const struct template_settings *settings, const struct row *row,
	const struct old_row *old_row, const struct one_column *column,
	struct template_result *result)
{
	const char *ours = column->ours < 0 ? NULL : row->cells[column->ours];
	const char *old = old_cell(old_row, column->old);

	if (old[0] == '\0' || column->ours == COLUMN_ID)
		return xstrdup(ours == NULL ? "" : ours);
	if (is_time(column->ours))
		return merge_time(settings, row, (enum column)column->ours, old, result);
	if (column->ours == COLUMN_CAMERA_MODEL && strncmp(old, "(unknown)", 9) == 0)
		return xstrdup(ours);
	return xstrdup(old);
}

static char *kept_cell(const struct template_settings *settings, const struct old_row *row,
	const struct one_column *column)
{
	const char *old = old_cell(row, column->old);

	if (is_time(column->ours))
		return same_time(settings, old, column->ours == COLUMN_END);
	return xstrdup(old);
}

/* Frees the cells. */
static void write_cells(FILE *stream, char **cells, size_t count)
{
	csv_write(stream, (const char *const *)cells, count);
	for (size_t i = 0; i < count; i++)
		free(cells[i]);
}

static void write_rows(FILE *stream, const struct template_settings *settings,
	const struct row_list *rows, struct old_table *old, const struct columns *columns,
	struct template_result *result)
{
	char **cells = xcalloc(columns->count, sizeof *cells);
	size_t kept = 0;

	for (size_t i = 0; i < columns->count; i++)
		cells[i] = xstrdup(columns->items[i].name);
	write_cells(stream, cells, columns->count);
	for (size_t i = 0; i < rows->count; i++) {
		struct old_row *match = old_find(old, rows->items[i].cells[COLUMN_ID]);

		if (match != NULL)
			match->used = true;
		for (size_t j = 0; j < columns->count; j++)
			cells[j] = merged_cell(
				settings, &rows->items[i], match, &columns->items[j], result);
		write_cells(stream, cells, columns->count);
	}
	for (size_t i = 0; i < old->count; i++) {
		if (old->items[i].used)
			continue;
		for (size_t j = 0; j < columns->count; j++)
			cells[j] = kept_cell(settings, &old->items[i], &columns->items[j]);
		write_cells(stream, cells, columns->count);
		kept++;
	}
	free(cells);
	result->rows = rows->count + kept;
	if (kept > 0) {
		char *message = xasprintf("%zu row%s of '%s' kept that belong%s to no folder read",
			kept, kept == 1 ? "" : "s", settings->merge, kept == 1 ? "s" : "");

		string_list_add(&result->warnings, message);
		free(message);
	}
}

int table_write(const struct template_settings *settings, const struct row_list *rows,
	struct old_table *old, struct template_result *result, struct error *err)
{
	FILE *stream = open_memstream(&result->table, &result->table_size);
	struct columns columns = {0};
	bool failed;

	if (stream == NULL)
		return error_errno(err, "cannot make the table");
	choose_columns(settings, rows, old, &columns);
	write_rows(stream, settings, rows, old, &columns, result);
	free(columns.items);
	failed = ferror(stream) != 0;
	if (fclose(stream) != 0 || failed)
		return error_set(err, ERROR_SYSTEM, "cannot make the table");
	return 0;
}

void rows_release(struct row_list *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		for (size_t j = 0; j < COLUMN_COUNT; j++)
			free(rows->items[i].cells[j]);
		free(rows->items[i].folder);
	}
	free(rows->items);
	*rows = (struct row_list){0};
}
