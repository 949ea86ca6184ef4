/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdicts of contracts/camera-addaxai, row by row. */
#include "../../lib/camera/readers.h"
#include "camera_help.h"
#include "trapkit/error.h"
#include "trapkit/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct camera_profiles *profiles;

static int setup(void **state)
{
	(void)state;
	profiles = camera_profiles_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	camera_profiles_free(profiles);
	return 0;
}

/* Of section (a): the full vector of Willfine-2025. */
static const struct spec willfine = {.make = "Willfine",
	.model = "4.0T CG",
	.serial = "861943070068027",
	.original = "2025:12:05 15:46:07",
	.latitude_ref = "N",
	.longitude_ref = "E",
	.latitude = {52, 5, 55.56},
	.longitude = {5, 7, 31.23},
	.has_latitude = true,
	.has_longitude = true};

static void check_with(const struct spec *spec, const char *path,
	const struct string_list *registered, struct camera_check *check)
{
	static struct bytes bytes;
	struct camera_checking checking = {
		.profiles = profiles, .registered = registered, .now = NOW};

	make_picture(spec, &bytes);
	camera_check_bytes(&checking, path, bytes.data, bytes.size, check);
}

static void check_of(const struct spec *spec, const char *path, struct camera_check *check)
{
	check_with(spec, path, NULL, check);
}

/* `reason` NULL = ok. */
static void expect(const struct camera_check *check, const char *what, const char *reason)
{
	const char *got = camera_reason_name(check->reason);

	if (reason == NULL ? check->verdict != CAMERA_OK || got != NULL
			   : check->verdict != CAMERA_REFUSED || got == NULL ||
				strcmp(got, reason) != 0)
		fail_msg("%s: %s (%s), not %s", what, got == NULL ? "ok" : got, check->details,
			reason == NULL ? "ok" : reason);
	assert_true(reason == NULL || check->details[0] != '\0');
}

static void expect_date(const struct camera_check *check, const char *text)
{
	char date[TIMESTAMP_SIZE] = "";

	if (check->date_source != TIME_NONE)
		format_wall(&check->date, date);
	assert_string_equal(date, text);
}

/* ---- make and model ---- */

static void test_make_and_model(void **state)
{
	static const struct {
		const char *make, *model, *reason, *profile;
	} rows[] = {
		{"Willfine", "4.0T CG", NULL, "Willfine-2025"},
		{"willfine", "4.0t cg", NULL, "Willfine-2025"},
		{"Willfine", "4.0T CG Regular lens", NULL, "Willfine-2025"},
		{"xxWillfineyy", "aa4.0T CGbb", NULL, "Willfine-2025"},
		{"Reconyx", "4.0T CG", "unsupported_camera", NULL},
		{"Willfine", "3.0S", "unsupported_camera", NULL},
		{"Willfine", "4.0TCG", "unsupported_camera", NULL},
		{"Willfine", "4x0T CG", "unsupported_camera", NULL},
		{NULL, "4.0T CG", "unsupported_camera", NULL},
		{"Willfine", NULL, "unsupported_camera", NULL},
		{NULL, NULL, "no_camera_exif", NULL},
		{"", "", "no_camera_exif", NULL},
		{"   ", " ", "no_camera_exif", NULL},
		{"Unknown", "X100", "unsupported_camera", NULL},
		/* Swift's rows; the name holds its id. */
		{"SY", "4.0PCG-R", NULL, "Swift Enduro"},
		{"SY", "4.0PCG", "unsupported_camera", NULL},
		{"Willfine", "4.0PCG-R", "unsupported_camera", NULL},
		{"ASYMMETRIC", "x4.0PCG-Ry", NULL, "Swift Enduro"},
		/* Poison: exiftool prints these bare. */
		{"Willfine", "300", "crashes_server", NULL},
		{"BUSHNELL", "119975", "crashes_server", NULL},
		{"BUSHNELL", "119975   ", "crashes_server", NULL},
		{"1e5", "x", "crashes_server", NULL},
		{"x", "TRUE", "crashes_server", NULL},
		{"", "300", "crashes_server", NULL},
		{"BUSHNELL", "119736C", "unsupported_camera", NULL},
		{"BUSHNELL", "0119975", "unsupported_camera", NULL},
		/* exiftool's expression, its corners. */
		{"x", "-12.5e+10", "crashes_server", NULL},
		{"x", "123456789012345", "crashes_server", NULL},
		{"x", "1234567890123456", "unsupported_camera", NULL},
		{"x", "1.", "unsupported_camera", NULL},
		{"x", "1e1234", "unsupported_camera", NULL},
		{"x", "truer", "unsupported_camera", NULL},
	};
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spec spec = willfine;

		spec.make = rows[i].make;
		spec.model = rows[i].model;
		check_of(&spec, "868020035314870-30032026102652-4-SYPR0260.JPG", &check);
		expect(&check, rows[i].model == NULL ? "(no model)" : rows[i].model,
			rows[i].reason);
		if (rows[i].profile != NULL)
			assert_string_equal(check.profile->name, rows[i].profile);
	}
}

