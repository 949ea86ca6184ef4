/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slugs, UTF-8, escapes, sizes, durations, nearest words, paths. */
#include "trapkit/text.h"

#include "trapkit/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Compares an owned text and frees it. */
static void expect_text(char *got, const char *expected)
{
	assert_string_equal(got, expected);
	free(got);
}

/* contracts/trapper.md 2.1, and hand-made ones. */
static void slugs(void **state)
{
	(void)state;
	expect_text(text_slugify("R1-32_01"), "r1-32_01");
	expect_text(text_slugify("R1 \xE2\x80\x93 \xC5\x81\xC3\xB3"
				 "d\xC5\xBA 5"),
		"r1-odz-5");
	expect_text(text_slugify("\xC3\x9F"), "");
	expect_text(text_slugify("__A--b  c_"), "a-b-c");
	expect_text(text_slugify("\xC3\x89t\xC3\xA9.2024/x"), "ete2024x");
	expect_text(text_slugify("\xEF\xAC\x81sh"), "fish");
	expect_text(text_slugify(""), "");
	expect_text(text_slugify("-_- _"), "");
	/* e with a combining acute, as macOS writes it, is the same as the one letter. */
	expect_text(text_slugify("Cafe\xCC\x81"), "cafe");
	/* Python's \s has the four separators 1C to 1F, too; the no-break space becomes a space. */
	expect_text(text_slugify("a\x1C"
				 "b\xC2\xA0"
				 "c\td"),
		"a-b-c-d");
	/* A dropped character between two dashes lets them meet. */
	expect_text(text_slugify("a-!-b"), "a-b");
}

static void utf8(void **state)
{
	(void)state;
	assert_true(text_is_utf8("", 0));
	assert_true(text_is_utf8("a\0b", 3));
	assert_true(text_is_utf8("\xF0\x9F\x98\x80", 4));
	assert_true(text_is_utf8("\xF4\x8F\xBF\xBF", 4));  /* U+10FFFF */
	assert_false(text_is_utf8("\xF4\x90\x80\x80", 4)); /* one more */
	assert_false(text_is_utf8("\xED\xA0\x80", 3));     /* a surrogate */
	assert_true(text_is_utf8("\xED\x9F\xBF", 3));      /* the last before them */
	assert_false(text_is_utf8("\xC0\xAF", 2));         /* overlong */
	assert_false(text_is_utf8("\xE0\x80\xAF", 3));
	assert_false(text_is_utf8("\xF0\x80\x80\xAF", 4));
	assert_false(text_is_utf8("\xC3", 1)); /* cut */
	assert_false(text_is_utf8("\xE2\x82", 2));
	assert_false(text_is_utf8("\x80", 1));
	assert_false(text_is_utf8("\xFF", 1));
	assert_false(text_is_utf8("\xC3(", 2));
}

static void escapes(void **state)
{
	(void)state;
	expect_text(text_escape("plain \xC5\x81"), "plain \xC5\x81");
	expect_text(text_escape("a\nb\x1B[31m"), "a\\x0Ab\\x1B[31m");
	expect_text(text_escape("\xE9t\xE9"), "\\xE9t\\xE9");
	expect_text(text_escape("\x7F"), "\\x7F");
	/* U+0085 and the right-to-left override U+202E. */
	expect_text(text_escape("a\xC2\x85"), "a\\xC2\\x85");
	expect_text(text_escape("gpj\xE2\x80\xAE.x"), "gpj\\xE2\\x80\\xAE.x");
	expect_text(text_escape(""), "");
}

static void sizes_shown(void **state)
{
	(void)state;
	expect_text(text_size(0), "0 B");
	expect_text(text_size(999), "999 B");
	expect_text(text_size(1000), "1 kB");
	expect_text(text_size(1500000000), "1.5 GB");
	expect_text(text_size(1234567), "1.23 MB");
	expect_text(text_size(12345678), "12.3 MB");
	expect_text(text_size(123456789), "123 MB");
	expect_text(text_size(999999), "1 MB");
	expect_text(text_size(9996), "10 kB");
	/* 2^64 - 1 = 18446744073709551615. */
	expect_text(text_size(UINT64_MAX), "18.4 EB");
}

static void durations_shown(void **state)
{
	(void)state;
	expect_text(text_duration(0), "0 s");
	expect_text(text_duration(-3), "0 s");
	expect_text(text_duration(0.25), "0.2 s");
	expect_text(text_duration(42), "42 s");
	expect_text(text_duration(200), "3 min 20 s");
	expect_text(text_duration(3900), "1 h 05 min");
	/* 3599.7 s is shown rounded, not as 59 min 60 s. */
	expect_text(text_duration(3599.7), "1 h 00 min");
	expect_text(text_duration(100000), "1 d 04 h"); /* 27.8 h */
}

static uint64_t size_of(const char *text)
{
	struct error err = {0};
	uint64_t bytes = 0;

	assert_int_equal(text_parse_size(text, &bytes, &err), 0);
	return bytes;
}

