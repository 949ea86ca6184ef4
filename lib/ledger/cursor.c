/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walking the files in order while the ledger may change under the walk. */
#include "files.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

/*
 * The statement is let go before any change (store_park_cursors) and begins again behind the last
 * name: SQLite does not say what a statement sees of changes to the table that it reads.
 */
struct ledger_files {
	struct ledger *ledger;
	struct ledger_files *previous, *next;
	bool brief;
	sqlite3_stmt *statement;
	bool running;
	struct {
		struct cursor_folder {
			int64_t id;
			char *collection, *deployment;
		} * items;
		size_t count, capacity;
	} folders;
	size_t folder;
	char *path, *name; /* of the file returned last; grown, not made anew */
	size_t path_size, name_size;
	bool begun; /* a name of this folder was returned */
};

struct ledger *store_files_ledger(struct ledger_files *files)
{
	return files->ledger;
}

void store_park_cursors(struct ledger *ledger)
{
	for (struct ledger_files *files = ledger->cursors; files != NULL; files = files->next) {
		if (files->running)
			sqlite3_reset(files->statement);
		files->running = false;
	}
}

static int read_folders(struct ledger_files *files, const char *collection, const char *deployment,
	struct error *err)
{
	struct ledger *ledger = files->ledger;
	sqlite3_stmt *statement =
		store_statement(ledger, deployment != NULL ? FIND_FOLDER : LIST_FOLDERS, err);
	int code;

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, collection);
	if (deployment != NULL)
		store_bind_path(statement, 2, deployment);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct cursor_folder folder = {
			.id = sqlite3_column_int64(statement, 0),
			.collection = store_column(statement, 1),
			.deployment = store_column(statement, 2),
		};

		ARRAY_APPEND(&files->folders, folder);
	}
	if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

/* The one that a cursor before has left, or a new one: preparing costs as much as fifty rows. */
static int take_statement(struct ledger_files *files, struct error *err)
{
	struct ledger *ledger = files->ledger;

	static const char *const texts[] = {
		"SELECT " FILE_COLUMNS " FROM files WHERE folder = ?1 AND name > ?2 ORDER BY name",
		"SELECT " FILE_COLUMNS_BRIEF
		" FROM files WHERE folder = ?1 AND name > ?2 ORDER BY name"};

	files->statement = ledger->spare_cursor[files->brief];
	ledger->spare_cursor[files->brief] = NULL;
	if (files->statement == NULL &&
		sqlite3_prepare_v2(ledger->db, texts[files->brief], -1, &files->statement, NULL) !=
			SQLITE_OK)
		return store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	return 0;
}

static void leave_statement(struct ledger_files *files)
{
	sqlite3_stmt **spare = &files->ledger->spare_cursor[files->brief];

	if (files->statement == NULL)
		return;
	sqlite3_reset(files->statement);
	sqlite3_finalize(*spare);
	*spare = files->statement;
}

struct ledger_files *store_files_open(struct ledger *ledger, const char *collection,
	const char *deployment, bool brief, struct error *err)
{
	struct ledger_files *files = xcalloc(1, sizeof *files);

	files->ledger = ledger;
	files->brief = brief;
	files->next = ledger->cursors;
	if (files->next != NULL)
		files->next->previous = files;
	ledger->cursors = files;
	if (read_folders(files, collection, deployment, err) != 0 ||
		(files->folders.count > 0 && take_statement(files, err) != 0)) {
		store_files_close(files);
		return NULL;
	}
	return files;
}

void store_files_close(struct ledger_files *files)
{
	if (files == NULL)
		return;
	leave_statement(files);
	for (size_t i = 0; i < files->folders.count; i++) {
		free(files->folders.items[i].collection);
		free(files->folders.items[i].deployment);
	}
	free(files->folders.items);
	if (files->previous != NULL)
		files->previous->next = files->next;
	else
		files->ledger->cursors = files->next;
	if (files->next != NULL)
		files->next->previous = files->previous;
	free(files->path);
	free(files->name);
	free(files);
}

