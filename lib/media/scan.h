/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of one kind of file each share: a window on the file, and what was found. */
#ifndef MEDIA_SCAN_H
#define MEDIA_SCAN_H

#include "trapkit/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A window on a file. The first read is SOURCE_HEAD bytes from the beginning; it grows in place as
 * long as what is asked for begins within it, so that the largest EXIF segment fits with what is
 * before it; anything further on moves it.
 */
#define SOURCE_HEAD ((size_t)16 * 1024)
#define SOURCE_CAPACITY ((size_t)68 * 1024)

struct source {
	int fd;         /* -1: the window is all there is */
	int failure;    /* errno of a read that failed */
	uint64_t end;   /* where the file ends, UINT64_MAX while that is not known */
	uint64_t start; /* of the window */
	size_t length;
	const uint8_t *window;
	uint8_t *buffer; /* SOURCE_CAPACITY bytes, NULL with fd -1 */
	size_t step;     /* bytes read at least when the window moves */
};

/* Up to `want` (at most SOURCE_CAPACITY) bytes at `offset`; `have` tells how many there are. */
const uint8_t *source_view(struct source *source, uint64_t offset, size_t want, size_t *have);
/* The same, but NULL unless all are there. */
const uint8_t *source_at(struct source *source, uint64_t offset, size_t want);
/* How many bytes from `offset` on are in the window already. */
size_t source_buffered(const struct source *source, uint64_t offset);
/* Size of the file, UINT64_MAX when it cannot be told. */
uint64_t source_size(struct source *source);

/* Where a date can stand, in the order of the date rule. */
enum date_place { DATE_ORIGINAL, DATE_CREATED, DATE_MODIFIED, DATE_CONTAINER, DATE_PLACES };

struct scan {
	struct source source;
	struct media_facts *facts;
	bool there[DATE_PLACES]; /* something stands there */
	bool valid[DATE_PLACES]; /* and it is a date */
	struct wall_time date[DATE_PLACES];
};

/* Notes the text of a date; the first valid one of a place stays. */
void scan_date(struct scan *scan, enum date_place place, const uint8_t *text, size_t length);
/* The same for the forms that stand in AVI files. */
void scan_riff_date(struct scan *scan, const uint8_t *text, size_t length);
/* Seconds since 1904 or, when that cannot be, since 1970; 0 is no date. */
void scan_quicktime_date(struct scan *scan, uint64_t seconds);
/* Settles `taken` and its source from what was noted and from the file's name. */
void scan_settle_dates(struct scan *scan, const char *name, int64_t now);
/* A complete and valid date and time in a file's name. */
bool date_in_name(const char *name, struct wall_time *wall);

/* The EXIF block at `offset`; `length` bytes as its container tells. */
void scan_exif(struct scan *scan, uint64_t offset, size_t length);

void scan_jpeg(struct scan *scan);
void scan_png(struct scan *scan);
void scan_avi(struct scan *scan);
/* MP4 and MOV. */
void scan_quicktime(struct scan *scan);
/* MKV and WebM. */
void scan_matroska(struct scan *scan);

/* As exiftool's numbers look in its JSON: 15 significant digits. */
double fifteen_digits(double value);

#endif
