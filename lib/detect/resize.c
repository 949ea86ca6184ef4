/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenCV's two ways of resizing that detectors are fed by, in the same arithmetic. */
#include "letterbox.h"

#include "trapkit/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights have 11 bits (INTER_RESIZE_COEF_BITS of OpenCV's resize.cpp). */
#define WEIGHT_ONE 2048

/* Two neighbours of the source and what each counts. */
struct tap {
	uint32_t first, second;
	int32_t first_weight, second_weight;
};

/*
 * Half-pixel centres: position = (i + 0.5) × scale − 0.5, the edge repeated. OpenCV keeps the
 * weights at the upper and lower edge, where both neighbours are one, and drops them left and
 * right.
 */
static struct tap *make_taps(uint32_t from, uint32_t to, bool keep_weights)
{
	struct tap *taps = xcalloc(to, sizeof *taps);
	double scale = 1.0 / ((double)to / from);

	for (uint32_t i = 0; i < to; i++) {
		float position = (float)((i + 0.5) * scale - 0.5);
		float whole = floorf(position), part = position - whole;
		int64_t at = (int64_t)whole, last = (int64_t)from - 1;

		if (!keep_weights && (at < 0 || at >= last))
			part = 0;
		taps[i].first = (uint32_t)(at < 0 ? 0 : at > last ? last : at);
		taps[i].second = (uint32_t)(at < 0 ? 0 : at + 1 > last ? last : at + 1);
		taps[i].second_weight = (int32_t)lrintf(part * WEIGHT_ONE);
		taps[i].first_weight = (int32_t)lrintf((1.0F - part) * WEIGHT_ONE);
	}
	return taps;
}

/* One row of the source at the new width, with the weights' 11 bits left in. */
static void stretch_row(const uint8_t *row, const struct tap *taps, uint32_t width, int32_t *out)
{
	for (uint32_t x = 0; x < width; x++) {
		const uint8_t *first = row + (size_t)taps[x].first * 3;
		const uint8_t *second = row + (size_t)taps[x].second * 3;

		for (int c = 0; c < 3; c++)
			*out++ =
				first[c] * taps[x].first_weight + second[c] * taps[x].second_weight;
	}
}

static void mix_rows(const int32_t *first, const int32_t *second, const struct tap *tap,
	size_t count, uint8_t *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (uint8_t)((((tap->first_weight * (first[i] >> 4)) >> 16) +
					   ((tap->second_weight * (second[i] >> 4)) >> 16) + 2) >>
			2);
}

void resize_linear(const struct pixels *source, uint32_t width, uint32_t height, uint8_t *out,
	size_t out_stride)
{
	size_t row_size = (size_t)source->width * 3, count = (size_t)width * 3;
	struct tap *across, *down;
	int32_t *rows[2];
	int64_t held[2] = {-1, -1}; /* which row of the source each of `rows` is */

	if (width == source->width && height == source->height) {
		for (uint32_t y = 0; y < height; y++)
			memcpy(out + y * out_stride, source->rgb + y * row_size, row_size);
		return;
	}
	across = make_taps(source->width, width, false);
	down = make_taps(source->height, height, true);
	rows[0] = xcalloc(count, sizeof *rows[0]);
	rows[1] = xcalloc(count, sizeof *rows[1]);
	for (uint32_t y = 0; y < height; y++) {
		const uint32_t wanted[2] = {down[y].first, down[y].second};

		if (held[1] == wanted[0]) {
			int32_t *swap = rows[0];

			rows[0] = rows[1];
			rows[1] = swap;
			held[1] = held[0];
			held[0] = wanted[0];
		}
		for (int i = 0; i < 2; i++) {
			if (held[i] == wanted[i])
				continue;
			stretch_row(source->rgb + wanted[i] * row_size, across, width, rows[i]);
			held[i] = wanted[i];
		}
		mix_rows(rows[0], rows[1], &down[y], count, out + y * out_stride);
	}
	free(rows[0]);
	free(rows[1]);
	free(across);
	free(down);
}

/* Mean over the area that each new pixel covers, edges in part. */
void resize_area(const struct pixels *source, uint32_t width, uint32_t height, struct pixels *out)
{
	double step_x = (double)source->width / width, step_y = (double)source->height / height;
	/* Halves of four samples are rounded up, all else to even: two pieces of OpenCV. */
	float halves = step_x == 2 && step_y == 2 ? 0.125F : 0;
	size_t row_size = (size_t)source->width * 3;
	float *sums = xcalloc((size_t)width * 3, sizeof *sums);

	pixels_init(out, width, height);
	for (uint32_t y = 0; y < height; y++) {
		double top = y * step_y, bottom = fmin(top + step_y, source->height);

		memset(sums, 0, (size_t)width * 3 * sizeof *sums);
		for (uint32_t sy = (uint32_t)top; sy < bottom; sy++) {
			double share_y = fmin(sy + 1.0, bottom) - fmax(sy, top);
			const uint8_t *row = source->rgb + sy * row_size;

			for (uint32_t x = 0; x < width; x++) {
				double left = x * step_x;
				double right = fmin(left + step_x, source->width);

				for (uint32_t sx = (uint32_t)left; sx < right; sx++) {
					double share = share_y *
						(fmin(sx + 1.0, right) - fmax(sx, left)) /
						(step_x * step_y);

					for (size_t c = 0; c < 3; c++)
						sums[x * 3 + c] += (float)(row[sx * 3 + c] * share);
				}
			}
		}
		for (size_t i = 0; i < (size_t)width * 3; i++)
			out->rgb[y * (size_t)width * 3 + i] =
				(uint8_t)fminf(255.0F, nearbyintf(sums[i] + halves));
	}
	free(sums);
}
