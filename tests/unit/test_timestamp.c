/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calendar, dates as cameras write them, and wall times in zones. */
#include "trapkit/timestamp.h"

#include "trapkit/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void calendar(void **state)
{
	int year, month, day;

	(void)state;
	assert_int_equal(days_from_civil(1970, 1, 1), 0);
	assert_int_equal(days_from_civil(2000, 3, 1), 11017); /* 30 * 365 + 7 leap days + 60 */
	assert_int_equal(days_from_civil(1969, 12, 31), -1);
	assert_int_equal(
		days_from_civil(1, 1, 1), -719162); /* Python: date(1970, 1, 1).toordinal() - 1 */
	/* Every day of the years 1890 to 2110 follows the one before. */
	for (int64_t days = -29219; days < 51134; days++) {
		civil_from_days(days, &year, &month, &day);
		assert_int_equal(days_from_civil(year, month, day), days);
		assert_true(month >= 1 && month <= 12 && day >= 1 && day <= 31);
	}
	civil_from_days(11016, &year, &month, &day);
	assert_int_equal(month * 100 + day, 229);
}

static void instants(void **state)
{
	struct wall_time wall = {.year = 2024, .month = 7, .day = 1, .hour = 10};
	char text[TIMESTAMP_SIZE];

	(void)state;
	/* date -u -d 2024-07-01T10:00:00 +%s */
	assert_int_equal(wall_seconds(&wall), 1719828000);
	wall_from_seconds(-1, &wall);
	format_wall(&wall, text);
	assert_string_equal(text, "1969-12-31T23:59:59");
	format_utc_basic(1719828000, text);
	assert_string_equal(text, "2024-07-01T10:00:00+0000");
	format_utc(1719828000, text);
	assert_string_equal(text, "2024-07-01T10:00:00Z");
	format_local(1719828000, 7200, false, text);
	assert_string_equal(text, "2024-07-01T12:00:00+0200");
	format_local(1719828000, -12600, true, text);
	assert_string_equal(text, "2024-07-01T06:30:00-03:30");
	format_local(0, 5040, true, text);
	assert_string_equal(text, "1970-01-01T01:24:00+01:24");
	format_local(0, -75, true, text);
	assert_string_equal(text, "1969-12-31T23:58:45-00:01:15");
	/* Beyond four digits the calendar ends. */
	format_utc(INT64_C(1) << 60, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	format_utc(-(INT64_C(1) << 60), text);
	assert_string_equal(text, "0001-01-01T00:00:00Z");
}

static void validity(void **state)
{
	struct wall_time wall = {.year = 2024, .month = 2, .day = 29};

	(void)state;
	assert_true(wall_is_valid(&wall));
	wall.year = 2023;
	assert_false(wall_is_valid(&wall));
	wall.year = 1900;
	assert_false(wall_is_valid(&wall));
	wall.year = 2000;
	assert_true(wall_is_valid(&wall));
	wall.hour = 24;
	assert_false(wall_is_valid(&wall));
	assert_false(wall_is_valid(&(struct wall_time){0}));
}

/* "" = refused, else what format_local or format_wall gives. */
static const struct {
	const char *text, *expected;
} dates[] = {
	{"2024:07:01 10:00:00", "2024-07-01T10:00:00"},
	{"2024-07-01 10:00:00", "2024-07-01T10:00:00"},
	{"2024/07/01 10:00:00", "2024-07-01T10:00:00"},
	{"2024-07-01T10:00:00", "2024-07-01T10:00:00"},
	{"2024:07:01 10:00:00.123", "2024-07-01T10:00:00"},
	{"2024:07:01 10:00:00+02:00", "2024-07-01T10:00:00+0200"},
	{"2024:07:01 10:00:00-0330", "2024-07-01T10:00:00-0330"},
	{"2024-07-01T10:00:00.5Z", "2024-07-01T10:00:00+0000"},
	{"2024:07:01 10:00:00   ", "2024-07-01T10:00:00"},
	{"0000:00:00 00:00:00", ""},
	{"    :  :     :  :  ", ""},
	{"                   ", ""},
	{"", ""},
	{"2024:07:01", ""},
	{"2024:07:01 10:00", ""},
	{"2024:13:01 10:00:00", ""},
	{"2024:02:30 10:00:00", ""},
	{"2024:07-01 10:00:00", ""},
	{"2024:07:01 24:00:00", ""},
	{"2024:07:01 10:00:00+25:00", ""},
	{"2024:07:01 10:00:00 x", ""},
	{"24:07:01 10:00:00", ""},
	{"2024:7:1 10:00:00", ""},
};

static void parsing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		char text[TIMESTAMP_SIZE] = "";
		struct wall_time wall;

		if (wall_parse(dates[i].text, strlen(dates[i].text), &wall)) {
			if (wall.has_offset)
				format_local(wall_seconds(&wall) - wall.offset, wall.offset, false,
					text);
			else
				format_wall(&wall, text);
		}
		assert_string_equal(text, dates[i].expected);
	}
	/* A field of 20 bytes with its NUL, as in EXIF. */
	assert_true(wall_parse("2024:07:01 10:00:00\0", 20, &(struct wall_time){0}));
	assert_false(wall_parse("2024:07:01\0 10:00:00", 20, &(struct wall_time){0}));
}

