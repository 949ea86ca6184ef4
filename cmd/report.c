/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit report: one page on a card, for the person who brought it. */
#include "trapkit/report.h"

#include "cli/blur.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/detection.h"
#include "cli/general.h"
#include "stages.h"
#include "trapkit/ledger.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
	char *output, *locations, *detections;
	bool overwrite;
} settings;

static const struct option options[] = {
	{.name = "output",
		.letter = 'o',
		.value = "FILE",
		.file = &settings.output,
		.help = "Write the page to FILE instead of DATA/report.html; '-' prints it."},
	{.name = "locations",
		.value = "FILE",
		.file = &settings.locations,
		.help = "Take positions of locations from a CSV or GPX file, for the map."},
	{.name = "detections",
		.value = "FILE",
		.file = &settings.detections,
		.help = "Show what a detector found (MegaDetector's format); unless given, "
			"DATA/.trapkit/detections.json when it is there."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Replace a file that is there and is no report, too."},
	{0},
};

static const struct option *const tables[] = {
	options, data_options, timezone_options, extension_options, NULL};

/* What `trapkit detect` leaves where it is not told otherwise. Owned, or NULL. */
static char *detections_in(const char *work)
{
	char *path;

	if (settings.detections != NULL)
		return xstrdup(settings.detections);
	path = detection_output(work);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static int make_page(
	struct session *session, struct report_result *result, uint64_t *failed, struct error *err)
{
	/* The checks know only instants; without a zone their clock is UTC, and nothing shows it.
	 */
	const char *name = general.timezone == NULL ? "UTC" : general.timezone;
	struct report_settings what = {.data_path = general.data_path,
		.collections = &general.collections,
		.ignore_dst = general.ignore_dst,
		.locations = settings.locations,
		.jobs = session->jobs,
		.now = (int64_t)time(NULL)};
	char *work = stage_work_folder(session, err), *folder = stage_absolute(general.data_path);
	char *detections = work == NULL ? NULL : detections_in(work);
	struct zone *zone = work == NULL ? NULL : zone_open(name, err);
	struct survey_result survey = {0};
	struct blur_rule rule = {0};
	struct ledger *ledger = NULL;
	int status = -1;

	what.title = text_base_name(folder);
	what.zone = zone;
	what.detections = detections;
	if (zone != NULL)
		ledger = ledger_open(work, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
			session->wait_lock, ledger_warning, session, err);
	if (ledger != NULL &&
		blur_rule_open(session, ledger, work, general.data_path, &rule, err) == 0 &&
		survey_stage(session, ledger, &survey, err) == 0) {
		what.blur = rule.kinds == NULL ? NULL : &rule.flow;
		what.work_folder = work;
		status = report_make(ledger, &what, result, session->progress, err);
	}
	*failed = survey.failed;
	if (status == 0 && result->files == 0)
		status = error_set(err, ERROR_INPUT,
			"no deployment with files below '%s'; folders are expected as "
			"DATA/COLLECTION/DEPLOYMENT/FILES",
			general.data_path);
	ledger_close(ledger);
	survey_result_release(&survey);
	blur_rule_release(&rule);
	zone_free(zone);
	free(detections);
	free(folder);
	free(work);
	return status;
}

/* An earlier report may be replaced without asking: it says nothing that the new one does not. */
static bool is_report(const char *path)
{
	char beginning[sizeof REPORT_BEGINNING] = "";
	FILE *file = fopen(path, "re");
	bool same;

	if (file == NULL)
		return false;
	same = fread(beginning, 1, sizeof beginning - 1, file) == sizeof beginning - 1 &&
		strcmp(beginning, REPORT_BEGINNING) == 0;
	fclose(file);
	return same;
}

static int write_page(struct session *session, const char *path, const struct report_result *result,
	struct error *err)
{
	struct stat status;
	char *size;

	if (strcmp(path, "-") == 0) {
		console_write(session->console, result->page, result->size);
		return 0;
	}
	if (!settings.overwrite && stat(path, &status) == 0 && !is_report(path))
		return error_set(err, ERROR_INPUT,
			"'%s' exists and is no report: give another --output, or --overwrite",
			path);
	if (!session->dry_run &&
		output_file_write(path, result->page, result->size, false, err) != 0)
		return -1;
	size = text_size(result->size);
	console_print(session->console, "%s '%s', %s\n", session->dry_run ? "Would write" : "Wrote",
		path, size);
	free(size);
	return 0;
}

static void fill_document(cJSON *document, const char *path, const struct report_result *result)
{
	cJSON *warnings = cJSON_AddArrayToObject(document, "warnings");

	for (size_t i = 0; i < result->warnings.count; i++) {
		char *text = text_escape(result->warnings.items[i]);

		cJSON_AddItemToArray(warnings, cJSON_CreateString(text));
		free(text);
	}
	cJSON_AddStringToObject(document, "output", path);
	cJSON_AddNumberToObject(document, "size", (double)result->size);
	cJSON_AddNumberToObject(document, "deployments", (double)result->deployments);
	cJSON_AddNumberToObject(document, "files", (double)result->files);
	cJSON_AddNumberToObject(document, "bytes", (double)result->bytes);
	cJSON_AddNumberToObject(document, "delivered", (double)result->delivered);
}

static int run(struct session *session, struct error *err)
{
	struct report_result result = {0};
	char *path = settings.output != NULL ? xstrdup(settings.output)
					     : text_join_path(general.data_path, "report.html");
	uint64_t failed = 0;
	int status = -1;

	if (strcmp(path, "-") == 0 && session->json) {
		error_set(err, ERROR_USAGE, "--output - and --json both want standard output");
	} else if (make_page(session, &result, &failed, err) == 0) {
		fill_document(session->result, path, &result);
		if (write_page(session, path, &result, err) == 0)
			status = failed > 0;
	}
	report_result_release(&result);
	free(path);
	return status;
}

const struct command command_report = {
	.name = "report",
	.summary = "Write a page on a card: pictures, activity, warnings, what was delivered",
	.description =
		"Looks at everything below the data path and writes one HTML page that needs "
		"nothing else: it opens from the disk, by mail, on a phone and on paper, without "
		"a network.\n"
		"\n"
		"For each deployment it shows some pictures, evenly chosen from the first to the "
		"last, its counts, activity by day and by hour, temperature and battery where the "
		"camera wrote them, what a detector found, and what looks wrong: clocks that were "
		"reset, gaps of two "
		"weeks and more, two cameras in one folder. A map shows deployments whose "
		"position is in the pictures or in --locations. Packages are listed with what "
		"became of them; a file counts as delivered when it lies, unchanged, in a package "
		"that was.\n"
		"\n"
		"Where 'convert --blur' holds, covered copies are shown, and no file without one.\n"
		"\n"
		"Times are those of the cameras' clocks; --timezone serves the checks for hours "
		"that summer time leaves out. An earlier report is replaced, any other file only "
		"with --overwrite.",
	.examples = "# DATA/report.html\n"
		    "$ trapkit report --data-path /media/card\n"
		    "# With a map from a GPS receiver's waypoints\n"
		    "$ trapkit report --data-path /data/2024 --locations sites.gpx --output "
		    "2024.html\n",
	.files = "DATA/report.html: The page, unless --output names another place.\n",
	.related = "trapkit-detect 1, trapkit-template 1, trapkit-technician 7",
	.options = tables,
	.run = run,
};
