/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Daily reports: section (d) of contracts/camera-addaxai, value by value. */
#include "trapkit/camera.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE CAMERA_NO_NUMBER

static const char willfine[] =
	"IMEI:861943070068027\nCSQ:31\nCamID:\nTemp:24\xE2\x84\x83 \n"
	"Date:05/12/2025 15:46:47\nBattery:60%\nSD:59405M/59628M\nTotal:159\n"
	"Send:12\nGPS:52.098737,5.125504\n";
static const char swift[] =
	"IMEI:868020035314870\nCamID:WBC398\nCSQ:18\nTemp:21 Celsius Degree   \n"
	"Date:30/03/2026  10:26:52\nBattery:80%\nSD:29000M/30000M\nTotal Pics:260\nSend times:41\n"
	"GPS:S32*56'06\" E117*09'36\"\n";

static struct camera_report report;

static void parse(const char *text)
{
	camera_report_release(&report);
	camera_report_parse(text, strlen(text), NULL, &report);
}

static void expect_date(const char *text)
{
	char date[TIMESTAMP_SIZE] = "";

	if (report.has_date)
		format_wall(&report.date, date);
	assert_string_equal(date, text);
}

static void test_willfine_sample(void **state)
{
	(void)state;
	parse(willfine);
	assert_int_equal(report.verdict, CAMERA_OK);
	assert_string_equal(camera_report_format_name(report.format), "willfine-2025");
	assert_string_equal(report.id, "861943070068027");
	assert_int_equal(report.signal, 31);
	assert_int_equal(report.temperature, 24);
	assert_int_equal(report.battery_percent, 60);
	/* (1 − 59405/59628) · 100 = 0.374 */
	assert_true(report.sd_used_percent == 0.37);
	assert_true(report.latitude == 52.098737 && report.longitude == 5.125504);
	assert_int_equal(report.taken, 159);
	assert_int_equal(report.sent, 12);
	expect_date("2025-12-05T15:46:47");
}

static void test_swift_sample(void **state)
{
	(void)state;
	parse(swift);
	assert_int_equal(report.verdict, CAMERA_OK);
	assert_string_equal(camera_report_format_name(report.format), "swift-enduro");
	assert_string_equal(report.id, "868020035314870");
	assert_string_equal(report.name, "WBC398");
	assert_int_equal(report.signal, 18);
	assert_int_equal(report.temperature, 21);
	assert_int_equal(report.battery_percent, 80);
	assert_true(report.sd_used_percent == 3.33);
	/* −(32 + 56/60 + 6/3600), 117 + 9/60 + 36/3600 */
	assert_float_equal(report.latitude, -32.935, 1e-12);
	assert_float_equal(report.longitude, 117.16, 1e-12);
	assert_int_equal(report.taken, 260);
	assert_int_equal(report.sent, 41);
	expect_date("2026-03-30T10:26:52");
}

/* A report with one line of its own, of either kind. */
static void parse_line(const char *line, bool is_swift)
{
	char text[300];

	snprintf(text, sizeof text, "IMEI:1\n%s%s\n", is_swift ? "Total Pics:1\n" : "", line);
	parse(text);
}

