/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MP4 and MOV headers: the boxes of `moov`, wherever it lies.
 * Source: ISO/IEC 14496-12 sections 4.2 and 8, and Apple's QuickTime File Format.
 */
#include "scan.h"

#include "trapkit/exif.h"

#include <math.h>
#include <string.h>

/* Boxes looked at in one file. A film cut into fragments has one per second or so at its top. */
#define BOXES_MOST 4096
#define BEHIND_MOST 64
/* moov > trak > mdia > minf > stbl > stts is six deep. */
#define DEPTH_MOST 8
/* Entries of all time tables: 8 bytes each, one per frame at worst. */
#define TIMES_MOST 524288
#define TEXT_MOST 64

struct movie {
	struct scan *scan;
	int boxes;
	bool has_moov;
	uint32_t media_scale; /* ticks a second of the track that is being read */
	bool in_video;
	uint64_t times_left;
};

struct box {
	char kind[4];
	uint64_t body, end;
};

static uint64_t u64(const uint8_t *bytes)
{
	return (uint64_t)bytes_u32(bytes, true) << 32 | bytes_u32(bytes + 4, true);
}

/* False at the end of the parent, or where no box can be. */
static bool read_box(struct movie *movie, uint64_t at, uint64_t end, struct box *box)
{
	struct source *source = &movie->scan->source;
	const uint8_t *bytes;
	uint64_t size;
	unsigned header = 8;

	if (at >= end || end - at < 8 || movie->boxes++ >= BOXES_MOST)
		return false;
	bytes = source_at(source, at, 8);
	if (bytes == NULL)
		return false;
	memcpy(box->kind, bytes + 4, 4);
	size = bytes_u32(bytes, true);
	if (size == 1) {
		bytes = source_at(source, at, 16);
		if (bytes == NULL)
			return false;
		size = u64(bytes + 8);
		header = 16;
	} else if (size == 0) {
		size = end - at; /* up to the end of what holds it */
	}
	if (size < header)
		return false;
	if (size > end - at) {
		movie->scan->facts->trouble |= TROUBLE_TRUNCATED;
		size = end - at;
		if (size < header)
			return false;
	}
	box->body = at + header;
	box->end = at + size;
	return true;
}

static const uint8_t *body(struct movie *movie, const struct box *box, size_t want)
{
	if (box->end - box->body < want)
		return NULL;
	return source_at(&movie->scan->source, box->body, want);
}

/* ---- the boxes that tell something ---- */

static void take_movie_header(struct movie *movie, const struct box *box)
{
	const uint8_t *bytes = body(movie, box, 20);
	uint64_t created, length;
	uint32_t scale;
	bool known;

	if (bytes == NULL)
		return;
	if (bytes[0] == 0) {
		created = bytes_u32(bytes + 4, true);
		scale = bytes_u32(bytes + 12, true);
		length = bytes_u32(bytes + 16, true);
		known = length != UINT32_MAX;
	} else {
		bytes = body(movie, box, 32);
		if (bytes == NULL)
			return;
		created = u64(bytes + 4);
		scale = bytes_u32(bytes + 20, true);
		length = u64(bytes + 24);
		known = length != UINT64_MAX;
	}
	scan_quicktime_date(movie->scan, created);
	/* All ones is how the format says "not known". */
	if (scale != 0 && known)
		movie->scan->facts->duration = fifteen_digits((double)length / scale);
}

/* Quarter turns only; what the matrix says is told as EXIF would. */
static uint8_t turn(const uint8_t *matrix)
{
	int32_t a = (int32_t)bytes_u32(matrix, true), b = (int32_t)bytes_u32(matrix + 4, true);
	int32_t c = (int32_t)bytes_u32(matrix + 12, true),
		d = (int32_t)bytes_u32(matrix + 16, true);

	if (a == 0 && d == 0 && b > 0 && c < 0)
		return 6;
	if (a < 0 && d < 0 && b == 0 && c == 0)
		return 3;
	if (a == 0 && d == 0 && b < 0 && c > 0)
		return 8;
	return 0;
}

/* 16.16 fixed point; some cameras write the bare number. */
static uint32_t pixels(const uint8_t *bytes)
{
	uint32_t value = bytes_u32(bytes, true);

	return (value & 0xFFF00000u) != 0 ? value >> 16 : value;
}

static void take_track_header(struct movie *movie, const struct box *box)
{
	struct media_facts *facts = movie->scan->facts;
	const uint8_t *bytes = body(movie, box, 1);
	size_t matrix;

	if (bytes == NULL)
		return;
	matrix = bytes[0] == 0 ? 40 : 52;
	bytes = body(movie, box, matrix + 44);
	if (bytes == NULL || pixels(bytes + matrix + 36) == 0 || facts->width != 0)
		return;
	facts->width = pixels(bytes + matrix + 36);
	facts->height = pixels(bytes + matrix + 40);
	facts->orientation = turn(bytes + matrix);
}

static void take_media_header(struct movie *movie, const struct box *box)
{
	const uint8_t *bytes = body(movie, box, 24);

	if (bytes != NULL)
		movie->media_scale = bytes_u32(bytes + (bytes[0] == 0 ? 12 : 20), true);
}

