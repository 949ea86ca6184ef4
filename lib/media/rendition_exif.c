/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata segments carried over to a rendition; the EXIF is patched where it stands. */
#define _GNU_SOURCE /* memmem */
#include "rendition_exif.h"

#include "trapkit/exif.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
	TAG_IMAGE_WIDTH = 0x0100,
	TAG_IMAGE_LENGTH = 0x0101,
	TAG_STRIP_OFFSETS = 0x0111,
	TAG_STRIP_LENGTHS = 0x0117,
	TAG_TILE_OFFSETS = 0x0144,
	TAG_TILE_LENGTHS = 0x0145,
	TAG_SUB_DIRECTORIES = 0x014A,
	TAG_THUMBNAIL_OFFSET = 0x0201,
	TAG_THUMBNAIL_LENGTH = 0x0202,
	TAG_PIXEL_X = 0xA002,
	TAG_PIXEL_Y = 0xA003,
	MARKER_APP2 = 0xE2,
	MARKER_APP13 = 0xED
};

static void add_bytes(struct carried *carried, const void *bytes, size_t size)
{
	if (carried->size + size > carried->capacity) {
		carried->capacity = (carried->size + size) * 2;
		carried->bytes = xreallocarray(carried->bytes, carried->capacity, 1);
	}
	memcpy(carried->bytes + carried->size, bytes, size);
	carried->size += size;
}

static void add_segment(
	struct carried *carried, uint8_t marker, const uint8_t *payload, size_t size)
{
	const uint8_t head[4] = {0xFF, marker, (uint8_t)((size + 2) >> 8), (uint8_t)(size + 2)};

	add_bytes(carried, head, sizeof head);
	add_bytes(carried, payload, size);
}

/* MPF previews (APP2 too) point into the old file and go; so do makers' own blocks of pixels. */
static bool is_carried(uint8_t marker, const uint8_t *payload, size_t size)
{
	if (marker == MARKER_APP2)
		return size >= 12 && memcmp(payload, "ICC_PROFILE", 12) == 0;
	return marker == JPEG_APP1 || marker == MARKER_APP13 || marker == JPEG_COM;
}

static struct exif_block block_of(const struct carried *carried)
{
	struct exif_block block = {0};

	exif_open(&block, carried->bytes + carried->exif, carried->exif_size);
	return block;
}

static void put_u16(uint8_t *at, uint32_t value, bool big_endian)
{
	at[big_endian ? 0 : 1] = (uint8_t)(value >> 8);
	at[big_endian ? 1 : 0] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value, bool big_endian)
{
	put_u16(at + (big_endian ? 0 : 2), value >> 16, big_endian);
	put_u16(at + (big_endian ? 2 : 0), value & 0xFFFF, big_endian);
}

static void note_thumbnail(const struct exif_entry *entry, void *context)
{
	struct carried *carried = context;
	uint32_t value;

	if (!exif_unsigned(entry, 0, &value))
		return;
	if (entry->tag == TAG_THUMBNAIL_OFFSET)
		carried->thumbnail = value;
	if (entry->tag == TAG_THUMBNAIL_LENGTH && entry->type == EXIF_LONG) {
		carried->thumbnail_size = value;
		carried->thumbnail_length_at = entry->offset;
	}
}

/* Where the first directory points on to the one of the preview; 0 when it does not. */
static size_t next_pointer_at(const struct exif_block *block)
{
	size_t entries;

	if (block->first > block->size || block->size - block->first < 2)
		return 0;
	entries = bytes_u16(block->bytes + block->first, block->big_endian);
	if (block->size - block->first - 2 < entries * 12 + 4)
		return 0;
	return block->first + 2 + entries * 12;
}

static void find_thumbnail(struct carried *carried)
{
	struct exif_block block = block_of(carried);
	size_t pointer = next_pointer_at(&block);
	uint32_t next = pointer == 0 ? 0 : bytes_u32(block.bytes + pointer, block.big_endian);

	if (next == 0)
		return;
	exif_walk_directory(&block, next, EXIF_OTHER, note_thumbnail, carried);
	if (carried->thumbnail > carried->exif_size ||
		carried->thumbnail_size > carried->exif_size - carried->thumbnail)
		carried->thumbnail_size = 0;
}

