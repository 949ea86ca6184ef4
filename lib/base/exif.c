/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks EXIF directories and JPEG segments without trusting one byte of them. */
#include "trapkit/exif.h"

#include <math.h>
#include <string.h>

uint16_t bytes_u16(const uint8_t *bytes, bool big_endian)
{
	unsigned high = bytes[big_endian ? 0 : 1], low = bytes[big_endian ? 1 : 0];

	return (uint16_t)(high << 8 | low);
}

uint32_t bytes_u32(const uint8_t *bytes, bool big_endian)
{
	return big_endian ? (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			(uint32_t)bytes[2] << 8 | bytes[3]
			  : (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 |
			(uint32_t)bytes[1] << 8 | bytes[0];
}

/* ---- directories ---- */

bool exif_open(struct exif_block *block, const uint8_t *bytes, size_t size)
{
	*block = (struct exif_block){.bytes = bytes, .size = size};
	if (size < 8)
		return false;
	if (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0)
		return false;
	block->big_endian = bytes[0] == 'M';
	block->first = bytes_u32(bytes + 4, block->big_endian);
	return block->first >= 8;
}

static size_t type_size(uint16_t type)
{
	static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};

	return type < sizeof sizes ? sizes[type] : 0;
}

/* False for an entry that is not one; `raw` has 12 bytes. */
static bool read_entry(const struct exif_block *block, const uint8_t *raw, struct exif_entry *entry)
{
	uint64_t bytes;

	entry->tag = bytes_u16(raw, block->big_endian);
	entry->type = bytes_u16(raw + 2, block->big_endian);
	entry->count = bytes_u32(raw + 4, block->big_endian);
	bytes = (uint64_t)entry->count * type_size(entry->type);
	if (type_size(entry->type) == 0 || bytes > UINT32_MAX)
		return false;
	entry->size = (size_t)bytes;
	entry->big_endian = block->big_endian;
	entry->offset = bytes <= 4 ? (size_t)(raw + 8 - block->bytes)
				   : bytes_u32(raw + 8, block->big_endian);
	entry->data = NULL;
	if (entry->offset <= block->size && entry->size <= block->size - entry->offset)
		entry->data = block->bytes + entry->offset;
	return true;
}

void exif_walk_directory(struct exif_block *block, size_t offset, enum exif_directory directory,
	exif_visit *visit, void *context)
{
	static const uint8_t blank[12];
	struct exif_entry entry = {.directory = directory};
	size_t count, there;

	if (block->size < 2 || offset > block->size - 2) {
		block->damaged = true;
		if (offset <= UINT32_MAX && offset + 2 > block->wanted)
			block->wanted = offset + 2;
		return;
	}
	count = bytes_u16(block->bytes + offset, block->big_endian);
	there = (block->size - offset - 2) / 12;
	if (count > there) {
		block->damaged = true;
		if (offset + 2 + count * 12 > block->wanted)
			block->wanted = offset + 2 + count * 12;
		count = there;
	}
	for (size_t i = 0; i < count; i++) {
		const uint8_t *raw = block->bytes + offset + 2 + i * 12;

		if (read_entry(block, raw, &entry))
			visit(&entry, context);
		else if (memcmp(raw, blank, sizeof blank) != 0)
			block->damaged = true;
	}
}

struct walk {
	exif_visit *visit;
	void *context;
	uint32_t photo, gps;
};

static void visit_first(const struct exif_entry *entry, void *context)
{
	struct walk *walk = context;

	if (entry->tag == EXIF_PHOTO_POINTER)
		exif_unsigned(entry, 0, &walk->photo);
	else if (entry->tag == EXIF_GPS_POINTER)
		exif_unsigned(entry, 0, &walk->gps);
	walk->visit(entry, walk->context);
}

void exif_walk(struct exif_block *block, exif_visit *visit, void *context)
{
	struct walk walk = {visit, context, 0, 0};

	block->damaged = false;
	block->wanted = 0;
	exif_walk_directory(block, block->first, EXIF_IMAGE, visit_first, &walk);
	if (walk.photo != 0)
		exif_walk_directory(block, walk.photo, EXIF_PHOTO, visit, context);
	if (walk.gps != 0)
		exif_walk_directory(block, walk.gps, EXIF_GPS, visit, context);
}

struct search {
	enum exif_directory directory;
	uint16_t tag;
	struct exif_entry *found;
	bool done;
};

static void visit_search(const struct exif_entry *entry, void *context)
{
	struct search *search = context;

	if (search->done || entry->directory != search->directory || entry->tag != search->tag ||
		entry->data == NULL)
		return;
	*search->found = *entry;
	search->done = true;
}

bool exif_find(struct exif_block *block, enum exif_directory directory, uint16_t tag,
	struct exif_entry *found)
{
	struct search search = {directory, tag, found, false};

	exif_walk(block, visit_search, &search);
	return search.done;
}

/* ---- values ---- */

static bool is_padding(uint8_t byte)
{
	return byte <= ' ' || byte == 0x7F || byte == 0xFF;
}

/* Length of the UTF-8 character at the beginning, 0 when it is none. */
static size_t character(const uint8_t *bytes, size_t length)
{
	uint8_t first = bytes[0];
	size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

	if (first > 0xF4 || size > length)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	/* Overlong forms, surrogates and what is past U+10FFFF. */
	if ((first == 0xE0 && bytes[1] < 0xA0) || (first == 0xED && bytes[1] > 0x9F) ||
		(first == 0xF0 && bytes[1] < 0x90) || (first == 0xF4 && bytes[1] > 0x8F))
		return 0;
	return size;
}

size_t exif_clean_text(const uint8_t *bytes, size_t length, char *out, size_t size)
{
	const uint8_t *end;
	size_t used = 0;

	while (length > 0 && is_padding(*bytes))
		bytes++, length--;
	end = length == 0 ? NULL : memchr(bytes, 0, length);
	if (end != NULL)
		length = (size_t)(end - bytes);
	while (length > 0 && is_padding(bytes[length - 1]))
		length--;
	for (size_t i = 0; i < length;) {
		size_t wide = character(bytes + i, length - i);

		if (used + (wide == 0 ? 2 : wide) >= size)
			break;
		if (wide == 0) {
			out[used++] = (char)(0xC0 | bytes[i] >> 6);
			out[used++] = (char)(0x80 | (bytes[i] & 0x3F));
		} else if (wide == 1) {
			out[used++] = bytes[i] < ' ' || bytes[i] == 0x7F ? ' ' : (char)bytes[i];
		} else {
			memcpy(out + used, bytes + i, wide);
			used += wide;
		}
		i += wide == 0 ? 1 : wide;
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
	return used;
}

size_t exif_text(const struct exif_entry *entry, char *out, size_t size)
{
	if (entry->data == NULL || type_size(entry->type) != 1) {
		out[0] = '\0';
		return 0;
	}
	return exif_clean_text(entry->data, entry->size, out, size);
}

bool exif_unsigned(const struct exif_entry *entry, size_t index, uint32_t *value)
{
	const uint8_t *at;

	if (entry->data == NULL || index >= entry->count)
		return false;
	at = entry->data + index * type_size(entry->type);
	switch (entry->type) {
	case EXIF_BYTE:
		*value = *at;
		return true;
	case EXIF_SHORT:
		*value = bytes_u16(at, entry->big_endian);
		return true;
	case EXIF_LONG:
		*value = bytes_u32(at, entry->big_endian);
		return true;
	default:
		return false;
	}
}

bool exif_number(const struct exif_entry *entry, size_t index, double *value)
{
	uint32_t number, above, below;
	const uint8_t *at;

	if (exif_unsigned(entry, index, &number)) {
		*value = number;
		return true;
	}
	if (entry->data == NULL || index >= entry->count ||
		(entry->type != EXIF_RATIONAL && entry->type != EXIF_SRATIONAL))
		return false;
	at = entry->data + index * 8;
	above = bytes_u32(at, entry->big_endian);
	below = bytes_u32(at + 4, entry->big_endian);
	if (below == 0)
		return false;
	*value = entry->type == EXIF_RATIONAL ? (double)above / below
					      : (double)(int32_t)above / (double)(int32_t)below;
	return true;
}

/* ---- JPEG ---- */

bool jpeg_is_frame(uint8_t marker)
{
	/* C4, C8 and CC are tables and a reserved one. */
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
		marker != 0xCC;
}

enum jpeg_step jpeg_segment_at(const uint8_t *bytes, size_t size, struct jpeg_segment *segment)
{
	size_t at = 0, length;

	for (;;) {
		const uint8_t *found = at < size ? memchr(bytes + at, 0xFF, size - at) : NULL;

		if (found == NULL)
			return JPEG_NEED_MORE;
		at = (size_t)(found - bytes);
		while (at < size && bytes[at] == 0xFF)
			at++;
		if (at >= size)
			return JPEG_NEED_MORE;
		if (bytes[at] != 0)
			break;
	}
	segment->marker = bytes[at++];
	segment->header = at;
	segment->payload = 0;
	if (segment->marker == 0x01 || (segment->marker >= 0xD0 && segment->marker <= JPEG_EOI))
		return JPEG_SEGMENT;
	if (size - at < 2)
		return JPEG_NEED_MORE;
	length = bytes_u16(bytes + at, true);
	if (length < 2)
		return JPEG_BROKEN;
	segment->header = at + 2;
	segment->payload = length - 2;
	return JPEG_SEGMENT;
}

size_t jpeg_exif_prefix(const uint8_t *payload, size_t size)
{
	/* The sixth byte is a NUL by the book; some cameras write another. */
	return size >= JPEG_EXIF_PREFIX && memcmp(payload, "Exif\0", 5) == 0 ? JPEG_EXIF_PREFIX : 0;
}
