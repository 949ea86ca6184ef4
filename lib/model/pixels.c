/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoded pictures in RGB. */
#include "trapkit/pixels.h"

#include "trapkit/memory.h"

#include <stdlib.h>

void pixels_init(struct pixels *pixels, uint32_t width, uint32_t height)
{
	*pixels = (struct pixels){.rgb = xcalloc((size_t)width * height, 3),
		.width = width,
		.height = height,
		.room = (size_t)width * height * 3};
}

void pixels_renew(struct pixels *pixels, uint32_t width, uint32_t height)
{
	if (pixels->room < (size_t)width * height * 3) {
		pixels_release(pixels);
		pixels_init(pixels, width, height);
		return;
	}
	pixels->width = width;
	pixels->height = height;
	pixels->truncated = false;
}

void pixels_release(struct pixels *pixels)
{
	free(pixels->rgb);
	*pixels = (struct pixels){0};
}
