/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which parts of a picture or a film must not be seen in its rendition. */
#ifndef TRAPKIT_BLUR_H
#define TRAPKIT_BLUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * An area is filled with grey: nothing of what was there is left, not even its colour, however the
 * rendition is enlarged or sharpened. Position and size are shares (0 to 1) of the picture as it is
 * shown upright; what reaches over an edge is cut off there.
 */
struct blur_area {
	double x, y, width, height;
	int64_t first, last; /* frames of a film, from 0, the last included; not for pictures */
};

/* `{ 0 }` is empty and releasable with free(items). */
struct blur_list {
	struct blur_area *items;
	size_t count, capacity;
	/*
	 * Whether the detector saw the picture as it is stored or as it is shown is not known: the
	 * areas are covered as they would be in either case.
	 */
	bool doubtful;
};

#ifdef __cplusplus
}
#endif

#endif
