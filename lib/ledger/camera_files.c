/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which single files were sent as a camera, by their contents. */
#include "store.h"

#include "trapkit/memory.h"

#include <stdio.h>
#include <stdlib.h>

void ledger_camera_file_release(struct ledger_camera_file *file)
{
	free(file->destination);
	free(file->place);
	free(file->remote);
	*file = (struct ledger_camera_file){0};
}

/* What all three statements begin with. */
static sqlite3_stmt *bound(struct ledger *ledger, enum statement which, const char *destination,
	const char *sha256, const char *place, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, which, err);

	if (statement == NULL)
		return NULL;
	store_bind_path(statement, 1, destination);
	store_bind_text(statement, 2, sha256);
	store_bind_path(statement, 3, place);
	return statement;
}

int store_put_camera_file(
	struct ledger *ledger, const struct ledger_camera_file *file, struct error *err)
{
	sqlite3_stmt *statement =
		bound(ledger, PUT_CAMERA_FILE, file->destination, file->sha256, file->place, err);

	if (statement == NULL)
		return -1;
	store_bind_path(statement, 4, file->remote);
	sqlite3_bind_int64(statement, 5, (int64_t)file->size);
	sqlite3_bind_int(statement, 6, (int)file->state);
	sqlite3_bind_int64(statement, 7, file->changed);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

int store_get_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct ledger_camera_file *file, struct error *err)
{
	sqlite3_stmt *statement = bound(ledger, GET_CAMERA_FILE, destination, sha256, place, err);
	int found;

	*file = (struct ledger_camera_file){0};
	if (statement == NULL)
		return -1;
	found = store_find_one(ledger, statement, err);
	if (found != 1)
		return found;
	file->destination = xstrdup(destination);
	snprintf(file->sha256, sizeof file->sha256, "%s", sha256);
	file->place = xstrdup(place);
	file->remote = store_column(statement, 0);
	file->size = store_column_u64(statement, 1);
	file->state = (enum camera_file_state)sqlite3_column_int(statement, 2);
	file->changed = sqlite3_column_int64(statement, 3);
	sqlite3_reset(statement);
	return 1;
}

int store_remove_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct error *err)
{
	sqlite3_stmt *statement =
		bound(ledger, REMOVE_CAMERA_FILE, destination, sha256, place, err);

	if (statement == NULL)
		return -1;
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}
