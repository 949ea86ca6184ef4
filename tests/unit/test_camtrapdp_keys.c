/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of keys against plain lists: usual hashes, and such as all want the same place. */
#include "../../lib/camtrapdp/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Adds `count` hashes, each twice, and looks all of them up again. */
static void fill(uint64_t (*hash_at)(uint64_t), uint64_t count)
{
	struct key_map map = {0}, set = {0};
	uint64_t *slot;

	for (uint64_t i = 0; i < count; i++) {
		assert_null(key_find(&map, hash_at(i)));
		key_prefetch(&map, hash_at(i));
		assert_true(key_add(&map, hash_at(i), 7 * i, &slot));
		assert_int_equal(*slot, 7 * i);
		assert_true(key_set_add(&set, hash_at(i)));
		assert_false(key_set_add(&set, hash_at(i / 2)));
		assert_false(key_add(&map, hash_at(i / 2), 0, &slot));
		assert_int_equal(*slot, 7 * (i / 2));
	}
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(*key_find(&map, hash_at(i)), 7 * i);
	assert_null(key_find(&map, hash_at(count)));
	assert_int_equal(map.count, count);
	assert_int_equal(set.count, count);
	key_map_release(&set);
	key_map_release(&map);
}

static uint64_t usual(uint64_t i)
{
	char text[33];

	snprintf(text, sizeof text, "%032llx", (unsigned long long)i);
	return key_hash(text, strlen(text), KEY_SEED);
}

static uint64_t ascending(uint64_t i)
{
	return i + 1;
}

static uint64_t descending_from_the_last(uint64_t i)
{
	return UINT64_MAX - i;
}

static uint64_t from_both_ends(uint64_t i)
{
	return i % 2 == 0 ? i + 1 : UINT64_MAX - i;
}

static void every_key_is_found(void **state)
{
	(void)state;
	fill(usual, 100000);
	fill(ascending, 3000);
	fill(descending_from_the_last, 3000);
	fill(from_both_ends, 3000);
}

/* What keys.h promises of memory. */
static void keys_take_little_room(void **state)
{
	struct key_map set = {0};

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		key_set_add(&set, usual(i));
		if (i > 2000)
			assert_in_range(set.slots * sizeof *set.hashes / set.count, 10, 16);
	}
	key_map_release(&set);
}

static void payloads_become_a_list(void **state)
{
	struct key_map map = {0};
	uint64_t *slot, *list, sum = 0;
	size_t count;

	(void)state;
	list = key_map_payloads(&map, &count);
	assert_int_equal(count, 0);
	free(list);
	for (uint64_t i = 0; i < 5000; i++)
		key_add(&map, usual(i), i, &slot);
	list = key_map_payloads(&map, &count);
	assert_int_equal(count, 5000);
	for (size_t i = 0; i < count; i++)
		sum += list[i];
	assert_int_equal(sum, 5000 * 4999 / 2);
	assert_null(map.hashes);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_found),
		cmocka_unit_test(keys_take_little_room),
		cmocka_unit_test(payloads_become_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
