/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The traplinked database as a file: opened, locked, copied for a dry run; its statements. */
#include "traplinked_internal.h"

#include "trapkit/database.h"
#include "trapkit/output_file.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BUSY_MILLISECONDS 10000

static const char *const texts[STATEMENT_COUNT] = {
	[GET_DEVICE] = "SELECT raw, absent_since, location_id FROM devices"
		       " WHERE serial_number = ?1",
	[ADD_HISTORY] =
		"INSERT INTO device_history (serial_number, run_id, observed, changed, raw, name,"
		" status, status_name, battery_status, last_heartbeat, latitude, longitude,"
		" operation_mode, operation_mode_name, trap_1, trap_2, bait_low_count,"
		" bait_pad_activity_count, is_bait_available, location_id)"
		" SELECT serial_number, ?2, ?3, ?4, ?5, name, status, status_name,"
		" battery_status, last_heartbeat, latitude, longitude, operation_mode,"
		" operation_mode_name, trap_1, trap_2, bait_low_count, bait_pad_activity_count,"
		" is_bait_available, location_id FROM devices WHERE serial_number = ?1",
	[SET_PRESENT] = "UPDATE devices SET absent_since = NULL, changed_run = ?2"
			" WHERE serial_number = ?1",
	[SEE] = "INSERT OR IGNORE INTO temp.seen VALUES (?1, ?2)",
	[GET_LOCATION] = "SELECT id, name, address FROM locations"
			 " WHERE path = ?1 OR (?1 IS NULL AND path IS NULL AND name = ?2)",
	[ADD_LOCATION] = "INSERT INTO locations (path, name, address, first_run, changed_run)"
			 " VALUES (?1, ?2, ?3, ?4, ?4)",
	[UPDATE_LOCATION] = "UPDATE locations SET name = ?2, address = coalesce(?3, address),"
			    " changed_run = ?4 WHERE id = ?1",
	[ADD_REPORT] = "INSERT OR IGNORE INTO reports (serial_number, type, type_name, timestamp,"
		       " user, description, nth, raw, run_id)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[GET_NETWORK] = "SELECT raw, location_id FROM network_devices WHERE serial_number = ?1",
	[PUT_NETWORK] =
		"INSERT INTO network_devices (serial_number, description, device_type,"
		" product_identifier, status, status_name, location_id, missing_fields, raw,"
		" first_run, changed_run) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)"
		" ON CONFLICT (serial_number) DO UPDATE SET description = excluded.description,"
		" device_type = excluded.device_type,"
		" product_identifier = excluded.product_identifier, status = excluded.status,"
		" status_name = excluded.status_name, location_id = excluded.location_id,"
		" missing_fields = excluded.missing_fields, raw = excluded.raw,"
		" changed_run = excluded.changed_run",
	[ADD_UNKNOWN] = "INSERT OR IGNORE INTO unknown_values (what, value, run_id)"
			" VALUES (?1, ?2, ?3)",
};

int db_fail(struct traplinked_store *store, struct error *err)
{
	char *what = xasprintf("database '%s'", store->path);

	database_explain(
		store->db, what, "put a copy in its place, or move it away to begin anew", err);
	free(what);
	return -1;
}

sqlite3_stmt *db_prepare(struct traplinked_store *store, const char *sql, struct error *err)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		db_fail(store, err);
	return statement;
}

sqlite3_stmt *db_statement(struct traplinked_store *store, enum statement which, struct error *err)
{
	sqlite3_stmt **statement = &store->statements[which];

	if (*statement == NULL) {
		char *sql = which == PUT_DEVICE ? device_put_sql() : xstrdup(texts[which]);

		if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
			    NULL) != SQLITE_OK)
			db_fail(store, err);
		free(sql);
	}
	if (*statement != NULL) {
		sqlite3_reset(*statement);
		sqlite3_clear_bindings(*statement);
	}
	return *statement;
}

int db_run(struct traplinked_store *store, sqlite3_stmt *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		db_fail(store, err);
	sqlite3_reset(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? sqlite3_changes(store->db) : -1;
}

int db_execute(struct traplinked_store *store, const char *sql, struct error *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_fail(store, err);
	return 0;
}

void db_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	if (text != NULL)
		sqlite3_bind_text64(
			statement, index, text, strlen(text), SQLITE_TRANSIENT, SQLITE_UTF8);
}

char *db_column(sqlite3_stmt *statement, int index)
{
	const unsigned char *text = sqlite3_column_text(statement, index);

	return text == NULL ? NULL : xstrdup((const char *)text);
}

