/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quarter turns of RGB pictures. */
#ifndef TRAPKIT_MEDIA_PIXELS_TURN_H
#define TRAPKIT_MEDIA_PIXELS_TURN_H

#include "trapkit/pixels.h"

/* By EXIF orientation 3, 6 or 8, so that the result is upright; others change nothing. */
void pixels_turn(struct pixels *pixels, unsigned orientation);

#endif