static void note_exif(struct carried *carried, size_t payload_at, size_t payload)
{
	size_t prefix = jpeg_exif_prefix(carried->bytes + payload_at, payload);
	struct exif_block block;
	struct exif_entry entry;
	uint32_t value;

	if (prefix == 0 || carried->exif != 0)
		return;
	if (!exif_open(&block, carried->bytes + payload_at + prefix, payload - prefix))
		return;
	carried->exif = payload_at + prefix;
	carried->exif_size = payload - prefix;
	if (exif_find(&block, EXIF_IMAGE, EXIF_ORIENTATION, &entry) &&
		exif_unsigned(&entry, 0, &value) && value >= 1 && value <= 8)
		carried->orientation = value;
	find_thumbnail(carried);
}

void carried_read(struct carried *carried, const uint8_t *jpeg, size_t size)
{
	struct jpeg_segment segment;
	size_t at = 0;

	*carried = (struct carried){.orientation = 1};
	while (at < size && jpeg_segment_at(jpeg + at, size - at, &segment) == JPEG_SEGMENT) {
		size_t payload = at + segment.header;

		if (segment.marker == JPEG_SOS || segment.marker == JPEG_EOI)
			break;
		if (payload > size || segment.payload > size - payload)
			break;
		if (is_carried(segment.marker, jpeg + payload, segment.payload)) {
			add_segment(carried, segment.marker, jpeg + payload, segment.payload);
			if (segment.marker == JPEG_APP1)
				note_exif(
					carried, carried->size - segment.payload, segment.payload);
		}
		at = payload + segment.payload;
	}
}

void carried_add_exif(struct carried *carried, const uint8_t *tiff, size_t size)
{
	static const uint8_t prefix[JPEG_EXIF_PREFIX] = "Exif\0";
	uint8_t *payload;

	if (size > 65533 - sizeof prefix || carried->exif != 0)
		return;
	payload = xmalloc(sizeof prefix + size);
	memcpy(payload, prefix, sizeof prefix);
	memcpy(payload + sizeof prefix, tiff, size);
	add_segment(carried, JPEG_APP1, payload, sizeof prefix + size);
	note_exif(carried, carried->size - sizeof prefix - size, sizeof prefix + size);
	free(payload);
}

static bool is_profile(uint8_t marker, const uint8_t *payload, size_t size, bool main_exif)
{
	(void)payload;
	(void)size;
	(void)main_exif;
	return marker == MARKER_APP2;
}

/* Goes over the segments that are carried and takes some of them out. */
static void drop_segments(struct carried *carried,
	bool (*drop)(uint8_t marker, const uint8_t *payload, size_t size, bool main_exif))
{
	size_t at = 0, kept = 0;

	while (at < carried->size) {
		const uint8_t *segment = carried->bytes + at;
		size_t size = 2 + ((size_t)segment[2] << 8 | segment[3]);
		bool main_exif = carried->exif > at && carried->exif < at + size;

		if (!drop(segment[1], segment + 4, size - 4, main_exif)) {
			memmove(carried->bytes + kept, segment, size);
			if (main_exif)
				carried->exif -= at - kept;
			kept += size;
		}
		at += size;
	}
	carried->size = kept;
}

void carried_put_profile(struct carried *carried, const uint8_t *profile, size_t size)
{
	/* ICC.1:2022 annex B.4: numbered pieces, each with the count of all. */
	enum { HEAD = 14, PIECE = 65533 - HEAD };
	uint8_t *payload = xmalloc(HEAD + PIECE);
	size_t pieces = (size + PIECE - 1) / PIECE;

	drop_segments(carried, is_profile);
	for (size_t i = 0; profile != NULL && i < pieces; i++) {
		size_t length = i + 1 < pieces ? (size_t)PIECE : size - i * PIECE;

		memcpy(payload, "ICC_PROFILE", 12);
		payload[12] = (uint8_t)(i + 1);
		payload[13] = (uint8_t)pieces;
		memcpy(payload + HEAD, profile + i * PIECE, length);
		add_segment(carried, MARKER_APP2, payload, HEAD + length);
	}
	free(payload);
}

struct patch {
	uint8_t *tiff;
	uint32_t width, height;
};

