/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renditions of pictures: decoded small, resampled, turned, encoded, and given their metadata. */
#include "trapkit/rendition.h"

#include "cover.h"
#include "picture.h"
#include "rendition_exif.h"
#include "turbojpeg.h"

#include "trapkit/error.h"
#include "trapkit/exif.h"
#include "trapkit/memory.h"
#include "trapkit/model.h"

#include <stdlib.h>
#include <string.h>

#define THUMBNAIL_WIDTH 160
#define THUMBNAIL_HEIGHT 120

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
		result = picture_encode(&small, quality, &bytes, &size, err);
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

/* ---- what lies beside the pixels of other kinds of pictures ---- */

static void carry_png(struct carried *carried, const uint8_t *bytes, size_t size)
{
	size_t at = 8;

	while (size - at >= 12) {
		size_t length = bytes_u32(bytes + at, true);

		if (length > size - at - 12)
			return;
		if (memcmp(bytes + at + 4, "eXIf", 4) == 0)
			carried_add_exif(carried, bytes + at + 8, length);
		at += length + 12;
	}
}

/* RIFF chunks; their data is padded to an even size. */
static void carry_webp(struct carried *carried, const uint8_t *bytes, size_t size)
{
	size_t at = 12;

	while (at < size && size - at >= 8) {
		size_t length = bytes_u32(bytes + at + 4, false), prefix;

		if (length > size - at - 8)
			return;
		prefix = jpeg_exif_prefix(bytes + at + 8, length);
		if (memcmp(bytes + at, "EXIF", 4) == 0)
			carried_add_exif(carried, bytes + at + 8 + prefix, length - prefix);
		at += 8 + length + length % 2;
	}
}

static bool begins(const uint8_t *bytes, size_t size, size_t at, const char *magic, size_t length)
{
	return size >= at + length && memcmp(bytes + at, magic, length) == 0;
}

static bool is_jpeg(const uint8_t *bytes, size_t size)
{
	return begins(bytes, size, 0, "\xFF\xD8\xFF", 3);
}

static void carry(struct carried *carried, const uint8_t *bytes, size_t size)
{
	*carried = (struct carried){.orientation = 1};
	if (is_jpeg(bytes, size))
		carried_read(carried, bytes, size);
	else if (begins(bytes, size, 0, "\x89PNG\r\n\x1A\n", 8))
		carry_png(carried, bytes, size);
	else if (begins(bytes, size, 8, "WEBP", 4))
		carry_webp(carried, bytes, size);
}

/* ---- the whole ---- */

static int decode(const uint8_t *bytes, size_t size, const struct rendition_settings *settings,
	bool turned, struct picture *picture, struct error *err)
{
	struct error second = {0};

	if (!is_jpeg(bytes, size))
		return picture_decode_libav(bytes, size, picture, err);
	if (picture_decode_jpeg(bytes, size, settings, turned, picture, err) == 0)
		return 0;
	if (err->kind != ERROR_INPUT)
		return -1;
	/* JPEGs of odd subsampling or in RGB; what is damaged fails here too. */
	picture_release(picture);
	if (picture_decode_libav(bytes, size, picture, &second) != 0)
		return -1;
	error_clear(err);
	return 0;
}

static void resize(struct picture *decoded, const struct rendition_settings *settings, bool turned,
	struct picture *target)
{
	const struct rendition_settings lying = {settings->height, settings->width, 0};
	uint32_t width, height;

	/* From the full size, which the scaled one was rounded from. */
	rendition_fit(decoded->full_width, decoded->full_height, turned ? &lying : settings, &width,
		&height);
	picture_resample(decoded, width, height, target);
}

/* The picture upright in its box, and what it was made from; release both. */
static int render(const uint8_t *bytes, size_t size, const struct rendition_settings *settings,
	unsigned orientation, struct picture *decoded, struct picture *target, struct error *err)
{
	bool turned = orientation >= 5;

	if (decode(bytes, size, settings, turned, decoded, err) != 0)
		return -1;
	resize(decoded, settings, turned, target);
	picture_orient(target, orientation);
	return 0;
}