static void sources(void **state)
{
	(void)state;
	assert_string_equal(time_source_name(TIME_EXIF), "exif");
	assert_string_equal(time_source_name(TIME_MTIME), "mtime");
	assert_string_equal(time_source_name(TIME_NONE), "none");
}

static struct instant resolve(const char *name, const char *text, bool ignore_dst)
{
	struct error err = {0};
	struct zone *zone = zone_open(name, &err);
	struct wall_time wall;
	struct instant instant;

	assert_string_equal(err.message, "");
	assert_non_null(zone);
	assert_string_equal(zone_name(zone), name);
	assert_true(wall_parse(text, strlen(text), &wall));
	instant = zone_resolve(zone, &wall, ignore_dst);
	zone_free(zone);
	return instant;
}

/*
 * contracts/trapper.md 7.2, all rows. Dublin and Casablanca are as the "main" form of the tz data
 * has them, where winter is the summer time with a negative step (Debian's tzdata is made so).
 */
static const struct {
	const char *zone, *wall, *utc, *ignoring;
} worked[] = {
	{"Europe/Warsaw", "2024-01-15 10:00:00", "2024-01-15T09:00:00+0000",
		"2024-01-15T09:00:00+0000"},
	{"Europe/Warsaw", "2024-07-01 10:00:00", "2024-07-01T08:00:00+0000",
		"2024-07-01T09:00:00+0000"},
	{"Europe/Warsaw", "2024-01-01 00:15:00", "2023-12-31T23:15:00+0000",
		"2023-12-31T23:15:00+0000"},
	{"Europe/Warsaw", "2024-03-31 01:59:59", "2024-03-31T00:59:59+0000",
		"2024-03-31T00:59:59+0000"},
	{"Europe/Warsaw", "2024-03-31 02:30:00", "2024-03-31T01:30:00+0000",
		"2024-03-31T01:30:00+0000"},
	{"Europe/Warsaw", "2024-03-31 03:00:00", "2024-03-31T01:00:00+0000",
		"2024-03-31T02:00:00+0000"},
	{"Europe/Warsaw", "2024-10-27 01:59:59", "2024-10-26T23:59:59+0000",
		"2024-10-27T00:59:59+0000"},
	{"Europe/Warsaw", "2024-10-27 02:30:00", "2024-10-27T00:30:00+0000",
		"2024-10-27T01:30:00+0000"},
	{"Europe/Warsaw", "2024-10-27 03:00:00", "2024-10-27T02:00:00+0000",
		"2024-10-27T02:00:00+0000"},
	{"Europe/Madrid", "2024-07-01 10:00:00", "2024-07-01T08:00:00+0000",
		"2024-07-01T09:00:00+0000"},
	{"America/New_York", "2024-07-01 10:00:00", "2024-07-01T14:00:00+0000",
		"2024-07-01T15:00:00+0000"},
	{"America/New_York", "2024-11-03 01:30:00", "2024-11-03T05:30:00+0000",
		"2024-11-03T06:30:00+0000"},
	{"America/New_York", "2024-03-10 02:30:00", "2024-03-10T07:30:00+0000",
		"2024-03-10T07:30:00+0000"},
	{"America/St_Johns", "2024-07-01 10:00:00", "2024-07-01T12:30:00+0000",
		"2024-07-01T13:30:00+0000"},
	{"Australia/Lord_Howe", "2024-01-15 10:00:00", "2024-01-14T23:00:00+0000",
		"2024-01-14T23:30:00+0000"},
	{"Asia/Kolkata", "2024-07-01 10:00:00", "2024-07-01T04:30:00+0000",
		"2024-07-01T04:30:00+0000"},
	{"Europe/Dublin", "2024-01-15 10:00:00", "2024-01-15T10:00:00+0000",
		"2024-01-15T09:00:00+0000"},
	{"Africa/Casablanca", "2024-03-20 10:00:00", "2024-03-20T10:00:00+0000",
		"2024-03-20T09:00:00+0000"},
};

