/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What SQLite's failures mean, for the rooms that keep a database. */
#ifndef TRAPKIT_DATABASE_H
#define TRAPKIT_DATABASE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct sqlite3;

/*
 * Sets `err` to "WHAT: REASON" after the last call on `db` failed, and what to do next where that
 * is known; `if_damaged` is that for a database that is none, or broken. ERROR_BUSY while another
 * process holds it, ERROR_INPUT for what is in it, else ERROR_SYSTEM. True when it is damaged.
 */
bool database_explain(
	struct sqlite3 *db, const char *what, const char *if_damaged, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
