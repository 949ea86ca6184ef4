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
 * Reads type, size, dates, frame rate, duration, make, model, serial, orientation and GPS of JPEG,
 * PNG, AVI, MP4, MOV, MKV and WebM from `fd` (a regular file; its position is not used or changed),
 * headers only: of a JPEG one read of 16 KiB, and as far as its EXIF reaches when that is not
 * enough, no more than 68 KiB together. Memory does not depend on the file: 68 KiB of stack. `name`
 * is the base name: it serves for the type by extension and for dates in file names; NULL is
 * allowed. `now` (seconds since 1970) is what "in the future" is measured against, a day of which
 * is allowed. Damage is told in facts->trouble, not as an error. -1 only when a read fails (EIO):
 * then TROUBLE_UNREADABLE is set, and what was read before is kept.
 *
 * The type is that of the contents. TIFF, WebP, HEIC and others are known but not read. A MOV named
 * `.mp4`, an MKV named `.webm`, or the other way round, is no TROUBLE_WRONG_NAME: every player
 * takes both. TROUBLE_TRUNCATED: a JPEG that ends within its headers (or, when it is below 16 KiB,
 * without its end marker); an AVI, MP4, MKV or PNG whose chunks reach past its end, or whose size
 * was never written.
 *
 * Date rule: EXIF DateTimeOriginal, camera's own block, CreateDate, ModifyDate, container date,
 * file name; dates of zeros or blanks count as absent. mtime is never used here, and a camera's own
 * block (maker note) is left to the camera room, which puts its date in when `taken_source` is
 * worse than TIME_MAKER_NOTE. TROUBLE_BAD_DATE: a better place than the one used held no date. EXIF
 * offset tags are not read; the date of an MP4 or MKV is taken as the camera's clock
 * (contracts/trapper.md 7.1). A date that TROUBLE_CLOCK_RESET is told of is kept in `taken`.
 *
 * Frame rate and duration equal what `exiftool -n` prints, to its 15 digits. `width` and `height`
 * of a film are as stored; a quarter turn in an MP4 is told in `orientation` as 6, 3 or 8.
 * Latitude and longitude are both numbers or both NaN; without their references, 0/0, 1.0225/1.0225
 * or out of range they are NaN and TROUBLE_BAD_GPS is set.
 */
int media_read_facts(
	int fd, const char *name, int64_t now, struct media_facts *facts, struct error *err);

/* The same from memory; the bytes are taken for the whole file. Never fails. */
void media_parse_facts(const uint8_t *bytes, size_t size, const char *name, int64_t now,
	struct media_facts *facts);

/* Type by the name's extension alone. */
enum media_type media_type_by_name(const char *name);

#ifdef __cplusplus
}
#endif

#endif
