/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells what a file is by its first bytes, has its headers read and settles what was found. */
#include "scan.h"

#include "trapkit/error.h"
#include "trapkit/media.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum media_type media_type_by_name(const char *name)
{
	static const struct {
		char extension[6];
		enum media_type type;
	} types[] = {{"jpg", MEDIA_JPEG}, {"jpeg", MEDIA_JPEG}, {"jpe", MEDIA_JPEG},
		{"png", MEDIA_PNG}, {"avi", MEDIA_AVI}, {"mp4", MEDIA_MP4}, {"m4v", MEDIA_MP4},
		{"mov", MEDIA_MOV}, {"qt", MEDIA_MOV}, {"tif", MEDIA_OTHER_IMAGE},
		{"tiff", MEDIA_OTHER_IMAGE}, {"webp", MEDIA_OTHER_IMAGE},
		{"heic", MEDIA_OTHER_IMAGE}, {"heif", MEDIA_OTHER_IMAGE},
		{"gif", MEDIA_OTHER_IMAGE}, {"bmp", MEDIA_OTHER_IMAGE}, {"dng", MEDIA_OTHER_IMAGE},
		{"webm", MEDIA_WEBM}, {"mkv", MEDIA_MKV}, {"mpg", MEDIA_OTHER_VIDEO},
		{"mpeg", MEDIA_OTHER_VIDEO}, {"wmv", MEDIA_OTHER_VIDEO}, {"asf", MEDIA_OTHER_VIDEO},
		{"ts", MEDIA_OTHER_VIDEO}, {"mts", MEDIA_OTHER_VIDEO}, {"m2ts", MEDIA_OTHER_VIDEO},
		{"3gp", MEDIA_OTHER_VIDEO}, {"flv", MEDIA_OTHER_VIDEO}};
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name)
		return MEDIA_UNKNOWN;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(dot + 1, types[i].extension) == 0)
			return types[i].type;
	return MEDIA_UNKNOWN;
}

static bool begins(const uint8_t *bytes, size_t size, const char *magic, size_t length)
{
	return size >= length && memcmp(bytes, magic, length) == 0;
}

/* By the brand of an `ftyp` box: QuickTime, a still picture, or MP4 and its kin. */
static enum media_type type_of_brand(const uint8_t *bytes, size_t size)
{
	if (size < 12 || memcmp(bytes + 8, "qt  ", 4) == 0)
		return MEDIA_MOV;
	if (memcmp(bytes + 8, "hei", 3) == 0 || memcmp(bytes + 8, "mif1", 4) == 0 ||
		memcmp(bytes + 8, "avif", 4) == 0)
		return MEDIA_OTHER_IMAGE;
	if (memcmp(bytes + 8, "3g", 2) == 0)
		return MEDIA_OTHER_VIDEO;
	return MEDIA_MP4;
}

/* A movie of before 2001 has no `ftyp`: it begins with one of these boxes. */
static bool is_bare_movie(const uint8_t *bytes, size_t size)
{
	static const char kinds[][5] = {"moov", "mdat", "wide", "free", "skip", "pnot"};

	for (size_t i = 0; size >= 8 && i < sizeof kinds / sizeof *kinds; i++)
		if (memcmp(bytes + 4, kinds[i], 4) == 0)
			/* Only the film itself can be long; else it is a text with such a word. */
			return bytes[0] == 0 || memcmp(bytes + 4, "mdat", 4) == 0;
	return false;
}

/* Two letters are too few to know a BMP by: the size of its second header is one of these. */
static bool is_bitmap(const uint8_t *bytes, size_t size)
{
	return size >= 18 && memcmp(bytes, "BM", 2) == 0 && bytes[15] == 0 && bytes[16] == 0 &&
		bytes[17] == 0 &&
		(bytes[14] == 12 || bytes[14] == 40 || bytes[14] == 108 || bytes[14] == 124);
}

/* The kind stands in the header, which is some forty bytes long. */
static enum media_type type_of_matroska(const uint8_t *bytes, size_t size)
{
	static const uint8_t webm[] = {0x42, 0x82, 0x84, 'w', 'e', 'b', 'm'};

	for (size_t i = 4; i + sizeof webm <= size && i < 64; i++)
		if (memcmp(bytes + i, webm, sizeof webm) == 0)
			return MEDIA_WEBM;
	return MEDIA_MKV;
}

