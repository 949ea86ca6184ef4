/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slugs as TRAPPER makes them, so that a folder's name meets its deployment's id. */
#include "trapkit/memory.h"
#include "trapkit/text.h"
#include "utf8.h"

#include <string.h>

struct slug_row {
	uint32_t code;
	char text[8];
};

static const struct slug_row slug_rows[] = {
#include "slug_table.h"
};

static const char *survivors(uint32_t code)
{
	const struct slug_row *row = code_find(
		code, slug_rows, sizeof slug_rows / sizeof slug_rows[0], sizeof slug_rows[0]);

	return row != NULL ? row->text : "";
}

/* `-` and what Python's \s matches in ASCII: 0x1C to 0x1F, the old separators, too. */
static bool joins(char c)
{
	return c == '-' || c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
}

/* Returns how many bytes of `out` are filled after one more ASCII character. */
static size_t append(char *out, size_t size, char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (joins(c)) {
		if (size == 0 || out[size - 1] != '-')
			out[size++] = '-';
	} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
		out[size++] = c;
	}
	return size;
}

char *text_slugify(const char *name)
{
	size_t length = strlen(name);
	/* A row's text is at most 7 characters, of a character of at least two bytes. */
	char *out = xreallocarray(NULL, length + 1, 4);
	size_t size = 0, start = 0;

	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		size_t used = utf8_decode(name + at, length - at, &code);

		if (used == 1)
			size = append(out, size, name[at]);
		else if (used > 1)
			for (const char *text = survivors(code); *text != '\0'; text++)
				size = append(out, size, *text);
		at += used == 0 ? 1 : used;
	}
	while (size > 0 && (out[size - 1] == '-' || out[size - 1] == '_'))
		size--;
	while (start < size && (out[start] == '-' || out[start] == '_'))
		start++;
	memmove(out, out + start, size - start);
	out[size - start] = '\0';
	return out;
}
