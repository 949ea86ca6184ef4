/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JPEG headers: the size from the start of frame, the rest from EXIF, nothing past the scan. */
#include "scan.h"

#include "trapkit/exif.h"

#include <string.h>

/* More than any camera writes; a crafted file cannot make us hop on for ever. */
#define SEGMENTS_MOST 512

static void take_frame(struct scan *scan, uint64_t payload)
{
	const uint8_t *bytes = source_at(&scan->source, payload, 5);

	if (bytes == NULL || scan->facts->width != 0)
		return;
	scan->facts->height = bytes_u16(bytes + 1, true);
	scan->facts->width = bytes_u16(bytes + 3, true);
}

static void take_app1(struct scan *scan, uint64_t payload, size_t length)
{
	size_t have;
	const uint8_t *bytes = source_view(&scan->source, payload, JPEG_EXIF_PREFIX, &have);
	size_t prefix = bytes == NULL ? 0 : jpeg_exif_prefix(bytes, have);

	/* XMP and others have their own prefixes. */
	if (prefix != 0 && length > prefix)
		scan_exif(scan, payload + prefix, length - prefix);
}

/* A small file is here as a whole: then the end can be looked at for nothing. */
static bool ends_early(struct scan *scan, uint64_t scan_data)
{
	const struct source *source = &scan->source;
	size_t there = source_buffered(source, scan_data);
	const uint8_t *bytes;

	if (scan_data >= source->end)
		return true;
	if (source->start + source->length < source->end || there == 0)
		return false;
	bytes = source->window + (scan_data - source->start);
	for (size_t i = there; i >= 2; i--)
		if (bytes[i - 2] == 0xFF && bytes[i - 1] == JPEG_EOI)
			return false;
	return true;
}

void scan_jpeg(struct scan *scan)
{
	struct source *source = &scan->source;
	struct jpeg_segment segment;
	uint64_t at = 2;

	for (int i = 0; i < SEGMENTS_MOST; i++) {
		size_t have = source_buffered(source, at);
		const uint8_t *bytes = source_view(source, at, have >= 4 ? have : 4, &have);
		enum jpeg_step step =
			bytes == NULL ? JPEG_NEED_MORE : jpeg_segment_at(bytes, have, &segment);

		if (bytes != NULL && step == JPEG_NEED_MORE) {
			bytes = source_view(source, at, have + 4096, &have);
			step = bytes == NULL ? JPEG_NEED_MORE
					     : jpeg_segment_at(bytes, have, &segment);
		}
		if (step != JPEG_SEGMENT || segment.marker == JPEG_EOI) {
			scan->facts->trouble |= TROUBLE_TRUNCATED;
			return;
		}
		at += segment.header;
		if (segment.marker == JPEG_SOS) {
			if (ends_early(scan, at + segment.payload))
				scan->facts->trouble |= TROUBLE_TRUNCATED;
			return;
		}
		if (jpeg_is_frame(segment.marker))
			take_frame(scan, at);
		else if (segment.marker == JPEG_APP1)
			take_app1(scan, at, segment.payload);
		at += segment.payload;
	}
	scan->facts->trouble |= TROUBLE_TRUNCATED;
}
