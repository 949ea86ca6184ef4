/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A deployments table as people fill it in, made one of the standard. */
#include "trapkit/camtrapdp_write.h"

#include "schema.h"
#include "trapkit/camtrapdp.h"
#include "trapkit/csv.h"
#include "trapkit/error.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Metres that a position is good for where nothing is told: a GPS receiver's. */
#define USUAL_UNCERTAINTY 30
/* Metres of the diagonal of one degree by one degree at the equator of WGS84. */
#define DEGREE_DIAGONAL 156903.0
#define MOST_PROBLEMS 20

void camtrapdp_deployment_list_release(struct camtrapdp_deployment_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < CAMTRAPDP_DEPLOYMENT_COLUMNS; j++)
			free(list->items[i].cells[j]);
	free(list->items);
	*list = (struct camtrapdp_deployment_list){0};
}

struct reading {
	const char *path;
	const struct zone *zone;
	bool ignore_dst;
	double precision;
	int columns[CAMTRAPDP_DEPLOYMENT_COLUMNS]; /* of the table; -1 = not there */
	struct camtrapdp_deployment_list *list;
	struct string_list *problems;
};

static void add_problem(struct reading *reading, char *problem)
{
	string_list_add(reading->problems, problem);
	free(problem);
}

/* ---- the columns ---- */

static int find_columns(struct reading *reading, const struct csv_record *header, struct error *err)
{
	const struct schema *schema = &schemas[DEPLOYMENTS];

	for (size_t i = 0; i < schema->count; i++) {
		reading->columns[i] = csv_find(header, schema->fields[i].name);
		/* What TRAPPER calls them. */
		if (reading->columns[i] < 0 &&
			strcmp(schema->fields[i].name, "deploymentTags") == 0)
			reading->columns[i] = csv_find(header, "tags");
		if (reading->columns[i] < 0 && schema->fields[i].required)
			return error_set(err, ERROR_INPUT,
				"'%s' has no column '%s'; 'trapkit template --columns full --merge "
				"%s' adds those that are missing, to be filled in",
				reading->path, schema->fields[i].name, reading->path);
	}
	return 0;
}

/* ---- a row ---- */

static char *trimmed(const char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		length--;
	return xstrndup(text, length);
}

/* With an offset, which the standard asks for. What is no time stays, to be found by the check. */
static void settle_time(const struct reading *reading, char **cell, bool is_end, int64_t *utc)
{
	struct wall_time wall;
	struct instant instant;
	char text[TIMESTAMP_SIZE];

	if (!wall_parse_entered(*cell, is_end, &wall))
		return;
	instant = zone_resolve(reading->zone, &wall, reading->ignore_dst);
	*utc = instant.utc;
	format_local(instant.utc, instant.offset, true, text);
	free(*cell);
	*cell = xstrdup(text);
}

/* Decimals that a multiple of `precision` has. */
static int decimals(double precision)
{
	int digits = 0;

	while (digits < 9 && fabs(precision - round(precision)) > 1e-9 * precision) {
		precision *= 10;
		digits++;
	}
	return digits;
}

static void round_position(const struct reading *reading, char **cell, double *degrees)
{
	if (!text_parse_number(*cell, degrees) || reading->precision <= 0)
		return;
	*degrees = round(*degrees / reading->precision) * reading->precision + 0.0;
	free(*cell);
	*cell = xasprintf("%.*f", decimals(reading->precision), *degrees);
}

static void widen_uncertainty(const struct reading *reading, char **cell)
{
	double metres = USUAL_UNCERTAINTY;

	if (reading->precision <= 0 || (**cell != '\0' && !text_parse_number(*cell, &metres)))
		return;
	free(*cell);
	*cell = xasprintf("%.0f", metres + ceil(reading->precision * DEGREE_DIAGONAL));
}

