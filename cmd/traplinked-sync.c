/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit traplinked-sync: the trap-alarm service's data in a database of one's own, and alerts. */
#include "cli/alert_hook.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/general.h"
#include "cli/sync_report.h"
#include "cli/sync_view.h"
#include "trapkit/sync.h"
#include "trapkit/text.h"
#include "trapkit/transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server that is there answers a call soon, however long it then thinks about a request. */
#define LONGEST_CONNECT 30.0

static struct {
	struct string_list ids, fields, alerts;
	char *location_path, *location_id, *reports_since, *base_url, *token, *database;
	char *output, *since_run, *on_alert;
	bool include_sublocations, overwrite, check, fetch;
	int network, format, table;
	double overlap, repeat_after, every, minimum_interval;
} settings;

static const char *const networks[] = {"too", "only", NULL};
static const char *const formats[] = {"table", "json", "csv", "geojson", "jsonl", NULL};
static const char *const table_names[] = {
	"devices", "reports", "history", "locations", "network-devices", "runs", "alerts", NULL};
/* What --check looks for when --alert does not say. */
static const char *const usual_alerts[] = {"triggered", "catch_detected", "heartbeat_failed",
	"battery_low", "severe_infestation", "activity_critical", "bait_low", NULL};

static const char server_group[] = "What to ask", output_group[] = "What to show",
		  alert_group[] = "Alerts";

static const struct option server_options[] = {
	{.name = "ids",
		.value = "A,B",
		.list = &settings.ids,
		.group = server_group,
		.help = "Ask only for the devices with these serial numbers."},
	{.name = "location-path",
		.value = "PATH",
		.text = &settings.location_path,
		.group = server_group,
		.help = "Ask only for the devices of this location, as //Site//Hall."},
	{.name = "location-id",
		.value = "ID",
		.text = &settings.location_id,
		.group = server_group,
		.help = "Ask only for the devices of the location with this id."},
	{.name = "include-sublocations",
		.flag = &settings.include_sublocations,
		.fallback = "false",
		.group = server_group,
		.help = "Ask for the devices of the locations below it, too."},
	{.name = "reports-since",
		.value = "TIME",
		.text = &settings.reports_since,
		.fallback = "last",
		.group = server_group,
		.help = "Fetch the reports since TIME (UTC, as 2020-01-01T12:00:00), what is new "
			"since the last run, or none."},
	{.name = "overlap",
		.section = "TRAPLINKED",
		.value = "TIME",
		.duration = &settings.overlap,
		.fallback = "48h",
		.group = server_group,
		.help = "Ask again for this long before the last known report, for reports that "
			"come late."},
	{.name = "device-fields",
		.value = "A,B",
		.list = &settings.fields,
		.group = server_group,
		.help = "Ask only for these fields; others stay as they are stored."},
	{.name = "network-devices",
		.value = "WHICH",
		.choice = &settings.network,
		.choices = networks,
		.fallback = "too",
		.marks = OPTION_OPTIONAL_VALUE,
		.group = server_group,
		.help = "Ask for the network devices too, or only for them."},
	{.name = "fetch",
		.flag = &settings.fetch,
		.fallback = "true",
		.group = server_group,
		.help = "Ask the server; --no-fetch only looks at what is stored."},
	{.name = "base-url",
		.section = "TRAPLINKED",
		.value = "URL",
		.text = &settings.base_url,
		.fallback = "https://api.traplinked.com/api/v1.10",
		.group = server_group,
		.help = "Ask this server; /api/v1 in place of /api/v1.10 is always the newest "
			"version."},
	{.name = "token",
		.section = "TRAPLINKED",
		.value = "TOKEN",
		.text = &settings.token,
		.marks = OPTION_SETTING_ONLY | OPTION_SECRET,
		.help = "Show this API token to traplinked; an administrator makes it in the "
			"settings of the web app."},
	{.name = "database",
		.section = "TRAPLINKED",
		.value = "FILE",
		.file = &settings.database,
		.help = "Keep the data in FILE instead of trapkit/traplinked.sqlite3 below "
			"$XDG_DATA_HOME."},
	{0},
};

