/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JPEG to planes and back, by libjpeg-turbo. */
#include "picture.h"

#include "turbojpeg.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/rendition.h"

#include <stdlib.h>
#include <string.h>

/* The smallest scale of the decoder that is not below the target. */
static tjscalingfactor choose_scale(
	uint32_t width, uint32_t height, uint32_t to_width, uint32_t to_height)
{
	tjscalingfactor best = {1, 1};
	int count = 0;
	const tjscalingfactor *factors = tjGetScalingFactors(&count);

	for (int i = 0; factors != NULL && i < count; i++) {
		double scale = (double)factors[i].num / factors[i].denom;

		if (scale < (double)best.num / best.denom && width * scale >= to_width &&
			height * scale >= to_height)
			best = factors[i];
	}
	return best;
}

static void subsampling_factors(int subsampling, int *across, int *down)
{
	*across = tjMCUWidth[subsampling] / 8;
	*down = tjMCUHeight[subsampling] / 8;
}

/* Data that ends early or is damaged half way still gives a picture; only no picture is an error.
 */
static int check_decoded(tjhandle decoder, int result, struct picture *picture, struct error *err)
{
	if (result == 0)
		return 0;
	if (tjGetErrorCode(decoder) == TJERR_WARNING) {
		picture->truncated = true;
		return 0;
	}
	return error_set(
		err, ERROR_INPUT, "cannot decode the picture: %s", tjGetErrorStr2(decoder));
}

static int decode_planes(tjhandle decoder, const uint8_t *bytes, size_t size,
	const struct turbojpeg_header *header, tjscalingfactor scale, struct picture *picture,
	struct error *err)
{
	unsigned char *pointers[PICTURE_PLANES] = {NULL};
	int strides[PICTURE_PLANES] = {0};
	int width = TJSCALED(header->width, scale);
	int height = TJSCALED(header->height, scale);

	picture->count = header->subsampling == TJSAMP_GRAY ? 1 : 3;
	subsampling_factors(header->subsampling, &picture->across, &picture->down);
	for (int i = 0; i < picture->count; i++) {
		int plane_width = tjPlaneWidth(i, width, header->subsampling);
		int plane_height = tjPlaneHeight(i, height, header->subsampling);

		if (plane_width <= 0 || plane_height <= 0)
			return error_set(err, ERROR_INPUT, "the picture has no size");
		plane_init(&picture->planes[i], (uint32_t)plane_width, (uint32_t)plane_height);
		/* What a cut file does not fill stays grey. */
		memset(picture->planes[i].samples, 128, (size_t)plane_width * (size_t)plane_height);
		pointers[i] = picture->planes[i].samples;
		strides[i] = plane_width;
	}
	return check_decoded(decoder,
		tjDecompressToYUVPlanes(decoder, bytes, size, pointers, width, strides, height, 0),
		picture, err);
}

/* Adobe's convention, which all known writers follow: the components are stored inverted. */
static int decode_cmyk(tjhandle decoder, const uint8_t *bytes, size_t size,
	const struct turbojpeg_header *header, tjscalingfactor scale, struct picture *picture,
	struct error *err)
{
	int width = TJSCALED(header->width, scale);
	int height = TJSCALED(header->height, scale);
	size_t count = (size_t)width * (size_t)height;
	uint8_t *samples = xcalloc(count, 4);
	int result = check_decoded(decoder,
		tjDecompress2(decoder, bytes, size, samples, width, 0, height, TJPF_CMYK, 0),
		picture, err);

	if (result == 0) {
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0; k < 3; k++)
				samples[3 * i + k] =
					(uint8_t)(samples[4 * i + k] * samples[4 * i + 3] / 255);
		picture->width = (uint32_t)width;
		picture->height = (uint32_t)height;
		picture->foreign_profile = true;
		picture_from_rgb(samples, picture);
	}
	free(samples);
	return result;
}

