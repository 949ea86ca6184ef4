/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads one cell by its field's type, fast for what is usual, exact for what is not. */
#include "cells.h"

#include "keys.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <string.h>

bool value_equals(const struct value *value, const char *text)
{
	return value->length == strlen(text) && memcmp(value->text, text, value->length) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool digits(const char *text, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++) {
		if (!is_digit(text[i]))
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return true;
}

bool date_read(const char *text, size_t length, int64_t *days)
{
	static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	bool leap;

	if (length != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 4, &year) ||
		!digits(text + 5, 2, &month) || !digits(text + 8, 2, &day) || year < 1 ||
		month < 1 || month > 12 || day < 1 || day > longest[month - 1])
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month == 2 && day == 29 && !leap)
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

/* "Z", "+02:00", and as odd "+0200"; nothing but when `lenient`. *offset: seconds east of UTC. */
static bool zone_read(
	const char *text, size_t length, bool lenient, struct value *value, int *offset)
{
	int hours, minutes;
	bool colon = length == 6;

	*offset = 0;
	if (length == 1 && text[0] == 'Z')
		return true;
	if (length == 0 && !lenient)
		value->why = "the time zone is missing; add Z or the offset, as in +02:00";
	if (length == 0)
		return lenient;
	if ((length != 5 && length != 6) || (text[0] != '+' && text[0] != '-') ||
		!digits(text + 1, 2, &hours) || (colon && text[3] != ':') ||
		!digits(text + 3 + colon, 2, &minutes) || hours > 23 || minutes > 59) {
		value->why = "the time zone is not Z or an offset such as +02:00";
		return false;
	}
	*offset = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	if (!colon) {
		value->state = VALUE_ODD;
		value->why = "the offset lacks its colon; write +02:00, not +0200";
	}
	return true;
}

