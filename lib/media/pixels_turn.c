/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quarter turns of RGB pictures. */
#include "pixels_turn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Square pieces, so that reading and writing both stay within the cache. */
#define PIECE 32u

void pixels_turn(struct pixels *pixels, unsigned orientation)
{
	const uint32_t width = pixels->width, height = pixels->height;
	struct pixels turned;

	if (orientation != 3 && orientation != 6 && orientation != 8)
		return;
	pixels_init(&turned, orientation == 3 ? width : height, orientation == 3 ? height : width);
	turned.truncated = pixels->truncated;
	for (uint32_t top = 0; top < height; top += PIECE)
		for (uint32_t left = 0; left < width; left += PIECE)
			for (uint32_t y = top; y < height && y < top + PIECE; y++)
				for (uint32_t x = left; x < width && x < left + PIECE; x++) {
					uint32_t to_x = orientation == 3 ? width - 1 - x
						: orientation == 6       ? height - 1 - y
									 : y;
					uint32_t to_y = orientation == 3 ? height - 1 - y
						: orientation == 6       ? x
									 : width - 1 - x;

					memcpy(turned.rgb +
							((size_t)to_y * turned.width + to_x) * 3,
						pixels->rgb + ((size_t)y * width + x) * 3, 3);
				}
	pixels_release(pixels);
	*pixels = turned;
}
