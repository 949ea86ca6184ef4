/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renditions of JPEG pictures: scaled decoding, resampling, turning and encoding, plane by plane.
 */
#include "trapkit/rendition.h"

#include "plane.h"
#include "rendition_exif.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

/* A picture of more samples than this is a bomb, not a photograph (JPEG's own limit is 65,535²). */
#define MOST_PIXELS (512u << 20)
#define THUMBNAIL_WIDTH 160
#define THUMBNAIL_HEIGHT 120
#define MOST_PLANES 3

/* Decoded planes: luma, and two of chroma unless it is one component. */
struct picture {
	struct plane planes[MOST_PLANES];
	int count;
	uint32_t width, height;           /* samples of luma that are picture */
	double cover_width, cover_height; /* of luma; a scaled edge may hold half a sample more */
	int across, down;                 /* chroma subsampling: 1, 2 or 4 */
};

static void picture_release(struct picture *picture)
{
	for (int i = 0; i < MOST_PLANES; i++)
		plane_release(&picture->planes[i]);
	*picture = (struct picture){0};
}

void rendition_fit(uint32_t width, uint32_t height, const struct rendition_settings *settings,
	uint32_t *out_width, uint32_t *out_height)
{
	double shrink = 1.0;

	if (settings->width != 0 && width > settings->width)
		shrink = (double)settings->width / width;
	if (settings->height != 0 && height * shrink > settings->height)
		shrink = (double)settings->height / height;
	*out_width = (uint32_t)(width * shrink + 0.5);
	*out_height = (uint32_t)(height * shrink + 0.5);
	if (*out_width == 0)
		*out_width = 1;
	if (*out_height == 0)
		*out_height = 1;
}

bool rendition_is_fit(uint32_t width, uint32_t height, unsigned orientation,
	const struct rendition_settings *settings)
{
	return orientation <= 1 && (settings->width == 0 || width <= settings->width) &&
		(settings->height == 0 || height <= settings->height);
}

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
static int check_decoded(
	tjhandle decoder, int result, struct rendition *rendition, struct error *err)
{
	if (result == 0)
		return 0;
	if (tjGetErrorCode(decoder) == TJERR_WARNING) {
		rendition->truncated = true;
		return 0;
	}
	return error_set(
		err, ERROR_INPUT, "cannot decode the picture: %s", tjGetErrorStr2(decoder));
}

struct header {
	int width, height, subsampling, colorspace;
};

static int decode_planes(tjhandle decoder, const uint8_t *bytes, size_t size,
	const struct header *header, tjscalingfactor scale, struct picture *picture,
	struct rendition *rendition, struct error *err)
{
	unsigned char *pointers[MOST_PLANES] = {NULL};
	int strides[MOST_PLANES] = {0};
	int width = TJSCALED(header->width, scale);
	int height = TJSCALED(header->height, scale);

	picture->count = header->subsampling == TJSAMP_GRAY ? 1 : 3;
	subsampling_factors(header->subsampling, &picture->across, &picture->down);
	picture->width = (uint32_t)width;
	picture->height = (uint32_t)height;
	picture->cover_width = (double)header->width * scale.num / scale.denom;
	picture->cover_height = (double)header->height * scale.num / scale.denom;
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
		rendition, err);
}

/* Resamples to the target with 4:2:0 chroma. Planes of the right size are moved, not copied. */
static void resample(struct picture *source, uint32_t width, uint32_t height, struct picture *out)
{
	*out = (struct picture){.count = source->count, .width = width, .height = height};
	for (int i = 0; i < source->count; i++) {
		uint32_t to_width = i == 0 ? width : (width + 1) / 2;
		uint32_t to_height = i == 0 ? height : (height + 1) / 2;
		double cover_width = source->cover_width / (i == 0 ? 1 : source->across);
		double cover_height = source->cover_height / (i == 0 ? 1 : source->down);

		if (i > 0) {
			cover_width *= to_width * 2.0 / width;
			cover_height *= to_height * 2.0 / height;
		}
		if (source->planes[i].width == to_width && source->planes[i].height == to_height) {
			out->planes[i] = source->planes[i];
			source->planes[i] = (struct plane){0};
			continue;
		}
		plane_resample(&source->planes[i], cover_width, cover_height, to_width, to_height,
			&out->planes[i]);
	}
	out->across = out->down = 2;
	out->cover_width = width;
	out->cover_height = height;
}

static void orient(struct picture *picture, unsigned orientation)
{
	uint32_t width = picture->width;

	for (int i = 0; i < picture->count; i++)
		plane_orient(&picture->planes[i], orientation);
	if (orientation >= 5) {
		picture->width = picture->height;
		picture->height = width;
	}
	picture->cover_width = picture->width;
	picture->cover_height = picture->height;
}

static int encode(const struct picture *picture, int quality, uint8_t **bytes, size_t *size,
	struct error *err)
{
	const unsigned char *pointers[MOST_PLANES] = {NULL};
	int strides[MOST_PLANES] = {0};
	tjhandle encoder = tjInitCompress();
	unsigned char *out = NULL;
	unsigned long out_size = 0;
	int result = -1;

