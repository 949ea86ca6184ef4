/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identifiers by their hash, whatever their length: 11 to 16 bytes each, with a payload 22 to 32.
 */
#ifndef TRAPKIT_CAMTRAPDP_KEYS_H
#define TRAPKIT_CAMTRAPDP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * 64 bits, never 0: with ten million keys the chance that any two share a hash is 1 in 370,000
 * (n * n / 2 / 2^64).
 */
uint64_t key_hash(const void *bytes, size_t length, uint64_t seed);
#define KEY_SEED 1 /* of identifiers and names */
/* A hash of two. */
uint64_t key_join(uint64_t left, uint64_t right);

/* Hashes in ascending order, each near the place that its size gives it. `{ 0 }` is empty. */
struct key_map {
	uint64_t *hashes;          /* 0 = free; the last is */
	uint64_t *payloads;        /* beside them; NULL in a set */
	size_t count, room, slots; /* slots: the room, and some for what is pushed out of it */
};

/* The payload, to be changed in place; NULL = not there. */
uint64_t *key_find(const struct key_map *map, uint64_t hash);
/* False when it was there already: *slot is then the earlier payload, unchanged. */
bool key_add(struct key_map *map, uint64_t hash, uint64_t payload, uint64_t **slot);
/* The same for a set, which has no payloads. */
bool key_set_add(struct key_map *set, uint64_t hash);
/* Has the processor fetch what key_find or key_add will soon look at. */
void key_prefetch(const struct key_map *map, uint64_t hash);
/* The payloads as a list, owned by the caller; the map is empty then. */
uint64_t *key_map_payloads(struct key_map *map, size_t *count);
void key_map_release(struct key_map *map);

#endif
