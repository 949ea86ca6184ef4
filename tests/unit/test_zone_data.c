/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TZif files and footers that the system's zones do not have, and damaged ones. */
#include "../../lib/base/zone_data.h"

#include "trapkit/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Offset at local noon of a day under a rule, by way of a zone without a table. */
static int noon(const char *rule, int year, int month, int day)
{
	static struct zone zone;
	struct wall_time wall = {.year = year, .month = month, .day = day, .hour = 12};

	memset(&zone, 0, sizeof zone);
	assert_true(zone_rule_parse(rule, &zone.rule));
	return zone_resolve(&zone, &wall, false).offset;
}

/* Expected: TZ=RULE date -d "DAY 12:00" +%z, with the C library of Debian 12. */
static void days_of_the_year(void **state)
{
	(void)state;
	assert_int_equal(noon("AAA3BBB,59,299", 2030, 2, 28), -10800);
	assert_int_equal(noon("AAA3BBB,59,299", 2030, 3, 1), -7200);
	assert_int_equal(noon("AAA3BBB,59,299", 2028, 2, 28), -10800);
	assert_int_equal(noon("AAA3BBB,59,299", 2028, 2, 29), -7200);
	/* J60 is March 1 in every year. */
	assert_int_equal(noon("AAA3BBB,J60,J300", 2028, 2, 29), -10800);
	assert_int_equal(noon("AAA3BBB,J60,J300", 2028, 3, 1), -7200);
	assert_int_equal(noon("AAA3BBB,J60,J300", 2030, 3, 1), -7200);
	/* The fifth Thursday of February 2024 (leap, begins on one) is the 29th; in 2023 the last
	 * is the 23rd. */
	assert_int_equal(noon("AAA3BBB,M2.5.4,M9.1.1", 2024, 2, 28), -10800);
	assert_int_equal(noon("AAA3BBB,M2.5.4,M9.1.1", 2024, 2, 29), -7200);
	assert_int_equal(noon("AAA3BBB,M2.5.4,M9.1.1", 2023, 2, 22), -10800);
	assert_int_equal(noon("AAA3BBB,M2.5.4,M9.1.1", 2023, 2, 23), -7200);
	/* RFC 9636 3.3.2: summer time all year; and hours beyond a day, as in Gaza. */
	assert_int_equal(noon("XXX3EDT4,0/0,J365/23", 2030, 1, 1), -14400);
	assert_int_equal(noon("XXX3EDT4,0/0,J365/23", 2030, 12, 31), -14400);
	/* 2030-03-30 is the last Saturday but one day: the fourth Thursday (28th) and 50 hours. */
	assert_int_equal(noon("EET-2EEST,M3.4.4/50,M10.4.4/50", 2030, 3, 29), 7200);
	assert_int_equal(noon("EET-2EEST,M3.4.4/50,M10.4.4/50", 2030, 3, 30), 10800);
	assert_int_equal(noon("UTC0", 2030, 3, 30), 0);
	assert_int_equal(noon("<+0545>-5:45", 2030, 3, 30), 20700);
}

static void rules_refused(void **state)
{
	static const char *const wrong[] = {"", "AB3", "AAA", "AAA3BBB", "AAA3BBB,M3.5.0",
		"AAA3BBB,M13.1.0,M1.1.0", "AAA3BBB,M0.1.0,M1.1.0", "AAA3BBB,M1.6.0,M1.1.0",
		"AAA3BBB,M1.1.7,M1.1.0", "AAA3BBB,J0,J9", "AAA3BBB,J366,J9", "AAA3BBB,366,9",
		"AAA25", "AAA3:60", "AAA3BBB,J1/168,J9", "<AAA3", "AAA3 ", "AAA3BBB,J1,J9,J9",
		"AAA3BBB,J1,", ":Europe/Warsaw", "AAA999999999999999999", NULL};
	struct zone_rule rule;

	(void)state;
	for (size_t i = 0; wrong[i] != NULL; i++)
		if (zone_rule_parse(wrong[i], &rule))
			fail_msg("'%s' was taken", wrong[i]);
}

/* Appends big-endian numbers to a file that is being made. */
struct bytes {
	uint8_t data[512];
	size_t size;
};

