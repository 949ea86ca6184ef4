/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of hashes that is a sorted list with gaps: it grows in place, with no second one beside
 * it. */
#include "keys.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024u
#define SLACK 64u

static uint64_t mix(uint64_t value)
{
	value ^= value >> 32;
	value *= 0xD6E8FEB86659FD93u;
	value ^= value >> 32;
	value *= 0xD6E8FEB86659FD93u;
	return value ^ value >> 32;
}

uint64_t key_hash(const void *bytes, size_t length, uint64_t seed)
{
	const uint8_t *at = bytes;
	uint64_t hash = seed ^ length * 0x9E3779B97F4A7C15u, word;

	for (; length >= 8; length -= 8, at += 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x9FB21C651E98DF25u;
		hash ^= hash >> 35;
	}
	word = 0;
	memcpy(&word, at, length);
	hash = mix((hash ^ word) * 0x9FB21C651E98DF25u);
	return hash == 0 ? 1 : hash;
}

uint64_t key_join(uint64_t left, uint64_t right)
{
	uint64_t hash = mix(left * 0x9E3779B97F4A7C15u + right);

	return hash == 0 ? 1 : hash;
}

/* In the order of the hashes, so that sorted keys lie at home. */
static size_t home_of(size_t room, uint64_t hash)
{
	return (size_t)((hash >> 32) * room >> 32);
}

/* Where the hash is, or would have to be. */
static size_t place_of(const struct key_map *map, uint64_t hash)
{
	size_t i = home_of(map->room, hash);

	while (map->hashes[i] != 0 && map->hashes[i] < hash)
		i++;
	return i;
}

uint64_t *key_find(const struct key_map *map, uint64_t hash)
{
	size_t i;

	if (map->room == 0)
		return NULL;
	i = place_of(map, hash);
	return map->hashes[i] == hash ? &map->payloads[i] : NULL;
}

void key_prefetch(const struct key_map *map, uint64_t hash)
{
	size_t home;

	if (map->room == 0)
		return;
	home = home_of(map->room, hash);
	__builtin_prefetch(&map->hashes[home]);
	if (map->payloads != NULL)
		__builtin_prefetch(&map->payloads[home]);
}

static void add_slots(struct key_map *map, size_t slots, bool payloads)
{
	map->hashes = xreallocarray(map->hashes, slots, sizeof *map->hashes);
	memset(map->hashes + map->slots, 0, (slots - map->slots) * sizeof *map->hashes);
	if (payloads)
		map->payloads = xreallocarray(map->payloads, slots, sizeof *map->payloads);
	map->slots = slots;
}

static void move(struct key_map *map, size_t to, size_t from)
{
	map->hashes[to] = map->hashes[from];
	if (map->payloads != NULL)
		map->payloads[to] = map->payloads[from];
}

/* One behind the last slot that the hashes will need in this room. */
static size_t slots_needed(const struct key_map *map, size_t room)
{
	size_t next = 0;

	for (size_t i = 0; i < map->slots; i++)
		if (map->hashes[i] != 0) {
			size_t home = home_of(room, map->hashes[i]);

			next = (home > next ? home : next) + 1;
		}
	return next;
}

/* Gives the hashes more room: all go to the end, and from there, in order, to their new places. */
static void grow(struct key_map *map, bool payloads)
{
	size_t room = map->room == 0 ? FIRST_ROOM : map->room + map->room / 2;
	size_t needed = slots_needed(map, room), from = map->slots, next = 0, to;

	if (needed < room)
		needed = room;
	if (needed + SLACK > map->slots)
		add_slots(map, needed + SLACK, payloads);
	to = map->slots;
	while (from-- > 0)
		if (map->hashes[from] != 0)
			move(map, --to, from);
	for (; to < map->slots; to++) {
		size_t home = home_of(room, map->hashes[to]);

		while (next < home)
			map->hashes[next++] = 0;
		move(map, next++, to);
	}
	memset(map->hashes + next, 0, (map->slots - next) * sizeof *map->hashes);
	map->room = room;
}

/* Puts a hash in its place; those that come after it make room, up to the next gap. */
static void insert(struct key_map *map, size_t at, uint64_t hash, uint64_t payload)
{
	for (;; at++) {
		uint64_t pushed = map->hashes[at];

		map->hashes[at] = hash;
		if (map->payloads != NULL) {
			uint64_t with = map->payloads[at];

			map->payloads[at] = payload;
			payload = with;
		}
		if (pushed == 0)
			break;
		hash = pushed;
	}
	map->count++;
	if (at + 1 == map->slots)
		add_slots(map, map->slots + map->slots / 8, map->payloads != NULL);
}

/* Where the hash is now; *added: it was not there. */
static size_t add(struct key_map *map, uint64_t hash, uint64_t payload, bool payloads, bool *added)
{
	size_t at;

	if (map->count >= map->room - map->room / 4)
		grow(map, payloads);
	at = place_of(map, hash);
	*added = map->hashes[at] != hash;
	if (*added)
		insert(map, at, hash, payload);
	return at;
}

bool key_add(struct key_map *map, uint64_t hash, uint64_t payload, uint64_t **slot)
{
	bool added;
	size_t at = add(map, hash, payload, true, &added);

	*slot = &map->payloads[at];
	return added;
}

bool key_set_add(struct key_map *set, uint64_t hash)
{
	bool added;

	add(set, hash, 0, false, &added);
	return added;
}

uint64_t *key_map_payloads(struct key_map *map, size_t *count)
{
	uint64_t *list = map->payloads;

	*count = 0;
	for (size_t i = 0; i < map->slots; i++)
		if (map->hashes[i] != 0)
			list[(*count)++] = list[i];
	map->payloads = NULL;
	key_map_release(map);
	return list;
}

void key_map_release(struct key_map *map)
{
	free(map->hashes);
	free(map->payloads);
	*map = (struct key_map){0};
}