static const struct option output_options[] = {
	{.name = "output",
		.letter = 'o',
		.value = "FILE",
		.file = &settings.output,
		.group = output_group,
		.help = "Write to FILE instead of standard output ('-')."},
	{.name = "format",
		.value = "FORMAT",
		.choice = &settings.format,
		.choices = formats,
		.group = output_group,
		.help = "Write a table for people, json, csv, geojson (devices on a map) or "
			"jsonl (new reports, one a line)."},
	{.name = "table",
		.value = "NAME",
		.choice = &settings.table,
		.choices = table_names,
		.group = output_group,
		.help = "Show these rows: devices, reports, history, locations, network-devices, "
			"runs or alerts."},
	{.name = "since-run",
		.value = "N",
		.text = &settings.since_run,
		.group = output_group,
		.help = "Show only what came or changed after run N, or after the last run."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.group = output_group,
		.help = "Replace an output file that is there already."},
	{0},
};

static const struct option alert_options[] = {
	{.name = "alert",
		.section = "TRAPLINKED",
		.value = "A,B",
		.list = &settings.alerts,
		.group = alert_group,
		.help = "Exit 3 while a device has one of these statuses (as triggered, "
			"battery_low), battery_below=20%, heartbeat_older=26h, heartbeat_overdue "
			"or disconnected; tell each once."},
	{.name = "repeat-after",
		.section = "TRAPLINKED",
		.value = "TIME",
		.duration = &settings.repeat_after,
		.fallback = "none",
		.group = alert_group,
		.help = "Tell an alert again that lasts longer than this."},
	{.name = "on-alert",
		.section = "TRAPLINKED",
		.value = "CMD",
		.text = &settings.on_alert,
		.group = alert_group,
		.help = "Run CMD, without a shell, with what is to be told as JSON on its "
			"standard input."},
	{.name = "check",
		.flag = &settings.check,
		.fallback = "false",
		.group = alert_group,
		.help = "Print one line and exit as monitoring plug-ins do: 0 fine, 1 warning, 2 "
			"critical, 3 unknown."},
	{.name = "every",
		.value = "SECONDS",
		.duration = &settings.every,
		.group = alert_group,
		.minimum = 1,
		.maximum = 31 * 86400,
		.help = "Keep running, and ask again after this long."},
	{.name = "minimum-interval",
		.section = "TRAPLINKED",
		.value = "TIME",
		.duration = &settings.minimum_interval,
		.fallback = "60",
		.marks = OPTION_SETTING_ONLY,
		.help = "Never ask more often than this with --every: the server limits "
			"requests."},
	{0},
};

static const struct option *const tables[] = {
	server_options, output_options, alert_options, general_options, network_options, NULL};

/* What one turn needs, made once. */
struct plan {
	struct sync_settings sync;
	struct http_settings http;
	struct traplinked_rule *rules;
	char *database;
	char since[TIMESTAMP_SIZE];
	struct sync_view view;
	double retry_after; /* what the server asked for in the last turn, seconds */
};

static int default_database(char **path, struct error *err)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (settings.database != NULL)
		*path = xstrdup(settings.database);
	else if (data != NULL && *data == '/')
		*path = xasprintf("%s/trapkit/traplinked.sqlite3", data);
	else if (home != NULL && *home != '\0')
		*path = xasprintf("%s/.local/share/trapkit/traplinked.sqlite3", home);
	else
		return error_set(err, ERROR_SETTINGS,
			"no place for the database: give --database FILE, or set HOME");
	return 0;
}