static void test_whole_values(void **state)
{
	static const struct {
		const char *line;
		size_t field;
		int64_t value;
		bool swift;
	} rows[] = {
#define SIGNAL offsetof(struct camera_report, signal)
#define TEMPERATURE offsetof(struct camera_report, temperature)
#define BATTERY offsetof(struct camera_report, battery_percent)
#define TAKEN offsetof(struct camera_report, taken)
#define SENT offsetof(struct camera_report, sent)
		{"CSQ: 15", SIGNAL, 15, false},
		{"CSQ:50", SIGNAL, 31, false},
		{"CSQ:-5", SIGNAL, 0, false},
		{"CSQ:abc", SIGNAL, NONE, false},
		{"x:1", SIGNAL, NONE, false},
		{"csq:15", SIGNAL, NONE, false},
		{"CSQ:99999999999999999999", SIGNAL, 31, true},
		{"Temp:24\xE2\x84\x83", TEMPERATURE, 24, false},
		{"Temp:24\xE2\x84\x83 ", TEMPERATURE, 24, false},
		{"Temp:-5\xE2\x84\x83", TEMPERATURE, -5, false},
		{"Temp:hot\xE2\x84\x83", TEMPERATURE, NONE, false},
		{"Temp:24\xC2\xB0"
		 "C",
			TEMPERATURE, NONE, false},
		{"Temp:24.5\xE2\x84\x83", TEMPERATURE, NONE, false},
		{"Temp:21 Celsius Degree", TEMPERATURE, 21, true},
		{"Temp:21 Celsius Degree   ", TEMPERATURE, 21, true},
		{"Temp:-3 Celsius Degree", TEMPERATURE, -3, true},
		{"Temp:hot Celsius Degree", TEMPERATURE, NONE, true},
		{"Battery:60%", BATTERY, 60, false},
		{"Battery:60 %", BATTERY, 60, false},
		{"Battery:120%", BATTERY, 100, false},
		{"Battery:-5%", BATTERY, 0, true},
		{"Battery:full", BATTERY, NONE, true},
		{"Total:8932", TAKEN, 8932, false},
		{"Total:0", TAKEN, 0, false},
		{"Total:", TAKEN, NONE, false},
		{"Total:abc", TAKEN, NONE, false},
		{"Total:89.5", TAKEN, NONE, false},
		{"Send:12", SENT, 12, false},
		{"Send times:41", SENT, 41, true},
		{"Send:12", SENT, NONE, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t value;

		parse_line(rows[i].line, rows[i].swift);
		memcpy(&value, (const char *)&report + rows[i].field, sizeof value);
		if (value != rows[i].value)
			fail_msg("'%s' is %lld, not %lld", rows[i].line, (long long)value,
				(long long)rows[i].value);
	}
}

static void test_card(void **state)
{
	static const struct {
		const char *line;
		double used;
	} rows[] = {{"SD:59405M/59628M", 0.37}, {"SD:500M/1000M", 50}, {"SD:0M/0M", 0},
		{"SD:10G/20G", NAN}, {"SD:5MB/10MB", NAN}, {"SD:", NAN}, {"x:", NAN}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		parse_line(rows[i].line, false);
		if (isnan(rows[i].used) ? !isnan(report.sd_used_percent)
					: report.sd_used_percent != rows[i].used)
			fail_msg("'%s' is %f", rows[i].line, report.sd_used_percent);
	}
}

static void test_positions(void **state)
{
	static const struct {
		const char *line;
		bool swift;
		double latitude, longitude;
	} rows[] = {
		{"GPS:52.098737,5.125504", false, 52.098737, 5.125504},
		{"GPS: 52.098737 , -5.125504 ", false, 52.098737, -5.125504},
		{"GPS:not-gps", false, NAN, NAN},
		{"GPS:1,2,3", false, NAN, NAN},
		{"GPS:S32*56'06\" E117*09'36\"", true, -32.935, 117.16},
		/* 52 + 5/60 + 55/3600, −(5 + 7/60 + 31/3600) */
		{"GPS:N52*05'55\" W5*07'31\"", true, 52.09861111111111, -5.125277777777778},
		{"GPS:not-gps", true, NAN, NAN},
		{"GPS:N52*05'55\"", true, NAN, NAN},
		{"GPS:N1*2'3\" E1*2'3\" E1*2'3\"", true, NAN, NAN},
		{"GPS:52.098737,5.125504", true, NAN, NAN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		parse_line(rows[i].line, rows[i].swift);
		if (isnan(rows[i].latitude)) {
			if (!isnan(report.latitude) || !isnan(report.longitude))
				fail_msg("'%s' is a position", rows[i].line);
		} else {
			assert_float_equal(report.latitude, rows[i].latitude, 1e-12);
			assert_float_equal(report.longitude, rows[i].longitude, 1e-12);
		}
	}
}

static void test_dates(void **state)
{
	(void)state;
	parse_line("Date:05/12/2025 15:46:47", false);
	expect_date("2025-12-05T15:46:47");
	parse_line("Date:5/1/2025 5:6:7", false);
	expect_date("2025-01-05T05:06:07");
	parse_line("Date:2025-12-05 15:46:47", false);
	expect_date("");
	parse_line("Date:31/02/2025 15:46:47", true);
	expect_date("");
}

/* Lines, keys, encodings. */
static void test_text(void **state)
{
	(void)state;
	parse("a line\rIMEI : 1 \r\n CSQ\xC2\xA0: 7\xE3\x80\x80\nCSQ:8");
	assert_string_equal(report.id, "1");
	assert_int_equal(report.signal, 8); /* the last one wins */
	parse("IMEI:1:2\nDate:x");
	assert_string_equal(report.id, "1:2");
	parse("\xEF\xBB\xBFIMEI:1\n");
	assert_string_equal(camera_reason_name(report.reason), "parse_failed");
	parse("\xEF\xBB\xBFx:y\nIMEI:1\n");
	assert_int_equal(report.verdict, CAMERA_OK);
	parse("IMEI:1\nTemp:24\xB0"
	      "C\n");
	assert_string_equal(camera_reason_name(report.reason), "parse_failed");
	parse("imei:1\n");
	assert_string_equal(camera_reason_name(report.reason), "parse_failed");
	parse("");
	assert_string_equal(camera_reason_name(report.reason), "parse_failed");
	parse("IMEI:\n");
	assert_string_equal(camera_reason_name(report.reason), "unknown_camera");
	assert_string_equal(report.id, "");
}

static void test_registered(void **state)
{
	char *ids[] = {"861943070068027"};
	struct string_list known = {ids, 1, 1};

	(void)state;
	camera_report_release(&report);
	camera_report_parse(willfine, strlen(willfine), &known, &report);
	assert_int_equal(report.verdict, CAMERA_OK);
	camera_report_release(&report);
	camera_report_parse(swift, strlen(swift), &known, &report);
	assert_string_equal(camera_reason_name(report.reason), "unknown_camera");
	assert_int_equal(report.signal, 18);
}

static void test_size(void **state)
{
	static char text[CAMERA_LARGEST_REPORT + 2];

	(void)state;
	memset(text, ' ', sizeof text);
	memcpy(text, "IMEI:1\n", 7);
	camera_report_release(&report);
	camera_report_parse(text, CAMERA_LARGEST_REPORT, NULL, &report);
	assert_int_equal(report.verdict, CAMERA_OK);
	camera_report_release(&report);
	camera_report_parse(text, CAMERA_LARGEST_REPORT + 1, NULL, &report);
	assert_string_equal(camera_reason_name(report.reason), "validation_failed");
}

static void test_conversion(void **state)
{
	static const char old[] =
		"IMEI:860946063337391\nCSQ:20\nCamID:0000000WUH08\nTemp:26 Celsius Degree\n"
		"Date:19/12/2025  16:21:42\nBattery:60%\nSD:59405M/59628M\nTotal Pics:1113\n"
		"Send times:7\nGPS:N52*05'55\" E005*07'31\"\n";
	char *text = camera_report_convert(old, strlen(old));

	(void)state;
	assert_non_null(text);
	assert_string_equal(text,
		"IMEI: 860946063337391\nCSQ: 20\nTemp: 26\xE2\x84\x83\nBattery: 60%\n"
		"SD: 59405M/59628M\nGPS: 52.09861111111111,5.125277777777778\n"
		"Date: 19/12/2025 16:21:42\nTotal: 1113\nSend: 7\n");
	free(text);
	assert_null(camera_report_convert(willfine, strlen(willfine)));
	assert_null(camera_report_convert("CamID:x\n", 8));
}

static int release(void **state)
{
	(void)state;
	camera_report_release(&report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_willfine_sample),
		cmocka_unit_test(test_swift_sample),
		cmocka_unit_test(test_whole_values),
		cmocka_unit_test(test_card),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_registered),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_conversion),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
