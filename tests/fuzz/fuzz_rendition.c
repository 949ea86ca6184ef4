/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures that are no pictures: rendition_make must give one, or an error, and nothing else. */
#include "trapkit/blur.h"
#include "trapkit/error.h"
#include "trapkit/rendition.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct rendition_settings settings = {64, 48, 85};
	struct blur_area area = {.x = 0.25, .y = -0.1, .width = 0.5, .height = 0.7};
	const struct blur_list blur = {.items = &area, .count = 1};
	struct rendition rendition = {0};
	struct error err = {0};

	if (rendition_make(
		    bytes, size, &settings, size % 2 == 0 ? &blur : NULL, &rendition, &err) == 0) {
		/* It fits the box, and begins and ends as a JPEG does. */
		if (rendition.width > 64 || rendition.height > 64 || rendition.size < 4 ||
			rendition.bytes[0] != 0xFF || rendition.bytes[1] != 0xD8 ||
			rendition.bytes[rendition.size - 1] != 0xD9)
			abort();
	} else if (err.kind == ERROR_NONE) {
		abort();
	}
	rendition_release(&rendition);
	return 0;
}