static void test_full_vector(void **state)
{
	struct camera_check check;

	(void)state;
	for (int big = 0; big < 2; big++) {
		struct spec spec = willfine;

		spec.big = big;
		check_of(&spec, "E1000159.JPG", &check);
		expect(&check, "the full vector", NULL);
		assert_string_equal(check.id, "861943070068027");
		expect_date(&check, "2025-12-05T15:46:07");
		assert_int_equal(check.date_source, TIME_EXIF);
		/* 52 + 5/60 + 55.56/3600, 5 + 7/60 + 31.23/3600 */
		assert_float_equal(check.latitude, 52.09876666666667, 1e-12);
		assert_float_equal(check.longitude, 5.125341666666667, 1e-12);
	}
}

/* ---- the serial number, as exiftool's JSON and Python leave it ---- */

static void test_serial_number(void **state)
{
	static const char *const rows[][2] = {{"861943070068027", "861943070068027"},
		{"012345678901234", "012345678901234"}, {"1234567890123456", "1234567890123456"},
		{"0", NULL}, {"000", "000"}, {"12.50", "12.5"}, {"123E4", "1230000.0"}, {"", NULL},
		{"true", "True"}, {"false", NULL}, {NULL, NULL}, {"-5", "-5"}, {"-0", NULL},
		{"0.0", NULL}, {"A 1", "A 1"}, {" 86194 ", " 86194 "},
		/* repr() of Python 3: 1e16 is the first with an exponent. */
		{"1e15", "1000000000000000.0"}, {"1e16", "1e+16"}, {"1e-4", "0.0001"},
		{"1e-5", "1e-05"}, {"1.5e300", "1.5e+300"}, {"1e400", "inf"}, {"0.1", "0.1"},
		{"123.456e1", "1234.56"}};
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spec spec = willfine;

		spec.serial = rows[i][0];
		check_of(&spec, "E1000159.JPG", &check);
		expect(&check, rows[i][0] == NULL ? "(none)" : rows[i][0],
			rows[i][1] == NULL ? "missing_device_id" : NULL);
		if (rows[i][1] != NULL)
			assert_string_equal(check.id, rows[i][1]);
	}
}

/* ---- Swift Enduro's names ---- */

static void test_swift_names(void **state)
{
	static const char *const rows[][2] = {
		{"WBC398      -868020035314870-10032026090126-4-SYPR0067.JPG", "868020035314870"},
		{"868020035314870-30032026102652-4-SYPR0260.JPG", "868020035314870"},
		{"WBC398-868020035314870-10032026090126-4-SYPR0067.JPG", "868020035314870"},
		{"868020035314870-30032026102652-4-SYPR0260_a3f7.JPG", "868020035314870"},
		{"868020035314870-30032026102652-4-SYPR0260.JPG.1", "868020035314870"},
		{"deep/er/868020035314870-30032026102652-4-SYPR0260.JPG", "868020035314870"},
		{"IMG_0001.JPG", NULL}, {"12345678901234-file.JPG", NULL},
		{"1234567890123456-file.JPG", NULL}, {"868020035314870_1.JPG", NULL},
		{"x868020035314870.JPG", NULL}, {"WBC_868020035314870-1.JPG", NULL},
		{"868020035314870-868020035314871.JPG", "868020035314870"},
		{"x868020035314870-868020035314871.JPG", "868020035314871"},
		{"868020035314870/IMG_0001.JPG", NULL}};
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spec spec = willfine;

		spec.make = "SY";
		spec.model = "4.0PCG-R";
		check_of(&spec, rows[i][0], &check);
		expect(&check, rows[i][0], rows[i][1] == NULL ? "missing_device_id" : NULL);
		if (rows[i][1] != NULL)
			assert_string_equal(check.id, rows[i][1]);
	}
}

