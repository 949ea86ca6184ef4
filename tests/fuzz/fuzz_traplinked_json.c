/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an answer of the traplinked API: stored whole or not at all, and read back. */
#include "../../lib/traplinked/traplinked_internal.h"

#include "trapkit/text.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool good)
{
	if (!good)
		abort();
}

static int64_t count(struct traplinked_store *store, const char *sql)
{
	struct error err = {0};
	sqlite3_stmt *statement = db_prepare(store, sql, &err);
	int64_t found;

	expect(statement != NULL && sqlite3_step(statement) == SQLITE_ROW);
	found = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return found;
}

/* Takes the answer in a run of its own; what came to the database, or -1. */
static int take(struct traplinked_store *store, bool network, const char *text, size_t size)
{
	struct traplinked_run run = {.started = 1700000000};
	struct traplinked_query query = {
		.network = network, .reports_since = "1970-01-01T00:00:00"};
	struct traplinked_rule rule;
	struct error err = {0};
	int result;

	expect(traplinked_begin(store, &run, &err) == 0);
	result = traplinked_take(store, &run, &query, text, size, &err);
	if (result == 0) {
		expect(traplinked_rule_parse("triggered", &rule, &err) == 0);
		expect(traplinked_alerts_update(store, &rule, 1, 1700000000, &err) == 0);
		expect(traplinked_commit(store, &run, &err) == 0);
		result = (int)(run.devices_new + run.devices_changed + run.reports_new +
			run.network_new + run.network_changed);
	} else {
		expect(err.kind == ERROR_NETWORK);
		traplinked_rollback(store);
	}
	traplinked_run_release(&run);
	return result;
}

static void read_back(struct traplinked_store *store)
{
	static const enum traplinked_table tables[] = {TRAPLINKED_DEVICES, TRAPLINKED_REPORTS,
		TRAPLINKED_HISTORY, TRAPLINKED_LOCATIONS, TRAPLINKED_NETWORK_DEVICES,
		TRAPLINKED_ALERTS};
	struct error err = {0};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct traplinked_rows *rows = traplinked_rows_open(store, tables[i], 0, &err);
		const struct traplinked_cell *cells;
		int more;

		expect(rows != NULL);
		while ((more = traplinked_rows_next(rows, &cells, &err)) == 1)
			continue;
		expect(more == 0);
		traplinked_rows_close(rows);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char everything[] =
		"SELECT (SELECT count(*) FROM devices) + (SELECT count(*) FROM reports) +"
		" (SELECT count(*) FROM device_history) + (SELECT count(*) FROM network_devices)"
		" + (SELECT count(*) FROM locations) + (SELECT count(*) FROM runs)";
	const char *text = (const char *)bytes;
	struct error err = {0};
	/* Making the tables takes longer than everything else: made once. */
	static struct traplinked_store *store;

	if (store == NULL)
		store = traplinked_store_open("/nonexistent/x", TRAPLINKED_SCRATCH, 0, NULL, &err);
	expect(store != NULL);
	for (int network = 0; network < 2; network++) {
		int64_t before = count(store, everything);

		if (take(store, network != 0, text, size) < 0)
			expect(count(store, everything) == before);
		else
			/* The same once more writes nothing but its run. */
			expect(take(store, network != 0, text, size) == 0);
	}
	read_back(store);
	expect(count(store, "SELECT count(*) FROM pragma_foreign_key_check") == 0);
	expect(db_execute(store,
		       "DELETE FROM alerts; DELETE FROM device_history; DELETE FROM reports;"
		       "DELETE FROM devices; DELETE FROM network_devices; DELETE FROM locations;"
		       "DELETE FROM unknown_values; DELETE FROM runs",
		       &err) == 0);
	return 0;
}
