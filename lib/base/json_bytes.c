/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON's buffer, strings and numbers. */
#include "json_bytes.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Moves what must stay to the front of the buffer, and makes the buffer longer when that is all. */
static void make_room(struct json_reader *reader)
{
	const char *from = reader->keeping ? reader->kept : reader->at;
	size_t staying = (size_t)(reader->end - from), before = (size_t)(reader->at - from);

	memmove(reader->buffer, from, staying);
	if (staying == reader->buffer_size) {
		reader->buffer_size *= 2;
		reader->buffer = xreallocarray(reader->buffer, reader->buffer_size, 1);
	}
	reader->kept = reader->buffer;
	reader->at = reader->buffer + before;
	reader->end = reader->buffer + staying;
}

bool json_fill(struct json_reader *reader)
{
	size_t room, got;

	if (reader->stream == NULL || reader->overfull)
		return false;
	if (reader->keeping && (size_t)(reader->end - reader->kept) > reader->settings.most_kept) {
		reader->overfull = true;
		return false;
	}
	make_room(reader);
	room = reader->buffer_size - (size_t)(reader->end - reader->buffer);
	errno = 0;
	got = fread(
		(char *)reader->buffer + (reader->end - reader->buffer), 1, room, reader->stream);
	if (got < room && ferror(reader->stream))
		reader->read_errno = errno;
	reader->end += got;
	reader->read += got;
	return got > 0;
}

int json_cut_short(struct json_reader *reader, struct error *err)
{
	if (reader->stream != NULL && ferror(reader->stream)) {
		errno = reader->read_errno;
		return error_errno(err, "cannot read '%s'", reader->settings.name);
	}
	if (reader->overfull)
		return json_refuse(reader, err,
			"one entry is larger than %zu bytes: not read any further",
			reader->settings.most_kept);
	reader->token_line = reader->line;
	return json_refuse(
		reader, err, "the file ends in the middle; copy it again, or make it anew");
}

uint64_t json_position(const struct json_reader *reader)
{
	if (reader->stream == NULL)
		return (uint64_t)(reader->at - reader->base);
	return reader->read - (uint64_t)(reader->end - reader->at);
}

static int add_bytes(struct json_reader *reader, const char *bytes, size_t count, struct error *err)
{
	if (count > reader->settings.most_text - reader->text.count)
		return json_refuse(reader, err,
			"a text of more than %zu bytes: not read any further",
			reader->settings.most_text);
	while (reader->text.capacity - reader->text.count <= count)
		reader->text.items = array_grow(
			reader->text.items, reader->text.capacity, &reader->text.capacity, 1);
	memcpy(reader->text.items + reader->text.count, bytes, count);
	reader->text.count += count;
	return 0;
}

static void give_text(struct json_reader *reader, struct json_token *token)
{
	ARRAY_APPEND(&reader->text, '\0');
	token->text = reader->text.items;
	token->length = reader->text.count - 1;
}

/* Four hexadecimal digits, or -1. */
static long read_hex4(struct json_reader *reader)
{
	long code = 0;

	for (int i = 0; i < 4; i++, reader->at++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *digit;

		if (reader->at == reader->end && !json_fill(reader))
			return -1;
		digit = *reader->at == '\0' ? NULL : strchr(digits, *reader->at);
		if (digit == NULL)
			return -1;
		code = code * 16 + (digit - digits < 16 ? digit - digits : digit - digits - 6);
	}
	return code;
}

static int add_code(struct json_reader *reader, unsigned long code, struct error *err)
{
	char bytes[4];

	if (code < 0x80) {
		bytes[0] = (char)code;
		return add_bytes(reader, bytes, 1, err);
	}
	if (code < 0x800) {
		bytes[0] = (char)(0xC0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3F));
		return add_bytes(reader, bytes, 2, err);
	}
	if (code < 0x10000) {
		bytes[0] = (char)(0xE0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (code & 0x3F));
		return add_bytes(reader, bytes, 3, err);
	}
	bytes[0] = (char)(0xF0 | code >> 18);
	bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
	bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
	bytes[3] = (char)(0x80 | (code & 0x3F));
	return add_bytes(reader, bytes, 4, err);
}

