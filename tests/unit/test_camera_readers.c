/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The readers, on notes built byte by byte from the layouts in contracts/camera-models. */
#include "camera_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct camera_facts facts;

static void read_spec(const struct spec *spec)
{
	static struct bytes bytes;

	make_picture(spec, &bytes);
	camera_parse_facts(bytes.data, bytes.size, NOW, &facts);
}

static void expect_own_date(const char *text)
{
	char date[TIMESTAMP_SIZE] = "";

	if (facts.has_own_date)
		format_wall(&facts.own_date, date);
	assert_string_equal(date, text);
}

static void expect_common(const char *reader, const char *serial, const char *label)
{
	assert_string_equal(camera_reader_name(facts.reader), reader);
	assert_string_equal(facts.serial, serial);
	assert_string_equal(facts.label, label);
}

static void words(uint8_t *at, const unsigned *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put16(at + i * 2, values[i], false);
}

static void wide(uint8_t *at, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		put16(at + i * 2, (unsigned char)text[i], false);
}

/* ---- Reconyx ---- */

/* Section 1, index in 16-bit words. */
static void build_hyperfire(uint8_t *note)
{
	memset(note, 0, 0x6C);
	words(note,
		(unsigned[]){0xF101, 3, 0, 1, 0x2010, 0x0811, 'M', 2, 3, 1, 513, 59, 30, 13, 7, 21,
			2010, 0, 4, 50, 0xFFFB},
		21);
	wide(note + 0x15 * 2, "H500DE01120343");
	words(note + 0x2A * 2, (unsigned[]){8123}, 1);
	memcpy(note + 0x2B * 2, "HC500 HYPERFIRE \0\0", 18);
}

static void test_hyperfire(void **state)
{
	uint8_t note[0x6C];
	struct spec spec = {.make = "RECONYX", .note = note, .note_size = sizeof note};

	(void)state;
	for (int big = 0; big < 2; big++) {
		build_hyperfire(note);
		spec.big = big; /* the note stays little-endian */
		read_spec(&spec);
		expect_common("reconyx-hyperfire", "H500DE01120343", "HC500 HYPERFIRE");
		expect_own_date("2010-07-21T13:30:59");
		assert_int_equal(facts.trigger, CAMERA_MOTION);
		assert_int_equal(facts.sequence_index, 2);
		assert_int_equal(facts.sequence_count, 3);
		assert_int_equal(facts.event, 65536 + 513);
		assert_int_equal(facts.moon, 4);
		assert_true(facts.temperature == -5);
		assert_true(facts.battery_volts == 8.123);
		assert_int_equal(facts.taken_source, TIME_MAKER_NOTE);
	}
	/* A few units write the date big-endian. */
	for (size_t i = 0; i < 6; i++)
		put16(note + 0x16 + i * 2, (unsigned[]){59, 30, 13, 7, 21, 2010}[i], true);
	read_spec(&spec);
	expect_own_date("2010-07-21T13:30:59");
	/* Old firmware: no make at all, and the date in the note only. */
	build_hyperfire(note);
	spec.make = NULL;
	read_spec(&spec);
	expect_common("reconyx-hyperfire", "H500DE01120343", "HC500 HYPERFIRE");
	assert_string_equal(facts.make, "RECONYX");
	/* Without the version and the make, two bytes are no Reconyx. */
	note[2] = 9;
	read_spec(&spec);
	assert_int_equal(facts.reader, CAMERA_GENERIC);
	/* EXIF wins, and a difference is told. */
	build_hyperfire(note);
	spec.original = "2010:07:21 13:30:10";
	read_spec(&spec);
	assert_int_equal(facts.taken_source, TIME_EXIF);
	assert_false(facts.warnings & CAMERA_DATES_DIFFER);
	spec.original = "2011:07:21 13:30:10";
	read_spec(&spec);
	assert_true(facts.warnings & CAMERA_DATES_DIFFER);
}

