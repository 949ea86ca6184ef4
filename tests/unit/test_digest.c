/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 against the examples of FIPS 180-2, appendix B; a digest can be used again. */
#include "trapkit/digest.h"
#include "trapkit/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void published_examples(void **state)
{
	static const char *const examples[][2] = {
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	struct error err = {0};
	struct sha256 *digest = sha256_new(&err);
	uint8_t out[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	(void)state;
	assert_non_null(digest);
	for (size_t i = 0; i < 2; i++) {
		size_t half = strlen(examples[i][0]) / 2;

		sha256_update(digest, examples[i][0], half);
		sha256_update(digest, examples[i][0] + half, strlen(examples[i][0]) - half);
		sha256_finish(digest, out);
		sha256_hex(out, hex);
		assert_string_equal(hex, examples[i][1]);
	}
	sha256_free(digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(published_examples)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
