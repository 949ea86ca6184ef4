/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 against the examples of FIPS 180-2, appendix B; lanes against OpenSSL; used again. */
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

/* OpenSSL alone is the judge: one message at a time never goes through the lanes. */
static void side_by_side(void **state)
{
	static uint8_t bytes[SHA256_LANES][5000];
	static const size_t pieces[] = {64, 128, 4096, 100, 37, 64, 0, 500};
	struct sha256 *alone, *together[SHA256_LANES];
	const uint8_t *at[SHA256_LANES];
	struct error err = {0};
	uint8_t expected[SHA256_SIZE], out[SHA256_SIZE];

	(void)state;
	alone = sha256_new(&err);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i / sizeof bytes[0]][i % sizeof bytes[0]] = (uint8_t)(i * 2654435761U >> 11);
	for (size_t count = 1; count <= SHA256_LANES; count++) {
		for (size_t i = 0; i < count; i++) {
			together[i] = sha256_new(&err);
			at[i] = bytes[i];
		}
		for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
			sha256_update_many(together, at, count, pieces[k]);
			for (size_t i = 0; i < count; i++)
				at[i] += pieces[k];
		}
		for (size_t i = 0; i < count; i++) {
			sha256_update(alone, bytes[i], (size_t)(at[i] - bytes[i]));
			sha256_finish(alone, expected);
			sha256_finish(together[i], out);
			assert_memory_equal(out, expected, SHA256_SIZE);
			sha256_free(together[i]);
		}
	}
	sha256_free(alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples), cmocka_unit_test(side_by_side)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