/* ---- INSTAR ---- */

#define PLACE "INSTAR/lat52.02368_lon12.98290/"

static void test_instar_paths(void **state)
{
	static const struct {
		const char *path, *reason, *id, *date;
		double latitude, longitude;
	} rows[] = {
		{PLACE "A_2026-04-09_16-04-05.jpeg", NULL, "lat52.02368_lon12.98290",
			"2026-04-09T16:04:05", 52.02368, 12.9829},
		{"INSTAR/lat-33.85679_lon-70.65876/A_2026-01-01_00-00-01.jpeg", NULL,
			"lat-33.85679_lon-70.65876", "2026-01-01T00:00:01", -33.85679, -70.65876},
		{"INSTAR/lat-33.85679_lon151.20929/A_2026-04-09_16-04-05.jpeg", NULL,
			"lat-33.85679_lon151.20929", "2026-04-09T16:04:05", -33.85679, 151.20929},
		{PLACE "A_2026-04-09_16-04-05.JPG", NULL, "lat52.02368_lon12.98290",
			"2026-04-09T16:04:05", 52.02368, 12.9829},
		{PLACE "a_2026-04-09_16-04-05.jpeg", NULL, "lat52.02368_lon12.98290",
			"2026-04-09T16:04:05", 52.02368, 12.9829},
		{"instar/LAT52.02368_LON12.98290/A_2026-04-09_16-04-05.jpeg", NULL,
			"LAT52.02368_LON12.98290", "2026-04-09T16:04:05", 52.02368, 12.9829},
		{PLACE "Test-Snapshot.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{PLACE "A_2026-13-01_16-04-05.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{PLACE "A_2026-02-30_16-04-05.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{PLACE "A_2026-04-09_24-04-05.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{PLACE "A_0000-04-09_16-04-05.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{PLACE "AB_2026-04-09_16-04-05.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{PLACE "A_2026-04-09_16-04-05_1.jpeg", "missing_datetime", NULL, NULL, 0, 0},
		{"INSTAR/lat0.0_lon0.0/A_2026-04-09_16-04-05.jpeg", "invalid_gps", NULL, NULL, 0,
			0},
		{"INSTAR/lat-0.0_lon0.0/A_2026-04-09_16-04-05.jpeg", "invalid_gps", NULL, NULL, 0,
			0},
		{"INSTAR/lat95.0_lon5.0/A_2026-04-09_16-04-05.jpeg", "invalid_gps", NULL, NULL, 0,
			0},
		{"INSTAR/lat52_lon12/A_2026-04-09_16-04-05.jpeg", "no_camera_exif", NULL, NULL, 0,
			0},
		{"INSTAR/lat+52.0_lon12.0/A_2026-04-09_16-04-05.jpeg", "no_camera_exif", NULL, NULL,
			0, 0},
		{PLACE "sub/A_2026-04-09_16-04-05.jpeg", "no_camera_exif", NULL, NULL, 0, 0},
		{"x/" PLACE "A_2026-04-09_16-04-05.jpeg", "no_camera_exif", NULL, NULL, 0, 0},
		{"lat52.0_lon12.0/A_2026-04-09_16-04-05.jpeg", "no_camera_exif", NULL, NULL, 0, 0},
		{PLACE "A_2026-04-09_16-04-05.jpeg.1", "no_camera_exif", NULL, NULL, 0, 0},
	};
	static const struct spec nothing;
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_of(&nothing, rows[i].path, &check);
		expect(&check, rows[i].path, rows[i].reason);
		if (rows[i].reason != NULL)
			continue;
		assert_string_equal(check.id, rows[i].id);
		expect_date(&check, rows[i].date);
		assert_true(check.latitude == rows[i].latitude);
		assert_true(check.longitude == rows[i].longitude);
		assert_int_equal(check.date_source, TIME_FILE_NAME);
	}
}

/* Section (b). */
static void test_path_before_exif(void **state)
{
	struct spec spec = willfine;
	struct camera_check check;

	(void)state;
	check_of(&spec, PLACE "A_2026-04-09_16-04-05.jpeg", &check);
	assert_string_equal(check.profile->name, "INSTAR");
	expect_date(&check, "2026-04-09T16:04:05");
	check_of(&spec, PLACE "Test-Snapshot.jpeg", &check);
	expect(&check, "no falling back", "missing_datetime");
	check_of(&spec, "IMG_0001.JPG", &check);
	assert_string_equal(check.profile->name, "Willfine-2025");
	/* EXIF is never read, so its poison does no harm. */
	spec.model = "300";
	check_of(&spec, PLACE "A_2026-04-09_16-04-05.jpeg", &check);
	expect(&check, "poison beside a path", NULL);
}

/* ---- dates ---- */

static void test_dates(void **state)
{
	static const char *const rows[][3] = {{"2025:12:05 15:46:07", NULL, "2025-12-05T15:46:07"},
		{"2025:1:5 5:6:7", NULL, "2025-01-05T05:06:07"},
		{"2025:12:05   15:46:07", NULL, "2025-12-05T15:46:07"},
		{"1970:01:01 00:00:00", NULL, "1970-01-01T00:00:00"},
		{"2025:12:05 15:46:07.12", "missing_datetime"},
		{"2025:12:05 15:46:07+01:00", "missing_datetime"},
		{"2025-12-05 15:46:07", "missing_datetime"},
		{"0000:00:00 00:00:00", "missing_datetime"},
		{"    :  :     :  :  ", "missing_datetime"},
		{"2025:02:30 15:46:07", "missing_datetime"},
		{"2025:12:05 24:00:00", "missing_datetime"},
		{"2025:12:05 15:46:60", "missing_datetime"},
		{" 2025:12:05 15:46:07", "missing_datetime"}, {NULL, "missing_datetime"},
		{"20251205154607", "crashes_server"}, {"02025120515460", "missing_datetime"},
		{"2025120515460712", "missing_datetime"}};
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spec spec = willfine;

		spec.original = rows[i][0];
		/* Never used by the server. */
		spec.created = "2024:01:01 00:00:00";
		check_of(&spec, "E1000159.JPG", &check);
		expect(&check, rows[i][0] == NULL ? "(none)" : rows[i][0], rows[i][1]);
		if (rows[i][1] == NULL)
			expect_date(&check, rows[i][2]);
	}
}

static void test_offsets(void **state)
{
	static const struct {
		const char *original, *other, *reason;
		unsigned warning;
	} rows[] = {
		{"+01:00", NULL, NULL, 0},
		{"-08:00", NULL, NULL, CAMERA_ZONE_DIFFERS},
		{"+0100", NULL, NULL, 0},
		{NULL, "+01:00", NULL, 0},
		{NULL, "+02:00", NULL, CAMERA_ZONE_DIFFERS},
		{"Z", NULL, NULL, CAMERA_ZONE_UNREADABLE},
		{"abc", NULL, NULL, CAMERA_ZONE_UNREADABLE},
		{"+1:00", NULL, NULL, CAMERA_ZONE_UNREADABLE},
		{"+01", NULL, NULL, CAMERA_ZONE_UNREADABLE},
		{"", NULL, NULL, 0},
		{"-8", NULL, "crashes_server", 0},
		{"5", NULL, "crashes_server", 0},
		{NULL, "5", "crashes_server", 0},
	};
	struct error err = {0};
	struct zone *zone = zone_open("Europe/Warsaw", &err); /* +01:00 in December */
	struct camera_checking checking = {.profiles = profiles, .now = NOW, .zone = zone};
	static struct bytes bytes;
	struct camera_check check;

	(void)state;
	assert_non_null(zone);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spec spec = willfine;

		spec.offset_original = rows[i].original;
		spec.offset = rows[i].other;
		make_picture(&spec, &bytes);
		camera_check_bytes(&checking, "E.JPG", bytes.data, bytes.size, &check);
		expect(&check, rows[i].original == NULL ? rows[i].other : rows[i].original,
			rows[i].reason);
		assert_int_equal(
			check.facts.warnings & (CAMERA_ZONE_DIFFERS | CAMERA_ZONE_UNREADABLE),
			rows[i].warning);
	}
	zone_free(zone);
}

