/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger's tables, and how a database of an earlier version becomes one of this. */
#include "store.h"

#include "trapkit/memory.h"

#include <stdlib.h>

/*
 * Step N brings version N to N + 1 (PRAGMA user_version). A step that was released is never
 * changed. Paths and folder names are BLOB: bytes as on disk. taken is YYYYMMDDhhmmss as the
 * camera's clock showed it; NULL numbers were absent in the file; `sub` is the path below the
 * deployment where it differs from `name`, that is where there are camera-made folders.
 */
static const char *const steps[SCHEMA_NEWEST] = {
	"PRAGMA application_id = 1953656939;" /* "trpk" */
	"CREATE TABLE folders ("
	" id INTEGER PRIMARY KEY, collection BLOB NOT NULL, deployment BLOB NOT NULL,"
	" UNIQUE (collection, deployment));"
	"CREATE TABLE files ("
	" folder INTEGER NOT NULL REFERENCES folders, name BLOB NOT NULL, sub BLOB,"
	" size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, racy INTEGER NOT NULL,"
	" type INTEGER NOT NULL, trouble INTEGER NOT NULL, width INTEGER, height INTEGER,"
	" orientation INTEGER, taken_source INTEGER NOT NULL, taken INTEGER, taken_offset INTEGER,"
	" fps REAL, duration REAL, latitude REAL, longitude REAL,"
	" make TEXT, model TEXT, serial TEXT, sha256 BLOB,"
	" PRIMARY KEY (folder, name)) WITHOUT ROWID;"
	"CREATE TABLE renditions ("
	" path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, settings TEXT,"
	" rendition BLOB, rendition_size INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE packages ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, name_of_set TEXT,"
	" part INTEGER NOT NULL, parts INTEGER NOT NULL, folder BLOB, fingerprint TEXT,"
	" collections BLOB, state INTEGER NOT NULL, files INTEGER NOT NULL,"
	" media_bytes INTEGER NOT NULL, yaml_size INTEGER NOT NULL, zip_size INTEGER NOT NULL,"
	" yaml_sha256 TEXT, zip_sha256 TEXT, created INTEGER NOT NULL, destination TEXT,"
	" delivery INTEGER NOT NULL, delivered INTEGER NOT NULL, trigger_state INTEGER NOT NULL,"
	" triggered INTEGER NOT NULL, task TEXT);"
	"CREATE TABLE uploads ("
	" destination BLOB NOT NULL, remote_name BLOB NOT NULL, temporary BLOB, sha256 TEXT,"
	" size INTEGER NOT NULL, renaming INTEGER NOT NULL, done INTEGER NOT NULL,"
	" PRIMARY KEY (destination, remote_name)) WITHOUT ROWID;",
	/* The original's, so that one that was only touched or copied is known again. */
	"ALTER TABLE renditions ADD COLUMN sha256 BLOB;",
	/*
	 * Which files went into which package. Folders of its own: these outlive those of `files`.
	 * Rows of packages that are gone are dead until they are swept.
	 */
	"CREATE TABLE packaged_folders ("
	" id INTEGER PRIMARY KEY, collection BLOB NOT NULL, deployment BLOB NOT NULL,"
	" UNIQUE (collection, deployment));"
	"CREATE TABLE packaged ("
	" folder INTEGER NOT NULL REFERENCES packaged_folders, name BLOB NOT NULL,"
	" package INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 BLOB,"
	" PRIMARY KEY (folder, name, package)) WITHOUT ROWID;"
	"ALTER TABLE packages ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;",
	/* Single files, by contents: place is "" unless the path on the server tells the camera. */
	"CREATE TABLE camera_files ("
	" destination BLOB NOT NULL, sha256 TEXT NOT NULL, place BLOB NOT NULL,"
	" remote BLOB NOT NULL, size INTEGER NOT NULL, state INTEGER NOT NULL,"
	" changed INTEGER NOT NULL, PRIMARY KEY (destination, sha256, place)) WITHOUT ROWID;",
	/* What is asked of each of thousands of packages must not read the files of all. */
	"CREATE INDEX packaged_of ON packaged (package);",
	/* Whose pictures may only leave blurred: of the whole data path, and of each package. */
	("CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	 "ALTER TABLE packages ADD COLUMN blur TEXT;"),
	/* Folders of packages below the place are relative to it, see settle_folders(). */
	"",
};

int schema_version(struct ledger *ledger, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(ledger->db, "PRAGMA user_version", -1, &statement, NULL) !=
			SQLITE_OK ||
		sqlite3_step(statement) != SQLITE_ROW)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	else if ((version = sqlite3_column_int(statement, 0)) < 0)
		version = error_set(err, ERROR_INPUT, "'%s' is not a ledger", ledger->path);
	sqlite3_finalize(statement);
	return version;
}

/* The folders of packages, which were absolute before version 7. */
static int settle_folders(struct ledger *ledger, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int result = 0;

	if (sqlite3_prepare_v2(ledger->db,
		    "UPDATE packages SET folder = CAST('.' || substr(folder, length(?1) + 1) AS "
		    "BLOB) WHERE folder = ?1 OR substr(folder, 1, length(?1) + 1) = CAST(?1 || '/' "
		    "AS BLOB)",
		    -1, &statement, NULL) == SQLITE_OK)
		store_bind_path(statement, 1, ledger->place);
	if (statement == NULL || sqlite3_step(statement) != SQLITE_DONE)
		result = store_fail(ledger, err, "cannot write ledger '%s'", ledger->path);
	sqlite3_finalize(statement);
	return result;
}

int schema_migrate(struct ledger *ledger, struct error *err)
{
	int version = schema_version(ledger, err);
	int result = version < 0 ? -1 : 0;
	char *sql;

	if (version > SCHEMA_NEWEST)
		return error_set(err, ERROR_INPUT,
			"ledger '%s' was made by a newer trapkit (its version is %d, known is %d); "
			"use that one",
			ledger->path, version, SCHEMA_NEWEST);
	if (result != 0 || version == SCHEMA_NEWEST)
		return result;
	/* In one transaction, for each waits for the disk. */
	result = store_execute(ledger, "BEGIN IMMEDIATE", err);
	for (; result == 0 && version < SCHEMA_NEWEST; version++)
		result = store_execute(ledger, steps[version], err);
	if (result == 0)
		result = settle_folders(ledger, err);
	sql = xasprintf("PRAGMA user_version = %d; COMMIT;", SCHEMA_NEWEST);
	if (result == 0)
		result = store_execute(ledger, sql, err);
	if (result != 0)
		sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
	free(sql);
	return result;
}
