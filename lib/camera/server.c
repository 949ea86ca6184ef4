/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How texts and positions look to the server, after exiftool's JSON and Python have had them. */
#include "readers.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- exiftool's JSON ---- */

static const char *skip_digits(const char *text, size_t most)
{
	size_t count = strspn(text, "0123456789");

	return count == 0 || count > most ? NULL : text + count;
}

/* contracts/camera-addaxai 0: `^-?(\d|[1-9]\d{1,14})(\.\d{1,16})?(e[-+]?\d{1,3})?$` */
static bool prints_number(const char *text)
{
	const char *at = text + (*text == '-');
	const char *first = at;

	at = skip_digits(at, 15);
	if (at == NULL || (*first == '0' && at - first > 1))
		return false;
	if (*at == '.') {
		at = skip_digits(at + 1, 16);
		if (at == NULL)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '-' || at[1] == '+');
		at = skip_digits(at, 3);
		if (at == NULL)
			return false;
	}
	/* As in Perl, a line break at the end does not count. */
	return at[0] == '\0' || (at[0] == '\n' && at[1] == '\0');
}

static bool is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncasecmp(text, word, length) == 0 &&
		(text[length] == '\0' || (text[length] == '\n' && text[length + 1] == '\0'));
}

bool prints_bare(const char *text)
{
	return prints_number(text) || is_word(text, "true") || is_word(text, "false");
}

/* ---- Python ---- */

/* Python's repr() of a float: the shortest digits that give it back. */
char *python_number(double value)
{
	char digits[40], mantissa[24];
	double back;
	int exponent, count = 0, precision = 0;
	char *out;

	if (isinf(value))
		return xstrdup(value < 0 ? "-inf" : "inf");
	do
		snprintf(digits, sizeof digits, "%.*e", precision, fabs(value));
	while ((!text_parse_number(digits, &back) || back != fabs(value)) && ++precision <= 17);
	exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
	for (const char *at = digits; *at != 'e'; at++)
		if (*at != '.')
			mantissa[count++] = *at;
	mantissa[count] = '\0';
	if (exponent < -4 || exponent >= 16)
		out = xasprintf("%s%c%s%se%c%02d", value < 0 ? "-" : "", mantissa[0],
			count > 1 ? "." : "", mantissa + 1, exponent < 0 ? '-' : '+',
			abs(exponent));
	else if (exponent < 0)
		out = xasprintf(
			"%s0.%.*s%s", value < 0 ? "-" : "", -exponent - 1, "0000", mantissa);
	else if (count <= exponent + 1)
		out = xasprintf("%s%s%.*s.0", value < 0 ? "-" : "", mantissa, exponent + 1 - count,
			"0000000000000000");
	else
		out = xasprintf("%s%.*s.%s", value < 0 ? "-" : "", exponent + 1, mantissa,
			mantissa + exponent + 1);
	return out;
}

char *server_text(const char *text)
{
	double value;
	char *plain;

	if (*text == '\0')
		return NULL;
	if (!prints_bare(text))
		return xstrdup(text);
	if (is_word(text, "true"))
		return xstrdup("True");
	if (is_word(text, "false"))
		return NULL;
	plain = xstrndup(text, strcspn(text, "\n"));
	if (!text_parse_number(plain, &value))
		/* Out of range. */
		value = strchr(plain, '-') > plain ? 0 : *plain == '-' ? -INFINITY : INFINITY;
	if (value == 0) {
		free(plain);
		return NULL;
	}
	if (strpbrk(plain, ".eE") == NULL)
		return plain;
	free(plain);
	return python_number(value);
}

/* One to `most` digits. */
static bool take_number(const char **at, size_t least, size_t most, int *number)
{
	size_t count = 0;

	*number = 0;
	for (; count < most && **at >= '0' && **at <= '9'; ++*at, count++)
		*number = *number * 10 + (**at - '0');
	return count >= least;
}

static bool take(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	++*at;
	return true;
}

static bool take_blanks(const char **at)
{
	size_t count = strspn(*at, " \t\n\r\f\v");

	*at += count;
	return count > 0;
}

static bool take_clock(const char **at, struct wall_time *wall)
{
	return take_number(at, 1, 2, &wall->hour) && take(at, ':') &&
		take_number(at, 1, 2, &wall->minute) && take(at, ':') &&
		take_number(at, 1, 2, &wall->second);
}

/* strptime's `%d`: a blank may stand for its first digit. */
static bool take_day(const char **at, int *day)
{
	if (**at == ' ') {
		++*at;
		return take_number(at, 1, 1, day) && *day > 0;
	}
	return take_number(at, 1, 2, day);
}

bool server_date(const char *text, struct wall_time *wall)
{
	*wall = (struct wall_time){0};
	return take_number(&text, 4, 4, &wall->year) && take(&text, ':') &&
		take_number(&text, 1, 2, &wall->month) && take(&text, ':') &&
		take_day(&text, &wall->day) && take_blanks(&text) && take_clock(&text, wall) &&
		*text == '\0' && wall_is_valid(wall);
}

bool report_date(const char *text, struct wall_time *wall)
{
	*wall = (struct wall_time){0};
	return take_day(&text, &wall->day) && take(&text, '/') &&
		take_number(&text, 1, 2, &wall->month) && take(&text, '/') &&
		take_number(&text, 4, 4, &wall->year) && take_blanks(&text) &&
		take_clock(&text, wall) && *text == '\0' && wall_is_valid(wall);
}

bool server_offset(const char *text, int *seconds)
{
	int hours, minutes, sign = *text == '-' ? -1 : 1;

	if (*text != '-' && *text != '+')
		return false;
	text++;
	if (!take_number(&text, 2, 2, &hours))
		return false;
	text += *text == ':';
	if (!take_number(&text, 2, 2, &minutes) || *text != '\0')
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* ---- positions ---- */

/* What is left of degrees after they were printed with two decimals of a second: rounded in
 * decimal, from the same products as exiftool's, for the last digit depends on both. */
static double as_printed(double degrees)
{
	double whole = floor(degrees), minutes = (degrees - whole) * 60;
	double minute = floor(minutes), seconds = 0;
	char text[32];

	snprintf(text, sizeof text, "%.2f", (minutes - minute) * 60);
	text_parse_number(text, &seconds);
	if (seconds >= 60) {
		seconds -= 60;
		minute++;
	}
	if (minute >= 60) {
		minute -= 60;
		whole++;
	}
	return whole + minute / 60 + seconds / 3600;
}

/*
 * Any reference will do for exiftool, as long as there is one. A value that is no number is an
 * empty text for it, which the minus sign of S and W makes a zero.
 */
static bool printed(const struct tag_degrees *tag, char negative, double *degrees)
{
	bool minus = (tag->letter & ~0x20) == negative;

	if (!tag->there || !tag->has_letter || (!tag->number && !minus))
		return false;
	*degrees = tag->number ? as_printed(tag->value) : 0;
	if (minus)
		*degrees = -*degrees;
	return true;
}

bool server_position(const struct tags *tags, double *latitude, double *longitude)
{
	return printed(&tags->latitude, 'S', latitude) && printed(&tags->longitude, 'W', longitude);
}

bool position_is_valid(double latitude, double longitude)
{
	if (latitude == 0 && longitude == 0)
		return false;
	/* Also false for NaN. */
	return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180;
}