/* Section (f): what is parsed, and what is not. */
static void test_offset_texts(void **state)
{
	static const struct {
		const char *text;
		int seconds; /* 1 = none */
	} rows[] = {{"+01:00", 3600}, {"-05:30", -(5 * 3600 + 30 * 60)}, {"+0200", 7200},
		{"+00:00", 0}, {"-00:00", 0}, {"+14:00", 14 * 3600}, {"", 1}, {"abc", 1}, {"Z", 1},
		{"+1:00", 1}, {"+01", 1}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int seconds = 1;

		if (server_offset(rows[i].text, &seconds) != (rows[i].seconds != 1) ||
			seconds != rows[i].seconds)
			fail_msg("'%s' is %d s", rows[i].text, seconds);
	}
}

/* Section (c): the table of pairs. */
static void test_valid_pairs(void **state)
{
	static const struct {
		double latitude, longitude;
		bool valid;
	} rows[] = {{52.02368, 12.98290, true}, {-33.85679, -70.65876, true}, {0, 5, true},
		{5, 0, true}, {1e-9, 0, true}, {90, 180, true}, {-90, -180, true}, {0, 0, false},
		{-0.0, 0.0, false}, {91, 12, false}, {52, 181, false}, {NAN, 1, false}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(
			position_is_valid(rows[i].latitude, rows[i].longitude) == rows[i].valid);
}

/* ---- positions ---- */

static void test_positions(void **state)
{
	static const struct {
		double latitude[3], longitude[3];
		const char *latitude_ref, *longitude_ref, *reason;
		double out_latitude, out_longitude;
		bool no_latitude, no_longitude;
	} rows[] = {
		{{52, 1, 25.248}, {12, 58, 58.44}, "N", "E", NULL, 52 + 1 / 60.0 + 25.25 / 3600,
			12 + 58 / 60.0 + 58.44 / 3600, false, false},
		{{33, 0, 0}, {70, 30, 0}, "S", "W", NULL, -33, -70.5, false, false},
		{{0, 0, 0}, {5, 0, 0}, "N", "E", NULL, 0, 5, false, false},
		{{5, 0, 0}, {0, 0, 0}, "N", "E", NULL, 5, 0, false, false},
		{{90, 0, 0}, {180, 0, 0}, "N", "E", NULL, 90, 180, false, false},
		{{90, 0, 0}, {180, 0, 0}, "S", "W", NULL, -90, -180, false, false},
		{{89, 59, 59.999}, {5, 0, 0}, "N", "E", NULL, 90, 5, false, false},
		{{0, 0, 0}, {0, 0, 0}, "N", "E", "invalid_gps", 0, 0, false, false},
		{{0, 0, 0}, {0, 0, 0}, "S", "E", "invalid_gps", 0, 0, false, false},
		/* Both print as zero. */
		{{0, 0, 0.004}, {0, 0, 0.004}, "N", "E", "invalid_gps", 0, 0, false, false},
		{{0, 0, 0.006}, {0, 0, 0}, "N", "E", NULL, 0.01 / 3600, 0, false, false},
		{{91, 0, 0}, {12, 0, 0}, "N", "E", "invalid_gps", 0, 0, false, false},
		{{52, 0, 0}, {181, 0, 0}, "N", "E", "invalid_gps", 0, 0, false, false},
		{{52, 0, 0}, {12, 0, 0}, NULL, NULL, "missing_gps", 0, 0, false, false},
		{{52, 0, 0}, {12, 0, 0}, "N", NULL, "missing_gps", 0, 0, false, false},
		{{52, 0, 0}, {12, 0, 0}, "N", "E", "missing_gps", 0, 0, true, false},
		{{52, 0, 0}, {12, 0, 0}, "N", "E", "missing_gps", 0, 0, false, true},
		{{52, 0, 0}, {12, 0, 0}, "N", "E", "missing_gps", 0, 0, true, true},
	};
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spec spec = willfine;
		char what[40];

		snprintf(what, sizeof what, "position %zu", i);
		memcpy(spec.latitude, rows[i].latitude, sizeof spec.latitude);
		memcpy(spec.longitude, rows[i].longitude, sizeof spec.longitude);
		spec.latitude_ref = rows[i].latitude_ref;
		spec.longitude_ref = rows[i].longitude_ref;
		spec.has_latitude = !rows[i].no_latitude;
		spec.has_longitude = !rows[i].no_longitude;
		check_of(&spec, "E1000159.JPG", &check);
		expect(&check, what, rows[i].reason);
		if (rows[i].reason == NULL) {
			assert_float_equal(check.latitude, rows[i].out_latitude, 1e-9);
			assert_float_equal(check.longitude, rows[i].out_longitude, 1e-9);
		} else {
			assert_true(isnan(check.latitude) && isnan(check.longitude));
		}
	}
}

