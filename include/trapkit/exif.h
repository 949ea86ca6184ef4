/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EXIF blocks and JPEG segments, walked in place: nothing is copied, allocated or decoded. */
#ifndef TRAPKIT_EXIF_H
#define TRAPKIT_EXIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sources of the formats: EXIF 2.32 (CIPA DC-008) sections 4.5 and 4.6, TIFF 6.0 section 2,
 * ITU T.81 annex B for the JPEG markers. Every offset comes from a stranger and is checked.
 */

enum exif_type {
	EXIF_BYTE = 1,
	EXIF_ASCII,
	EXIF_SHORT,
	EXIF_LONG,
	EXIF_RATIONAL,
	EXIF_SBYTE,
	EXIF_UNDEFINED,
	EXIF_SSHORT,
	EXIF_SLONG,
	EXIF_SRATIONAL,
	EXIF_FLOAT,
	EXIF_DOUBLE
};

enum exif_directory { EXIF_IMAGE, EXIF_PHOTO, EXIF_GPS, EXIF_OTHER };

enum exif_tag {
	EXIF_IMAGE_DESCRIPTION = 0x010E,
	EXIF_MAKE = 0x010F,
	EXIF_MODEL = 0x0110,
	EXIF_ORIENTATION = 0x0112,
	EXIF_SOFTWARE = 0x0131,
	EXIF_MODIFY_DATE = 0x0132,
	EXIF_PHOTO_POINTER = 0x8769,
	EXIF_GPS_POINTER = 0x8825,
	EXIF_DATE_ORIGINAL = 0x9003,
	EXIF_DATE_CREATED = 0x9004,
	EXIF_OFFSET_ORIGINAL = 0x9011,
	EXIF_MAKER_NOTE = 0x927C,
	EXIF_USER_COMMENT = 0x9286,
	EXIF_BODY_SERIAL = 0xA431,
	/* Of the GPS directory only. */
	EXIF_GPS_LATITUDE_REF = 0x0001,
	EXIF_GPS_LATITUDE = 0x0002,
	EXIF_GPS_LONGITUDE_REF = 0x0003,
	EXIF_GPS_LONGITUDE = 0x0004
};

/* A TIFF structure in memory; borrowed, and begins at its `II` or `MM`. */
struct exif_block {
	const uint8_t *bytes;
	size_t size;
	bool big_endian;
	uint32_t first; /* offset of the first directory */
	/* Set while walking: */
	bool damaged;  /* a directory or an entry made no sense; what did was visited */
	size_t wanted; /* end of a directory that lies (in part) past `size`, else 0 */
};

struct exif_entry {
	enum exif_directory directory;
	uint16_t tag, type;
	uint32_t count;      /* of values */
	const uint8_t *data; /* NULL when it lies past the block's end */
	size_t size;         /* count × the type's size, bytes */
	size_t offset;       /* of the value, from the block's beginning */
	bool big_endian;
};

/* False when this is no TIFF header. */
bool exif_open(struct exif_block *block, const uint8_t *bytes, size_t size);

typedef void exif_visit(const struct exif_entry *entry, void *context);

/*
 * Visits every entry of the first directory, then of the EXIF and the GPS directory it points to.
 * Each is read once and none is chained to, so that no cycle is possible. Entries keep the order
 * of the file; an entry of unknown type is left out.
 */
void exif_walk(struct exif_block *block, exif_visit *visit, void *context);
/* One directory at an offset of the block: maker notes that are built the same way. */
void exif_walk_directory(struct exif_block *block, size_t offset, enum exif_directory directory,
	exif_visit *visit, void *context);
/* The first such entry of exif_walk() whose value is there. */
bool exif_find(struct exif_block *block, enum exif_directory directory, uint16_t tag,
	struct exif_entry *found);

/*
 * Text made clean: NUL, space, 0xFF and control characters at both ends go, the first NUL ends it,
 * control characters within become spaces, bytes that are not UTF-8 are taken as Latin-1, what does
 * not fit is cut at a character. Returns the length without the NUL. `size` is at least 1.
 */
size_t exif_clean_text(const uint8_t *bytes, size_t length, char *out, size_t size);
/* The same of an entry of any type with one-byte values; "" for others. */
size_t exif_text(const struct exif_entry *entry, char *out, size_t size);
/* BYTE, SHORT or LONG number `index`. False when there is none. */
bool exif_unsigned(const struct exif_entry *entry, size_t index, uint32_t *value);
/* The same, and RATIONAL and SRATIONAL; false also when the denominator is 0. */
bool exif_number(const struct exif_entry *entry, size_t index, double *value);

uint16_t bytes_u16(const uint8_t *bytes, bool big_endian);
uint32_t bytes_u32(const uint8_t *bytes, bool big_endian);

/* ---- JPEG ---- */

enum jpeg_marker {
	JPEG_SOF0 = 0xC0,
	JPEG_SOI = 0xD8,
	JPEG_EOI = 0xD9,
	JPEG_SOS = 0xDA,
	JPEG_APP1 = 0xE1,
	JPEG_COM = 0xFE
};

struct jpeg_segment {
	uint8_t marker;
	size_t header;  /* bytes from the place asked about to the payload */
	size_t payload; /* bytes as told; may lie past the end of the file */
};

enum jpeg_step { JPEG_SEGMENT, JPEG_NEED_MORE, JPEG_BROKEN };

/*
 * The segment at the beginning of `bytes`, fill bytes and stray bytes before it skipped. The next
 * one is `header + payload` further on. Markers without a length have payload 0.
 */
enum jpeg_step jpeg_segment_at(const uint8_t *bytes, size_t size, struct jpeg_segment *segment);
/* True for a start of frame of any kind: its payload has height and width at bytes 1 and 3. */
bool jpeg_is_frame(uint8_t marker);

/* Bytes that an APP1 payload has before the TIFF header, 0 when it is not EXIF. */
size_t jpeg_exif_prefix(const uint8_t *payload, size_t size);
#define JPEG_EXIF_PREFIX 6

#ifdef __cplusplus
}
#endif

#endif
