/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The readers of what single makers write. */
#ifndef TRAPKIT_CAMERA_READERS_H
#define TRAPKIT_CAMERA_READERS_H

#include "head.h"

/* Each returns true when it knew the picture; then facts->reader is set. */

/* reconyx.c */
bool read_reconyx(const struct tags *tags, struct camera_facts *facts);
/* True when there may be a comment segment of a RapidFire or BuckEye camera. */
bool wants_com(const struct tags *tags, const struct camera_facts *facts);
bool read_com(const struct tags *tags, struct camera_facts *facts);

/* text_notes.c */
bool read_browning(const struct tags *tags, struct camera_facts *facts);
bool read_cuddeback(const struct tags *tags, struct camera_facts *facts);
bool read_moultrie(const struct tags *tags, struct camera_facts *facts);
bool read_plain(const struct tags *tags, struct camera_facts *facts);

/* Shared. */

/* The value of KEY in "KEY=value,KEY=value" or in lines "Key: value"; false when there is none. */
bool find_value(const char *text, const char *key, char between, const char *separators, char *out,
	size_t size);
/* "-12C", "70 F": °C out. */
bool parse_temperature(const char *text, double *celsius);
/* As UTC offset, sequence … : a whole number with nothing behind it but blanks. */
bool parse_whole(const char *text, long *number);
/* The camera's own date, kept when it is one. */
void take_own_date(
	struct camera_facts *facts, int year, int month, int day, int hour, int minute, int second);

/* facts.c: everything but the file's reading. */
void facts_clear(struct camera_facts *facts);
void facts_from_head(struct head *head, struct tags *tags, int64_t now, struct camera_facts *facts);

/* server.c: what exiftool's JSON and the server's Python make of texts. */

/* True when exiftool prints the text without quotes: a number, or a truth value. */
bool prints_bare(const char *text);
/* The text as Python has it after JSON; false when it is empty, zero or false. Owned by caller. */
char *server_text(const char *text);
/* Python's repr() of a float. Owned by the caller. */
char *python_number(double value);
/* Strict `%Y:%m:%d %H:%M:%S`. */
bool server_date(const char *text, struct wall_time *wall);
/* "±HH:MM" or "±HHMM": seconds. */
bool server_offset(const char *text, int *seconds);
/* Through `D deg M' S.ss" N`: false when it counts as absent. */
bool server_position(const struct tags *tags, double *latitude, double *longitude);
/* "No position", "out of range": is it one? */
bool position_is_valid(double latitude, double longitude);
/* `%d/%m/%Y %H:%M:%S` of reports. */
bool report_date(const char *text, struct wall_time *wall);

#endif
