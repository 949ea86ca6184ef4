/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's JSON: parsing within limits, lenient values, and the many forms of an error body. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* TRAPPER nests about five deep; a value takes 64 bytes in memory. */
#define DEEPEST 32
#define MOST_VALUES 1000000u
#define LONGEST_MESSAGE 300u

/* Looks at brackets and commas only; what is wrong otherwise is cJSON's to say. */
static bool within_limits(const char *bytes, size_t size)
{
	size_t depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		char c = bytes[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == '[' || c == '{')
			depth++, values++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		else if (c == ',')
			values++;
		if (depth > DEEPEST || values > MOST_VALUES)
			return false;
	}
	return true;
}

/* True when the first visible character is that of a web page. */
static bool looks_like_html(const char *bytes, size_t size)
{
	size_t i = 0;

	if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		i = 3;
	while (i < size && isspace((unsigned char)bytes[i]))
		i++;
	return i < size && bytes[i] == '<';
}

cJSON *trapper_parse(const char *bytes, size_t size, const char *what, struct error *err)
{
	cJSON *document;

	if (!within_limits(bytes, size)) {
		error_set(err, ERROR_REMOTE,
			"%s: the server's answer is larger or deeper than makes sense", what);
		return NULL;
	}
	document = cJSON_ParseWithLengthOpts(bytes, size, NULL, false);
	if (document != NULL)
		return document;
	if (looks_like_html(bytes, size))
		error_set(err, ERROR_NETWORK,
			"%s: a web page came instead of data: check that GENERAL.host is the "
			"TRAPPER server, and that no sign-in page of the network is in between",
			what);
	else
		error_set(err, ERROR_NETWORK, "%s: the server's answer cannot be read (%zu bytes)",
			what, size);
	return NULL;
}

char *trapper_text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsString(item))
		return text_is_utf8(item->valuestring, strlen(item->valuestring))
			? xstrdup(item->valuestring)
			: text_escape(item->valuestring);
	if (cJSON_IsBool(item))
		return xstrdup(cJSON_IsTrue(item) ? "true" : "false");
	if (cJSON_IsNumber(item))
		return xasprintf("%.15g", item->valuedouble);
	return xstrdup("");
}

bool trapper_integer(const cJSON *object, const char *name, int64_t *value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	double number;
	char *end = NULL;

	if (cJSON_IsNumber(item)) {
		number = item->valuedouble;
	} else if (cJSON_IsString(item) && item->valuestring[0] != '\0') {
		number = strtod(item->valuestring, &end);
		if (*end != '\0')
			return false;
	} else {
		return false;
	}
	/* Beyond 2^53 a double no longer tells neighbours apart. */
	if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0) ||
		number != floor(number))
		return false;
	*value = (int64_t)number;
	return true;
}

bool trapper_bool(const cJSON *object, const char *name, bool fallback)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsBool(item))
		return cJSON_IsTrue(item);
	if (cJSON_IsNumber(item))
		return item->valuedouble != 0;
	if (cJSON_IsString(item))
		return strcasecmp(item->valuestring, "true") == 0 ||
			strcmp(item->valuestring, "1") == 0;
	return fallback;
}

/* ---- what the server says when it says no ---- */

static void add(FILE *out, const char *text)
{
	if (*text == '\0')
		return;
	if (ftell(out) > 0)
		fputs("; ", out);
	fputs(text, out);
}

/* Strings wherever they stand, with the name of their field before them when it tells something. */
static void collect(FILE *out, const cJSON *item, const char *field, unsigned depth)
{
	const cJSON *child;
	char *text;

	if (depth > DEEPEST || ftell(out) > (long)(LONGEST_MESSAGE * 4))
		return;
	if (cJSON_IsString(item) || cJSON_IsNumber(item)) {
		text = cJSON_IsString(item) ? xstrdup(item->valuestring)
					    : xasprintf("%.15g", item->valuedouble);
		if (field != NULL && *text != '\0') {
			char *named = xasprintf("%s: %s", field, text);

			free(text);
			text = named;
		}
		add(out, text);
		free(text);
		return;
	}
	cJSON_ArrayForEach(child, item)
	{
		const char *name = cJSON_IsObject(item) ? child->string : field;

		collect(out, child, name, depth + 1);
	}
}

