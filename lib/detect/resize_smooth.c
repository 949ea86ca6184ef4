/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pillow's BILINEAR, which RT-DETRv2 is fed by: across, then down, each rounded to whole levels. */
#include "letterbox.h"

#include "trapkit/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights have 22 bits (PRECISION_BITS of Pillow's Resample.c). */
#define WEIGHT_BITS 22

/* The pixels that a new one is made of, and what each of them counts. */
struct window {
	uint32_t first, count;
	int32_t *weights;
};

struct window_list {
	struct window *items;
	int32_t *weights; /* of all */
};

/* A triangle over the neighbours, which is as wide as it takes to miss none of them. */
static struct window_list make_windows(uint32_t from, uint32_t to)
{
	double scale = (double)from / to, reach = fmax(scale, 1.0);
	size_t most = (size_t)ceil(reach) * 2 + 1;
	struct window_list list = {
		.items = xcalloc(to, sizeof *list.items),
		.weights = xcalloc(to * most, sizeof *list.weights),
	};
	double *shares = xcalloc(most, sizeof *shares);

	for (uint32_t i = 0; i < to; i++) {
		struct window *window = &list.items[i];
		double centre = (i + 0.5) * scale, sum = 0;
		double end = fmin(floor(centre + reach + 0.5), from);

		window->first = (uint32_t)fmax(centre - reach + 0.5, 0);
		window->count = (uint32_t)end - window->first;
		window->weights = list.weights + i * most;
		for (uint32_t k = 0; k < window->count; k++) {
			shares[k] = fmax(
				0, 1 - fabs((k + window->first - centre + 0.5) * (1.0 / reach)));
			sum += shares[k];
		}
		for (uint32_t k = 0; k < window->count; k++)
			window->weights[k] = (int32_t)(0.5 + shares[k] / sum * (1 << WEIGHT_BITS));
	}
	free(shares);
	return list;
}

static void release_windows(struct window_list *list)
{
	free(list->items);
	free(list->weights);
}

/* One new sample of pixels that lie `step` bytes apart. */
static uint8_t mix(const struct window *window, const uint8_t *at, size_t step)
{
	int32_t sum = 1 << (WEIGHT_BITS - 1);

	for (uint32_t k = 0; k < window->count; k++)
		sum += at[k * step] * window->weights[k];
	sum >>= WEIGHT_BITS;
	return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void resize_across(const struct pixels *source, struct pixels *out)
{
	struct window_list windows = make_windows(source->width, out->width);

	for (uint32_t y = 0; y < out->height; y++) {
		const uint8_t *row = source->rgb + (size_t)y * source->width * 3;
		uint8_t *to = out->rgb + (size_t)y * out->width * 3;

		for (uint32_t x = 0; x < out->width; x++)
			for (size_t c = 0; c < 3; c++)
				*to++ = mix(&windows.items[x],
					row + (size_t)windows.items[x].first * 3 + c, 3);
	}
	release_windows(&windows);
}

static void resize_down(const struct pixels *source, uint32_t height, uint8_t *out)
{
	struct window_list windows = make_windows(source->height, height);
	size_t stride = (size_t)source->width * 3;

	for (uint32_t y = 0; y < height; y++) {
		const uint8_t *first = source->rgb + windows.items[y].first * stride;

		for (size_t i = 0; i < stride; i++)
			*out++ = mix(&windows.items[y], first + i, stride);
	}
	release_windows(&windows);
}

void resize_smooth(const struct pixels *source, uint32_t width, uint32_t height, uint8_t *out)
{
	struct pixels narrow = {0};

	if (width != source->width) {
		pixels_init(&narrow, width, source->height);
		resize_across(source, &narrow);
		source = &narrow;
	}
	if (height != source->height)
		resize_down(source, height, out);
	else
		memcpy(out, source->rgb, (size_t)width * height * 3);
	pixels_release(&narrow);
}
