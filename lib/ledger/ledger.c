/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening and closing the ledger: written, only read, or a scratch copy; transactions. */
#include "store.h"

#include "trapkit/memory.h"
#include "trapkit/output_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MILLISECONDS 10000

typedef void warning_function(void *context, const char *message);

static int open_database(struct ledger *ledger, const char *name, int flags, struct error *err)
{
	if (sqlite3_open_v2(name, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		store_fail(ledger, err, "cannot open ledger '%s'", ledger->path);
		sqlite3_close(ledger->db);
		ledger->db = NULL;
		return -1;
	}
	sqlite3_extended_result_codes(ledger->db, 1);
	sqlite3_busy_timeout(ledger->db, BUSY_MILLISECONDS);
	return 0;
}

static void close_database(struct ledger *ledger)
{
	sqlite3_close(ledger->db);
	ledger->db = NULL;
}

/* A private database that SQLite deletes by itself; spills to the folder for temporary files. */
static int open_temporary(struct ledger *ledger, struct error *err)
{
	return open_database(ledger, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
}

static int set_journal(struct ledger *ledger, const char *work_folder, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	const unsigned char *mode = NULL;
	bool logged = false;

	if (!disk_is_remote(work_folder)) {
		if (sqlite3_prepare_v2(ledger->db, "PRAGMA journal_mode = WAL", -1, &statement,
			    NULL) == SQLITE_OK &&
			sqlite3_step(statement) == SQLITE_ROW)
			mode = sqlite3_column_text(statement, 0);
		logged = mode != NULL && strcmp((const char *)mode, "wal") == 0;
		sqlite3_finalize(statement);
	}
	/* Exclusive for the change: a database that came here with a log needs no shared memory
	   then. */
	if (!logged &&
		store_execute(ledger,
			"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;"
			"PRAGMA locking_mode = NORMAL; SELECT count(*) FROM sqlite_schema;",
			err) != 0)
		return -1;
	return store_execute(ledger, "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;", err);
}

/*
 * A new database comes into being whole under another name, so that one of zero bytes is always
 * damage and never a start that was cut short.
 */
static int create(struct ledger *ledger, const char *work_folder, struct error *err)
{
	char *new_path = xasprintf("%s.new", ledger->path);
	int result;

	unlink(new_path);
	result = open_database(ledger, new_path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (result == 0) {
		/* Nobody goes back to what was before it: no journal, each of whose ends would wait
		   for the disk. */
		result = store_execute(
			ledger, "PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;", err);
		if (result == 0)
			result = schema_migrate(ledger, err);
		if (result == 0)
			result = set_journal(ledger, work_folder, err);
		close_database(ledger);
	}
	if (result == 0 && rename(new_path, ledger->path) != 0)
		result = error_errno(err, "cannot create ledger '%s'", ledger->path);
	if (result == 0)
		result = sync_parent(ledger->path, err);
	else
		unlink(new_path);
	free(new_path);
	return result;
}

/* What is wrong with the pages of an open database, or NULL. Owned by the caller. */
static char *check_pages(struct ledger *ledger)
{
	sqlite3_stmt *statement = NULL;
	char *trouble = NULL;
	int code;

	sqlite3_prepare_v2(ledger->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
	code = statement == NULL ? SQLITE_ERROR : sqlite3_step(statement);
	if (code == SQLITE_ROW)
		trouble = store_column(statement, 0);
	else
		trouble = xstrdup(sqlite3_errmsg(ledger->db));
	sqlite3_finalize(statement);
	if (trouble != NULL && strcmp(trouble, "ok") == 0) {
		free(trouble);
		trouble = NULL;
	}
	return trouble;
}

/* Opens and migrates. 1 = damaged, with *why owned by the caller. */
static int open_existing(struct ledger *ledger, const char *work_folder, bool look_closely,
	char **why, struct error *err)
{
	const char *seen = disk_damage(ledger->path);

	if (seen != NULL) {
		*why = xstrdup(seen);
		return 1;
	}
	if (open_database(ledger, ledger->path, SQLITE_OPEN_READWRITE, err) != 0)
		return -1;
	if (set_journal(ledger, work_folder, err) == 0 && schema_migrate(ledger, err) == 0) {
		*why = look_closely ? check_pages(ledger) : NULL;
		if (*why == NULL)
			return 0;
	} else if (!ledger->damaged) {
		return -1;
	} else {
		*why = xstrdup(sqlite3_errmsg(ledger->db));
	}
	close_database(ledger);
	return 1;
}

/* A card that is locked, mostly. */
static int cannot_keep(struct error *err)
{
	return error_context(err, "cannot keep the ledger (--work-dir DIR puts it elsewhere)");
}

/* Sets the damaged database aside; the new one knows that something was lost. */
static int begin_anew(struct ledger *ledger, const char *work_folder, const char *why,
	warning_function *warning, void *context, struct error *err)
{
	char *again = NULL;
	int result;

	if (disk_set_aside(ledger->path, why, warning, context, err) != 0 ||
		create(ledger, work_folder, err) != 0)
		return -1;
	result = open_existing(ledger, work_folder, false, &again, err);
	free(again);
	if (result == 1)
		return error_set(err, ERROR_SYSTEM,
			"cannot keep a ledger in '%s': what is written does not come back",
			work_folder);
	return result == 0 ? store_put_note(ledger, LEDGER_LOST, why, err) : -1;
}

static int open_write(struct ledger *ledger, const char *work_folder, double wait_lock,
	warning_function *warning, void *context, struct error *err)
{
	bool crashed = false;
	char *why = NULL;
	struct stat status;
	int result;

	if (make_folders(work_folder, err) != 0)
		return cannot_keep(err);
	ledger->lock_fd = lock_take(work_folder, wait_lock, &crashed, err);
	if (ledger->lock_fd < 0)
		return err->kind == ERROR_SYSTEM ? cannot_keep(err) : -1;
	if (stat(ledger->path, &status) != 0 && errno == ENOENT &&
		create(ledger, work_folder, err) != 0)
		return -1;
	result = open_existing(ledger, work_folder, crashed, &why, err);
	if (result == 1) {
		error_clear(err);
		ledger->damaged = false;
		result = begin_anew(ledger, work_folder, why, warning, context, err);
		free(why);
	}
	return result;
}

/* SQLite's URI form, in which % ? # have meanings. */
static char *immutable_name(const char *path)
{
	char *name = xmalloc(strlen(path) * 3 + sizeof "file:?immutable=1");
	char *at = name;

	memcpy(at, "file:", 5);
	at += 5;
	for (; *path != '\0'; path++) {
		static const char digits[] = "0123456789ABCDEF";
		unsigned char byte = (unsigned char)*path;

		if (byte == '%' || byte == '?' || byte == '#') {
			*at++ = '%';
			*at++ = digits[byte >> 4];
			*at++ = digits[byte & 15];
		} else {
			*at++ = *path;
		}
	}
	memcpy(at, "?immutable=1", sizeof "?immutable=1");
	return name;
}

static bool readable(struct ledger *ledger)
{
	return sqlite3_exec(ledger->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) ==
		SQLITE_OK;
}

/*
 * Opens what is on the disk so that its bytes stay as they are. Opened for writing all the same:
 * only then does SQLite take its -wal and -shm away again; but what a crash left in a log is not
 * moved into the database.
 */
static int open_unchanged(
	struct ledger *ledger, warning_function *warning, void *context, struct error *err)
{
	uint64_t log = disk_size(ledger->path, "-wal");
	char *name;
	int result;

	if (open_database(ledger, ledger->path, SQLITE_OPEN_READWRITE, err) == 0) {
		if (log > 0)
			sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		if (readable(ledger))
			return store_execute(ledger, "PRAGMA query_only = ON", err);
		result = sqlite3_errcode(ledger->db) & 0xFF;
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
		close_database(ledger);
		if (result != SQLITE_CANTOPEN && result != SQLITE_READONLY)
			return -1;
	}
	/* Nothing can be written beside it: no shared memory for the log, no log then. */
	error_clear(err);
	if (log > 0 && warning != NULL)
		warning(context,
			"the ledger was left by a run that crashed and cannot be "
			"recovered without writing: its latest changes are not seen");
	name = immutable_name(ledger->path);
	result = open_database(ledger, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	free(name);
	if (result == 0 && !readable(ledger)) {
		result = store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
		close_database(ledger);
	}
	return result;
}

/* Puts a temporary copy of the database in its place, brought to the newest schema. */
static int become_copy(struct ledger *ledger, struct error *err)
{
	sqlite3 *disk = ledger->db;
	sqlite3_backup *backup;
	int result;

	ledger->db = NULL;
	result = open_temporary(ledger, err);
	if (result == 0 && disk != NULL) {
		backup = sqlite3_backup_init(ledger->db, "main", disk, "main");
		if (backup != NULL)
			sqlite3_backup_step(backup, -1);
		if (backup == NULL || sqlite3_backup_finish(backup) != SQLITE_OK)
			result = store_fail(ledger, err, "cannot copy ledger '%s'", ledger->path);
	}
	sqlite3_close(disk);
	if (result == 0)
		result = store_execute(ledger,
			"PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
			"PRAGMA cache_size = -8192;",
			err);
	return result == 0 ? schema_migrate(ledger, err) : result;
}

static int open_read(struct ledger *ledger, enum ledger_mode mode, warning_function *warning,
	void *context, struct error *err)
{
	const char *why;
	struct stat status;
	char *message;
	int version;

	if (stat(ledger->path, &status) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_errno(err, "cannot read ledger '%s'", ledger->path);
		return become_copy(ledger, err);
	}
	why = disk_damage(ledger->path);
	if (why == NULL && open_unchanged(ledger, warning, context, err) != 0) {
		if (!ledger->damaged)
			return -1;
		error_clear(err);
		why = "not a database";
	}
	if (why != NULL) {
		message = xasprintf(
			"ledger '%s' is damaged (%s) and taken as empty", ledger->path, why);
		if (warning != NULL)
			warning(context, message);
		free(message);
		return become_copy(ledger, err);
	}
	version = schema_version(ledger, err);
	if (version < 0)
		return -1;
	return mode == LEDGER_SCRATCH || version != SCHEMA_NEWEST ? become_copy(ledger, err) : 0;
}

static char *absolute_place(const char *work_folder)
{
	char *place = lock_place(work_folder), *real = realpath(place, NULL);

	if (real == NULL)
		return place;
	free(place);
	return real;
}

/* Recursive: the thread with the transaction comes in again for each change. */
static void init_guard(struct ledger *ledger)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&ledger->guard, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

struct ledger *ledger_open(const char *work_folder, enum ledger_mode mode, double wait_lock,
	warning_function *warning, void *context, struct error *err)
{
	struct ledger *ledger = xcalloc(1, sizeof *ledger);
	int result;

	init_guard(ledger);
	ledger->lock_fd = -1;
	ledger->path = xasprintf("%s/ledger.sqlite3", work_folder);
	ledger->place = absolute_place(work_folder);
	if (mode == LEDGER_WRITE)
		result = open_write(ledger, work_folder, wait_lock, warning, context, err);
	else
		result = open_read(ledger, mode, warning, context, err);
	if (result != 0) {
		ledger_close(ledger);
		return NULL;
	}
	return ledger;
}

void ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(ledger->statements[i]);
	while (ledger->cursors != NULL)
		store_files_close(ledger->cursors);
	sqlite3_finalize(ledger->spare_cursor[0]);
	sqlite3_finalize(ledger->spare_cursor[1]);
	sqlite3_close(ledger->db);
	/* After the database: whoever gets the lock finds it closed. */
	lock_release(ledger->lock_fd, !ledger->damaged);
	store_forget_folder(ledger);
	if (ledger->in_transaction)
		pthread_mutex_unlock(&ledger->guard);
	pthread_mutex_destroy(&ledger->guard);
	free(ledger->path);
	free(ledger->place);
	free(ledger);
}

int store_begin(struct ledger *ledger, struct error *err)
{
	return store_execute(ledger, "BEGIN IMMEDIATE", err);
}

int store_commit(struct ledger *ledger, struct error *err)
{
	return store_execute(ledger, "COMMIT", err);
}

void store_rollback(struct ledger *ledger)
{
	store_park_cursors(ledger);
	store_forget_folder(ledger);
	if (!sqlite3_get_autocommit(ledger->db))
		sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
}
