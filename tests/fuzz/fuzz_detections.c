/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results files from anywhere: every image is read, and read again by its place. */
#include "trapkit/detections.h"
#include "trapkit/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct detections_header *header, const struct detected_image *image)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct detection *detection = &image->items[i];

		if (detection->category >= header->categories.count ||
			!(fabs(detection->confidence) <= 1) || !(fabs(detection->width) <= 1.5))
			abort();
		for (size_t j = 0; j < detection->class_count; j++)
			if (detection->classes[j].index >= header->classes.count)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error err = {0};
	struct detections_reader *reader = detections_open_memory(bytes, size, "fuzz", &err);
	struct detected_image image;
	uint64_t images = 0;
	int result = 0;

	while (reader != NULL && (result = detections_next(reader, &image, &err)) == 1) {
		const struct detections_header *header = detections_header(reader);
		size_t count = image.count;

		images++;
		check(header, &image);
		if (memcmp(bytes + image.offset, image.json, image.json_size) != 0 ||
			detections_at(reader, image.offset, &image, &err) != 0 ||
			image.count != count)
			abort();
		check(header, &image);
	}
	if (reader != NULL && result == 0 && images != detections_header(reader)->images)
		abort();
	detections_close(reader);
	return 0;
}
