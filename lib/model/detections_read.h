/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the two halves of the results reader: the header, and the images. */
#ifndef TRAPKIT_MODEL_DETECTIONS_READ_H
#define TRAPKIT_MODEL_DETECTIONS_READ_H

#include "trapkit/detections.h"
#include "trapkit/json_reader.h"

#include <stdbool.h>

/* Reads the whole document. *images_offset and *images_line: where the array of images begins. */
int detections_read_header(struct json_reader *json, struct detections_header *header,
	uint64_t *images_offset, uint64_t *images_line, struct error *err);

/* 1 = the name of the next member in `token`, 0 = the end of the object. */
int detections_member(struct json_reader *json, struct json_token *token, struct error *err);

/* Room for one image; used again for the next. `{ 0 }` is valid. */
struct detections_scratch {
	struct {
		struct detection *items;
		size_t count, capacity;
	} detections;
	struct {
		struct detected_class *items;
		size_t count, capacity;
	} classes;
	char *file, *failure;
};
void detections_scratch_release(struct detections_scratch *scratch);

/* Reads the members of an entry, the opening bracket being read. */
int detections_read_image(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, struct detected_image *image, struct error *err);

#endif
