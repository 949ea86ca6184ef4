/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds for the whole data path, in the ledger. */
#include "store.h"

int store_get_note(struct ledger *ledger, const char *key, char **value, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, GET_NOTE, err);
	int found;

	*value = NULL;
	if (statement == NULL)
		return -1;
	store_bind_text(statement, 1, key);
	found = store_find_one(ledger, statement, err);
	if (found == 1) {
		*value = store_column(statement, 0);
		sqlite3_reset(statement);
	}
	return found < 0 ? -1 : 0;
}

int store_put_note(struct ledger *ledger, const char *key, const char *value, struct error *err)
{
	sqlite3_stmt *statement =
		store_statement(ledger, value == NULL ? REMOVE_NOTE : PUT_NOTE, err);

	if (statement == NULL)
		return -1;
	store_bind_text(statement, 1, key);
	if (value != NULL)
		store_bind_text(statement, 2, value);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}
