/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells that say it in other words than the standard's (contracts/camtrap-dp.md sections 6, 7, 16).
 */
#include "repair.h"

#include "cells.h"
#include "trapkit/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct word {
	const char *given, *meant;
};

static const char *find_word(const struct word *words, const char *given)
{
	for (; words->given != NULL; words++)
		if (strcasecmp(words->given, given) == 0)
			return words->meant;
	return NULL;
}

static void put(struct repair_row *row, int field, const char *text,
	struct camtrapdp_repair *repair, const char *what)
{
	const struct schema *schema = &schemas[row->kind];

	snprintf(row->written[field], REPAIRED_SIZE, "%.*s", REPAIRED_SIZE - 1, text);
	row->cells[field] = row->written[field];
	repair_note(repair, schema->name, schema->fields[field].name, what);
}

/* Fixed decimals, as few as say it. */
static void put_number(struct repair_row *row, int field, double number,
	struct camtrapdp_repair *repair, const char *what)
{
	char text[REPAIRED_SIZE];
	size_t length;

	snprintf(text, sizeof text, "%.15f", number);
	for (length = strlen(text); length > 1 && text[length - 1] == '0'; length--)
		text[length - 1] = '\0';
	if (text[length - 1] == '.')
		text[length - 1] = '\0';
	put(row, field, text, repair, what);
}

/* ---- one cell by its type ---- */

static void mend_boolean(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	static const struct word words[] = {{"true", "true"}, {"yes", "true"}, {"y", "true"},
		{"t", "true"}, {"1.0", "true"}, {"false", "false"}, {"no", "false"}, {"n", "false"},
		{"f", "false"}, {"0.0", "false"}, {NULL, NULL}};
	const char *meant = find_word(words, row->cells[field]);

	if (meant != NULL && strcmp(meant, row->cells[field]) != 0)
		put(row, field, meant, repair, "written as true or false");
}

static void mend_integer(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	double number;

	if (strspn(row->cells[field], "+-0123456789") != strlen(row->cells[field]) &&
		text_parse_number(row->cells[field], &number) && number == floor(number) &&
		fabs(number) < 1e15)
		put_number(row, field, number, repair, "written as a whole number");
}

/* "0,25": one comma, and digits. */
static void mend_number(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	char *comma = strchr(row->cells[field], ',');

	if (comma == NULL ||
		strspn(row->cells[field], "+-0123456789,") != strlen(row->cells[field]) ||
		strchr(comma + 1, ',') != NULL || strlen(row->cells[field]) >= REPAIRED_SIZE)
		return;
	*comma = '.';
	put(row, field, row->cells[field], repair, "written with a point");
}

static bool is_good_time(const char *text)
{
	struct value value = {0};

	return datetime_read(text, strlen(text), false, &value) && value.state == VALUE_GOOD;
}

/* The zone's part from `at` on: "z", "+0200", "+02". */
static void mend_zone(const char *at, char out[REPAIRED_SIZE])
{
	size_t length = strlen(at);

	if (strcasecmp(at, "Z") == 0)
		snprintf(out, REPAIRED_SIZE, "Z");
	else if (length == 5 && (at[0] == '+' || at[0] == '-') && strchr(at, ':') == NULL)
		snprintf(out, REPAIRED_SIZE, "%.3s:%s", at, at + 3);
	else if (length == 3 && (at[0] == '+' || at[0] == '-'))
		snprintf(out, REPAIRED_SIZE, "%s:00", at);
	else
		snprintf(out, REPAIRED_SIZE, "%.16s", at);
}

static void mend_time(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	const char *text = row->cells[field], *at;
	char zone[REPAIRED_SIZE], mended[3 * REPAIRED_SIZE];
	bool seconds;

	if (is_good_time(text) || strlen(text) < 16 || strlen(text) >= REPAIRED_SIZE)
		return;
	seconds = text[16] == ':';
	at = text + (seconds && strlen(text) >= 19 ? 19 : 16);
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	while (*at == ' ')
		at++;
	mend_zone(at, zone);
	snprintf(mended, sizeof mended, "%.10sT%.*s%s%s", text, seconds ? 8 : 5, text + 11,
		seconds ? "" : ":00", zone);
	if (is_good_time(mended))
		put(row, field, mended, repair, "written like 2024-05-01T08:00:00+02:00");
}

