/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locations, reports and network devices of an answer. */
#include "traplinked_internal.h"

#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- locations ---- */

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *item = json_member(object, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

static int add_location(struct answer *answer, const char *path, const char *name,
	const char *address, int64_t *id, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, ADD_LOCATION, err);

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, path);
	db_bind_text(statement, 2, name);
	db_bind_text(statement, 3, address);
	sqlite3_bind_int64(statement, 4, answer->run->id);
	if (db_run(answer->store, statement, err) < 0)
		return -1;
	*id = sqlite3_last_insert_rowid(answer->store->db);
	return 0;
}

static int update_location(
	struct answer *answer, int64_t id, const char *name, const char *address, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, UPDATE_LOCATION, err);

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, id);
	db_bind_text(statement, 2, name);
	db_bind_text(statement, 3, address);
	sqlite3_bind_int64(statement, 4, answer->run->id);
	return db_run(answer->store, statement, err) < 0 ? -1 : 0;
}

int answer_location(struct answer *answer, const cJSON *location, int64_t *id, struct error *err)
{
	const char *path = text_of(location, "path"), *name = text_of(location, "name");
	const char *address = text_of(location, "address");
	sqlite3_stmt *statement;
	bool same = true;
	int code;

	*id = 0;
	if (name == NULL && path == NULL)
		return 0;
	if (name == NULL)
		name = text_base_name(path);
	statement = db_statement(answer->store, GET_LOCATION, err);
	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, path);
	db_bind_text(statement, 2, name);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		char *old_name = db_column(statement, 1);
		char *old_address = db_column(statement, 2);

		*id = sqlite3_column_int64(statement, 0);
		same = old_name != NULL && strcmp(old_name, name) == 0 &&
			(address == NULL ||
				(old_address != NULL && strcmp(old_address, address) == 0));
		free(old_name);
		free(old_address);
	}
	sqlite3_reset(statement);
	if (code == SQLITE_DONE)
		return add_location(answer, path, name, address, id, err);
	if (code != SQLITE_ROW)
		return db_fail(answer->store, err);
	return same ? 0 : update_location(answer, *id, name, address, err);
}

/* ---- reports ---- */

struct report {
	int64_t type;
	char timestamp[TIMESTAMP_SIZE * 2];
	const char *user, *description; /* or NULL */
	const cJSON *entry;
};
struct report_list {
	struct report *items;
	size_t count, capacity;
};

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int compare_reports(const void *left, const void *right)
{
	const struct report *a = left, *b = right;
	int order = strcmp(a->timestamp, b->timestamp);

	if (order == 0)
		order = (a->type > b->type) - (a->type < b->type);
	if (order == 0)
		order = compare_texts(a->user, b->user);
	return order != 0 ? order : compare_texts(a->description, b->description);
}

static bool read_report(const cJSON *entry, struct report *report)
{
	const cJSON *time = json_member(entry, "timestamp");

	*report = (struct report){.entry = entry};
	if (!json_integer(json_member(entry, "type"), &report->type) || !cJSON_IsString(time) ||
		time->valuestring[0] == '\0')
		return false;
	if (!json_time(time, report->timestamp))
		snprintf(report->timestamp, sizeof report->timestamp, "%s", time->valuestring);
	report->user = text_of(entry, "user");
	report->description = text_of(entry, "description");
	return true;
}

/* Says once that a type is unknown. */
static int check_type(
	struct answer *answer, int64_t type, const char *name, bool known, struct error *err)
{
	char value[32];

	if (known)
		return 0;
	snprintf(value, sizeof value, "%" PRId64, type);
	return db_notice(answer->store, "report", value, answer->run->id,
		xasprintf("report type %s is unknown to this trapkit: kept as '%s'", value, name),
		err);
}

static int put_report(struct answer *answer, const char *serial, int64_t device_type,
	const struct report *report, int nth, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, ADD_REPORT, err);
	char name[TRAPLINKED_NAME_SIZE];
	bool known = traplinked_decode(TRAPLINKED_REPORT_TYPE, report->type, device_type, name);
	char *raw;
	int added;

	if (statement == NULL)
		return -1;
	raw = json_text(report->entry);
	db_bind_text(statement, 1, serial);
	sqlite3_bind_int64(statement, 2, report->type);
	db_bind_text(statement, 3, name);
	db_bind_text(statement, 4, report->timestamp);
	db_bind_text(statement, 5, report->user);
	db_bind_text(statement, 6, report->description);
	sqlite3_bind_int(statement, 7, nth);
	db_bind_text(statement, 8, raw);
	sqlite3_bind_int64(statement, 9, answer->run->id);
	added = db_run(answer->store, statement, err);
	free(raw);
	if (added < 0)
		return -1;
	answer->run->reports_new += added > 0;
	if (strcmp(report->timestamp, answer->now) <= 0 &&
		strcmp(report->timestamp, answer->newest) > 0)
		snprintf(answer->newest, sizeof answer->newest, "%.*s",
			(int)sizeof answer->newest - 1, report->timestamp);
	return check_type(answer, report->type, name, known, err);
}