/* The shapes that contract 1.12 lists; anything else is collected as it comes. */
static void collect_known(FILE *out, const cJSON *document)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(document, "data");
	const cJSON *detail = cJSON_GetObjectItemCaseSensitive(document, "detail");
	const cJSON *inner = cJSON_GetObjectItemCaseSensitive(document, "_error");
	const cJSON *item;

	if (!cJSON_IsObject(data) && cJSON_GetObjectItemCaseSensitive(document, "message") != NULL)
		data = document;
	if (cJSON_IsObject(data)) {
		item = cJSON_GetObjectItemCaseSensitive(data, "message");
		collect(out, item, NULL, 0);
		item = cJSON_GetObjectItemCaseSensitive(data, "errors");
		collect(out, item, NULL, 0);
		return;
	}
	if (detail != NULL) {
		collect(out, detail, NULL, 0);
		return;
	}
	if (inner != NULL) {
		collect(out, cJSON_GetObjectItemCaseSensitive(inner, "message"), NULL, 0);
		return;
	}
	collect(out, document, NULL, 0);
}

/* True when `text` begins with "<name" as a whole tag name, case ignored. */
static bool tag_is(const char *text, size_t left, const char *name)
{
	size_t length = strlen(name);

	return left > length + 1 && strncasecmp(text + 1, name, length) == 0 &&
		!isalnum((unsigned char)text[length + 1]);
}

static size_t skip_to(const char *text, size_t size, size_t from, const char *end)
{
	size_t length = strlen(end);

	for (; from + length <= size; from++)
		if (strncasecmp(text + from, end, length) == 0)
			return from;
	return size;
}

/* The words of a web page: no tags, scripts, styles or comments. */
static void collect_page(FILE *out, const char *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && ftell(out) <= (long)(LONGEST_MESSAGE * 4)) {
		const char *p = bytes + i;
		size_t left = size - i;

		if (*p != '<') {
			fputc(*p == '\0' ? ' ' : *p, out);
			i++;
			continue;
		}
		if (tag_is(p, left, "script"))
			i = skip_to(bytes, size, i, "</script");
		else if (tag_is(p, left, "style"))
			i = skip_to(bytes, size, i, "</style");
		else if (left >= 4 && memcmp(p, "<!--", 4) == 0)
			i = skip_to(bytes, size, i, "-->");
		i = skip_to(bytes, size, i, ">") + 1;
		fputc(' ', out);
	}
}

/* One line, runs of white space made one blank, cut at a character boundary. Takes `text`. */
static char *tidy(char *text)
{
	size_t used = 0;
	char *shown;

	for (const char *p = text; *p != '\0'; p++) {
		bool blank = isspace((unsigned char)*p) != 0;

		if (blank && (used == 0 || text[used - 1] == ' '))
			continue;
		text[used++] = blank ? ' ' : *p;
	}
	while (used > 0 && text[used - 1] == ' ')
		used--;
	if (used > LONGEST_MESSAGE) {
		used = LONGEST_MESSAGE;
		while (used > 0 && ((unsigned char)text[used] & 0xC0) == 0x80)
			used--;
	}
	text[used] = '\0';
	shown = text_escape(text);
	free(text);
	return shown;
}

char *trapper_message(const char *body, size_t size)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out;
	cJSON *document = NULL;

	if (body == NULL || size == 0)
		return xstrdup("");
	out = open_memstream(&text, &length);
	if (out == NULL)
		return xstrdup("");
	if (within_limits(body, size))
		document = cJSON_ParseWithLengthOpts(body, size, NULL, false);
	if (document != NULL)
		collect_known(out, document);
	else
		collect_page(out, body, size);
	cJSON_Delete(document);
	if (fclose(out) != 0 || text == NULL) {
		free(text);
		return xstrdup("");
	}
	return tidy(text);
}
