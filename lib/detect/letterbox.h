/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture made into the rectangle that a model looks at. */
#ifndef TRAPKIT_DETECT_LETTERBOX_H
#define TRAPKIT_DETECT_LETTERBOX_H

#include "trapkit/pixels.h"

#include <stddef.h>

struct letterbox_settings {
	uint32_t image_size;                /* longer side */
	uint32_t stride;                    /* both sides become multiples of it */
	uint32_t fixed_width, fixed_height; /* both 0 = the smallest rectangle that will do */
	bool modern;                        /* else classic */
	bool stretch;                       /* to the fixed size or a square, without padding */
	bool smooth;                        /* with stretch: resized as Pillow does it */
};

/* How the picture lies in the rectangle. */
struct letterbox {
	uint32_t width, height;                 /* of the rectangle */
	uint32_t first_width, first_height;     /* modern: resized to this by area first; 0 = not */
	uint32_t picture_width, picture_height; /* of the picture in it */
	uint32_t left, top;                     /* padding */
	bool smooth;                            /* resized by resize_smooth() */
};

void letterbox_plan(uint32_t width, uint32_t height, const struct letterbox_settings *settings,
	struct letterbox *box);
/* The rectangle in RGB; `out` is initialised here. */
void letterbox_fill(const struct pixels *picture, const struct letterbox *box, struct pixels *out);

/* Pillow's BILINEAR on bytes: antialiased. */
void resize_smooth(const struct pixels *source, uint32_t width, uint32_t height, uint8_t *out);
/* OpenCV's INTER_LINEAR and INTER_AREA on bytes. */
void resize_linear(const struct pixels *source, uint32_t width, uint32_t height, uint8_t *out,
	size_t out_stride);
void resize_area(const struct pixels *source, uint32_t width, uint32_t height, struct pixels *out);

#endif
