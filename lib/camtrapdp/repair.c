/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a package anew, row by row, as the standard wants it. */
#include "repair.h"

#include "cells.h"
#include "container.h"
#include "keys.h"
#include "metadata.h"
#include "rows.h"
#include "trapkit/camtrapdp.h"
#include "trapkit/error.h"
#include "trapkit/output_file.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_DESCRIPTOR (16u << 20)
#define MOST_NAMES 100000
#define POLL_EVERY 4096
/* The deployments that set the scopes: furthest west, east, south, north; first, last. */
#define EXTREMES 6

struct repairing {
	const struct container *container;
	const char *folder;
	struct camtrapdp_repair *repair;
	const struct progress *progress;
	struct descriptor descriptor;
	struct camtrapdp_summary summary;
	struct camtrapdp_deployment_list extremes;
	struct key_map names, ids;
	struct {
		struct camtrapdp_taxon *items;
		size_t count, capacity;
	} taxa;
};

/* One table, or part of one, being copied. */
struct copy {
	struct repairing *repairing;
	enum table_kind kind;
	struct camtrapdp_writer *writer;
	struct rows *rows;
	int map[MOST_CELLS]; /* column to field; -1 = it is left out */
	size_t columns;
	struct repair_row row;
	char empty; /* what a cell that is not there points to */
};

void camtrapdp_repair_release(struct camtrapdp_repair *repair)
{
	free(repair->changes.items);
	*repair = (struct camtrapdp_repair){0};
}

/* ---- what is gathered for the descriptor ---- */

static void copy_deployment(
	struct camtrapdp_deployment *to, const struct camtrapdp_deployment *from)
{
	for (size_t i = 0; i < CAMTRAPDP_DEPLOYMENT_COLUMNS; i++)
		free(to->cells[i]);
	*to = *from;
	for (size_t i = 0; i < CAMTRAPDP_DEPLOYMENT_COLUMNS; i++)
		to->cells[i] = i == D_START || i == D_END ? xstrdup(from->cells[i]) : NULL;
}

static bool moment_of(const char *text, int64_t *time)
{
	struct value value = {0};

	if (!datetime_read(text, strlen(text), false, &value))
		return false;
	*time = value.time;
	return true;
}

static void take_deployment(struct repairing *repairing, const struct repair_row *row)
{
	struct camtrapdp_deployment_list *list = &repairing->extremes;
	struct camtrapdp_deployment here = {
		.cells = {[D_START] = row->cells[D_START], [D_END] = row->cells[D_END]}};
	struct camtrapdp_deployment *items;

	if (!text_parse_number(row->cells[D_LATITUDE], &here.latitude) ||
		!text_parse_number(row->cells[D_LONGITUDE], &here.longitude) ||
		!moment_of(row->cells[D_START], &here.start) ||
		!moment_of(row->cells[D_END], &here.end))
		return;
	if (list->count == 0) {
		list->items = xcalloc(EXTREMES, sizeof *list->items);
		list->count = list->capacity = EXTREMES;
		for (size_t i = 0; i < EXTREMES; i++)
			copy_deployment(&list->items[i], &here);
		return;
	}
	items = list->items;
	if (here.longitude < items[0].longitude)
		copy_deployment(&items[0], &here);
	if (here.longitude > items[1].longitude)
		copy_deployment(&items[1], &here);
	if (here.latitude < items[2].latitude)
		copy_deployment(&items[2], &here);
	if (here.latitude > items[3].latitude)
		copy_deployment(&items[3], &here);
	if (here.start < items[4].start)
		copy_deployment(&items[4], &here);
	if (here.end > items[5].end)
		copy_deployment(&items[5], &here);
}

static void take_observation(struct repairing *repairing, const struct repair_row *row)
{
	const char *name = row->cells[O_NAME];
	uint64_t *slot;

	if (strcmp(row->cells[O_LEVEL], "media") == 0)
		repairing->summary.has_level[LEVEL_MEDIA] = true;
	else if (strcmp(row->cells[O_LEVEL], "event") == 0)
		repairing->summary.has_level[LEVEL_EVENT] = true;
	if (*name != '\0' && repairing->taxa.count < MOST_NAMES &&
		key_add(&repairing->names, key_hash(name, strlen(name), 0), 0, &slot))
		ARRAY_APPEND(&repairing->taxa, ((struct camtrapdp_taxon){.name = xstrdup(name)}));
}

