/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which date of a file counts, and the forms of dates that are no EXIF dates. */
#include "scan.h"

#include <string.h>
#include <strings.h>

/* Seconds from 1904-01-01 to 1970-01-01: 66 years with 17 leap days. */
#define SINCE_1904 ((uint64_t)(66 * 365 + 17) * 86400)
/* 9999-12-31T23:59:59, the last that has four digits. */
#define LAST_SECOND INT64_C(253402300799)
/* 2001-01-01: no camera that is still in use was built before; a reset clock starts there. */
#define FIRST_SECOND INT64_C(978307200)

static void note(struct scan *scan, enum date_place place, const struct wall_time *wall)
{
	scan->there[place] = true;
	if (wall != NULL && !scan->valid[place]) {
		scan->valid[place] = true;
		scan->date[place] = *wall;
	}
}

static bool is_blank(uint8_t byte)
{
	return byte == 0 || byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' ||
		byte == 0xFF;
}

/* What stands before the first NUL, without padding. */
static size_t trim(const uint8_t **text, size_t length)
{
	const uint8_t *end;

	while (length > 0 && is_blank(**text))
		(*text)++, length--;
	end = length == 0 ? NULL : memchr(*text, 0, length);
	if (end != NULL)
		length = (size_t)(end - *text);
	while (length > 0 && is_blank((*text)[length - 1]))
		length--;
	return length;
}

void scan_date(struct scan *scan, enum date_place place, const uint8_t *text, size_t length)
{
	struct wall_time wall;

	length = trim(&text, length);
	note(scan, place, wall_parse((const char *)text, length, &wall) ? &wall : NULL);
}

void scan_quicktime_date(struct scan *scan, uint64_t seconds)
{
	struct wall_time wall;

	if (seconds == 0)
		return;
	/* Some firmware counts from 1970; then the sum would lie before that. */
	if (seconds >= SINCE_1904)
		seconds -= SINCE_1904;
	if (seconds > (uint64_t)LAST_SECOND) {
		note(scan, DATE_CONTAINER, NULL);
		return;
	}
	wall_from_seconds((int64_t)seconds, &wall);
	note(scan, DATE_CONTAINER, &wall);
}

/* ---- AVI ---- */

/* A reader of short texts: numbers and the characters between them. */
struct cursor {
	const uint8_t *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && is_blank(*cursor->at))
		cursor->at++;
}

/* 1 to `digits` digits, blanks before them allowed. -1 when there are none, or more. */
static int number(struct cursor *cursor, int digits)
{
	int value = 0, seen = 0;

	skip_blanks(cursor);
	for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; seen++) {
		if (seen == digits)
			return -1;
		value = value * 10 + (*cursor->at++ - '0');
	}
	return seen == 0 ? -1 : value;
}

static bool one_of(struct cursor *cursor, const char *characters)
{
	if (cursor->at >= cursor->end || strchr(characters, *cursor->at) == NULL ||
		*cursor->at == '\0')
		return false;
	cursor->at++;
	return true;
}

/* `9:05`, `15:04:43`, `1:42PM`. */
static bool clock_time(struct cursor *cursor, struct wall_time *wall)
{
	wall->hour = number(cursor, 2);
	if (!one_of(cursor, ":"))
		return false;
	wall->minute = number(cursor, 2);
	wall->second = one_of(cursor, ":") ? number(cursor, 2) : 0;
	skip_blanks(cursor);
	if (one_of(cursor, "Pp")) {
		if (wall->hour < 12)
			wall->hour += 12;
	} else if (one_of(cursor, "Aa") && wall->hour == 12) {
		wall->hour = 0;
	}
	return true;
}

static int month_of(struct cursor *cursor)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	skip_blanks(cursor);
	if (cursor->end - cursor->at < 3)
		return 0;
	for (int i = 0; i < 12; i++)
		if (strncasecmp((const char *)cursor->at, months + i * 3, 3) == 0) {
			cursor->at += 3;
			return i + 1;
		}
	return 0;
}

/* `Mon Mar 10 15:04:43 2003`: C's asctime(), the form that the AVI books give. */
static bool asctime_form(struct cursor cursor, struct wall_time *wall)
{
	*wall = (struct wall_time){0};
	while (cursor.at < cursor.end && !is_blank(*cursor.at))
		cursor.at++;
	wall->month = month_of(&cursor);
	wall->day = number(&cursor, 2);
	if (wall->month == 0 || wall->day < 0 || !clock_time(&cursor, wall))
		return false;
	wall->year = number(&cursor, 4);
	return wall_is_valid(wall);
}

