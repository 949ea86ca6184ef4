/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quarter turns of RGB pictures. */
#include "pixels_turn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Square pieces, so that reading and writing both stay within the cache. */
#define PIECE 32u

/* Upside down: the last pixel comes first. */
static void reverse(struct pixels *pixels)
{
	uint8_t *first = pixels->rgb;
	uint8_t *last = first + ((size_t)pixels->width * pixels->height - 1) * 3;

	for (; first < last; first += 3, last -= 3)
		for (int c = 0; c < 3; c++) {
			uint8_t swap = first[c];

			first[c] = last[c];
			last[c] = swap;
		}
}

void pixels_turn(struct pixels *pixels, unsigned orientation)
{
	const uint32_t width = pixels->width, height = pixels->height;
	struct pixels turned;

	if (orientation == 3)
		reverse(pixels);
	if (orientation != 6 && orientation != 8)
		return;
	pixels_init(&turned, height, width);
	turned.truncated = pixels->truncated;
	for (uint32_t top = 0; top < height; top += PIECE)
		for (uint32_t left = 0; left < width; left += PIECE)
			for (uint32_t y = top; y < height && y < top + PIECE; y++)
				for (uint32_t x = left; x < width && x < left + PIECE; x++) {
					uint32_t to_x = orientation == 6 ? height - 1 - y : y;
					uint32_t to_y = orientation == 6 ? x : width - 1 - x;

					memcpy(turned.rgb +
							((size_t)to_y * turned.width + to_x) * 3,
						pixels->rgb + ((size_t)y * width + x) * 3, 3);
				}
	pixels_release(pixels);
	*pixels = turned;
}
