/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs: the transaction around an answer, its row, and from when the next one asks. */
#include "traplinked_internal.h"

#include "trapkit/progress.h"

#include <stdio.h>
#include <stdlib.h>

static const char all_devices[] = "/devices";
static const char beginning[] = "1970-01-01T00:00:00";

void traplinked_run_release(struct traplinked_run *run)
{
	free(run->base_url);
	free(run->asked);
	free(run->asked_network);
	free(run->scope);
	free(run->reports_since);
	*run = (struct traplinked_run){0};
}

/* The newest reports_until of the runs that covered `scope`, "" when there is none. */
static int newest_until(struct traplinked_store *store, const char *scope,
	char until[TIMESTAMP_SIZE], struct error *err)
{
	sqlite3_stmt *statement = db_prepare(
		store, "SELECT max(reports_until) FROM runs WHERE scope IN (?1, ?2)", err);
	int code;

	until[0] = '\0';
	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, scope);
	db_bind_text(statement, 2, all_devices);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		snprintf(until, TIMESTAMP_SIZE, "%s",
			(const char *)sqlite3_column_text(statement, 0));
	if (code != SQLITE_ROW)
		db_fail(store, err);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : -1;
}

static char *scope_of(const struct traplinked_query *query)
{
	struct traplinked_query bare = *query;

	bare.reports_since = NULL;
	bare.fields = NULL;
	return traplinked_path(&bare);
}

int traplinked_since(struct traplinked_store *store, const struct traplinked_query *query,
	double overlap, char since[TIMESTAMP_SIZE], struct error *err)
{
	char *scope = scope_of(query), until[TIMESTAMP_SIZE];
	struct wall_time wall;
	int result = newest_until(store, scope, until, err);

	snprintf(since, TIMESTAMP_SIZE, "%s", beginning);
	if (result == 0 && wall_parse(until, strlen(until), &wall)) {
		/* Whether reports_since includes its second is not documented. */
		int64_t seconds = wall_seconds(&wall) - (int64_t)(overlap < 1 ? 1 : overlap);

		wall_from_seconds(seconds < 0 ? 0 : seconds, &wall);
		wall.has_offset = false;
		format_wall(&wall, since);
	}
	free(scope);
	return result;
}

int traplinked_begin(struct traplinked_store *store, struct traplinked_run *run, struct error *err)
{
	char started[TIMESTAMP_SIZE];
	sqlite3_stmt *statement;
	int result;

	if (db_execute(store, "BEGIN IMMEDIATE; DELETE FROM temp.seen", err) != 0)
		return -1;
	string_list_release(&store->notices);
	statement = db_prepare(
		store, "INSERT INTO runs (started, base_url, version) VALUES (?1, ?2, ?3)", err);
	format_utc(run->started, started);
	result = -1;
	if (statement != NULL) {
		db_bind_text(statement, 1, started);
		db_bind_text(statement, 2, run->base_url == NULL ? "" : run->base_url);
		db_bind_text(statement, 3, TRAPKIT_VERSION);
		result = db_run(store, statement, err) < 0 ? -1 : 0;
	}
	run->id = sqlite3_last_insert_rowid(store->db);
	sqlite3_finalize(statement);
	if (result != 0)
		traplinked_rollback(store);
	return result;
}

/* Devices that an answer for all devices does not have any more are marked, never deleted. */
static int mark_absent(struct answer *answer, struct error *err)
{
	struct traplinked_store *store = answer->store;
	sqlite3_stmt *history, *mark;
	int result = -1;

	history = db_prepare(store,
		"INSERT INTO device_history (serial_number, run_id, observed, changed, raw, name,"
		" status, status_name, location_id) SELECT serial_number, ?1, ?2, 'absent', '{}',"
		" name, status, status_name, location_id FROM devices"
		" WHERE absent_since IS NULL AND (serial_number, 0) NOT IN temp.seen",
		err);
	mark = history == NULL ? NULL
			       : db_prepare(store,
					 "UPDATE devices SET absent_since = ?2, changed_run = ?1"
					 " WHERE absent_since IS NULL"
					 " AND (serial_number, 0) NOT IN temp.seen",
					 err);
	if (mark != NULL) {
		int changed;

		sqlite3_bind_int64(history, 1, answer->run->id);
		db_bind_text(history, 2, answer->now);
		sqlite3_bind_int64(mark, 1, answer->run->id);
		db_bind_text(mark, 2, answer->now);
		changed = db_run(store, history, err) < 0 ? -1 : db_run(store, mark, err);
		if (changed > 0)
			progress_note(store->progress, "%d %s not in the answer any more", changed,
				changed == 1 ? "device is" : "devices are");
		result = changed < 0 ? -1 : 0;
	}
	sqlite3_finalize(history);
	sqlite3_finalize(mark);
	return result;
}

