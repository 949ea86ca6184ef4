/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit profile report`: daily reports decoded, one by one or one row a camera. */
#include "camera_targets.h"
#include "cameras.h"
#include "console.h"
#include "settings.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *path;
	struct camera_report report;
	char *converted; /* --convert; NULL when it is no Willfine-2024 report */
};

struct entries {
	struct entry *items;
	size_t count, capacity;
};

static void read_entry(const char *path, const struct string_list *registered,
	struct entries *entries, uint64_t *unread, struct console *console)
{
	struct entry entry = {.path = xstrdup(path)};
	struct error err = {0};
	char *text = NULL;
	size_t size;

	if (read_whole_file(path, (size_t)CAMERA_LARGEST_REPORT + 1, &text, &size, &err) != 0 &&
		err.kind != ERROR_INPUT) {
		console_error(console, err.message);
		++*unread;
		free(entry.path);
		return;
	}
	/* A file beyond the limit is refused, not read. */
	camera_report_parse(text == NULL ? "" : text,
		text == NULL ? (size_t)CAMERA_LARGEST_REPORT + 1 : size, registered, &entry.report);
	if (camera_options.convert && text != NULL)
		entry.converted = camera_report_convert(text, size);
	ARRAY_APPEND(entries, entry);
	free(text);
}

static void date_text(const struct camera_report *report, char *out)
{
	out[0] = '\0';
	if (report->has_date)
		format_wall(&report->date, out);
}

static void number_cell(struct table *table, int64_t number)
{
	if (number == CAMERA_NO_NUMBER)
		table_cell(table, "%s", camera_options.csv ? "" : "-");
	else
		table_cell(table, "%lld", (long long)number);
}

static void real_cell(struct table *table, double number, const char *format)
{
	char text[64];

	if (isnan(number)) {
		table_cell(table, "%s", camera_options.csv ? "" : "-");
		return;
	}
	snprintf(text, sizeof text, "%.*f", *format - '0', number);
	table_cell(table, "%s", text);
}

static void text_cell(struct table *table, const char *text)
{
	bool missing = text == NULL || *text == '\0';

	table_cell(table, "%s", !missing ? text : camera_options.csv ? "" : "-");
}

static void add_row(struct table *table, const struct entry *entry)
{
	const struct camera_report *report = &entry->report;
	char date[TIMESTAMP_SIZE];

	date_text(report, date);
	text_cell(table, entry->path);
	text_cell(table, camera_verdict_name(report->verdict));
	text_cell(table, camera_reason_name(report->reason));
	text_cell(table, camera_report_format_name(report->format));
	text_cell(table, report->id);
	text_cell(table, report->name);
	text_cell(table, date);
	number_cell(table, report->signal);
	number_cell(table, report->temperature);
	number_cell(table, report->battery_percent);
	real_cell(table, report->sd_used_percent, "2");
	number_cell(table, report->taken);
	number_cell(table, report->sent);
	real_cell(table, report->latitude, "6");
	real_cell(table, report->longitude, "6");
}

static cJSON *document_of(const struct entry *entry)
{
	const struct camera_report *report = &entry->report;
	cJSON *item = cJSON_CreateObject();
	char date[TIMESTAMP_SIZE];

	date_text(report, date);
	cameras_add_text(item, "path", entry->path);
	cJSON_AddStringToObject(item, "verdict", camera_verdict_name(report->verdict));
	cameras_add_text(item, "reason", camera_reason_name(report->reason));
	cameras_add_text(item, "details", report->details);
	cameras_add_text(item, "format", camera_report_format_name(report->format));
	if (report->id == NULL)
		cJSON_AddNullToObject(item, "camera_id");
	else
		cJSON_AddStringToObject(item, "camera_id", report->id);
	cameras_add_text(item, "camera_name", report->name);
	cameras_add_number(item, "signal", (double)report->signal);
	cameras_add_number(item, "temperature_c", (double)report->temperature);
	cameras_add_number(item, "battery_percent", (double)report->battery_percent);
	cameras_add_number(item, "sd_used_percent", report->sd_used_percent);
	cameras_add_number(item, "images_taken", (double)report->taken);
	cameras_add_number(item, "images_sent", (double)report->sent);
	cameras_add_position(item, report->latitude, report->longitude);
	cameras_add_text(item, "date", date);
	if (entry->converted != NULL)
		cJSON_AddStringToObject(item, "converted", entry->converted);
	return item;
}

/* ---- one row a camera ---- */

static int64_t moment(const struct camera_report *report)
{
	return report->has_date ? wall_seconds(&report->date) : INT64_MIN;
}

/* By id, and the newest first; undated ones last. */
static int compare_entries(const void *left, const void *right)
{
	const struct camera_report *one = &((const struct entry *)left)->report;
	const struct camera_report *two = &((const struct entry *)right)->report;
	int order = strcmp(one->id == NULL ? "" : one->id, two->id == NULL ? "" : two->id);

	if (order != 0)
		return order;
	if (moment(one) != moment(two))
		return moment(one) > moment(two) ? -1 : 1;
	return strcmp(((const struct entry *)left)->path, ((const struct entry *)right)->path);
}

static void release_entry(struct entry *entry)
{
	free(entry->path);
	free(entry->converted);
	camera_report_release(&entry->report);
}

/* Keeps the newest report of each camera; those that cannot be parsed are no camera's. */
static void keep_newest(struct entries *entries)
{
	size_t kept = 0;

	if (entries->count > 1)
		qsort(entries->items, entries->count, sizeof *entries->items, compare_entries);
	for (size_t i = 0; i < entries->count; i++) {
		struct entry *entry = &entries->items[i];
		const char *id = entry->report.id;

		if (id == NULL || *id == '\0' ||
			(kept > 0 && strcmp(entries->items[kept - 1].report.id, id) == 0))
			release_entry(entry);
		else
			entries->items[kept++] = *entry;
	}
	entries->count = kept;
}

static void show(struct session *session, const struct entries *entries)
{
	cJSON *array = cJSON_AddArrayToObject(session->result, "reports");
	struct table table = {0};

	table_init(&table, "path", "verdict", "reason", "format", "camera_id", "camera_name",
		"date", "signal", "temperature_c", "battery_percent", "sd_used_percent",
		"images_taken", "images_sent", "latitude", "longitude", (const char *)NULL);
	for (size_t i = 7; i < 15; i++)
		table_align_right(&table, i);
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];

		if (session->json)
			cJSON_AddItemToArray(array, document_of(entry));
		else if (camera_options.convert && entry->converted != NULL)
			console_result(session->console, "%s", entry->converted);
		else if (camera_options.convert)
			console_warning(session->console,
				"'%s' is no report of a Willfine-2024 camera", entry->path);
		else
			add_row(&table, entry);
	}
	if (!session->json && !camera_options.convert && camera_options.csv)
		console_csv(session->console, &table);
	else if (!session->json && !camera_options.convert && entries->count > 0)
		console_table(session->console, &table);
	table_release(&table);
}

/* Whatever is named, and of a folder what a camera's server would take for a report. */
static int read_all(struct session *session, const struct camera_targets *targets,
	const struct string_list *registered, struct entries *entries, uint64_t *unread,
	struct error *err)
{
	for (size_t i = 0; i < targets->count; i++) {
		const struct camera_target *target = &targets->items[i];
		struct camera_check check;

		if (progress_check(session->progress, err) != 0)
			return -1;
		if (!target->named && target->failure == 0 &&
			(target->special ||
				camera_check_name(target->path + target->remote, &check) ||
				!check.is_report))
			continue;
		read_entry(target->path, registered, entries, unread, session->console);
	}
	return 0;
}

int cameras_report(struct session *session, struct error *err)
{
	struct camera_targets targets = {0};
	struct entries entries = {0};
	struct string_list registered = {0};
	bool known = camera_options.registered != NULL;
	uint64_t unread = 0, refused = 0;
	int status = -1;

	if ((known && cameras_registered(camera_options.registered, &registered, err) != 0) ||
		camera_targets_collect(session, &targets, err) != 0 ||
		read_all(session, &targets, known ? &registered : NULL, &entries, &unread, err) !=
			0)
		goto done;
	for (size_t i = 0; i < entries.count; i++)
		refused += entries.items[i].report.verdict == CAMERA_REFUSED;
	if (camera_options.fleet)
		keep_newest(&entries);
	if (entries.count == 0 && unread == 0)
		console_note(session->console,
			"no daily reports here: they are the text files (.txt) that a camera sends "
			"once a day");
	show(session, &entries);
	status = unread > 0 ? 1 : refused > 0 ? 3 : 0;
done:
	for (size_t i = 0; i < entries.count; i++)
		release_entry(&entries.items[i]);
	free(entries.items);
	camera_targets_release(&targets);
	string_list_release(&registered);
	return status;
}
