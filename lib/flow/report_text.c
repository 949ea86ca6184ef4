/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts, dates and bytes as HTML takes them. */
#include "report_parts.h"

#include "trapkit/text.h"

#include <stdlib.h>

void report_text(FILE *out, const char *text)
{
	char *shown = text_escape(text);

	for (const char *at = shown; *at != '\0'; at++)
		switch (*at) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*at, out);
		}
	free(shown);
}

void report_day(FILE *out, int64_t local)
{
	struct wall_time wall;

	wall_from_seconds(local, &wall);
	fprintf(out, "%04d-%02d-%02d", wall.year, wall.month, wall.day);
}

void report_time(FILE *out, int64_t local)
{
	struct wall_time wall;

	wall_from_seconds(local, &wall);
	report_day(out, local);
	fprintf(out, " %02d:%02d", wall.hour, wall.minute);
}

/* RFC 4648 section 4. */
void report_base64(FILE *out, const uint8_t *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		unsigned group = (unsigned)bytes[i] << 16 |
			(left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
			(left > 2 ? bytes[i + 2] : 0);

		fputc(digits[group >> 18], out);
		fputc(digits[group >> 12 & 63], out);
		fputc(left > 1 ? digits[group >> 6 & 63] : '=', out);
		fputc(left > 2 ? digits[group & 63] : '=', out);
	}
}
