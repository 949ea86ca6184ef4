/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Daily reports: text of `key:value` lines, read as an AddaxAI Connect server reads them. */
#include "readers.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *camera_report_format_name(enum camera_report_format format)
{
	return format == CAMERA_REPORT_WILLFINE ? "willfine-2025"
		: format == CAMERA_REPORT_SWIFT ? "swift-enduro"
						: NULL;
}

/* ---- lines ---- */

/* Bytes of the white space that Python's strip() takes, at the beginning of UTF-8 text. */
static size_t blank_at(const char *at, const char *end)
{
	static const char *const wide[] = {"\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8",
		"\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

	if (at >= end)
		return 0;
	if ((*at >= '\t' && *at <= '\r') || (*at >= 0x1C && *at <= ' '))
		return 1;
	if (end - at >= 3 && memcmp(at, "\xE2\x80", 2) == 0 && (unsigned char)at[2] <= 0x8A)
		return 3;
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		if ((size_t)(end - at) >= strlen(wide[i]) &&
			memcmp(at, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

static void strip(const char **begin, const char **end)
{
	size_t size;

	while ((size = blank_at(*begin, *end)) > 0)
		*begin += size;
	for (size = 1; size > 0 && *end > *begin;) {
		size = 0;
		for (size_t back = 1; back <= 3 && size == 0; back++)
			if ((size_t)(*end - *begin) >= back && blank_at(*end - back, *end) == back)
				size = back;
		*end -= size;
	}
}

struct line {
	const char *key, *key_end, *value, *value_end;
};

/* The next line with a colon. False at the end. */
static bool next_line(const char **at, const char *end, struct line *line)
{
	while (*at < end) {
		const char *begin = *at, *stop = begin, *colon;

		while (stop < end && *stop != '\n' && *stop != '\r')
			stop++;
		*at = stop + (stop < end);
		colon = memchr(begin, ':', (size_t)(stop - begin));
		if (colon == NULL)
			continue;
		*line = (struct line){begin, colon, colon + 1, stop};
		strip(&line->key, &line->key_end);
		strip(&line->value, &line->value_end);
		return true;
	}
	return false;
}

/* The last value of a key, owned by the caller; NULL when there is none. '?' stands for NUL. */
static char *value_of(const char *text, size_t size, const char *key)
{
	const char *at = text, *found = NULL, *found_end = NULL;
	struct line line;
	char *value;

	while (next_line(&at, text + size, &line))
		if ((size_t)(line.key_end - line.key) == strlen(key) &&
			memcmp(line.key, key, strlen(key)) == 0) {
			found = line.value;
			found_end = line.value_end;
		}
	if (found == NULL)
		return NULL;
	size = (size_t)(found_end - found);
	value = xmalloc(size + 1);
	for (size_t i = 0; i < size; i++)
		value[i] = found[i] == '\0' ? '?' : found[i];
	value[size] = '\0';
	return value;
}

/* ---- values ---- */

/* Python's int(): a sign, digits, single underscores between them, blanks around. Saturates. */
static bool parse_int(const char *text, int64_t *number)
{
	const char *begin = text, *end = text + strlen(text);
	bool negative, digit = false;
	int64_t value = 0;

	strip(&begin, &end);
	negative = begin < end && *begin == '-';
	begin += begin < end && (*begin == '-' || *begin == '+');
	for (; begin < end; begin++) {
		if (*begin == '_' && digit && begin + 1 < end) {
			digit = false;
			continue;
		}
		if (*begin < '0' || *begin > '9')
			return false;
		digit = true;
		if (value < INT64_C(1000000000000000))
			value = value * 10 + (*begin - '0');
	}
	*number = negative ? -value : value;
	return digit;
}

/* Takes characters off the end. */
static void strip_end(char *text, const char *const *endings)
{
	size_t length = strlen(text);
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; endings[i] != NULL; i++) {
			size_t size = strlen(endings[i]);

			if (length >= size && memcmp(text + length - size, endings[i], size) == 0) {
				length -= size;
				text[length] = '\0';
				more = true;
			}
		}
	}
}

static int64_t whole_number(const char *text)
{
	int64_t number;

	return text != NULL && parse_int(text, &number) ? number : CAMERA_NO_NUMBER;
}

static int64_t clamped(const char *text, int64_t most)
{
	int64_t number = whole_number(text);

	if (number == CAMERA_NO_NUMBER)
		return number;
	return number < 0 ? 0 : number > most ? most : number;
}

/* "24℃" whole, or "21 Celsius Degree" as far as the number goes. */
static int64_t temperature_of(char *text, enum camera_report_format format)
{
	static const char *const endings[] = {"\xE2\x84\x83", " ", NULL};
	size_t length;

	if (text == NULL)
		return CAMERA_NO_NUMBER;
	if (format == CAMERA_REPORT_WILLFINE) {
		strip_end(text, endings);
	} else {
		length = *text == '-' || *text == '+';
		text[length + strspn(text + length, "0123456789")] = '\0';
	}
	return whole_number(text);
}

static int64_t battery_of(char *text)
{
	static const char *const endings[] = {"%", " ", NULL};

	if (text == NULL)
		return CAMERA_NO_NUMBER;
	strip_end(text, endings);
	return clamped(text, 100);
}

/* "59405M/59628M": free and total. */
static double sd_used(const char *text)
{
	double free_space, total;
	char *end, rounded[48];

	if (text == NULL || *text < '0' || *text > '9' || strlen(text) > 40)
		return NAN;
	free_space = (double)strtoull(text, &end, 10);
	if (end[0] != 'M' || end[1] != '/' || end[2] < '0' || end[2] > '9')
		return NAN;
	total = (double)strtoull(end + 2, &end, 10);
	if (strcmp(end, "M") != 0)
		return NAN;
	if (total == 0)
		return 0;
	/* Rounded in decimal, as Python does. */
	snprintf(rounded, sizeof rounded, "%.2f", (1 - free_space / total) * 100);
	return text_parse_number(rounded, &total) ? total : NAN;
}

/* "52.098737,5.125504" */
static void take_pair(const char *text, struct camera_report *report)
{
	const char *comma = strchr(text, ',');
	const char *begin = text, *end = comma;
	double latitude, longitude;
	char *first, *second;

	if (comma == NULL || strchr(comma + 1, ',') != NULL)
		return;
	strip(&begin, &end);
	first = xstrndup(begin, (size_t)(end - begin));
	begin = comma + 1;
	end = begin + strlen(begin);
	strip(&begin, &end);
	second = xstrndup(begin, (size_t)(end - begin));
	if (text_parse_number(first, &latitude) && text_parse_number(second, &longitude)) {
		report->latitude = latitude;
		report->longitude = longitude;
	}
	free(first);
	free(second);
}

/* One `S32*56'06"`; NULL when there is none, else where it ends. */
static const char *take_group(const char *at, double *degrees)
{
	double parts[3];
	char letter;
	static const char marks[] = "*'\"";

	for (; *at != '\0'; at++) {
		const char *next = at + 1;
		int i = 0;

		if (strchr("NSEW", *at) == NULL)
			continue;
		letter = *at;
		for (; i < 3; i++) {
			size_t count = strspn(next, "0123456789");

			if (count == 0 || count > 15 || next[count] != marks[i])
				break;
			parts[i] = (double)strtoull(next, NULL, 10);
			next += count + 1;
		}
		if (i < 3)
			continue;
		/* In this order, as the server does: the last digit depends on it. */
		*degrees = parts[0] + (parts[1] + parts[2] / 60) / 60;
		if (letter == 'S' || letter == 'W')
			*degrees = -*degrees;
		return next;
	}
	return NULL;
}

static bool parse_groups(const char *text, double *latitude, double *longitude)
{
	double more;
	const char *at = take_group(text, latitude);

	at = at == NULL ? NULL : take_group(at, longitude);
	return at != NULL && take_group(at, &more) == NULL;
}

/* ---- the whole ---- */

static void fail(struct camera_report *report, const char *text)
{
	report->verdict = CAMERA_REFUSED;
	report->reason = CAMERA_PARSE_FAILED;
	snprintf(report->details, sizeof report->details, "%s", text);
}

static int compare_ids(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void check_id(struct camera_report *report, const struct string_list *registered)
{
	/* An empty id is in no list. */
	if (*report->id != '\0' &&
		(registered == NULL ||
			(registered->count > 0 &&
				bsearch(&report->id, registered->items, registered->count,
					sizeof *registered->items, compare_ids) != NULL)))
		return;
	report->verdict = CAMERA_REFUSED;
	report->reason = CAMERA_UNKNOWN;
	if (*report->id == '\0')
		snprintf(report->details, sizeof report->details,
			"the IMEI is empty, so it is no registered camera's");
	else
		snprintf(report->details, sizeof report->details,
			"camera '%.40s' is not registered on the server", report->id);
}

static void take_position(const char *text, struct camera_report *report)
{
	double latitude, longitude;

	if (text == NULL)
		return;
	if (report->format == CAMERA_REPORT_WILLFINE) {
		take_pair(text, report);
	} else if (parse_groups(text, &latitude, &longitude)) {
		report->latitude = latitude;
		report->longitude = longitude;
	}
}

static void take_values(const char *text, size_t size, struct camera_report *report)
{
	bool swift = report->format == CAMERA_REPORT_SWIFT;
	const char *const keys[] = {"CSQ", "Temp", "Battery", "SD", swift ? "Total Pics" : "Total",
		swift ? "Send times" : "Send", "GPS", "Date"};
	char *values[sizeof keys / sizeof *keys];

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		values[i] = value_of(text, size, keys[i]);
	report->signal = clamped(values[0], 31);
	report->temperature = temperature_of(values[1], report->format);
	report->battery_percent = battery_of(values[2]);
	report->sd_used_percent = sd_used(values[3]);
	report->taken = whole_number(values[4]);
	report->sent = whole_number(values[5]);
	take_position(values[6], report);
	report->has_date = values[7] != NULL && report_date(values[7], &report->date);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		free(values[i]);
}

void camera_report_parse(const char *text, size_t size, const struct string_list *registered,
	struct camera_report *report)
{
	char *total;

	*report = (struct camera_report){.signal = CAMERA_NO_NUMBER,
		.temperature = CAMERA_NO_NUMBER,
		.battery_percent = CAMERA_NO_NUMBER,
		.sd_used_percent = NAN,
		.taken = CAMERA_NO_NUMBER,
		.sent = CAMERA_NO_NUMBER,
		.latitude = NAN,
		.longitude = NAN};
	if (size > CAMERA_LARGEST_REPORT) {
		fail(report, "the report is larger than 1 MB");
		report->reason = CAMERA_VALIDATION_FAILED;
		return;
	}
	if (!text_is_utf8(text, size)) {
		fail(report, "the text is not UTF-8, as the server wants it");
		return;
	}
	report->id = value_of(text, size, "IMEI");
	if (report->id == NULL) {
		fail(report,
			size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0
				? "no line 'IMEI:' (the text begins with a byte order mark, which "
				  "hides it)"
				: "no line 'IMEI:', so it is no daily report");
		return;
	}
	report->name = value_of(text, size, "CamID");
	total = value_of(text, size, "Total Pics");
	report->format = total != NULL ? CAMERA_REPORT_SWIFT : CAMERA_REPORT_WILLFINE;
	free(total);
	take_values(text, size, report);
	check_id(report, registered);
}

void camera_report_release(struct camera_report *report)
{
	free(report->id);
	free(report->name);
	report->id = report->name = NULL;
}

/* ---- Willfine-2024 ---- */

static void add_line(FILE *out, const char *key, const char *value)
{
	fprintf(out, "%s: %s\n", key, value);
}

/* White space runs become one blank. */
static void collapse(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++)
		if ((*at != ' ' && *at != '\t') || (to > text && to[-1] != ' '))
			*to++ = *at == '\t' ? ' ' : *at;
	*to = '\0';
}

static void convert_value(FILE *out, const char *key, char *value)
{
	double latitude, longitude;

	if (strcmp(key, "Temp") == 0) {
		value[strcspn(value, " \t")] = '\0';
		fprintf(out, "Temp: %s\xE2\x84\x83\n", value);
	} else if (strcmp(key, "GPS") == 0 && parse_groups(value, &latitude, &longitude)) {
		char *first = python_number(latitude), *second = python_number(longitude);

		fprintf(out, "GPS: %s,%s\n", first, second);
		free(first);
		free(second);
	} else {
		if (strcmp(key, "Date") == 0)
			collapse(value);
		add_line(out, key, value);
	}
}

char *camera_report_convert(const char *text, size_t size)
{
	/* What it is called now, and what it was called. */
	static const char *const keys[][2] = {{"IMEI", "IMEI"}, {"CSQ", "CSQ"}, {"Temp", "Temp"},
		{"Battery", "Battery"}, {"SD", "SD"}, {"GPS", "GPS"}, {"Date", "Date"},
		{"Total", "Total Pics"}, {"Send", "Send times"}};
	char *camera = value_of(text, size, "CamID"), *id = value_of(text, size, "IMEI");
	char *converted = NULL;
	size_t length;
	FILE *out = NULL;

	if (camera != NULL && *camera != '\0' && id != NULL)
		out = open_memstream(&converted, &length);
	for (size_t i = 0; out != NULL && i < sizeof keys / sizeof *keys; i++) {
		char *value = value_of(text, size, keys[i][1]);

		if (value != NULL)
			convert_value(out, keys[i][0], value);
		free(value);
	}
	if (out != NULL)
		fclose(out);
	free(camera);
	free(id);
	return converted;
}
