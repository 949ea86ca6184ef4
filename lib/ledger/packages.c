/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages, uploads under way and renditions in the ledger. */
#include "store.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

void ledger_package_release(struct ledger_package *package)
{
	free(package->name);
	free(package->set);
	free(package->folder);
	free(package->fingerprint);
	free(package->collections);
	free(package->yaml_sha256);
	free(package->zip_sha256);
	free(package->destination);
	free(package->task);
	free(package->blur);
	*package = (struct ledger_package){0};
}

/*
 * What lies below the place is kept as "." or "./sub", so that a disk that comes back under another
 * name, and a data path that is moved, take their packages along.
 */
static void bind_folder(
	struct ledger *ledger, sqlite3_stmt *statement, int index, const char *folder)
{
	size_t length = strlen(ledger->place);
	char *relative;

	if (folder == NULL || strncmp(folder, ledger->place, length) != 0 ||
		(folder[length] != '\0' && folder[length] != '/')) {
		store_bind_path(statement, index, folder);
		return;
	}
	relative = xasprintf(".%s", folder + length);
	store_bind_path(statement, index, relative);
	free(relative);
}

static char *read_folder(struct ledger *ledger, sqlite3_stmt *row, int column)
{
	char *kept = store_column(row, column), *folder;

	if (kept == NULL || kept[0] != '.')
		return kept;
	folder = xasprintf("%s%s", ledger->place, kept + 1);
	free(kept);
	return folder;
}

static void bind_package(
	struct ledger *ledger, sqlite3_stmt *statement, const struct ledger_package *package)
{
	store_bind_text(statement, 1, package->name);
	store_bind_text(statement, 2, package->set);
	sqlite3_bind_int64(statement, 3, package->part);
	sqlite3_bind_int64(statement, 4, package->parts);
	bind_folder(ledger, statement, 5, package->folder);
	store_bind_text(statement, 6, package->fingerprint);
	store_bind_path(statement, 7, package->collections);
	sqlite3_bind_int(statement, 8, (int)package->state);
	sqlite3_bind_int64(statement, 9, (int64_t)package->files);
	sqlite3_bind_int64(statement, 10, (int64_t)package->media_bytes);
	sqlite3_bind_int64(statement, 11, (int64_t)package->yaml_size);
	sqlite3_bind_int64(statement, 12, (int64_t)package->zip_size);
	store_bind_text(statement, 13, package->yaml_sha256);
	store_bind_text(statement, 14, package->zip_sha256);
	sqlite3_bind_int64(statement, 15, package->changed_ns);
	store_bind_text(statement, 16, package->destination);
	sqlite3_bind_int(statement, 17, (int)package->delivery);
	sqlite3_bind_int64(statement, 18, package->delivered);
	sqlite3_bind_int(statement, 19, (int)package->trigger);
	sqlite3_bind_int64(statement, 20, package->triggered);
	store_bind_text(statement, 21, package->task);
	sqlite3_bind_int(statement, 22, package->recorded);
	store_bind_text(statement, 23, package->blur);
}

int store_put_package(struct ledger *ledger, struct ledger_package *package, struct error *err)
{
	sqlite3_stmt *statement =
		store_statement(ledger, package->id == 0 ? ADD_PACKAGE : UPDATE_PACKAGE, err);
	int changed;

	if (statement == NULL)
		return -1;
	bind_package(ledger, statement, package);
	if (package->id != 0)
		sqlite3_bind_int64(statement, 24, package->id);
	changed = store_run(ledger, statement, err);
	if (changed == 0)
		return error_set(err, ERROR_INPUT, "package %lld is not in the ledger",
			(long long)package->id);
	if (changed > 0 && package->id == 0)
		package->id = sqlite3_last_insert_rowid(ledger->db);
	return changed < 0 ? -1 : 0;
}

int store_remove_package(struct ledger *ledger, int64_t id, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, REMOVE_PACKAGE, err);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, id);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

