/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identifiers by their hash: 16 bytes each, whatever their length. */
#ifndef TRAPKIT_CAMTRAPDP_KEYS_H
#define TRAPKIT_CAMTRAPDP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * 64 bits: with ten million keys the chance that any two share a hash is 1 in 370,000
 * (n * n / 2 / 2^64).
 */
uint64_t key_hash(const void *bytes, size_t length, uint64_t seed);
/* A hash of two. */
uint64_t key_join(uint64_t left, uint64_t right);

struct key_entry {
	uint64_t hash; /* 0 = free */
	uint64_t payload;
};

/* `{ 0 }` is empty. */
struct key_map {
	struct key_entry *items;
	size_t count, room; /* room: a power of two, or 0 */
};

/* The payload, to be changed in place; NULL = not there. */
uint64_t *key_find(const struct key_map *map, uint64_t hash);
/* False when it was there already: *slot is then the earlier payload, unchanged. */
bool key_add(struct key_map *map, uint64_t hash, uint64_t payload, uint64_t **slot);
void key_map_release(struct key_map *map);

#endif
