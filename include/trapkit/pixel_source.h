/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures and frames of videos decoded to RGB in full size, for whoever looks at them. */
#ifndef TRAPKIT_PIXEL_SOURCE_H
#define TRAPKIT_PIXEL_SOURCE_H

#include "trapkit/pixels.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;

/*
 * The picture as MegaDetector sees it (contracts/detector.md 1.2): decoded in full size, never
 * scaled; a JPEG in colour turned upright for EXIF orientations 3, 6 and 8, mirrored ones and other
 * kinds of pictures left as stored; transparency dropped. A file that ends early gives what there
 * is, and `truncated`. ERROR_INPUT when nothing can be decoded, ERROR_UNAVAILABLE without the
 * libraries. `pixels` is `{ 0 }`, or a picture that is needed no more: see pixels_renew().
 */
int pixels_decode(const uint8_t *bytes, size_t size, struct pixels *pixels, struct error *err);

/* A video being read from the beginning. */
struct film_frames;

/* `interval` in seconds; 0 = every frame. `path` names a file. */
struct film_frames *film_frames_open(const char *path, double interval, unsigned threads,
	const struct progress *progress, struct error *err);
/*
 * The next frame to look at, and its number from 0: of every int(interval × frames a second) frames
 * the first. 1 = there is one; 0 = the end; -1 = nothing can be decoded, or stopped. Turned upright
 * as players do. `pixels` as in pixels_decode().
 */
int film_frames_next(
	struct film_frames *frames, struct pixels *pixels, uint64_t *number, struct error *err);
/*
 * The next frame to look at is that of this number, or one after it where it cannot be decoded.
 * Begins at the key frame before it, so that most of a long video is not decoded. Numbers are told
 * by times from then on, which in a video of changing rate are not those of a count.
 */
void film_frames_seek(struct film_frames *frames, uint64_t number);
/* Frames a second. */
double film_frames_rate(const struct film_frames *frames);
void film_frames_close(struct film_frames *frames);

#ifdef __cplusplus
}
#endif

#endif