static void set_size(char **buffer, size_t *size, size_t needed)
{
	if (*size < needed) {
		*size = needed * 2;
		*buffer = xreallocarray(*buffer, *size, 1);
	}
}

static size_t put(char *out, size_t at, const void *bytes, size_t length, char end)
{
	if (length > 0)
		memcpy(out + at, bytes, length);
	out[at + length] = end;
	return at + length + 1;
}

/* Path and name into the walk's own memory: the statement may be let go before the next call. */
static void fill(struct ledger_files *files, struct resource *resource)
{
	const struct cursor_folder *folder = &files->folders.items[files->folder];
	size_t collection = strlen(folder->collection), deployment = strlen(folder->deployment);
	const void *name = sqlite3_column_blob(files->statement, FILE_NAME);
	size_t name_length = (size_t)sqlite3_column_bytes(files->statement, FILE_NAME);
	const void *rest = sqlite3_column_blob(files->statement, FILE_SUB);
	size_t rest_length = (size_t)sqlite3_column_bytes(files->statement, FILE_SUB);
	size_t at;

	if (rest == NULL) {
		rest = name;
		rest_length = name_length;
	}
	set_size(&files->name, &files->name_size, name_length + 1);
	put(files->name, 0, name, name_length, '\0');
	set_size(&files->path, &files->path_size, collection + deployment + rest_length + 3);
	at = put(files->path, 0, folder->collection, collection, '/');
	at = put(files->path, at, folder->deployment, deployment, '/');
	put(files->path, at, rest, rest_length, '\0');
	files_read_row(files->statement, resource);
	resource->path = files->path;
	resource->name = files->name;
	resource->collection = folder->collection;
	resource->deployment = folder->deployment;
}

int store_files_next(struct ledger_files *files, struct resource *resource, struct error *err)
{
	int code;

	while (files->folder < files->folders.count) {
		if (!files->running) {
			sqlite3_bind_int64(
				files->statement, 1, files->folders.items[files->folder].id);
			store_bind_path(files->statement, 2, files->begun ? files->name : "");
			files->running = true;
		}
		code = sqlite3_step(files->statement);
		if (code == SQLITE_ROW) {
			fill(files, resource);
			files->begun = true;
			return 1;
		}
		sqlite3_reset(files->statement);
		files->running = false;
		if (code != SQLITE_DONE)
			return store_fail(
				files->ledger, err, "cannot read ledger '%s'", files->ledger->path);
		files->folder++;
		files->begun = false;
	}
	return 0;
}

static int list_folders(struct ledger *ledger, const char *sql, const char *collection,
	struct ledger_deployment_list *list, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(ledger->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK) {
		store_bind_path(statement, 1, collection);
		while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
			struct ledger_deployment item = {
				.collection = store_column(statement, 0),
				.deployment = store_column(statement, 1),
				.files = store_column_u64(statement, 2),
				.bytes = store_column_u64(statement, 3),
			};

			ARRAY_APPEND(list, item);
		}
	}
	if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

int store_deployments(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err)
{
	return list_folders(ledger,
		"SELECT collection, deployment, count(*), sum(size) FROM folders JOIN files ON "
		"folder = id WHERE ?1 IS NULL OR collection = ?1 GROUP BY collection, deployment "
		"ORDER BY collection, deployment",
		collection, list, err);
}

int store_folders(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err)
{
	return list_folders(ledger,
		"SELECT collection, deployment, 0, 0 FROM folders WHERE ?1 IS NULL OR "
		"collection = ?1 ORDER BY collection, deployment",
		collection, list, err);
}

void ledger_deployment_list_release(struct ledger_deployment_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].collection);
		free(list->items[i].deployment);
	}
	free(list->items);
	*list = (struct ledger_deployment_list){0};
}
