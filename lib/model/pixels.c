/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoded pictures in RGB. */
#include "trapkit/pixels.h"

#include "trapkit/memory.h"

#include <stdlib.h>

void pixels_init(struct pixels *pixels, uint32_t width, uint32_t height)
{
	*pixels = (struct pixels){
		.rgb = xcalloc((size_t)width * height, 3), .width = width, .height = height};
}

void pixels_release(struct pixels *pixels)
{
	free(pixels->rgb);
	*pixels = (struct pixels){0};
}