/* UTC without a zone, as the API wants it; a date alone is its midnight. */
static int parse_since(struct plan *plan, struct error *err)
{
	const char *text = settings.reports_since;
	struct wall_time wall;
	char *full;
	bool good;

	if (strcmp(text, "last") == 0) {
		plan->sync.reports = SYNC_REPORTS_LAST;
		return 0;
	}
	if (strcmp(text, "none") == 0) {
		plan->sync.reports = SYNC_REPORTS_NONE;
		return 0;
	}
	full = xasprintf("%s%s", text, strlen(text) == 10 ? "T00:00:00" : "");
	good = wall_parse(full, strlen(full), &wall);
	free(full);
	if (!good)
		return error_set(err, ERROR_USAGE,
			"'--reports-since %s': give a time as 2020-01-01T12:00:00 (UTC), 'last' or "
			"'none'",
			text);
	wall_from_seconds(wall_seconds(&wall) - (wall.has_offset ? wall.offset : 0), &wall);
	wall.has_offset = false;
	format_wall(&wall, plan->since);
	plan->sync.reports = SYNC_REPORTS_SINCE;
	plan->sync.reports_since = plan->since;
	return 0;
}

static int check_place(struct error *err)
{
	int places = (settings.ids.count > 0) + (settings.location_path != NULL) +
		(settings.location_id != NULL);

	if (places > 1)
		return error_set(err, ERROR_USAGE,
			"give only one of --ids, --location-path and --location-id");
	if (settings.location_path != NULL && strncmp(settings.location_path, "//", 2) != 0)
		return error_set(err, ERROR_USAGE,
			"'--location-path %s': a path begins with // and has // between its parts, "
			"as //Site//Hall",
			settings.location_path);
	if (settings.include_sublocations && settings.location_path == NULL &&
		settings.location_id == NULL)
		return error_set(err, ERROR_USAGE,
			"--include-sublocations needs --location-path or --location-id");
	return 0;
}

static int parse_since_run(struct plan *plan, struct error *err)
{
	double number;

	plan->view.since_run = -1;
	plan->view.since_last = plan->view.format == SYNC_JSONL;
	if (settings.since_run == NULL)
		return 0;
	plan->view.since_last = strcmp(settings.since_run, "last") == 0;
	if (plan->view.since_last)
		return 0;
	if (!text_parse_number(settings.since_run, &number) || number < 0 || number > 1e15 ||
		number != (double)(int64_t)number)
		return error_set(err, ERROR_USAGE,
			"'--since-run %s': give the number of a run, or 'last'",
			settings.since_run);
	plan->view.since_run = (int64_t)number;
	return 0;
}

static int plan_output(struct session *session, struct plan *plan, struct error *err)
{
	bool watch = settings.alerts.count > 0 || settings.check || settings.every > 0;

	plan->view.format = settings.format < 0 ? SYNC_TABLE : (enum sync_format)settings.format;
	plan->view.table = settings.table >= 0    ? (enum traplinked_table)settings.table
		: plan->view.format == SYNC_JSONL ? TRAPLINKED_REPORTS
		: settings.network == 1           ? TRAPLINKED_NETWORK_DEVICES
						  : TRAPLINKED_DEVICES;
	plan->view.output = settings.output;
	plan->view.overwrite = settings.overwrite;
	plan->view.network = settings.network >= 0;
	plan->view.show =
		!watch || settings.format >= 0 || settings.output != NULL || settings.table >= 0;
	if (plan->view.format == SYNC_GEOJSON && plan->view.table != TRAPLINKED_DEVICES)
		return error_set(
			err, ERROR_USAGE, "only devices have a place on a map: leave out --table");
	if (settings.output != NULL && strcmp(settings.output, "-") != 0 &&
		plan->view.format == SYNC_TABLE)
		return error_set(
			err, ERROR_USAGE, "--output needs --format json, csv, geojson or jsonl");
	if (session->json && settings.output != NULL && strcmp(settings.output, "-") == 0)
		return error_set(
			err, ERROR_USAGE, "--output - and --json both want standard output");
	if (session->json && settings.every > 0)
		return error_set(err, ERROR_USAGE,
			"--json is one document, --every never ends: use --format jsonl");
	if (settings.check && settings.every > 0)
		return error_set(err, ERROR_USAGE, "--check ends, --every does not: give one");
	return parse_since_run(plan, err);
}