/* What follows `\u`; `high` holds the first half of a surrogate pair until its second comes. */
static int read_unicode(struct json_reader *reader, unsigned long *high, struct error *err)
{
	long code = read_hex4(reader);
	bool low;

	if (code < 0)
		return json_refuse(reader, err, "not JSON: '\\u' without four hexadecimal digits");
	low = code >= 0xDC00 && code <= 0xDFFF;
	if (*high != 0 && low) {
		code = (long)(0x10000 + ((*high - 0xD800) << 10)) + (code - 0xDC00);
		*high = 0;
		return add_code(reader, (unsigned long)code, err);
	}
	if (*high != 0 && add_code(reader, 0xFFFD, err) != 0)
		return -1;
	*high = code >= 0xD800 && code <= 0xDBFF ? (unsigned long)code : 0;
	if (*high != 0)
		return 0;
	return add_code(reader, low ? 0xFFFD : (unsigned long)code, err);
}

/* What follows a backslash. */
static int read_escape(struct json_reader *reader, unsigned long *high, struct error *err)
{
	static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *escape;
	char byte;

	if (reader->at == reader->end && !json_fill(reader))
		return json_cut_short(reader, err);
	byte = *reader->at++;
	if (byte == 'u')
		return read_unicode(reader, high, err);
	if (*high != 0 && add_code(reader, 0xFFFD, err) != 0)
		return -1;
	*high = 0;
	escape = byte == '\0' ? NULL : strchr(escapes, byte);
	if (escape == NULL)
		return json_refuse(reader, err, "not JSON: unknown escape in a string");
	return add_bytes(reader, meanings + (escape - escapes), 1, err);
}

/* Bytes that stand for themselves, as many as the buffer holds. */
static int read_run(struct json_reader *reader, struct error *err)
{
	const char *from = reader->at;

	while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\' &&
		(unsigned char)*reader->at >= ' ')
		reader->at++;
	return add_bytes(reader, from, (size_t)(reader->at - from), err);
}

int json_read_string(struct json_reader *reader, struct json_token *token, struct error *err)
{
	unsigned long high = 0;

	reader->text.count = 0;
	reader->at++;
	for (;;) {
		char byte;

		if (reader->at == reader->end && !json_fill(reader))
			return json_cut_short(reader, err);
		byte = *reader->at;
		if (high != 0 && byte != '\\') {
			high = 0;
			if (add_code(reader, 0xFFFD, err) != 0)
				return -1;
		}
		if (byte == '"')
			break;
		if ((unsigned char)byte < ' ')
			return json_refuse(reader, err,
				"not JSON: a control character, or a string that is not closed");
		reader->at += byte == '\\';
		if ((byte == '\\' ? read_escape(reader, &high, err) : read_run(reader, err)) != 0)
			return -1;
	}
	reader->at++;
	give_text(reader, token);
	if (!text_is_utf8(token->text, token->length))
		return json_refuse(reader, err, "the text is not UTF-8");
	return 0;
}

int json_read_plain(struct json_reader *reader, struct json_token *token, struct error *err)
{
	reader->text.count = 0;
	for (;; reader->at++) {
		char byte;

		if (reader->at == reader->end && !json_fill(reader))
			break;
		byte = *reader->at;
		if (!(byte >= '0' && byte <= '9') && !(byte >= 'a' && byte <= 'z') &&
			!(byte >= 'A' && byte <= 'Z') && byte != '-' && byte != '+' && byte != '.')
			break;
		if (add_bytes(reader, &byte, 1, err) != 0)
			return -1;
	}
	give_text(reader, token);
	return 0;
}

bool json_read_number(struct json_token *token)
{
	const char *at = token->text + (token->text[0] == '-');
	size_t whole = strspn(at, "0123456789");

	/* Of what the grammar forbids, these three are what text_parse_number takes. */
	if (whole == 0 || (at[0] == '0' && whole > 1) ||
		(at[whole] == '.' && strspn(at + whole + 1, "0123456789") == 0))
		return false;
	token->kind = JSON_NUMBER;
	return text_parse_number(token->text, &token->number);
}