/* The vector of section 1: RCNX0002.JPG. */
static void test_hyperfire2(void **state)
{
	uint8_t note[0xA0] = "RECONYXH2";
	struct spec spec = {.make = "RECONYX",
		.original = "2018:12:01 00:20:00",
		.note = note,
		.note_size = sizeof note};

	(void)state;
	words(note + 0x34, (unsigned[]){'T', 0, 0, 0, 2}, 5);
	assert_int_equal(note[0x3C], 2); /* "bytes 00 00 02 00 = event 2" */
	words(note + 0x3E, (unsigned[]){0, 20, 0, 12, 1, 2018, 7}, 7);
	words(note + 0x4C, (unsigned[]){6, 31, 0xFFFF}, 3);
	words(note + 0x62, (unsigned[]){7797}, 1);
	memcpy(note + 0x68, "IDFG1327", 8);
	wide(note + 0x7E, "HLPXEL07013347");
	read_spec(&spec);
	expect_common("reconyx-hyperfire2", "HLPXEL07013347", "IDFG1327");
	expect_own_date("2018-12-01T00:20:00");
	assert_false(facts.warnings & CAMERA_DATES_DIFFER);
	assert_int_equal(facts.trigger, CAMERA_TIME_LAPSE);
	assert_int_equal(facts.sequence_index, 0);
	assert_int_equal(facts.event, 2);
	assert_string_equal(camera_moon_name(facts.moon), "last quarter");
	assert_true(facts.temperature == -1);
	assert_true(facts.battery_volts == 7.797);
}

static void test_microfire(void **state)
{
	uint8_t note[0xB0] = "RECONYXMF";
	struct spec spec = {.make = "RECONYX", .note = note, .note_size = sizeof note};

	(void)state;
	words(note + 0x44, (unsigned[]){'M', 1, 5, 0, 77}, 5);
	words(note + 0x4E, (unsigned[]){1, 2, 3, 4, 25, 2021, 1}, 7);
	words(note + 0x5C, (unsigned[]){0, 212, 100 - 15}, 3);
	words(note + 0x72, (unsigned[]){6100, 3}, 2);
	memcpy(note + 0x76, "NORTH RIDGE", 11);
	wide(note + 0x8C, "MS7XXX01234567");
	read_spec(&spec);
	expect_common("reconyx-microfire", "MS7XXX01234567", "NORTH RIDGE");
	expect_own_date("2021-04-25T03:02:01");
	assert_int_equal(facts.sequence_count, 5);
	assert_int_equal(facts.event, 77);
	assert_int_equal(facts.moon, 0);
	assert_true(facts.temperature == 85);
	assert_true(facts.battery_volts == 6.1);
}