static enum media_type type_by_contents(const uint8_t *bytes, size_t size)
{
	if (begins(bytes, size, "\xFF\xD8\xFF", 3))
		return MEDIA_JPEG;
	if (begins(bytes, size, "\x89PNG\r\n\x1A\n", 8))
		return MEDIA_PNG;
	if (begins(bytes, size, "RIFF", 4) && size >= 12) {
		if (memcmp(bytes + 8, "AVI ", 4) == 0)
			return MEDIA_AVI;
		return memcmp(bytes + 8, "WEBP", 4) == 0 ? MEDIA_OTHER_IMAGE : MEDIA_UNKNOWN;
	}
	if (size >= 8 && memcmp(bytes + 4, "ftyp", 4) == 0)
		return type_of_brand(bytes, size);
	if (is_bare_movie(bytes, size))
		return MEDIA_MOV;
	if (begins(bytes, size, "II*\0", 4) || begins(bytes, size, "MM\0*", 4) ||
		begins(bytes, size, "GIF8", 4) || is_bitmap(bytes, size))
		return MEDIA_OTHER_IMAGE;
	if (begins(bytes, size, "\x1A\x45\xDF\xA3", 4))
		return type_of_matroska(bytes, size);
	return MEDIA_UNKNOWN;
}

static bool is_film(enum media_type type)
{
	return type == MEDIA_MP4 || type == MEDIA_MOV;
}

static bool is_matroska(enum media_type type)
{
	return type == MEDIA_MKV || type == MEDIA_WEBM;
}

/* What the contents are, and what there is to say about name and contents. */
static void settle_type(
	struct media_facts *facts, const char *name, const uint8_t *bytes, size_t size)
{
	enum media_type by_name = name == NULL ? MEDIA_UNKNOWN : media_type_by_name(name);

	facts->type = type_by_contents(bytes, size);
	if (facts->type == MEDIA_UNKNOWN) {
		if (by_name == MEDIA_OTHER_IMAGE || by_name == MEDIA_OTHER_VIDEO)
			facts->type = by_name;
		else
			facts->trouble |= TROUBLE_NOT_MEDIA;
		if (size == 0)
			facts->trouble |= TROUBLE_TRUNCATED;
	} else if (by_name != MEDIA_UNKNOWN && by_name != facts->type &&
		!(is_film(by_name) && is_film(facts->type)) &&
		!(is_matroska(by_name) && is_matroska(facts->type)) &&
		!(by_name == MEDIA_OTHER_VIDEO && is_film(facts->type))) {
		facts->trouble |= TROUBLE_WRONG_NAME;
	}
}

/* What could not be read is not damaged for that. */
static void settle_unreadable(struct media_facts *facts, const char *name)
{
	facts->trouble &= ~(unsigned)(TROUBLE_NOT_MEDIA | TROUBLE_TRUNCATED | TROUBLE_BAD_EXIF);
	facts->trouble |= TROUBLE_UNREADABLE;
	if (facts->type == MEDIA_UNKNOWN && name != NULL)
		facts->type = media_type_by_name(name);
}

static void scan_any(struct scan *scan, const char *name, int64_t now)
{
	struct media_facts *facts = scan->facts;

	settle_type(facts, name, scan->source.window, scan->source.length);
	switch (facts->type) {
	case MEDIA_JPEG:
		scan_jpeg(scan);
		break;
	case MEDIA_PNG:
		scan_png(scan);
		break;
	case MEDIA_AVI:
		scan_avi(scan);
		break;
	case MEDIA_MP4:
	case MEDIA_MOV:
		scan_quicktime(scan);
		break;
	case MEDIA_MKV:
	case MEDIA_WEBM:
		scan_matroska(scan);
		break;
	default:
		break;
	}
	if (scan->source.failure != 0)
		settle_unreadable(facts, name);
	scan_settle_dates(scan, name, now);
}

static void clear(struct media_facts *facts)
{
	*facts = (struct media_facts){
		.fps = NAN, .duration = NAN, .latitude = NAN, .longitude = NAN};
}

void media_parse_facts(
	const uint8_t *bytes, size_t size, const char *name, int64_t now, struct media_facts *facts)
{
	struct scan scan = {
		.facts = facts,
		.source = {.fd = -1, .end = size, .window = bytes, .length = size},
	};

	clear(facts);
	scan_any(&scan, name, now);
}

int media_read_facts(
	int fd, const char *name, int64_t now, struct media_facts *facts, struct error *err)
{
	uint8_t buffer[SOURCE_CAPACITY];
	struct scan scan = {
		.facts = facts,
		.source = {.fd = fd,
			.end = UINT64_MAX,
			.window = buffer,
			.buffer = buffer,
			.step = 4096},
	};
	size_t have;

	clear(facts);
	source_view(&scan.source, 0, SOURCE_HEAD, &have);
	scan_any(&scan, name, now);
	if (scan.source.failure == 0)
		return 0;
	errno = scan.source.failure;
	return error_errno(err, "cannot read '%s'", name);
}
