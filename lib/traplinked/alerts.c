/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts: opened and closed by the state of the devices, told once each. */
#include "traplinked_internal.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Seconds that usually lie between a device's heartbeats: the median of those that its latest
 * history holds; NULL for a device of which fewer than five are known.
 */
#define USUAL_INTERVAL                                                                             \
	"(SELECT gap FROM (SELECT gap, row_number() OVER (ORDER BY gap) AS nth,"                   \
	" count(*) OVER () AS gaps FROM (SELECT strftime('%s', beat)"                              \
	" - lag(strftime('%s', beat)) OVER (ORDER BY beat) AS gap FROM (SELECT DISTINCT"           \
	" last_heartbeat AS beat FROM (SELECT last_heartbeat FROM device_history h"                \
	" WHERE h.serial_number = d.serial_number AND h.last_heartbeat IS NOT NULL"                \
	" ORDER BY h.id DESC LIMIT 100))) WHERE gap > 0) WHERE gaps >= 4 AND nth = gaps / 2 + 1)"

/* ?1 = name of the alert, ?2 = the limit, ?3 = a time that many seconds ago, ?5 = now. */
static const struct {
	const char *condition, *detail;
} kinds[] = {
	[TRAPLINKED_RULE_STATUS] =
		{"(d.status_name = ?1 OR (d.status_name = 'activity_critical_and_bait_low'"
		 " AND ?1 IN ('activity_critical', 'bait_low')))",
			"'status ' || d.status_name"},
	[TRAPLINKED_RULE_TRIGGERED] =
		{"(d.status = 3 OR coalesce(d.trap_1, 0) OR coalesce(d.trap_2, 0))",
			"CASE WHEN d.trap_1 AND d.trap_2 THEN 'traps 1 and 2'"
			" WHEN d.trap_1 THEN 'trap 1' WHEN d.trap_2 THEN 'trap 2'"
			" ELSE 'status triggered' END"},
	[TRAPLINKED_RULE_BATTERY] = {"(d.battery_status < ?2)",
		"printf('battery at %.0f %%', 100 * d.battery_status)"},
	[TRAPLINKED_RULE_HEARTBEAT] = {"(d.last_heartbeat < ?3)",
		"'last heartbeat ' || d.last_heartbeat"},
	[TRAPLINKED_RULE_OVERDUE] = {"(strftime('%s', ?5) - strftime('%s', d.last_heartbeat)"
				     " > ?2 * " USUAL_INTERVAL ")",
		"'last heartbeat ' || d.last_heartbeat || ', usually every '"
		" || max(1, " USUAL_INTERVAL " / 60) || ' min'"},
	[TRAPLINKED_RULE_DISCONNECTED] = {"(d.status_name = ?1)",
		"coalesce(d.device_type, 'network device')"},
};

static void bind_rule(sqlite3_stmt *statement, const struct traplinked_rule *rule, int64_t now)
{
	char cutoff[TIMESTAMP_SIZE], time[TIMESTAMP_SIZE];

	format_utc(
		rule->kind == TRAPLINKED_RULE_HEARTBEAT ? now - (int64_t)rule->limit : now, cutoff);
	format_utc(now, time);
	db_bind_text(statement, 1, rule->name);
	sqlite3_bind_double(statement, 2, rule->limit);
	db_bind_text(statement, 3, cutoff);
	db_bind_text(statement, 4, rule->text);
	db_bind_text(statement, 5, time);
	sqlite3_bind_int(statement, 6, rule->kind == TRAPLINKED_RULE_DISCONNECTED);
}

/* Runs SQL with the rule's values; takes `sql`. */
static int run_rule(struct traplinked_store *store, char *sql, const struct traplinked_rule *rule,
	int64_t now, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store, sql, err);
	int result = -1;

	if (statement != NULL) {
		bind_rule(statement, rule, now);
		result = db_run(store, statement, err) < 0 ? -1 : 0;
	}
	sqlite3_finalize(statement);
	free(sql);
	return result;
}

