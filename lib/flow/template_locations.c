/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the cameras hang: locations from a CSV as TRAPPER takes it, or from a GPX file. */
#include "template_parts.h"
#include "trapkit/csv.h"
#include "trapkit/error.h"
#include "trapkit/gpx.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

#define MOST_LOCATIONS 1000000

static bool in_range(const char *text, double limit)
{
	double number;

	return text_parse_number(text, &number) && number >= -limit && number <= limit;
}

static void add(struct location_list *list, struct location location)
{
	location.slug = text_slugify(location.id);
	ARRAY_APPEND(list, location);
}

struct location_columns {
	int id, name, latitude, longitude, uncertainty;
};

static int find_columns(const char *path, const struct csv_record *header,
	struct location_columns *columns, struct error *err)
{
	columns->id = csv_find(header, "locationID");
	/* The old headings of TRAPPER's import. */
	if (columns->id < 0)
		columns->id = csv_find(header, "location_id");
	columns->longitude = csv_find(header, "longitude");
	if (columns->longitude < 0)
		columns->longitude = csv_find(header, "X");
	columns->latitude = csv_find(header, "latitude");
	if (columns->latitude < 0)
		columns->latitude = csv_find(header, "Y");
	columns->name = csv_find(header, "locationName");
	columns->uncertainty = csv_find(header, "coordinateUncertainty");
	if (columns->id < 0 || columns->longitude < 0 || columns->latitude < 0)
		return error_set(err, ERROR_INPUT,
			"'%s' lacks a column: locationID, longitude and latitude are needed", path);
	return 0;
}

static int read_record(const char *path, const struct csv_record *record,
	const struct location_columns *columns, struct location_list *list, struct error *err)
{
	const char *id = csv_cell(record, columns->id);
	const char *latitude = csv_cell(record, columns->latitude);
	const char *longitude = csv_cell(record, columns->longitude);

	if (id[0] == '\0' && latitude[0] == '\0' && longitude[0] == '\0')
		return 0;
	if (!in_range(latitude, 90) || !in_range(longitude, 180))
		return error_set(err, ERROR_INPUT,
			"'%s', line %llu: location '%s' has no position in decimal degrees", path,
			(unsigned long long)record->line, id);
	if (list->count >= MOST_LOCATIONS)
		return error_set(err, ERROR_INPUT, "'%s' has too many locations", path);
	add(list,
		(struct location){.id = xstrdup(id),
			.name = xstrdup(csv_cell(record, columns->name)),
			.latitude = xstrdup(latitude),
			.longitude = xstrdup(longitude),
			.uncertainty = xstrdup(csv_cell(record, columns->uncertainty))});
	return 0;
}

static int read_table(FILE *stream, const char *path, struct location_list *list, struct error *err)
{
	struct csv_settings settings = {.name = path};
	struct csv_reader *reader = csv_open(stream, &settings);
	struct location_columns columns = {0};
	struct csv_record record;
	int result = csv_next(reader, &record, err);

	if (result == 0)
		result = error_set(err, ERROR_INPUT, "'%s' is empty", path);
	else if (result > 0)
		result = find_columns(path, &record, &columns, err);
	while (result == 0) {
		int more = csv_next(reader, &record, err);

		if (more <= 0) {
			result = more;
			break;
		}
		result = read_record(path, &record, &columns, list, err);
	}
	csv_close(reader);
	return result;
}

static int read_waypoints(
	FILE *stream, const char *path, struct location_list *list, struct error *err)
{
	struct gpx_waypoints waypoints = {0};
	size_t capacity = 65536, size = 0, got;
	char *bytes = xmalloc(capacity);
	int result;

	while ((got = fread(bytes + size, 1, capacity - size, stream)) > 0) {
		size += got;
		if (size == capacity && capacity <= GPX_MOST_BYTES)
			bytes = xreallocarray(bytes, capacity *= 2, 1);
	}
	if (ferror(stream))
		result = error_errno(err, "cannot read '%s'", path);
	else
		result = gpx_read(bytes, size, path, &waypoints, err);
	for (size_t i = 0; result == 0 && i < waypoints.count; i++)
		add(list,
			(struct location){.id = xstrdup(waypoints.items[i].name),
				.name = xstrdup(""),
				.latitude = xstrdup(waypoints.items[i].latitude),
				.longitude = xstrdup(waypoints.items[i].longitude),
				.uncertainty = xstrdup("")});
	gpx_waypoints_release(&waypoints);
	free(bytes);
	return result;
}

int locations_read(const char *path, struct location_list *list, struct error *err)
{
	static const char *const gpx[] = {".gpx", NULL};
	FILE *stream = fopen(path, "re");
	int result;

	if (stream == NULL)
		return error_errno(err, "cannot read the locations in '%s'", path);
	if (text_has_suffix(path, gpx))
		result = read_waypoints(stream, path, list, err);
	else
		result = read_table(stream, path, list, err);
	fclose(stream);
	return result;
}

void locations_release(struct location_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].id);
		free(list->items[i].name);
		free(list->items[i].slug);
		free(list->items[i].latitude);
		free(list->items[i].longitude);
		free(list->items[i].uncertainty);
	}
	free(list->items);
	*list = (struct location_list){0};
}

const struct location *locations_find(const struct location_list *list, const char *id)
{
	const struct location *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].id, id) == 0)
			return &list->items[i];
		if (found == NULL && list->items[i].slug[0] != '\0' &&
			strcmp(list->items[i].slug, id) == 0)
			found = &list->items[i];
	}
	return found;
}

const char *locations_nearest(const struct location_list *list, const char *id)
{
	const char **ids = xcalloc(list->count + 1, sizeof *ids);
	const char *nearest;

	for (size_t i = 0; i < list->count; i++)
		ids[i] = list->items[i].id;
	nearest = text_nearest(id, ids);
	free(ids);
	return nearest;
}
