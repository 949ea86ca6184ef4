/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoded picture in RGB: what decoders give and detectors take. */
#ifndef TRAPKIT_PIXELS_H
#define TRAPKIT_PIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Eight bits a sample, rows from the top without padding. `{ 0 }` is releasable. */
struct pixels {
	uint8_t *rgb; /* owned, width × height × 3 */
	uint32_t width, height;
	bool truncated; /* the source ends early; what is missing is grey or black */
	size_t room;    /* bytes at `rgb` */
};

/* Black. */
void pixels_init(struct pixels *pixels, uint32_t width, uint32_t height);
/*
 * In the memory of a picture that nobody needs any more, or of `{ 0 }`; what lies there stays. The
 * system takes longer to hand out the memory of a big picture than we to fill it.
 */
void pixels_renew(struct pixels *pixels, uint32_t width, uint32_t height);
void pixels_release(struct pixels *pixels);

#ifdef __cplusplus
}
#endif

#endif