static int open_alerts(struct traplinked_store *store, const struct traplinked_rule *rule,
	int64_t now, struct error *err)
{
	return run_rule(store,
		xasprintf("INSERT INTO alerts (serial_number, rule, alert, detail, opened)"
			  " SELECT d.serial_number, ?4, ?1, %s, ?5 FROM all_devices d"
			  " WHERE %s AND d.network = ?6 AND d.absent_since IS NULL"
			  " AND (d.serial_number, d.network) IN temp.seen"
			  " AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.closed IS NULL"
			  " AND a.rule = ?4 AND a.serial_number = d.serial_number)",
			kinds[rule->kind].detail, kinds[rule->kind].condition),
		rule, now, err);
}

static int close_alerts(struct traplinked_store *store, const struct traplinked_rule *rule,
	int64_t now, struct error *err)
{
	return run_rule(store,
		xasprintf("UPDATE alerts SET closed = ?5 WHERE rule = ?4 AND closed IS NULL"
			  " AND (serial_number, ?6) IN temp.seen AND NOT EXISTS"
			  " (SELECT 1 FROM all_devices d WHERE d.network = ?6"
			  " AND d.serial_number = alerts.serial_number AND %s)",
			kinds[rule->kind].condition),
		rule, now, err);
}

/* Rearmed and triggered again since the last look: a new event, though the state is the same. */
static int renew_alerts(struct traplinked_store *store, const struct traplinked_rule *rule,
	int64_t now, struct error *err)
{
	return run_rule(store,
		xstrdup("UPDATE alerts SET told = NULL, opened ="
			" (SELECT max(timestamp) FROM reports r WHERE r.type = 2"
			" AND r.serial_number = alerts.serial_number AND r.timestamp <= ?5)"
			" WHERE rule = ?4 AND closed IS NULL AND EXISTS"
			" (SELECT 1 FROM reports r2 JOIN reports r3"
			" ON r3.serial_number = r2.serial_number"
			" WHERE r2.serial_number = alerts.serial_number AND r2.type = 2"
			" AND r3.type = 3 AND r2.run_id = (SELECT max(id) FROM runs)"
			" AND r3.timestamp > alerts.opened AND r2.timestamp > r3.timestamp"
			" AND r2.timestamp <= ?5)"),
		rule, now, err);
}

/* Open alerts of rules that nobody asked for this time are over all the same when they are. */
static int close_others(struct traplinked_store *store, int64_t now, struct error *err)
{
	sqlite3_stmt *statement =
		db_prepare(store, "SELECT DISTINCT rule FROM alerts WHERE closed IS NULL", err);
	struct string_list rules = {0};
	int code, result = 0;

	if (statement == NULL)
		return -1;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		string_list_add(&rules, (const char *)sqlite3_column_text(statement, 0));
	if (code != SQLITE_DONE)
		result = db_fail(store, err);
	sqlite3_finalize(statement);
	for (size_t i = 0; i < rules.count && result == 0; i++) {
		struct traplinked_rule rule;
		struct error ignored = {0};

		if (traplinked_rule_parse(rules.items[i], &rule, &ignored) == 0)
			result = close_alerts(store, &rule, now, err);
	}
	string_list_release(&rules);
	return result;
}

int traplinked_see_all(
	struct traplinked_store *store, const struct string_list *ids, struct error *err)
{
	bool all = ids == NULL || ids->count == 0;
	sqlite3_stmt *statement;
	int result;

	if (db_execute(store, "DELETE FROM temp.seen", err) != 0)
		return -1;
	statement = db_prepare(store,
		"INSERT OR IGNORE INTO temp.seen SELECT serial_number, network FROM all_devices"
		" WHERE absent_since IS NULL AND (?1 IS NULL OR serial_number = ?1)",
		err);
	if (statement == NULL)
		return -1;
	result = all ? db_run(store, statement, err) : 0;
	for (size_t i = 0; !all && i < ids->count && result >= 0; i++) {
		db_bind_text(statement, 1, ids->items[i]);
		result = db_run(store, statement, err);
	}
	sqlite3_finalize(statement);
	return result < 0 ? -1 : 0;
}

int traplinked_alerts_update(struct traplinked_store *store, const struct traplinked_rule *rules,
	size_t count, int64_t now, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (open_alerts(store, &rules[i], now, err) != 0)
			return -1;
		if (rules[i].kind == TRAPLINKED_RULE_TRIGGERED &&
			renew_alerts(store, &rules[i], now, err) != 0)
			return -1;
	}
	return close_others(store, now, err);
}

