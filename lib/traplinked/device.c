/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices of an answer: what changed is decoded, stored and kept as history. */
#include "traplinked_internal.h"

#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum field_type { FIELD_TEXT, FIELD_INTEGER, FIELD_REAL, FIELD_BOOL, FIELD_TIME, FIELD_CODE };

/* In the order of the table's columns; a code has a second column NAME_name. */
static const struct field {
	const char *column;
	const char *member; /* NULL = the column's name; "a.b" = member b of object a */
	enum field_type type;
	enum traplinked_kind kind;
} fields[] = {
	{"name", NULL, FIELD_TEXT, 0},
	{"type", NULL, FIELD_CODE, TRAPLINKED_DEVICE_TYPE},
	{"status", NULL, FIELD_CODE, TRAPLINKED_DEVICE_STATUS},
	{"battery_status", NULL, FIELD_REAL, 0},
	{"description", NULL, FIELD_TEXT, 0},
	{"last_heartbeat", NULL, FIELD_TIME, 0},
	{"latitude", NULL, FIELD_REAL, 0},
	{"longitude", NULL, FIELD_REAL, 0},
	{"transfer_mode", NULL, FIELD_CODE, TRAPLINKED_TRANSFER_MODE},
	{"operation_mode", NULL, FIELD_CODE, TRAPLINKED_OPERATION_MODE},
	{"trap_1", NULL, FIELD_BOOL, 0},
	{"trap_2", NULL, FIELD_BOOL, 0},
	{"is_bait_monitoring_enabled", NULL, FIELD_BOOL, 0},
	{"bait_low_count", NULL, FIELD_INTEGER, 0},
	{"bait_pad_activity_count", NULL, FIELD_INTEGER, 0},
	{"activity_threshold_value", "threshold_value", FIELD_INTEGER, 0},
	{"activity_timeframe_value", "timeframe_value", FIELD_INTEGER, 0},
	{"activity_timeframe_type", "timeframe_type", FIELD_TEXT, 0},
	{"bait_manufacturer_and_type", NULL, FIELD_TEXT, 0},
	{"bait_weight_grams", NULL, FIELD_INTEGER, 0},
	{"bait_calibration_weight_grams", NULL, FIELD_INTEGER, 0},
	{"last_bait_replaced_at", NULL, FIELD_TIME, 0},
	{"last_bait_replaced_by_name", NULL, FIELD_TEXT, 0},
	{"last_activity_reset_at", NULL, FIELD_TIME, 0},
	{"last_activity_reset_by_name", NULL, FIELD_TEXT, 0},
	{"is_bait_available", NULL, FIELD_BOOL, 0},
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

/* Members that are no columns of their own. */
static const char *const other_members[] = {
	"serial_number", "location", "reports", "activity_alert_threshold", NULL};
static const char threshold_member[] = "activity_alert_threshold";

static const cJSON *find(const cJSON *device, const struct field *field)
{
	if (field->member == NULL)
		return json_member(device, field->column);
	return json_member(json_member(device, threshold_member), field->member);
}

char *device_put_sql(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int columns = 1;

	if (out == NULL)
		return xstrdup("");
	fputs("INSERT INTO devices (serial_number", out);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		fprintf(out, ", %s", fields[i].column);
		columns++;
		if (fields[i].type == FIELD_CODE) {
			fprintf(out, ", %s_name", fields[i].column);
			columns++;
		}
	}
	fputs(", location_id, missing_fields, raw, first_run, changed_run) VALUES (?1", out);
	for (int i = 2; i <= columns + 4; i++)
		fprintf(out, ", ?%d", i);
	fprintf(out, ", ?%d) ON CONFLICT (serial_number) DO UPDATE SET ", columns + 4);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		fprintf(out, "%s = excluded.%s, ", fields[i].column, fields[i].column);
		if (fields[i].type == FIELD_CODE)
			fprintf(out, "%s_name = excluded.%s_name, ", fields[i].column,
				fields[i].column);
	}
	fputs("location_id = excluded.location_id, missing_fields = excluded.missing_fields, "
	      "raw = excluded.raw, absent_since = NULL, changed_run = excluded.changed_run",
		out);
	fclose(out);
	return text;
}

void answer_skip(struct answer *answer, const char *serial, const char *why)
{
	answer->run->skipped++;
	progress_warning(answer->store->progress, NULL, "%s%s%s%s: left out",
		serial == NULL ? "" : "device '", serial == NULL ? "" : serial,
		serial == NULL ? "" : "': ", why);
}

/* Said once in the life of the database. */
static int strange_value(
	struct answer *answer, const char *column, const cJSON *item, struct error *err)
{
	char *value = json_text(item);
	char *shown = text_escape(value);
	int result;

	if (strlen(shown) > 60)
		shown[60] = '\0';
	result = db_notice(answer->store, column, value, answer->run->id,
		xasprintf("'%s' has the value %s, which the API's documentation does not have: "
			  "kept in the column 'raw' only",
			column, shown),
		err);
	free(shown);
	free(value);
	return result;
}

