/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements, values and failures: the one place that talks to SQLite's interface at large. */
#include "files.h"

#include "trapkit/database.h"
#include "trapkit/memory.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGE_COLUMNS                                                                            \
	"name, name_of_set, part, parts, folder, fingerprint, collections, state, files, "         \
	"media_bytes, yaml_size, zip_size, yaml_sha256, zip_sha256, created, destination, "        \
	"delivery, delivered, trigger_state, triggered, task, recorded, blur"

static const char *const texts[STATEMENT_COUNT] = {
	[FIND_FOLDER] = "SELECT id, collection, deployment FROM folders WHERE collection = ?1 AND "
			"deployment = ?2",
	[ADD_FOLDER] = "INSERT INTO folders (collection, deployment) VALUES (?1, ?2)",
	[LIST_FOLDERS] =
		"SELECT id, collection, deployment FROM folders WHERE ?1 IS NULL OR collection = "
		"?1 ORDER BY collection, deployment",
	/* The old row's values on the right, those given in `excluded`. */
	[PUT_FILE] =
		"INSERT INTO files (" FILE_COLUMNS ", folder) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
		"?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) "
		"ON CONFLICT (folder, name) DO UPDATE SET sub = excluded.sub, "
		"size = excluded.size, mtime_ns = excluded.mtime_ns, racy = excluded.racy, "
		"type = excluded.type, trouble = excluded.trouble, width = excluded.width, "
		"height = excluded.height, orientation = excluded.orientation, "
		"taken_source = excluded.taken_source, taken = excluded.taken, "
		"taken_offset = excluded.taken_offset, fps = excluded.fps, "
		"duration = excluded.duration, latitude = excluded.latitude, "
		"longitude = excluded.longitude, make = excluded.make, model = excluded.model, "
		"serial = excluded.serial, "
		"sha256 = CASE WHEN excluded.sha256 IS NOT NULL THEN excluded.sha256 "
		"WHEN size = excluded.size AND mtime_ns = excluded.mtime_ns "
		"AND sub IS excluded.sub AND NOT racy THEN sha256 ELSE NULL END",
	[GET_FILE] = "SELECT " FILE_COLUMNS " FROM files WHERE folder = ?1 AND name = ?2",
	[PUT_SHA256] = "UPDATE files SET sha256 = ?4 WHERE folder = ?1 AND name = ?2 AND sub IS ?3",
	[REMOVE_FILE] = "DELETE FROM files WHERE folder = ?1 AND name = ?2 AND sub IS ?3",
	[REMOVE_FILES] = "DELETE FROM files WHERE folder = ?1",
	[REMOVE_FOLDER] = "DELETE FROM folders WHERE id = ?1",
	[PUT_RENDITION] = "INSERT OR REPLACE INTO renditions (path, size, mtime_ns, settings, "
			  "rendition, rendition_size, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[GET_RENDITION] = "SELECT path, size, mtime_ns, settings, rendition, rendition_size, "
			  "sha256 FROM renditions WHERE path = ?1",
	[NEXT_RENDITION] = "SELECT path, size, mtime_ns, settings, rendition, rendition_size, "
			   "sha256 FROM renditions WHERE path > ?1 AND (instr(ifnull(settings, "
			   "''), ?2) > 0) = ?3 ORDER BY path LIMIT 1",
	[REMOVE_RENDITION] = "DELETE FROM renditions WHERE path = ?1",
	[ADD_PACKAGE] = "INSERT INTO packages (" PACKAGE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, "
			"?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
			"?21, ?22, ?23)",
	[UPDATE_PACKAGE] = "UPDATE packages SET (" PACKAGE_COLUMNS ") = (?1, ?2, ?3, ?4, ?5, ?6, "
			   "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
			   "?21, ?22, ?23) WHERE id = ?24",
	[GET_PACKAGE] = "SELECT id, " PACKAGE_COLUMNS " FROM packages WHERE id = ?1",
	[FIND_BEGUN] = "SELECT 1 FROM packages WHERE name_of_set IS ?1 AND fingerprint IS ?2 AND "
		       "folder IS ?3 AND "
		       "(delivery <> 0 OR trigger_state <> 0) LIMIT 1",
	[REMOVE_PACKAGE] = "DELETE FROM packages WHERE id = ?1",
	[PUT_NOTE] = "INSERT OR REPLACE INTO notes (key, value) VALUES (?1, ?2)",
	[GET_NOTE] = "SELECT value FROM notes WHERE key = ?1",
	[REMOVE_NOTE] = "DELETE FROM notes WHERE key = ?1",
	[ADD_PACKAGED_FOLDER] =
		"INSERT OR IGNORE INTO packaged_folders (collection, deployment) VALUES (?1, ?2)",
	[PUT_PACKAGED] = "INSERT OR REPLACE INTO packaged (folder, name, package, size, mtime_ns, "
			 "sha256) VALUES ((SELECT id FROM packaged_folders WHERE collection = ?1 "
			 "AND deployment = ?2), ?3, ?4, ?5, ?6, ?7)",
	[LIST_PACKAGED] = "SELECT name, package, size, mtime_ns, sha256 FROM packaged WHERE "
			  "folder = (SELECT id FROM packaged_folders WHERE collection = ?1 AND "
			  "deployment = ?2) ORDER BY name",
	[REMOVE_PACKAGED] = "DELETE FROM packaged WHERE package = ?1",
	[SWEEP_PACKAGED] = "DELETE FROM packaged WHERE package NOT IN (SELECT id FROM packages)",
	/*
	 * Each file once, in the newest package that holds it. CROSS JOIN: one pass over the table,
	 * and a look-up only for files of this package.
	 */
	[FIND_PACKAGED_TWICE] =
		"SELECT p.name_of_set, sum(count(*)) OVER () FROM (SELECT max(b.package) AS other "
		"FROM packaged a CROSS JOIN packaged b ON b.folder = a.folder AND b.name = a.name "
		"AND b.package <> a.package AND b.size = a.size AND (b.mtime_ns = a.mtime_ns OR "
		"b.sha256 = a.sha256) JOIN packages q ON q.id = b.package AND CASE WHEN ?2 THEN "
		"q.id > ?1 AND q.state = 1 ELSE q.delivery <> 0 OR q.trigger_state <> 0 END WHERE "
		"a.package = ?1 GROUP BY a.folder, a.name) JOIN packages p ON p.id = other GROUP "
		"BY p.name_of_set ORDER BY count(*) DESC LIMIT 1",
	[PUT_UPLOAD] = "INSERT OR REPLACE INTO uploads (destination, remote_name, temporary, "
		       "sha256, size, renaming, done) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[GET_UPLOAD] = "SELECT destination, remote_name, temporary, sha256, size, renaming, done "
		       "FROM uploads WHERE destination = ?1 AND remote_name = ?2",
	[REMOVE_UPLOAD] = "DELETE FROM uploads WHERE destination = ?1 AND remote_name = ?2",
	[PUT_CAMERA_FILE] = "INSERT OR REPLACE INTO camera_files (destination, sha256, place, "
			    "remote, size, state, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[GET_CAMERA_FILE] = "SELECT remote, size, state, changed FROM camera_files WHERE "
			    "destination = ?1 AND sha256 = ?2 AND place = ?3",
	[REMOVE_CAMERA_FILE] = "DELETE FROM camera_files WHERE destination = ?1 AND sha256 = ?2 "
			       "AND place = ?3",
};

