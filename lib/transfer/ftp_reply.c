/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of an FTP server, taken apart. */
#include "ftp_reply.h"

#include "trapkit/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int code_of(const char *line, size_t length)
{
	if (length < 3 || line[0] < '1' || line[0] > '5' || !isdigit((unsigned char)line[1]) ||
		!isdigit((unsigned char)line[2]))
		return 0;
	if (length > 3 && line[3] != ' ' && line[3] != '-')
		return 0;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* Length of the UTF-8 character at `at`, or 0 when it is none. Overlong forms pass: for show only.
 */
static size_t character(const unsigned char *at, size_t left)
{
	size_t length = *at < 0x80          ? 1
		: *at >= 0xF0 && *at < 0xF5 ? 4
		: *at >= 0xE0 && *at < 0xF0 ? 3
		: *at >= 0xC2 && *at < 0xE0 ? 2
					    : 0;

	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	return length;
}

static void append(struct reply_parser *parser, const char *bytes, size_t length)
{
	if (parser->text_length + length >= sizeof parser->reply.text)
		return;
	memcpy(parser->reply.text + parser->text_length, bytes, length);
	parser->text_length += length;
	parser->reply.text[parser->text_length] = '\0';
}

static void append_line(struct reply_parser *parser, const char *line, size_t length)
{
	while (length > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	if (length == 0)
		return;
	if (parser->text_length > 0)
		append(parser, "; ", 2);
	for (size_t i = 0; i < length;) {
		size_t step = character((const unsigned char *)line + i, length - i);

		if (step == 0 || (step == 1 && iscntrl((unsigned char)line[i]))) {
			append(parser, "?", 1);
			i++;
		} else {
			append(parser, line + i, step);
			i += step;
		}
	}
}

/* One whole line is in parser->line. */
static int take_line(struct reply_parser *parser)
{
	const char *line = parser->line;
	size_t length = parser->line_length;
	int code = code_of(line, length);

	parser->line_length = 0;
	if (parser->code == 0) {
		if (code == 0)
			return -1;
		parser->reply.text[0] = '\0';
		parser->text_length = 0;
		parser->reply.code = code;
		append_line(parser, line + 3 + (length > 3), length - 3 - (length > 3));
		if (length > 3 && line[3] == '-') {
			parser->code = code;
			return 0;
		}
	} else if (code == parser->code) {
		append_line(parser, line + 3 + (length > 3), length - 3 - (length > 3));
		if (length > 3 && line[3] == '-')
			return 0;
	} else {
		append_line(parser, line, length);
		return 0;
	}
	parser->code = 0;
	parser->total = 0;
	return 1;
}

int reply_feed(struct reply_parser *parser, const char *bytes, size_t size, size_t *used)
{
	for (size_t i = 0; i < size; i++) {
		int result;

		if (++parser->total > REPLY_LARGEST)
			return -1;
		if (bytes[i] != '\n') {
			/* What does not fit is dropped: the beginning says what happened. */
			if (parser->line_length < sizeof parser->line)
				parser->line[parser->line_length++] = bytes[i];
			continue;
		}
		while (parser->line_length > 0 && parser->line[parser->line_length - 1] == '\r')
			parser->line_length--;
		result = take_line(parser);
		if (result != 0) {
			*used = i + 1;
			return result;
		}
	}
	*used = size;
	return 0;
}

/* A decimal number of at most `limit`; -1 when there is none. Moves *at behind it. */
static int64_t number(const char **at, int64_t limit)
{
	int64_t value = 0;

	if (!isdigit((unsigned char)**at))
		return -1;
	for (; isdigit((unsigned char)**at); (*at)++) {
		value = value * 10 + (**at - '0');
		if (value > limit)
			return -1;
	}
	return value;
}

unsigned reply_epsv_port(const char *text)
{
	const char *at = strchr(text, '(');
	char mark;
	int64_t port;

	if (at == NULL)
		return 0;
	mark = at[1];
	if (mark < 33 || mark > 126 || isdigit((unsigned char)mark) || at[2] != mark ||
		at[3] != mark)
		return 0;
	at += 4;
	port = number(&at, 65535);
	return port > 0 && *at == mark ? (unsigned)port : 0;
}

unsigned reply_pasv(const char *text, uint8_t address[4])
{
	/* RFC 1123 4.1.2.6: the brackets may be missing, so the first six numbers count. */
	for (const char *at = text; *at != '\0'; at++) {
		const char *from = at;
		int64_t numbers[6];
		int count = 0;

		if (!isdigit((unsigned char)*at) || (at > text && isdigit((unsigned char)at[-1])))
			continue;
		while (count < 6 && (numbers[count] = number(&from, 255)) >= 0) {
			count++;
			if (count < 6 && *from++ != ',')
				break;
		}
		if (count == 6) {
			for (int i = 0; i < 4; i++)
				address[i] = (uint8_t)numbers[i];
			return (unsigned)(numbers[4] * 256 + numbers[5]);
		}
	}
	return 0;
}

char *reply_quoted_path(const char *text)
{
	const char *at = strchr(text, '"');
	char *path;
	size_t length = 0;

	if (at == NULL)
		return NULL;
	path = xmalloc(strlen(at) + 1);
	for (at++; *at != '\0'; at++) {
		if (*at == '"' && *++at != '"')
			break;
		path[length++] = *at;
	}
	path[length] = '\0';
	if (length > 0)
		return path;
	free(path);
	return NULL;
}

int64_t reply_size(const char *text)
{
	int64_t size;

	while (*text == ' ')
		text++;
	size = number(&text, INT64_MAX / 16);
	return *text == '\0' || isspace((unsigned char)*text) || *text == ';' ? size : -1;
}
