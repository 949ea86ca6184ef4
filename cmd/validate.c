/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit validate: what is wrong with a Camtrap DP or a TRAPPER package. */
#include "trapkit/validate.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/file_list.h"
#include "cli/findings.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOUND 3 /* exit status: the package has errors */

static struct {
	bool strict, check_media, overwrite;
	long most;
	char *repair;
} settings;

static const struct option options[] = {
	{.name = "strict",
		.flag = &settings.strict,
		.fallback = "false",
		.help = "Exit with 3 on warnings, too."},
	{.name = "check-media",
		.flag = &settings.check_media,
		.fallback = "false",
		.help = "Read media files and every entry of a ZIP: missing or wrong ones are "
			"errors."},
	{.name = "most",
		.value = "N",
		.number = &settings.most,
		.fallback = "20",
		.minimum = 1,
		.maximum = 1000000,
		.help = "Show at most N findings of a rule in one column; all are counted."},
	{.name = "repair",
		.value = "OUT",
		.file = &settings.repair,
		.help = "Write the package anew, mended, to folder OUT or ZIP OUT.zip, and check "
			"that."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Let --repair replace what is there."},
	{0},
};

static const struct option *const tables[] = {options, file_list_options, NULL};

/* One package; its findings are added to `counts`. */
static int validate(
	struct session *session, const char *path, uint64_t counts[3], struct error *err)
{
	const struct camtrapdp_settings what = {
		.now = (int64_t)time(NULL), .check_media = settings.check_media};
	struct camtrapdp_report report = {.most = (size_t)settings.most};
	enum validate_kind kind;
	int result = validate_package(path, &what, &report, &kind, session->progress, err);

	if (result == 0) {
		findings_add(session->result, path, kind, &report);
		findings_show(session, path, kind, &report);
		for (int severity = 0; severity < 3; severity++)
			counts[severity] += report.counts[severity];
	}
	camtrapdp_report_release(&report);
	return result;
}

/* A package that cannot be read does not stop the others. */
static int validate_all(struct session *session, const struct string_list *paths, struct error *err)
{
	uint64_t counts[3] = {0};
	size_t unread = 0;

	findings_begin(session->result);
	for (size_t i = 0; i < paths->count; i++) {
		if (validate(session, paths->items[i], counts, err) == 0)
			continue;
		if (paths->count == 1 || session->fail_fast || err->kind == ERROR_CANCELLED)
			return -1;
		findings_add_unread(session->result, paths->items[i], err->message);
		progress_warning(session->progress, NULL, "%s", err->message);
		error_clear(err);
		unread++;
	}
	findings_end(session->result, counts);
	if (unread > 0)
		return error_set(err, ERROR_INPUT, "%zu of %zu packages could not be read", unread,
			paths->count);
	return counts[CAMTRAPDP_ERROR] > 0 || (settings.strict && counts[CAMTRAPDP_WARNING] > 0)
		? FOUND
		: 0;
}

static void tell_repair(
	struct session *session, const char *path, const struct camtrapdp_repair *repair)
{
	cJSON *array = cJSON_AddArrayToObject(session->result, "changes");

	for (size_t i = 0; i < repair->changes.count; i++) {
		const struct camtrapdp_change *change = &repair->changes.items[i];
		cJSON *item = cJSON_CreateObject();

		json_add_text(item, "table", change->table);
		json_add_text(item, "column", change->column);
		cJSON_AddStringToObject(item, "what", change->what);
		cJSON_AddNumberToObject(item, "count", (double)change->count);
		cJSON_AddItemToArray(array, item);
		console_result(session->console, "%s%s%s: %s (%llu)\n",
			change->table == NULL ? "datapackage.json" : change->table,
			change->column == NULL ? "" : ".",
			change->column == NULL ? "" : change->column, change->what,
			(unsigned long long)change->count);
	}
	cJSON_AddStringToObject(session->result, "output", settings.repair);
	console_print(session->console, "Wrote '%s'%s\n", settings.repair,
		repair->changes.count == 0 ? ", with nothing to mend" : "");
	if (repair->local_files > 0)
		console_warning(session->console,
			"%llu media files lie in '%s' and were not copied: put them to the same "
			"places beside '%s'",
			(unsigned long long)repair->local_files, path, settings.repair);
}

/* The findings are those of the package that was written. */
static int repair(struct session *session, const struct string_list *paths, struct error *err)
{
	struct camtrapdp_repair repair = {0};
	struct string_list output = {0};
	int result = -1;

	if (paths->count != 1)
		return error_set(err, ERROR_USAGE, "--repair writes one package: give one, not %zu",
			paths->count);
	if (session->dry_run) {
		console_print(session->console, "Would write '%s' mended to '%s'\n",
			paths->items[0], settings.repair);
		return 0;
	}
	if (validate_repair(paths->items[0], settings.repair, settings.overwrite, &repair,
		    session->progress, err) == 0) {
		tell_repair(session, paths->items[0], &repair);
		string_list_add(&output, settings.repair);
		result = validate_all(session, &output, err);
	}
	string_list_release(&output);
	camtrapdp_repair_release(&repair);
	return result;
}

static int run(struct session *session, struct error *err)
{
	struct string_list paths = {0};
	int result = file_list_collect(session, &paths, err);

	if (result == 0 && paths.count == 0 && !file_list_given())
		result = error_set(err, ERROR_USAGE,
			"name a package (a folder, a ZIP, a YAML), or give --files-from");
	else if (result == 0)
		result = settings.repair != NULL ? repair(session, &paths, err)
						 : validate_all(session, &paths, err);
	string_list_release(&paths);
	return result;
}

const struct command command_validate = {
	.name = "validate",
	.summary = "Check a Camtrap DP or a TRAPPER package",
	.arguments = "[PACKAGE…]",
	.minimum = 0,
	.maximum = SIZE_MAX,
	.description =
		"Checks Camtrap DP packages of version 1.0, 1.0.1 and 1.0.2: a folder, its "
		"datapackage.json, or a ZIP, tables plain or as .csv.gz. It needs no network. All "
		"of the descriptor and all of the tables are checked in one run: columns, types, "
		"limits, keys, and what no schema says: times within their deployment, boxes "
		"within the picture, scopes that fit the rows, media files that are there.\n"
		"\n"
		"Of a TRAPPER package give the YAML or the ZIP: the files listed are compared with "
		"those in the ZIP.\n"
		"\n"
		"An error breaks the standard, a warning contradicts its definitions or breaks a "
		"known reader, an info is worth a look. Rows count from 1, the header not "
		"included. Each finding has the identifier of its rule.\n"
		"\n"
		"Nothing is unpacked to the disk. Archives with names that lead out of them, "
		"links, repeated names or overlapping entries, and tables that unpack to more than "
		"200 times their size, are errors. Local media files that are missing are "
		"warnings, and errors with --check-media.\n"
		"\n"
		"--repair OUT writes the package anew as Camtrap DP 1.0.2, mends what is plain to "
		"mend, says what it changed, and checks the result: columns are put in the "
		"standard's order, those that it does not know (TRAPPER's own _id among them) and "
		"other resources (metadata.json) are left out, times, numbers and words are "
		"written as the standard writes them, and the scopes are computed from the rows. "
		"Media files in the package are not copied.\n"
		"\n"
		"Exits 3 when there are errors (with --strict: or warnings), 1 when a package "
		"cannot be read at all.",
	.examples = "# Is the download from TRAPPER fit to be published?\n"
		    "$ trapkit validate camtrap_dp_export.zip\n"
		    "# In a script, and strictly\n"
		    "$ trapkit validate --strict --json package/ > findings.json\n"
		    "# A download with columns of TRAPPER's own, made fit for other readers\n"
		    "$ trapkit validate camtrap_dp_export.zip --repair survey.zip\n"
		    "# A package before upload\n"
		    "$ trapkit validate winter.yaml\n",
	.related = "trapkit-export 1, trapkit-package 5, trapkit-ci 7",
	.options = tables,
	.run = run,
};
