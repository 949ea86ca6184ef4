/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures made byte by byte, for the tests of the camera room. */
#ifndef TESTS_CAMERA_HELP_H
#define TESTS_CAMERA_HELP_H

#include "trapkit/camera.h"
#include "trapkit/exif.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1790000000) /* September 2026 */
#define MOST_TAGS 16

/* What a picture is to have; NULL leaves a tag out. Positions are degrees, minutes, seconds. */
struct spec {
	const char *make, *model, *software, *description;
	const char *original, *created, *serial, *offset_original, *offset;
	const void *note, *comment; /* UNDEFINED, with these sizes */
	size_t note_size, comment_size;
	const char *latitude_ref, *longitude_ref;
	double latitude[3], longitude[3];
	bool has_latitude, has_longitude;
	const char *com; /* comment segment behind the EXIF */
	bool big;
};

struct bytes {
	uint8_t data[70000];
	size_t size;
};

static inline void put16(uint8_t *at, unsigned value, bool big)
{
	at[big ? 0 : 1] = (uint8_t)(value >> 8);
	at[big ? 1 : 0] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value, bool big)
{
	put16(at + (big ? 0 : 2), value >> 16, big);
	put16(at + (big ? 2 : 0), value & 0xFFFF, big);
}

struct directory {
	struct {
		unsigned tag, type;
		uint32_t count;
		uint8_t value[4096];
		size_t size;
	} tags[MOST_TAGS];
	size_t count;
};

static inline void add_tag(struct directory *to, unsigned tag, unsigned type, uint32_t count,
	const void *value, size_t size)
{
	to->tags[to->count].tag = tag;
	to->tags[to->count].type = type;
	to->tags[to->count].count = count;
	to->tags[to->count].size = size;
	memset(to->tags[to->count].value, 0, 8);
	memcpy(to->tags[to->count++].value, value, size);
}

static inline void add_ascii(struct directory *to, unsigned tag, const char *text)
{
	if (text != NULL)
		add_tag(to, tag, EXIF_ASCII, (uint32_t)strlen(text) + 1, text, strlen(text) + 1);
}

static inline void add_degrees(struct directory *to, unsigned tag, const double parts[3], bool big)
{
	uint8_t value[24];

	for (size_t i = 0; i < 3; i++) {
		put32(value + i * 8, (uint32_t)(parts[i] * 1000 + 0.5), big);
		put32(value + i * 8 + 4, 1000, big);
	}
	add_tag(to, tag, EXIF_RATIONAL, 3, value, sizeof value);
}

/* Writes the directory at `at` with its values behind it; returns the next free place. */
static inline size_t write_directory(
	uint8_t *tiff, size_t at, const struct directory *from, bool big)
{
	size_t next = at + 2 + from->count * 12 + 4;

	put16(tiff + at, (unsigned)from->count, big);
	for (size_t i = 0; i < from->count; i++) {
		uint8_t *entry = tiff + at + 2 + i * 12;

		put16(entry, from->tags[i].tag, big);
		put16(entry + 2, from->tags[i].type, big);
		put32(entry + 4, from->tags[i].count, big);
		if (from->tags[i].size <= 4) {
			memcpy(entry + 8, from->tags[i].value, 4);
			continue;
		}
		put32(entry + 8, (uint32_t)next, big);
		memcpy(tiff + next, from->tags[i].value, from->tags[i].size);
		next += (from->tags[i].size + 1) & ~(size_t)1;
	}
	put32(tiff + at + 2 + from->count * 12, 0, big);
	return next;
}

static inline size_t write_exif(uint8_t *tiff, const struct spec *spec)
{
	static struct directory image, photo, gps;
	uint8_t pointer[4] = {0};
	bool big = spec->big;
	size_t end;

	image.count = photo.count = gps.count = 0;
	add_ascii(&image, EXIF_IMAGE_DESCRIPTION, spec->description);
	add_ascii(&image, EXIF_MAKE, spec->make);
	add_ascii(&image, EXIF_MODEL, spec->model);
	add_ascii(&image, EXIF_SOFTWARE, spec->software);
	add_tag(&image, EXIF_PHOTO_POINTER, EXIF_LONG, 1, pointer, 4);
	add_tag(&image, EXIF_GPS_POINTER, EXIF_LONG, 1, pointer, 4);
	add_ascii(&photo, EXIF_DATE_ORIGINAL, spec->original);
	add_ascii(&photo, EXIF_DATE_CREATED, spec->created);
	add_ascii(&photo, 0x9010, spec->offset);
	add_ascii(&photo, EXIF_OFFSET_ORIGINAL, spec->offset_original);
	if (spec->note != NULL)
		add_tag(&photo, EXIF_MAKER_NOTE, EXIF_UNDEFINED, (uint32_t)spec->note_size,
			spec->note, spec->note_size);
	if (spec->comment != NULL)
		add_tag(&photo, EXIF_USER_COMMENT, EXIF_UNDEFINED, (uint32_t)spec->comment_size,
			spec->comment, spec->comment_size);
	add_ascii(&photo, EXIF_BODY_SERIAL, spec->serial);
	add_ascii(&gps, EXIF_GPS_LATITUDE_REF, spec->latitude_ref);
	if (spec->has_latitude)
		add_degrees(&gps, EXIF_GPS_LATITUDE, spec->latitude, big);
	add_ascii(&gps, EXIF_GPS_LONGITUDE_REF, spec->longitude_ref);
	if (spec->has_longitude)
		add_degrees(&gps, EXIF_GPS_LONGITUDE, spec->longitude, big);

	memcpy(tiff, big ? "MM\0*" : "II*\0", 4);
	put32(tiff + 4, 8, big);
	/* Once to know how long it is, once with the pointers. */
	end = write_directory(tiff, 8, &image, big);
	put32(image.tags[image.count - 2].value, (uint32_t)end, big);
	end = write_directory(tiff, end, &photo, big);
	put32(image.tags[image.count - 1].value, (uint32_t)end, big);
	end = write_directory(tiff, end, &gps, big);
	write_directory(tiff, 8, &image, big);
	return end;
}

/* A JPEG with this EXIF and as good as no picture. */
static inline void make_picture(const struct spec *spec, struct bytes *out)
{
	static const uint8_t tail[] = {0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9};
	size_t length;

	memcpy(out->data, "\xFF\xD8\xFF\xE1\0\0Exif\0\0", 12);
	length = write_exif(out->data + 12, spec);
	put16(out->data + 4, (unsigned)(length + 8), true);
	out->size = 12 + length;
	if (spec->com != NULL) {
		memcpy(out->data + out->size, "\xFF\xFE", 2);
		put16(out->data + out->size + 2, (unsigned)strlen(spec->com) + 2, true);
		memcpy(out->data + out->size + 4, spec->com, strlen(spec->com));
		out->size += 4 + strlen(spec->com);
	}
	memcpy(out->data + out->size, tail, sizeof tail);
	out->size += sizeof tail;
}

#endif