int db_notice(struct traplinked_store *store, const char *what, const char *value, int64_t run,
	char *message, struct error *err)
{
	sqlite3_stmt *statement = db_statement(store, ADD_UNKNOWN, err);
	int changed = -1;

	if (statement != NULL) {
		db_bind_text(statement, 1, what);
		db_bind_text(statement, 2, value);
		sqlite3_bind_int64(statement, 3, run);
		changed = db_run(store, statement, err);
	}
	if (changed > 0)
		ARRAY_APPEND(&store->notices, message);
	else
		free(message);
	return changed < 0 ? -1 : 0;
}

/* ---- opening ---- */

static int open_database(
	struct traplinked_store *store, const char *name, int flags, struct error *err)
{
	if (sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		db_fail(store, err);
		sqlite3_close(store->db);
		store->db = NULL;
		return -1;
	}
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, BUSY_MILLISECONDS);
	return 0;
}

static int make_parent(const char *path, struct error *err)
{
	char *copy = xstrdup(path);
	int result = make_folders(dirname(copy), err);

	free(copy);
	return result;
}

static int open_write(struct traplinked_store *store, double wait_lock, struct error *err)
{
	if (make_parent(store->path, err) != 0)
		return error_context(err, "cannot keep the database");
	store->lock_fd = db_lock(store->path, wait_lock, store->progress, err);
	if (store->lock_fd < 0 ||
		open_database(
			store, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err) != 0)
		return -1;
	/* Where a log cannot be shared (network disks) SQLite stays with its journal by itself. */
	if (db_execute(store,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		    "PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;",
		    err) != 0)
		return -1;
	return db_migrate(store, err);
}

/* Opened for writing all the same: only then does SQLite take its -wal and -shm away again. */
static int open_unchanged(struct traplinked_store *store, struct error *err)
{
	char *log = xasprintf("%s-wal", store->path);
	struct stat status;
	int result = open_database(store, store->path, SQLITE_OPEN_READWRITE, err);

	if (result == 0 && stat(log, &status) == 0)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	free(log);
	return result;
}

/* Puts a private copy in the place of the database; without one the copy is empty. */
static int become_copy(struct traplinked_store *store, struct error *err)
{
	sqlite3 *disk = store->db;
	sqlite3_backup *backup;
	int result;

	store->db = NULL;
	result = open_database(store, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (result == 0 && disk != NULL) {
		backup = sqlite3_backup_init(store->db, "main", disk, "main");
		if (backup != NULL)
			sqlite3_backup_step(backup, -1);
		if (backup == NULL || sqlite3_backup_finish(backup) != SQLITE_OK)
			result = db_fail(store, err);
	}
	sqlite3_close(disk);
	if (result == 0)
		result = db_execute(store,
			"PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = ON;"
			"PRAGMA cache_size = -8192;",
			err);
	return result == 0 ? db_migrate(store, err) : result;
}

static int open_read(struct traplinked_store *store, enum traplinked_mode mode, struct error *err)
{
	struct stat status;

	if (stat(store->path, &status) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_errno(err, "cannot read database '%s'", store->path);
		if (mode == TRAPLINKED_READ)
			return error_set(err, ERROR_INPUT,
				"there is no database '%s' yet: run once without --no-fetch",
				store->path);
		return become_copy(store, err);
	}
	if (open_unchanged(store, err) != 0)
		return -1;
	return become_copy(store, err);
}

struct traplinked_store *traplinked_store_open(const char *path, enum traplinked_mode mode,
	double wait_lock, const struct progress *progress, struct error *err)
{
	struct traplinked_store *store = xcalloc(1, sizeof *store);
	int result;

	store->lock_fd = -1;
	store->path = xstrdup(path);
	store->progress = progress;
	result = mode == TRAPLINKED_WRITE ? open_write(store, wait_lock, err)
					  : open_read(store, mode, err);
	if (result == 0)
		result = db_execute(store,
			"PRAGMA temp_store = MEMORY;"
			"CREATE TEMP TABLE seen (serial_number TEXT, network INTEGER,"
			" PRIMARY KEY (serial_number, network)) WITHOUT ROWID",
			err);
	if (result == 0)
		return store;
	traplinked_store_close(store);
	return NULL;
}

void traplinked_store_close(struct traplinked_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	db_unlock(store->lock_fd);
	string_list_release(&store->notices);
	free(store->path);
	free(store);
}
