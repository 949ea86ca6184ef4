/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files went into which package. */
#include "store.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

static int add_folder(struct ledger *ledger, const struct ledger_packaged *file, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, ADD_PACKAGED_FOLDER, err);

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, file->collection);
	store_bind_path(statement, 2, file->deployment);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

int store_put_packaged(struct ledger *ledger, int64_t package, const struct ledger_packaged *file,
	struct error *err)
{
	sqlite3_stmt *statement;

	if (add_folder(ledger, file, err) != 0)
		return -1;
	statement = store_statement(ledger, PUT_PACKAGED, err);
	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, file->collection);
	store_bind_path(statement, 2, file->deployment);
	store_bind_path(statement, 3, file->name);
	sqlite3_bind_int64(statement, 4, package);
	sqlite3_bind_int64(statement, 5, (int64_t)file->size);
	sqlite3_bind_int64(statement, 6, file->mtime_ns);
	if (file->has_sha256)
		sqlite3_bind_blob(statement, 7, file->sha256, SHA256_SIZE, SQLITE_TRANSIENT);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

int store_forget_packaged(struct ledger *ledger, int64_t package, struct error *err)
{
	sqlite3_stmt *statement =
		store_statement(ledger, package == 0 ? SWEEP_PACKAGED : REMOVE_PACKAGED, err);

	if (statement == NULL)
		return -1;
	if (package != 0)
		sqlite3_bind_int64(statement, 1, package);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

int store_packaged(struct ledger *ledger, const char *collection, const char *deployment,
	struct ledger_packaged_list *list, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, LIST_PACKAGED, err);
	int code;

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 1, collection);
	store_bind_path(statement, 2, deployment);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct ledger_packaged file = {
			.name = store_column(statement, 0),
			.package = sqlite3_column_int64(statement, 1),
			.size = store_column_u64(statement, 2),
			.mtime_ns = sqlite3_column_int64(statement, 3),
			.has_sha256 = sqlite3_column_bytes(statement, 4) == SHA256_SIZE,
		};

		if (file.has_sha256)
			memcpy(file.sha256, sqlite3_column_blob(statement, 4), SHA256_SIZE);
		ARRAY_APPEND(list, file);
	}
	if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

void ledger_packaged_list_release(struct ledger_packaged_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct ledger_packaged_list){0};
}

int store_packaged_twice(struct ledger *ledger, int64_t package, enum ledger_others others,
	char **set, uint64_t *files, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, FIND_PACKAGED_TWICE, err);
	int code;

	*set = NULL;
	*files = 0;
	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, package);
	sqlite3_bind_int(statement, 2, others == LEDGER_LATER);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*set = store_column(statement, 0);
		*files = store_column_u64(statement, 1);
	} else if (code != SQLITE_DONE) {
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	}
	sqlite3_reset(statement);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}
