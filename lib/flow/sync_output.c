/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of the traplinked database as CSV, JSON, JSON lines and GeoJSON. */
#include "trapkit/csv.h"
#include "trapkit/error.h"
#include "trapkit/sync.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	struct traplinked_rows *rows;
	FILE *out;
	size_t columns;
	bool first; /* no entry written yet */
	int latitude, longitude;
};

static cJSON *value_of(const struct traplinked_cell *cell)
{
	switch (cell->type) {
	case TRAPLINKED_INTEGER:
	case TRAPLINKED_REAL:
		return cJSON_CreateNumber(cell->real);
	case TRAPLINKED_TEXT:
		return cJSON_CreateString(cell->text);
	case TRAPLINKED_BOOL:
		return cJSON_CreateBool(cell->integer != 0);
	default:
		return cJSON_CreateNull();
	}
}

/* "a,b" as a list: null and missing members are told apart by it. */
static cJSON *list_of(const char *text)
{
	cJSON *array = cJSON_CreateArray();

	while (text != NULL && *text != '\0') {
		size_t length = strcspn(text, ",");
		char *item = xstrndup(text, length);

		cJSON_AddItemToArray(array, cJSON_CreateString(item));
		free(item);
		text += length + (text[length] == ',');
	}
	return array;
}

static cJSON *object_of(
	const struct writer *writer, const struct traplinked_cell *cells, bool with_position)
{
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; i < writer->columns; i++) {
		const char *name = traplinked_rows_name(writer->rows, i);
		bool position = (int)i == writer->latitude || (int)i == writer->longitude;

		if (position && !with_position)
			continue;
		if (strcmp(name, "missing_fields") == 0 || strcmp(name, "changed") == 0)
			cJSON_AddItemToObject(object, name, list_of(cells[i].text));
		else
			cJSON_AddItemToObject(object, name, value_of(&cells[i]));
	}
	return object;
}

static void put_object(struct writer *writer, cJSON *object, const char *before)
{
	char *text = cJSON_PrintUnformatted(object);

	fprintf(writer->out, "%s%s", before, text == NULL ? "null" : text);
	free(text);
	cJSON_Delete(object);
}

static void put_json(struct writer *writer, const struct traplinked_cell *cells)
{
	put_object(writer, object_of(writer, cells, true), writer->first ? "\n" : ",\n");
}

static void put_line(struct writer *writer, const struct traplinked_cell *cells)
{
	put_object(writer, object_of(writer, cells, true), "");
	fputc('\n', writer->out);
}

/* RFC 7946: longitude first. Positions that are none are left out. */
static void put_feature(struct writer *writer, const struct traplinked_cell *cells)
{
	const struct traplinked_cell *latitude = &cells[writer->latitude];
	const struct traplinked_cell *longitude = &cells[writer->longitude];
	cJSON *feature, *geometry, *position;

	if (latitude->type == TRAPLINKED_NULL || longitude->type == TRAPLINKED_NULL ||
		!(latitude->real >= -90 && latitude->real <= 90) ||
		!(longitude->real >= -180 && longitude->real <= 180))
		return;
	feature = cJSON_CreateObject();
	cJSON_AddStringToObject(feature, "type", "Feature");
	cJSON_AddStringToObject(feature, "id", cells[0].text == NULL ? "" : cells[0].text);
	geometry = cJSON_AddObjectToObject(feature, "geometry");
	cJSON_AddStringToObject(geometry, "type", "Point");
	position = cJSON_AddArrayToObject(geometry, "coordinates");
	cJSON_AddItemToArray(position, cJSON_CreateNumber(longitude->real));
	cJSON_AddItemToArray(position, cJSON_CreateNumber(latitude->real));
	cJSON_AddItemToObject(feature, "properties", object_of(writer, cells, false));
	put_object(writer, feature, writer->first ? "\n" : ",\n");
	writer->first = false;
}

/* A number in the fewest digits that read back as the same. */
static char *number_text(double number)
{
	for (int digits = 6; digits < 17; digits++) {
		char *text = xasprintf("%.*g", digits, number);

		if (strtod(text, NULL) == number)
			return text;
		free(text);
	}
	return xasprintf("%.17g", number);
}

static char *cell_text(const struct traplinked_cell *cell)
{
	switch (cell->type) {
	case TRAPLINKED_INTEGER:
		return xasprintf("%" PRId64, cell->integer);
	case TRAPLINKED_REAL:
		return number_text(cell->real);
	case TRAPLINKED_BOOL:
		return xstrdup(cell->integer != 0 ? "true" : "false");
	case TRAPLINKED_TEXT:
		return xstrdup(cell->text);
	default:
		return xstrdup("");
	}
}

static void put_record(struct writer *writer, const struct traplinked_cell *cells)
{
	char **texts = xcalloc(writer->columns, sizeof *texts);

	for (size_t i = 0; i < writer->columns; i++)
		texts[i] = cell_text(&cells[i]);
	csv_write(writer->out, (const char *const *)texts, writer->columns);
	for (size_t i = 0; i < writer->columns; i++)
		free(texts[i]);
	free(texts);
}

static void put_header(struct writer *writer)
{
	const char **names = xcalloc(writer->columns, sizeof *names);

	for (size_t i = 0; i < writer->columns; i++)
		names[i] = traplinked_rows_name(writer->rows, i);
	csv_write(writer->out, names, writer->columns);
	free(names);
}

static int put_rows(struct writer *writer, enum sync_format format, struct error *err)
{
	static void (*const put[])(struct writer *, const struct traplinked_cell *) = {
		[SYNC_JSON] = put_json,
		[SYNC_CSV] = put_record,
		[SYNC_GEOJSON] = put_feature,
		[SYNC_JSONL] = put_line,
	};
	const struct traplinked_cell *cells;
	int more;

	while ((more = traplinked_rows_next(writer->rows, &cells, err)) == 1) {
		put[format](writer, cells);
		if (format != SYNC_GEOJSON)
			writer->first = false;
	}
	return more;
}

int sync_write(struct sync *sync, enum traplinked_table table, enum sync_format format,
	int64_t since_run, FILE *out, struct error *err)
{
	struct writer writer = {.out = out, .first = true, .latitude = -1, .longitude = -1};
	int result;

	writer.rows = sync_rows(sync, table, since_run, err);
	if (writer.rows == NULL)
		return -1;
	writer.columns = traplinked_rows_columns(writer.rows);
	for (size_t i = 0; i < writer.columns; i++) {
		const char *name = traplinked_rows_name(writer.rows, i);

		if (strcmp(name, "latitude") == 0)
			writer.latitude = (int)i;
		else if (strcmp(name, "longitude") == 0)
			writer.longitude = (int)i;
	}
	if (format == SYNC_CSV)
		put_header(&writer);
	else if (format == SYNC_JSON)
		fputs("[", out);
	else if (format == SYNC_GEOJSON)
		fputs("{\"type\":\"FeatureCollection\",\"features\":[", out);
	result = format == SYNC_GEOJSON && writer.latitude < 0
		? error_set(err, ERROR_USAGE, "only devices have a place on a map")
		: put_rows(&writer, format, err);
	if (format == SYNC_JSON)
		fputs(writer.first ? "]\n" : "\n]\n", out);
	else if (format == SYNC_GEOJSON)
		fputs(writer.first ? "]}\n" : "\n]}\n", out);
	traplinked_rows_close(writer.rows);
	return result;
}
