/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One component of a picture, eight bits a sample, and what is done to it. */
#ifndef TRAPKIT_MEDIA_PLANE_H
#define TRAPKIT_MEDIA_PLANE_H

#include <stddef.h>
#include <stdint.h>

struct plane {
	uint8_t *samples; /* owned, width × height, no padding */
	uint32_t width, height;
};

void plane_init(struct plane *plane, uint32_t width, uint32_t height);
void plane_release(struct plane *plane);

/*
 * A plane of the wanted size. `source` covers `cover_width` × `cover_height` samples' worth of
 * picture (a fraction, when a chroma plane has half a sample more than the picture needs).
 */
void plane_resample(const struct plane *source, double cover_width, double cover_height,
	uint32_t width, uint32_t height, struct plane *out);

/* Turns by EXIF orientation 1–8 so that the result is upright. The plane is replaced. */
void plane_orient(struct plane *plane, unsigned orientation);

#endif
