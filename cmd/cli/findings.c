/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How what is wrong with a package is told, in words and in JSON. */
#include "findings.h"

#include "console.h"
#include "delivery.h"

#include <string.h>

static const char *const severities[] = {"error", "warning", "info"};

static void add_findings(cJSON *document, const char *path, const struct camtrapdp_report *report)
{
	cJSON *array = cJSON_GetObjectItem(document, "findings");

	for (size_t i = 0; i < report->findings.count; i++) {
		const struct camtrapdp_finding *finding = &report->findings.items[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "package", path);
		cJSON_AddStringToObject(item, "rule", finding->rule);
		cJSON_AddStringToObject(item, "severity", severities[finding->severity]);
		json_add_text(item, "table", finding->table);
		cJSON_AddItemToObject(item, "row",
			finding->row == 0 ? cJSON_CreateNull()
					  : cJSON_CreateNumber((double)finding->row));
		json_add_text(item, "column", finding->column);
		json_add_text(item, "value", finding->value);
		cJSON_AddStringToObject(item, "message", finding->message);
		cJSON_AddItemToArray(array, item);
	}
}

void findings_add(cJSON *document, const char *path, enum validate_kind kind,
	const struct camtrapdp_report *report)
{
	cJSON *package = cJSON_CreateObject(), *groups, *rows;

	cJSON_AddStringToObject(package, "path", path);
	cJSON_AddStringToObject(
		package, "kind", kind == VALIDATE_TRAPPER ? "trapper" : "camtrap-dp");
	json_add_text(package, "version", report->version);
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
		json_add_text(item, "table", group->table);
		json_add_text(item, "column", group->column);
		cJSON_AddNumberToObject(item, "count", (double)group->count);
		cJSON_AddItemToArray(groups, item);
	}
	cJSON_AddItemToArray(cJSON_GetObjectItem(document, "packages"), package);
	add_findings(document, path, report);
}

void findings_begin(cJSON *document)
{
	cJSON_AddArrayToObject(document, "packages");
	cJSON_AddArrayToObject(document, "findings");
}

void findings_add_unread(cJSON *document, const char *path, const char *message)
{
	cJSON *package = cJSON_CreateObject();

	json_add_text(package, "path", path);
	json_add_text(package, "error", message);
	cJSON_AddItemToArray(cJSON_GetObjectItem(document, "packages"), package);
}

void findings_end(cJSON *document, const uint64_t counts[3])
{
	cJSON *object = cJSON_AddObjectToObject(document, "counts");

	for (int severity = 0; severity < 3; severity++)
		cJSON_AddNumberToObject(object, severities[severity], (double)counts[severity]);
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
		console_result(console, "  and %llu more (trapkit validate --most N shows them)\n",
			(unsigned long long)(group->count - group->kept));
}

void findings_show(struct session *session, const char *path, enum validate_kind kind,
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