int answer_reports(struct answer *answer, const char *serial, int64_t device_type,
	const cJSON *reports, struct error *err)
{
	struct report_list list = {0};
	const cJSON *entry;
	int nth = 1, result = 0;

	if (cJSON_IsNull(reports))
		return 0;
	if (!cJSON_IsArray(reports)) {
		answer_skip(answer, serial, "its reports are no list");
		return 0;
	}
	cJSON_ArrayForEach(entry, reports)
	{
		struct report report;

		answer->run->reports++;
		if (read_report(entry, &report))
			ARRAY_APPEND(&list, report);
		else
			answer_skip(answer, serial, "a report without type or timestamp");
	}
	if (list.count > 0)
		qsort(list.items, list.count, sizeof *list.items, compare_reports);
	/* Events have no id and times whole seconds: equal ones in one answer are counted. */
	for (size_t i = 0; i < list.count && result == 0; i++) {
		nth = i > 0 && compare_reports(&list.items[i - 1], &list.items[i]) == 0 ? nth + 1
											: 1;
		result = put_report(answer, serial, device_type, &list.items[i], nth, err);
	}
	free(list.items);
	return result;
}

/* ---- network devices ---- */

static const char *const network_fields[] = {
	"description", "device_type", "product_identifier", "status", NULL};

static char *network_missing(const cJSON *device)
{
	char *text = xstrdup("");

	for (size_t i = 0; network_fields[i] != NULL; i++)
		if (json_member(device, network_fields[i]) == NULL) {
			char *longer = xasprintf(
				"%s%s%s", text, *text == '\0' ? "" : ",", network_fields[i]);

			free(text);
			text = longer;
		}
	if (json_member(device, "location") == NULL) {
		char *longer = xasprintf("%s%slocation", text, *text == '\0' ? "" : ",");

		free(text);
		text = longer;
	}
	return text;
}

/* "connected" stays, "N/A" is not_available, anything else is said once and kept. Owned. */
static int network_status(struct answer *answer, const char *status, char **name, struct error *err)
{
	*name = NULL;
	if (status == NULL)
		return 0;
	if (strcasecmp(status, "N/A") == 0)
		*name = xstrdup("not_available");
	else if (strcasecmp(status, "connected") == 0)
		*name = xstrdup("connected");
	else if (strcasecmp(status, "disconnected") == 0)
		*name = xstrdup("disconnected");
	if (*name != NULL)
		return 0;
	*name = xasprintf("unknown_%s", status);
	return db_notice(answer->store, "network status", status, answer->run->id,
		xasprintf("network status '%s' is unknown to this trapkit: kept as '%s'", status,
			*name),
		err);
}

static int put_network(struct answer *answer, const char *serial, const cJSON *device,
	int64_t location, struct error *err)
{
	sqlite3_stmt *statement = db_statement(answer->store, PUT_NETWORK, err);
	char *missing = network_missing(device), *raw = json_text(device), *name = NULL;
	int result = -1;

	if (statement == NULL || network_status(answer, text_of(device, "status"), &name, err) != 0)
		goto done;
	db_bind_text(statement, 1, serial);
	for (int i = 0; network_fields[i] != NULL; i++)
		db_bind_text(statement, i + 2, text_of(device, network_fields[i]));
	db_bind_text(statement, 6, name);
	if (location > 0)
		sqlite3_bind_int64(statement, 7, location);
	db_bind_text(statement, 8, missing);
	db_bind_text(statement, 9, raw);
	sqlite3_bind_int64(statement, 10, answer->run->id);
	result = db_run(answer->store, statement, err) < 0 ? -1 : 0;
done:
	free(missing);
	free(raw);
	free(name);
	return result;
}

/* Takes over what the answer leaves out, then stores what is different. */
static int change_network(struct answer *answer, const char *serial, cJSON *device,
	const cJSON *old, int64_t location, struct error *err)
{
	bool some = answer->query->fields != NULL && answer->query->fields->count > 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, old)
	{
		if ((some || strcmp(item->string, "location") == 0) &&
			json_member(device, item->string) == NULL)
			cJSON_AddItemToObject(device, item->string, cJSON_Duplicate(item, true));
	}
	if (old != NULL && cJSON_Compare(old, device, true))
		return 0;
	item = json_member(device, "location");
	if (item != NULL && answer_location(answer, item, &location, err) != 0)
		return -1;
	answer->run->network_new += old == NULL;
	answer->run->network_changed += old != NULL;
	return put_network(answer, serial, device, location, err);
}

int answer_take_network(void *context, cJSON *entry, struct error *err)
{
	struct answer *answer = context;
	const char *given = text_of(entry, "serial_number");
	sqlite3_stmt *statement;
	char *stored = NULL, *serial;
	cJSON *old = NULL;
	int64_t location = 0;
	int code, result = -1;

	if (given == NULL || *given == '\0') {
		answer_skip(answer, NULL, "an entry of 'network_devices' has no serial_number");
		return 0;
	}
	answer->run->network_devices++;
	serial = xstrdup(given);
	result = answer_see(answer, serial, err);
	if (result == 0)
		answer_skip(answer, serial, "it is in the answer twice");
	statement = result > 0 ? db_statement(answer->store, GET_NETWORK, err) : NULL;
	if (statement == NULL) {
		free(serial);
		return result > 0 ? -1 : result;
	}
	result = -1;
	db_bind_text(statement, 1, serial);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		stored = db_column(statement, 0);
		location = sqlite3_column_int64(statement, 1);
		old = stored == NULL ? NULL : cJSON_Parse(stored);
	}
	sqlite3_reset(statement);
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		result = change_network(answer, serial, entry, old, location, err);
	else
		db_fail(answer->store, err);
	cJSON_Delete(old);
	free(stored);
	free(serial);
	return result;
}