static int bind_code(struct answer *answer, sqlite3_stmt *statement, int column,
	const struct field *field, const cJSON *item, int64_t type, struct error *err)
{
	char name[TRAPLINKED_NAME_SIZE], value[32];
	int64_t code;

	if (!json_integer(item, &code))
		return cJSON_IsNull(item) ? 0 : strange_value(answer, field->column, item, err);
	sqlite3_bind_int64(statement, column, code);
	if (traplinked_decode(field->kind, code, type, name)) {
		db_bind_text(statement, column + 1, name);
		return 0;
	}
	db_bind_text(statement, column + 1, name);
	snprintf(value, sizeof value, "%" PRId64, code);
	return db_notice(answer->store, field->column, value, answer->run->id,
		xasprintf("%s %s is unknown to this trapkit: kept as '%s'", field->column, value,
			name),
		err);
}

static int bind_field(struct answer *answer, sqlite3_stmt *statement, int column,
	const struct field *field, const cJSON *item, struct error *err)
{
	char time[TIMESTAMP_SIZE];
	int64_t integer;
	double real;
	bool truth;

	if (field->type == FIELD_TEXT && cJSON_IsString(item))
		db_bind_text(statement, column, item->valuestring);
	else if (field->type == FIELD_TIME && json_time(item, time))
		db_bind_text(statement, column, time);
	else if (field->type == FIELD_INTEGER && json_integer(item, &integer))
		sqlite3_bind_int64(statement, column, integer);
	else if (field->type == FIELD_REAL && json_number(item, &real))
		sqlite3_bind_double(statement, column, real);
	else if (field->type == FIELD_BOOL && json_bool(item, &truth))
		sqlite3_bind_int(statement, column, truth);
	else if (!cJSON_IsNull(item))
		return strange_value(answer, field->column, item, err);
	return 0;
}

/* Names of the documented members that are not there, joined by commas. Owned. */
static char *missing_fields(const cJSON *device)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].member == NULL && json_member(device, fields[i].column) == NULL)
			fprintf(out, "%s%s", ftell(out) > 0 ? "," : "", fields[i].column);
	if (json_member(device, threshold_member) == NULL)
		fprintf(out, "%s%s", ftell(out) > 0 ? "," : "", threshold_member);
	if (json_member(device, "location") == NULL)
		fprintf(out, "%slocation", ftell(out) > 0 ? "," : "");
	fclose(out);
	return text;
}

static int put_device(struct answer *answer, const char *serial, const cJSON *device,
	int64_t location, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, PUT_DEVICE, err);
	char *missing = missing_fields(device), *raw = json_text(device);
	int column = 2, result = statement == NULL ? -1 : 0;
	int64_t type = -1;

	json_integer(json_member(device, "type"), &type);
	if (result == 0)
		db_bind_text(statement, 1, serial);
	for (size_t i = 0; result == 0 && i < FIELD_COUNT; i++) {
		const cJSON *item = find(device, &fields[i]);
		bool code = fields[i].type == FIELD_CODE;

		if (item != NULL)
			result = code
				? bind_code(answer, statement, column, &fields[i], item, type, err)
				: bind_field(answer, statement, column, &fields[i], item, err);
		column += code ? 2 : 1;
	}
	if (result == 0) {
		if (location > 0)
			sqlite3_bind_int64(statement, column, location);
		db_bind_text(statement, column + 1, missing);
		db_bind_text(statement, column + 2, raw);
		sqlite3_bind_int64(statement, column + 3, answer->run->id);
		result = db_run(answer->store, statement, err) < 0 ? -1 : 0;
	}
	free(missing);
	free(raw);
	return result;
}

static int put_history(struct answer *answer, const char *serial, const char *changed,
	const char *raw, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, ADD_HISTORY, err);

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, serial);
	sqlite3_bind_int64(statement, 2, answer->run->id);
	db_bind_text(statement, 3, answer->now);
	db_bind_text(statement, 4, changed);
	db_bind_text(statement, 5, raw);
	return db_run(answer->store, statement, err) < 0 ? -1 : 0;
}

/* Members whose values differ: names to *names, the new values to *values (both owned). False when
 * there are none. `old` may be NULL. */
static bool find_changes(const cJSON *old, const cJSON *now, char **names, char **values)
{
	cJSON *changed = cJSON_CreateObject();
	const cJSON *item;
	size_t size = 0;
	FILE *out = open_memstream(names, &size);
	bool any = false;

	cJSON_ArrayForEach(item, now)
	{
		const cJSON *before = json_member(old, item->string);

		if (before != NULL && cJSON_Compare(before, item, true))
			continue;
		fprintf(out, "%s%s", any ? "," : "", item->string);
		any = true;
		cJSON_AddItemToObject(changed, item->string, cJSON_Duplicate(item, true));
	}
	cJSON_ArrayForEach(item, old)
	{
		if (json_member(now, item->string) != NULL)
			continue;
		fprintf(out, "%s%s", any ? "," : "", item->string);
		any = true;
	}
	fclose(out);
	*values = json_text(changed);
	cJSON_Delete(changed);
	return any;
}

