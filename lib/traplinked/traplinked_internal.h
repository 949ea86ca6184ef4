/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this room share: reading JSON piece by piece, the store and its statements. */
#ifndef TRAPKIT_TRAPLINKED_INTERNAL_H
#define TRAPKIT_TRAPLINKED_INTERNAL_H

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/traplinked.h"

#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Largest answer taken, bytes: 10,000 devices with 50,000 reports have about 16 MB. */
#define TRAPLINKED_LIMIT ((size_t)256 << 20)

/* ---- codes.c ---- */

bool traplinked_is_status(const char *name);
/* Fills `names` with the statuses' names, NULL at the end. */
void traplinked_status_names(const char **names, size_t room);

/* ---- json.c: no network, no store ---- */

/*
 * Calls `take` for every entry of the array `member` of the top-level object; one entry at a time
 * is in memory. ERROR_NETWORK when the whole is not one such object: then some entries may have
 * been taken already. `take` returns 0, or -1 with err.
 */
int json_each(const char *bytes, size_t size, const char *member,
	int (*take)(void *context, cJSON *entry, struct error *err), void *context,
	struct error *err);
/* A value is "missing" when the member is not there, and "null" when it says so. */
const cJSON *json_member(const cJSON *object, const char *name);
/* An integer, also as text or as 5.0. */
bool json_integer(const cJSON *item, int64_t *value);
/* A number, also as text. */
bool json_number(const cJSON *item, double *value);
/* true, false, "true", "false", 0, 1. */
bool json_bool(const cJSON *item, bool *value);
/* "2020-01-01T12:00:00" (UTC, as the API writes it) becomes "2020-01-01T12:00:00Z"; an offset is
 * taken into account. False when it is no time. */
bool json_time(const cJSON *item, char out[TIMESTAMP_SIZE]);
/* The object's text on one line. Owned. */
char *json_text(const cJSON *item);

/* ---- store ---- */

enum statement {
	GET_DEVICE,
	PUT_DEVICE,
	ADD_HISTORY,
	SET_PRESENT,
	SEE,
	GET_LOCATION,
	ADD_LOCATION,
	UPDATE_LOCATION,
	ADD_REPORT,
	GET_NETWORK,
	PUT_NETWORK,
	ADD_UNKNOWN,
	STATEMENT_COUNT
};

struct traplinked_store {
	sqlite3 *db;
	char *path;
	int lock_fd; /* -1 = none */
	const struct progress *progress;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct string_list notices; /* to be said after the commit */
};

/* Sets `err` from what SQLite says. Returns -1. */
int db_fail(struct traplinked_store *store, struct error *err);
sqlite3_stmt *db_statement(struct traplinked_store *store, enum statement which, struct error *err);
/* Prepares any SQL; NULL with err. The caller finalizes. */
sqlite3_stmt *db_prepare(struct traplinked_store *store, const char *sql, struct error *err);
/* Runs to the end, resets. Returns the number of rows changed, or -1. */
int db_run(struct traplinked_store *store, sqlite3_stmt *statement, struct error *err);
int db_execute(struct traplinked_store *store, const char *sql, struct error *err);
/* NULL binds NULL. Copied. */
void db_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* Owned copy, NULL for NULL. */
char *db_column(sqlite3_stmt *statement, int index);
/* To be said after the commit, when (what, value) was never seen before. */
int db_notice(struct traplinked_store *store, const char *what, const char *value, int64_t run,
	char *message, struct error *err);
/* "'A_code' …": the SQL of PUT_DEVICE, owned. */
char *device_put_sql(void);

int db_migrate(struct traplinked_store *store, struct error *err);

int db_lock(const char *database, double wait, const struct progress *progress, struct error *err);
void db_unlock(int fd);

/* ---- answers ---- */

struct answer {
	struct traplinked_store *store;
	struct traplinked_run *run;
	const struct traplinked_query *query;
	char now[TIMESTAMP_SIZE];
	char newest[TIMESTAMP_SIZE]; /* report not later than the run, "" = none */
};
int answer_take_device(void *context, cJSON *entry, struct error *err);
int answer_take_network(void *context, cJSON *entry, struct error *err);
/* *id = 0 when `location` is no object with a name. */
int answer_location(struct answer *answer, const cJSON *location, int64_t *id, struct error *err);
int answer_reports(struct answer *answer, const char *serial, int64_t device_type,
	const cJSON *reports, struct error *err);
/* 1, or 0 when this answer had it already; -1 with err. */
int answer_see(struct answer *answer, const char *serial, struct error *err);
/* A warning about an entry that cannot be taken. */
void answer_skip(struct answer *answer, const char *serial, const char *why);

#endif