static void take_row(struct repairing *repairing, const struct repair_row *row)
{
	const char *path;

	switch (row->kind) {
	case DEPLOYMENTS:
		take_deployment(repairing, row);
		break;
	case MEDIA:
		path = row->cells[M_PATH];
		repairing->repair->local_files += *path != '\0' && strstr(path, "://") == NULL;
		break;
	case OBSERVATIONS:
		take_observation(repairing, row);
		break;
	case TABLES:
		break;
	}
}

/* ---- rows ---- */

static void take_header(struct copy *copy)
{
	const struct schema *schema = &schemas[copy->kind];
	struct camtrapdp_repair *repair = copy->repairing->repair;
	bool there[MOST_FIELDS] = {false}, ordered = true;
	int last = -1;

	copy->columns = copy->rows->count;
	for (size_t i = 0; i < copy->columns; i++) {
		const struct cell *cell = &copy->rows->cells[i];
		int field = repair_column(copy->kind, cell->text, cell->length);

		if (field >= 0 && there[field])
			field = -1;
		if (field < 0)
			repair_note(repair, schema->name, NULL,
				cell->length == 3 && memcmp(cell->text, "_id", 3) == 0
					? "column '_id', TRAPPER's own number, left out"
					: "column that the standard does not know left out");
		else
			there[field] = true;
		ordered &= field < 0 || field > last;
		last = field < 0 ? last : field;
		copy->map[i] = field;
	}
	for (size_t i = 0; i < schema->count; i++)
		if (!there[i])
			repair_note(
				repair, schema->name, NULL, "column that was missing added, empty");
	if (!ordered)
		repair_note(repair, schema->name, NULL, "columns put in the standard's order");
}

/* The row's cells as NUL-terminated texts; in the buffer there is room behind each. */
static void spread(struct copy *copy)
{
	struct repair_row *row = &copy->row;
	size_t count = copy->rows->count < copy->columns ? copy->rows->count : copy->columns;

	for (size_t i = 0; i < schemas[copy->kind].count; i++)
		row->cells[i] = &copy->empty;
	for (size_t i = 0; i < count; i++) {
		struct cell *cell = &copy->rows->cells[i];

		if (copy->map[i] < 0 || cell->length == 0)
			continue;
		cell->text[cell->length] = '\0';
		row->cells[copy->map[i]] = cell->text;
	}
}

/* A row that is there twice, word by word, counts double: the second is left out. */
static bool is_repeated(struct copy *copy)
{
	uint64_t hash = 0, *slot;
	const char *id = copy->row.cells[0];

	for (size_t i = 0; i < schemas[copy->kind].count; i++)
		hash = key_hash(copy->row.cells[i], strlen(copy->row.cells[i]), hash);
	return *id != '\0' &&
		!key_add(&copy->repairing->ids, key_hash(id, strlen(id), 0), hash, &slot) &&
		*slot == hash;
}

static int put_row(struct copy *copy, struct error *err)
{
	struct camtrapdp_repair *repair = copy->repairing->repair;
	const char *table = schemas[copy->kind].name;

	if (copy->rows->trouble & ROW_BLANK) {
		repair_note(repair, table, NULL, "blank row left out");
		return 0;
	}
	if (copy->rows->trouble & (ROW_NUL | ROW_NOT_UTF8))
		return error_set(err, ERROR_INPUT,
			"row %llu is no UTF-8 text: the file is damaged, or its encoding is not "
			"declared",
			(unsigned long long)repair->rows[copy->kind] + 1);
	if (copy->rows->count > copy->columns)
		return error_set(err, ERROR_INPUT,
			"row %llu has more cells than the header: which is which cannot be told",
			(unsigned long long)repair->rows[copy->kind] + 1);
	if (copy->rows->count < copy->columns)
		repair_note(repair, table, NULL, "row that was too short filled up");
	spread(copy);
	repair_cells(&copy->row, repair);
	if (is_repeated(copy)) {
		repair_note(repair, table, NULL, "row that was there twice left out");
		return 0;
	}
	take_row(copy->repairing, &copy->row);
	repair->rows[copy->kind]++;
	return camtrapdp_write_cells(copy->writer, (const char *const *)copy->row.cells, err);
}

