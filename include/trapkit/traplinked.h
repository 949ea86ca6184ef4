/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The traplinked REST API v1.10 (read only) and the database that keeps what it told. */
#ifndef TRAPKIT_TRAPLINKED_H
#define TRAPKIT_TRAPLINKED_H

#include "trapkit/memory.h"
#include "trapkit/timestamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;
struct http_settings;
struct http_reply;

/* ---- codes ---- */

enum traplinked_kind {
	TRAPLINKED_DEVICE_TYPE,
	TRAPLINKED_DEVICE_STATUS,
	TRAPLINKED_TRANSFER_MODE,
	TRAPLINKED_OPERATION_MODE,
	TRAPLINKED_REPORT_TYPE
};
#define TRAPLINKED_NAME_SIZE 64
/*
 * The documentation's words in lower snake case, "unknown_N" for codes that it does not have: then
 * false. Status 1 and report 3 mean something else for a JERRY Bait Rat (`device_type` 5).
 */
bool traplinked_decode(enum traplinked_kind kind, int64_t code, int64_t device_type,
	char name[TRAPLINKED_NAME_SIZE]);

/* ---- requests ---- */

/* What is asked. Texts are borrowed. Of ids, location_path and location_id at most one is given. */
struct traplinked_query {
	bool network;                     /* /network-devices instead of /devices */
	const struct string_list *ids;    /* serial numbers; NULL or empty = all */
	const char *location_path;        /* "//MyLocation//MySublocation", or NULL */
	const char *location_id;          /* or NULL */
	bool include_sublocations;        /* only with a location */
	const char *reports_since;        /* UTC, "2020-01-01T12:00:00"; NULL = no reports */
	const struct string_list *fields; /* NULL or empty = all */
};

/* "/devices?ids=A,B&reports_since=…", percent-encoded. Owned by the caller. */
char *traplinked_path(const struct traplinked_query *query);

/* A session. `settings` needs a token; its scheme is set here. NULL with err: no token, bad URL. */
struct traplinked;
struct traplinked *traplinked_open(const char *base_url, const struct http_settings *settings,
	const struct progress *progress, struct error *err);
void traplinked_close(struct traplinked *traplinked);
/*
 * One GET. 0 only with status 200. ERROR_REFUSED for 401 and 403, ERROR_NETWORK for 429, 5xx and
 * what broke on the way, ERROR_REMOTE for 400, 404 and the rest. On failure reply->retry_after
 * holds the seconds that the server asked to wait (-1: it did not) and everything else is released.
 */
int traplinked_get(struct traplinked *traplinked, const struct traplinked_query *query,
	struct http_reply *reply, struct error *err);

/* ---- the database ---- */

/*
 * trapkit-traplinked(5) documents the tables. One writer at a time (a lock file beside the
 * database); readers at any time. Whatever an answer changes becomes visible in one transaction.
 */
struct traplinked_store;
enum traplinked_mode {
	TRAPLINKED_WRITE,  /* made when it is not there */
	TRAPLINKED_READ,   /* ERROR_INPUT when it is not there */
	TRAPLINKED_SCRATCH /* a private copy: nothing on the disk changes */
};
/*
 * ERROR_BUSY when another holds the lock for longer than `wait_lock` seconds; ERROR_INPUT when the
 * file is no database of ours, is damaged, or was made by a newer trapkit.
 */
struct traplinked_store *traplinked_store_open(const char *path, enum traplinked_mode mode,
	double wait_lock, const struct progress *progress, struct error *err);
void traplinked_store_close(struct traplinked_store *store);

/* One row of `runs`. Texts are owned. */
struct traplinked_run {
	int64_t id;
	int64_t started, finished; /* seconds since 1970 UTC */
	char *base_url;
	char *asked;         /* the path of the request for devices, or NULL */
	char *asked_network; /* the path of the request for network devices, or NULL */
	char *scope;         /* the former without fields and reports_since */
	char *reports_since; /* or NULL */
	long http_status;
	unsigned attempts;
	uint64_t bytes;
	uint64_t devices, devices_new, devices_changed;
	uint64_t reports, reports_new;
	uint64_t network_devices, network_new, network_changed;
	uint64_t skipped; /* entries that could not be taken */
};
void traplinked_run_release(struct traplinked_run *run);

/*
 * The reports_since that misses nothing: the newest report seen by the runs that covered this
 * query, less `overlap` seconds; 1970 when there was none. Reports dated after the run that brought
 * them do not count.
 */
int traplinked_since(struct traplinked_store *store, const struct traplinked_query *query,
	double overlap, char since[TIMESTAMP_SIZE], struct error *err);

/* Opens the transaction and makes the run's row (fills run->id). */
int traplinked_begin(struct traplinked_store *store, struct traplinked_run *run, struct error *err);
/*
 * Stores one answer. ERROR_NETWORK when it is not the JSON that was asked for: roll back then.
 * Counts go to `run`.
 */
int traplinked_take(struct traplinked_store *store, struct traplinked_run *run,
	const struct traplinked_query *query, const char *bytes, size_t size, struct error *err);