static void put(struct bytes *out, uint64_t value, size_t width)
{
	for (size_t i = width; i-- > 0;)
		out->data[out->size++] = (uint8_t)(value >> (8 * i));
}

static void put_text(struct bytes *out, const char *text, size_t size)
{
	memcpy(out->data + out->size, text, size);
	out->size += size;
}

static void put_header(struct bytes *out, char version, unsigned leaps, unsigned changes)
{
	put_text(out, "TZif", 4);
	put(out, (uint64_t)(version == '1' ? 0 : version), 1);
	put(out, 0, 8);
	put(out, 0, 7);
	put(out, 0, 4);
	put(out, 0, 4);
	put(out, leaps, 4);
	put(out, changes, 4);
	put(out, 2, 4);
	put(out, 8, 4);
}

/* Summer time (+7200) from instant 1000000 to 2000000, else +3600. */
static void put_block(struct bytes *out, size_t width)
{
	put(out, 1000000, width);
	put(out, 2000000, width);
	put(out, 1, 1);
	put(out, 0, 1);
	put(out, 3600, 4);
	put(out, 0, 2);
	put(out, 7200, 4);
	put(out, 0x0104, 2);
	put_text(out, "AAA\0BBB", 8);
}

static struct bytes make_file(char version, const char *footer)
{
	struct bytes out = {0};

	put_header(&out, version, 0, 2);
	put_block(&out, 4);
	if (version != '1') {
		put_header(&out, version, 0, 2);
		put_block(&out, 8);
		put_text(&out, footer, strlen(footer));
	}
	return out;
}

static bool parse(struct zone *zone, const uint8_t *bytes, size_t size)
{
	/* An exact copy, so that the sanitizers see a byte read too far. */
	uint8_t *exact = malloc(size + 1);
	bool good;

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	free(zone->at);
	free(zone->type);
	memset(zone, 0, sizeof *zone);
	good = zone_parse(zone, exact, size);
	free(exact);
	return good;
}

static void versions(void **state)
{
	static struct zone zone;

	(void)state;
	for (char version = '1'; version <= '4'; version++) {
		struct bytes file = make_file(version, "\nAAA-1\n");

		assert_true(parse(&zone, file.data, file.size));
		assert_int_equal(zone_offset_at(&zone, 999999, false), 3600);
		assert_int_equal(zone_offset_at(&zone, 1000000, false), 7200);
		assert_int_equal(zone_offset_at(&zone, 1000000, true), 3600);
		assert_int_equal(zone_offset_at(&zone, 1999999, false), 7200);
		assert_int_equal(zone_offset_at(&zone, 2000000, false), 3600);
		assert_int_equal(zone_offset_at(&zone, INT64_C(4000000000), false), 3600);
	}
	free(zone.at);
	free(zone.type);
}

static void damaged(void **state)
{
	static struct zone zone;
	struct bytes file = make_file('2', "\nAAA-1BBB,M3.5.0,M10.5.0\n");
	size_t good = 0;

	(void)state;
	assert_true(parse(&zone, file.data, file.size));
	for (size_t size = 0; size < file.size; size++)
		good += parse(&zone, file.data, size);
	/* Only a file without any footer at all is whole as well. */
	assert_int_equal(good, 1);
	/* Every byte with every bit set or cleared: must be refused or be usable. */
	for (size_t i = 0; i < file.size; i++) {
		uint8_t before = file.data[i];

		for (unsigned value = 0; value < 256; value += 15) {
			file.data[i] = (uint8_t)value;
			if (parse(&zone, file.data, file.size))
				zone_offset_at(&zone, 1500000, true);
		}
		file.data[i] = before;
	}
	file.data[4] = 'x';
	assert_false(parse(&zone, file.data, file.size));
	file = make_file('2', "\nnonsense\n");
	assert_false(parse(&zone, file.data, file.size));
	/* Zones that count leap seconds. */
	file = (struct bytes){0};
	put_header(&file, '1', 1, 2);
	put_block(&file, 4);
	put(&file, 78796800, 4);
	put(&file, 1, 4);
	assert_false(parse(&zone, file.data, file.size));
	free(zone.at);
	free(zone.type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_of_the_year),
		cmocka_unit_test(rules_refused),
		cmocka_unit_test(versions),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
