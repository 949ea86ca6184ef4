/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG headers: IHDR and eXIf (PNG specification, third edition); tIME is no date of taking. */
#include "scan.h"

#include "trapkit/exif.h"

#include <string.h>

/* Chunks looked at before the picture ends; a writer with 8 KiB chunks fills 32 MiB with them. */
#define CHUNKS_MOST 4096
/* An EXIF block in a JPEG cannot be larger either. */
#define EXIF_MOST 65536

void scan_png(struct scan *scan)
{
	struct source *source = &scan->source;
	uint64_t at = 8;
	bool has_exif = false; /* there may be one; a crafted file could have thousands */

	source->step = 64;
	for (int i = 0; i < CHUNKS_MOST; i++) {
		const uint8_t *bytes = source_at(source, at, 8);
		uint32_t length;

		if (bytes == NULL) {
			scan->facts->trouble |= TROUBLE_TRUNCATED;
			return;
		}
		length = bytes_u32(bytes, true);
		if (memcmp(bytes + 4, "IEND", 4) == 0)
			return;
		if (memcmp(bytes + 4, "eXIf", 4) == 0 && !has_exif) {
			has_exif = true;
			scan_exif(scan, at + 8, length < EXIF_MOST ? length : EXIF_MOST);
		} else if (memcmp(bytes + 4, "IHDR", 4) == 0 && length >= 8) {
			bytes = source_at(source, at + 8, 8);
			if (bytes != NULL && scan->facts->width == 0) {
				scan->facts->width = bytes_u32(bytes, true);
				scan->facts->height = bytes_u32(bytes + 4, true);
			}
		}
		at += (uint64_t)length + 12;
	}
}