/* Completes the run's row and makes everything visible; then says what was seen the first time. */
int traplinked_commit(
	struct traplinked_store *store, struct traplinked_run *run, struct error *err);
void traplinked_rollback(struct traplinked_store *store);
/* Id of the newest run, 0 = none. */
int traplinked_last_run(struct traplinked_store *store, int64_t *id, struct error *err);

/* ---- alerts ---- */

enum traplinked_rule_kind {
	TRAPLINKED_RULE_STATUS,      /* the decoded status is `name` */
	TRAPLINKED_RULE_TRIGGERED,   /* that, or trap_1 or trap_2 */
	TRAPLINKED_RULE_BATTERY,     /* battery_status below `limit` (0 to 1) */
	TRAPLINKED_RULE_HEARTBEAT,   /* last_heartbeat older than `limit` seconds */
	TRAPLINKED_RULE_OVERDUE,     /* … than `limit` times the device's own usual interval */
	TRAPLINKED_RULE_DISCONNECTED /* a network device is */
};
struct traplinked_rule {
	enum traplinked_rule_kind kind;
	char name[TRAPLINKED_NAME_SIZE];
	double limit;
	char text[TRAPLINKED_NAME_SIZE * 2]; /* as stored: "battery_below=0.2" */
};
/*
 * "triggered", "battery_low", "unknown_5", "battery_below=20%", "heartbeat_older=26h",
 * "heartbeat_overdue" (three times the usual interval), "heartbeat_overdue=5", "disconnected".
 * ERROR_USAGE names the nearest.
 */
int traplinked_rule_parse(const char *text, struct traplinked_rule *rule, struct error *err);
/* True when it should be called a warning rather than critical. */
bool traplinked_rule_is_mild(const struct traplinked_rule *rule);

enum traplinked_alert_state {
	TRAPLINKED_ALERT_NEW,      /* not told yet */
	TRAPLINKED_ALERT_AGAIN,    /* told, and due to be told again */
	TRAPLINKED_ALERT_OPEN,     /* told */
	TRAPLINKED_ALERT_RECOVERED /* over, and that is not told yet */
};
/* Texts are owned. */
struct traplinked_alert {
	int64_t id;
	enum traplinked_alert_state state;
	bool mild;
	char *serial_number, *name, *location; /* location may be NULL */
	char *alert, *rule, *detail;           /* detail: "battery at 12 %" */
	char *opened, *closed;                 /* UTC; closed NULL while it lasts */
};
struct traplinked_alert_list {
	struct traplinked_alert *items;
	size_t count, capacity;
};
void traplinked_alert_list_release(struct traplinked_alert_list *list);

/* Looks at all devices that the database holds, or at those in `ids`: for alerts without a take. */
int traplinked_see_all(
	struct traplinked_store *store, const struct string_list *ids, struct error *err);
/*
 * Opens and closes alerts of the devices that the last answer held (or see_all). Call it inside the
 * transaction, `now` in seconds UTC.
 */
int traplinked_alerts_update(struct traplinked_store *store, const struct traplinked_rule *rules,
	size_t count, int64_t now, struct error *err);
/* The alerts of these rules that last, and those that are over and not told. */
int traplinked_alerts_list(struct traplinked_store *store, const struct traplinked_rule *rules,
	size_t count, int64_t now, double repeat_after, struct traplinked_alert_list *list,
	struct error *err);
/* Notes that NEW, AGAIN and RECOVERED ones have been told. In a transaction of its own. */
int traplinked_alerts_told(struct traplinked_store *store, const struct traplinked_alert_list *list,
	int64_t now, struct error *err);

/* ---- reading ---- */

enum traplinked_table {
	TRAPLINKED_DEVICES,
	TRAPLINKED_REPORTS,
	TRAPLINKED_HISTORY,
	TRAPLINKED_LOCATIONS,
	TRAPLINKED_NETWORK_DEVICES,
	TRAPLINKED_RUNS,
	TRAPLINKED_ALERTS
};
enum traplinked_cell_type {
	TRAPLINKED_NULL,
	TRAPLINKED_INTEGER,
	TRAPLINKED_REAL,
	TRAPLINKED_TEXT,
	TRAPLINKED_BOOL
};
struct traplinked_cell {
	enum traplinked_cell_type type;
	int64_t integer;
	double real;
	const char *text; /* borrowed until the next row */
};
/* Rows of runs after `since_run` (changed or new by them), in a stable order. */
struct traplinked_rows;
struct traplinked_rows *traplinked_rows_open(struct traplinked_store *store,
	enum traplinked_table table, int64_t since_run, struct error *err);
size_t traplinked_rows_columns(const struct traplinked_rows *rows);
const char *traplinked_rows_name(const struct traplinked_rows *rows, size_t column);
/* 1 = a row, 0 = the end, -1 = error. *cells has one for each column. */
int traplinked_rows_next(
	struct traplinked_rows *rows, const struct traplinked_cell **cells, struct error *err);
void traplinked_rows_close(struct traplinked_rows *rows);

#ifdef __cplusplus
}
#endif

#endif