static int plan_alerts(struct plan *plan, struct error *err)
{
	struct string_list *alerts = &settings.alerts;

	if (settings.on_alert != NULL && alert_hook_check(settings.on_alert, err) != 0)
		return -1;
	if (alerts->count == 0 && (settings.check || settings.on_alert != NULL))
		for (size_t i = 0; usual_alerts[i] != NULL; i++)
			string_list_add(alerts, usual_alerts[i]);
	plan->rules = xcalloc(alerts->count + 1, sizeof *plan->rules);
	for (size_t i = 0; i < alerts->count; i++)
		if (traplinked_rule_parse(alerts->items[i], &plan->rules[i], err) != 0)
			return -1;
	plan->sync.rules = plan->rules;
	plan->sync.rule_count = alerts->count;
	plan->sync.repeat_after = settings.repeat_after;
	return 0;
}

static int plan_server(struct session *session, struct plan *plan, struct error *err)
{
	if (settings.fetch) {
		if (http_check_base(settings.base_url, err) != 0)
			return error_context(err, "TRAPLINKED.base_url");
		if (secret_need(session, "TRAPLINKED.token", "traplinked API token", err) != 0)
			return -1;
		if (!general.verify_ssl)
			console_warning(session->console,
				"certificates are not verified (GENERAL.verify_ssl = false): "
				"anybody on the way can read the token");
	}
	plan->http = (struct http_settings){.token = settings.token,
		.verify = general.verify_ssl,
		.ca_file = general.ca_file,
		.connect_timeout =
			general.timeout < LONGEST_CONNECT ? general.timeout : LONGEST_CONNECT,
		.timeout = general.timeout,
		.max_runtime = general.max_runtime,
		.retries = (unsigned)general.retries};
	plan->sync.base_url = settings.base_url;
	plan->sync.http = &plan->http;
	plan->sync.database = plan->database;
	plan->sync.wait_lock = session->wait_lock;
	plan->sync.dry_run = session->dry_run;
	plan->sync.fetch = settings.fetch;
	plan->sync.ids = settings.ids;
	plan->sync.location_path = settings.location_path;
	plan->sync.location_id = settings.location_id;
	plan->sync.include_sublocations = settings.include_sublocations;
	plan->sync.fields = settings.fields;
	plan->sync.network = settings.network == 1 ? SYNC_NETWORK_ONLY
		: settings.network == 0            ? SYNC_NETWORK_TOO
						   : SYNC_NETWORK_NONE;
	plan->sync.overlap = settings.overlap;
	return 0;
}

static int make_plan(struct session *session, struct plan *plan, struct error *err)
{
	if (check_place(err) != 0 || parse_since(plan, err) != 0 ||
		plan_output(session, plan, err) != 0 || plan_alerts(plan, err) != 0 ||
		default_database(&plan->database, err) != 0)
		return -1;
	return plan_server(session, plan, err);
}

static void show_summary(
	struct session *session, const struct plan *plan, const struct traplinked_run *run)
{
	char *text;

	if (run->id == 0)
		return;
	text = xasprintf("%" PRIu64 " devices (%" PRIu64 " new, %" PRIu64 " changed), %" PRIu64
			 " reports (%" PRIu64 " new)%s '%s'",
		run->devices, run->devices_new, run->devices_changed, run->reports,
		run->reports_new, session->dry_run ? ", would be stored in" : ", stored in",
		plan->database);
	/* A job that is to speak only of alerts says nothing of this. */
	if (plan->sync.rule_count > 0 || settings.every > 0)
		progress_detail(session->progress, "%s", text);
	else
		console_note(session->console, "%s", text);
	free(text);
}

/* ---- one turn ---- */

