/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the ledger share: the connection, its statements, the lock, the schema. */
#ifndef TRAPKIT_LEDGER_STORE_H
#define TRAPKIT_LEDGER_STORE_H

#include "trapkit/error.h"
#include "trapkit/ledger.h"

#include <pthread.h>
#include <sqlite3.h>

/* Prepared when first used, kept until the ledger is closed. */
enum statement {
	FIND_FOLDER,
	ADD_FOLDER,
	LIST_FOLDERS,
	PUT_FILE,
	GET_FILE,
	PUT_SHA256,
	REMOVE_FILE,
	REMOVE_FILES,
	REMOVE_FOLDER,
	PUT_RENDITION,
	GET_RENDITION,
	NEXT_RENDITION,
	REMOVE_RENDITION,
	ADD_PACKAGE,
	UPDATE_PACKAGE,
	GET_PACKAGE,
	FIND_BEGUN,
	REMOVE_PACKAGE,
	PUT_NOTE,
	GET_NOTE,
	REMOVE_NOTE,
	ADD_PACKAGED_FOLDER,
	PUT_PACKAGED,
	LIST_PACKAGED,
	REMOVE_PACKAGED,
	SWEEP_PACKAGED,
	FIND_PACKAGED_TWICE,
	PUT_UPLOAD,
	GET_UPLOAD,
	REMOVE_UPLOAD,
	PUT_CAMERA_FILE,
	GET_CAMERA_FILE,
	REMOVE_CAMERA_FILE,
	STATEMENT_COUNT
};

struct ledger {
	pthread_mutex_t guard; /* recursive; kept from begin to commit or rollback */
	bool in_transaction;
	sqlite3 *db;
	char *path;   /* of the database, for messages */
	char *place;  /* the data path or work folder, absolute: folders are kept relative to it */
	int lock_fd;  /* -1 without LEDGER_WRITE */
	bool damaged; /* found out while running: the next run must look closely */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct ledger_files *cursors;  /* open ones */
	sqlite3_stmt *spare_cursor[2]; /* of one that was closed, for the next; [1]: brief */
	/* The folder used last, since files come deployment by deployment; id 0 = none. */
	int64_t folder;
	char *collection, *deployment;
};

