/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables and views of the traplinked database, and how an older one becomes one of today. */
#include "traplinked_internal.h"

#include <stdlib.h>

/*
 * Step N brings version N to N + 1 (PRAGMA user_version). A step that was released is never
 * changed. man/trapkit-traplinked.5 tells what the columns mean. Times are UTC text with a Z.
 */
static const char *const steps[][2] = {
	{"PRAGMA application_id = 1953524843;" /* "tplk" */
	 "CREATE TABLE runs ( id INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT NOT NULL, "
	 "finished TEXT, base_url TEXT NOT NULL, asked TEXT, asked_network TEXT, scope TEXT, "
	 "reports_since TEXT, reports_until TEXT, http_status INTEGER, attempts INTEGER, bytes "
	 "INTEGER, devices INTEGER, devices_new INTEGER, devices_changed INTEGER, reports INTEGER, "
	 "reports_new INTEGER, network_devices INTEGER, network_new INTEGER, network_changed "
	 "INTEGER, skipped INTEGER, version TEXT);CREATE TABLE locations ( id INTEGER PRIMARY KEY, "
	 "path TEXT, name TEXT NOT NULL, address TEXT, first_run INTEGER NOT NULL REFERENCES runs, "
	 "changed_run INTEGER NOT NULL REFERENCES runs);CREATE UNIQUE INDEX locations_by_path ON "
	 "locations (path) WHERE path IS NOT NULL;CREATE UNIQUE INDEX locations_by_name ON "
	 "locations (name) WHERE path IS NULL;CREATE TABLE devices ( serial_number TEXT PRIMARY "
	 "KEY, name TEXT, type INTEGER, type_name TEXT, status INTEGER, status_name TEXT, "
	 "battery_status REAL, description TEXT, last_heartbeat TEXT, latitude REAL, longitude "
	 "REAL, transfer_mode INTEGER, transfer_mode_name TEXT, operation_mode INTEGER, "
	 "operation_mode_name TEXT, trap_1 INTEGER, trap_2 INTEGER, is_bait_monitoring_enabled "
	 "INTEGER, bait_low_count INTEGER, bait_pad_activity_count INTEGER, "
	 "activity_threshold_value INTEGER, activity_timeframe_value INTEGER, "
	 "activity_timeframe_type TEXT, bait_manufacturer_and_type TEXT, bait_weight_grams "
	 "INTEGER, bait_calibration_weight_grams INTEGER, last_bait_replaced_at TEXT, "
	 "last_bait_replaced_by_name TEXT, last_activity_reset_at TEXT, "
	 "last_activity_reset_by_name TEXT, is_bait_available INTEGER, location_id INTEGER "
	 "REFERENCES locations, missing_fields TEXT NOT NULL, raw TEXT NOT NULL, absent_since "
	 "TEXT, first_run INTEGER NOT NULL REFERENCES runs, changed_run INTEGER NOT NULL "
	 "REFERENCES runs) WITHOUT ROWID;CREATE TABLE device_history ( id INTEGER PRIMARY KEY, "
	 "serial_number TEXT NOT NULL REFERENCES devices, run_id INTEGER NOT NULL REFERENCES runs, "
	 "observed TEXT NOT NULL, changed TEXT NOT NULL, name TEXT, status INTEGER, status_name "
	 "TEXT, battery_status REAL, last_heartbeat TEXT, latitude REAL, longitude REAL, "
	 "operation_mode INTEGER, operation_mode_name TEXT, trap_1 INTEGER, trap_2 INTEGER, "
	 "bait_low_count INTEGER, bait_pad_activity_count INTEGER, is_bait_available INTEGER, "
	 "location_id INTEGER REFERENCES locations, raw TEXT NOT NULL);CREATE INDEX "
	 "device_history_by_device ON device_history (serial_number, id);CREATE TABLE reports ( id "
	 "INTEGER PRIMARY KEY, serial_number TEXT NOT NULL REFERENCES devices, type INTEGER NOT "
	 "NULL, type_name TEXT NOT NULL, timestamp TEXT NOT NULL, user TEXT, description TEXT, nth "
	 "INTEGER NOT NULL, raw TEXT NOT NULL, run_id INTEGER NOT NULL REFERENCES runs);CREATE "
	 "UNIQUE INDEX reports_once ON reports (serial_number, timestamp, type, coalesce(user, "
	 "''), coalesce(description, ''), nth);CREATE INDEX reports_by_run ON reports (run_id);",
		"CREATE TABLE network_devices ( serial_number TEXT PRIMARY KEY, description TEXT, "
		"device_type TEXT, product_identifier TEXT, status TEXT, status_name TEXT, "
		"location_id INTEGER REFERENCES locations, missing_fields TEXT NOT NULL, raw TEXT "
		"NOT NULL, first_run INTEGER NOT NULL REFERENCES runs, changed_run INTEGER NOT "
		"NULL REFERENCES runs) WITHOUT ROWID;CREATE TABLE unknown_values ( what TEXT, "
		"value TEXT, run_id INTEGER NOT NULL REFERENCES runs, PRIMARY KEY (what, value)) "
		"WITHOUT ROWID;CREATE VIEW reports_by_day AS SELECT substr(timestamp, 1, 10) AS "
		"day, type, type_name, count(*) AS reports, count(DISTINCT serial_number) AS "
		"devices FROM reports GROUP BY day, type, type_name;CREATE VIEW device_latest AS "
		"SELECT d.serial_number, d.name, d.type_name, d.status_name, d.battery_status, "
		"d.last_heartbeat, d.trap_1, d.trap_2, d.operation_mode_name, "
		"d.transfer_mode_name, d.latitude, d.longitude, l.name AS location, l.path AS "
		"location_path, (SELECT max(timestamp) FROM reports r WHERE r.serial_number = "
		"d.serial_number) AS last_report, (SELECT type_name FROM reports r WHERE "
		"r.serial_number = d.serial_number ORDER BY timestamp DESC, id DESC LIMIT 1) AS "
		"last_report_type, d.absent_since FROM devices d LEFT JOIN locations l ON l.id = "
		"d.location_id;"},

	/* 1 to 2: alerts that are told once */
	{"CREATE TABLE alerts ("
	 " id INTEGER PRIMARY KEY, serial_number TEXT NOT NULL REFERENCES devices,"
	 " rule TEXT NOT NULL, alert TEXT NOT NULL, detail TEXT NOT NULL, opened TEXT NOT NULL,"
	 " told TEXT, closed TEXT, recovery_told TEXT);"
	 "CREATE UNIQUE INDEX alerts_open ON alerts (serial_number, rule) WHERE closed IS NULL;"
	 "CREATE INDEX alerts_untold ON alerts (rule)"
	 " WHERE closed IS NOT NULL AND recovery_told IS NULL;"
	 "CREATE VIEW open_alerts AS"
	 " SELECT c.serial_number, d.name, c.alert, a.opened, a.told, a.detail, d.status_name,"
	 " d.battery_status, d.last_heartbeat, l.name AS location, l.path AS location_path"
	 " FROM (SELECT serial_number, status_name AS alert FROM devices"
	 " WHERE status NOT IN (0, 1) AND absent_since IS NULL"
	 " UNION SELECT serial_number, 'triggered' FROM devices"
	 " WHERE (trap_1 OR trap_2) AND absent_since IS NULL"
	 " UNION SELECT serial_number, alert FROM alerts WHERE closed IS NULL) c"
	 " JOIN devices d ON d.serial_number = c.serial_number"
	 " LEFT JOIN alerts a ON a.serial_number = c.serial_number AND a.alert = c.alert"
	 " AND a.closed IS NULL"
	 " LEFT JOIN locations l ON l.id = d.location_id;",
		""},

	/* 2 to 3: alerts of network devices */
	{"DROP VIEW open_alerts;"
	 "ALTER TABLE alerts RENAME TO alerts_2;"
	 "DROP INDEX alerts_open;"
	 "DROP INDEX alerts_untold;"
	 "CREATE TABLE alerts ("
	 " id INTEGER PRIMARY KEY, serial_number TEXT NOT NULL,"
	 " rule TEXT NOT NULL, alert TEXT NOT NULL, detail TEXT NOT NULL, opened TEXT NOT NULL,"
	 " told TEXT, closed TEXT, recovery_told TEXT);"
	 "INSERT INTO alerts SELECT * FROM alerts_2;"
	 "DROP TABLE alerts_2;"
	 "CREATE UNIQUE INDEX alerts_open ON alerts (serial_number, rule) WHERE closed IS NULL;"
	 "CREATE INDEX alerts_untold ON alerts (rule)"
	 " WHERE closed IS NOT NULL AND recovery_told IS NULL;",
		"CREATE VIEW all_devices AS SELECT 0 AS network, serial_number, name, NULL AS "
		"device_type, status, status_name, battery_status, last_heartbeat, trap_1, trap_2, "
		"location_id, absent_since FROM devices UNION ALL SELECT 1, serial_number, "
		"description, device_type, NULL, status_name, NULL, NULL, NULL, NULL, location_id, "
		"NULL FROM network_devices;CREATE VIEW open_alerts AS SELECT c.serial_number, "
		"d.name, c.alert, a.opened, a.told, a.detail, d.status_name, d.battery_status, "
		"d.last_heartbeat, l.name AS location, l.path AS location_path FROM (SELECT "
		"serial_number, network, status_name AS alert FROM all_devices WHERE (status NOT "
		"IN (0, 1) OR status_name = 'disconnected') AND absent_since IS NULL UNION SELECT "
		"serial_number, network, 'triggered' FROM all_devices WHERE (trap_1 OR trap_2) AND "
		"absent_since IS NULL UNION SELECT serial_number, alert = 'disconnected', alert "
		"FROM alerts WHERE closed IS NULL) c JOIN all_devices d ON d.serial_number = "
		"c.serial_number AND d.network = c.network LEFT JOIN alerts a ON a.serial_number = "
		"c.serial_number AND a.alert = c.alert AND a.closed IS NULL LEFT JOIN locations l "
		"ON l.id = d.location_id;"},
};

