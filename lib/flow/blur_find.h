/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be covered in each file, by what a detector found in it. */
#ifndef TRAPKIT_FLOW_BLUR_FIND_H
#define TRAPKIT_FLOW_BLUR_FIND_H

#include "trapkit/blur.h"
#include "trapkit/convert.h"
#include "trapkit/model.h"

struct progress;

struct blur_finder;

/* NULL with `err` when the file of detections cannot be read. */
struct blur_finder *blur_finder_open(
	const struct convert_blur *settings, const struct progress *progress, struct error *err);
void blur_finder_close(struct blur_finder *finder);

/*
 * Fills `areas`, which is owned, and *sha256 (hex, borrowed, NULL = not told) of the file that was
 * examined. Returns NULL, or why the file counts as not examined.
 */
const char *blur_find(const struct blur_finder *finder, const struct resource *resource,
	struct blur_list *areas, const char **sha256);

/* "blur human,vehicle 9f86d081…": the same for the same areas. Owned. */
char *blur_text(const struct blur_finder *finder, const struct blur_list *areas);

/* Whether `covered` ("human,vehicle", NULL = nothing) holds all that `kinds` names. */
bool blur_covers(const char *covered, const char *kinds);
/* The same of what a rendition was made with: a text that blur_text() is part of. */
bool blur_is_covered(const char *settings, const char *kinds);

#endif
