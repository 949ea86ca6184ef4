/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How traplinked-sync tells what it found: alerts in lines, in JSON and for monitoring; a table. */
#include "sync_report.h"

#include "console.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = {
	[TRAPLINKED_ALERT_NEW] = "new",
	[TRAPLINKED_ALERT_AGAIN] = "again",
	[TRAPLINKED_ALERT_OPEN] = "open",
	[TRAPLINKED_ALERT_RECOVERED] = "recovered",
};

size_t sync_report_open(const struct sync_result *result)
{
	size_t open = 0;

	for (size_t i = 0; i < result->alerts.count; i++)
		open += result->alerts.items[i].state != TRAPLINKED_ALERT_RECOVERED;
	return open;
}

size_t sync_report_due(const struct sync_result *result)
{
	size_t due = 0;

	for (size_t i = 0; i < result->alerts.count; i++)
		due += result->alerts.items[i].state != TRAPLINKED_ALERT_OPEN;
	return due;
}

void sync_report_lines(struct session *session, const struct sync_result *result)
{
	for (size_t i = 0; i < result->alerts.count; i++) {
		const struct traplinked_alert *alert = &result->alerts.items[i];
		bool over = alert->state == TRAPLINKED_ALERT_RECOVERED;
		bool named = alert->name != NULL && strcmp(alert->name, alert->serial_number) != 0;

		if (alert->state == TRAPLINKED_ALERT_OPEN)
			continue;
		console_result(
			session->console, "%s: %s", states[alert->state], alert->serial_number);
		if (named)
			console_result(session->console, " '%s'", alert->name);
		if (alert->location != NULL)
			console_result(session->console, " at %s", alert->location);
		console_result(session->console, ": %s (%s), %s %s\n", alert->alert, alert->detail,
			over ? "over since" : "since", over ? alert->closed : alert->opened);
	}
}

static void add_text(cJSON *object, const char *name, const char *text)
{
	cJSON_AddItemToObject(
		object, name, text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text));
}

static cJSON *alert_json(const struct traplinked_alert *alert)
{
	cJSON *object = cJSON_CreateObject();

	add_text(object, "state", states[alert->state]);
	add_text(object, "severity", alert->mild ? "warning" : "critical");
	add_text(object, "alert", alert->alert);
	add_text(object, "rule", alert->rule);
	add_text(object, "serial_number", alert->serial_number);
	add_text(object, "name", alert->name);
	add_text(object, "location", alert->location);
	add_text(object, "detail", alert->detail);
	add_text(object, "opened", alert->opened);
	add_text(object, "closed", alert->closed);
	return object;
}

char *sync_report_document(const struct sync_result *result)
{
	cJSON *document = cJSON_CreateObject();
	cJSON *events;
	char *text;

	cJSON_AddStringToObject(document, "schema", "trapkit/traplinked-alert/1");
	cJSON_AddNumberToObject(document, "open", (double)sync_report_open(result));
	events = cJSON_AddArrayToObject(document, "events");
	for (size_t i = 0; i < result->alerts.count; i++)
		if (result->alerts.items[i].state != TRAPLINKED_ALERT_OPEN)
			cJSON_AddItemToArray(events, alert_json(&result->alerts.items[i]));
	text = cJSON_Print(document);
	cJSON_Delete(document);
	return text == NULL ? xstrdup("{}") : text;
}

static void add_count(cJSON *object, const char *name, uint64_t count)
{
	cJSON_AddNumberToObject(object, name, (double)count);
}

static cJSON *run_json(const struct traplinked_run *run)
{
	cJSON *object = cJSON_CreateObject();
	char started[TIMESTAMP_SIZE], finished[TIMESTAMP_SIZE];

	format_utc(run->started, started);
	format_utc(run->finished, finished);
	add_count(object, "id", (uint64_t)run->id);
	add_text(object, "started", started);
	add_text(object, "finished", finished);
	add_text(object, "base_url", run->base_url);
	add_text(object, "asked", run->asked);
	add_text(object, "asked_network", run->asked_network);
	add_text(object, "reports_since", run->reports_since);
	add_count(object, "http_status", (uint64_t)run->http_status);
	add_count(object, "attempts", run->attempts);
	add_count(object, "bytes", run->bytes);
	add_count(object, "devices", run->devices);
	add_count(object, "devices_new", run->devices_new);
	add_count(object, "devices_changed", run->devices_changed);
	add_count(object, "reports", run->reports);
	add_count(object, "reports_new", run->reports_new);
	add_count(object, "network_devices", run->network_devices);
	add_count(object, "network_new", run->network_new);
	add_count(object, "network_changed", run->network_changed);
	add_count(object, "skipped", run->skipped);
	return object;
}