static void take_handler(struct movie *movie, const struct box *box)
{
	const uint8_t *bytes = body(movie, box, 12);

	if (bytes != NULL)
		movie->in_video = memcmp(bytes + 8, "vide", 4) == 0;
}

/* The average rate: all samples by all their time. */
static void take_times(struct movie *movie, const struct box *box)
{
	const uint8_t *bytes;
	uint64_t entries = (box->end - box->body) / 8, at = box->body + 8;
	double samples = 0, ticks = 0;

	if (!movie->in_video || entries < 2)
		return;
	entries = entries - 1 < movie->times_left ? entries - 1 : movie->times_left;
	movie->times_left -= entries;
	while (entries > 0) {
		size_t part = entries < 4096 ? (size_t)entries : 4096;

		bytes = source_at(&movie->scan->source, at, part * 8);
		if (bytes == NULL)
			break;
		for (size_t i = 0; i < part; i++) {
			double count = bytes_u32(bytes + i * 8, true);

			samples += count;
			ticks += count * bytes_u32(bytes + i * 8 + 4, true);
		}
		entries -= part;
		at += part * 8;
	}
	if (samples > 0 && ticks > 0 && movie->media_scale != 0)
		movie->scan->facts->fps = fifteen_digits(samples * movie->media_scale / ticks);
}

/* The first visual sample entry, for tracks whose header tells no size. */
static void take_sample_entry(struct movie *movie, const struct box *box)
{
	struct media_facts *facts = movie->scan->facts;
	const uint8_t *bytes = body(movie, box, 44);

	if (!movie->in_video || bytes == NULL || facts->width != 0)
		return;
	facts->width = bytes_u16(bytes + 40, true);
	facts->height = bytes_u16(bytes + 42, true);
}

/* `©mak` and `©mod`: two bytes of length, two of language, the text. */
static void take_user_text(struct movie *movie, const struct box *box, char *out, size_t size)
{
	size_t have = 0, length;
	uint64_t most = box->end - box->body;
	const uint8_t *bytes = source_view(&movie->scan->source, box->body,
		most < TEXT_MOST ? (size_t)most : TEXT_MOST, &have);

	if (bytes == NULL || have < 4 || out[0] != '\0')
		return;
	length = bytes_u16(bytes, true);
	exif_clean_text(bytes + 4, length < have - 4 ? length : have - 4, out, size);
}

static bool is_kind(const struct box *box, const char *kind)
{
	return memcmp(box->kind, kind, 4) == 0;
}

static void take_leaf(struct movie *movie, const struct box *box)
{
	struct media_facts *facts = movie->scan->facts;

	if (is_kind(box, "mvhd"))
		take_movie_header(movie, box);
	else if (is_kind(box, "tkhd"))
		take_track_header(movie, box);
	else if (is_kind(box, "mdhd"))
		take_media_header(movie, box);
	else if (is_kind(box, "hdlr"))
		take_handler(movie, box);
	else if (is_kind(box, "stts"))
		take_times(movie, box);
	else if (is_kind(box, "stsd"))
		take_sample_entry(movie, box);
	else if (is_kind(box, "\xA9mak"))
		take_user_text(movie, box, facts->make, sizeof facts->make);
	else if (is_kind(box, "\xA9mod"))
		take_user_text(movie, box, facts->model, sizeof facts->model);
}

static void walk(struct movie *movie, uint64_t at, uint64_t end, int depth)
{
	struct box box;

	for (; read_box(movie, at, end, &box); at = box.end) {
		bool inner = is_kind(&box, "trak") || is_kind(&box, "mdia") ||
			is_kind(&box, "minf") || is_kind(&box, "stbl") || is_kind(&box, "udta");

		if (inner && depth < DEPTH_MOST) {
			if (is_kind(&box, "trak")) {
				movie->in_video = false;
				movie->media_scale = 0;
			}
			walk(movie, box.body, box.end, depth + 1);
		} else if (!(is_kind(&box, "hdlr") && depth > 2)) {
			/* A handler inside `minf` is that of the data, not of the track. */
			take_leaf(movie, &box);
		}
	}
}

void scan_quicktime(struct scan *scan)
{
	struct movie movie = {.scan = scan, .times_left = TIMES_MOST};
	uint64_t size = source_size(&scan->source), at = 0;
	struct box box;
	int behind = 0;
	bool has_data = false;

	scan->source.step = 4096;
	/* What follows `moov` is only looked at for whether the file has all of it. */
	while (behind < BEHIND_MOST && read_box(&movie, at, size, &box)) {
		has_data = has_data || is_kind(&box, "mdat") || is_kind(&box, "moof");
		if (movie.has_moov) {
			behind++;
		} else if (is_kind(&box, "moov")) {
			movie.has_moov = true;
			walk(&movie, box.body, box.end, 0);
		}
		at = box.end;
	}
	if (!movie.has_moov || !has_data)
		scan->facts->trouble |= TROUBLE_TRUNCATED;
}
