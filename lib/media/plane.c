/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One component of a picture, and its turning. */
#include "plane.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

void plane_init(struct plane *plane, uint32_t width, uint32_t height)
{
	plane->width = width;
	plane->height = height;
	plane->samples = xmalloc((size_t)width * height);
}

void plane_release(struct plane *plane)
{
	free(plane->samples);
	*plane = (struct plane){0};
}

/* Swaps the parts of a and b that `mask` selects, b's being `shift` bits further up in a. */
static void swap_parts(uint64_t *a, uint64_t *b, unsigned shift, uint64_t mask)
{
	uint64_t difference = ((*a >> shift) ^ *b) & mask;

	*b ^= difference;
	*a ^= difference << shift;
}

/* Eight by eight samples in eight machine words: quarters change places, then their quarters. */
static void transpose_square(const uint8_t *from, size_t from_width, uint8_t *to, size_t to_width)
{
	uint64_t row[8];

	for (size_t i = 0; i < 8; i++)
		memcpy(&row[i], from + i * from_width, 8);
	for (int i = 0; i < 4; i++)
		swap_parts(&row[i], &row[i + 4], 32, 0x00000000FFFFFFFFu);
	for (int i = 0; i < 8; i += i % 4 == 1 ? 3 : 1)
		swap_parts(&row[i], &row[i + 2], 16, 0x0000FFFF0000FFFFu);
	for (int i = 0; i < 8; i += 2)
		swap_parts(&row[i], &row[i + 1], 8, 0x00FF00FF00FF00FFu);
	for (size_t i = 0; i < 8; i++)
		memcpy(to + i * to_width, &row[i], 8);
}

/* The words above are read with the first sample in the lowest byte. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SQUARE 8u
#else
#define SQUARE 0u
#endif

static void transpose_part(const struct plane *source, struct plane *out, uint32_t left,
	uint32_t top, uint32_t right, uint32_t bottom)
{
	for (uint32_t x = left; x < right; x++)
		for (uint32_t y = top; y < bottom; y++)
			out->samples[(size_t)x * out->width + y] =
				source->samples[(size_t)y * source->width + x];
}

/* Rows become columns. A stripe of 64 columns at a time stays in the cache. */
static void transpose(const struct plane *source, struct plane *out)
{
	uint32_t even_width = SQUARE == 0 ? 0 : source->width / 8 * 8;
	uint32_t even_height = SQUARE == 0 ? 0 : source->height / 8 * 8;

	plane_init(out, source->height, source->width);
	for (uint32_t left = 0; left < even_width; left += 64)
		for (uint32_t y = 0; y < even_height; y += 8)
			for (uint32_t x = left; x < left + 64 && x < even_width; x += 8)
				transpose_square(source->samples + (size_t)y * source->width + x,
					source->width, out->samples + (size_t)x * out->width + y,
					out->width);
	transpose_part(source, out, even_width, 0, source->width, source->height);
	transpose_part(source, out, 0, even_height, even_width, source->height);
}

/* Orientation 1–8: whether rows become columns, and which axes of the source run backwards. */
static const struct {
	uint8_t swapped, backward_x, backward_y;
} turns[9] = {
	[1] = {0, 0, 0},
	[2] = {0, 1, 0},
	[3] = {0, 1, 1},
	[4] = {0, 0, 1},
	[5] = {1, 0, 0},
	[6] = {1, 0, 1},
	[7] = {1, 1, 1},
	[8] = {1, 1, 0},
};

static void reverse_rows(struct plane *plane)
{
	for (uint32_t y = 0; y < plane->height / 2; y++) {
		uint8_t *one = plane->samples + (size_t)y * plane->width;
		uint8_t *other = plane->samples + (size_t)(plane->height - 1 - y) * plane->width;

		for (uint32_t x = 0; x < plane->width; x++) {
			uint8_t keep = one[x];

			one[x] = other[x];
			other[x] = keep;
		}
	}
}

static void reverse_columns(struct plane *plane)
{
	for (uint32_t y = 0; y < plane->height; y++) {
		uint8_t *row = plane->samples + (size_t)y * plane->width;

		for (uint32_t x = 0; x < plane->width / 2; x++) {
			uint8_t keep = row[x];

			row[x] = row[plane->width - 1 - x];
			row[plane->width - 1 - x] = keep;
		}
	}
}

void plane_orient(struct plane *plane, unsigned orientation)
{
	struct plane out;

	if (orientation < 2 || orientation > 8)
		return;
	if (turns[orientation].backward_x)
		reverse_columns(plane);
	if (turns[orientation].backward_y)
		reverse_rows(plane);
	if (turns[orientation].swapped) {
		transpose(plane, &out);
		plane_release(plane);
		*plane = out;
	}
}