int store_fail(struct ledger *ledger, struct error *err, const char *format, ...)
{
	va_list arguments;
	char *what;

	va_start(arguments, format);
	what = xvasprintf(format, arguments);
	va_end(arguments);
	if (database_explain(ledger->db, what,
		    "run the command again: the damaged ledger is then set aside", err))
		ledger->damaged = true;
	free(what);
	return -1;
}

sqlite3_stmt *store_statement(struct ledger *ledger, enum statement which, struct error *err)
{
	sqlite3_stmt **statement = &ledger->statements[which];

	if (*statement == NULL &&
		sqlite3_prepare_v3(ledger->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
			statement, NULL) != SQLITE_OK) {
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
		return NULL;
	}
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
	return *statement;
}

int store_run(struct ledger *ledger, sqlite3_stmt *statement, struct error *err)
{
	int code;

	store_park_cursors(ledger);
	code = sqlite3_step(statement);
	if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot write ledger '%s'", ledger->path);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? sqlite3_changes(ledger->db) : -1;
}

int store_find_one(struct ledger *ledger, sqlite3_stmt *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

int store_execute(struct ledger *ledger, const char *sql, struct error *err)
{
	if (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(ledger, err, "cannot write ledger '%s'", ledger->path);
	return 0;
}

void store_bind_path(sqlite3_stmt *statement, int index, const char *path)
{
	if (path != NULL)
		sqlite3_bind_blob64(statement, index, path, strlen(path), SQLITE_TRANSIENT);
}

void store_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	if (text != NULL)
		sqlite3_bind_text64(
			statement, index, text, strlen(text), SQLITE_TRANSIENT, SQLITE_UTF8);
}

char *store_column(sqlite3_stmt *statement, int index)
{
	const void *bytes = sqlite3_column_blob(statement, index);
	int size = sqlite3_column_bytes(statement, index);

	if (sqlite3_column_type(statement, index) == SQLITE_NULL)
		return NULL;
	/* SQLite gives NULL for an empty BLOB. */
	return size == 0 ? xstrdup("") : xstrndup(bytes, (size_t)size);
}

uint64_t store_column_u64(sqlite3_stmt *statement, int index)
{
	return (uint64_t)sqlite3_column_int64(statement, index);
}
