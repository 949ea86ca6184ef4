/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Web-friendly renditions of pictures: smaller, upright, with all that the camera wrote. */
#ifndef TRAPKIT_RENDITION_H
#define TRAPKIT_RENDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct blur_list;
struct error;
struct media_facts;
struct pixels;

struct rendition_settings {
	uint32_t width, height; /* the box it must fit in, pixels; 0 = no limit. Never enlarged. */
	int quality;            /* JPEG quality 1–100 */
};

struct rendition {
	uint8_t *bytes; /* owned */
	size_t size;
	uint32_t width, height; /* upright */
	bool truncated;         /* the source ends early; what is missing is grey */
};

/*
 * A JPEG of the picture, 4:2:0 (one component stays one component), orientation applied. Decoded at
 * the smallest DCT scale that is not below the target and resampled in YCbCr, never through RGB,
 * with a Lanczos kernel of three lobes. EXIF, ICC profile, XMP and comments are carried over; EXIF
 * dimensions, orientation and thumbnail are made true, and nothing else in it moves, so that maker
 * notes keep their offsets.
 * With `blur`, its areas are covered, and of previews only the EXIF thumbnail, made anew from the
 * covered picture, is kept: all others are overwritten or left out. NULL = nothing is to be hidden.
 * ERROR_INPUT when nothing can be decoded. The caller releases.
 */
int rendition_make(const uint8_t *bytes, size_t size, const struct rendition_settings *settings,
	const struct blur_list *blur, struct rendition *rendition, struct error *err);
void rendition_release(struct rendition *rendition);

/*
 * The same without any metadata, for a page. With `facts` (of the whole picture) only its EXIF
 * preview is looked at, for which the first RENDITION_HEAD bytes of a file are enough: 1 when it
 * has none, or one of another shape. Without, the picture itself is decoded.
 */
#define RENDITION_HEAD ((size_t)68 * 1024)
int rendition_thumbnail(const uint8_t *bytes, size_t size, const struct media_facts *facts,
	const struct rendition_settings *settings, struct rendition *thumbnail, struct error *err);
/* Of what is decoded and upright, as a frame of a video. */
int rendition_from_pixels(const struct pixels *pixels, const struct rendition_settings *settings,
	struct rendition *thumbnail, struct error *err);

/*
 * True when a JPEG needs no rendition: inside the box, upright, and not CMYK. `width` and `height`
 * as stored, `orientation` as in EXIF (0 = not told).
 */
bool rendition_is_fit(uint32_t width, uint32_t height, unsigned orientation,
	const struct rendition_settings *settings);

/* The size that a picture of width × height gets in the box, aspect kept, never enlarged. */
void rendition_fit(uint32_t width, uint32_t height, const struct rendition_settings *settings,
	uint32_t *out_width, uint32_t *out_height);

/* Whether libjpeg-turbo is there: 0, or ERROR_UNAVAILABLE. */
int rendition_library(struct error *err);

#ifdef __cplusplus
}
#endif

#endif
