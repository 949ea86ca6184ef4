/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Camera clocks and time zones, without ever touching TZ or the machine's own zone. */
#ifndef TRAPKIT_TIMESTAMP_H
#define TRAPKIT_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct timespec;

/* Nanoseconds since 1970, of a file's times and of clocks. */
int64_t timespec_ns(const struct timespec *time);

/* What a camera's clock showed: proleptic Gregorian, no zone unless `has_offset`. */
struct wall_time {
	int year, month, day;     /* month 1–12, day 1–31 */
	int hour, minute, second; /* 0–23, 0–59, 0–59 */
	int offset;               /* seconds east of UTC, only when has_offset */
	bool has_offset;
};

/* Where a date was found, best first; kept and shown with every date. */
enum time_source {
	TIME_NONE = 0,
	TIME_EXIF,       /* EXIF DateTimeOriginal */
	TIME_MAKER_NOTE, /* camera's own block */
	TIME_EXIF_OTHER, /* EXIF CreateDate (DateTimeDigitized), then ModifyDate */
	TIME_CONTAINER,  /* AVI IDIT, MP4/MOV creation_time */
	TIME_FILE_NAME,
	TIME_MTIME
};

/* "exif", "maker-note", "exif-create", "container", "file-name", "mtime", "none". */
const char *time_source_name(enum time_source source);

/* Days since 1970-01-01 of a civil date, and back. */
int64_t days_from_civil(int year, int month, int day);
void civil_from_days(int64_t days, int *year, int *month, int *day);

/* Seconds since 1970-01-01T00:00:00 as if the wall time were UTC (its offset is not used). */
int64_t wall_seconds(const struct wall_time *wall);
void wall_from_seconds(int64_t seconds, struct wall_time *wall);
/* Whole seconds of a file's mtime in nanoseconds, rounded down. */
int64_t seconds_of_ns(int64_t nanoseconds);
/* True for a date and time that exist in the calendar. */
bool wall_is_valid(const struct wall_time *wall);

/*
 * Parses what cameras write: `YYYY:MM:DD HH:MM:SS`, also with `-` or `/` in the date, with `T`,
 * with a fraction, with an offset (`+02:00`, `+0200`, `Z`). False for zeros, blanks, nonsense.
 */
bool wall_parse(const char *text, size_t length, struct wall_time *wall);

/*
 * What a person or a spreadsheet made of a time: also without seconds; a date alone is the whole
 * day, of which `is_end` takes the last second.
 */
bool wall_parse_entered(const char *text, bool is_end, struct wall_time *wall);

/* An IANA zone, read from the TZif files in $TZDIR or the system's folder. */
struct zone;

/* ERROR_INPUT when there is no such zone; the message names the nearest one. */
struct zone *zone_open(const char *name, struct error *err);
void zone_free(struct zone *zone);
const char *zone_name(const struct zone *zone);

enum zone_doubt { ZONE_CERTAIN = 0, ZONE_GAP, ZONE_OVERLAP };

/* A wall time resolved to an instant. */
struct instant {
	int64_t utc; /* seconds since 1970-01-01T00:00:00Z */
	int offset;  /* seconds east of UTC that were applied */
	enum zone_doubt doubt;
};

/*
 * contracts/trapper.md section 7: a wall time with an offset of its own keeps it; else the zone
 * counts. A time that occurs twice is the first occurrence, one that does not exist gets the offset
 * in force before the change; both are told in `doubt`. With `ignore_dst` the zone's standard
 * offset counts all year. Thread-safe.
 */
struct instant zone_resolve(const struct zone *zone, const struct wall_time *wall, bool ignore_dst);
/* The offset the zone has at an instant (`ignore_dst`: its standard offset then). */
int zone_offset_at(const struct zone *zone, int64_t utc, bool ignore_dst);

/* "2024-07-01T08:00:00+0000": TRAPPER's date_recorded. 25 bytes with the NUL are enough. */
#define TIMESTAMP_SIZE 32
void format_utc_basic(int64_t utc, char out[TIMESTAMP_SIZE]);
/* "2024-07-01T08:00:00Z". */
void format_utc(int64_t utc, char out[TIMESTAMP_SIZE]);
/* "2024-07-01T10:00:00+0200" and, with `colon`, "+02:00". */
void format_local(int64_t utc, int offset, bool colon, char out[TIMESTAMP_SIZE]);
/* "2024-07-01T10:00:00". */
void format_wall(const struct wall_time *wall, char out[TIMESTAMP_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