#define NEWEST ((int)(sizeof steps / sizeof steps[0]))
#define APPLICATION_ID 1953524843

static int read_number(
	struct traplinked_store *store, const char *sql, int *number, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store, sql, err);
	int result = -1;

	if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
		*number = sqlite3_column_int(statement, 0);
		result = 0;
	} else if (statement != NULL) {
		result = db_fail(store, err);
	}
	sqlite3_finalize(statement);
	return result;
}

int db_migrate(struct traplinked_store *store, struct error *err)
{
	int version, application, tables, result = 0;

	if (read_number(store, "PRAGMA user_version", &version, err) != 0 ||
		read_number(store, "PRAGMA application_id", &application, err) != 0 ||
		read_number(store, "SELECT count(*) FROM sqlite_schema", &tables, err) != 0)
		return -1;
	if (version > NEWEST && application == APPLICATION_ID)
		return error_set(err, ERROR_INPUT,
			"database '%s' was made by a newer trapkit (its version is %d, known is "
			"%d); use that one",
			store->path, version, NEWEST);
	if (application != APPLICATION_ID && (version != 0 || tables != 0))
		return error_set(err, ERROR_INPUT,
			"'%s' is a database of something else; give another file with --database",
			store->path);
	for (; result == 0 && version < NEWEST; version++) {
		char *sql = xasprintf("BEGIN IMMEDIATE;%s%sPRAGMA user_version = %d;COMMIT;",
			steps[version][0], steps[version][1], version + 1);

		result = db_execute(store, sql, err);
		if (result != 0)
			sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		free(sql);
	}
	return result;
}
