/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes and durations, as people write and read them. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *text_size(uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	char number[32];
	size_t unit = 0;
	int decimals;

	if (bytes < 1000)
		return xasprintf("%u B", (unsigned)bytes);
	/* 999.5 would be shown as 1000 of the smaller unit. */
	while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
		value /= 1000;
		unit++;
	}
	decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(number, sizeof number, "%.*f", decimals, value);
	if (decimals > 0) {
		size_t length = strlen(number);

		while (number[length - 1] == '0')
			number[--length] = '\0';
		if (number[length - 1] < '0' || number[length - 1] > '9')
			number[--length] = '\0';
	}
	return xasprintf("%s %s", number, units[unit]);
}

char *text_duration(double seconds)
{
	unsigned long long whole;

	if (!(seconds > 0))
		return xstrdup("0 s");
	if (seconds < 9.95)
		return xasprintf("%.1f s", seconds);
	if (seconds > 1e15)
		seconds = 1e15;
	whole = (unsigned long long)(seconds + 0.5);
	if (whole < 60)
		return xasprintf("%llu s", whole);
	if (whole < 3600)
		return xasprintf("%llu min %02llu s", whole / 60, whole % 60);
	whole = (whole + 30) / 60;
	if (whole < 24 * 60)
		return xasprintf("%llu h %02llu min", whole / 60, whole % 60);
	whole = (whole + 30) / 60;
	return xasprintf("%llu d %02llu h", whole / 24, whole % 24);
}

/* A number in decimal: whole part, and the fraction in billionths. strtod() would depend on the
 * locale and take "inf" and "0x10". */
struct decimal {
	uint64_t whole;
	uint64_t billionths;
	bool has_fraction;
};

/* Returns what follows the number, or NULL when there is none or it is too large. */
static const char *read_decimal(const char *text, struct decimal *number)
{
	uint64_t place = 100000000;
	const char *at = text;

	*number = (struct decimal){0};
	for (; *at >= '0' && *at <= '9'; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (number->whole > (UINT64_MAX - digit) / 10)
			return NULL;
		number->whole = number->whole * 10 + digit;
	}
	if (at == text)
		return NULL;
	if (*at != '.')
		return at;
	number->has_fraction = true;
	at++;
	if (*at < '0' || *at > '9')
		return NULL;
	for (; *at >= '0' && *at <= '9'; at++, place /= 10)
		number->billionths += place * (unsigned)(*at - '0');
	return at;
}

bool text_parse_number(const char *text, double *number)
{
	const char *at = text + (text[0] == '-' || text[0] == '+');
	size_t whole = strspn(at, "0123456789"), fraction = 0;
	char *end;

	at += whole;
	if (*at == '.') {
		fraction = strspn(at + 1, "0123456789");
		at += 1 + fraction;
	}
	if (whole + fraction == 0 || whole + fraction > 300)
		return false;
	if (*at == 'e' || *at == 'E') {
		size_t digits;

		at += 1 + (at[1] == '-' || at[1] == '+');
		digits = strspn(at, "0123456789");
		if (digits == 0 || digits > 3)
			return false;
		at += digits;
	}
	/* The program never leaves the "C" locale, whose decimal point is the one checked above. */
	*number = *at == '\0' ? strtod(text, &end) : 0;
	return *at == '\0' && isfinite(*number);
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {{"", 1}, {"B", 1}, {"K", 1u << 10}, {"M", 1u << 20},
	{"G", 1u << 30}, {"T", 1ull << 40}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30},
	{"TiB", 1ull << 40}, {"KB", 1000}, {"MB", 1000000}, {"GB", 1000000000},
	{"TB", 1000000000000}, {NULL, 0}};

static const struct unit duration_units[] = {
	{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	while (*name == ' ')
		name++;
	for (; units->name != NULL; units++)
		if (strcasecmp(units->name, name) == 0)
			return units;
	return NULL;
}

int text_parse_size(const char *text, uint64_t *bytes, struct error *err)
{
	struct decimal number;
	const char *rest = read_decimal(text, &number);
	const struct unit *unit = rest == NULL ? NULL : find_unit(size_units, rest);
	uint64_t part;

	if (unit == NULL || (number.has_fraction && unit->factor == 1))
		return error_set(err, ERROR_INPUT,
			"'%s' is not a size; write a number with K, M, G, T (1024) or KB, MB, GB, "
			"TB (1000), as in 500M",
			text);
	/* At most 2^40 times a number below 10^9 is below 2^70: the halves are kept apart. */
	part = unit->factor / 1000000000 * number.billionths +
		unit->factor % 1000000000 * number.billionths / 1000000000;
	if (number.whole > (UINT64_MAX - part) / unit->factor)
		return error_set(err, ERROR_INPUT, "size '%s' is too large", text);
	*bytes = number.whole * unit->factor + part;
	return 0;
}

/* A thousand years: far above any use, and exact in a double. */
#define LONGEST_SECONDS 31556952000.0

int text_parse_duration(const char *text, double *seconds, struct error *err)
{
	struct decimal number;
	const char *rest = read_decimal(text, &number);
	const struct unit *unit = rest == NULL ? NULL : find_unit(duration_units, rest);
	double value;

	if (unit == NULL)
		return error_set(err, ERROR_INPUT,
			"'%s' is not a duration; write a number with s, m, h or d, as in 15m",
			text);
	value = ((double)number.whole + (double)number.billionths / 1e9) * (double)unit->factor;
	if (value > LONGEST_SECONDS)
		return error_set(err, ERROR_INPUT, "duration '%s' is too long", text);
	*seconds = value;
	return 0;
}