/*
 * What the device is like now: an answer that was asked for certain fields leaves the others as
 * they were; a location that is not told stays (it is left out when devices are asked for by
 * location). Consumes nothing; `device` gains what is taken over from `old`.
 */
static void take_over(const struct traplinked_query *query, cJSON *device, const cJSON *old)
{
	bool some = query->fields != NULL && query->fields->count > 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, old)
	{
		bool location = strcmp(item->string, "location") == 0;

		if ((some || location) && json_member(device, item->string) == NULL)
			cJSON_AddItemToObject(device, item->string, cJSON_Duplicate(item, true));
	}
}

static int new_members(struct answer *answer, const cJSON *device, struct error *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, device)
	{
		bool known = false;

		for (size_t i = 0; i < FIELD_COUNT && !known; i++)
			known = fields[i].member == NULL &&
				strcmp(fields[i].column, item->string) == 0;
		for (size_t i = 0; other_members[i] != NULL && !known; i++)
			known = strcmp(other_members[i], item->string) == 0;
		if (!known &&
			db_notice(answer->store, "field", item->string, answer->run->id,
				xasprintf("devices have a field '%s' that is unknown to this "
					  "trapkit: kept in the column 'raw'",
					item->string),
				err) != 0)
			return -1;
	}
	return 0;
}

static int store_change(struct answer *answer, const char *serial, cJSON *device, const cJSON *old,
	int64_t old_location, struct error *err)
{
	const cJSON *told = json_member(device, "location");
	int64_t location = old_location;
	char *names = NULL, *values = NULL;
	int result = 0;

	if (!find_changes(old, device, &names, &values))
		goto done;
	result = -1;
	if (told != NULL && answer_location(answer, told, &location, err) != 0)
		goto done;
	if (new_members(answer, device, err) != 0 ||
		put_device(answer, serial, device, location, err) != 0 ||
		put_history(answer, serial, names, values, err) != 0)
		goto done;
	answer->run->devices_new += old == NULL;
	answer->run->devices_changed += old != NULL;
	result = 0;
done:
	free(names);
	free(values);
	return result;
}

/* The stored device is there again, unchanged, after an answer without it. */
static int set_present(struct answer *answer, const char *serial, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, SET_PRESENT, err);

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, serial);
	sqlite3_bind_int64(statement, 2, answer->run->id);
	if (db_run(answer->store, statement, err) < 0)
		return -1;
	answer->run->devices_changed++;
	return put_history(answer, serial, "present", "{}", err);
}

int answer_see(struct answer *answer, const char *serial, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, SEE, err);

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, serial);
	sqlite3_bind_int(statement, 2, answer->query->network);
	return db_run(answer->store, statement, err);
}

/* Stores the device as it is now, `reports` taken out of it. */
static int take_state(struct answer *answer, const char *serial, cJSON *device, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, GET_DEVICE, err);
	char *stored = NULL, *text = NULL;
	cJSON *old = NULL;
	int64_t location = 0;
	bool absent = false;
	int code, result = -1;

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, serial);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		stored = db_column(statement, 0);
		absent = sqlite3_column_type(statement, 1) != SQLITE_NULL;
		location = sqlite3_column_int64(statement, 2);
	}
	sqlite3_reset(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return db_fail(answer->store, err);
	text = json_text(device);
	if (stored == NULL || strcmp(stored, text) != 0) {
		old = stored == NULL ? NULL : cJSON_Parse(stored);
		take_over(answer->query, device, old);
		result = store_change(answer, serial, device, old, location, err);
	} else {
		result = 0;
	}
	if (result == 0 && absent)
		result = set_present(answer, serial, err);
	cJSON_Delete(old);
	free(stored);
	free(text);
	return result;
}

int answer_take_device(void *context, cJSON *entry, struct error *err)
{
	struct answer *answer = context;
	const cJSON *item = json_member(entry, "serial_number");
	cJSON *reports;
	char *serial;
	int64_t type = -1;
	int result = -1, fresh;

	if (progress_check(answer->store->progress, err) != 0)
		return -1;
	if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
		answer_skip(answer, NULL, "an entry of 'devices' has no serial_number");
		return 0;
	}
	serial = xstrdup(item->valuestring);
	answer->run->devices++;
	reports = cJSON_DetachItemFromObjectCaseSensitive(entry, "reports");
	fresh = answer_see(answer, serial, err);
	if (fresh == 0)
		answer_skip(answer, serial, "it is in the answer twice");
	if (fresh >= 0)
		result = fresh == 0 ? 0 : take_state(answer, serial, entry, err);
	/* After take_state, which has taken over a type that was not asked for. */
	json_integer(json_member(entry, "type"), &type);
	if (result == 0 && fresh > 0 && reports != NULL)
		result = answer_reports(answer, serial, type, reports, err);
	cJSON_Delete(reports);
	free(serial);
	return result;
}
