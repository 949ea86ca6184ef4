/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What SQLite's failures mean. */
#include "trapkit/database.h"

#include "trapkit/error.h"

#include <sqlite3.h>
#include <string.h>

static enum error_kind kind_of(int code)
{
	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERROR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
		return ERROR_INPUT;
	default:
		return ERROR_SYSTEM;
	}
}

bool database_explain(
	struct sqlite3 *db, const char *what, const char *if_damaged, struct error *err)
{
	/* The lower byte is the primary code. */
	int code = sqlite3_extended_errcode(db) & 0xFF, system = sqlite3_system_errno(db);
	bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	const char *why = sqlite3_errmsg(db);

	if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && system != 0)
		why = strerror(system);
	error_set(err, kind_of(code), "%s: %s%s%s", what, why, damaged ? "; " : "",
		damaged                       ? if_damaged
			: code == SQLITE_FULL ? "; make room, then run the command again"
					      : "");
	return damaged;
}
