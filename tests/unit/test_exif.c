/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EXIF blocks and JPEG segments built byte by byte: values, text, damage, cycles. */
#include "trapkit/exif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void text_is_cleaned(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *text;
	} cases[] = {
		{"Willfine\0", 9, "Willfine"},
		{"  X70  \0\0\0", 10, "X70"},
		{"\0\0 A", 4, "A"},
		{"\xFF\xFF\xFF\xFF", 4, ""},
		{"A\xFF\xFF", 3, "A"},
		{"one\0two", 7, "one"},
		{"tab\there", 8, "tab here"},
		{"\r\nX\r\n", 5, "X"},
		{"\xC5\x81\xC3\xB3", 4, "\xC5\x81\xC3\xB3"},     /* Łó */
		{"Jon\xE1s", 5, "Jon\xC3\xA1s"},                 /* Latin-1 á */
		{"\xED\xA0\x80", 3, "\xC3\xAD\xC2\xA0\xC2\x80"}, /* a surrogate is no UTF-8 */
		{"", 0, ""},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = exif_clean_text(
			(const uint8_t *)cases[i].bytes, cases[i].length, out, sizeof out);

		assert_string_equal(out, cases[i].text);
		assert_int_equal(length, strlen(cases[i].text));
	}
}

static void text_is_cut_at_a_character(void **state)
{
	char out[4];

	(void)state;
	/* Three bytes fit; the two of the second Ł would be bytes 3 and 4. */
	assert_int_equal(exif_clean_text((const uint8_t *)"\xC5\x81\xC5\x81", 4, out, 4), 2);
	assert_string_equal(out, "\xC5\x81");
	assert_int_equal(exif_clean_text((const uint8_t *)"abcdef", 6, out, 4), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(exif_clean_text((const uint8_t *)"a b", 3, out, 3), 1);
	assert_string_equal(out, "a");
	assert_int_equal(exif_clean_text((const uint8_t *)"abc", 3, out, 1), 0);
}

/* Header, a directory at 8 with three entries, the EXIF directory at 50 with one. */
static const uint8_t little[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 3, 0,
	/* Model, ASCII, 7 bytes at 68 */ 0x10, 0x01, 2, 0, 7, 0, 0, 0, 68, 0, 0, 0,
	/* Orientation, SHORT, 6 */ 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0,
	/* EXIF directory at 50 */ 0x69, 0x87, 4, 0, 1, 0, 0, 0, 50, 0, 0, 0,
	/* no next one */ 0, 0, 0, 0,
	/* 50: one entry, body serial, ASCII, 4 bytes in place */ 1, 0, 0x31, 0xA4, 2, 0, 4, 0, 0,
	0, 'S', '7', '2', 0, /* next */ 0, 0, 0, 0,
	/* 68 */ 'T', 'R', 'A', 'P', ' ', '1', 0};

static void values_are_found(void **state)
{
	struct exif_block block;
	struct exif_entry entry;
	char text[16];
	uint32_t number;

	(void)state;
	assert_true(exif_open(&block, little, sizeof little));
	assert_true(exif_find(&block, EXIF_IMAGE, EXIF_MODEL, &entry));
	assert_int_equal(exif_text(&entry, text, sizeof text), 6);
	assert_string_equal(text, "TRAP 1");
	assert_true(exif_find(&block, EXIF_IMAGE, EXIF_ORIENTATION, &entry));
	assert_true(exif_unsigned(&entry, 0, &number));
	assert_int_equal(number, 6);
	assert_false(exif_unsigned(&entry, 1, &number));
	assert_int_equal(exif_text(&entry, text, sizeof text), 0);
	assert_true(exif_find(&block, EXIF_PHOTO, EXIF_BODY_SERIAL, &entry));
	exif_text(&entry, text, sizeof text);
	assert_string_equal(text, "S72");
	/* Only in its own directory. */
	assert_false(exif_find(&block, EXIF_IMAGE, EXIF_BODY_SERIAL, &entry));
	assert_false(block.damaged);
}

static void a_short_block_tells_what_it_wants(void **state)
{
	struct exif_block block;
	struct exif_entry entry;

	(void)state;
	/* The EXIF directory is cut: its 2 + 12 bytes end at 64. */
	assert_true(exif_open(&block, little, 55));
	assert_true(exif_find(&block, EXIF_IMAGE, EXIF_ORIENTATION, &entry));
	assert_true(block.damaged);
	assert_int_equal(block.wanted, 64);
	assert_false(exif_find(&block, EXIF_IMAGE, EXIF_MODEL, &entry));
	assert_false(exif_find(&block, EXIF_PHOTO, EXIF_BODY_SERIAL, &entry));
	/* The first directory is cut after one entry: 8 + 2 + 36. */
	assert_true(exif_open(&block, little, 30));
	assert_false(exif_find(&block, EXIF_IMAGE, EXIF_ORIENTATION, &entry));
	assert_int_equal(block.wanted, 46);
	assert_false(exif_open(&block, little, 7));
}

static void count_visits(const struct exif_entry *entry, void *context)
{
	(void)entry;
	++*(int *)context;
}

static void pointers_in_a_circle_end(void **state)
{
	/* The EXIF and the GPS directory are the first one again. */
	static const uint8_t bytes[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2, 0x87, 0x69, 0, 4, 0, 0,
		0, 1, 0, 0, 0, 8, 0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8};
	struct exif_block block;
	int visits = 0;

	(void)state;
	assert_true(exif_open(&block, bytes, sizeof bytes));
	exif_walk(&block, count_visits, &visits);
	assert_int_equal(visits, 6);
}

static void a_huge_count_is_no_value(void **state)
{
	/* 0x40000000 rationals are 8 GiB: more than 32 bits have. */
	static const uint8_t bytes[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 2, 0, 0x0F, 0x01, 5, 0, 0, 0,
		0, 0x40, 8, 0, 0, 0, 0x0F, 0x01, 2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 8, 0, 0, 0};
	struct exif_block block;
	struct exif_entry entry;
	int visits = 0;

	(void)state;
	assert_true(exif_open(&block, bytes, sizeof bytes));
	exif_walk(&block, count_visits, &visits);
	assert_int_equal(visits, 1);
	assert_true(block.damaged);
	assert_false(exif_find(&block, EXIF_IMAGE, EXIF_MAKE, &entry));
}

static void rationals_are_numbers(void **state)
{
	static const uint8_t data[] = {
		0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 2};
	struct exif_entry entry = {.type = EXIF_RATIONAL,
		.count = 3,
		.data = data,
		.size = sizeof data,
		.big_endian = true};
	double value;

	(void)state;
	assert_true(exif_number(&entry, 0, &value));
	assert_true(value == 1.5);
	assert_false(exif_number(&entry, 1, &value)); /* 1/0 */
	assert_false(exif_number(&entry, 3, &value));
	entry.type = EXIF_SRATIONAL;
	assert_true(exif_number(&entry, 2, &value));
	assert_true(value == -0.5);
	entry.type = EXIF_ASCII;
	assert_false(exif_number(&entry, 0, &value));
}

static void segments_are_found(void **state)
{
	struct jpeg_segment segment;

	(void)state;
	/* Two fill bytes, APP1 with four bytes of payload. */
	assert_int_equal(jpeg_segment_at((const uint8_t *)"\xFF\xFF\xFF\xE1\0\6Exif", 10, &segment),
		JPEG_SEGMENT);
	assert_int_equal(segment.marker, JPEG_APP1);
	assert_int_equal(segment.header, 6);
	assert_int_equal(segment.payload, 4);
	/* Stray bytes, a stuffed FF 00, then the end of the picture. */
	assert_int_equal(
		jpeg_segment_at((const uint8_t *)"x\xFF\0y\xFF\xD9", 6, &segment), JPEG_SEGMENT);
	assert_int_equal(segment.marker, JPEG_EOI);
	assert_int_equal(segment.header, 6);
	assert_int_equal(segment.payload, 0);
	assert_int_equal(
		jpeg_segment_at((const uint8_t *)"\xFF\xE1\0", 3, &segment), JPEG_NEED_MORE);
	assert_int_equal(jpeg_segment_at((const uint8_t *)"abc", 3, &segment), JPEG_NEED_MORE);
	assert_int_equal(jpeg_segment_at((const uint8_t *)"\xFF\xFF", 2, &segment), JPEG_NEED_MORE);
	/* A length counts its own two bytes. */
	assert_int_equal(
		jpeg_segment_at((const uint8_t *)"\xFF\xE1\0\1", 4, &segment), JPEG_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_cleaned),
		cmocka_unit_test(text_is_cut_at_a_character),
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(a_short_block_tells_what_it_wants),
		cmocka_unit_test(pointers_in_a_circle_end),
		cmocka_unit_test(a_huge_count_is_no_value),
		cmocka_unit_test(rationals_are_numbers),
		cmocka_unit_test(segments_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
