/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit profile check`: files found, checked in parallel, told in order. */
#include "camera_targets.h"
#include "cameras.h"
#include "console.h"
#include "general.h"
#include "options.h"
#include "trapkit/find_files.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct checked {
	struct camera_target target;
	struct camera_check check;
};

/* A head is read in less time than a thread takes to wake up: files go to the workers together. */
#define MOST_TOGETHER 16u

struct batch {
	size_t count;
	struct checked items[MOST_TOGETHER];
};

struct job {
	struct session *session;
	struct camera_checking checking;
	struct camera_targets targets;
	size_t next, done; /* index of the next target; how many were taken */
	uint64_t verdicts[3], unreadable;
	uint64_t by_own; /* taken by a profile that is not built in */
	uint64_t reasons[CAMERA_PARSE_FAILED + 1];
	cJSON *files;
	struct table table;
};

/* ---- work ---- */

static int next_batch(void *context, void *item, struct error *err)
{
	struct job *job = context;
	struct batch *batch = item;

	while (batch->count < MOST_TOGETHER && job->next < job->targets.count)
		batch->items[batch->count++].target = job->targets.items[job->next++];
	if (batch->count == 0)
		return 0;
	return progress_check(job->session->progress, err) != 0 ? -1 : 1;
}

static void unreadable(struct camera_check *check, enum camera_reason reason, const char *text)
{
	check->verdict = reason == CAMERA_UNREADABLE ? CAMERA_REFUSED : CAMERA_SKIPPED;
	check->reason = reason;
	snprintf(check->details, sizeof check->details, "%s", text);
}

static void check_file(const struct job *job, struct checked *checked)
{
	const char *path = checked->target.path, *remote = path + checked->target.remote;
	struct camera_check *check = &checked->check;
	struct stat status;
	int fd;

	if (camera_check_name(remote, check) && checked->target.failure == 0)
		return;
	if (checked->target.failure != 0) {
		unreadable(check, CAMERA_UNREADABLE, strerror(checked->target.failure));
		return;
	}
	if (checked->target.special) {
		unreadable(check, CAMERA_NOT_A_FILE, "a link or a device, not looked at");
		return;
	}
	fd = camera_open(AT_FDCWD, path);
	if (fd < 0 || fstat(fd, &status) != 0) {
		unreadable(check, CAMERA_UNREADABLE, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		unreadable(check, CAMERA_NOT_A_FILE, "not a file");
	} else {
		struct error failure = {0};

		/* Its verdict tells. */
		camera_check_file(
			&job->checking, remote, fd, (uint64_t)status.st_size, check, &failure);
	}
	if (fd >= 0)
		close(fd);
}

static int check_batch(void *context, void *item, struct error *err)
{
	struct batch *batch = item;

	(void)err; /* verdicts tell */
	for (size_t i = 0; i < batch->count; i++)
		check_file(context, &batch->items[i]);
	return 0;
}

/* ---- results ---- */

static void date_text(const struct job *job, const struct camera_check *check, char *out)
{
	struct instant instant;

	out[0] = '\0';
	if (check->date_source == TIME_NONE)
		return;
	if (job->checking.zone == NULL) {
		format_wall(&check->date, out);
		return;
	}
	instant = zone_resolve(job->checking.zone, &check->date, general.ignore_dst);
	format_local(instant.utc, instant.offset, true, out);
}

static void add_facts(cJSON *item, const struct camera_facts *facts)
{
	cJSON *part;

	cameras_add_number(item, "temperature_c", facts->temperature);
	cameras_add_number(item, "moon_phase", facts->moon < 0 ? (double)NAN : facts->moon);
	if (isnan(facts->battery_percent) && isnan(facts->battery_volts)) {
		cJSON_AddNullToObject(item, "battery");
	} else {
		part = cJSON_AddObjectToObject(item, "battery");
		cameras_add_number(part, "percent", facts->battery_percent);
		cameras_add_number(part, "volts", facts->battery_volts);
	}
	cameras_add_text(item, "trigger", camera_trigger_name(facts->trigger));
	if (facts->sequence_index == 0) {
		cJSON_AddNullToObject(item, "sequence");
	} else {
		part = cJSON_AddObjectToObject(item, "sequence");
		cJSON_AddNumberToObject(part, "index", facts->sequence_index);
		cJSON_AddNumberToObject(part, "count", facts->sequence_count);
	}
	cameras_add_number(item, "event", facts->event < 0 ? NAN : (double)facts->event);
	cameras_add_text(item, "make", facts->make);
	cameras_add_text(item, "model", facts->model);
	cameras_add_text(item, "serial", facts->serial);
	cameras_add_text(item, "label", facts->label);
	cameras_add_text(item, "reader",
		facts->reader == CAMERA_GENERIC ? NULL : camera_reader_name(facts->reader));
}

static void add_file(struct job *job, const struct checked *checked)
{
	const struct camera_check *check = &checked->check;
	cJSON *item = cJSON_CreateObject();
	char *shown = text_escape(checked->target.path + checked->target.shown);
	char date[TIMESTAMP_SIZE];

	date_text(job, check, date);
	cJSON_AddStringToObject(item, "path", shown);
	cJSON_AddStringToObject(item, "verdict", camera_verdict_name(check->verdict));
	cameras_add_text(item, "reason", camera_reason_name(check->reason));
	cameras_add_text(item, "details", check->details);
	cameras_add_text(item, "profile", check->profile == NULL ? NULL : check->profile->name);
	cameras_add_text(item, "camera_id", check->has_id ? check->id : NULL);
	cameras_add_text(item, "date", date);
	cameras_add_text(item, "date_source",
		check->date_source == TIME_NONE ? NULL : time_source_name(check->date_source));
	cameras_add_position(item, check->latitude, check->longitude);
	add_facts(item, &check->facts);
	cameras_add_warnings(cJSON_AddArrayToObject(item, "warnings"), check->facts.warnings);
	cJSON_AddItemToArray(job->files, item);
	free(shown);
}

/* "" for what is not there; 15 digits hold every number that comes. */
static void number_cell(struct table *table, double number)
{
	if (isnan(number))
		table_cell(table, "%s", "");
	else
		table_cell(table, "%.10g", number);
}

static void add_csv_row(struct job *job, const struct checked *checked)
{
	const struct camera_check *check = &checked->check;
	const struct camera_facts *facts = &check->facts;
	const char *trigger = camera_trigger_name(facts->trigger);
	struct table *table = &job->table;
	char date[TIMESTAMP_SIZE];

	date_text(job, check, date);
	table_cell(table, "%s", checked->target.path + checked->target.shown);
	table_cell(table, "%s", camera_verdict_name(check->verdict));
	table_cell(table, "%s",
		check->reason == CAMERA_REASON_NONE ? "" : camera_reason_name(check->reason));
	table_cell(table, "%s", check->profile == NULL ? "" : check->profile->name);
	table_cell(table, "%s", check->has_id ? check->id : "");
	table_cell(table, "%s", date);
	table_cell(table, "%s",
		check->date_source == TIME_NONE ? "" : time_source_name(check->date_source));
	number_cell(table, check->latitude);
	number_cell(table, check->longitude);
	number_cell(table, facts->temperature);
	number_cell(table, facts->moon < 0 ? (double)NAN : facts->moon);
	number_cell(table, facts->battery_percent);
	number_cell(table, facts->battery_volts);
	table_cell(table, "%s", trigger == NULL ? "" : trigger);
	number_cell(table, facts->sequence_index == 0 ? (double)NAN : facts->sequence_index);
	number_cell(table, facts->sequence_count == 0 ? (double)NAN : facts->sequence_count);
	number_cell(table, facts->event < 0 ? NAN : (double)facts->event);
	table_cell(table, "%s", facts->make);
	table_cell(table, "%s", facts->model);
	table_cell(table, "%s", facts->serial);
	table_cell(table, "%s", facts->label);
	table_cell(table, "%s", check->details);
}

static const char *or_dash(const char *text)
{
	return text == NULL || *text == '\0' ? "-" : text;
}

static void add_row(struct job *job, const struct checked *checked)
{
	const struct camera_check *check = &checked->check;
	struct table *table = &job->table;
	char date[TIMESTAMP_SIZE];

	date_text(job, check, date);
	table_cell(table, "%s",
		check->verdict == CAMERA_OK ? "ok" : camera_reason_name(check->reason));
	table_cell(table, "%s", checked->target.path + checked->target.shown);
	table_cell(table, "%s", check->profile == NULL ? "-" : check->profile->name);
	table_cell(table, "%s",
		or_dash(check->has_id                            ? check->id
				: check->facts.serial[0] != '\0' ? check->facts.serial
								 : check->facts.label));
	table_cell(table, "%s", or_dash(date));
	if (isnan(check->latitude))
		table_cell(table, "-");
	else
		table_cell(table, "%.5f,%.5f", check->latitude, check->longitude);
	if (isnan(check->facts.temperature))
		table_cell(table, "-");
	else
		table_cell(table, "%.0f", check->facts.temperature);
	if (check->details[0] != '\0')
		table_cell(table, "%s", check->details);
	else
		table_cell(table, "%s",
			check->facts.warnings == 0
				? ""
				: camera_warning_text((enum camera_warning)(
					  check->facts.warnings & (~check->facts.warnings + 1))));
}

static int take_file(struct job *job, const struct checked *checked, struct error *err)
{
	const struct camera_check *check = &checked->check;
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "check",
		.files_done = ++job->done,
		.files_total = job->targets.count};

	job->verdicts[check->verdict]++;
	job->reasons[check->reason]++;
	job->unreadable += check->reason == CAMERA_UNREADABLE;
	job->by_own += check->verdict == CAMERA_OK && check->profile != NULL &&
		strcmp(check->profile->origin, "built in") != 0;
	if (job->session->json)
		add_file(job, checked);
	else if (camera_options.csv)
		add_csv_row(job, checked);
	else
		add_row(job, checked);
	progress_send(job->session->progress, &event);
	if (job->session->fail_fast && check->verdict == CAMERA_REFUSED)
		return error_set(err, ERROR_INPUT, "'%s' would be refused: %s",
			checked->target.path + checked->target.shown, check->details);
	return 0;
}

static int take_batch(void *context, void *item, const struct error *failure, struct error *err)
{
	const struct batch *batch = item;
	int result = 0;

	(void)failure;
	for (size_t i = 0; i < batch->count && result == 0; i++)
		result = take_file(context, &batch->items[i], err);
	return result;
}

static void show(struct job *job)
{
	cJSON *summary, *reasons;

	if (!job->session->json && camera_options.csv)
		console_csv(job->session->console, &job->table);
	else if (!job->session->json && job->targets.count > 0)
		console_table(job->session->console, &job->table);
	console_note(job->session->console, "%zu files: %llu ok, %llu refused, %llu skipped",
		job->done, (unsigned long long)job->verdicts[CAMERA_OK],
		(unsigned long long)job->verdicts[CAMERA_REFUSED],
		(unsigned long long)job->verdicts[CAMERA_SKIPPED]);
	if (job->by_own > 0)
		console_note(job->session->console,
			"%llu of them fit a profile of your own: the server takes them only when "
			"it has such a profile too",
			(unsigned long long)job->by_own);
	summary = cJSON_AddObjectToObject(job->session->result, "summary");
	cJSON_AddNumberToObject(summary, "files", (double)job->done);
	cJSON_AddNumberToObject(summary, "ok", (double)job->verdicts[CAMERA_OK]);
	cJSON_AddNumberToObject(summary, "refused", (double)job->verdicts[CAMERA_REFUSED]);
	cJSON_AddNumberToObject(summary, "skipped", (double)job->verdicts[CAMERA_SKIPPED]);
	cJSON_AddNumberToObject(summary, "own_profile", (double)job->by_own);
	reasons = cJSON_AddObjectToObject(summary, "reasons");
	for (size_t i = 1; i <= CAMERA_PARSE_FAILED; i++)
		if (job->reasons[i] > 0)
			cJSON_AddNumberToObject(reasons, camera_reason_name((enum camera_reason)i),
				(double)job->reasons[i]);
	cJSON_AddItemToObject(job->session->result, "zone",
		job->checking.zone == NULL ? cJSON_CreateNull()
					   : cJSON_CreateString(zone_name(job->checking.zone)));
}

static int check_all(struct job *job, struct error *err)
{
	struct workers workers = {.next = next_batch,
		.work = check_batch,
		.take = take_batch,
		.context = job,
		.item_size = sizeof(struct batch)};
	struct progress_event event = {.kind = PROGRESS_BEGIN, .stage = "check"};
	int status;

	job->files = cJSON_AddArrayToObject(job->session->result, "files");
	if (camera_options.csv)
		table_init(&job->table, "path", "verdict", "reason", "profile", "camera_id", "date",
			"date_source", "latitude", "longitude", "temperature_c", "moon_phase",
			"battery_percent", "battery_volts", "trigger", "sequence_index",
			"sequence_count", "event", "make", "model", "serial", "label", "details",
			(const char *)NULL);
	else
		table_init(&job->table, "verdict", "file", "profile", "camera", "date", "position",
			"°C", "remark", (const char *)NULL);
	event.files_total = job->targets.count;
	progress_send(job->session->progress, &event);
	status = workers_run(&workers, job->session->jobs, err);
	event.kind = PROGRESS_END;
	event.files_done = job->done;
	progress_send(job->session->progress, &event);
	show(job);
	return status;
}

int cameras_check(struct session *session, struct error *err)
{
	struct job job = {.session = session};
	struct camera_context context = {0};
	int status = -1;

	if (camera_context_open(&context, err) != 0)
		goto done;
	job.checking = context.checking;
	if (camera_targets_collect(session, &job.targets, err) != 0 || check_all(&job, err) != 0)
		goto done;
	status = job.unreadable > 0 ? 1 : job.verdicts[CAMERA_REFUSED] > 0 ? 3 : 0;
done:
	camera_targets_release(&job.targets);
	table_release(&job.table);
	camera_context_release(&context);
	return status;
}