static void worked_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof worked / sizeof worked[0]; i++) {
		char text[TIMESTAMP_SIZE];

		format_utc_basic(resolve(worked[i].zone, worked[i].wall, false).utc, text);
		assert_string_equal(text, worked[i].utc);
		format_utc_basic(resolve(worked[i].zone, worked[i].wall, true).utc, text);
		assert_string_equal(text, worked[i].ignoring);
	}
	/* The row "UTC, any: unchanged". */
	assert_int_equal(resolve("UTC", "2024-07-01 10:00:00", false).utc, 1719828000);
	assert_int_equal(resolve("UTC", "2024-07-01 10:00:00", true).utc, 1719828000);
}

static void doubts(void **state)
{
	(void)state;
	assert_int_equal(
		resolve("Europe/Warsaw", "2024-03-31 01:59:59", false).doubt, ZONE_CERTAIN);
	assert_int_equal(resolve("Europe/Warsaw", "2024-03-31 02:00:00", false).doubt, ZONE_GAP);
	assert_int_equal(resolve("Europe/Warsaw", "2024-03-31 02:59:59", false).doubt, ZONE_GAP);
	assert_int_equal(
		resolve("Europe/Warsaw", "2024-03-31 03:00:00", false).doubt, ZONE_CERTAIN);
	assert_int_equal(
		resolve("Europe/Warsaw", "2024-10-27 01:59:59", false).doubt, ZONE_CERTAIN);
	assert_int_equal(
		resolve("Europe/Warsaw", "2024-10-27 02:00:00", false).doubt, ZONE_OVERLAP);
	assert_int_equal(
		resolve("Europe/Warsaw", "2024-10-27 02:59:59", false).doubt, ZONE_OVERLAP);
	assert_int_equal(
		resolve("Europe/Warsaw", "2024-10-27 03:00:00", false).doubt, ZONE_CERTAIN);
	/* A clock on standard time all year knows neither. */
	assert_int_equal(resolve("Europe/Warsaw", "2024-03-31 02:30:00", true).doubt, ZONE_CERTAIN);
	assert_int_equal(resolve("Europe/Warsaw", "2024-10-27 02:30:00", true).doubt, ZONE_CERTAIN);
}

/* An offset of its own wins over the zone, with and without ignore_dst (7.1, step 3). */
static void own_offset(void **state)
{
	struct instant instant = resolve("Europe/Warsaw", "2024-07-01 10:00:00-05:00", true);

	(void)state;
	assert_int_equal(instant.utc, 1719828000 + 5 * 3600);
	assert_int_equal(instant.offset, -5 * 3600);
	assert_int_equal(instant.doubt, ZONE_CERTAIN);
}

static void offsets_at(void **state)
{
	struct error err = {0};
	struct zone *zone = zone_open("Europe/Warsaw", &err);

	(void)state;
	assert_non_null(zone);
	/* 2024-03-31T01:00:00Z is the change to summer time; 2060-03-28T01:00:00Z is one by rule.
	 */
	assert_int_equal(zone_offset_at(zone, 1711846799, false), 3600);
	assert_int_equal(zone_offset_at(zone, 1711846800, false), 7200);
	assert_int_equal(zone_offset_at(zone, 1711846800, true), 3600);
	assert_int_equal(zone_offset_at(zone, INT64_C(2847661199), false), 3600);
	assert_int_equal(zone_offset_at(zone, INT64_C(2847661200), false), 7200);
	zone_free(zone);
}

static void refused(const char *name, const char *part)
{
	struct error err = {0};

	assert_null(zone_open(name, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.message, part));
}

static void unknown_zones(void **state)
{
	(void)state;
	refused("Europe/Warsow", "did you mean 'Europe/Warsaw'");
	refused("Warsaw", "did you mean 'Europe/Warsaw'");
	refused("europe/warsaw", "did you mean 'Europe/Warsaw'");
	refused("nowhere at all", "IANA");
	refused("", "no time zone ''");
	refused("/etc/passwd", "no time zone");
	refused("../../../etc/passwd", "no time zone");
	refused("Europe/../Europe/Warsaw", "no time zone");
	refused("Europe", "no time zone");
	refused("tzdata.zi", "no time zone");
	zone_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendar),
		cmocka_unit_test(instants),
		cmocka_unit_test(validity),
		cmocka_unit_test(parsing),
		cmocka_unit_test(sources),
		cmocka_unit_test(worked_examples),
		cmocka_unit_test(doubts),
		cmocka_unit_test(own_offset),
		cmocka_unit_test(offsets_at),
		cmocka_unit_test(unknown_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
