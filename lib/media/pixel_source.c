/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures decoded to RGB in full size. */
#include "trapkit/pixel_source.h"

#include "picture.h"
#include "pixels_turn.h"
#include "turbojpeg.h"

#include "trapkit/error.h"
#include "trapkit/exif.h"

#include <string.h>

/* As EXIF tells, 0 when it does not. */
static unsigned orientation_of(const uint8_t *bytes, size_t size)
{
	struct jpeg_segment segment;
	size_t at = 0;

	while (at < size && jpeg_segment_at(bytes + at, size - at, &segment) == JPEG_SEGMENT &&
		segment.marker != JPEG_SOS && segment.marker != JPEG_EOI) {
		const uint8_t *payload = bytes + at + segment.header;
		size_t left = size - at - segment.header, prefix;
		size_t length = segment.payload < left ? segment.payload : left;
		struct exif_block block;
		struct exif_entry entry;
		uint32_t orientation;

		prefix = segment.marker == JPEG_APP1 ? jpeg_exif_prefix(payload, length) : 0;
		if (prefix > 0 && exif_open(&block, payload + prefix, length - prefix) &&
			exif_find(&block, EXIF_IMAGE, EXIF_ORIENTATION, &entry) &&
			exif_unsigned(&entry, 0, &orientation) && orientation <= 8)
			return orientation;
		if (segment.payload > left)
			break;
		at += segment.header + segment.payload;
	}
	return 0;
}

/* -1 also for kinds of JPEG that libjpeg-turbo does not make RGB of (CMYK). */
static int decode_jpeg(tjhandle decoder, const uint8_t *bytes, size_t size, struct pixels *pixels,
	struct error *err)
{
	struct turbojpeg_header header;

	if (turbojpeg_read_header(decoder, bytes, size, &header, err) != 0)
		return -1;
	pixels_renew(pixels, (uint32_t)header.width, (uint32_t)header.height);
	if (tjDecompress2(decoder, bytes, size, pixels->rgb, header.width, 0, header.height,
		    TJPF_RGB, 0) != 0) {
		if (tjGetErrorCode(decoder) != TJERR_WARNING)
			return error_set(err, ERROR_INPUT, "cannot decode the picture: %s",
				tjGetErrorStr2(decoder));
		pixels->truncated = true;
	}
	if (header.colorspace != TJCS_GRAY)
		pixels_turn(pixels, orientation_of(bytes, size));
	return 0;
}

int pixels_decode(const uint8_t *bytes, size_t size, struct pixels *pixels, struct error *err)
{
	struct error second = {0};
	tjhandle decoder;
	int result;

	if (size < 3 || memcmp(bytes, "\xFF\xD8\xFF", 3) != 0)
		return picture_decode_rgb(bytes, size, pixels, err);
	if (turbojpeg_load(err) != 0)
		return -1;
	decoder = tjInitDecompress();
	if (decoder == NULL)
		return error_set(
			err, ERROR_SYSTEM, "cannot begin decoding: %s", tjGetErrorStr2(NULL));
	result = decode_jpeg(decoder, bytes, size, pixels, err);
	tjDestroy(decoder);
	if (result == 0)
		return 0;
	if (picture_decode_rgb(bytes, size, pixels, &second) != 0)
		return -1;
	error_clear(err);
	pixels_turn(pixels, orientation_of(bytes, size));
	return 0;
}