/* Byte dates: second, minute, hour, day, month, and the year in 16 bits. */
static void test_ultrafire_and_4k(void **state)
{
	uint8_t note[0xA0] = "RECONYXUF";
	struct spec spec = {.make = "RECONYX", .note = note, .note_size = sizeof note};

	(void)state;
	note[0x34] = 'M';
	note[0x35] = 3;
	note[0x36] = 10;
	put32(note + 0x37, 70000, false);
	memcpy(note + 0x3B, "\x07\x08\x09\x0B\x0C", 5);
	put16(note + 0x40, 2016, false);
	note[0x43] = 7;
	words(note + 0x44, (unsigned[]){14, 0xFFF6}, 2);
	put16(note + 0x49, 9000, false);
	memcpy(note + 0x4B, "P800HF10168191", 14);
	memcpy(note + 0x5A, "UltraFire\0\xFF", 11);
	read_spec(&spec);
	expect_common("reconyx-ultrafire", "P800HF10168191", "UltraFire");
	expect_own_date("2016-12-11T09:08:07");
	assert_int_equal(facts.sequence_index, 3);
	assert_int_equal(facts.sequence_count, 10);
	assert_int_equal(facts.event, 70000);
	assert_int_equal(facts.moon, 7);
	assert_true(facts.temperature == -10);
	assert_true(facts.battery_volts == 9);

	memset(note, 0, sizeof note);
	memcpy(note, "RECONYXHF4K", 11);
	note[0x28] = 'E';
	note[0x29] = note[0x2A] = 1;
	put32(note + 0x2B, 5, false);
	memcpy(note + 0x2F, "\x07\x08\x09\x0B\x0C", 5);
	put16(note + 0x34, 2024, false);
	note[0x37] = 1;
	words(note + 0x38, (unsigned[]){68, 20}, 2);
	put16(note + 0x4B, 12345, false);
	memcpy(note + 0x51, "A label that is longer than twenty-two characters", 49);
	memcpy(note + 0x84, "HP4K0000000001", 14);
	read_spec(&spec);
	expect_common("reconyx-hyperfire4k", "HP4K0000000001",
		"A label that is longer than twenty-two characters");
	expect_own_date("2024-12-11T09:08:07");
	assert_int_equal(facts.trigger, CAMERA_EXTERNAL);
	assert_int_equal(facts.event, 5);
	assert_true(facts.temperature == 20);
	assert_true(facts.battery_volts == 12.345);
}

/* Every length of a note, cut anywhere: what is there is read, and nothing behind it. */
static void test_cut_notes(void **state)
{
	uint8_t note[0x6C];
	struct spec spec = {.make = "RECONYX", .note = note};

	(void)state;
	build_hyperfire(note);
	for (size_t size = 5; size <= sizeof note; size++) {
		spec.note_size = size;
		read_spec(&spec);
		assert_true(size < 0x22 || size < 0x30 || facts.has_own_date);
	}
	assert_string_equal(facts.label, "HC500 HYPERFIRE");
}

/* Section 1, RapidFire RM45. */
static void test_rapidfire(void **state)
{
	struct spec spec = {.make = "RECONYX",
		.note = "}:-\0\0",
		.note_size = 5,
		.com = "Trg: M 3/3\rEvt: 1\rDat: 2010-07-21 5:27:59 PM\rTmp: 21 C\rBat: 8020\r"
		       "Ill: Off\rPIR: 50\rLbl: RM45 RAPIDFIRE\rNam: IMG_0003.JPG\r"
		       "SN:  RM13AB01002902\rVer: 1\r"};

	(void)state;
	read_spec(&spec);
	expect_common("reconyx-rapidfire", "RM13AB01002902", "RM45 RAPIDFIRE");
	expect_own_date("2010-07-21T17:27:59");
	assert_int_equal(facts.trigger, CAMERA_MOTION);
	assert_int_equal(facts.sequence_index, 3);
	assert_int_equal(facts.sequence_count, 3);
	assert_int_equal(facts.event, 1);
	assert_true(facts.temperature == 21);
	assert_true(facts.battery_volts == 8.02);
	spec.com = "Trg: T\nDat: 2010-07-21 12:00:01 AM\nTmp: 14 F\n";
	read_spec(&spec);
	expect_own_date("2010-07-21T00:00:01");
	assert_int_equal(facts.trigger, CAMERA_TIME_LAPSE);
	assert_true(facts.temperature == -10); /* (14 − 32) · 5/9 */
	spec.com = "File written by a program\n";
	read_spec(&spec);
	assert_int_equal(facts.reader, CAMERA_GENERIC);
}

/* ---- text ---- */

static void set_comment(struct spec *spec, const char *text, size_t size)
{
	spec->comment = text;
	spec->comment_size = size;
}