static void patch_entry(const struct exif_entry *entry, void *context)
{
	const struct patch *patch = context;
	uint32_t value;

	switch (entry->tag) {
	case EXIF_ORIENTATION:
		value = 1;
		break;
	case TAG_IMAGE_WIDTH:
	case TAG_PIXEL_X:
		value = patch->width;
		break;
	case TAG_IMAGE_LENGTH:
	case TAG_PIXEL_Y:
		value = patch->height;
		break;
	default:
		return;
	}
	if (entry->directory == EXIF_GPS || entry->data == NULL || entry->count != 1)
		return;
	if (entry->type == EXIF_SHORT)
		put_u16(patch->tiff + entry->offset, value, entry->big_endian);
	else if (entry->type == EXIF_LONG)
		put_u32(patch->tiff + entry->offset, value, entry->big_endian);
}

static void patch_preview_entry(const struct exif_entry *entry, void *context)
{
	if (entry->tag == EXIF_ORIENTATION)
		patch_entry(entry, context);
}

void carried_patch(struct carried *carried, uint32_t width, uint32_t height)
{
	struct patch patch = {NULL, width, height};
	struct exif_block block;
	size_t pointer;

	if (carried->exif == 0)
		return;
	patch.tiff = carried->bytes + carried->exif;
	block = block_of(carried);
	exif_walk(&block, patch_entry, &patch);
	pointer = next_pointer_at(&block);
	if (pointer != 0 && bytes_u32(block.bytes + pointer, block.big_endian) != 0)
		exif_walk_directory(&block, bytes_u32(block.bytes + pointer, block.big_endian),
			EXIF_OTHER, patch_preview_entry, &patch);
}

bool carried_put_thumbnail(struct carried *carried, const uint8_t *jpeg, size_t size)
{
	struct exif_block block;
	uint8_t *tiff;
	bool fits = size > 0 && size <= carried->thumbnail_size;
	size_t pointer;

	if (carried->exif == 0)
		return false;
	tiff = carried->bytes + carried->exif;
	block = block_of(carried);
	if (carried->thumbnail_size > 0)
		memset(tiff + carried->thumbnail, 0, carried->thumbnail_size);
	if (fits) {
		memcpy(tiff + carried->thumbnail, jpeg, size);
		put_u32(tiff + carried->thumbnail_length_at, (uint32_t)size, block.big_endian);
		return true;
	}
	pointer = next_pointer_at(&block);
	if (pointer != 0)
		put_u32(tiff + pointer, 0, block.big_endian);
	return false;
}

/* ---- previews ---- */

static bool has(const uint8_t *bytes, size_t size, const char *part, size_t length)
{
	return memmem(bytes, size, part, length) != NULL;
}

/* Thumbnails of XMP, and whatever begins like a JPEG or a PNG, as it is or in base64. */
static bool holds_picture(const uint8_t *bytes, size_t size)
{
	return has(bytes, size, "humbnail", 8) || has(bytes, size, "\xD8\xFF", 2) ||
		has(bytes, size, "\x89PNG", 4) || has(bytes, size, "/9j/", 4) ||
		has(bytes, size, "iVBOR", 5);
}

/*
 * All but colour profile, the one EXIF block that is cleaned, and texts. A second EXIF block, XMP
 * that goes over several segments, a thermal camera's picture and Photoshop's block (APP13) go.
 */
static bool may_hold_preview(uint8_t marker, const uint8_t *payload, size_t size, bool main_exif)
{
	static const char xmp[] = "http://ns.adobe.com/xap/1.0/";
	bool text = marker == JPEG_COM ||
		(marker == JPEG_APP1 && size > sizeof xmp && memcmp(payload, xmp, sizeof xmp) == 0);

	if (main_exif || marker == MARKER_APP2)
		return false;
	return !text || holds_picture(payload, size);
}

/* Some makers change the first byte of a preview (Minolta): it is known by those that follow. */
static bool begins_jpeg(const uint8_t *at)
{
	static const uint8_t markers[] = {0xC0, 0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xFE};

	return at[1] == 0xD8 && at[2] == 0xFF && memchr(markers, at[3], sizeof markers) != NULL;
}

/*
 * The length of what begins so, all there is when it breaks off, or 1 when it is no JPEG: nothing
 * to decode with comes before its end. What lies between segments is passed over, as decoders do. A
 * preview may hold another one.
 */
