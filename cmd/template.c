/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit template: writes the deployments table that TRAPPER imports. */
#include "trapkit/template.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/general.h"
#include "cli/options.h"
#include "stages.h"
#include "trapkit/ledger.h"
#include "trapkit/output_file.h"
#include "trapkit/survey.h"
#include "trapkit/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static struct {
	char *output, *output_path, *merge, *locations;
	int time_format, columns, time_fallback, split;
	bool overwrite;
} settings;

static const char *const time_formats[] = {"offset", "naive", "utc", NULL};
static const char *const column_sets[] = {"minimal", "full", NULL};
static const char *const fallbacks[] = {"mtime", "refuse", NULL};

static const struct option options[] = {
	{.name = "output",
		.letter = 'o',
		.value = "FILE",
		.file = &settings.output,
		.help = "Write the table to FILE instead of DATA/deployments.csv; '-' prints it."},
	{.name = "output-path",
		.value = "DIR",
		.directory = &settings.output_path,
		.marks = OPTION_HIDDEN,
		.help = "Write DIR/deployments.csv."},
	{.name = "time-format",
		.value = "FORMAT",
		.choice = &settings.time_format,
		.choices = time_formats,
		.fallback = "offset",
		.help = "Write times with their offset, naive as TRAPPER's import form takes them, "
			"or in utc."},
	{.name = "columns",
		.value = "SET",
		.choice = &settings.columns,
		.choices = column_sets,
		.fallback = "minimal",
		.help = "Write the minimal columns, or the full 24 of Camtrap DP."},
	{.name = "merge",
		.value = "OLD.csv",
		.file = &settings.merge,
		.help = "Keep what a person filled in in OLD.csv."},
	{.name = "locations",
		.value = "FILE",
		.file = &settings.locations,
		.help = "Take positions and names of locations from a CSV or GPX file."},
	{.name = "time-fallback",
		.section = "PACKAGE",
		.value = "WHAT",
		.choice = &settings.time_fallback,
		.choices = fallbacks,
		.fallback = "mtime",
		.help = "Date files without a date inside by the file's time, or leave them out."},
	{.name = "split",
		.section = "PACKAGE",
		.value = "WHERE",
		.choice = &settings.split,
		.choices = package_splits,
		.fallback = "size",
		.help = "With camera, make a row of each camera that left pictures in a folder."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Replace a table that is there already."},
	{0},
};

static const struct option *const tables[] = {options, data_options, timezone_options, NULL};

static struct zone *open_zone(struct session *session, struct error *err)
{
	if (general.timezone == NULL) {
		if (settings.time_format != TEMPLATE_NAIVE)
			console_warning(session->console,
				"no time zone is set, so the cameras' clocks are taken for UTC; "
				"give --timezone");
		return zone_open("UTC", err);
	}
	return zone_open(general.timezone, err);
}

/* The list of a setting that `package` may have, so that both look at the same files. */
static const struct string_list *extensions(const char *key)
{
	const struct option *row = option_find_setting("PACKAGE", key, 0);

	return row == NULL ? NULL : row->list;
}

static void warn_through(void *context, const char *message)
{
	console_warning(context, "%s", message);
}

static struct ledger *open_ledger(struct session *session, struct error *err)
{
	char *folder = session->work_dir != NULL ? xstrdup(session->work_dir)
						 : text_join_path(general.data_path, ".trapkit");
	struct ledger *ledger =
		ledger_open(folder, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
			session->wait_lock, warn_through, session->console, err);

	free(folder);
	return ledger;
}

/* Brings the ledger up to date. */
static int survey(
	struct session *session, struct ledger *ledger, uint64_t *failed, struct error *err)
{
	struct survey_settings what = {.data_path = general.data_path,
		.collections = &general.collections,
		.image_extensions = extensions("image_extensions"),
		.video_extensions = extensions("video_extensions"),
		.jobs = session->jobs,
		.now = (int64_t)time(NULL),
		.fail_fast = session->fail_fast};
	struct survey_result found = {0};
	int status = survey_run(&what, ledger, &found, session->progress, err);

	*failed = found.failed;
	survey_result_release(&found);
	return status;
}

static int make_table(struct session *session, const struct zone *zone,
	struct template_result *result, uint64_t *failed, struct error *err)
{
	struct template_settings what = {.collections = &general.collections,
		.zone = zone,
		.ignore_dst = general.ignore_dst,
		.split_cameras = settings.split == PACKAGE_SPLIT_CAMERA,
		.refuse_mtime = settings.time_fallback == 1,
		.times = (enum template_times)settings.time_format,
		.columns = (enum template_columns)settings.columns,
		.merge = settings.merge,
		.locations = settings.locations};
	struct stat status;
	struct ledger *ledger;
	int done;

	/* Before the ledger makes its folder in what may be a misspelt path. */
	if (stat(general.data_path, &status) != 0)
		return error_errno(err, "cannot read data path '%s'", general.data_path);
	ledger = open_ledger(session, err);
	if (ledger == NULL)
		return -1;
	done = survey(session, ledger, failed, err);
	if (done == 0)
		done = template_make(ledger, &what, result, session->progress, err);
	ledger_close(ledger);
	return done;
}

/* ---- results ---- */

static char *output_path(void)
{
	if (settings.output != NULL)
		return xstrdup(settings.output);
	return text_join_path(
		settings.output_path != NULL ? settings.output_path : general.data_path,
		"deployments.csv");
}

/* True when the file holds exactly the table already. */
static bool is_up_to_date(const char *path, const struct template_result *result)
{
	FILE *file = fopen(path, "re");
	char *bytes = xmalloc(result->table_size + 1);
	size_t size = 0;
	bool same;

	if (file != NULL) {
		size = fread(bytes, 1, result->table_size + 1, file);
		fclose(file);
	}
	same = file != NULL && size == result->table_size &&
		memcmp(bytes, result->table, size) == 0;
	free(bytes);
	return same;
}

static int write_table(struct session *session, const char *path,
	const struct template_result *result, struct error *err)
{
	struct output_file file = {0};
	struct stat status;
	size_t rows = result->rows;
	const char *plural = rows == 1 ? "" : "s";

	if (strcmp(path, "-") == 0) {
		console_write(session->console, result->table, result->table_size);
		return 0;
	}
	if (is_up_to_date(path, result)) {
		console_print(
			session->console, "'%s' is up to date, %zu row%s\n", path, rows, plural);
		return 0;
	}
	if (!settings.overwrite && stat(path, &status) == 0)
		return error_set(err, ERROR_INPUT,
			"'%s' exists and is different; --overwrite replaces it, and with --merge "
			"'%s' as well what was filled in there is kept",
			path, path);
	if (session->dry_run) {
		console_print(
			session->console, "Would write '%s', %zu row%s\n", path, rows, plural);
		return 0;
	}
	if ((settings.output == NULL && settings.output_path != NULL &&
		    make_folders(settings.output_path, err) != 0) ||
		output_file_open(&file, path, false, err) != 0)
		return -1;
	if (fwrite(result->table, 1, result->table_size, file.stream) != result->table_size) {
		error_errno(err, "cannot write '%s'", path);
		output_file_discard(&file);
		return -1;
	}
	if (output_file_publish(&file, settings.overwrite ? OUTPUT_REPLACE : OUTPUT_REFUSE, err) !=
		0)
		return -1;
	console_print(session->console, "Wrote '%s', %zu row%s\n", path, rows, plural);
	return 0;
}

/* ISO 8601 with offset, or as the clock showed it where no zone is known. */
static void show_time(int64_t utc, int offset, char out[TIMESTAMP_SIZE])
{
	struct wall_time wall;

	if (general.timezone != NULL) {
		format_local(utc, offset, true, out);
		return;
	}
	wall_from_seconds(utc + offset, &wall);
	format_wall(&wall, out);
}

static void add_list(cJSON *object, const char *name, const struct string_list *list)
{
	cJSON *array = cJSON_AddArrayToObject(object, name);

	for (size_t i = 0; i < list->count; i++) {
		char *text = text_escape(list->items[i]);

		cJSON_AddItemToArray(array, cJSON_CreateString(text));
		free(text);
	}
}

static void fill_document(cJSON *document, const char *path, const struct template_result *result)
{
	cJSON *array = cJSON_AddArrayToObject(document, "deployments");

	for (size_t i = 0; i < result->deployments.count; i++) {
		const struct template_deployment *deployment = &result->deployments.items[i];
		cJSON *item = cJSON_CreateObject();
		char *folder = text_escape(deployment->folder);
		char first[TIMESTAMP_SIZE], last[TIMESTAMP_SIZE];

		cJSON_AddStringToObject(item, "id", deployment->id);
		cJSON_AddStringToObject(item, "location", deployment->location);
		cJSON_AddStringToObject(item, "folder", folder);
		cJSON_AddNumberToObject(item, "files", (double)deployment->files);
		cJSON_AddNumberToObject(item, "undated", (double)deployment->undated);
		show_time(deployment->first, deployment->first_offset, first);
		show_time(deployment->last, deployment->last_offset, last);
		cJSON_AddItemToObject(item, "first",
			deployment->dated ? cJSON_CreateString(first) : cJSON_CreateNull());
		cJSON_AddItemToObject(item, "last",
			deployment->dated ? cJSON_CreateString(last) : cJSON_CreateNull());
		add_list(item, "cameras", &deployment->cameras);
		add_list(item, "warnings", &deployment->warnings);
		cJSON_AddItemToArray(array, item);
		free(folder);
	}
	add_list(document, "warnings", &result->warnings);
	cJSON_AddStringToObject(document, "output", path);
	cJSON_AddNumberToObject(document, "rows", (double)result->rows);
	cJSON_AddItemToObject(document, "zone",
		general.timezone == NULL ? cJSON_CreateNull()
					 : cJSON_CreateString(general.timezone));
	cJSON_AddBoolToObject(document, "ignore_dst", general.ignore_dst);
}

static void show_report(struct session *session, const struct template_result *result)
{
	struct table table = {0};

	table_init(&table, "deployment", "files", "first", "last", "cameras", (const char *)NULL);
	table_align_right(&table, 1);
	for (size_t i = 0; i < result->deployments.count; i++) {
		const struct template_deployment *deployment = &result->deployments.items[i];
		char first[TIMESTAMP_SIZE] = "-", last[TIMESTAMP_SIZE] = "-";
		char *cameras = xstrdup(deployment->cameras.count == 0 ? "-" : "");

		if (deployment->dated) {
			show_time(deployment->first, deployment->first_offset, first);
			show_time(deployment->last, deployment->last_offset, last);
		}
		for (size_t j = 0; j < deployment->cameras.count; j++) {
			char *more = xasprintf("%s%s%s", cameras, j == 0 ? "" : ", ",
				deployment->cameras.items[j]);

			free(cameras);
			cameras = more;
		}
		table_cell(&table, "%s", deployment->folder);
		table_cell(&table, "%llu", (unsigned long long)deployment->files);
		table_cell(&table, "%s", first);
		table_cell(&table, "%s", last);
		table_cell(&table, "%s", cameras);
		free(cameras);
	}
	table.friendly = true;
	console_table(session->console, &table);
	table_release(&table);
}

static int run(struct session *session, struct error *err)
{
	struct template_result result = {0};
	struct zone *zone;
	uint64_t failed = 0;
	char *path = output_path();
	int status = -1;

	if (strcmp(path, "-") == 0 && session->json) {
		error_set(err, ERROR_USAGE, "--output - and --json both want standard output");
		free(path);
		return -1;
	}
	zone = open_zone(session, err);
	if (zone == NULL)
		goto done;
	if (make_table(session, zone, &result, &failed, err) != 0)
		goto done;
	fill_document(session->result, path, &result);
	if (strcmp(path, "-") != 0 && result.deployments.count > 0)
		show_report(session, &result);
	if (result.rows == 0) {
		error_set(err, ERROR_INPUT,
			"no deployment with files below '%s', so no table was written",
			general.data_path);
		goto done;
	}
	if (write_table(session, path, &result, err) == 0)
		status = failed > 0 || result.failed > 0;
done:
	zone_free(zone);
	template_result_release(&result);
	free(path);
	return status;
}

const struct command command_template = {
	.name = "template",
	.summary = "Write the deployments table that TRAPPER imports",
	.description =
		"Reads the dates of all files below the data path and writes one row for each "
		"deployment folder: deploymentID (the folder's name as TRAPPER writes it), "
		"locationID (what follows its first '-'), deploymentStart, deploymentEnd and "
		"cameraModel. Longitude and latitude are added when the pictures carry GPS "
		"positions or --locations gives them; locationID then takes the spelling of that "
		"file.\n"
		"\n"
		"TRAPPER asks for time zone and 'ignore DST' when the table is imported: give it "
		"the ones given here. If its import form refuses times with an offset, use "
		"--time-format naive.\n"
		"\n"
		"With --merge, a cell that is filled in in the old table stays. Start and end stay "
		"as long as all files lie between them. Rows and columns that only the old table "
		"has are kept.\n"
		"\n"
		"Start and end do not count files dated before 2001 or in the future: there the "
		"camera's clock had been reset. They, gaps of two weeks and more, two cameras in "
		"one folder and times out of order with the file numbers are reported.\n"
		"\n"
		"A deployment is one camera at one place. With --split camera (or PACKAGE.split "
		"in the settings, which serves 'trapkit package' too) a folder in which several "
		"cameras left pictures gives one row for each: to the deploymentID of the folder "
		"comes the camera's number or, where it tells none, its model; the location stays "
		"that of the folder. A video or picture that names no camera belongs to that of "
		"the file before it, by name. What would be split is told first, by a run without "
		"the option.",
	.examples = "# A table beside the collections\n"
		    "$ trapkit template --data-path /data/2024 --timezone Europe/Warsaw\n"
		    "# More files came: keep what was filled in, take positions from a "
		    "receiver\n"
		    "$ trapkit template --data-path /data/2024 --timezone Europe/Warsaw \\\n"
		    "    --merge /data/2024/deployments.csv --locations sites.gpx --overwrite\n",
	.files = "DATA/deployments.csv: The table, unless --output names another place.\n",
	.related = "trapkit-package 1, trapkit-report 1, trapkit-technician 7",
	.options = tables,
	.run = run,
};