static enum traplinked_alert_state state_of(
	const char *closed, const char *told, int64_t now, double repeat_after)
{
	struct wall_time wall;

	if (closed != NULL)
		return TRAPLINKED_ALERT_RECOVERED;
	if (told == NULL)
		return TRAPLINKED_ALERT_NEW;
	if (repeat_after > 0 && wall_parse(told, strlen(told), &wall) &&
		(double)(now - wall_seconds(&wall)) >= repeat_after)
		return TRAPLINKED_ALERT_AGAIN;
	return TRAPLINKED_ALERT_OPEN;
}

static int list_rule(struct traplinked_store *store, const struct traplinked_rule *rule,
	int64_t now, double repeat_after, struct traplinked_alert_list *list, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store,
		"SELECT a.id, a.serial_number, d.name, coalesce(l.path, l.name), a.alert, a.rule,"
		" a.detail, a.opened, a.closed, a.told FROM alerts a"
		" JOIN all_devices d ON d.serial_number = a.serial_number AND d.network = ?2"
		" LEFT JOIN locations l ON l.id = d.location_id"
		" WHERE a.rule = ?1 AND ((a.closed IS NULL AND d.absent_since IS NULL"
		" AND (d.serial_number, d.network) IN temp.seen)"
		" OR (a.closed IS NOT NULL AND a.recovery_told IS NULL AND a.told IS NOT NULL))"
		" ORDER BY a.closed IS NOT NULL, a.serial_number",
		err);
	int code;

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, rule->text);
	sqlite3_bind_int(statement, 2, rule->kind == TRAPLINKED_RULE_DISCONNECTED);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		char *told = db_column(statement, 9);
		struct traplinked_alert alert = {
			.id = sqlite3_column_int64(statement, 0),
			.mild = traplinked_rule_is_mild(rule),
			.serial_number = db_column(statement, 1),
			.name = db_column(statement, 2),
			.location = db_column(statement, 3),
			.alert = db_column(statement, 4),
			.rule = db_column(statement, 5),
			.detail = db_column(statement, 6),
			.opened = db_column(statement, 7),
			.closed = db_column(statement, 8),
		};

		alert.state = state_of(alert.closed, told, now, repeat_after);
		ARRAY_APPEND(list, alert);
		free(told);
	}
	if (code != SQLITE_DONE)
		db_fail(store, err);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

int traplinked_alerts_list(struct traplinked_store *store, const struct traplinked_rule *rules,
	size_t count, int64_t now, double repeat_after, struct traplinked_alert_list *list,
	struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (list_rule(store, &rules[i], now, repeat_after, list, err) != 0)
			return -1;
	return 0;
}

int traplinked_alerts_told(struct traplinked_store *store, const struct traplinked_alert_list *list,
	int64_t now, struct error *err)
{
	sqlite3_stmt *statement = db_prepare(store,
		"UPDATE alerts SET told = CASE WHEN ?3 THEN told ELSE ?2 END,"
		" recovery_told = CASE WHEN ?3 THEN ?2 ELSE recovery_told END WHERE id = ?1",
		err);
	char time[TIMESTAMP_SIZE];
	int result = statement == NULL ? -1 : db_execute(store, "BEGIN IMMEDIATE", err);

	format_utc(now, time);
	for (size_t i = 0; i < list->count && result == 0; i++) {
		const struct traplinked_alert *alert = &list->items[i];

		if (alert->state == TRAPLINKED_ALERT_OPEN)
			continue;
		sqlite3_bind_int64(statement, 1, alert->id);
		db_bind_text(statement, 2, time);
		sqlite3_bind_int(statement, 3, alert->state == TRAPLINKED_ALERT_RECOVERED);
		result = db_run(store, statement, err) < 0 ? -1 : 0;
	}
	if (result == 0)
		result = db_execute(store, "COMMIT", err);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_finalize(statement);
	return result;
}

void traplinked_alert_list_release(struct traplinked_alert_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct traplinked_alert *alert = &list->items[i];

		free(alert->serial_number);
		free(alert->name);
		free(alert->location);
		free(alert->alert);
		free(alert->rule);
		free(alert->detail);
		free(alert->opened);
		free(alert->closed);
	}
	free(list->items);
	*list = (struct traplinked_alert_list){0};
}
