/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text as people need it: UTF-8 checks, escapes, nearest words, paths. */
#include "trapkit/text.h"

#include "trapkit/memory.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

size_t utf8_decode(const char *bytes, size_t length, uint32_t *code)
{
	const unsigned char *at = (const unsigned char *)bytes;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need;

	if (length == 0)
		return 0;
	if (at[0] < 0x80) {
		*code = at[0];
		return 1;
	}
	if (at[0] >= 0xC2 && at[0] <= 0xDF)
		need = 2;
	else if ((at[0] & 0xF0) == 0xE0)
		need = 3;
	else if (at[0] >= 0xF0 && at[0] <= 0xF4)
		need = 4;
	else
		return 0;
	if (length < need)
		return 0;
	*code = at[0] & (0x7Fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3Fu);
	}
	if (*code < smallest[need] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
		return 0;
	return need;
}

static int compare_codes(const void *code, const void *row)
{
	uint32_t wanted = *(const uint32_t *)code, found = *(const uint32_t *)row;

	return (wanted > found) - (wanted < found);
}

const void *code_find(uint32_t code, const void *rows, size_t count, size_t row_size)
{
	return bsearch(&code, rows, count, row_size, compare_codes);
}

bool text_is_utf8(const char *bytes, size_t length)
{
	uint32_t code;

	for (size_t at = 0; at < length;) {
		size_t used = utf8_decode(bytes + at, length - at, &code);

		if (used == 0)
			return false;
		at += used;
	}
	return true;
}

/* Control characters, line separators, and the marks that turn the direction of what follows: a
 * file name must not be able to rewrite the line it is shown in. */
static bool fit_to_show(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7F && code <= 0x9F))
		return false;
	return !(code >= 0x2028 && code <= 0x202E) && !(code >= 0x2066 && code <= 0x2069);
}

char *text_escape(const char *bytes)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t length = strlen(bytes);
	char *out = xreallocarray(NULL, length + 1, 4);
	size_t size = 0;

	for (size_t at = 0; at < length;) {
		uint32_t code = 0;
		size_t used = utf8_decode(bytes + at, length - at, &code);
		bool keep = used != 0 && fit_to_show(code);

		if (used == 0)
			used = 1;
		for (size_t i = 0; i < used; i++) {
			unsigned char byte = (unsigned char)bytes[at + i];

			if (keep) {
				out[size++] = (char)byte;
				continue;
			}
			out[size++] = '\\';
			out[size++] = 'x';
			out[size++] = hex[byte >> 4];
			out[size++] = hex[byte & 15];
		}
		at += used;
	}
	out[size] = '\0';
	return xreallocarray(out, size + 1, 1);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#define LONGEST_WORD 255

/* Edits between two words of at most LONGEST_WORD bytes: insert, delete, replace, swap. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][LONGEST_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			char ca = lower(a[i - 1]), cb = lower(b[j - 1]);
			size_t best = last[j - 1] + (ca != cb);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && ca == lower(b[j - 2]) && lower(a[i - 2]) == cb &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b_length];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	size_t length = strlen(word);
	const char *nearest = NULL;
	size_t best = SIZE_MAX;

	if (length == 0 || length > LONGEST_WORD)
		return NULL;
	for (; *candidates != NULL; candidates++) {
		size_t other = strlen(*candidates);
		size_t edits;

		if (other > LONGEST_WORD)
			continue;
		edits = distance(word, length, *candidates, other);
		/* A swap in a word of two letters is still worth telling. */
		if (edits < best && (edits * 3 <= length || (edits == 1 && length == 2))) {
			best = edits;
			nearest = *candidates;
		}
	}
	return nearest;
}

const char *text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *text_join_path(const char *folder, const char *name)
{
	size_t length = strlen(folder);

	while (name[0] == '/')
		name++;
	while (length > 1 && folder[length - 1] == '/')
		length--;
	if (length == 0)
		return xstrdup(name);
	if (length == 1 && folder[0] == '/')
		return xasprintf("/%s", name);
	return xasprintf("%.*s/%s", (int)length, folder, name);
}

bool text_has_suffix(const char *name, const char *const *suffixes)
{
	size_t length = strlen(name);

	for (; *suffixes != NULL; suffixes++) {
		size_t size = strlen(*suffixes);
		size_t i = 0;

		if (size > length)
			continue;
		while (i < size && lower(name[length - size + i]) == lower((*suffixes)[i]))
			i++;
		if (i == size)
			return true;
	}
	return false;
}
