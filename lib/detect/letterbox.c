/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letterboxing as MegaDetector does it, to the pixel. */
#include "letterbox.h"

#include <math.h>
#include <string.h>

/* YOLOv5's grey. */
#define PADDING 114

/* Half to even, as Python's round(). */
static uint32_t round_even(double value)
{
	return (uint32_t)nearbyint(value);
}

static uint32_t at_least_one(uint32_t value)
{
	return value == 0 ? 1 : value;
}

/* Puts width × height into the target; an odd row or column of padding goes right or below. */
static void place(uint32_t target_width, uint32_t target_height, struct letterbox *box)
{
	double x = (target_width - box->picture_width) / 2.0;
	double y = (target_height - box->picture_height) / 2.0;

	box->width = target_width;
	box->height = target_height;
	box->left = x < 0.1 ? 0 : round_even(x - 0.1);
	box->top = y < 0.1 ? 0 : round_even(y - 0.1);
}

static uint32_t to_multiple(uint32_t value, uint32_t stride)
{
	return (value + stride - 1) / stride * stride;
}

/* contracts/detector.md 1.3: the picture fills the size, enlarged if it must. */
static void plan_classic(uint32_t width, uint32_t height, const struct letterbox_settings *settings,
	struct letterbox *box)
{
	uint32_t most_width = settings->image_size, most_height = settings->image_size;
	double scale;

	if (settings->fixed_width != 0) {
		most_width = settings->fixed_width;
		most_height = settings->fixed_height;
	}
	scale = fmin((double)most_height / height, (double)most_width / width);
	box->picture_width = at_least_one(round_even(width * scale));
	box->picture_height = at_least_one(round_even(height * scale));
	if (settings->fixed_width != 0)
		place(most_width, most_height, box);
	else
		/* Padding modulo the stride: the same, the size being a multiple of it. */
		place(to_multiple(box->picture_width, settings->stride),
			to_multiple(box->picture_height, settings->stride), box);
}

/* YOLOv5's val.py: made small by area first, then into a rectangle with half a stride to spare. */
static void plan_modern(uint32_t width, uint32_t height, const struct letterbox_settings *settings,
	struct letterbox *box)
{
	double longer = width > height ? width : height, stride = settings->stride;
	double scale = settings->image_size / longer, again;
	uint32_t first_width = width, first_height = height, to_width, to_height;

	if (settings->fixed_width != 0)
		scale = fmin((double)settings->fixed_height / height,
			(double)settings->fixed_width / width);
	if (scale != 1.0) {
		first_width = at_least_one((uint32_t)(width * scale));
		first_height = at_least_one((uint32_t)(height * scale));
		box->first_width = first_width;
		box->first_height = first_height;
	}
	to_width = settings->fixed_width;
	to_height = settings->fixed_height;
	if (to_width == 0) {
		to_width = (uint32_t)(ceil(width / longer * settings->image_size / stride + 0.5) *
			stride);
		to_height = (uint32_t)(ceil(height / longer * settings->image_size / stride + 0.5) *
			stride);
	}
	again = fmin(1.0, fmin((double)to_height / first_height, (double)to_width / first_width));
	box->picture_width = at_least_one(round_even(first_width * again));
	box->picture_height = at_least_one(round_even(first_height * again));
	place(to_width, to_height, box);
}

void letterbox_plan(uint32_t width, uint32_t height, const struct letterbox_settings *settings,
	struct letterbox *box)
{
	*box = (struct letterbox){0};
	if (settings->stretch) {
		box->picture_width = settings->fixed_width;
		box->picture_height = settings->fixed_height;
		if (box->picture_width == 0)
			box->picture_width = box->picture_height = settings->image_size;
		place(box->picture_width, box->picture_height, box);
		box->smooth = settings->smooth;
	} else if (settings->modern) {
		plan_modern(width, height, settings, box);
	} else {
		plan_classic(width, height, settings, box);
	}
}

void letterbox_fill(const struct pixels *picture, const struct letterbox *box, struct pixels *out)
{
	struct pixels first = {0};
	const struct pixels *source = picture;
	size_t stride = (size_t)box->width * 3;

	pixels_init(out, box->width, box->height);
	if (box->picture_width != box->width || box->picture_height != box->height)
		memset(out->rgb, PADDING, stride * box->height);
	if (box->smooth) {
		resize_smooth(picture, box->width, box->height, out->rgb);
		return;
	}
	if (box->first_width != 0) {
		if (box->first_width < picture->width || box->first_height < picture->height) {
			resize_area(picture, box->first_width, box->first_height, &first);
		} else {
			pixels_init(&first, box->first_width, box->first_height);
			resize_linear(picture, first.width, first.height, first.rgb,
				(size_t)first.width * 3);
		}
		source = &first;
	}
	resize_linear(source, box->picture_width, box->picture_height,
		out->rgb + box->top * stride + (size_t)box->left * 3, stride);
	pixels_release(&first);
}
