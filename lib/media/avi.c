/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AVI headers: avih, the streams' strh and strf, and the places where cameras put the date.
 * Source: Microsoft's "AVI RIFF File Reference" and the OpenDML extensions 1.02.
 */
#include "scan.h"

#include "trapkit/exif.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chunks looked at in one file; a header has some twenty. */
#define CHUNKS_MOST 512
/* hdrl > strl > strh is three deep. */
#define DEPTH_MOST 4
#define TEXT_MOST 64

struct avi {
	struct scan *scan;
	double frame_rate, frame_count; /* avih: NaN when not told */
	double video_rate, video_count; /* strh of the first video stream */
	bool in_video;                  /* the stream that is being read is video */
	int chunks;
};

double fifteen_digits(double value)
{
	char text[40];

	if (!isfinite(value))
		return value;
	snprintf(text, sizeof text, "%.15g", value);
	return strtod(text, NULL);
}

/* exiftool keeps ten digits of a quotient of two numbers; its 1/x then shows in the ones it prints.
 */
static double quotient(uint32_t above, uint32_t below)
{
	char text[40];

	if (below == 0)
		return NAN;
	snprintf(text, sizeof text, "%.10g", (double)above / (double)below);
	return strtod(text, NULL);
}

static void take_main_header(struct avi *avi, const uint8_t *bytes)
{
	uint32_t microseconds = bytes_u32(bytes, false);

	avi->frame_rate = microseconds == 0 ? NAN : 1e6 / microseconds;
	avi->frame_count = bytes_u32(bytes + 16, false);
	avi->scan->facts->width = bytes_u32(bytes + 32, false);
	avi->scan->facts->height = bytes_u32(bytes + 36, false);
}

static void take_stream_header(struct avi *avi, const uint8_t *bytes)
{
	double period;

	avi->in_video = memcmp(bytes, "vids", 4) == 0;
	if (!avi->in_video || !isnan(avi->video_rate))
		return;
	period = quotient(bytes_u32(bytes + 20, false), bytes_u32(bytes + 24, false));
	if (!(period > 0))
		return;
	avi->video_rate = 1 / period;
	avi->video_count = bytes_u32(bytes + 32, false);
}

/* BITMAPINFOHEADER; a negative height only means top-down. */
static void take_stream_format(struct avi *avi, const uint8_t *bytes)
{
	int64_t height = (int32_t)bytes_u32(bytes + 8, false);

	avi->scan->facts->width = bytes_u32(bytes + 4, false);
	avi->scan->facts->height = (uint32_t)(height < 0 ? -height : height);
}

/* Data of a camera's own in a stream: `AVIF`, then a TIFF directory 8 bytes on. */
static void take_stream_data(struct avi *avi, uint64_t at, uint32_t length)
{
	const uint8_t *bytes = source_at(&avi->scan->source, at, 12);

	if (bytes != NULL && memcmp(bytes, "AVIF", 4) == 0 &&
		(memcmp(bytes + 8, "II*", 3) == 0 || memcmp(bytes + 8, "MM\0", 3) == 0) &&
		length > 16)
		scan_exif(avi->scan, at + 8, length - 8 < 65535 ? length - 8 : 65535);
}

static void take_text(struct avi *avi, uint64_t at, uint32_t length, char *out, size_t size)
{
	size_t have;
	const uint8_t *bytes =
		source_view(&avi->scan->source, at, length < TEXT_MOST ? length : TEXT_MOST, &have);

	if (bytes != NULL && out[0] == '\0')
		exif_clean_text(bytes, have, out, size);
}

static void take_date(struct avi *avi, uint64_t at, uint32_t length)
{
	size_t have;
	const uint8_t *bytes =
		source_view(&avi->scan->source, at, length < TEXT_MOST ? length : TEXT_MOST, &have);

	if (bytes != NULL)
		scan_riff_date(avi->scan, bytes, have);
}