static struct ledger_package read_package(struct ledger *ledger, sqlite3_stmt *row)
{
	return (struct ledger_package){
		.id = sqlite3_column_int64(row, 0),
		.name = store_column(row, 1),
		.set = store_column(row, 2),
		.part = (unsigned)sqlite3_column_int64(row, 3),
		.parts = (unsigned)sqlite3_column_int64(row, 4),
		.folder = read_folder(ledger, row, 5),
		.fingerprint = store_column(row, 6),
		.collections = store_column(row, 7),
		.state = (enum package_state)sqlite3_column_int(row, 8),
		.files = store_column_u64(row, 9),
		.media_bytes = store_column_u64(row, 10),
		.yaml_size = store_column_u64(row, 11),
		.zip_size = store_column_u64(row, 12),
		.yaml_sha256 = store_column(row, 13),
		.zip_sha256 = store_column(row, 14),
		.changed_ns = sqlite3_column_int64(row, 15),
		.destination = store_column(row, 16),
		.delivery = (enum delivery_state)sqlite3_column_int(row, 17),
		.delivered = sqlite3_column_int64(row, 18),
		.trigger = (enum trigger_state)sqlite3_column_int(row, 19),
		.triggered = sqlite3_column_int64(row, 20),
		.task = store_column(row, 21),
		.recorded = sqlite3_column_int(row, 22) != 0,
		.blur = store_column(row, 23),
	};
}

/* Steps a statement of which one row is wanted. 1 = there is one, 0 = none, -1. */
static int step_once(struct ledger *ledger, sqlite3_stmt *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE
		? 0
		: store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
}

int store_get_package(
	struct ledger *ledger, int64_t id, struct ledger_package *package, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, GET_PACKAGE, err);
	int found;

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, id);
	found = step_once(ledger, statement, err);
	if (found == 1)
		*package = read_package(ledger, statement);
	sqlite3_reset(statement);
	return found;
}

int store_is_set_begun(
	struct ledger *ledger, const struct ledger_package *package, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, FIND_BEGUN, err);
	int found;

	if (statement == NULL)
		return -1;
	store_bind_text(statement, 1, package->set);
	store_bind_text(statement, 2, package->fingerprint);
	bind_folder(ledger, statement, 3, package->folder);
	found = step_once(ledger, statement, err);
	sqlite3_reset(statement);
	return found;
}

int store_packages(struct ledger *ledger, struct ledger_package_list *list, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int code;

	/* A set is as old as its first part, also when a later part was made anew. */
	code = sqlite3_prepare_v2(ledger->db,
		"SELECT id, name, name_of_set, part, parts, folder, fingerprint, collections, "
		"state, files, media_bytes, yaml_size, zip_size, yaml_sha256, zip_sha256, created, "
		"destination, delivery, delivered, trigger_state, triggered, task, recorded, blur "
		"FROM packages ORDER BY min(id) OVER (PARTITION BY name_of_set, folder), part, id",
		-1, &statement, NULL);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW) {
			struct ledger_package package = read_package(ledger, statement);

			ARRAY_APPEND(list, package);
		}
	}
	if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

void ledger_package_list_release(struct ledger_package_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		ledger_package_release(&list->items[i]);
	free(list->items);
	*list = (struct ledger_package_list){0};
}

bool ledger_shares_collection(const char *left, const char *right)
{
	for (const char *at = left; at != NULL; at = strchr(at, '\n')) {
		size_t length;

		at += *at == '\n';
		length = strcspn(at, "\n");
		for (const char *other = right; other != NULL; other = strchr(other, '\n')) {
			other += *other == '\n';
			if (strcspn(other, "\n") == length && length > 0 &&
				strncmp(at, other, length) == 0)
				return true;
		}
	}
	return false;
}

/* ---- uploads ---- */

void ledger_upload_release(struct ledger_upload *upload)
{
	free(upload->destination);
	free(upload->remote_name);
	free(upload->temporary);
	free(upload->sha256);
	*upload = (struct ledger_upload){0};
}