bool datetime_read(const char *text, size_t length, bool lenient, struct value *value)
{
	int hour, minute, second, offset;
	int64_t days;
	size_t at = 19;

	value->state = VALUE_GOOD;
	value->why = "it is no date and time like 2024-05-01T08:00:00+02:00";
	if (length < 19 || !date_read(text, 10, &days))
		return false;
	if (text[10] != 'T') {
		if (text[10] == ' ')
			value->why = "there is a blank between date and time; write T";
		return false;
	}
	if (text[13] != ':' || text[16] != ':' || !digits(text + 11, 2, &hour) ||
		!digits(text + 14, 2, &minute) || !digits(text + 17, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59) {
		value->why = "there is no such time of day";
		return false;
	}
	if (at < length && text[at] == '.') {
		if (!lenient) {
			value->why = "fractions of a second are not allowed; leave them out";
			return false;
		}
		for (at++; at < length && is_digit(text[at]);)
			at++;
	}
	if (!zone_read(text + at, length - at, lenient, value, &offset))
		return false;
	value->time = days * 86400 + hour * 3600 + minute * 60 + second - offset;
	return true;
}

/* ---- numbers ---- */

/* Decimals of up to 15 digits, the usual ones, are exact in one division. *whole: no point in it.
 */
static bool plain_number(const char *text, size_t length, double *number, bool *whole)
{
	static const double powers[] = {
		1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	size_t at = length > 0 && (text[0] == '-' || text[0] == '+');
	size_t decimals = 0;
	bool point = false;
	int64_t digits_read = 0;

	if (length - at > 15 || length == at)
		return false;
	for (; at < length; at++) {
		if (is_digit(text[at])) {
			digits_read = digits_read * 10 + (text[at] - '0');
			decimals += point;
		} else if (text[at] == '.' && !point && at + 1 < length) {
			point = true;
		} else {
			return false;
		}
	}
	*number = (double)(text[0] == '-' ? -digits_read : digits_read) / powers[decimals];
	*whole = !point;
	return true;
}

static bool any_number(const char *text, size_t length, double *number)
{
	char copy[64];

	if (length == 0 || length >= sizeof copy || memchr(text, '\0', length) != NULL)
		return false;
	/* text_parse_number may know words; a number here is made of these alone. */
	for (size_t i = 0; i < length; i++)
		if (strchr("0123456789+-.eE", text[i]) == NULL)
			return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return text_parse_number(copy[0] == '+' ? copy + 1 : copy, number);
}

/* Takes away what lenient readers pass over. True when there was any. */
static bool tidy(const char **text, size_t *length)
{
	size_t before = *length;

	while (*length > 0 && ((*text)[0] == ' ' || (*text)[0] == '\t')) {
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == '\t'))
		(*length)--;
	return *length != before;
}

static bool is_whole(const char *text, size_t length)
{
	size_t at = length > 0 && (text[0] == '-' || text[0] == '+');

	if (at == length)
		return false;
	while (at < length)
		if (!is_digit(text[at++]))
			return false;
	return true;
}

static void number_read(
	const char *text, size_t length, const struct field *field, struct value *value)
{
	bool integer = field->type == FIELD_INTEGER, whole = false;

	value->state = VALUE_GOOD;
	if (!plain_number(text, length, &value->number, &whole) || (integer && !whole)) {
		if (tidy(&text, &length)) {
			value->state = VALUE_ODD;
			value->why = "there are blanks around the number; take them away";
		}
		if ((integer && !is_whole(text, length)) ||
			!any_number(text, length, &value->number)) {
			value->state = VALUE_BAD;
			value->why = integer ? "it is no whole number; write digits only, as in 3"
					     : "it is no number; write it with a point, as in 0.25";
			return;
		}
	}
	if (value->number < field->minimum || value->number > field->maximum)
		value->state = VALUE_LIMITS;
}

/* ---- the rest ---- */

static void boolean_read(const struct cell *cell, struct value *value)
{
	static const char *const words[] = {
		"false", "true", "False", "True", "FALSE", "TRUE", "0", "1"};

	for (int i = 0; i < 8; i++)
		if (words[i][0] == cell->text[0] && strlen(words[i]) == cell->length &&
			memcmp(words[i], cell->text, cell->length) == 0) {
			value->state = VALUE_GOOD;
			value->choice = i % 2;
			return;
		}
	value->state = VALUE_BAD;
	value->why = "it is neither true nor false";
}

static void choice_read(const struct cell *cell, const struct field *field, struct value *value)
{
	value->state = VALUE_LIMITS;
	for (int i = 0; field->choices[i] != NULL; i++)
		if (field->choices[i][0] == cell->text[0] &&
			strlen(field->choices[i]) == cell->length &&
			memcmp(field->choices[i], cell->text, cell->length) == 0) {
			value->choice = i;
			value->state = VALUE_GOOD;
			return;
		}
}

bool path_matches(const char *text, size_t length)
{
	if (length == 0 || text[0] == '.' || text[0] == '/' || text[0] == '~' ||
		memchr(text, '\n', length) != NULL)
		return false;
	for (const char *dot = memchr(text, '.', length); dot != NULL;
		dot = memchr(dot + 1, '.', length - (size_t)(dot + 1 - text)))
		if (dot + 1 < text + length && dot[1] == '.')
			return false;
	return true;
}

static bool mediatype_matches(const char *text, size_t length)
{
	return (length >= 6 &&
		(memcmp(text, "image/", 6) == 0 || memcmp(text, "video/", 6) == 0 ||
			memcmp(text, "audio/", 6) == 0));
}

static bool is_missing(const struct cell *cell, bool words)
{
	const char *text = cell->text;

	if (cell->length == 0)
		return true;
	if (!words || cell->length > 3 || (text[0] | 0x20) != 'n')
		return false;
	return (cell->length == 2 && memcmp(text, "NA", 2) == 0) ||
		(cell->length == 3 && (memcmp(text, "NaN", 3) == 0 || memcmp(text, "nan", 3) == 0));
}

void cell_read(
	const struct cell *cell, const struct field *field, bool missing_words, struct value *value)
{
	value->text = cell->text;
	value->length = (uint32_t)cell->length;
	if (is_missing(cell, missing_words)) {
		value->state = VALUE_MISSING;
		return;
	}
	switch (field->type) {
	case FIELD_KEY:
		value->hash = key_hash(cell->text, cell->length, KEY_SEED);
		value->state = VALUE_GOOD;
		break;
	case FIELD_STRING:
		value->state = VALUE_GOOD;
		break;
	case FIELD_INTEGER:
	case FIELD_NUMBER:
		number_read(cell->text, cell->length, field, value);
		break;
	case FIELD_DATETIME:
		if (!datetime_read(cell->text, cell->length, false, value))
			value->state = VALUE_BAD;
		break;
	case FIELD_BOOLEAN:
		boolean_read(cell, value);
		break;
	case FIELD_CHOICE:
		choice_read(cell, field, value);
		break;
	case FIELD_PATH:
		value->state = path_matches(cell->text, cell->length) ? VALUE_GOOD : VALUE_LIMITS;
		break;
	case FIELD_MEDIATYPE:
		value->state =
			mediatype_matches(cell->text, cell->length) ? VALUE_GOOD : VALUE_LIMITS;
		break;
	}
}