static void test_gps_placeholder(void **state)
{
	struct spec spec = willfine;
	struct camera_check check;

	(void)state;
	/* 1.0225° = 1° 1' 21": the server takes it (contract, end of camera-models). */
	spec.latitude[0] = spec.longitude[0] = 1;
	spec.latitude[1] = spec.longitude[1] = 1;
	spec.latitude[2] = spec.longitude[2] = 21;
	check_of(&spec, "E1000159.JPG", &check);
	expect(&check, "1.0225", NULL);
	assert_true((check.facts.warnings & CAMERA_GPS_PLACEHOLDER) != 0);
	assert_true(isnan(check.facts.latitude));
	assert_float_equal(check.latitude, 1.0225, 1e-9);
}

/* ---- order, registration ---- */

static void test_first_failure(void **state)
{
	char *ids[] = {"861943070068026", "861943070068027"};
	struct string_list registered = {ids, 2, 2}, others = {ids, 1, 1}, none = {0};
	struct spec spec = willfine;
	struct camera_check check;

	(void)state;
	check_with(&spec, "E.JPG", &registered, &check);
	expect(&check, "registered", NULL);
	check_with(&spec, "E.JPG", &others, &check);
	expect(&check, "not registered", "unknown_camera");
	assert_string_equal(check.id, "861943070068027");
	check_with(&spec, "E.JPG", &none, &check);
	expect(&check, "nobody registered", "unknown_camera");
	/* Registration comes last, GPS before it, the date before that, the id first. */
	spec.latitude[0] = 91;
	check_with(&spec, "E.JPG", &others, &check);
	expect(&check, "GPS before registration", "invalid_gps");
	spec.original = "x";
	check_with(&spec, "E.JPG", &others, &check);
	expect(&check, "date before GPS", "missing_datetime");
	spec.original = "20251205154607";
	spec.serial = NULL;
	check_with(&spec, "E.JPG", &others, &check);
	expect(&check, "id before date", "missing_device_id");
	spec.make = NULL;
	check_with(&spec, "E.JPG", &others, &check);
	expect(&check, "profile before id", "unsupported_camera");
	/* The registered id's case counts. */
	ids[0] = "lat52.02368_lon12.98290";
	check_with(&spec, "instar/LAT52.02368_LON12.98290/A_2026-04-09_16-04-05.jpeg", &others,
		&check);
	expect(&check, "another case", "unknown_camera");
}

