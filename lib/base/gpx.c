/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Just enough XML to read the waypoints of a GPX file, and nothing that could be abused. */
#include "trapkit/gpx.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 100
#define MOST_NAME 1000 /* bytes of an element's name and of a waypoint's */
#define MOST_WAYPOINTS 1000000

struct parser {
	const char *at, *end;
	const char *start, *file;
	bool begun; /* the root element was seen */
	struct error *err;
	struct {
		const char
			*items[DEEPEST]; /* names of the open elements, as they stand in the file */
		size_t sizes[DEEPEST];
		size_t count;
	} open;
	struct gpx_waypoints *list;
	struct gpx_waypoint point; /* the <wpt> that is open */
	char *name;                /* text of its <name> so far */
	size_t name_size;
};

static int complain(struct parser *parser, const char *what)
{
	unsigned long line = 1;

	for (const char *at = parser->start; at < parser->at && at < parser->end; at++)
		line += *at == '\n';
	return error_set(parser->err, ERROR_INPUT, "'%s', line %lu: %s", parser->file, line, what);
}

static bool starts(const struct parser *parser, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(parser->end - parser->at) >= length &&
		memcmp(parser->at, text, length) == 0;
}

/* Goes behind the next `text`. */
static int skip_past(struct parser *parser, const char *text, const char *complaint)
{
	size_t length = strlen(text);

	for (; (size_t)(parser->end - parser->at) >= length; parser->at++)
		if (memcmp(parser->at, text, length) == 0) {
			parser->at += length;
			return 0;
		}
	return complain(parser, complaint);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct parser *parser)
{
	while (parser->at < parser->end && is_blank(*parser->at))
		parser->at++;
}

static bool ends_name(char c)
{
	return is_blank(c) || strchr("<>/=\"'&", c) != NULL;
}

/* The name that begins here; its size is 0 when there is none. */
static size_t name_size(const struct parser *parser)
{
	const char *at = parser->at;

	while (at < parser->end && !ends_name(*at) && at - parser->at < MOST_NAME)
		at++;
	return (size_t)(at - parser->at);
}

