/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names as a case-blind, normalizing file system compares them. */
#include "trapkit/memory.h"
#include "trapkit/text.h"
#include "utf8.h"

#include <string.h>

struct fold_row {
	uint32_t code;
	char text[16];
};

static const struct fold_row fold_rows[] = {
#include "fold_table.h"
};

static const char *row_of(uint32_t code)
{
	const struct fold_row *row = code_find(
		code, fold_rows, sizeof fold_rows / sizeof fold_rows[0], sizeof fold_rows[0]);

	return row != NULL ? row->text : NULL;
}

/* Hangul jamo are all three bytes long. */
static size_t put_jamo(char *out, uint32_t code)
{
	out[0] = (char)(0xE0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3F));
	out[2] = (char)(0x80 | (code & 0x3F));
	return 3;
}

/* The Unicode Standard, section 3.12: a syllable is taken apart by arithmetic. */
static size_t put_syllable(char *out, uint32_t code)
{
	uint32_t index = code - 0xAC00;
	size_t size = put_jamo(out, 0x1100 + index / 588);

	size += put_jamo(out + size, 0x1161 + index % 588 / 28);
	if (index % 28 != 0)
		size += put_jamo(out + size, 0x11A7 + index % 28);
	return size;
}

static size_t put_character(char *out, const char *bytes, size_t used, uint32_t code)
{
	const char *row = NULL;

	if (used == 1 && code < 0x80) {
		*out = (char)(code >= 'A' && code <= 'Z' ? code - 'A' + 'a' : code);
		return 1;
	}
	if (code >= 0xAC00 && code <= 0xD7A3)
		return put_syllable(out, code);
	if (code >= 0x80)
		row = row_of(code);
	if (row != NULL)
		used = strlen(row);
	memcpy(out, row != NULL ? row : bytes, used);
	return used;
}

char *text_fold(const char *name)
{
	size_t length = strlen(name), size = 0;
	/* A row's text is at most 15 bytes, of a character of at least two. */
	char *out = xreallocarray(NULL, length + 1, 8);

	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		size_t used = utf8_decode(name + at, length - at, &code);

		/* What is not UTF-8 stands for itself. */
		if (used == 0) {
			out[size++] = name[at++];
			continue;
		}
		size += put_character(out + size, name + at, used, code);
		at += used;
	}
	out[size] = '\0';
	return out;
}