static void take_row(struct reading *reading, const struct csv_record *record)
{
	struct camtrapdp_deployment deployment = {.line = record->line};

	for (size_t i = 0; i < CAMTRAPDP_DEPLOYMENT_COLUMNS; i++)
		deployment.cells[i] = trimmed(csv_cell(record, reading->columns[i]));
	settle_time(reading, &deployment.cells[D_START], false, &deployment.start);
	settle_time(reading, &deployment.cells[D_END], true, &deployment.end);
	round_position(reading, &deployment.cells[D_LATITUDE], &deployment.latitude);
	round_position(reading, &deployment.cells[D_LONGITUDE], &deployment.longitude);
	widen_uncertainty(reading, &deployment.cells[D_UNCERTAINTY]);
	deployment.id = deployment.cells[D_ID];
	ARRAY_APPEND(reading->list, deployment);
}

static int read_rows(struct reading *reading, FILE *stream, struct error *err)
{
	const struct csv_settings settings = {.name = reading->path};
	struct csv_reader *csv = csv_open(stream, &settings);
	struct csv_record record;
	int result = csv_next(csv, &record, err);

	if (result == 0)
		result = error_set(err, ERROR_INPUT,
			"'%s' is empty; 'trapkit template' makes a table of deployments",
			reading->path);
	else if (result > 0)
		result = find_columns(reading, &record, err);
	while (result == 0 && (result = csv_next(csv, &record, err)) > 0) {
		take_row(reading, &record);
		result = 0;
	}
	csv_close(csv);
	return result;
}

/* ---- what the validator says of it ---- */

static void tell_findings(struct reading *reading, const struct camtrapdp_report *report)
{
	for (size_t i = 0; i < report->findings.count; i++) {
		const struct camtrapdp_finding *finding = &report->findings.items[i];
		bool of_row = finding->row > 0 && finding->row <= reading->list->count;
		bool shown = finding->value != NULL && finding->value[0] != '\0';
		uint64_t line = of_row ? reading->list->items[finding->row - 1].line : 1;

		if (finding->severity != CAMTRAPDP_ERROR)
			continue;
		add_problem(reading,
			xasprintf("'%s', line %llu%s%s: %s%s%s%s", reading->path,
				(unsigned long long)line, finding->column == NULL ? "" : ", ",
				finding->column == NULL ? "" : finding->column, shown ? "'" : "",
				shown ? finding->value : "", shown ? "': " : "", finding->message));
	}
}

/* The table as it will be written goes through the check that the package will go through. */
static int check(struct reading *reading, struct error *err)
{
	struct camtrapdp_report report = {.most = MOST_PROBLEMS};
	struct camtrapdp_written written;
	char *bytes = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&bytes, &size);
	struct camtrapdp_writer *writer =
		camtrapdp_writer_open(CAMTRAPDP_DEPLOYMENTS, stream, false, err);
	int result = writer == NULL || stream == NULL ? -1 : 0;

	for (size_t i = 0; result == 0 && i < reading->list->count; i++)
		result = camtrapdp_write_cells(
			writer, (const char *const *)reading->list->items[i].cells, err);
	if (result == 0)
		result = camtrapdp_writer_finish(writer, &written, err);
	if (result == 0) {
		camtrapdp_check_table_bytes((const uint8_t *)bytes, size, DEPLOYMENTS, &report);
		tell_findings(reading, &report);
	}
	camtrapdp_report_release(&report);
	camtrapdp_writer_close(writer);
	if (stream != NULL)
		fclose(stream);
	free(bytes);
	return result;
}

int camtrapdp_read_deployments(const char *path, const struct zone *zone, bool ignore_dst,
	double precision, struct camtrapdp_deployment_list *list, struct string_list *problems,
	struct error *err)
{
	struct reading reading = {.path = path,
		.zone = zone,
		.ignore_dst = ignore_dst,
		.precision = precision,
		.list = list,
		.problems = problems};
	FILE *stream = fopen(path, "re");
	int result;

	if (stream == NULL)
		return errno == ENOENT
			? error_set(err, ERROR_INPUT,
				  "there is no '%s'; 'trapkit template --columns full' makes a "
				  "table of deployments to be filled in",
				  path)
			: error_errno(err, "cannot open '%s'", path);
	result = read_rows(&reading, stream, err);
	fclose(stream);
	if (result == 0)
		result = check(&reading, err);
	if (result == 0 && problems->count > 0)
		result = error_set(err, ERROR_INPUT, "%zu problem%s in '%s', the first: %s",
			problems->count, problems->count == 1 ? "" : "s", path, problems->items[0]);
	return result;
}