/* Compares without the prefix of a name space: "gpx:wpt" is "wpt". */
static bool is_named(const char *name, size_t size, const char *wanted)
{
	const char *colon = memchr(name, ':', size);
	size_t length = strlen(wanted);

	if (colon != NULL) {
		size -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	return size == length && memcmp(name, wanted, length) == 0;
}

/* ---- text ---- */

static size_t encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

/* "&amp;" and "&#x142;" at the cursor. Returns the bytes in `out`, 0 = complained. */
static size_t read_entity(struct parser *parser, char out[4])
{
	static const struct {
		const char *text;
		char character;
	} known[] = {
		{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	uint32_t base = 10, code = 0;
	const char *at = parser->at + 2;
	bool good = false;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (starts(parser, known[i].text)) {
			parser->at += strlen(known[i].text);
			out[0] = known[i].character;
			return 1;
		}
	if (starts(parser, "&#x")) {
		base = 16;
		at++;
	}
	if (starts(parser, "&#"))
		for (; at < parser->end && *at != ';' && code <= 0x10FFFF; at++) {
			const char *hex = "0123456789abcdef";
			char c = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
			const char *digit = c == '\0' ? NULL : strchr(hex, c);

			if (digit == NULL || (uint32_t)(digit - hex) >= base)
				break;
			code = code * base + (uint32_t)(digit - hex);
			good = true;
		}
	if (!good || at >= parser->end || *at != ';' || code == 0 || code > 0x10FFFF ||
		(code >= 0xD800 && code <= 0xDFFF)) {
		complain(parser, "an entity that XML does not know");
		return 0;
	}
	parser->at = at + 1;
	return encode(code, out);
}

static bool in_waypoint_name(const struct parser *parser)
{
	size_t count = parser->open.count;

	return count == 3 && parser->point.latitude != NULL &&
		is_named(parser->open.items[2], parser->open.sizes[2], "name");
}

/* Adds to the name of the waypoint, when that is what is open. */
static int add_text(struct parser *parser, const char *text, size_t size)
{
	if (!in_waypoint_name(parser))
		return 0;
	if (size > MOST_NAME - parser->name_size)
		return complain(parser, "a waypoint's name is too long");
	memcpy(parser->name + parser->name_size, text, size);
	parser->name_size += size;
	return 0;
}

static int read_text(struct parser *parser)
{
	while (parser->at < parser->end && *parser->at != '<') {
		char character[4] = {*parser->at};
		size_t size = 1;

		if (*parser->at == '&') {
			size = read_entity(parser, character);
			if (size == 0)
				return -1;
		} else {
			parser->at++;
		}
		if (parser->open.count == 0 && !is_blank(character[0]))
			return complain(parser, "text outside of any element; is this a GPX file?");
		if (add_text(parser, character, size) != 0)
			return -1;
	}
	return 0;
}

/* ---- elements ---- */

/* A value in quotes, owned by the caller; NULL = complained. */
static char *read_value(struct parser *parser)
{
	char quote = parser->at < parser->end ? *parser->at : '\0';
	char *value;
	size_t size = 0;

	if (quote != '"' && quote != '\'') {
		complain(parser, "an attribute without a value in quotes");
		return NULL;
	}
	parser->at++;
	value = xmalloc(MOST_NAME + 5);
	while (parser->at < parser->end && *parser->at != quote && *parser->at != '<') {
		char character[4] = {*parser->at};
		size_t used = 1;

		if (*parser->at == '&') {
			used = read_entity(parser, character);
			if (used == 0)
				goto failed;
		} else {
			parser->at++;
		}
		/* Long values (schema locations) are of no interest. */
		if (size + used <= MOST_NAME) {
			memcpy(value + size, character, used);
			size += used;
		}
	}
	if (parser->at >= parser->end || *parser->at != quote) {
		complain(parser, "a value's quote is not closed");
		goto failed;
	}
	parser->at++;
	value[size] = '\0';
	return value;
failed:
	free(value);
	return NULL;
}

/* Reads attributes up to `>` or `/>`; keeps lat and lon when they are wanted. */
static int read_attributes(struct parser *parser, bool wanted)
{
	for (;;) {
		const char *name;
		size_t size;
		char *value, **target = NULL;

		skip_blanks(parser);
		if (starts(parser, ">") || starts(parser, "/>"))
			return 0;
		name = parser->at;
		size = name_size(parser);
		if (size == 0)
			return complain(parser, "the element is not closed");
		parser->at += size;
		skip_blanks(parser);
		if (!starts(parser, "="))
			return complain(parser, "an attribute without a value");
		parser->at++;
		skip_blanks(parser);
		value = read_value(parser);
		if (value == NULL)
			return -1;
		if (wanted && is_named(name, size, "lat"))
			target = &parser->point.latitude;
		else if (wanted && is_named(name, size, "lon"))
			target = &parser->point.longitude;
		if (target == NULL) {
			free(value);
			continue;
		}
		free(*target);
		*target = value;
	}
}

static void release_point(struct gpx_waypoint *point)
{
	free(point->name);
	free(point->latitude);
	free(point->longitude);
	*point = (struct gpx_waypoint){0};
}

static void finish_point(struct parser *parser)
{
	const char *name = parser->name;
	size_t size = parser->name_size;

	while (size > 0 && is_blank(name[size - 1]))
		size--;
	while (size > 0 && is_blank(*name)) {
		name++;
		size--;
	}
	parser->point.name = xstrndup(name, size);
	ARRAY_APPEND(parser->list, parser->point);
	parser->point = (struct gpx_waypoint){0};
	parser->name_size = 0;
}

static int close_element(struct parser *parser)
{
	if (parser->open.count == 2 && parser->point.latitude != NULL)
		finish_point(parser);
	parser->open.count--;
	return 0;
}

static int read_end_tag(struct parser *parser)
{
	size_t last = parser->open.count - 1;
	size_t size;

	parser->at += 2;
	size = name_size(parser);
	if (parser->open.count == 0 || size != parser->open.sizes[last] ||
		memcmp(parser->at, parser->open.items[last], size) != 0)
		return complain(parser, "an element is closed that is not open");
	parser->at += size;
	skip_blanks(parser);
	if (!starts(parser, ">"))
		return complain(parser, "the element is not closed");
	parser->at++;
	return close_element(parser);
}

static int check_point(struct parser *parser)
{
	double latitude, longitude;

	if (parser->point.latitude == NULL || parser->point.longitude == NULL ||
		!text_parse_number(parser->point.latitude, &latitude) ||
		!text_parse_number(parser->point.longitude, &longitude) || latitude < -90 ||
		latitude > 90 || longitude < -180 || longitude > 180)
		return complain(parser, "a waypoint without a position in degrees");
	if (parser->list->count >= MOST_WAYPOINTS)
		return complain(parser, "too many waypoints");
	return 0;
}

static int read_start_tag(struct parser *parser)
{
	size_t depth = parser->open.count;
	bool is_point;

	parser->at++;
	if (depth == DEEPEST)
		return complain(parser, "elements are nested too deep");
	parser->open.items[depth] = parser->at;
	parser->open.sizes[depth] = name_size(parser);
	if (parser->open.sizes[depth] == 0)
		return complain(parser, "'<' without a name");
	if (depth == 0 && !is_named(parser->at, parser->open.sizes[0], "gpx"))
		return complain(parser, "this is not a GPX file");
	is_point = depth == 1 && is_named(parser->at, parser->open.sizes[1], "wpt");
	parser->at += parser->open.sizes[depth];
	parser->open.count++;
	parser->begun = true;
	if (read_attributes(parser, is_point) != 0 || (is_point && check_point(parser) != 0))
		return -1;
	if (starts(parser, "/>")) {
		parser->at += 2;
		return close_element(parser);
	}
	parser->at++;
	return 0;
}

static int read_data_section(struct parser *parser)
{
	const char *begin;

	parser->at += strlen("<![CDATA[");
	begin = parser->at;
	if (skip_past(parser, "]]>", "a data section is not closed") != 0)
		return -1;
	return add_text(parser, begin, (size_t)(parser->at - begin) - 3);
}

static int read_markup(struct parser *parser)
{
	if (starts(parser, "<!--"))
		return skip_past(parser, "-->", "a comment is not closed");
	if (starts(parser, "<![CDATA["))
		return read_data_section(parser);
	if (starts(parser, "<?"))
		return skip_past(parser, "?>", "an instruction is not closed");
	if (starts(parser, "<!"))
		return complain(parser, "a document type; only plain GPX files are read");
	if (starts(parser, "</"))
		return read_end_tag(parser);
	return read_start_tag(parser);
}

int gpx_read(const char *bytes, size_t size, const char *name, struct gpx_waypoints *list,
	struct error *err)
{
	struct parser parser = {
		.at = bytes, .end = bytes + size, .start = bytes, .file = name, .err = err};
	int result = 0;

	parser.list = list;
	if (size > GPX_MOST_BYTES)
		return error_set(err, ERROR_INPUT, "'%s' is too large for a GPX file", name);
	if (!text_is_utf8(bytes, size) || memchr(bytes, '\0', size) != NULL)
		return error_set(err, ERROR_INPUT, "'%s' is not UTF-8 text", name);
	parser.name = xmalloc(MOST_NAME + 1);
	if (starts(&parser, "\xEF\xBB\xBF"))
		parser.at += 3;
	while (result == 0 && parser.at < parser.end) {
		result = *parser.at == '<' ? read_markup(&parser) : read_text(&parser);
		/* What follows the root element is of no interest. */
		if (parser.begun && parser.open.count == 0)
			break;
	}
	if (result == 0 && parser.open.count > 0)
		result = complain(&parser, "the file ends too early");
	else if (result == 0 && parser.start == parser.end)
		result = complain(&parser, "the file is empty");
	else if (result == 0 && !parser.begun)
		result = complain(&parser, "this is not a GPX file");
	release_point(&parser.point);
	free(parser.name);
	return result;
}

void gpx_waypoints_release(struct gpx_waypoints *list)
{
	for (size_t i = 0; i < list->count; i++)
		release_point(&list->items[i]);
	free(list->items);
	*list = (struct gpx_waypoints){0};
}