int rendition_make(const uint8_t *bytes, size_t size, const struct rendition_settings *settings,
	const struct blur_list *blur, struct rendition *rendition, struct error *err)
{
	struct carried carried;
	struct picture decoded = {0}, target = {0};
	uint8_t *jpeg = NULL;
	size_t jpeg_size = 0;
	int result = -1;

	*rendition = (struct rendition){0};
	carry(&carried, bytes, size);
	if (render(bytes, size, settings, carried.orientation, &decoded, &target, err) != 0)
		goto done;
	if (decoded.foreign_profile || decoded.profile != NULL)
		carried_put_profile(&carried, decoded.profile, decoded.profile_size);
	if (blur != NULL) {
		cover_picture(&target, blur, carried.orientation);
		carried_drop_previews(&carried);
	}
	carried_patch(&carried, target.width, target.height);
	if (renew_thumbnail(&carried, &target, err) != 0 ||
		picture_encode(&target, settings->quality, &jpeg, &jpeg_size, err) != 0)
		goto done;
	rendition->width = target.width;
	rendition->height = target.height;
	rendition->truncated = decoded.truncated;
	assemble(&carried, jpeg, jpeg_size, rendition);
	result = 0;
done:
	free(jpeg);
	picture_release(&decoded);
	picture_release(&target);
	carried_release(&carried);
	return result;
}

/* ---- thumbnails ---- */

/* Previews are letterboxed by some cameras: only one of the picture's own shape shows it whole. */
static bool has_shape(const struct picture *picture, uint32_t width, uint32_t height)
{
	double ratio = (double)picture->full_width * height /
		((double)picture->full_height * (width == 0 ? 1 : width));

	return ratio > 0.98 && ratio < 1.02;
}

static int encode_thumbnail(const struct picture *target, const struct rendition_settings *settings,
	struct rendition *thumbnail, struct error *err)
{
	thumbnail->width = target->width;
	thumbnail->height = target->height;
	return picture_encode(target, settings->quality, &thumbnail->bytes, &thumbnail->size, err);
}

/* `shape` NULL takes any. 1 = it has another shape. */
static int shrink(const uint8_t *bytes, size_t size, const struct rendition_settings *settings,
	unsigned orientation, const struct media_facts *shape, struct rendition *thumbnail,
	struct error *err)
{
	struct picture decoded = {0}, target = {0};
	int result = render(bytes, size, settings, orientation, &decoded, &target, err);

	if (result == 0 && shape != NULL && !has_shape(&decoded, shape->width, shape->height))
		result = 1;
	if (result == 0)
		result = encode_thumbnail(&target, settings, thumbnail, err);
	thumbnail->truncated = decoded.truncated;
	picture_release(&decoded);
	picture_release(&target);
	return result;
}

int rendition_thumbnail(const uint8_t *bytes, size_t size, const struct media_facts *facts,
	const struct rendition_settings *settings, struct rendition *thumbnail, struct error *err)
{
	struct carried carried;
	int result = 1;

	*thumbnail = (struct rendition){0};
	carry(&carried, bytes, size);
	if (facts == NULL)
		result = shrink(bytes, size, settings, carried.orientation, NULL, thumbnail, err);
	else if (carried.thumbnail_size > 0) {
		struct error ignored = {0};

		result = shrink(carried.bytes + carried.exif + carried.thumbnail,
			carried.thumbnail_size, settings, carried.orientation, facts, thumbnail,
			&ignored);
	}
	carried_release(&carried);
	return result == 0 || facts == NULL ? result : 1;
}

int rendition_from_pixels(const struct pixels *pixels, const struct rendition_settings *settings,
	struct rendition *thumbnail, struct error *err)
{
	struct picture decoded = {.width = pixels->width,
		.height = pixels->height,
		.full_width = pixels->width,
		.full_height = pixels->height};
	struct picture target = {0};
	int result;

	*thumbnail = (struct rendition){.truncated = pixels->truncated};
	picture_from_rgb(pixels->rgb, &decoded);
	resize(&decoded, settings, false, &target);
	result = encode_thumbnail(&target, settings, thumbnail, err);
	picture_release(&decoded);
	picture_release(&target);
	return result;
}

int rendition_library(struct error *err)
{
	return turbojpeg_load(err);
}

void rendition_release(struct rendition *rendition)
{
	free(rendition->bytes);
	*rendition = (struct rendition){0};
}
