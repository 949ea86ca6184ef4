/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The database's tables read row by row, for every kind of output. */
#include "traplinked_internal.h"

#include <stdlib.h>

struct traplinked_rows {
	struct traplinked_store *store;
	sqlite3_stmt *statement;
	size_t columns;
	struct traplinked_cell *cells;
	bool *is_bool;
};

/* ?1 = the run after which. The order of columns is part of what is promised to users. */
static const char *const queries[] = {
	[TRAPLINKED_DEVICES] =
		"SELECT d.serial_number, d.name, d.type, d.type_name, d.status, d.status_name,"
		" d.battery_status, d.description, d.last_heartbeat, d.latitude, d.longitude,"
		" d.transfer_mode, d.transfer_mode_name, d.operation_mode, d.operation_mode_name,"
		" d.trap_1, d.trap_2, l.name AS location, l.path AS location_path,"
		" l.address AS location_address, d.is_bait_monitoring_enabled, d.bait_low_count,"
		" d.bait_pad_activity_count, d.activity_threshold_value,"
		" d.activity_timeframe_value, d.activity_timeframe_type,"
		" d.bait_manufacturer_and_type, d.bait_weight_grams,"
		" d.bait_calibration_weight_grams, d.last_bait_replaced_at,"
		" d.last_bait_replaced_by_name, d.last_activity_reset_at,"
		" d.last_activity_reset_by_name, d.is_bait_available, d.missing_fields,"
		" d.absent_since, d.changed_run FROM devices d"
		" LEFT JOIN locations l ON l.id = d.location_id"
		" WHERE d.changed_run > ?1 ORDER BY d.serial_number",
	[TRAPLINKED_REPORTS] =
		"SELECT r.id, r.serial_number, d.name, r.type, r.type_name, r.timestamp, r.user,"
		" r.description, r.nth, l.name AS location, l.path AS location_path, r.run_id"
		" FROM reports r JOIN devices d ON d.serial_number = r.serial_number"
		" LEFT JOIN locations l ON l.id = d.location_id"
		" WHERE r.run_id > ?1 ORDER BY r.timestamp, r.id",
	[TRAPLINKED_HISTORY] =
		"SELECT h.id, h.serial_number, h.observed, h.changed, h.name, h.status,"
		" h.status_name, h.battery_status, h.last_heartbeat, h.latitude, h.longitude,"
		" h.operation_mode, h.operation_mode_name, h.trap_1, h.trap_2, h.bait_low_count,"
		" h.bait_pad_activity_count, h.is_bait_available, l.path AS location_path,"
		" h.run_id FROM device_history h LEFT JOIN locations l ON l.id = h.location_id"
		" WHERE h.run_id > ?1 ORDER BY h.id",
	[TRAPLINKED_LOCATIONS] =
		"SELECT l.id, l.path, l.name, l.address, (SELECT count(*) FROM devices d"
		" WHERE d.location_id = l.id AND d.absent_since IS NULL) AS devices, l.changed_run"
		" FROM locations l WHERE l.changed_run > ?1 ORDER BY l.path, l.name",
	[TRAPLINKED_NETWORK_DEVICES] =
		"SELECT n.serial_number, n.description, n.device_type, n.product_identifier,"
		" n.status, n.status_name, l.name AS location, l.path AS location_path,"
		" n.missing_fields, n.changed_run FROM network_devices n"
		" LEFT JOIN locations l ON l.id = n.location_id"
		" WHERE n.changed_run > ?1 ORDER BY n.serial_number",
	[TRAPLINKED_RUNS] =
		"SELECT id, started, finished, base_url, asked, asked_network, reports_since,"
		" http_status, attempts, bytes, devices, devices_new, devices_changed, reports,"
		" reports_new, network_devices, network_new, network_changed, skipped, version"
		" FROM runs WHERE id > ?1 ORDER BY id",
	[TRAPLINKED_ALERTS] =
		"SELECT serial_number, name, alert, opened, told, detail, status_name,"
		" battery_status, last_heartbeat, location, location_path FROM open_alerts"
		" WHERE ?1 IS NOT NULL ORDER BY serial_number, alert",
};

static bool holds_bools(const char *name)
{
	static const char *const names[] = {
		"trap_1", "trap_2", "is_bait_monitoring_enabled", "is_bait_available", NULL};

	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

struct traplinked_rows *traplinked_rows_open(struct traplinked_store *store,
	enum traplinked_table table, int64_t since_run, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store, queries[table], err);
	struct traplinked_rows *rows;

	if (statement == NULL)
		return NULL;
	sqlite3_bind_int64(statement, 1, since_run);
	rows = xcalloc(1, sizeof *rows);
	rows->store = store;
	rows->statement = statement;
	rows->columns = (size_t)sqlite3_column_count(statement);
	rows->cells = xcalloc(rows->columns, sizeof *rows->cells);
	rows->is_bool = xcalloc(rows->columns, sizeof *rows->is_bool);
	for (size_t i = 0; i < rows->columns; i++)
		rows->is_bool[i] = holds_bools(traplinked_rows_name(rows, i));
	return rows;
}

size_t traplinked_rows_columns(const struct traplinked_rows *rows)
{
	return rows->columns;
}

const char *traplinked_rows_name(const struct traplinked_rows *rows, size_t column)
{
	return sqlite3_column_name(rows->statement, (int)column);
}

static void fill(struct traplinked_rows *rows, size_t column)
{
	struct traplinked_cell *cell = &rows->cells[column];
	sqlite3_stmt *statement = rows->statement;
	int at = (int)column;

	*cell = (struct traplinked_cell){0};
	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		cell->type = rows->is_bool[column] ? TRAPLINKED_BOOL : TRAPLINKED_INTEGER;
		cell->integer = sqlite3_column_int64(statement, at);
		cell->real = (double)cell->integer;
		break;
	case SQLITE_FLOAT:
		cell->type = TRAPLINKED_REAL;
		cell->real = sqlite3_column_double(statement, at);
		break;
	case SQLITE_NULL:
		break;
	default:
		cell->type = TRAPLINKED_TEXT;
		cell->text = (const char *)sqlite3_column_text(statement, at);
	}
}

int traplinked_rows_next(
	struct traplinked_rows *rows, const struct traplinked_cell **cells, struct error *err)
{
	int code = sqlite3_step(rows->statement);

	*cells = rows->cells;
	if (code == SQLITE_DONE)
		return 0;
	if (code != SQLITE_ROW)
		return db_fail(rows->store, err);
	for (size_t i = 0; i < rows->columns; i++)
		fill(rows, i);
	return 1;
}

void traplinked_rows_close(struct traplinked_rows *rows)
{
	if (rows == NULL)
		return;
	sqlite3_finalize(rows->statement);
	free(rows->cells);
	free(rows->is_bool);
	free(rows);
}
