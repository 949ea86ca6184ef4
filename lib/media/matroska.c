/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Headers of Matroska and WebM: what Info and the first video of Tracks tell.
 * Source: RFC 8794 (EBML) sections 4 to 7, and RFC 9559 (Matroska) section 5.
 */
#include "scan.h"

#include "trapkit/exif.h"

#include <math.h>
#include <string.h>

/* Elements looked at in one file: a header has some fifty, each of a long film's clusters is one.
 */
#define ELEMENTS_MOST 4096
/* Segment > Tracks > TrackEntry > Video */
#define DEPTH_MOST 4
/* Date 0 of the format, 2001-01-01, in QuickTime's count from 1904. */
#define YEAR_2001 INT64_C(3061152000)

enum element_id {
	SEGMENT = 0x18538067,
	INFO = 0x1549A966,
	TIMESTAMP_SCALE = 0x2AD7B1,
	DURATION = 0x4489,
	DATE_UTC = 0x4461,
	CLUSTER = 0x1F43B675,
	TRACKS = 0x1654AE6B,
	TRACK_ENTRY = 0xAE,
	TRACK_TYPE = 0x83,
	DEFAULT_DURATION = 0x23E383,
	VIDEO = 0xE0,
	PIXEL_WIDTH = 0xB0,
	PIXEL_HEIGHT = 0xBA
};
#define TRACK_IS_VIDEO 1

struct element {
	uint32_t id;
	uint64_t body, end;
};

struct track {
	uint64_t type, width, height, frame_time; /* nanoseconds */
};

struct matroska {
	struct scan *scan;
	int elements;
	bool has_info, has_video;
	uint64_t scale; /* nanoseconds a tick */
	double ticks;
	struct track track; /* the one that is being read */
};

/* Big-endian, of up to eight bytes. */
static uint64_t number(const uint8_t *bytes, size_t length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* As many bytes as the first one has zeros in front of its first bit, and one; 0 = nonsense. */
static size_t length_of(uint8_t first, size_t most)
{
	size_t length = 1;

	while (length <= most && (first & (0x80 >> (length - 1))) == 0)
		length++;
	return length <= most ? length : 0;
}

/* False at the end of the parent, or where no element can be. */
static bool read_element(struct matroska *file, uint64_t at, uint64_t end, struct element *element)
{
	size_t have = 0, id, size;
	const uint8_t *bytes;
	uint64_t all, told;

	if (at >= end || file->elements++ >= ELEMENTS_MOST)
		return false;
	bytes = source_view(
		&file->scan->source, at, end - at < 12 ? (size_t)(end - at) : 12, &have);
	id = bytes == NULL ? 0 : length_of(bytes[0], 4);
	if (id == 0 || id >= have)
		return false;
	size = length_of(bytes[id], 8);
	if (size == 0 || id + size > have)
		return false;
	all = (UINT64_C(1) << 7 * size) - 1;
	told = number(bytes + id, size) & all;
	element->id = (uint32_t)number(bytes, id);
	element->body = at + id + size;
	element->end = end;
	/* All ones is how the format says "not known": then it is the rest. */
	if (told <= end - element->body)
		element->end = element->body + told;
	else if (told != all)
		file->scan->facts->trouble |= TROUBLE_TRUNCATED;
	return true;
}

static double real(const uint8_t *bytes, size_t length)
{
	uint64_t bits = number(bytes, length);
	uint32_t short_bits = (uint32_t)bits;
	float single;
	double value = NAN;

	if (length == sizeof single) {
		memcpy(&single, &short_bits, sizeof single);
		value = single;
	} else if (length == sizeof value) {
		memcpy(&value, &bits, sizeof value);
	}
	return value;
}

/* Nanoseconds since 2001, also before. */
static void take_date(struct matroska *file, uint64_t bits)
{
	int64_t seconds = (int64_t)bits / 1000000000 - ((int64_t)bits % 1000000000 < 0);

	scan_quicktime_date(file->scan, (uint64_t)(YEAR_2001 + seconds));
}

static void take_value(struct matroska *file, const struct element *element)
{
	size_t length = (size_t)(element->end - element->body);
	const uint8_t *bytes =
		length > 8 ? NULL : source_at(&file->scan->source, element->body, length);
	uint64_t value;

	if (bytes == NULL)
		return;
	value = number(bytes, length);
	switch ((enum element_id)element->id) {
	case TIMESTAMP_SCALE:
		file->scale = value;
		break;
	case DURATION:
		file->ticks = real(bytes, length);
		break;
	case DATE_UTC:
		take_date(file, value);
		break;
	case TRACK_TYPE:
		file->track.type = value;
		break;
	case DEFAULT_DURATION:
		file->track.frame_time = value;
		break;
	case PIXEL_WIDTH:
		file->track.width = value;
		break;
	case PIXEL_HEIGHT:
		file->track.height = value;
		break;
	default:
		break;
	}
}

static void settle_track(struct matroska *file)
{
	struct media_facts *facts = file->scan->facts;
	const struct track *track = &file->track;

	if (track->type != TRACK_IS_VIDEO || file->has_video)
		return;
	file->has_video = true;
	if (track->width <= UINT32_MAX && track->height <= UINT32_MAX) {
		facts->width = (uint32_t)track->width;
		facts->height = (uint32_t)track->height;
	}
	if (track->frame_time > 0)
		facts->fps = fifteen_digits(1e9 / (double)track->frame_time);
}

/* The elements from `at` to `end`. The depth is limited, not left to the file. */
static void walk(struct matroska *file, uint64_t at, uint64_t end, int depth)
{
	struct element element;

	for (; read_element(file, at, end, &element); at = element.end) {
		switch (element.id) {
		case TRACK_ENTRY:
			file->track = (struct track){0};
			/* fall through */
		case SEGMENT:
		case INFO:
		case TRACKS:
		case VIDEO:
			if (depth < DEPTH_MOST)
				walk(file, element.body, element.end, depth + 1);
			if (element.id == TRACK_ENTRY)
				settle_track(file);
			file->has_info |= element.id == INFO;
			break;
		case CLUSTER:
			/* The film itself begins; mostly all there is to know came before it. */
			if (file->has_info && file->has_video)
				return;
			break;
		default:
			take_value(file, &element);
		}
	}
}

void scan_matroska(struct scan *scan)
{
	struct matroska file = {.scan = scan, .scale = 1000000, .ticks = NAN};
	double duration;

	walk(&file, 0, source_size(&scan->source), 0);
	if (!file.has_info)
		scan->facts->trouble |= TROUBLE_TRUNCATED;
	duration = file.ticks * (double)file.scale / 1e9;
	if (isfinite(duration) && duration >= 0)
		scan->facts->duration = fifteen_digits(duration);
}
