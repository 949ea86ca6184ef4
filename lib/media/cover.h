/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Areas of a picture or a frame filled with grey. */
#ifndef TRAPKIT_MEDIA_COVER_H
#define TRAPKIT_MEDIA_COVER_H

#include "trapkit/blur.h"

#include <stdbool.h>

struct picture;

/*
 * One component. Samples that the area only touches are filled too, so that luma and chroma cover
 * the same.
 */
void cover_area(uint8_t *samples, size_t stride, uint32_t width, uint32_t height,
	const struct blur_area *area);

/*
 * The picture is upright, and was turned by EXIF `orientation`. Detectors do not turn mirrored
 * pictures, and those of one component (contracts/detector.md 1.2): there, and where blur->doubtful
 * says so, the areas are covered as they would be in either case.
 */
void cover_picture(struct picture *picture, const struct blur_list *blur, unsigned orientation);

/*
 * A frame as it is stored. `turned`: players show it turned, and whether the detector did is not
 * known, so areas are covered in all four positions.
 */
void cover_frame(uint8_t *const planes[3], const int strides[3], uint32_t width, uint32_t height,
	const struct blur_list *blur, int64_t frame, bool turned);

#endif
