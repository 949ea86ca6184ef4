/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calendar, what cameras write as dates, and the forms that dates are written in. */
#include "trapkit/timestamp.h"

#include "trapkit/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *time_source_name(enum time_source source)
{
	switch (source) {
	case TIME_NONE:
		break;
	case TIME_EXIF:
		return "exif";
	case TIME_MAKER_NOTE:
		return "maker-note";
	case TIME_EXIF_OTHER:
		return "exif-create";
	case TIME_CONTAINER:
		return "container";
	case TIME_FILE_NAME:
		return "file-name";
	case TIME_MTIME:
		return "mtime";
	}
	return "none";
}

/* Years are counted from March, so that the leap day is the last day of a year; 146097 days are the
 * 400 years after which the calendar repeats, and 0000-03-01 is 719468 days before 1970. */
int64_t timespec_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

int64_t days_from_civil(int year, int month, int day)
{
	int64_t shifted = (int64_t)year - (month <= 2);
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
	*month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

int64_t wall_seconds(const struct wall_time *wall)
{
	return days_from_civil(wall->year, wall->month, wall->day) * 86400 + wall->hour * 3600 +
		wall->minute * 60 + wall->second;
}

void wall_from_seconds(int64_t seconds, struct wall_time *wall)
{
	int64_t days = seconds / 86400;
	int64_t rest = seconds % 86400;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	*wall = (struct wall_time){.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60)};
	civil_from_days(days, &wall->year, &wall->month, &wall->day);
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

bool wall_is_valid(const struct wall_time *wall)
{
	if (wall->year < 1 || wall->year > 9999 || wall->month < 1 || wall->month > 12)
		return false;
	if (wall->day < 1 || wall->day > days_in_month(wall->year, wall->month))
		return false;
	if (wall->hour < 0 || wall->hour > 23 || wall->minute < 0 || wall->minute > 59)
		return false;
	if (wall->second < 0 || wall->second > 59)
		return false;
	return !wall->has_offset || (wall->offset > -86400 && wall->offset < 86400);
}

/* What is left of the text that is being read. */
struct cursor {
	const char *at, *end;
};

static bool digits(struct cursor *cursor, int count, int *value)
{
	if (cursor->end - cursor->at < count)
		return false;
	*value = 0;
	for (int i = 0; i < count; i++) {
		if (cursor->at[i] < '0' || cursor->at[i] > '9')
			return false;
		*value = *value * 10 + (cursor->at[i] - '0');
	}
	cursor->at += count;
	return true;
}

static bool one_of(struct cursor *cursor, const char *set, char *found)
{
	if (cursor->at == cursor->end || *cursor->at == '\0' || strchr(set, *cursor->at) == NULL)
		return false;
	if (found != NULL)
		*found = *cursor->at;
	cursor->at++;
	return true;
}

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
}

static bool read_offset(struct cursor *cursor, struct wall_time *wall)
{
	int hours, minutes;
	char sign;

	skip_blanks(cursor);
	if (one_of(cursor, "Zz", NULL)) {
		wall->has_offset = true;
		return true;
	}
	if (!one_of(cursor, "+-", &sign))
		return true;
	if (!digits(cursor, 2, &hours))
		return false;
	one_of(cursor, ":", NULL);
	if (!digits(cursor, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	wall->has_offset = true;
	wall->offset = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	return true;
}

bool wall_parse(const char *text, size_t length, struct wall_time *wall)
{
	struct cursor cursor = {text, text + length};
	char separator, between;

	*wall = (struct wall_time){0};
	/* Padding with NUL and blanks is common in fixed fields. */
	while (cursor.end > cursor.at && (cursor.end[-1] == '\0' || cursor.end[-1] == ' '))
		cursor.end--;
	skip_blanks(&cursor);
	if (!digits(&cursor, 4, &wall->year) || !one_of(&cursor, ":-/", &separator) ||
		!digits(&cursor, 2, &wall->month) || !one_of(&cursor, ":-/", &between) ||
		separator != between || !digits(&cursor, 2, &wall->day) ||
		!one_of(&cursor, " Tt", NULL))
		return false;
	skip_blanks(&cursor);
	if (!digits(&cursor, 2, &wall->hour) || !one_of(&cursor, ":", NULL) ||
		!digits(&cursor, 2, &wall->minute) || !one_of(&cursor, ":", NULL) ||
		!digits(&cursor, 2, &wall->second))
		return false;
	if (one_of(&cursor, ".,", NULL)) {
		int digit;

		while (digits(&cursor, 1, &digit))
			continue;
	}
	return read_offset(&cursor, wall) && cursor.at == cursor.end && wall_is_valid(wall);
}

int64_t seconds_of_ns(int64_t nanoseconds)
{
	return nanoseconds / 1000000000 - (nanoseconds % 1000000000 < 0);
}

bool wall_parse_entered(const char *text, bool is_end, struct wall_time *wall)
{
	const char *const endings[] = {"", ":00", is_end ? " 23:59:59" : " 00:00:00"};
	bool good = false;

	for (size_t i = 0; !good && i < sizeof endings / sizeof endings[0]; i++) {
		char *whole = xasprintf("%s%s", text, endings[i]);

		good = wall_parse(whole, strlen(whole), wall);
		free(whole);
	}
	return good;
}

/* Instants that a calendar of four-digit years has; others are clamped so that every form keeps
 * its width. */
static void split(int64_t seconds, struct wall_time *wall)
{
	const int64_t first = -62135596800, last = 253402300799;

	wall_from_seconds(seconds < first ? first : seconds > last ? last : seconds, wall);
}

static void write_wall(const struct wall_time *wall, const char *suffix, char out[TIMESTAMP_SIZE])
{
	snprintf(out, TIMESTAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u%s",
		(unsigned)wall->year % 10000, (unsigned)wall->month % 100,
		(unsigned)wall->day % 100, (unsigned)wall->hour % 100, (unsigned)wall->minute % 100,
		(unsigned)wall->second % 100, suffix);
}

void format_utc_basic(int64_t utc, char out[TIMESTAMP_SIZE])
{
	struct wall_time wall;

	split(utc, &wall);
	write_wall(&wall, "+0000", out);
}

void format_utc(int64_t utc, char out[TIMESTAMP_SIZE])
{
	struct wall_time wall;

	split(utc, &wall);
	write_wall(&wall, "Z", out);
}

void format_local(int64_t utc, int offset, bool colon, char out[TIMESTAMP_SIZE])
{
	unsigned size = (unsigned)(offset < 0 ? -offset : offset) % 86400;
	struct wall_time wall;
	char suffix[12];
	int used;

	used = snprintf(suffix, sizeof suffix, "%c%02u%s%02u", offset < 0 ? '-' : '+', size / 3600,
		colon ? ":" : "", size / 60 % 60);
	/* Local mean times of the 19th century; Python's %z writes their seconds, too. */
	if (size % 60 != 0)
		snprintf(suffix + used, sizeof suffix - (size_t)used, "%s%02u", colon ? ":" : "",
			size % 60);
	split(utc + offset, &wall);
	write_wall(&wall, suffix, out);
}

void format_wall(const struct wall_time *wall, char out[TIMESTAMP_SIZE])
{
	write_wall(wall, "", out);
}
