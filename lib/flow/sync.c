/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traplinked brought up to date: one or two requests, then one transaction. */
#include "trapkit/sync.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"
#include "trapkit/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sync {
	const struct sync_settings *settings;
	const struct progress *progress;
	struct traplinked_store *store;
};

void sync_result_release(struct sync_result *result)
{
	traplinked_run_release(&result->run);
	traplinked_alert_list_release(&result->alerts);
	*result = (struct sync_result){0};
}

struct sync *sync_open(
	const struct sync_settings *settings, const struct progress *progress, struct error *err)
{
	bool writes = settings->fetch || settings->rule_count > 0;
	struct sync *sync = xcalloc(1, sizeof *sync);

	sync->settings = settings;
	sync->progress = progress;
	sync->store = traplinked_store_open(settings->database,
		settings->dry_run ? TRAPLINKED_SCRATCH
			: writes  ? TRAPLINKED_WRITE
				  : TRAPLINKED_READ,
		settings->wait_lock, progress, err);
	if (sync->store != NULL)
		return sync;
	free(sync);
	return NULL;
}

void sync_close(struct sync *sync)
{
	if (sync == NULL)
		return;
	traplinked_store_close(sync->store);
	free(sync);
}

/* The fields with serial_number among them, without which nothing can be stored. */
static void all_fields(const struct string_list *wanted, struct string_list *fields)
{
	bool there = false;

	for (size_t i = 0; i < wanted->count; i++)
		there = there || strcmp(wanted->items[i], "serial_number") == 0;
	if (wanted->count > 0 && !there)
		string_list_add(fields, "serial_number");
	for (size_t i = 0; i < wanted->count; i++)
		string_list_add(fields, wanted->items[i]);
}

static int fill_since(struct sync *sync, struct traplinked_query *query, char since[TIMESTAMP_SIZE],
	struct error *err)
{
	const struct sync_settings *settings = sync->settings;

	if (settings->reports == SYNC_REPORTS_SINCE)
		query->reports_since = settings->reports_since;
	if (settings->reports != SYNC_REPORTS_LAST)
		return 0;
	if (traplinked_since(sync->store, query, settings->overlap, since, err) != 0)
		return -1;
	query->reports_since = since;
	return 0;
}

struct turn {
	struct traplinked_query queries[2];
	struct http_reply replies[2];
	size_t count;
	struct string_list fields;
	char since[TIMESTAMP_SIZE];
};

static bool watches_network(const struct sync_settings *settings)
{
	for (size_t i = 0; i < settings->rule_count; i++)
		if (settings->rules[i].kind == TRAPLINKED_RULE_DISCONNECTED)
			return true;
	return false;
}

static int plan(struct sync *sync, struct turn *turn, struct error *err)
{
	const struct sync_settings *settings = sync->settings;
	struct traplinked_query query = {.ids = &settings->ids,
		.location_path = settings->location_path,
		.location_id = settings->location_id,
		.include_sublocations = settings->include_sublocations};
	bool only = settings->network == SYNC_NETWORK_ONLY;

	all_fields(&settings->fields, &turn->fields);
	if (!only) {
		turn->queries[0] = query;
		turn->queries[0].fields = &turn->fields;
		if (fill_since(sync, &turn->queries[0], turn->since, err) != 0)
			return -1;
		turn->count++;
	}
	if (settings->network != SYNC_NETWORK_NONE || watches_network(settings)) {
		query.network = true;
		query.fields = only ? &turn->fields : NULL;
		turn->queries[turn->count++] = query;
	}
	return 0;
}

static int ask(struct sync *sync, struct turn *turn, struct sync_result *answer, struct error *err)
{
	const struct sync_settings *settings = sync->settings;
	struct traplinked *traplinked =
		traplinked_open(settings->base_url, settings->http, sync->progress, err);
	int result = traplinked == NULL ? -1 : 0;

	for (size_t i = 0; i < turn->count && result == 0; i++) {
		result = traplinked_get(traplinked, &turn->queries[i], &turn->replies[i], err);
		if (result == 0) {
			answer->run.http_status = turn->replies[i].status;
			answer->run.attempts += turn->replies[i].attempts;
		} else {
			answer->retry_after = turn->replies[i].retry_after;
		}
	}
	traplinked_close(traplinked);
	return result;
}

/* The caller rolls back. Bodies are let go as soon as they are stored. */
static int store(
	struct sync *sync, struct turn *turn, struct traplinked_run *run, struct error *err)
{
	const struct sync_settings *settings = sync->settings;

	for (size_t i = 0; i < turn->count; i++) {
		if (traplinked_take(sync->store, run, &turn->queries[i], turn->replies[i].body,
			    turn->replies[i].size, err) != 0)
			return -1;
		http_reply_release(&turn->replies[i]);
	}
	run->finished = (int64_t)time(NULL);
	if (traplinked_alerts_update(
		    sync->store, settings->rules, settings->rule_count, run->started, err) != 0)
		return -1;
	return traplinked_commit(sync->store, run, err);
}

static int fetch(struct sync *sync, struct sync_result *answer, struct error *err)
{
	struct traplinked_run *run = &answer->run;
	struct turn turn = {0};
	int result = -1;

	run->started = (int64_t)time(NULL);
	run->base_url = xstrdup(sync->settings->base_url);
	if (plan(sync, &turn, err) != 0 || ask(sync, &turn, answer, err) != 0 ||
		traplinked_begin(sync->store, run, err) != 0)
		goto done;
	result = store(sync, &turn, run, err);
	if (result != 0)
		traplinked_rollback(sync->store);
done:
	for (size_t i = 0; i < 2; i++)
		http_reply_release(&turn.replies[i]);
	string_list_release(&turn.fields);
	return result;
}

/* Without asking: the passing of time alone can open an alert. */
static int look(struct sync *sync, int64_t now, struct error *err)
{
	const struct sync_settings *settings = sync->settings;

	if (traplinked_see_all(sync->store, &settings->ids, err) != 0)
		return -1;
	return traplinked_alerts_update(
		sync->store, settings->rules, settings->rule_count, now, err);
}

int sync_run(struct sync *sync, struct sync_result *result, struct error *err)
{
	const struct sync_settings *settings = sync->settings;
	int64_t now = (int64_t)time(NULL);

	*result = (struct sync_result){0};
	if (traplinked_last_run(sync->store, &result->last_run, err) != 0)
		return -1;
	if (settings->fetch && fetch(sync, result, err) != 0)
		return -1;
	if (!settings->fetch && settings->rule_count > 0 && look(sync, now, err) != 0)
		return -1;
	return traplinked_alerts_list(sync->store, settings->rules, settings->rule_count, now,
		settings->repeat_after, &result->alerts, err);
}

int sync_told(struct sync *sync, const struct sync_result *result, struct error *err)
{
	if (sync->settings->dry_run || result->alerts.count == 0)
		return 0;
	return traplinked_alerts_told(sync->store, &result->alerts, (int64_t)time(NULL), err);
}

struct traplinked_rows *sync_rows(
	struct sync *sync, enum traplinked_table table, int64_t since_run, struct error *err)
{
	return traplinked_rows_open(sync->store, table, since_run, err);
}
