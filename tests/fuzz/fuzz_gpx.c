/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPX files from anywhere. */
#include "trapkit/error.h"
#include "trapkit/gpx.h"
#include "trapkit/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct gpx_waypoints list = {0};
	struct error err = {0};

	if (gpx_read((const char *)bytes, size, "x.gpx", &list, &err) == 0)
		for (size_t i = 0; i < list.count; i++)
			if (!text_is_utf8(list.items[i].name, strlen(list.items[i].name)))
				abort();
	gpx_waypoints_release(&list);
	return 0;
}