/* `2001/ 1/27  1:42PM`, `2005/11/28/ 09:19`, `2002-12-16  15:35:01`. */
static bool slash_form(struct cursor cursor, struct wall_time *wall)
{
	*wall = (struct wall_time){0};
	wall->year = number(&cursor, 4);
	if (wall->year < 1000 || !one_of(&cursor, "/-:"))
		return false;
	wall->month = number(&cursor, 2);
	if (!one_of(&cursor, "/-:"))
		return false;
	wall->day = number(&cursor, 2);
	one_of(&cursor, "/");
	if (!one_of(&cursor, " \tT"))
		return false;
	return clock_time(&cursor, wall) && wall_is_valid(wall);
}

void scan_riff_date(struct scan *scan, const uint8_t *text, size_t length)
{
	struct wall_time wall;
	struct cursor cursor;

	length = trim(&text, length);
	cursor = (struct cursor){text, text + length};
	if (wall_parse((const char *)text, length, &wall))
		note(scan, DATE_CONTAINER, &wall);
	else if (asctime_form(cursor, &wall) || slash_form(cursor, &wall))
		note(scan, DATE_CONTAINER, &wall);
	else
		note(scan, DATE_CONTAINER, NULL);
}

/* ---- names ---- */

static int digits_at(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static size_t run_of_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* Years that a camera can have written; other digits in names are seldom dates. */
static bool is_sensible(const struct wall_time *wall)
{
	return wall->year >= 1990 && wall->year <= 2099 && wall_is_valid(wall);
}

/* `order` names the fields: Y four digits, the others two; anything else is one of `-_.: T`. */
static bool name_form(const char *text, const char *order, struct wall_time *wall)
{
	*wall = (struct wall_time){0};
	for (; *order != '\0'; order++) {
		int width = *order == 'Y' ? 4 : *order == '?' ? 1 : 2;
		int value = *order == '?' ? 0 : digits_at(text, width);

		if (value < 0 ||
			(*order == '?' && (*text == '\0' || strchr("-_.: T", *text) == NULL)))
			return false;
		switch (*order) {
		case 'Y':
			wall->year = value;
			break;
		case 'M':
			wall->month = value;
			break;
		case 'D':
			wall->day = value;
			break;
		case 'h':
			wall->hour = value;
			break;
		case 'm':
			wall->minute = value;
			break;
		case 's':
			wall->second = value;
			break;
		default:
			break;
		}
		text += width;
	}
	/* A longer run of digits is some other number. */
	return run_of_digits(text) == 0 && is_sensible(wall);
}

bool date_in_name(const char *name, struct wall_time *wall)
{
	static const char *const four[] = {"Y?M?D?h?m?s"};
	static const char *const eight[] = {"YMD?hms", "YMD?h?m?s"};
	static const char *const fourteen[] = {"YMDhms", "DMYhms"};

	while (*name != '\0') {
		size_t run = run_of_digits(name);
		const char *const *forms = run == 4 ? four : run == 8 ? eight : fourteen;
		size_t count = run == 4 ? 1 : run == 8 || run == 14 ? 2 : 0;

		for (size_t i = 0; i < count; i++)
			if (name_form(name, forms[i], wall))
				return true;
		name += run == 0 ? 1 : run;
	}
	return false;
}

/* ---- the rule ---- */

void scan_settle_dates(struct scan *scan, const char *name, int64_t now)
{
	static const enum time_source sources[DATE_PLACES] = {
		TIME_EXIF, TIME_EXIF_OTHER, TIME_EXIF_OTHER, TIME_CONTAINER};
	struct media_facts *facts = scan->facts;
	int64_t seconds;
	int place = 0;

	for (; place < DATE_PLACES && !scan->valid[place]; place++)
		if (scan->there[place])
			facts->trouble |= TROUBLE_BAD_DATE;
	if (place < DATE_PLACES) {
		facts->taken = scan->date[place];
		facts->taken_source = sources[place];
	} else if (name != NULL && date_in_name(name, &facts->taken)) {
		facts->taken_source = TIME_FILE_NAME;
	} else {
		facts->taken = (struct wall_time){0};
		facts->taken_source = TIME_NONE;
		facts->trouble |= TROUBLE_NO_DATE;
		return;
	}
	seconds = wall_seconds(&facts->taken);
	if (seconds < FIRST_SECOND || seconds > now + 86400)
		facts->trouble |= TROUBLE_CLOCK_RESET;
}