static int tell_alerts(struct session *session, const struct plan *plan, struct sync *sync,
	const struct sync_result *result, struct error *err)
{
	char *document;
	int status = 0;

	if (plan->sync.rule_count == 0 || (settings.check && settings.on_alert == NULL))
		return 0;
	if (!settings.check)
		sync_report_lines(session, result);
	if (settings.on_alert != NULL && sync_report_due(result) > 0 && !session->dry_run) {
		document = sync_report_document(result);
		status = alert_hook_run(settings.on_alert, document, session->progress, err);
		free(document);
		if (status != 0)
			return error_context(err, "not told, and to be told by the next run");
	}
	/* Told only when it got out. */
	if (console_finish(session->console, err) != 0)
		return -1;
	return sync_told(sync, result, err);
}

/* 0, 1, 3, or what a monitoring plug-in returns; -1 with err. */
static int take_turn(struct session *session, struct plan *plan, struct error *err)
{
	struct sync_result result = {0};
	struct sync *sync = sync_open(&plan->sync, session->progress, err);
	int status = -1;

	plan->retry_after = 0;
	if (sync == NULL)
		return -1;
	if (sync_run(sync, &result, err) != 0 ||
		sync_view_show(session, &plan->view, sync, &result, err) != 0 ||
		sync_view_document(session, &plan->view, sync, &result, err) != 0)
		goto done;
	show_summary(session, plan, &result.run);
	if (tell_alerts(session, plan, sync, &result, err) != 0)
		goto done;
	if (settings.check)
		status = sync_report_check(session, &result);
	else
		status = sync_report_open(&result) > 0 ? 3 : result.run.skipped > 0;
done:
	plan->retry_after = result.retry_after;
	sync_result_release(&result);
	sync_close(sync);
	return status;
}

/* What may pass by itself does not end a run that is to keep running. */
static bool may_pass(const struct error *err)
{
	return err->kind == ERROR_NETWORK || err->kind == ERROR_BUSY || err->kind == ERROR_SYSTEM;
}

static int keep_running(struct session *session, struct plan *plan, struct error *err)
{
	double interval = settings.every, due = sync_clock();
	unsigned failed = 0;

	if (interval < settings.minimum_interval) {
		interval = settings.minimum_interval;
		console_warning(session->console,
			"asking every %.0f s: the server limits requests "
			"(TRAPLINKED.minimum_interval)",
			interval);
	}
	for (;;) {
		if (take_turn(session, plan, err) >= 0) {
			if (failed > 0)
				console_note(session->console, "works again after %u failed %s",
					failed, failed == 1 ? "turn" : "turns");
			failed = 0;
		} else if (!may_pass(err)) {
			return -1;
		} else {
			/* Said once, not at every turn of a night without network. */
			if (failed++ == 0)
				console_error(session->console, err->message);
			error_clear(err);
		}
		if (console_finish(session->console, err) != 0)
			return -1;
		due = sync_next(due, interval);
		if (due < sync_clock() + plan->retry_after)
			due = sync_clock() + plan->retry_after;
		if (sync_wait(due, session->progress, err) != 0)
			return -1;
	}
}

static int run(struct session *session, struct error *err)
{
	struct plan plan = {0};
	int status = make_plan(session, &plan, err);

	if (status == 0)
		cJSON_AddStringToObject(session->result, "database", plan.database);
	if (status == 0)
		status = settings.every > 0 ? keep_running(session, &plan, err)
					    : take_turn(session, &plan, err);
	if (status < 0 && settings.check && err->kind != ERROR_USAGE &&
		err->kind != ERROR_CANCELLED) {
		/* Whoever called knows the plug-ins' statuses only. */
		console_result(session->console, "TRAPLINKED UNKNOWN: %s\n", err->message);
		error_clear(err);
		status = 3;
	}
	free(plan.rules);
	free(plan.database);
	return status;
}

