/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encodes the records of a stored ZIP (PKWARE APPNOTE 6.3, sections 4.3 and 4.4). */
#include "zip_layout.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOCAL_FIXED = 30,
	CENTRAL_FIXED = 46,
	END_FIXED = 22,
	END64_FIXED = 56,
	LOCATOR_FIXED = 20,
	VERSION_STORED = 20,
	VERSION_ZIP64 = 45,
	MADE_BY_UNIX = 3 << 8,
	FLAG_UTF8 = 1 << 11,
	EXTRA_ZIP64 = 1
};
#define MAX32 0xFFFFFFFFu
#define REGULAR_FILE 0100000u

struct cursor {
	uint8_t *at;
};

static void put(struct cursor *cursor, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*cursor->at++ = (uint8_t)(value >> (8 * i));
}

static void put_name(struct cursor *cursor, const char *name, size_t length)
{
	memcpy(cursor->at, name, length);
	cursor->at += length;
}

static bool is_ascii(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name >= 0x80)
			return false;
	return true;
}

static bool is_big(uint64_t value)
{
	return value >= MAX32;
}

static uint64_t low(uint64_t value)
{
	return is_big(value) ? MAX32 : value;
}

static size_t local_extra(const struct zip_entry *entry)
{
	return is_big(entry->size) ? 20 : 0;
}

static size_t central_extra(const struct zip_entry *entry, uint64_t offset)
{
	size_t size = (is_big(entry->size) ? 16u : 0u) + (is_big(offset) ? 8u : 0u);

	return size == 0 ? 0 : size + 4;
}

size_t zip_local_size(const struct zip_entry *entry)
{
	return LOCAL_FIXED + strlen(entry->name) + local_extra(entry);
}

/* The fields that local and central header have in common, version to extra length. */
static void put_common(
	struct cursor *cursor, const struct zip_entry *entry, bool big, size_t name, size_t extra)
{
	put(cursor, big ? VERSION_ZIP64 : VERSION_STORED, 2);
	put(cursor, is_ascii(entry->name) ? 0 : FLAG_UTF8, 2);
	put(cursor, 0, 2); /* stored */
	put(cursor, entry->dos_time, 4);
	put(cursor, entry->crc, 4);
	put(cursor, low(entry->size), 4);
	put(cursor, low(entry->size), 4);
	put(cursor, name, 2);
	put(cursor, extra, 2);
}

size_t zip_local_header(const struct zip_entry *entry, uint8_t *out)
{
	struct cursor cursor = {out};
	size_t name = strlen(entry->name), extra = local_extra(entry);

	put(&cursor, 0x04034b50, 4);
	put_common(&cursor, entry, extra > 0, name, extra);
	put_name(&cursor, entry->name, name);
	if (extra > 0) {
		put(&cursor, EXTRA_ZIP64, 2);
		put(&cursor, extra - 4, 2);
		put(&cursor, entry->size, 8);
		put(&cursor, entry->size, 8);
	}
	return (size_t)(cursor.at - out);
}

size_t zip_central_size(const struct zip_entry *entry, uint64_t offset)
{
	return CENTRAL_FIXED + strlen(entry->name) + central_extra(entry, offset);
}

size_t zip_central_header(const struct zip_entry *entry, uint64_t offset, uint8_t *out)
{
	struct cursor cursor = {out};
	size_t name = strlen(entry->name), extra = central_extra(entry, offset);

	put(&cursor, 0x02014b50, 4);
	put(&cursor, MADE_BY_UNIX | (extra > 0 ? VERSION_ZIP64 : VERSION_STORED), 2);
	put_common(&cursor, entry, extra > 0, name, extra);
	put(&cursor, 0, 2); /* comment length */
	put(&cursor, 0, 2); /* disk */
	put(&cursor, 0, 2); /* internal attributes */
	put(&cursor, (uint64_t)(REGULAR_FILE | (entry->mode & 07777u)) << 16, 4);
	put(&cursor, low(offset), 4);
	put_name(&cursor, entry->name, name);
	if (extra > 0) {
		put(&cursor, EXTRA_ZIP64, 2);
		put(&cursor, extra - 4, 2);
		if (is_big(entry->size)) {
			put(&cursor, entry->size, 8);
			put(&cursor, entry->size, 8);
		}
		if (is_big(offset))
			put(&cursor, offset, 8);
	}
	return (size_t)(cursor.at - out);
}

static bool end_is_big(const struct zip_end *end)
{
	return end->count >= 0xFFFF || is_big(end->directory_offset) || is_big(end->directory_size);
}

size_t zip_end_size(const struct zip_end *end)
{
	return END_FIXED + (end_is_big(end) ? END64_FIXED + LOCATOR_FIXED : 0);
}

size_t zip_end_records(const struct zip_end *end, uint8_t *out)
{
	struct cursor cursor = {out};
	uint64_t count16 = end->count >= 0xFFFF ? 0xFFFF : end->count;

	if (end_is_big(end)) {
		put(&cursor, 0x06064b50, 4);
		put(&cursor, END64_FIXED - 12, 8); /* size of what follows */
		put(&cursor, MADE_BY_UNIX | VERSION_ZIP64, 2);
		put(&cursor, VERSION_ZIP64, 2);
		put(&cursor, 0, 4); /* this disk */
		put(&cursor, 0, 4); /* disk of the directory */
		put(&cursor, end->count, 8);
		put(&cursor, end->count, 8);
		put(&cursor, end->directory_size, 8);
		put(&cursor, end->directory_offset, 8);
		put(&cursor, 0x07064b50, 4);
		put(&cursor, 0, 4);
		put(&cursor, end->directory_offset + end->directory_size, 8);
		put(&cursor, 1, 4); /* disks in all */
	}
	put(&cursor, 0x06054b50, 4);
	put(&cursor, 0, 2);
	put(&cursor, 0, 2);
	put(&cursor, count16, 2);
	put(&cursor, count16, 2);
	put(&cursor, low(end->directory_size), 4);
	put(&cursor, low(end->directory_offset), 4);
	put(&cursor, 0, 2); /* comment */
	return (size_t)(cursor.at - out);
}

uint64_t zip_plan_size(const struct zip_plan *plan)
{
	struct zip_end end = {0};

	for (size_t i = 0; i < plan->count; i++) {
		const struct zip_entry *entry = &plan->items[i];

		if (entry->left_out)
			continue;
		end.count++;
		end.directory_size += zip_central_size(entry, end.directory_offset);
		end.directory_offset += zip_local_size(entry) + entry->size;
	}
	return end.directory_offset + end.directory_size + zip_end_size(&end);
}

void zip_plan_release(struct zip_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->items[i].name);
		free(plan->items[i].source);
	}
	free(plan->items);
	*plan = (struct zip_plan){0};
}

uint32_t zip_dos_time(const struct wall_time *wall)
{
	if (wall->year < 1980)
		return (1u << 5 | 1u) << 16;
	if (wall->year > 2107)
		return (127u << 9 | 12u << 5 | 31u) << 16 | 23u << 11 | 59u << 5 | 29u;
	return ((uint32_t)(wall->year - 1980) << 9 | (uint32_t)wall->month << 5 |
		       (uint32_t)wall->day)
		<< 16 |
		(uint32_t)wall->hour << 11 | (uint32_t)wall->minute << 5 |
		(uint32_t)wall->second / 2;
}
