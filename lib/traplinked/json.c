/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traplinked's JSON, read entry by entry so that memory does not grow with the answer. */
#include "traplinked_internal.h"

#include "trapkit/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* The API nests five deep. */
#define DEEPEST 32u

struct scan {
	const char *at, *end;
};

static void skip_blanks(struct scan *scan)
{
	while (scan->at < scan->end &&
		(*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r' || *scan->at == '\n'))
		scan->at++;
}

/* Steps over one character, blanks around it allowed. */
static bool accept(struct scan *scan, char wanted)
{
	skip_blanks(scan);
	if (scan->at >= scan->end || *scan->at != wanted)
		return false;
	scan->at++;
	skip_blanks(scan);
	return true;
}

/* Steps behind the closing quote of a string that begins here. */
static bool skip_string(struct scan *scan)
{
	for (scan->at++; scan->at < scan->end; scan->at++) {
		if (*scan->at == '\\')
			scan->at++;
		else if (*scan->at == '"') {
			scan->at++;
			return true;
		}
	}
	return false;
}

/* Steps behind the value that begins here; what is wrong inside it is cJSON's to say. */
static bool skip_value(struct scan *scan)
{
	unsigned depth = 0;

	if (scan->at < scan->end && *scan->at == '"')
		return skip_string(scan);
	while (scan->at < scan->end) {
		char c = *scan->at;

		if (c == '"') {
			if (!skip_string(scan))
				return false;
			continue;
		}
		if (c == '{' || c == '[') {
			if (++depth > DEEPEST)
				return false;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return true;
			if (--depth == 0) {
				scan->at++;
				return true;
			}
		} else if (c == ',' && depth == 0) {
			return true;
		}
		scan->at++;
	}
	return depth == 0;
}

/* Parses the value that begins here; NULL when it is none. */
static cJSON *next_value(struct scan *scan)
{
	const char *begin = scan->at, *stop = NULL;
	cJSON *value;

	if (!skip_value(scan) || scan->at == begin)
		return NULL;
	value = cJSON_ParseWithLengthOpts(begin, (size_t)(scan->at - begin), &stop, false);
	while (value != NULL && stop < scan->at && isspace((unsigned char)*stop))
		stop++;
	if (value != NULL && stop != scan->at) {
		cJSON_Delete(value);
		value = NULL;
	}
	return value;
}

static int unreadable(const char *bytes, size_t size, struct error *err)
{
	size_t i = 0;

	while (i < size && isspace((unsigned char)bytes[i]))
		i++;
	if (i < size && bytes[i] == '<')
		return error_set(err, ERROR_NETWORK,
			"a web page came instead of data: check TRAPLINKED.base_url, and that no "
			"sign-in page of the network is in between");
	return error_set(err, ERROR_NETWORK,
		"the server's answer cannot be read (%zu bytes): nothing of it was stored", size);
}

/* The entries of the array that begins here. 0, -1 with err, or 1 = not an array. */
static int each_entry(struct scan *scan,
	int (*take)(void *context, cJSON *entry, struct error *err), void *context,
	struct error *err)
{
	if (!accept(scan, '['))
		return 1;
	if (accept(scan, ']'))
		return 0;
	for (;;) {
		cJSON *entry = next_value(scan);
		int result = entry == NULL ? 1 : take(context, entry, err);

		cJSON_Delete(entry);
		if (result != 0)
			return result;
		if (accept(scan, ']'))
			return 0;
		if (!accept(scan, ','))
			return 1;
	}
}

/* One "name": value of the top level. */
static int each_member(struct scan *scan, const char *member, bool *found,
	int (*take)(void *context, cJSON *entry, struct error *err), void *context,
	struct error *err)
{
	cJSON *key, *value;
	bool wanted;

	skip_blanks(scan);
	if (scan->at >= scan->end || *scan->at != '"')
		return 1;
	key = next_value(scan);
	if (key == NULL)
		return 1;
	wanted = cJSON_IsString(key) && strcmp(key->valuestring, member) == 0;
	cJSON_Delete(key);
	if (!accept(scan, ':') || (wanted && *found))
		return 1;
	if (wanted) {
		*found = true;
		return each_entry(scan, take, context, err);
	}
	value = next_value(scan);
	cJSON_Delete(value);
	return value == NULL ? 1 : 0;
}

int json_each(const char *bytes, size_t size, const char *member,
	int (*take)(void *context, cJSON *entry, struct error *err), void *context,
	struct error *err)
{
	struct scan scan = {bytes, bytes + size};
	bool found = false, more;
	int result = 0;

	if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		scan.at += 3;
	if (size > TRAPLINKED_LIMIT || !text_is_utf8(bytes, size) || !accept(&scan, '{'))
		return unreadable(bytes, size, err);
	more = !accept(&scan, '}');
	while (more && result == 0) {
		result = each_member(&scan, member, &found, take, context, err);
		if (result == 0 && accept(&scan, '}'))
			more = false;
		else if (result == 0 && !accept(&scan, ','))
			result = 1;
	}
	skip_blanks(&scan);
	if (result == 1 || (result == 0 && scan.at != scan.end))
		return unreadable(bytes, size, err);
	if (result == 0 && !found)
		return error_set(err, ERROR_NETWORK,
			"the server's answer has no '%s': check TRAPLINKED.base_url; nothing of it "
			"was stored",
			member);
	return result;
}

const cJSON *json_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

bool json_number(const cJSON *item, double *value)
{
	if (cJSON_IsNumber(item))
		*value = item->valuedouble;
	else if (!cJSON_IsString(item) || !text_parse_number(item->valuestring, value))
		return false;
	return isfinite(*value);
}

bool json_integer(const cJSON *item, int64_t *value)
{
	double number;

	/* Beyond 2^53 a double no longer tells neighbours apart. */
	if (!json_number(item, &number) || number != floor(number) ||
		!(number >= -9007199254740992.0 && number <= 9007199254740992.0))
		return false;
	*value = (int64_t)number;
	return true;
}

bool json_bool(const cJSON *item, bool *value)
{
	double number;

	if (cJSON_IsBool(item))
		*value = cJSON_IsTrue(item);
	else if (cJSON_IsString(item) && strcasecmp(item->valuestring, "true") == 0)
		*value = true;
	else if (cJSON_IsString(item) && strcasecmp(item->valuestring, "false") == 0)
		*value = false;
	else if (json_number(item, &number) && (number == 0 || number == 1))
		*value = number == 1;
	else
		return false;
	return true;
}

bool json_time(const cJSON *item, char out[TIMESTAMP_SIZE])
{
	struct wall_time wall;

	if (!cJSON_IsString(item) ||
		!wall_parse(item->valuestring, strlen(item->valuestring), &wall))
		return false;
	format_utc(wall_seconds(&wall) - (wall.has_offset ? wall.offset : 0), out);
	return true;
}

char *json_text(const cJSON *item)
{
	char *text = cJSON_PrintUnformatted(item);

	return text == NULL ? xstrdup("null") : text;
}