const struct command command_traplinked_sync = {
	.name = "traplinked-sync",
	.summary = "Keep traplinked's devices and reports in a database, and watch them",
	.description =
		"Reads the traplinked REST API (version 1.10) into an SQLite database: the "
		"devices as they are, a row of history whenever anything of one changes, every "
		"report once, locations, network devices, and what each run asked and got. Types, "
		"statuses, modes and report types are decoded by the documentation's names; "
		"numbers that it does not have are kept as unknown_N and said once. "
		"trapkit-traplinked(5) describes the tables and the columns of all outputs.\n"
		"\n"
		"All that an answer brings is stored in one transaction: an answer that is cut, "
		"broken or refused leaves the database as it was. By default only reports since "
		"the last run are asked for, with an overlap (--overlap), because devices report "
		"late; what is known already is not stored twice. Nothing is ever deleted: a "
		"device that is not in the answer for all devices any more is marked in "
		"absent_since, and a location that an answer leaves out stays.\n"
		"\n"
		"Without --alert, --check and --every the devices are shown as a table; --format, "
		"--table and --output choose something else. --since-run N shows only what came "
		"or changed after run N; each row carries the number of its run. --format jsonl "
		"is for pipes: the reports that this run brought, one a line.\n"
		"\n"
		"--alert takes names of statuses (triggered, battery_low, heartbeat_failed, "
		"false_triggered, catch_detected, light_infestation, severe_infestation, "
		"activity_warning, activity_critical, bait_low, unstable_wi_fi_connection, "
		"inactive, unknown_N), battery_below=20%, heartbeat_older=26h, heartbeat_overdue, "
		"and disconnected for network devices, which are then asked for, too. triggered "
		"also looks at trap_1 and trap_2, which may say so while the status does not; "
		"bait_low and activity_critical include the status that is both. "
		"heartbeat_overdue (or heartbeat_overdue=3) judges each device by its own "
		"history, once that holds five heartbeats: silent three times as long as usual. "
		"Each alert is told once: a line on standard output beginning with 'new', 'again' "
		"(--repeat-after) or 'recovered', and to --on-alert, whose input is a JSON object "
		"with a list `events`. The exit status is 3 as long as a device is in such a "
		"state, told or not. When --on-alert fails, the next run tells it again. Two jobs "
		"with different alerts can share a database.\n"
		"\n"
		"--check prints the one line that Nagios and its relatives read and exits with "
		"their statuses, not with those of trapkit(1): 0 fine, 1 warning, 2 critical, 3 "
		"unknown, as when the server cannot be asked; a wrong command line is 2 here, "
		"too. Without --alert it looks for triggered, catch_detected, heartbeat_failed, "
		"battery_low, severe_infestation, activity_critical and bait_low. With --no-fetch "
		"it looks at what another job has stored.\n"
		"\n"
		"--every keeps running: a broken network, a busy server or a full disk are said "
		"once and tried again at the next turn; a token that is refused ends it. The "
		"systemd service and timer trapkit-traplinked take turns instead.",
	.examples = "# The public test account of the API's documentation: token in the settings\n"
		    "$ trapkit traplinked-sync --reports-since 2021-01-01T00:00:00\n"
		    "# From cron: a mail when something happens, and only then\n"
		    "$ trapkit traplinked-sync --alert triggered,battery_low,heartbeat_older=26h\n"
		    "# A map of all devices\n"
		    "$ trapkit traplinked-sync --format geojson --output map.geojson --overwrite\n"
		    "# New reports into another program\n"
		    "$ trapkit traplinked-sync --format jsonl | jq -r .type_name\n"
		    "# What another job stored, for Nagios\n"
		    "$ trapkit traplinked-sync --no-fetch --check --alert triggered\n",
	.files = "$XDG_DATA_HOME/trapkit/traplinked.sqlite3: The database; see --database.\n",
	.related = "trapkit-traplinked 5, trapkit-cron 7",
	.options = tables,
	.run = run,
};