void sync_report_json(cJSON *document, const struct sync_result *result)
{
	cJSON *alerts;

	cJSON_AddItemToObject(
		document, "run", result->run.id > 0 ? run_json(&result->run) : cJSON_CreateNull());
	alerts = cJSON_AddArrayToObject(document, "alerts");
	for (size_t i = 0; i < result->alerts.count; i++)
		cJSON_AddItemToArray(alerts, alert_json(&result->alerts.items[i]));
}

/* ---- monitoring ---- */

#define MOST_NAMED 5

int sync_report_check(struct session *session, const struct sync_result *result)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
	size_t open = sync_report_open(result), named = 0;
	int status = 0;

	for (size_t i = 0; i < result->alerts.count; i++)
		if (result->alerts.items[i].state != TRAPLINKED_ALERT_RECOVERED) {
			int own = result->alerts.items[i].mild ? 1 : 2;

			status = own > status ? own : status;
		}
	console_result(session->console, "TRAPLINKED %s: %zu alert%s", words[status], open,
		open == 1 ? "" : "s");
	for (size_t i = 0; i < result->alerts.count && named < MOST_NAMED; i++) {
		const struct traplinked_alert *alert = &result->alerts.items[i];

		if (alert->state == TRAPLINKED_ALERT_RECOVERED)
			continue;
		console_result(session->console, "%s%s %s", named == 0 ? ": " : ", ",
			alert->serial_number, alert->alert);
		named++;
	}
	if (open > named)
		console_result(session->console, " and %zu more", open - named);
	console_result(session->console, " | alerts=%zu", open);
	if (result->run.id > 0)
		console_result(session->console, " devices=%" PRIu64 " new_reports=%" PRIu64,
			result->run.devices, result->run.reports_new);
	console_result(session->console, "\n");
	return status;
}

/* ---- tables ---- */

/* Columns for people; the others are for programs. */
static const char *const shown[][9] = {
	[TRAPLINKED_DEVICES] = {"serial_number", "name", "type_name", "status_name",
		"battery_status", "last_heartbeat", "trap_1", "trap_2", "location_path"},
	[TRAPLINKED_REPORTS] = {"timestamp", "serial_number", "name", "type_name", "user",
		"description", "location_path"},
	[TRAPLINKED_HISTORY] = {"observed", "serial_number", "name", "status_name",
		"battery_status", "last_heartbeat", "changed"},
	[TRAPLINKED_LOCATIONS] = {"path", "name", "address", "devices"},
	[TRAPLINKED_NETWORK_DEVICES] = {"serial_number", "device_type", "product_identifier",
		"status_name", "description", "location_path"},
	[TRAPLINKED_RUNS] = {"id", "started", "asked", "devices", "devices_changed", "reports",
		"reports_new", "http_status"},
	[TRAPLINKED_ALERTS] = {"serial_number", "name", "alert", "opened", "detail",
		"location_path"},
};

static void put_cell(struct table *table, const char *name, const struct traplinked_cell *cell)
{
	switch (cell->type) {
	case TRAPLINKED_INTEGER:
		if (strcmp(name, "battery_status") != 0) {
			table_cell(table, "%" PRId64, cell->integer);
			break;
		}
		/* fall through */
	case TRAPLINKED_REAL:
		table_cell(table, "%.0f %%", 100 * cell->real);
		break;
	case TRAPLINKED_BOOL:
		table_cell(table, "%s", cell->integer != 0 ? "triggered" : "set");
		break;
	case TRAPLINKED_TEXT:
		table_cell(table, "%s", cell->text);
		break;
	default:
		table_cell(table, "-");
	}
}

static int find_column(const struct traplinked_rows *rows, const char *name)
{
	for (size_t i = 0; i < traplinked_rows_columns(rows); i++)
		if (strcmp(traplinked_rows_name(rows, i), name) == 0)
			return (int)i;
	return -1;
}

int sync_report_table(struct session *session, struct sync *sync, enum traplinked_table what,
	int64_t since_run, struct error *err)
{
	struct traplinked_rows *rows = sync_rows(sync, what, since_run, err);
	const struct traplinked_cell *cells;
	struct table table = {0};
	int columns[9], more;
	size_t count = 0;

	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < 9 && shown[what][i] != NULL; i++) {
		string_list_add(&table.cells, shown[what][i]);
		columns[count++] = find_column(rows, shown[what][i]);
	}
	table.columns = count;
	while ((more = traplinked_rows_next(rows, &cells, err)) == 1)
		for (size_t i = 0; i < count; i++)
			put_cell(&table, shown[what][i], &cells[columns[i]]);
	if (more == 0)
		console_table(session->console, &table);
	table_release(&table);
	traplinked_rows_close(rows);
	return more;
}