static void test_browning(void **state)
{
	static const char comment[] =
		"\0\0\0\0\0\0\0\0C[P] R[0]S[1]T[19C]P[3034] [CAMERA1] M[3] A[U]\0\0";
	static const char ascii[] = "ASCII\0\0\0T[23F] [] [SITE 7]";
	struct spec spec = {.make = "BROWNING", .model = "BTC-8EHP5U"};

	(void)state;
	set_comment(&spec, comment, sizeof comment);
	read_spec(&spec);
	expect_common("browning", "", "CAMERA1");
	assert_true(facts.temperature == 19);
	assert_int_equal(facts.moon, 3);
	spec.make = "Prometheus";
	set_comment(&spec, ascii, sizeof ascii);
	read_spec(&spec);
	expect_common("browning", "", "SITE 7");
	assert_true(facts.temperature == -5); /* (23 − 32) · 5/9 */
	assert_int_equal(facts.moon, -1);
}

static void test_cuddeback(void **state)
{
	static const char comment[] =
		"MR=C.1,AD=9/24/"
		"2021,LD=43,BT=33,RD=22,LH=0,LI=683,BL=5233,BP=50%,BS=Int,BD=5,BI=84,"
		"CF=Enabled,SP=Medium,LF=50,EX=Centered,ID=CC0147,SM=ADV,DD=FAP,DI=2,DV=OFF";
	static const char unnamed[] = "MR=C.1,BL=5233,BP=50%,SM=ADV";
	static const char old[] = "1 ATTEMPT G1H";
	struct spec spec = {.make = "CUDDEBACK", .model = "C-1"};

	(void)state;
	set_comment(&spec, comment, sizeof comment - 1);
	read_spec(&spec);
	expect_common("cuddeback", "", "CC0147");
	assert_true(facts.battery_percent == 50 && facts.battery_volts == 5.233);
	/* BT is not a temperature. */
	assert_true(isnan(facts.temperature));
	set_comment(&spec, unnamed, sizeof unnamed - 1);
	read_spec(&spec);
	expect_common("cuddeback", "", "");
	/* The old ones swap make and model. */
	spec.make = "G6.1";
	spec.model = "CUDDEBACK";
	set_comment(&spec, old, sizeof old - 1);
	read_spec(&spec);
	expect_common("cuddeback-old", "", "1 ATTEMPT G1H");
	assert_string_equal(facts.make, "CUDDEBACK");
	assert_string_equal(facts.model, "G6.1");
}

static void test_moultrie(void **state)
{
	static const struct {
		const char *note, *label;
		double temperature;
		int moon;
	} rows[] = {{"::60F:7:MYCAMERA  ", "MYCAMERA", 15.6, 7},
		{"0.00:-1C:3:UP JVILE ", "UP JVILE", -1, 3}, {"no colons", "", NAN, -1},
		{"a:b:c", "", NAN, -1}, {"60F:9:X", "", NAN, -1}};
	struct spec spec = {.make = "Moultrie", .model = "M-40i"};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		spec.note = rows[i].note;
		spec.note_size = strlen(rows[i].note) + 1;
		read_spec(&spec);
		expect_common("moultrie", "", rows[i].label);
		assert_int_equal(facts.moon, rows[i].moon);
		assert_true(isnan(rows[i].temperature) ? isnan(facts.temperature)
						       : facts.temperature == rows[i].temperature);
	}
}