static void sizes_read(void **state)
{
	static const char *const wrong[] = {"", "G", "-1", "1.5", "1X", "1..5G", "0x10", "1e3",
		" 1", "1K ", "18446744073709551616", "16777216T", "1,5G", "nan", NULL};
	struct error err = {0};
	uint64_t bytes = 7;

	(void)state;
	assert_int_equal(size_of("0"), 0);
	assert_int_equal(size_of("12345"), 12345);
	assert_int_equal(size_of("2K"), 2048);
	assert_int_equal(size_of("2KB"), 2000);
	assert_int_equal(size_of("1.5G"), 1610612736); /* 1.5 * 2^30 */
	assert_int_equal(size_of("1.5 GB"), 1500000000);
	assert_int_equal(size_of("500m"), 524288000);
	assert_int_equal(size_of("1T"), 1099511627776);
	assert_int_equal(size_of("2TB"), 2000000000000);
	assert_int_equal(size_of("18446744073709551615"), UINT64_MAX);
	for (size_t i = 0; wrong[i] != NULL; i++)
		assert_int_equal(text_parse_size(wrong[i], &bytes, &err), -1);
	assert_int_equal(bytes, 7);
	assert_int_equal(err.kind, ERROR_INPUT);
}

static void durations_read(void **state)
{
	static const char *const wrong[] = {
		"", "s", "-5", "5x", "1h30m", "inf", "nan", "5 minutes", "99999999999d", NULL};
	struct error err = {0};
	double seconds = 0;

	(void)state;
	assert_int_equal(text_parse_duration("90", &seconds, &err), 0);
	assert_true(seconds == 90);
	assert_int_equal(text_parse_duration("90s", &seconds, &err), 0);
	assert_true(seconds == 90);
	assert_int_equal(text_parse_duration("15m", &seconds, &err), 0);
	assert_true(seconds == 900);
	assert_int_equal(text_parse_duration("48h", &seconds, &err), 0);
	assert_true(seconds == 172800);
	assert_int_equal(text_parse_duration("7d", &seconds, &err), 0);
	assert_true(seconds == 604800);
	assert_int_equal(text_parse_duration("0.5s", &seconds, &err), 0);
	assert_true(seconds == 0.5);
	for (size_t i = 0; wrong[i] != NULL; i++)
		assert_int_equal(text_parse_duration(wrong[i], &seconds, &err), -1);
}

static void nearest(void **state)
{
	static const char *const names[] = {"package", "pipeline", "profile", "up", NULL};
	char longer[400];

	(void)state;
	assert_string_equal(text_nearest("pakage", names), "package");
	assert_string_equal(text_nearest("PIPELNIE", names), "pipeline");
	assert_string_equal(text_nearest("package", names), "package");
	assert_string_equal(text_nearest("pu", names), "up");
	assert_null(text_nearest("export", names));
	assert_null(text_nearest("", names));
	memset(longer, 'p', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_null(text_nearest(longer, names));
}

static void paths(void **state)
{
	static const char *const suffixes[] = {".jpg", ".jpeg", NULL};

	(void)state;
	assert_string_equal(text_base_name("a/b/c.jpg"), "c.jpg");
	assert_string_equal(text_base_name("c.jpg"), "c.jpg");
	expect_text(text_join_path("a", "b"), "a/b");
	expect_text(text_join_path("a/", "b"), "a/b");
	expect_text(text_join_path("a//", "/b"), "a/b");
	expect_text(text_join_path("/", "b"), "/b");
	expect_text(text_join_path("", "b"), "b");
	assert_true(text_has_suffix("IMG.JPG", suffixes));
	assert_true(text_has_suffix("x.jpeg", suffixes));
	assert_false(text_has_suffix("jpg", suffixes));
	assert_false(text_has_suffix("x.jpg.tmp", suffixes));
}

/* Python: normalize("NFD", normalize("NFD", text).casefold()) of both sides is equal. */
static void folds_case_and_accents(void **state)
{
	static const char *const pairs[][2] = {{"IMG_1.JPG", "img_1.jpg"},
		{"\xC3\xA9", "e\xCC\x81"}, {"\xC3\x89", "e\xCC\x81"}, {"\xC5\x81", "\xC5\x82"},
		{"stra\303\237e", "STRASSE"},
		{"\xEA\xB0\x81", "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8"}, {"\xCE\xA3", "\xCF\x82"}};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char *left = text_fold(pairs[i][0]), *right = text_fold(pairs[i][1]);

		assert_string_equal(left, right);
		free(left);
		free(right);
	}
	{
		/* An accent is no letter: caf\u00E9 is not cafe. */
		char *folded = text_fold("CAF\303\211 \360\237\246\212");

		assert_string_equal(folded, "cafe\314\201 \360\237\246\212");
		free(folded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds_case_and_accents),
		cmocka_unit_test(slugs),
		cmocka_unit_test(utf8),
		cmocka_unit_test(escapes),
		cmocka_unit_test(sizes_shown),
		cmocka_unit_test(durations_shown),
		cmocka_unit_test(sizes_read),
		cmocka_unit_test(durations_read),
		cmocka_unit_test(nearest),
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
