/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traplinked without a network: paths, rules, JSON in pieces, and the wait between turns. */
#include "../../lib/traplinked/traplinked_internal.h"

#include "trapkit/sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_path(const struct traplinked_query *query, const char *expected)
{
	char *path = traplinked_path(query);

	assert_string_equal(path, expected);
	free(path);
}

/* The documentation's examples, and what it says of each parameter. */
static void paths(void **state)
{
	char *serials[] = {"1A11BC", "DEF222"}, *odd[] = {"a,b", "c d"};
	char *names[] = {"name", "serial_number", "status"};
	struct string_list ids = {serials, 2, 2}, strange = {odd, 2, 2}, fields = {names, 3, 3};

	(void)state;
	check_path(&(struct traplinked_query){0}, "/devices");
	check_path(&(struct traplinked_query){.ids = &ids}, "/devices?ids=1A11BC,DEF222");
	check_path(&(struct traplinked_query){.ids = &strange}, "/devices?ids=a%2Cb,c%20d");
	check_path(&(struct traplinked_query){.location_path = "//my//path",
			   .include_sublocations = true},
		"/devices?location_path=%2F%2Fmy%2F%2Fpath&include_sublocations");
	check_path(&(struct traplinked_query){.location_id = "30fc3989",
			   .reports_since = "2020-01-01T12:00:00"},
		"/devices?location_id=30fc3989&reports_since=2020-01-01T12:00:00");
	check_path(&(struct traplinked_query){.fields = &fields},
		"/devices?device_fields=name,serial_number,status");
	/* Network devices have no reports. */
	check_path(
		&(struct traplinked_query){
			.network = true, .ids = &ids, .reports_since = "2020-01-01T12:00:00"},
		"/network-devices?ids=1A11BC,DEF222");
}

static void check_rule(
	const char *text, enum traplinked_rule_kind kind, double limit, const char *stored)
{
	struct traplinked_rule rule;
	struct error err = {0};

	if (traplinked_rule_parse(text, &rule, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	assert_int_equal(rule.kind, kind);
	assert_true(rule.limit > limit - 1e-9 && rule.limit < limit + 1e-9);
	assert_string_equal(rule.text, stored);
	/* What is stored is read back as the same rule. */
	assert_int_equal(traplinked_rule_parse(stored, &rule, &err), 0);
	assert_string_equal(rule.text, stored);
}

static void rules(void **state)
{
	static const char *const wrong[] = {"", "triggerd", "battery_below", "battery_below=0",
		"battery_below=101%", "battery_below=x", "heartbeat_older=x", "heartbeat_older=0",
		"triggered=3", "heartbeat_overdue=1", "heartbeat_overdue=", "disconnected=1",
		"unknown_", "unknown_x", NULL};
	struct traplinked_rule rule;

	(void)state;
	check_rule("triggered", TRAPLINKED_RULE_TRIGGERED, 0, "triggered");
	check_rule(" Battery-Low ", TRAPLINKED_RULE_STATUS, 0, "battery_low");
	check_rule("unknown_5", TRAPLINKED_RULE_STATUS, 0, "unknown_5");
	check_rule("battery_below=20%", TRAPLINKED_RULE_BATTERY, 0.2, "battery_below=0.2");
	check_rule("battery_below=0.2", TRAPLINKED_RULE_BATTERY, 0.2, "battery_below=0.2");
	/* 26 h = 93,600 s */
	check_rule(
		"heartbeat_older=26h", TRAPLINKED_RULE_HEARTBEAT, 93600, "heartbeat_older=93600");
	check_rule("heartbeat_overdue", TRAPLINKED_RULE_OVERDUE, 3, "heartbeat_overdue=3");
	check_rule("heartbeat-overdue=1.5", TRAPLINKED_RULE_OVERDUE, 1.5, "heartbeat_overdue=1.5");
	check_rule("disconnected", TRAPLINKED_RULE_DISCONNECTED, 0, "disconnected");
	for (size_t i = 0; wrong[i] != NULL; i++) {
		struct error err = {0};

		assert_int_equal(traplinked_rule_parse(wrong[i], &rule, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
}

static int count_entry(void *context, cJSON *entry, struct error *err)
{
	int *count = context;

	(void)err;
	assert_non_null(entry);
	++*count;
	return 0;
}

static void check_each(const char *text, int result, int entries)
{
	struct error err = {0};
	int count = 0;

	assert_int_equal(json_each(text, strlen(text), "d", count_entry, &count, &err), result);
	assert_int_equal(err.kind, result == 0 ? ERROR_NONE : ERROR_NETWORK);
	if (result == 0)
		assert_int_equal(count, entries);
}

static void pieces(void **state)
{
	(void)state;
	check_each("{\"d\":[]}", 0, 0);
	check_each("\xEF\xBB\xBF { \"d\" : [ {} , 1 , \"a,]}\\\"\" , [1,[2]] ] } \n", 0, 4);
	check_each("{\"x\":{\"d\":[1]},\"d\":[2,3],\"y\":null}", 0, 2);
	check_each("{\"\\u0064\":[1]}", 0, 1);
	check_each("", -1, 0);
	check_each("{}", -1, 0);
	check_each("{\"d\":[1]", -1, 0);
	check_each("{\"d\":[1}", -1, 0);
	check_each("{\"d\":[1]]}", -1, 0);
	check_each("{\"d\":[1 2]}", -1, 0);
	check_each("{\"d\":[1],}", -1, 0);
	check_each("{\"d\":[1]}x", -1, 0);
	check_each("{\"d\":[1],\"d\":[2]}", -1, 0);
	check_each("{\"d\":[\"a]}", -1, 0);
	check_each("{d:[1]}", -1, 0);
	check_each("{\"x\":tru,\"d\":[1]}", -1, 0);
	check_each("{\"d\":[\"\xff\"]}", -1, 0);
}

static void check_time(const char *json, const char *expected)
{
	cJSON *item = cJSON_Parse(json);
	char out[TIMESTAMP_SIZE] = "";

	assert_int_equal(json_time(item, out), expected != NULL);
	if (expected != NULL)
		assert_string_equal(out, expected);
	cJSON_Delete(item);
}

static void times(void **state)
{
	(void)state;
	check_time("\"2020-01-01T12:00:00\"", "2020-01-01T12:00:00Z");
	check_time("\"2020-01-01T12:00:00Z\"", "2020-01-01T12:00:00Z");
	/* Two hours east of UTC at half past midnight: the evening before. */
	check_time("\"2020-01-01T00:30:00+02:00\"", "2019-12-31T22:30:00Z");
	check_time("\"yesterday\"", NULL);
	check_time("null", NULL);
	check_time("5", NULL);
}

/* Never early, a tenth of jitter at most, and no turns to make up for after a sleep. */
static void next_turn(void **state)
{
	double now = sync_clock(), next;

	(void)state;
	for (int i = 0; i < 200; i++) {
		next = sync_next(now, 100);
		assert_true(next >= now + 100 && next <= now + 110.001);
	}
	next = sync_next(now - 100000, 100);
	assert_true(next >= now && next <= sync_clock() + 10.001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(rules),
		cmocka_unit_test(pieces),
		cmocka_unit_test(times),
		cmocka_unit_test(next_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
