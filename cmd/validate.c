/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit validate: what is wrong with a Camtrap DP or a TRAPPER package. */
#include "trapkit/validate.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOUND 3 /* exit status: the package has errors */

static struct {
	bool strict, check_media;
	long most;
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
	{0},
};

static const struct option *const tables[] = {options, NULL};

static const char *const severities[] = {"error", "warning", "info"};

static void add_text(cJSON *object, const char *name, const char *text)
{
	cJSON_AddItemToObject(
		object, name, text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text));
}

static void add_findings(cJSON *document, const char *path, const struct camtrapdp_report *report)
{
	cJSON *array = cJSON_GetObjectItem(document, "findings");

	for (size_t i = 0; i < report->findings.count; i++) {
		const struct camtrapdp_finding *finding = &report->findings.items[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "package", path);
		cJSON_AddStringToObject(item, "rule", finding->rule);
		cJSON_AddStringToObject(item, "severity", severities[finding->severity]);
		add_text(item, "table", finding->table);
		cJSON_AddItemToObject(item, "row",
			finding->row == 0 ? cJSON_CreateNull()
					  : cJSON_CreateNumber((double)finding->row));
		add_text(item, "column", finding->column);
		add_text(item, "value", finding->value);
		cJSON_AddStringToObject(item, "message", finding->message);
		cJSON_AddItemToArray(array, item);
	}
}

static void add_package(cJSON *document, const char *path, enum validate_kind kind,
	const struct camtrapdp_report *report)
{
	cJSON *package = cJSON_CreateObject(), *groups, *rows;

	cJSON_AddStringToObject(package, "path", path);
	cJSON_AddStringToObject(
		package, "kind", kind == VALIDATE_TRAPPER ? "trapper" : "camtrap-dp");
	add_text(package, "version", report->version);
	if (kind == VALIDATE_CAMTRAPDP) {
		rows = cJSON_AddObjectToObject(package, "rows");
		cJSON_AddNumberToObject(rows, "deployments", (double)report->rows[0]);
		cJSON_AddNumberToObject(rows, "media", (double)report->rows[1]);
		cJSON_AddNumberToObject(rows, "observations", (double)report->rows[2]);
	}
	groups = cJSON_AddArrayToObject(package, "groups");
	for (size_t i = 0; i < report->groups.count; i++) {
		const struct camtrapdp_group *group = &report->groups.items[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "rule", group->rule);
		cJSON_AddStringToObject(item, "severity", severities[group->severity]);
		add_text(item, "table", group->table);
		add_text(item, "column", group->column);
		cJSON_AddNumberToObject(item, "count", (double)group->count);
		cJSON_AddItemToArray(groups, item);
	}
	cJSON_AddItemToArray(cJSON_GetObjectItem(document, "packages"), package);
	add_findings(document, path, report);
}

/* ---- for people ---- */

static bool same_column(const char *left, const char *right)
{
	return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

static void show_group(struct session *session, const struct camtrapdp_report *report,
	const struct camtrapdp_group *group)
{
	struct console *console = session->console;

	console_result(console, "%s %s: %s%s%s%s%s (%llu)\n", group->rule,
		severities[group->severity], group->title, group->table == NULL ? "" : ", ",
		group->table == NULL ? "" : group->table, group->column == NULL ? "" : ".",
		group->column == NULL ? "" : group->column, (unsigned long long)group->count);
	for (size_t i = 0; i < report->findings.count; i++) {
		const struct camtrapdp_finding *finding = &report->findings.items[i];

		if (strcmp(finding->rule, group->rule) != 0 ||
			finding->severity != group->severity || finding->table != group->table ||
			(group->table != NULL && !same_column(finding->column, group->column)))
			continue;
		console_result(console, "  ");
		if (finding->row > 0)
			console_result(console, "row %llu: ", (unsigned long long)finding->row);
		else if (finding->table == NULL && finding->column != NULL)
			console_result(console, "%s: ", finding->column);
		if (finding->value != NULL)
			console_result(console, "'%s': ", finding->value);
		console_result(console, "%s\n", finding->message);
	}
	if (group->count > group->kept)
		console_result(console, "  and %llu more\n",
			(unsigned long long)(group->count - group->kept));
}

static void show_report(struct session *session, const char *path, enum validate_kind kind,
	const struct camtrapdp_report *report)
{
	for (int severity = CAMTRAPDP_ERROR; severity <= CAMTRAPDP_INFO; severity++)
		for (size_t i = 0; i < report->groups.count; i++)
			if ((int)report->groups.items[i].severity == severity)
				show_group(session, report, &report->groups.items[i]);
	console_result(session->console, "'%s': %s%s%s, %llu errors, %llu warnings, %llu notes\n",
		path, kind == VALIDATE_TRAPPER ? "TRAPPER package" : "Camtrap DP",
		report->version == NULL ? "" : " ", report->version == NULL ? "" : report->version,
		(unsigned long long)report->counts[CAMTRAPDP_ERROR],
		(unsigned long long)report->counts[CAMTRAPDP_WARNING],
		(unsigned long long)report->counts[CAMTRAPDP_INFO]);
}

static int run(struct session *session, struct error *err)
{
	const struct camtrapdp_settings what = {
		.now = (int64_t)time(NULL), .check_media = settings.check_media};
	uint64_t counts[3] = {0};
	cJSON *document = session->result, *object;
	int status = 0;

	cJSON_AddArrayToObject(document, "packages");
	cJSON_AddArrayToObject(document, "findings");
	for (size_t i = 0; i < session->argument_count; i++) {
		const char *path = session->arguments[i];
		struct camtrapdp_report report = {.most = (size_t)settings.most};
		enum validate_kind kind;

		if (validate_package(path, &what, &report, &kind, session->progress, err) != 0) {
			camtrapdp_report_release(&report);
			return -1;
		}
		add_package(document, path, kind, &report);
		if (!session->json)
			show_report(session, path, kind, &report);
		for (int severity = 0; severity < 3; severity++)
			counts[severity] += report.counts[severity];
		camtrapdp_report_release(&report);
	}
	object = cJSON_AddObjectToObject(document, "counts");
	for (int severity = 0; severity < 3; severity++)
		cJSON_AddNumberToObject(object, severities[severity], (double)counts[severity]);
	if (counts[CAMTRAPDP_ERROR] > 0 || (settings.strict && counts[CAMTRAPDP_WARNING] > 0))
		status = FOUND;
	return status;
}

const struct command command_validate = {
	.name = "validate",
	.summary = "Check a Camtrap DP or a TRAPPER package",
	.arguments = "PACKAGE…",
	.minimum = 1,
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
		"Exits 3 when there are errors (with --strict: or warnings), 1 when a package "
		"cannot be read at all.",
	.examples = "# Is the download from TRAPPER fit to be published?\n"
		    "$ trapkit validate camtrap_dp_export.zip\n"
		    "# In a script, and strictly\n"
		    "$ trapkit validate --strict --json package/ > findings.json\n"
		    "# A package before upload\n"
		    "$ trapkit validate winter.yaml\n",
	.options = tables,
	.run = run,
};