/* Sets `err` from what SQLite says, "WHAT: " before it. Returns -1. */
int store_fail(struct ledger *ledger, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The statement, reset and unbound; NULL with `err`. */
sqlite3_stmt *store_statement(struct ledger *ledger, enum statement which, struct error *err);
/*
 * Runs a cached statement to its end. Returns the number of rows changed, or -1. Open cursors are
 * parked before, so that nobody reads from a table that is being changed.
 */
int store_run(struct ledger *ledger, sqlite3_stmt *statement, struct error *err);
/* The row of a statement that finds at most one: 1 (reset it after reading), 0 or -1. */
int store_find_one(struct ledger *ledger, sqlite3_stmt *statement, struct error *err);
int store_execute(struct ledger *ledger, const char *sql, struct error *err);
/* Paths are bytes: stored as BLOB, so that SQLite never takes them for UTF-8. NULL is NULL. */
void store_bind_path(sqlite3_stmt *statement, int index, const char *path);
void store_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* Owned copy of a text or path, NULL for NULL. */
char *store_column(sqlite3_stmt *statement, int index);
uint64_t store_column_u64(sqlite3_stmt *statement, int index);

/* Lets go of what open cursors read; they go on behind where they were. */
void store_park_cursors(struct ledger *ledger);
void store_forget_folder(struct ledger *ledger);

/* Brings the database to the newest schema. ERROR_INPUT when it is newer than that. */
int schema_migrate(struct ledger *ledger, struct error *err);
/* The database's schema version, or -1. */
int schema_version(struct ledger *ledger, struct error *err);
#define SCHEMA_NEWEST 7

/*
 * Takes the lock of the work folder. Returns the descriptor to keep, or -1. *crashed tells that the
 * one who held it last did not give it back in order.
 */
int lock_take(const char *work_folder, double wait, bool *crashed, struct error *err);
/*
 * What a person calls the place: the data path, when the work folder is its `.trapkit`, else the
 * work folder. Owned by the caller.
 */
char *lock_place(const char *work_folder);
/* Gives it back; `in_order` false leaves the mark of a crash. */
void lock_release(int fd, bool in_order);

/* True when SQLite's write-ahead log cannot be relied on there. */
bool disk_is_remote(const char *folder);
/* Why the file cannot be a whole database, or NULL. It exists. */
const char *disk_damage(const char *path);
/* Renames the database and its journals to NAME.damaged-N and tells. */
int disk_set_aside(const char *path, const char *why,
	void (*warning)(void *context, const char *message), void *context, struct error *err);
/* Size of the file PATH with `suffix` added, 0 when it is not there. */
uint64_t disk_size(const char *path, const char *suffix);

/* ---- the doors of ledger.h, without the lock that door.c takes ---- */

struct ledger_files *store_files_open(struct ledger *ledger, const char *collection,
	const char *deployment, bool brief, struct error *err);
struct ledger *store_files_ledger(struct ledger_files *files);
void store_files_close(struct ledger_files *files);
int store_files_next(struct ledger_files *files, struct resource *resource, struct error *err);
int store_folders(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err);
int store_deployments(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err);
int store_put_file(struct ledger *ledger, const struct resource *resource, struct error *err);
int store_put_sha256(struct ledger *ledger, const char *path, const uint8_t sha256[SHA256_SIZE],
	struct error *err);
int store_remove_file(struct ledger *ledger, const char *path, struct error *err);
int store_remove_deployment(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err);
int store_get_file(
	struct ledger *ledger, const char *path, struct resource *resource, struct error *err);
int store_put_package(struct ledger *ledger, struct ledger_package *package, struct error *err);
int store_remove_package(struct ledger *ledger, int64_t id, struct error *err);
int store_get_package(
	struct ledger *ledger, int64_t id, struct ledger_package *package, struct error *err);
int store_is_set_begun(
	struct ledger *ledger, const struct ledger_package *package, struct error *err);
int store_packages(struct ledger *ledger, struct ledger_package_list *list, struct error *err);
int store_put_packaged(struct ledger *ledger, int64_t package, const struct ledger_packaged *file,
	struct error *err);
int store_forget_packaged(struct ledger *ledger, int64_t package, struct error *err);
int store_packaged(struct ledger *ledger, const char *collection, const char *deployment,
	struct ledger_packaged_list *list, struct error *err);
int store_packaged_twice(struct ledger *ledger, int64_t package, enum ledger_others others,
	char **set, uint64_t *files, struct error *err);
int store_put_upload(struct ledger *ledger, const struct ledger_upload *upload, struct error *err);
int store_get_upload(struct ledger *ledger, const char *destination, const char *remote_name,
	struct ledger_upload *upload, struct error *err);
int store_remove_upload(
	struct ledger *ledger, const char *destination, const char *remote_name, struct error *err);
int store_put_camera_file(
	struct ledger *ledger, const struct ledger_camera_file *file, struct error *err);
int store_get_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct ledger_camera_file *file, struct error *err);
int store_remove_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct error *err);
int store_put_rendition(
	struct ledger *ledger, const struct ledger_rendition *rendition, struct error *err);
int store_get_note(struct ledger *ledger, const char *key, char **value, struct error *err);
int store_put_note(struct ledger *ledger, const char *key, const char *value, struct error *err);
int store_get_rendition(struct ledger *ledger, const char *path, struct ledger_rendition *rendition,
	struct error *err);
int store_next_rendition(struct ledger *ledger, const char *after, const char *part, bool with,
	struct ledger_rendition *rendition, struct error *err);
int store_remove_rendition(struct ledger *ledger, const char *path, struct error *err);
int store_begin(struct ledger *ledger, struct error *err);
int store_commit(struct ledger *ledger, struct error *err);
void store_rollback(struct ledger *ledger);

#endif
