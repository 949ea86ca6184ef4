/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An open-addressing table of hashes. */
#include "keys.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024u

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

uint64_t *key_find(const struct key_map *map, uint64_t hash)
{
	if (map->room == 0)
		return NULL;
	for (size_t i = hash & (map->room - 1); map->items[i].hash != 0;
		i = (i + 1) & (map->room - 1))
		if (map->items[i].hash == hash)
			return &map->items[i].payload;
	return NULL;
}

static struct key_entry *free_slot(struct key_map *map, uint64_t hash)
{
	size_t i = hash & (map->room - 1);

	while (map->items[i].hash != 0)
		i = (i + 1) & (map->room - 1);
	return &map->items[i];
}

static void grow(struct key_map *map)
{
	struct key_map larger = {
		.room = map->room == 0 ? FIRST_ROOM : map->room * 2, .count = map->count};

	larger.items = xcalloc(larger.room, sizeof *larger.items);
	for (size_t i = 0; i < map->room; i++)
		if (map->items[i].hash != 0)
			*free_slot(&larger, map->items[i].hash) = map->items[i];
	free(map->items);
	*map = larger;
}

bool key_add(struct key_map *map, uint64_t hash, uint64_t payload, uint64_t **slot)
{
	uint64_t *found = key_find(map, hash);
	struct key_entry *entry;

	if (found != NULL) {
		*slot = found;
		return false;
	}
	if (map->count + map->count / 4 >= map->room)
		grow(map);
	entry = free_slot(map, hash);
	*entry = (struct key_entry){hash, payload};
	map->count++;
	*slot = &entry->payload;
	return true;
}

void key_map_release(struct key_map *map)
{
	free(map->items);
	*map = (struct key_map){0};
}
