/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A detector's results in MegaDetector's batch format, read image by image. */
#ifndef TRAPKIT_DETECTIONS_H
#define TRAPKIT_DETECTIONS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/*
 * The format: lila.science/megadetector-output-format, versions 1.0 to 1.6; contracts/detector.md
 * section 2. Members that are not named here are passed over, whatever they are.
 */

/* Texts are owned. */
struct detections_category {
	char *id;          /* "1" */
	char *name;        /* "animal" */
	char *description; /* of classes, usually a taxonomy "…;mammalia;…"; NULL = none */
};

/* In bytewise order of ids. */
struct detections_category_list {
	struct detections_category *items;
	size_t count, capacity;
};

/* What the file says of all images. Texts are owned; NULL = not told. */
struct detections_header {
	char *format_version;   /* "1.6" */
	char *detector;         /* "md_v5a.0.1.pt"; not told means most likely MegaDetector 4 */
	char *detector_version; /* "v5a.0.1" */
	char *completed;        /* "2024-06-02 09:30:00" by the clock of the machine it ran on */
	char *classifier;
	char *classification_completed;
	double typical_threshold, conservative_threshold; /* of the detector; NaN = not told */
	char *custom_metadata;                            /* JSON, as it stands in the file */
	struct detections_category_list categories, classes;
	uint64_t images; /* entries in the file */
};

struct detected_class {
	size_t index;      /* index into header->classes */
	double confidence; /* 0 to 1 */
};

struct detection {
	size_t category;            /* index into header->categories */
	double confidence;          /* 0 to 1; negative: struck out by a person, as a false alarm */
	double x, y, width, height; /* fractions of the picture as shown, from its top left corner;
				       as in the file, which may reach over its edge by a little */
	int64_t frame;              /* of a video, from 0; -1 = not told */
	const struct detected_class *classes; /* in the order of the file: best first */
	size_t class_count;
};

/* One entry. Everything stays valid until the next call. */
struct detected_image {
	const char *file;    /* as in the file: any prefix, perhaps with backslashes */
	const char *failure; /* NULL = it was looked at; else why not, and there are no items */
	const struct detection *items;
	size_t count;
	double frame_rate; /* of a video, frames a second; NaN = not told */
	uint64_t offset;   /* of the entry's first byte in the file … */
	const char *json;  /* … and the entry itself, `{` to `}`; */
	size_t json_size;  /* bytes */
};

/* Largest entry in bytes, and most categories and classes each. */
#define DETECTIONS_LARGEST_IMAGE (64u << 20)
#define DETECTIONS_MOST_CATEGORIES 100000

struct detections_reader;

/*
 * Goes through the file once for its header, which may stand behind the images. NULL with
 * ERROR_INPUT: not this format (the two look-alikes are named), cut short; it must be a file that
 * can be read twice, not a pipe. Memory: the header, and one image.
 */
struct detections_reader *detections_open(const char *path, struct error *err);
/* The bytes and the name (for messages) stay the caller's, and must stay. */
struct detections_reader *detections_open_memory(
	const void *bytes, size_t size, const char *name, struct error *err);
/* NULL is fine. */
void detections_close(struct detections_reader *reader);

/* Of a header that somebody filled; one that a reader has is the reader's. */
void detections_header_release(struct detections_header *header);

/* Borrowed; valid until detections_close. */
const struct detections_header *detections_header(const struct detections_reader *reader);

/*
 * The next image in the order of the file: 1 = `image` filled, 0 = no more, -1 = ERROR_INPUT with
 * file and line, ERROR_SYSTEM.
 */
int detections_next(
	struct detections_reader *reader, struct detected_image *image, struct error *err);

/*
 * An image that detections_next gave before, by its `offset`. Does not disturb the order of
 * detections_next, but what that returned last is no longer valid.
 */
int detections_at(struct detections_reader *reader, uint64_t offset, struct detected_image *image,
	struct error *err);

#ifdef __cplusplus
}
#endif

#endif