	for (int i = 0; i < picture->count; i++) {
		pointers[i] = picture->planes[i].samples;
		strides[i] = (int)picture->planes[i].width;
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
	tjFree(out);
	if (encoder != NULL)
		tjDestroy(encoder);
	return result;
}

/* A preview no bigger than the old one, so that nothing else in the EXIF has to move. */
static int renew_thumbnail(struct carried *carried, struct picture *picture, struct error *err)
{
	const struct rendition_settings box = {THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, 0};
	struct picture small = {0};
	uint32_t width, height;
	uint8_t *bytes = NULL;
	size_t size = 0;
	int result = 0;

	if (carried->thumbnail_size == 0) {
		/* A directory without a preview that can be found may still hold one: cut it off.
		 */
		carried_put_thumbnail(carried, NULL, 0);
		return 0;
	}
	rendition_fit(picture->width, picture->height, &box, &width, &height);
	picture->across = picture->down = 2;
	for (int i = 0; i < picture->count; i++)
		plane_resample(&picture->planes[i],
			i == 0 ? picture->width
			       : picture->width / 2.0 * ((width + 1) / 2) * 2 / width,
			i == 0 ? picture->height
			       : picture->height / 2.0 * ((height + 1) / 2) * 2 / height,
			i == 0 ? width : (width + 1) / 2, i == 0 ? height : (height + 1) / 2,
			&small.planes[i]);
	small.count = picture->count;
	small.width = width;
	small.height = height;
	for (int quality = 80; quality >= 20; quality -= 15) {
		free(bytes);
		bytes = NULL;
		result = encode(&small, quality, &bytes, &size, err);
		if (result != 0 || size <= carried->thumbnail_size)
			break;
	}
	if (result == 0)
		carried_put_thumbnail(carried, bytes, size);
	free(bytes);
	picture_release(&small);
	return result;
}

/* The encoder's file with the carried segments after SOI and its JFIF segment. */
static void assemble(const struct carried *carried, const uint8_t *jpeg, size_t size,
	struct rendition *rendition)
{
	size_t head = 2;

	if (size > 6 && jpeg[2] == 0xFF && jpeg[3] == 0xE0)
		head += 2 + ((size_t)jpeg[4] << 8 | jpeg[5]);
	rendition->size = size + carried->size;
	rendition->bytes = xmalloc(rendition->size);
	memcpy(rendition->bytes, jpeg, head);
	if (carried->size > 0)
		memcpy(rendition->bytes + head, carried->bytes, carried->size);
	memcpy(rendition->bytes + head + carried->size, jpeg + head, size - head);
}

static int read_header(tjhandle decoder, const uint8_t *bytes, size_t size, struct header *header,
	struct error *err)
{
	if (tjDecompressHeader3(decoder, bytes, size, &header->width, &header->height,
		    &header->subsampling, &header->colorspace) != 0)
		return error_set(err, ERROR_INPUT, "not a JPEG that can be read: %s",
			tjGetErrorStr2(decoder));
	if (header->width <= 0 || header->height <= 0 ||
		(uint64_t)header->width * (uint64_t)header->height > MOST_PIXELS)
		return error_set(err, ERROR_INPUT, "a picture of %d x %d is not accepted",
			header->width, header->height);
	if (header->colorspace == TJCS_CMYK || header->colorspace == TJCS_YCCK)
		return error_set(err, ERROR_INPUT, "CMYK pictures are not read here");
	return 0;
}

int rendition_make(const uint8_t *bytes, size_t size, const struct rendition_settings *settings,
	struct rendition *rendition, struct error *err)
{
	tjhandle decoder = tjInitDecompress();
	struct header header;
	struct carried carried = {0};
	struct picture decoded = {0}, target = {0};
	struct rendition_settings box = *settings;
	uint32_t width, height;
	uint8_t *jpeg = NULL;
	size_t jpeg_size = 0;
	int result = -1;

	*rendition = (struct rendition){0};
	if (decoder == NULL) {
		error_set(err, ERROR_SYSTEM, "cannot begin decoding: %s", tjGetErrorStr2(NULL));
		return -1;
	}
	if (read_header(decoder, bytes, size, &header, err) != 0)
		goto done;
	carried_read(&carried, bytes, size);
	if (carried.orientation >= 5) {
		box.width = settings->height;
		box.height = settings->width;
	}
	rendition_fit((uint32_t)header.width, (uint32_t)header.height, &box, &width, &height);
	if (decode_planes(decoder, bytes, size, &header,
		    choose_scale((uint32_t)header.width, (uint32_t)header.height, width, height),
		    &decoded, rendition, err) != 0)
		goto done;
	resample(&decoded, width, height, &target);
	orient(&target, carried.orientation);
	carried_patch(&carried, target.width, target.height);
	if (renew_thumbnail(&carried, &target, err) != 0 ||
		encode(&target, settings->quality, &jpeg, &jpeg_size, err) != 0)
		goto done;
	rendition->width = target.width;
	rendition->height = target.height;
	assemble(&carried, jpeg, jpeg_size, rendition);
	result = 0;
done:
	free(jpeg);
	picture_release(&decoded);
	picture_release(&target);
	carried_release(&carried);
	tjDestroy(decoder);
	return result;
}

void rendition_release(struct rendition *rendition)
{
	free(rendition->bytes);
	*rendition = (struct rendition){0};
}