bool repair_same_word(const char *left, const char *right)
{
	for (;; left++, right++) {
		while (*left == ' ' || *left == '_' || *left == '-')
			left++;
		while (*right == ' ' || *right == '_' || *right == '-')
			right++;
		if (tolower((unsigned char)*left) != tolower((unsigned char)*right))
			return false;
		if (*left == '\0')
			return true;
	}
}

static void mend_choice(struct repair_row *row, int field, const struct field *which,
	struct camtrapdp_repair *repair)
{
	/* What other exporters write (section 16). "" = the standard has no word for it. */
	static const struct word words[] = {{"motionDetection", "activityDetection"},
		{"motion", "activityDetection"}, {"baby", "juvenile"}, {"young", "juvenile"},
		{"offspring", "juvenile"}, {"f", "female"}, {"m", "male"}, {"ai", "machine"},
		{"person", "human"}, {NULL, NULL}};
	static const struct word nothing[] = {
		{"unknown", ""}, {"undefined", ""}, {"none", ""}, {"other", ""}, {NULL, NULL}};
	const char *meant = find_word(words, row->cells[field]);

	for (int i = 0; which->choices[i] != NULL; i++) {
		if (strcmp(which->choices[i], row->cells[field]) == 0)
			return;
		if (repair_same_word(which->choices[i], row->cells[field]) ||
			(meant != NULL && strcmp(which->choices[i], meant) == 0)) {
			put(row, field, which->choices[i], repair,
				"written as the standard's word");
			return;
		}
	}
	if (!which->required && find_word(nothing, row->cells[field]) != NULL)
		put(row, field, "", repair, "emptied: the standard has no such word");
}

static void mend_path(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	char *path = row->cells[field];

	if (strstr(path, "://") == NULL && strchr(path, '\\') != NULL &&
		strchr(path, ':') == NULL) {
		for (char *at = path; (at = strchr(at, '\\')) != NULL;)
			*at = '/';
		repair_note(repair, schemas[row->kind].name, "filePath",
			"written with forward slashes");
	}
	if (strncmp(path, "./", 2) == 0) {
		row->cells[field] += 2;
		repair_note(repair, schemas[row->kind].name, "filePath",
			"written without './' before it");
	}
}

static void mend_mediatype(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	static const struct word words[] = {{"jpeg", "image/jpeg"}, {"jpg", "image/jpeg"},
		{"image/jpg", "image/jpeg"}, {"png", "image/png"}, {"mp4", "video/mp4"},
		{"application/mp4", "video/mp4"}, {"avi", "video/x-msvideo"},
		{"mov", "video/quicktime"}, {NULL, NULL}};
	const char *meant = find_word(words, row->cells[field]);
	char lower[REPAIRED_SIZE];
	size_t length = strlen(row->cells[field]);

	for (size_t i = 0; length < sizeof lower && i <= length; i++)
		lower[i] = (char)tolower((unsigned char)row->cells[field][i]);
	if (meant == NULL && length < sizeof lower)
		meant = lower;
	if (meant != NULL && strcmp(meant, row->cells[field]) != 0)
		put(row, field, meant, repair, "written as an IANA media type");
}

/* ---- what every cell goes through ---- */

static bool is_text(const struct field *which)
{
	return which->type == FIELD_STRING || which->type == FIELD_KEY;
}

static bool is_nothing(const char *text, const struct field *which)
{
	static const char *const always[] = {"NA", "NaN", "nan", NULL};
	static const char *const of_types[] = {"null", "NULL", "None", "N/A", "n/a", "-", NULL};

	for (int i = 0; always[i] != NULL; i++)
		if (strcmp(text, always[i]) == 0)
			return true;
	for (int i = 0; !is_text(which) && of_types[i] != NULL; i++)
		if (strcmp(text, of_types[i]) == 0)
			return true;
	return false;
}