int store_put_upload(struct ledger *ledger, const struct ledger_upload *upload, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, PUT_UPLOAD, err);

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, upload->destination);
	store_bind_path(statement, 2, upload->remote_name);
	store_bind_path(statement, 3, upload->temporary);
	store_bind_text(statement, 4, upload->sha256);
	sqlite3_bind_int64(statement, 5, (int64_t)upload->size);
	sqlite3_bind_int(statement, 6, upload->renaming);
	sqlite3_bind_int(statement, 7, upload->done);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

int store_get_upload(struct ledger *ledger, const char *destination, const char *remote_name,
	struct ledger_upload *upload, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, GET_UPLOAD, err);
	int found;

	*upload = (struct ledger_upload){0};
	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, destination);
	store_bind_path(statement, 2, remote_name);
	found = store_find_one(ledger, statement, err);
	if (found == 1) {
		upload->destination = store_column(statement, 0);
		upload->remote_name = store_column(statement, 1);
		upload->temporary = store_column(statement, 2);
		upload->sha256 = store_column(statement, 3);
		upload->size = store_column_u64(statement, 4);
		upload->renaming = sqlite3_column_int(statement, 5) != 0;
		upload->done = sqlite3_column_int(statement, 6) != 0;
		sqlite3_reset(statement);
	}
	return found;
}

int store_remove_upload(
	struct ledger *ledger, const char *destination, const char *remote_name, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, REMOVE_UPLOAD, err);

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, destination);
	store_bind_path(statement, 2, remote_name);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

/* ---- renditions ---- */

void ledger_rendition_release(struct ledger_rendition *rendition)
{
	free(rendition->path);
	free(rendition->settings);
	free(rendition->rendition);
	*rendition = (struct ledger_rendition){0};
}

int store_put_rendition(
	struct ledger *ledger, const struct ledger_rendition *rendition, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, PUT_RENDITION, err);

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, rendition->path);
	sqlite3_bind_int64(statement, 2, (int64_t)rendition->size);
	sqlite3_bind_int64(statement, 3, rendition->mtime_ns);
	store_bind_text(statement, 4, rendition->settings);
	store_bind_path(statement, 5, rendition->rendition);
	sqlite3_bind_int64(statement, 6, (int64_t)rendition->rendition_size);
	if (rendition->has_sha256)
		sqlite3_bind_blob(statement, 7, rendition->sha256, SHA256_SIZE, SQLITE_TRANSIENT);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

static int read_rendition(struct ledger *ledger, sqlite3_stmt *statement,
	struct ledger_rendition *rendition, struct error *err)
{
	int found = store_find_one(ledger, statement, err);

	if (found == 1) {
		rendition->path = store_column(statement, 0);
		rendition->size = store_column_u64(statement, 1);
		rendition->mtime_ns = sqlite3_column_int64(statement, 2);
		rendition->settings = store_column(statement, 3);
		rendition->rendition = store_column(statement, 4);
		rendition->rendition_size = store_column_u64(statement, 5);
		rendition->has_sha256 = sqlite3_column_bytes(statement, 6) == SHA256_SIZE;
		if (rendition->has_sha256)
			memcpy(rendition->sha256, sqlite3_column_blob(statement, 6), SHA256_SIZE);
		sqlite3_reset(statement);
	}
	return found;
}

int store_get_rendition(struct ledger *ledger, const char *path, struct ledger_rendition *rendition,
	struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, GET_RENDITION, err);

	*rendition = (struct ledger_rendition){0};
	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, path);
	return read_rendition(ledger, statement, rendition, err);
}

int store_next_rendition(struct ledger *ledger, const char *after, const char *part, bool with,
	struct ledger_rendition *rendition, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, NEXT_RENDITION, err);

	*rendition = (struct ledger_rendition){0};
	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, after);
	store_bind_text(statement, 2, part);
	sqlite3_bind_int(statement, 3, with);
	return read_rendition(ledger, statement, rendition, err);
}

int store_remove_rendition(struct ledger *ledger, const char *path, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, REMOVE_RENDITION, err);

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, path);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}