/* ---- names and files ---- */

static void test_names(void **state)
{
	static const struct {
		const char *path, *verdict, *reason;
	} rows[] = {
		{".E1.JPG", "skipped", "ignored"},
		{"a/._E1.jpg", "skipped", "ignored"},
		{"rejected/missing_gps/E1.JPG", "skipped", "ignored"},
		{"Rejected/E1.JPG", "ok", NULL},
		{"a/rejected/E1.JPG", "ok", NULL},
		{"E1.MP4", "skipped", "deleted_by_server"},
		{"E1.mp4.2", "skipped", "deleted_by_server"},
		{"E1.JPG", "ok", NULL},
		{"E1.jpeg", "ok", NULL},
		{"IMG.JPG.1", "ok", NULL},
		{"IMG.JPG.1.2", "refused", "unsupported_file_type"},
		{"x.1", "refused", "unsupported_file_type"},
		{"noext", "refused", "unsupported_file_type"},
		{"E1.AVI", "refused", "unsupported_file_type"},
		{"E1.png", "refused", "unsupported_file_type"},
		{"E1.JPG.bak", "refused", "unsupported_file_type"},
	};
	struct camera_check check;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *got;

		check_of(&willfine, rows[i].path, &check);
		got = camera_reason_name(check.reason);
		if (strcmp(camera_verdict_name(check.verdict), rows[i].verdict) != 0 ||
			(got == NULL) != (rows[i].reason == NULL) ||
			(got != NULL && strcmp(got, rows[i].reason) != 0))
			fail_msg("%s: %s, %s", rows[i].path, camera_verdict_name(check.verdict),
				got);
	}
	check_of(&willfine, "IMG.JPG.1", &check);
	assert_true((check.facts.warnings & CAMERA_COUNTED_NAME) != 0);
	check_of(&willfine, " IMG.JPG", &check);
	assert_true((check.facts.warnings & CAMERA_NAME_CHANGES) != 0);
}

