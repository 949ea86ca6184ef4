/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be covered in each file, by what a detector found in it. */
#ifndef TRAPKIT_FLOW_BLUR_FIND_H
#define TRAPKIT_FLOW_BLUR_FIND_H

#include "trapkit/blur.h"
#include "trapkit/convert.h"
#include "trapkit/model.h"

struct ledger;
struct progress;

struct blur_finder;

/*
 * NULL with `err` when the file of detections cannot be read, or cannot tell of what is to be
 * covered: none of its categories means that.
 */
struct blur_finder *blur_finder_open(
	const struct convert_blur *settings, const struct progress *progress, struct error *err);
void blur_finder_close(struct blur_finder *finder);

/* What the results say of one file. `{ 0 }` is empty; release it with free(areas.items). */
struct blur_found {
	const char *held; /* why the file counts as not examined, or NULL; then the rest is: */
	struct blur_list areas; /* to be covered */
	const char *sha256;     /* hex, of the file that was examined; NULL = not told */
	int64_t frames;         /* of a film, so many from its first count as looked at */
};
void blur_find(const struct blur_finder *finder, const struct resource *resource,
	struct blur_found *found);

/* "blur human,vehicle 9f86d081…": the same for the same areas. Owned. */
char *blur_text(const struct blur_finder *finder, const struct blur_list *areas);

/*
 * Whether a rendition of the file that was made with these settings (a text that ends with
 * blur_text()) covers what the results tell now.
 */
bool blur_is_covered(
	const struct blur_finder *finder, const struct resource *resource, const char *settings);

/*
 * The covered rendition of the file, an absolute path: 1 = *path is owned, 0 = there is none. It
 * lies there as it was made.
 */
int blur_copy_find(const struct blur_finder *finder, struct ledger *ledger, const char *work_folder,
	const struct resource *resource, char **path, struct error *err);

/* Whether `covered` ("human,vehicle", NULL = nothing) holds all that `kinds` names. */
bool blur_covers(const char *covered, const char *kinds);

#endif