int picture_decode_jpeg(const uint8_t *bytes, size_t size, const struct rendition_settings *box,
	bool turned, struct picture *picture, struct error *err)
{
	const struct rendition_settings lying = {box->height, box->width, 0};
	tjhandle decoder = NULL;
	struct turbojpeg_header header;
	uint32_t width, height;
	tjscalingfactor scale;
	int result = -1;

	if (turbojpeg_load(err) != 0)
		return -1;
	decoder = tjInitDecompress();
	if (decoder == NULL)
		return error_set(
			err, ERROR_SYSTEM, "cannot begin decoding: %s", tjGetErrorStr2(NULL));
	if (turbojpeg_read_header(decoder, bytes, size, &header, err) != 0)
		goto done;
	rendition_fit((uint32_t)header.width, (uint32_t)header.height, turned ? &lying : box,
		&width, &height);
	scale = choose_scale((uint32_t)header.width, (uint32_t)header.height, width, height);
	if (header.colorspace == TJCS_CMYK || header.colorspace == TJCS_YCCK)
		result = decode_cmyk(decoder, bytes, size, &header, scale, picture, err);
	else if (header.colorspace == TJCS_RGB || header.subsampling < 0)
		error_set(err, ERROR_INPUT, "a JPEG of an unusual kind");
	else
		result = decode_planes(decoder, bytes, size, &header, scale, picture, err);
	picture->full_width = (uint32_t)header.width;
	picture->full_height = (uint32_t)header.height;
	picture->width = (uint32_t)TJSCALED(header.width, scale);
	picture->height = (uint32_t)TJSCALED(header.height, scale);
	picture->cover_width = (double)header.width * scale.num / scale.denom;
	picture->cover_height = (double)header.height * scale.num / scale.denom;
done:
	tjDestroy(decoder);
	return result;
}

/*
 * libturbojpeg reads luma up to the next even row and column when chroma is halved: the last ones
 * are repeated there. `padded` is released by the caller.
 */
static const struct plane *pad_luma(const struct picture *picture, struct plane *padded)
{
	const struct plane *luma = &picture->planes[0];
	uint32_t width = (luma->width + 1) & ~1u, height = (luma->height + 1) & ~1u;

	if (picture->count == 1 || (width == luma->width && height == luma->height))
		return luma;
	plane_init(padded, width, height);
	for (uint32_t y = 0; y < height; y++) {
		uint32_t from = y < luma->height ? y : luma->height - 1;
		uint8_t *row = padded->samples + (size_t)y * width;

		memcpy(row, luma->samples + (size_t)from * luma->width, luma->width);
		row[width - 1] = row[luma->width - 1];
	}
	return padded;
}

int picture_encode(const struct picture *picture, int quality, uint8_t **bytes, size_t *size,
	struct error *err)
{
	const unsigned char *pointers[PICTURE_PLANES] = {NULL};
	int strides[PICTURE_PLANES] = {0};
	tjhandle encoder;
	struct plane padded = {0};
	unsigned char *out = NULL;
	unsigned long out_size = 0;
	int result = -1;

	if (turbojpeg_load(err) != 0)
		return -1;
	encoder = tjInitCompress();
	for (int i = 0; i < picture->count; i++) {
		const struct plane *plane =
			i == 0 ? pad_luma(picture, &padded) : &picture->planes[i];

		pointers[i] = plane->samples;
		strides[i] = (int)plane->width;
	}
	if (encoder == NULL ||
		tjCompressFromYUVPlanes(encoder, pointers, (int)picture->width, strides,
			(int)picture->height, picture->count == 1 ? TJSAMP_GRAY : TJSAMP_420, &out,
			&out_size, quality, 0) != 0) {
		error_set(err, ERROR_INPUT, "cannot encode the rendition: %s",
			tjGetErrorStr2(encoder));
		goto done;
	}
	*bytes = xmalloc(out_size);
	memcpy(*bytes, out, out_size);
	*size = out_size;
	result = 0;
done:
	plane_release(&padded);
	tjFree(out);
	if (encoder != NULL)
		tjDestroy(encoder);
	return result;
}
