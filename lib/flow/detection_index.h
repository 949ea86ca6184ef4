/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a detector found, by the path of the file below the data path. */
#ifndef TRAPKIT_FLOW_DETECTION_INDEX_H
#define TRAPKIT_FLOW_DETECTION_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct progress;

struct indexed_box {
	unsigned category; /* into `categories` */
	double confidence; /* 0 to 1 */
	double x, y, width, height;
	int64_t frame; /* of a film; -1 = not told */
	/* Only with `all`: bits 1 << enum subject that detector or classifier are so sure of. */
	unsigned subjects;
};

struct indexed_image {
	char *file; /* as in the results, with `/` between its parts */
	bool failed;
	struct indexed_box *boxes; /* those that count, surest first */
	size_t count;

	/* Only with `all`: what `detect` notes of the file it looked at, else -1, NULL and 0. */
	int64_t size;
	char *sha256;    /* hex */
	int64_t *frames; /* of a film, those that were looked at, in order */
	size_t frame_count;
	double frame_rate; /* of a film; NaN = not told */
};

/* Everything is owned; `{ 0 }` is empty and releasable. */
struct detection_index {
	struct indexed_image *items; /* in the order of their ends */
	size_t count, capacity;
	char **categories;
	size_t category_count;
	double threshold; /* what is at least this sure counts: the file's typical one, or 0.2 */
	/*
	 * Set before reading, with `threshold`: what is so sure counts, also when it was struck
	 * out, and also when only the classifier is.
	 */
	bool all;
	unsigned subjects;                    /* bits of all that categories and classes can mean */
	unsigned *category_bits, *class_bits; /* only while reading */
};

int detection_index_read(struct detection_index *index, const char *path,
	const struct progress *progress, struct error *err);
void detection_index_release(struct detection_index *index);

/*
 * Whatever folder the results' paths began with; NULL when the file was not looked at. *count,
 * which may be NULL, is how many entries may be about this file, one after the other from the
 * first.
 */
const struct indexed_image *detection_index_find(
	const struct detection_index *index, const char *path, size_t *count);

#endif
