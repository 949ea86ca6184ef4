/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How often progress is drawn and told, with a clock of our own. */
#include "../../cmd/cli/bars.h"
#include "../../cmd/cli/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	while ((text = strstr(text, part)) != NULL) {
		found++;
		text += strlen(part);
	}
	return found;
}

/* `seconds` of work, a thousand events each second; returns what was written. */
static char *work(enum bars_mode mode, int seconds)
{
	char *text = NULL;
	size_t size;
	struct bars bars = {.mode = mode, .out = open_memstream(&text, &size)};
	struct progress_event event = {.kind = PROGRESS_BEGIN, .stage = "upload"};
	int steps = seconds * 1000;

	assert_non_null(bars.out);
	event.files_total = (uint64_t)steps;
	bars_take(&bars, &event, 1000);
	event.kind = PROGRESS_ADVANCE;
	for (int i = 1; i <= steps; i++) {
		event.files_done = (uint64_t)i;
		bars_take(&bars, &event, 1000 + i / 1000.0);
	}
	event.kind = PROGRESS_END;
	bars_take(&bars, &event, 1000 + seconds);
	fclose(bars.out);
	return text;
}

static void test_lines(void **state)
{
	char *text = work(BARS_LINES, 65);

	(void)state;
	/* At 30 s and at 60 s, and no escape sequence in a pipe. */
	assert_int_equal(count(text, "\n"), 2);
	assert_int_equal(count(text, "\033"), 0);
	assert_int_equal(count(text, "upload: 30000 of 65000 files, 1000 files/s, 35 s left\n"), 1);
	free(text);
}

static void test_short_lines(void **state)
{
	char *text = work(BARS_LINES, 29);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void test_draws(void **state)
{
	char *text = work(BARS_DRAWN, 10);
	size_t draws = count(text, "upload ");

	(void)state;
	/* 9.5 s after the first half second, six a second at most. */
	assert_in_range(draws, 40, 57);
	assert_int_equal(count(text, "\n"), 0);
	/* Nothing of it is left on the screen. */
	assert_string_equal(text + strlen(text) - 4, "\r\033[K");
	free(text);
}

static void test_short_draws(void **state)
{
	char *text = work(BARS_DRAWN, 0);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void test_json(void **state)
{
	char *text = work(BARS_JSON, 2);

	(void)state;
	assert_int_equal(count(text, "\"event\":\"begin\""), 1);
	assert_int_equal(count(text, "\"event\":\"end\""), 1);
	assert_in_range(count(text, "\"event\":\"advance\""), 10, 12);
	free(text);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(display_width("abc"), 3);
	/* Letters of Polish take one cell each, an ideograph two, a combining accent none. */
	assert_int_equal(display_width("\xC5\xBC\xC3\xB3\xC5\x82w"), 4);
	assert_int_equal(display_width("\xE9\xB9\xBF"), 2);
	assert_int_equal(display_width("e\xCC\x81"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_short_lines),
		cmocka_unit_test(test_draws),
		cmocka_unit_test(test_short_draws),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
