/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's exports come plain, as gzip, or in a ZIP: all become plain text, within a limit. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A gzip file inside a ZIP, and one more for good measure. */
#define MOST_LAYERS 3
#define END_RECORD 22u    /* APPNOTE 4.3.16: bytes of the end of central directory */
#define CENTRAL_ENTRY 46u /* 4.3.12 */
#define LOCAL_ENTRY 30u   /* 4.3.7 */

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t read32(const uint8_t *bytes)
{
	return (uint32_t)read16(bytes) | (uint32_t)read16(bytes + 2) << 16;
}

static int damaged(const char *what, struct error *err)
{
	return error_set(
		err, ERROR_NETWORK, "%s: the packed answer of the server is damaged", what);
}

static int too_large(const char *what, struct error *err)
{
	return error_set(err, ERROR_REMOTE, "%s: unpacked, the server's answer is over %zu MB",
		what, TRAPPER_CSV_LIMIT >> 20);
}

/* One run of the decompressor over `in`; *used = bytes of input it took. */
static enum libdeflate_result inflate(struct libdeflate_decompressor *inflater, bool gzip,
	const uint8_t *in, size_t size, char *out, size_t room, size_t *used, size_t *got)
{
	if (gzip)
		return libdeflate_gzip_decompress_ex(inflater, in, size, out, room, used, got);
	return libdeflate_deflate_decompress_ex(inflater, in, size, out, room, used, got);
}

/* Adds one member's contents to *out. */
static int add_member(struct libdeflate_decompressor *inflater, bool gzip, const uint8_t *in,
	size_t size, size_t *used, char **out, size_t *length, const char *what, struct error *err)
{
	size_t room = size < TRAPPER_CSV_LIMIT / 8 ? size * 4 + 4096 : TRAPPER_CSV_LIMIT / 2;

	for (;;) {
		enum libdeflate_result result;
		size_t got = 0;

		if (room > TRAPPER_CSV_LIMIT - *length)
			room = TRAPPER_CSV_LIMIT - *length;
		*out = xreallocarray(*out, *length + room + 1, 1);
		result = inflate(inflater, gzip, in, size, *out + *length, room, used, &got);
		if (result == LIBDEFLATE_SUCCESS) {
			*length += got;
			(*out)[*length] = '\0';
			return 0;
		}
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
			return damaged(what, err);
		if (room == TRAPPER_CSV_LIMIT - *length)
			return too_large(what, err);
		room *= 2;
	}
}

static int unpack(bool gzip, const uint8_t *in, size_t size, char **out, size_t *length,
	const char *what, struct error *err)
{
	struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
	int result = -1;

	if (inflater == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	/* RFC 1952: a gzip file is one or more members. */
	do {
		size_t used = 0;

		result = add_member(inflater, gzip, in, size, &used, out, length, what, err);
		in += used;
		size -= used;
	} while (result == 0 && gzip && size > 0);
	libdeflate_free_decompressor(inflater);
	return result;
}

/* The last end record, searched from behind over the longest comment; NULL when there is none. */
static const uint8_t *end_record(const uint8_t *bytes, size_t size)
{
	size_t lowest = size > END_RECORD + 65535 ? size - END_RECORD - 65535 : 0;

	if (size < END_RECORD)
		return NULL;
	for (size_t at = size - END_RECORD + 1; at-- > lowest;)
		if (memcmp(bytes + at, "PK\5\6", 4) == 0)
			return bytes + at;
	return NULL;
}

static bool is_table(const uint8_t *name, size_t length)
{
	return (length >= 4 && strncasecmp((const char *)name + length - 4, ".csv", 4) == 0) ||
		(length >= 7 && strncasecmp((const char *)name + length - 7, ".csv.gz", 7) == 0);
}

/* The central entry of the first table, else of the first file; NULL when there is none. */
static const uint8_t *choose_entry(const uint8_t *bytes, size_t size)
{
	const uint8_t *end = end_record(bytes, size);
	const uint8_t *first = NULL;
	size_t at, count;

	if (end == NULL)
		return NULL;
	at = read32(end + 16);
	count = read16(end + 10);
	for (; count > 0; count--) {
		const uint8_t *entry = bytes + at;
		size_t name;

		if (at > size || size - at < CENTRAL_ENTRY || memcmp(entry, "PK\1\2", 4) != 0)
			break;
		name = read16(entry + 28);
		if (size - at - CENTRAL_ENTRY < name)
			break;
		if (is_table(entry + CENTRAL_ENTRY, name))
			return entry;
		if (first == NULL && name > 0 && entry[CENTRAL_ENTRY + name - 1] != '/')
			first = entry;
		at += CENTRAL_ENTRY + name + read16(entry + 30) + read16(entry + 32);
	}
	return first;
}

static int unzip(const uint8_t *bytes, size_t size, char **out, size_t *length, const char *what,
	struct error *err)
{
	const uint8_t *entry = choose_entry(bytes, size);
	size_t at, packed;

	if (entry == NULL)
		return damaged(what, err);
	at = read32(entry + 42);
	packed = read32(entry + 20);
	if (at > size || size - at < LOCAL_ENTRY || memcmp(bytes + at, "PK\3\4", 4) != 0)
		return damaged(what, err);
	at += LOCAL_ENTRY + (size_t)read16(bytes + at + 26) + read16(bytes + at + 28);
	/* Bit 0: encrypted. */
	if (at > size || size - at < packed || (read16(entry + 8) & 1) != 0)
		return damaged(what, err);
	if (read16(entry + 10) == 8)
		return unpack(false, bytes + at, packed, out, length, what, err);
	if (read16(entry + 10) != 0)
		return damaged(what, err);
	if (packed > TRAPPER_CSV_LIMIT)
		return too_large(what, err);
	*out = xmalloc(packed + 1);
	memcpy(*out, bytes + at, packed);
	(*out)[packed] = '\0';
	*length = packed;
	return 0;
}

int trapper_unpack(const char *bytes, size_t size, char **text, size_t *length, const char *what,
	struct error *err)
{
	char *current = xmalloc(size + 1);
	size_t current_size = size;

	memcpy(current, bytes, size);
	current[size] = '\0';
	for (int layer = 0; layer <= MOST_LAYERS; layer++) {
		const uint8_t *in = (const uint8_t *)current;
		bool gzip = current_size >= 2 && in[0] == 0x1F && in[1] == 0x8B;
		bool zip = current_size >= 4 && memcmp(in, "PK\3\4", 4) == 0;
		char *next = NULL;
		size_t next_size = 0;
		int result;

		if (!gzip && !zip) {
			*text = current;
			*length = current_size;
			return 0;
		}
		if (gzip)
			result = unpack(true, in, current_size, &next, &next_size, what, err);
		else
			result = unzip(in, current_size, &next, &next_size, what, err);
		free(current);
		if (result != 0) {
			free(next);
			return -1;
		}
		current = next;
		current_size = next_size;
	}
	free(current);
	return damaged(what, err);
}
