/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What media files are: their headers, read in place without decoding. */
#ifndef TRAPKIT_MEDIA_H
#define TRAPKIT_MEDIA_H

#include "trapkit/model.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/*
 * Reads type, size, dates, frame rate, duration, make, model, serial and GPS of JPEG, PNG, AVI, MP4
 * and MOV from `fd` (position is not used or changed), headers only: of a JPEG whose EXIF fits, no
 * more than 64 KiB. Memory does not depend on the file. `name` is the base name: it serves for the
 * type by extension and for dates in file names. `now` (seconds since 1970) is what "in the
 * future" is measured against.
 * Damage is told in facts->trouble, not as an error. -1 only when a read fails (EIO): then
 * TROUBLE_UNREADABLE is set too.
 *
 * Date rule: EXIF DateTimeOriginal, camera's own block, CreateDate, ModifyDate, container date,
 * file name; dates of zeros or blanks count as absent. mtime is never used here.
 */
int media_read_facts(
	int fd, const char *name, int64_t now, struct media_facts *facts, struct error *err);

/* The same from memory, for tests and fuzzing. `size` may be less than the file's. */
void media_parse_facts(const uint8_t *bytes, size_t size, const char *name, int64_t now,
	struct media_facts *facts);

/* Type by the name's extension alone. */
enum media_type media_type_by_name(const char *name);

#ifdef __cplusplus
}
#endif

#endif