static void test_contents(void **state)
{
	static uint8_t big[CAMERA_LARGEST_IMAGE + 1];
	static struct bytes bytes;
	struct camera_checking checking = {.profiles = profiles, .now = NOW};
	struct camera_check check;

	(void)state;
	make_picture(&willfine, &bytes);
	memcpy(big, bytes.data, bytes.size);
	camera_check_bytes(&checking, "E.JPG", big, CAMERA_LARGEST_IMAGE, &check);
	expect(&check, "exactly 10 MiB", NULL);
	camera_check_bytes(&checking, "E.JPG", big, CAMERA_LARGEST_IMAGE + 1, &check);
	expect(&check, "10 MiB and a byte", "validation_failed");
	camera_check_bytes(&checking, "E.JPG", big, 0, &check);
	expect(&check, "empty", "validation_failed");
	camera_check_bytes(&checking, "E.JPG", (const uint8_t *)"\xFF\xD8\xFF", 3, &check);
	expect(&check, "the magic bytes alone", "no_camera_exif");
	camera_check_bytes(&checking, "E.JPG", (const uint8_t *)"\xFF\xD8\x00zz", 5, &check);
	expect(&check, "two of the magic bytes", "validation_failed");
	/* Cut within APP1: exiftool tells nothing. Cut in the scan: accepted. */
	camera_check_bytes(&checking, "E.JPG", bytes.data, 20, &check);
	expect(&check, "APP1 cut short", "no_camera_exif");
	/* make_picture ends with FF DA and seven bytes: without the marker EXIF stays unread. */
	camera_check_bytes(&checking, "E.JPG", bytes.data, bytes.size - 9, &check);
	expect(&check, "cut behind APP1", "no_camera_exif");
	camera_check_bytes(&checking, "E.JPG", bytes.data, bytes.size - 10, &check);
	expect(&check, "cut within APP1", "no_camera_exif");
	/* What is there is shown all the same. */
	assert_string_equal(check.facts.serial, "861943070068027");
	camera_check_bytes(&checking, "E.JPG", bytes.data, bytes.size - 4, &check);
	expect(&check, "scan cut short", NULL);
	/* The magic bytes are looked at before the size. */
	big[0] = 'x';
	camera_check_bytes(&checking, "E.JPG", big, CAMERA_LARGEST_IMAGE + 1, &check);
	expect(&check, "no JPEG and too large", "validation_failed");
	assert_null(strstr(check.details, "MB"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_and_model),
		cmocka_unit_test(test_full_vector),
		cmocka_unit_test(test_serial_number),
		cmocka_unit_test(test_swift_names),
		cmocka_unit_test(test_instar_paths),
		cmocka_unit_test(test_path_before_exif),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_offset_texts),
		cmocka_unit_test(test_valid_pairs),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_gps_placeholder),
		cmocka_unit_test(test_first_failure),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_contents),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