static size_t jpeg_length(const uint8_t *bytes, size_t size)
{
	enum { TABLES_HUFFMAN = 0xC4, TABLES_QUANTIZATION = 0xDB };
	struct jpeg_segment segment;
	const uint8_t *end;
	bool tables = false;
	size_t at = 2;

	while (at < size) {
		if (jpeg_segment_at(bytes + at, size - at, &segment) != JPEG_SEGMENT) {
			end = memchr(bytes + at + 1, 0xFF, size - at - 1);
			at = end == NULL ? size : (size_t)(end - bytes);
			continue;
		}
		at += segment.header + segment.payload;
		tables |= segment.marker == TABLES_HUFFMAN ||
			segment.marker == TABLES_QUANTIZATION || jpeg_is_frame(segment.marker);
		if (segment.marker == JPEG_EOI && tables)
			return at < size ? at : size;
		if (segment.marker != JPEG_SOS || at >= size)
			continue;
		end = memmem(bytes + at, size - at, "\xFF\xD9", 2);
		return end == NULL ? size : (size_t)(end + 2 - bytes);
	}
	return tables ? size : 1;
}

/* Maker notes and further directories have them. */
static void overwrite_jpegs(struct carried *carried)
{
	uint8_t *tiff = carried->bytes + carried->exif;
	size_t size = carried->exif_size, length;

	for (size_t at = 0; at + 4 <= size; at += length) {
		length = begins_jpeg(tiff + at) ? jpeg_length(tiff + at, size - at) : 1;
		if (length > 1)
			memset(tiff + at, 0, length);
	}
}

#define MOST_DIRECTORIES 16

/* What of a directory leads to pixels. */
struct pixels_told {
	struct exif_entry strips, lengths, tiles, tile_lengths;
	uint32_t directories[MOST_DIRECTORIES];
	size_t count;
};

static void note_pixels(const struct exif_entry *entry, void *context)
{
	struct pixels_told *told = context;

	switch (entry->tag) {
	case TAG_STRIP_OFFSETS:
		told->strips = *entry;
		break;
	case TAG_STRIP_LENGTHS:
		told->lengths = *entry;
		break;
	case TAG_TILE_OFFSETS:
		told->tiles = *entry;
		break;
	case TAG_TILE_LENGTHS:
		told->tile_lengths = *entry;
		break;
	case TAG_SUB_DIRECTORIES:
		for (size_t i = 0; i < entry->count && told->count < MOST_DIRECTORIES; i++)
			if (exif_unsigned(entry, i, &told->directories[told->count]))
				told->count++;
		break;
	default:
		break;
	}
}

static void overwrite_pieces(
	struct carried *carried, const struct exif_entry *offsets, const struct exif_entry *lengths)
{
	uint32_t offset, length;

	/* Behind the header: it is read on. */
	for (size_t i = 0; exif_unsigned(offsets, i, &offset) && exif_unsigned(lengths, i, &length);
		i++)
		if (offset >= 8 && offset < carried->exif_size)
			memset(carried->bytes + carried->exif + offset, 0,
				length < carried->exif_size - offset ? length
								     : carried->exif_size - offset);
}

/* Previews that are no JPEGs: pieces of pixels, in the directories of the chain and below them. */
static void overwrite_pixels(struct carried *carried)
{
	struct exif_block block = block_of(carried);
	struct pixels_told told = {.directories = {block.first}, .count = 1};

	for (size_t i = 0; i < told.count; i++) {
		size_t next;

		block.first = told.directories[i];
		next = next_pointer_at(&block);
		if (next != 0 && told.count < MOST_DIRECTORIES)
			told.directories[told.count++] =
				bytes_u32(block.bytes + next, block.big_endian);
		told.strips = told.lengths = told.tiles = told.tile_lengths =
			(struct exif_entry){0};
		exif_walk_directory(&block, block.first, EXIF_OTHER, note_pixels, &told);
		overwrite_pieces(carried, &told.strips, &told.lengths);
		overwrite_pieces(carried, &told.tiles, &told.tile_lengths);
	}
}

void carried_drop_previews(struct carried *carried)
{
	drop_segments(carried, may_hold_preview);
	if (carried->exif == 0)
		return;
	overwrite_pixels(carried);
	overwrite_jpegs(carried);
}

void carried_release(struct carried *carried)
{
	free(carried->bytes);
	*carried = (struct carried){0};
}
