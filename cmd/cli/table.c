/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables on standard output: aligned columns, and CSV. */
#include "console.h"
#include "trapkit/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, const char *heading, ...)
{
	va_list arguments;

	*table = (struct table){0};
	va_start(arguments, heading);
	while (heading != NULL) {
		string_list_add(&table->cells, heading);
		table->columns++;
		heading = va_arg(arguments, const char *);
	}
	va_end(arguments);
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	ARRAY_APPEND(&table->cells, text);
}

void table_align_right(struct table *table, size_t column)
{
	table->right |= 1u << column;
}

void table_release(struct table *table)
{
	string_list_release(&table->cells);
	*table = (struct table){0};
}

/* Decodes one character of valid UTF-8 and steps over it; a stray byte counts as itself. */
static unsigned next_character(const unsigned char **at)
{
	unsigned c = *(*at)++;
	int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;

	c = more == 3 ? c & 0x07 : more == 2 ? c & 0x0F : more == 1 ? c & 0x1F : c;
	while (more-- > 0 && (**at & 0xC0) == 0x80)
		c = c << 6 | (*(*at)++ & 0x3F);
	return c;
}

/* Unicode's combining marks that scripts of camera folders use, and wide East Asian blocks. */
static size_t cells_of(unsigned c)
{
	if ((c >= 0x0300 && c <= 0x036F) || (c >= 0x0591 && c <= 0x05BD) ||
		(c >= 0x064B && c <= 0x065F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
		(c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F) ||
		(c >= 0x200B && c <= 0x200F))
		return 0;
	if ((c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
		(c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
		(c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
		(c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
		(c >= 0x20000 && c <= 0x3FFFD))
		return 2;
	return 1;
}

size_t display_width(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t width = 0;

	while (*at != '\0')
		width += cells_of(next_character(&at));
	return width;
}

typedef void say_function(struct console *console, const char *format, ...);

static void put_padded(struct console *console, say_function *say, const char *text, size_t width,
	bool right, bool last)
{
	size_t own = display_width(text);
	int blanks = own < width ? (int)(width - own) : 0;

	if (right)
		say(console, "%*s%s%s", blanks, "", text, last ? "\n" : "  ");
	else if (last)
		say(console, "%s\n", text);
	else
		say(console, "%s%*s  ", text, blanks, "");
}

void console_table(struct console *console, const struct table *table)
{
	size_t widths[32] = {0};
	struct string_list shown = {0};

	if (table->columns == 0 || table->columns > 32)
		return;
	for (size_t i = 0; i < table->cells.count; i++) {
		size_t column = i % table->columns;
		size_t width;

		ARRAY_APPEND(&shown, text_escape(table->cells.items[i]));
		width = display_width(shown.items[i]);
		widths[column] = width > widths[column] ? width : widths[column];
	}
	for (size_t i = 0; i < shown.count; i++) {
		size_t column = i % table->columns;

		put_padded(console, table->friendly ? console_print : console_result,
			shown.items[i], widths[column], (table->right >> column & 1u) != 0,
			column + 1 == table->columns || i + 1 == shown.count);
	}
	string_list_release(&shown);
}

void console_csv(struct console *console, const struct table *table)
{
	for (size_t i = 0; i < table->cells.count; i++) {
		const char *cell = table->cells.items[i];
		const char *end = (i + 1) % table->columns == 0 ? "\r\n" : ",";

		if (strpbrk(cell, ",\"\r\n") == NULL) {
			console_result(console, "%s%s", cell, end);
			continue;
		}
		console_result(console, "\"");
		for (; *cell != '\0'; cell++)
			if (*cell == '"')
				console_result(console, "\"\"");
			else
				console_result(console, "%c", *cell);
		console_result(console, "\"%s", end);
	}
}