static void take_chunk(struct avi *avi, const uint8_t *name, uint64_t at, uint32_t length)
{
	struct source *source = &avi->scan->source;
	const uint8_t *bytes;

	if (memcmp(name, "avih", 4) == 0) {
		if (length >= 40 && (bytes = source_at(source, at, 40)) != NULL)
			take_main_header(avi, bytes);
	} else if (memcmp(name, "strh", 4) == 0) {
		if (length >= 36 && (bytes = source_at(source, at, 36)) != NULL)
			take_stream_header(avi, bytes);
	} else if (memcmp(name, "strf", 4) == 0) {
		if (avi->in_video && length >= 12 && (bytes = source_at(source, at, 12)) != NULL)
			take_stream_format(avi, bytes);
	} else if (memcmp(name, "strd", 4) == 0) {
		take_stream_data(avi, at, length);
	} else if (memcmp(name, "IDIT", 4) == 0) {
		take_date(avi, at, length);
	} else if (memcmp(name, "ICRD", 4) == 0 || memcmp(name, "etim", 4) == 0) {
		if (!avi->scan->there[DATE_CONTAINER])
			take_date(avi, at, length);
	} else if (memcmp(name, "ecor", 4) == 0) {
		take_text(avi, at, length, avi->scan->facts->make, sizeof avi->scan->facts->make);
	} else if (memcmp(name, "emdl", 4) == 0) {
		take_text(avi, at, length, avi->scan->facts->model, sizeof avi->scan->facts->model);
	}
}

static bool is_wanted_list(const uint8_t *kind)
{
	return memcmp(kind, "hdrl", 4) == 0 || memcmp(kind, "strl", 4) == 0 ||
		memcmp(kind, "INFO", 4) == 0 || memcmp(kind, "exif", 4) == 0;
}

/* The chunks from `at` to `end`. The depth is limited, not left to the file. */
static void walk(struct avi *avi, uint64_t at, uint64_t end, int depth)
{
	struct source *source = &avi->scan->source;

	while (at + 8 <= end && avi->chunks++ < CHUNKS_MOST) {
		const uint8_t *bytes = source_at(source, at, 8);
		uint8_t name[4], kind[4] = {0};
		uint32_t length;
		uint64_t next;

		if (bytes == NULL) {
			avi->scan->facts->trouble |= TROUBLE_TRUNCATED;
			return;
		}
		memcpy(name, bytes, 4);
		length = bytes_u32(bytes + 4, false);
		next = at + 8 + length + (length & 1);
		if (next > source_size(source))
			avi->scan->facts->trouble |= TROUBLE_TRUNCATED;
		if (memcmp(name, "LIST", 4) == 0 && length >= 4) {
			bytes = source_at(source, at + 8, 4);
			if (bytes != NULL)
				memcpy(kind, bytes, 4);
			if (is_wanted_list(kind) && depth < DEPTH_MOST)
				walk(avi, at + 12, next < end ? next : end, depth + 1);
			/* What lies behind the film is worth a seek only for a date. */
			if (memcmp(kind, "movi", 4) == 0 && avi->scan->valid[DATE_CONTAINER])
				return;
		} else if (memcmp(name, "RIFF", 4) != 0) {
			take_chunk(avi, name, at + 8, length);
		}
		at = next;
	}
}

/* As exiftool does: the main header counts, unless it adds up several streams. */
static double duration(const struct avi *avi)
{
	double header = avi->frame_count / avi->frame_rate;
	double stream = avi->video_count / avi->video_rate;

	if (isnan(header) || (header == 0 && stream > 0))
		return stream > 0 ? stream : NAN;
	if (stream > 0 && header / stream > 1.9 && header / stream < 3.1)
		return stream;
	return header > 0 ? header : NAN;
}

void scan_avi(struct scan *scan)
{
	struct avi avi = {scan, NAN, NAN, NAN, NAN, false, 0};
	uint64_t size = source_size(&scan->source);
	const uint8_t *bytes = source_at(&scan->source, 4, 4);
	uint64_t told = bytes == NULL ? 0 : (uint64_t)bytes_u32(bytes, false) + 8;

	/* A camera that died while filming left the size at 0 or at nonsense. */
	if (told <= 12 || told > size)
		scan->facts->trouble |= TROUBLE_TRUNCATED;
	scan->source.step = 4096;
	walk(&avi, 12, size, 0);
	scan->facts->fps = fifteen_digits(isnan(avi.video_rate) ? avi.frame_rate : avi.video_rate);
	scan->facts->duration = fifteen_digits(duration(&avi));
}