static void test_others(void **state)
{
	struct spec panthera = {.make = "Panthera V4",
		.model = "CAM41978",
		.description = "Temperature= 26.12\nImageCount=959\nFlash=1"};
	struct spec bushnell = {.software = "BS685BWYx08237"};
	struct spec stealth = {.make = "Stealth Cam",
		.original = "2015:01:02 17:04:08",
		.created = "0000006655555555",
		.latitude_ref = "N",
		.longitude_ref = "E",
		.has_latitude = true,
		.has_longitude = true};
	struct spec buckeye = {.make = "BuckEyeCam", .model = "X80", .com = "SN=123\nTEXT1=Hut\n"};

	(void)state;
	read_spec(&panthera);
	expect_common("panthera", "", "CAM41978");
	assert_true(facts.temperature == 26.12);
	read_spec(&bushnell);
	expect_common("bushnell", "", "");
	assert_string_equal(facts.make, "BUSHNELL");
	bushnell.software = "4580BWDLx0200B";
	read_spec(&bushnell);
	assert_int_equal(facts.reader, CAMERA_BUSHNELL);
	bushnell.software = "BS68BWYx08237";
	read_spec(&bushnell);
	assert_int_equal(facts.reader, CAMERA_GENERIC);
	read_spec(&stealth);
	expect_common("stealth-cam", "", "");
	assert_true(facts.warnings & CAMERA_GPS_NULL_ISLAND);
	assert_true(isnan(facts.latitude));
	assert_int_equal(facts.taken_source, TIME_EXIF);
	/* A broken CreateDate is no date. */
	stealth.original = NULL;
	read_spec(&stealth);
	assert_int_equal(facts.taken_source, TIME_NONE);
	read_spec(&buckeye);
	expect_common("buckeye", "123", "Hut");
}

/* Section 9, rule 4: the character sets of a UserComment. */
static void test_character_sets(void **state)
{
	static const char little[] = "UNICODE\0[\0\xE9\0\x15\x20]\0";
	static const char big[] = "UNICODE\0\0[\0\xE9\x20\x15\0]";
	static const char latin[] = "[\xE9]\xFF\xFF";
	struct spec spec = {.make = "BROWNING"};

	(void)state;
	for (int order = 0; order < 2; order++) {
		spec.big = order;
		set_comment(&spec, little, sizeof little - 1);
		read_spec(&spec);
		assert_string_equal(facts.label, "\xC3\xA9\xE2\x80\x95");
		set_comment(&spec, big, sizeof big - 1);
		read_spec(&spec);
		assert_string_equal(facts.label, "\xC3\xA9\xE2\x80\x95");
	}
	set_comment(&spec, latin, sizeof latin - 1);
	read_spec(&spec);
	assert_string_equal(facts.label, "\xC3\xA9");
}

static void test_dates(void **state)
{
	struct spec spec = {.make = "X", .created = "2020:01:02 03:04:05"};

	(void)state;
	read_spec(&spec);
	assert_int_equal(facts.taken_source, TIME_EXIF_OTHER);
	spec.original = "    :  :     :  :  ";
	read_spec(&spec);
	assert_int_equal(facts.taken_source, TIME_EXIF_OTHER);
	spec.original = "2000:12:31 23:59:59";
	read_spec(&spec);
	assert_true(facts.warnings & CAMERA_CLOCK_RESET);
	/* Section 9, rule 2: round dates at which clocks begin. */
	spec.original = "2001:01:01 00:00:00";
	read_spec(&spec);
	assert_int_equal(facts.warnings, CAMERA_FACTORY_DATE);
	spec.original = "2019:01:01 00:59:59";
	read_spec(&spec);
	assert_int_equal(facts.warnings, CAMERA_FACTORY_DATE);
	spec.original = "2019:01:01 01:00:00";
	read_spec(&spec);
	assert_int_equal(facts.warnings, 0);
	/* Rule 1: CreateDate before ModifyDate. */
	spec.original = NULL;
	read_spec(&spec);
	assert_true(facts.taken.year == 2020 && facts.warnings == 0);
	spec.original = "2035:01:01 00:00:00";
	read_spec(&spec);
	assert_int_equal(facts.warnings, CAMERA_IN_FUTURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hyperfire),
		cmocka_unit_test(test_hyperfire2),
		cmocka_unit_test(test_microfire),
		cmocka_unit_test(test_ultrafire_and_4k),
		cmocka_unit_test(test_cut_notes),
		cmocka_unit_test(test_rapidfire),
		cmocka_unit_test(test_browning),
		cmocka_unit_test(test_cuddeback),
		cmocka_unit_test(test_moultrie),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_character_sets),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
