/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures in planes: resampled, turned, made of RGB. */
#include "picture.h"

#include <stdlib.h>

void picture_release(struct picture *picture)
{
	for (int i = 0; i < PICTURE_PLANES; i++)
		plane_release(&picture->planes[i]);
	free(picture->profile);
	*picture = (struct picture){0};
}

void picture_resample(struct picture *source, uint32_t width, uint32_t height, struct picture *out)
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

void picture_orient(struct picture *picture, unsigned orientation)
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

static uint8_t clamp(int32_t value)
{
	value = (value + 32768) >> 16;
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* ITU-T T.871 (JFIF) section 7, in fixed point with 16 bits. */
void picture_from_rgb(const uint8_t *rgb, struct picture *picture)
{
	size_t count = (size_t)picture->width * picture->height;

	picture->count = 3;
	picture->across = picture->down = 1;
	picture->cover_width = picture->width;
	picture->cover_height = picture->height;
	for (int i = 0; i < 3; i++)
		plane_init(&picture->planes[i], picture->width, picture->height);
	for (size_t i = 0; i < count; i++) {
		int32_t r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];

		picture->planes[0].samples[i] = clamp(19595 * r + 38470 * g + 7471 * b);
		picture->planes[1].samples[i] =
			clamp(-11059 * r - 21709 * g + 32768 * b + (128 << 16));
		picture->planes[2].samples[i] =
			clamp(32768 * r - 27439 * g - 5329 * b + (128 << 16));
	}
}