static int copy_rows(struct copy *copy, const struct table_resource *resource, struct error *err)
{
	const uint8_t *bytes;
	size_t size;
	uint64_t count = 0;
	bool header = !resource->no_header;
	int status = table_rows_peek(copy->rows, &bytes, &size, err);

	if (status == 0 && size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		table_rows_skip(copy->rows, 3);
	copy->columns = schemas[copy->kind].count;
	for (size_t i = 0; i < copy->columns; i++)
		copy->map[i] = (int)i;
	while (status == 0 && (status = table_rows_next(copy->rows, err)) > 0) {
		status = 0;
		if (header)
			take_header(copy);
		else
			status = put_row(copy, err);
		header = false;
		if (++count % POLL_EVERY == 0 && status == 0)
			status = progress_check(copy->repairing->progress, err);
	}
	return status;
}

/* ---- tables ---- */

static int copy_part(struct repairing *repairing, enum table_kind kind, const char *name,
	struct camtrapdp_writer *writer, struct error *err)
{
	static const char *const packed[] = {".gz", NULL};
	const struct table_resource *resource = &repairing->descriptor.tables[kind];
	struct copy *copy = xcalloc(1, sizeof *copy);
	struct container_file file;
	struct source *source = NULL;
	int result = container_file_open(repairing->container, name, &file, err);

	*copy = (struct copy){.repairing = repairing, .kind = kind, .writer = writer};
	copy->row.kind = kind;
	copy->rows = xcalloc(1, sizeof *copy->rows);
	if (result == 0)
		source = bytes_source_new(&file.range, text_has_suffix(name, packed), err);
	if (source != NULL) {
		table_rows_init(copy->rows, source, resource->delimiter, resource->quote);
		result = copy_rows(copy, resource, err);
		table_rows_release(copy->rows);
	} else {
		result = -1;
	}
	bytes_source_free(source);
	container_file_close(&file);
	free(copy->rows);
	free(copy);
	return result == 0 ? 0 : error_context(err, "'%s'", name);
}

static int copy_table(struct repairing *repairing, enum table_kind kind, struct error *err)
{
	const struct table_resource *resource = &repairing->descriptor.tables[kind];
	const char *name = schemas[kind].name;
	char *path = xasprintf(
		"%s/%s.csv%s", repairing->folder, name, repairing->summary.gzip ? ".gz" : "");
	FILE *stream = fopen(path, "wbxe");
	struct camtrapdp_writer *writer = NULL;
	int result = -1;

	if (stream == NULL) {
		error_errno(err, "cannot create '%s'", path);
		goto done;
	}
	writer = camtrapdp_writer_open(
		(enum camtrapdp_table)kind, stream, repairing->summary.gzip, err);
	result = writer == NULL ? -1 : 0;
	if (result == 0 && (resource->paths.count == 0 || resource->parquet || resource->latin1))
		result = error_set(err, ERROR_INPUT, "the table '%s' %s: it cannot be written anew",
			name,
			resource->paths.count == 0  ? "is not in the package"
				: resource->parquet ? "is in Parquet"
						    : "is not in UTF-8");
	for (size_t i = 0; result == 0 && i < resource->paths.count; i++)
		result = copy_part(repairing, kind, resource->paths.items[i], writer, err);
	if (result == 0)
		result = camtrapdp_writer_finish(writer, &repairing->summary.written[kind], err);
	if (result == 0 && fsync(fileno(stream)) != 0)
		result = error_errno(err, "cannot write '%s'", path);
	key_map_release(&repairing->ids);
done:
	camtrapdp_writer_close(writer);
	if (stream != NULL && fclose(stream) != 0 && result == 0)
		result = error_errno(err, "cannot write '%s'", path);
	free(path);
	return result;
}

/* ---- the descriptor ---- */

static int64_t created(const cJSON *json, struct camtrapdp_repair *repair)
{
	const char *text = string_of(json, "created");
	struct value value = {0};
	int64_t days;

	if (text != NULL && datetime_read(text, strlen(text), true, &value))
		return value.time;
	repair_note(repair, NULL, "created", "written as a date and time");
	return text != NULL && date_read(text, strlen(text), &days) ? days * 86400
								    : (int64_t)time(NULL);
}

static void leave_resources_out(
	const struct container *container, const cJSON *json, struct camtrapdp_repair *repair)
{
	const cJSON *resource;

	if (container_find(container, "metadata.json", NULL) == CONTAINER_FOUND)
		repair_note(repair, NULL, NULL, "metadata.json, TRAPPER's own file, left out");
	cJSON_ArrayForEach(resource, member(json, "resources"))
	{
		const char *name = string_of(resource, "name");
		bool known = false;

		for (int i = 0; name != NULL && i < TABLES; i++)
			known |= strcmp(name, schemas[i].name) == 0;
		if (!known)
			repair_note(repair, NULL, "resources",
				"resource that is none of the three tables left out");
	}
}

static int write_descriptor(struct repairing *repairing, struct error *err)
{
	struct camtrapdp_metadata metadata = {.json = repairing->descriptor.json};
	struct camtrapdp_summary *summary = &repairing->summary;
	struct camtrapdp_repair *repair = repairing->repair;
	char *path, *text;
	int result;

	summary->created = created(metadata.json, repair);
	repair_properties(metadata.json, repair);
	leave_resources_out(repairing->container, metadata.json, repair);
	if (repairing->descriptor.version != VERSION_1_0_2)
		repair_note(repair, NULL, "profile", "set to Camtrap DP 1.0.2");
	if (!summary->has_level[LEVEL_EVENT] && !repairing->descriptor.gbif_media) {
		cJSON *gbif = cJSON_CreateObject();

		cJSON_AddStringToObject(gbif, "observationLevel", "media");
		cJSON_DeleteItemFromObjectCaseSensitive(metadata.json, "gbifIngestion");
		cJSON_AddItemToObject(metadata.json, "gbifIngestion", gbif);
		repair_note(repair, NULL, "gbifIngestion",
			"set to 'media', as there are no event rows for GBIF to take");
	}
	summary->precision = repairing->descriptor.precision;
	summary->deployments = &repairing->extremes;
	summary->taxa = repairing->taxa.items;
	summary->taxon_count = repairing->taxa.count;
	text = camtrapdp_descriptor(&metadata, summary);
	path = text_join_path(repairing->folder, "datapackage.json");
	result = output_file_write(path, text, strlen(text), false, err);
	free(path);
	free(text);
	return result;
}

static int read_descriptor(struct repairing *repairing, struct error *err)
{
	const struct container *container = repairing->container;
	struct camtrapdp_report report = {.most = 1};
	size_t size = 0;
	char *text =
		container_read_all(container, container->descriptor, MOST_DESCRIPTOR, &size, err);
	int result;

	if (text == NULL)
		return error_context(err, "'%s'", container->descriptor);
	result = descriptor_read(text, size, &repairing->descriptor, &report);
	if (result != 0)
		error_set(err, ERROR_INPUT, "'%s' is no JSON object: it cannot be mended",
			container->descriptor);
	camtrapdp_report_release(&report);
	free(text);
	return result;
}

static void release(struct repairing *repairing)
{
	descriptor_release(&repairing->descriptor);
	camtrapdp_deployment_list_release(&repairing->extremes);
	key_map_release(&repairing->names);
	key_map_release(&repairing->ids);
	for (size_t i = 0; i < repairing->taxa.count; i++)
		free(repairing->taxa.items[i].name);
	free(repairing->taxa.items);
}

int camtrapdp_repair(const char *path, const char *folder, struct camtrapdp_repair *repair,
	const struct progress *progress, struct error *err)
{
	static const char *const packed[] = {".gz", NULL};
	struct container container = {.archive.fd = -1};
	struct repairing repairing = {
		.container = &container, .folder = folder, .repair = repair, .progress = progress};
	int result = container_open(path, &container, err);

	if (result == 0)
		result = read_descriptor(&repairing, err);
	if (result == 0 && repairing.descriptor.tables[MEDIA].paths.count > 0)
		repairing.summary.gzip =
			text_has_suffix(repairing.descriptor.tables[MEDIA].paths.items[0], packed);
	for (enum table_kind kind = DEPLOYMENTS; result == 0 && kind < TABLES; kind++)
		result = copy_table(&repairing, kind, err);
	if (result == 0)
		result = write_descriptor(&repairing, err);
	release(&repairing);
	container_close(&container);
	return result;
}
