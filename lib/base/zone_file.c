/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TZif files, versions 1 to 4 (RFC 9636). */
#include "trapkit/memory.h"
#include "zone_data.h"

#include <stdlib.h>
#include <string.h>

/* Far more than any zone has; the largest of tzdata 2024 has 236. */
#define MOST_CHANGES 20000

struct header {
	uint8_t version; /* 1 to 4 */
	uint32_t utc_marks, standard_marks, leaps, changes, types, characters;
};

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int32_t signed32(const uint8_t *at)
{
	return (int32_t)big32(at);
}

static int64_t signed64(const uint8_t *at)
{
	return (int64_t)((uint64_t)big32(at) << 32 | big32(at + 4));
}

#define HEADER_SIZE 44

static bool read_header(const uint8_t *bytes, size_t size, struct header *header)
{
	if (size < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0)
		return false;
	if (bytes[4] != 0 && (bytes[4] < '2' || bytes[4] > '9'))
		return false;
	header->version = bytes[4] == 0 ? 1 : (uint8_t)(bytes[4] - '0');
	header->utc_marks = big32(bytes + 20);
	header->standard_marks = big32(bytes + 24);
	header->leaps = big32(bytes + 28);
	header->changes = big32(bytes + 32);
	header->types = big32(bytes + 36);
	header->characters = big32(bytes + 40);
	return header->changes <= MOST_CHANGES && header->types >= 1 &&
		header->types <= ZONE_MOST_TYPES && header->characters <= 4096 &&
		header->leaps <= 4096 && header->utc_marks <= header->types &&
		header->standard_marks <= header->types;
}

static size_t block_size(const struct header *header, size_t width)
{
	return header->changes * (width + 1) + header->types * 6 + header->characters +
		header->leaps * (width + 4) + header->standard_marks + header->utc_marks;
}

static bool read_block(
	struct zone *zone, const struct header *header, const uint8_t *bytes, size_t width)
{
	const uint8_t *types = bytes + header->changes * (width + 1);

	zone->type_count = header->types;
	for (size_t i = 0; i < zone->type_count; i++) {
		const uint8_t *type = types + i * 6;
		int offset = signed32(type);

		if (offset <= -90000 || offset >= 94000 || type[4] > 1)
			return false;
		zone->types[i] = (struct zone_type){offset, offset, type[4] == 1};
	}
	zone->count = header->changes;
	zone->at = xcalloc(zone->count, sizeof *zone->at);
	zone->type = xcalloc(zone->count, 1);
	for (size_t i = 0; i < zone->count; i++) {
		zone->at[i] =
			width == 8 ? signed64(bytes + i * 8) : (int64_t)signed32(bytes + i * 4);
		zone->type[i] = bytes[header->changes * width + i];
		if (zone->type[i] >= zone->type_count || (i > 0 && zone->at[i] <= zone->at[i - 1]))
			return false;
		/* Beyond these a time of day could not be added without overflow. */
		if (zone->at[i] < -((int64_t)1 << 60) || zone->at[i] > (int64_t)1 << 60)
			return false;
	}
	return true;
}

static bool read_footer(struct zone *zone, const uint8_t *bytes, size_t size)
{
	const uint8_t *end;
	char text[256];
	size_t length;

	if (size < 2 || bytes[0] != '\n')
		return size == 0;
	end = memchr(bytes + 1, '\n', size - 1);
	if (end == NULL)
		return false;
	length = (size_t)(end - bytes - 1);
	if (length == 0)
		return true;
	if (length >= sizeof text || memchr(bytes + 1, '\0', length) != NULL)
		return false;
	memcpy(text, bytes + 1, length);
	text[length] = '\0';
	return zone_rule_parse(text, &zone->rule);
}

/* The standard offset of summer time is that of the winter beside it: the one before, else the one
 * after (contracts: isdst=1 has the offset of the adjacent isdst=0 type). */
static void find_standard_offsets(struct zone *zone)
{
	for (size_t i = 0; i < zone->count; i++) {
		struct zone_type *type = &zone->types[zone->type[i]];
		const struct zone_type *beside = i > 0 ? &zone->types[zone->type[i - 1]] : NULL;

		if (!type->dst || type->standard != type->offset)
			continue;
		if (beside == NULL || beside->dst || beside->offset == type->offset)
			beside = i + 1 < zone->count ? &zone->types[zone->type[i + 1]] : NULL;
		if (beside != NULL && !beside->dst)
			type->standard = beside->offset;
	}
	for (size_t i = 0; i < zone->type_count; i++)
		if (zone->types[i].dst && zone->types[i].standard == zone->types[i].offset)
			zone->types[i].standard -= 3600;
}

static void find_first_type(struct zone *zone)
{
	zone->before = zone->types[0];
	for (size_t i = zone->type_count; i-- > 0;)
		if (!zone->types[i].dst)
			zone->before = zone->types[i];
}

bool zone_parse(struct zone *zone, const uint8_t *bytes, size_t size)
{
	struct header header;
	size_t block, width = 4;

	if (!read_header(bytes, size, &header))
		return false;
	block = block_size(&header, width);
	if (block > size - HEADER_SIZE)
		return false;
	if (header.version > 1) {
		/* The first block is for readers of version 1: everything comes again, wider. */
		bytes += HEADER_SIZE + block;
		size -= HEADER_SIZE + block;
		width = 8;
		if (!read_header(bytes, size, &header))
			return false;
		block = block_size(&header, width);
		if (block > size - HEADER_SIZE)
			return false;
	}
	/* Counted leap seconds ("right/" zones) are not what cameras and servers use. */
	if (header.leaps != 0 || !read_block(zone, &header, bytes + HEADER_SIZE, width))
		return false;
	bytes += HEADER_SIZE + block;
	size -= HEADER_SIZE + block;
	if (header.version > 1 && !read_footer(zone, bytes, size))
		return false;
	find_standard_offsets(zone);
	find_first_type(zone);
	return true;
}