static void warn_unanswered(struct answer *answer)
{
	const struct string_list *ids = answer->query->ids;
	sqlite3_stmt *statement = NULL;

	if (ids == NULL || ids->count == 0)
		return;
	sqlite3_prepare_v2(answer->store->db,
		"SELECT 1 FROM temp.seen WHERE serial_number = ?1 AND NOT network", -1, &statement,
		NULL);
	for (size_t i = 0; statement != NULL && i < ids->count; i++) {
		db_bind_text(statement, 1, ids->items[i]);
		if (sqlite3_step(statement) == SQLITE_DONE)
			progress_warning(answer->store->progress, NULL,
				"device '%s' was asked for and is not in the answer: check its "
				"serial number",
				ids->items[i]);
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
}

/*
 * Until when the reports of this scope are known: the newest one, provided that nothing lies
 * between what earlier runs knew and what this one asked for.
 */
static int set_until(struct answer *answer, const char *scope, struct error *err)
{
	const char *since = answer->query->reports_since;
	char before[TIMESTAMP_SIZE];
	sqlite3_stmt *statement;
	int result;

	if (since == NULL)
		return 0;
	if (newest_until(answer->store, scope, before, err) != 0)
		return -1;
	/* `since` has no Z: it compares as smaller than the same second with one. */
	if (before[0] != '\0' && strcmp(since, before) > 0)
		return 0;
	if (strcmp(answer->newest, before) < 0)
		snprintf(answer->newest, sizeof answer->newest, "%s", before);
	if (answer->newest[0] == '\0')
		return 0;
	statement =
		db_prepare(answer->store, "UPDATE runs SET reports_until = ?2 WHERE id = ?1", err);
	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, answer->run->id);
	db_bind_text(statement, 2, answer->newest);
	result = db_run(answer->store, statement, err) < 0 ? -1 : 0;
	sqlite3_finalize(statement);
	return result;
}

int traplinked_take(struct traplinked_store *store, struct traplinked_run *run,
	const struct traplinked_query *query, const char *bytes, size_t size, struct error *err)
{
	struct answer answer = {.store = store, .run = run, .query = query};
	char *scope;
	int result;

	format_utc(run->started, answer.now);
	run->bytes += size;
	if (query->network) {
		free(run->asked_network);
		run->asked_network = traplinked_path(query);
		return json_each(bytes, size, "network_devices", answer_take_network, &answer, err);
	}
	if (json_each(bytes, size, "devices", answer_take_device, &answer, err) != 0)
		return -1;
	scope = scope_of(query);
	free(run->asked);
	run->asked = traplinked_path(query);
	free(run->reports_since);
	run->reports_since = query->reports_since == NULL ? NULL : xstrdup(query->reports_since);
	result = set_until(&answer, scope, err);
	if (result == 0 && strcmp(scope, all_devices) == 0)
		result = mark_absent(&answer, err);
	warn_unanswered(&answer);
	free(run->scope);
	run->scope = scope;
	return result;
}

static void bind_run(sqlite3_stmt *statement, const struct traplinked_run *run)
{
	const uint64_t numbers[] = {run->bytes, run->devices, run->devices_new,
		run->devices_changed, run->reports, run->reports_new, run->network_devices,
		run->network_new, run->network_changed, run->skipped};
	char finished[TIMESTAMP_SIZE];

	format_utc(run->finished, finished);
	sqlite3_bind_int64(statement, 1, run->id);
	db_bind_text(statement, 2, finished);
	db_bind_text(statement, 3, run->asked);
	db_bind_text(statement, 4, run->asked_network);
	db_bind_text(statement, 5, run->scope);
	db_bind_text(statement, 6, run->reports_since);
	sqlite3_bind_int64(statement, 7, run->http_status);
	sqlite3_bind_int64(statement, 8, run->attempts);
	for (int i = 0; i < 10; i++)
		sqlite3_bind_int64(statement, 9 + i, (int64_t)numbers[i]);
}

int traplinked_commit(struct traplinked_store *store, struct traplinked_run *run, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store,
		"UPDATE runs SET finished = ?2, asked = ?3, asked_network = ?4, scope = ?5,"
		" reports_since = ?6, http_status = ?7, attempts = ?8, bytes = ?9, devices = ?10,"
		" devices_new = ?11, devices_changed = ?12, reports = ?13, reports_new = ?14,"
		" network_devices = ?15, network_new = ?16, network_changed = ?17,"
		" skipped = ?18 WHERE id = ?1",
		err);
	int result = -1;

	if (statement == NULL)
		return -1;
	bind_run(statement, run);
	if (db_run(store, statement, err) >= 0)
		result = db_execute(store, "COMMIT", err);
	sqlite3_finalize(statement);
	if (result != 0)
		return -1;
	for (size_t i = 0; i < store->notices.count; i++)
		progress_warning(store->progress, NULL, "%s", store->notices.items[i]);
	string_list_release(&store->notices);
	return 0;
}

void traplinked_rollback(struct traplinked_store *store)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		if (store->statements[i] != NULL)
			sqlite3_reset(store->statements[i]);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	string_list_release(&store->notices);
}

int traplinked_last_run(struct traplinked_store *store, int64_t *id, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store, "SELECT coalesce(max(id), 0) FROM runs", err);
	int result = -1;

	if (statement == NULL)
		return -1;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		*id = sqlite3_column_int64(statement, 0);
		result = 0;
	} else {
		db_fail(store, err);
	}
	sqlite3_finalize(statement);
	return result;
}