static void trim(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	char *text = row->cells[field];
	size_t length = strlen(text), skipped = strspn(text, " \t");

	while (length > skipped && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	if (skipped == 0 && text[length] == '\0')
		return;
	text[length] = '\0';
	row->cells[field] += skipped;
	repair_note(repair, schemas[row->kind].name, schemas[row->kind].fields[field].name,
		"written without blanks around it");
}

static void mend_cell(struct repair_row *row, int field, struct camtrapdp_repair *repair)
{
	const struct field *which = &schemas[row->kind].fields[field];

	if (!is_text(which))
		trim(row, field, repair);
	if (is_nothing(row->cells[field], which))
		put(row, field, "", repair, "emptied: it stands for nothing");
	if (row->cells[field][0] == '\0')
		return;
	switch (which->type) {
	case FIELD_INTEGER:
		mend_integer(row, field, repair);
		break;
	case FIELD_NUMBER:
		mend_number(row, field, repair);
		break;
	case FIELD_DATETIME:
		mend_time(row, field, repair);
		break;
	case FIELD_BOOLEAN:
		mend_boolean(row, field, repair);
		break;
	case FIELD_CHOICE:
		mend_choice(row, field, which, repair);
		break;
	case FIELD_PATH:
		mend_path(row, field, repair);
		break;
	case FIELD_MEDIATYPE:
		mend_mediatype(row, field, repair);
		break;
	case FIELD_STRING:
	case FIELD_KEY:
		break;
	}
}

/* ---- cells that depend on each other ---- */

#define ROUNDING 0.01  /* by which a detector's box may leave its picture */
#define THINNEST 1e-15 /* the standard's least width */

/* One side of a box, clamped to the picture when it leaves it by no more than rounding does. */
static void mend_side(
	struct repair_row *row, int start, int extent, struct camtrapdp_repair *repair)
{
	static const char what[] = "kept within the picture";
	double from, length, most;

	if (!text_parse_number(row->cells[start], &from) ||
		!text_parse_number(row->cells[extent], &length) || from < -ROUNDING || from > 1 ||
		length < 0 || from + length > 1 + ROUNDING)
		return;
	if (from < 0) {
		length += from;
		from = 0;
		put_number(row, start, from, repair, what);
	}
	most = 1 - from < THINNEST ? THINNEST : 1 - from;
	if (length < THINNEST || length > most + 1e-9)
		put_number(row, extent, length < THINNEST ? THINNEST : most, repair, what);
}

static void mend_observation(struct repair_row *row, struct camtrapdp_repair *repair)
{
	double probability;

	mend_side(row, O_X, O_WIDTH, repair);
	mend_side(row, O_Y, O_HEIGHT, repair);
	if (text_parse_number(row->cells[O_PROBABILITY], &probability) && probability > 1 &&
		probability <= 100)
		put_number(row, O_PROBABILITY, probability / 100, repair,
			"a percentage, written as a fraction");
	if (strcmp(row->cells[O_LEVEL], "media") == 0 && row->cells[O_END][0] == '\0' &&
		row->cells[O_START][0] != '\0')
		put(row, O_END, row->cells[O_START], repair, "taken from eventStart");
}

void repair_cells(struct repair_row *row, struct camtrapdp_repair *repair)
{
	for (size_t i = 0; i < schemas[row->kind].count; i++)
		if (row->cells[i][0] != '\0')
			mend_cell(row, (int)i, repair);
	if (row->kind == OBSERVATIONS)
		mend_observation(row, repair);
	if (row->kind == MEDIA && row->cells[M_PUBLIC][0] == '\0')
		put(row, M_PUBLIC, "false", repair, "not told, so taken as not public");
}

int repair_column(enum table_kind kind, const char *name, size_t length)
{
	const struct schema *schema = &schemas[kind];

	for (size_t i = 0; i < schema->count; i++)
		if (strlen(schema->fields[i].name) == length &&
			strncasecmp(schema->fields[i].name, name, length) == 0)
			return (int)i;
	/* What TRAPPER calls them. */
	if (kind == DEPLOYMENTS && length == 4 && strncasecmp(name, "tags", 4) == 0)
		return D_TAGS;
	return -1;
}

void repair_note(
	struct camtrapdp_repair *repair, const char *table, const char *column, const char *what)
{
	for (size_t i = 0; i < repair->changes.count; i++) {
		struct camtrapdp_change *change = &repair->changes.items[i];

		if (change->table == table && change->what == what &&
			(change->column == column ||
				(change->column != NULL && column != NULL &&
					strcmp(change->column, column) == 0))) {
			change->count++;
			return;
		}
	}
	ARRAY_APPEND(&repair->changes, ((struct camtrapdp_change){table, column, what, 1}));
}
