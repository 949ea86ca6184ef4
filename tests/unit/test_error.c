/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors: context goes in front, long messages are cut at a character boundary. */
#include "trapkit/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void context_goes_in_front(void **state)
{
	struct error err = {0};

	(void)state;
	errno = ENOENT;
	assert_int_equal(error_errno(&err, "cannot open '%s'", "a.yaml"), -1);
	assert_int_equal(error_context(&err, "package '%s'", "winter"), -1);
	assert_string_equal(
		err.message, "package 'winter': cannot open 'a.yaml': No such file or directory");
	assert_int_equal(err.kind, ERROR_SYSTEM);
}

static void cut_at_a_character(void **state)
{
	struct error err = {0};
	char text[ERROR_MESSAGE_SIZE + 10];

	(void)state;
	memset(text, 'a', sizeof text);
	/* The buffer holds 1023 bytes; the two-byte Ł (C5 81) begins at the last of them. */
	memcpy(text + ERROR_MESSAGE_SIZE - 2, "\xC5\x81", 3);
	error_set(&err, ERROR_INPUT, "%s", text);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
