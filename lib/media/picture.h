/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoded picture in planes of YCbCr (full range, BT.601, as JPEG has it), and what is done to
 * it.
 */
#ifndef TRAPKIT_MEDIA_PICTURE_H
#define TRAPKIT_MEDIA_PICTURE_H

#include "plane.h"

#include "trapkit/pixels.h"

#include <stdbool.h>

struct error;
struct rendition_settings;

/* A picture of more samples than this is a bomb, not a photograph (JPEG's own limit is 65,535²). */
#define PICTURE_MOST_PIXELS (512u << 20)
#define PICTURE_PLANES 3

/* Luma, and two planes of chroma unless it is one component. `{ 0 }` is releasable. */
struct picture {
	struct plane planes[PICTURE_PLANES];
	int count;
	uint32_t full_width, full_height; /* of the source */
	uint32_t width, height;           /* samples of luma that are picture */
	double cover_width, cover_height; /* of luma; a scaled edge may hold half a sample more */
	int across, down;                 /* chroma subsampling: 1, 2 or 4 */
	bool truncated;   /* the source ends early; what is missing is grey, or black */
	uint8_t *profile; /* the ICC profile when only the decoder knows it; owned */
	size_t profile_size;
	bool foreign_profile; /* the source's profile is for other components (CMYK) */
};
void picture_release(struct picture *picture);

/*
 * Decodes a JPEG at the smallest DCT scale that is not below what fits the box. `turned`: the box
 * is for the picture lying on its side.
 */
int picture_decode_jpeg(const uint8_t *bytes, size_t size, const struct rendition_settings *box,
	bool turned, struct picture *picture, struct error *err);
/* Decodes whatever libavcodec knows by its first bytes, in full size. */
int picture_decode_libav(
	const uint8_t *bytes, size_t size, struct picture *picture, struct error *err);

/* The same to RGB, without a detour through other components. */
int picture_decode_rgb(const uint8_t *bytes, size_t size, struct pixels *pixels, struct error *err);
struct AVFrame;
int picture_take_rgb(const struct AVFrame *frame, struct pixels *pixels, struct error *err);

/* Resamples to the target with 4:2:0 chroma. Planes of the right size are moved, not copied. */
void picture_resample(struct picture *source, uint32_t width, uint32_t height, struct picture *out);
/* By EXIF orientation. */
void picture_orient(struct picture *picture, unsigned orientation);
/* 4:2:0 or one component; *bytes is owned. */
int picture_encode(const struct picture *picture, int quality, uint8_t **bytes, size_t *size,
	struct error *err);

/* Full-range YCbCr of 8-bit RGB. */
void picture_from_rgb(const uint8_t *rgb, struct picture *picture);

#endif
