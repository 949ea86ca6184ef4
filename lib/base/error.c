/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors as values. */
#include "trapkit/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts an incomplete UTF-8 sequence that a too small buffer left at the end. */
static void trim_partial_character(char *text)
{
	size_t length = strlen(text);
	size_t start = length;

	if (length + 1 < ERROR_MESSAGE_SIZE)
		return;
	while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0xC0)
		text[start - 1] = '\0';
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	err->kind = kind;
	vsnprintf(err->message, sizeof err->message, format, arguments);
	va_end(arguments);
	trim_partial_character(err->message);
	return -1;
}

int error_errno(struct error *err, const char *format, ...)
{
	int number = errno;
	char reason[128];
	size_t used;
	va_list arguments;

	va_start(arguments, format);
	err->kind = ERROR_SYSTEM;
	vsnprintf(err->message, sizeof err->message, format, arguments);
	va_end(arguments);
	if (strerror_r(number, reason, sizeof reason) != 0)
		snprintf(reason, sizeof reason, "error %d", number);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof err->message - used, ": %s", reason);
	trim_partial_character(err->message);
	return -1;
}

int error_context(struct error *err, const char *format, ...)
{
	char inner[ERROR_MESSAGE_SIZE];
	size_t used;
	va_list arguments;

	memcpy(inner, err->message, sizeof inner);
	va_start(arguments, format);
	vsnprintf(err->message, sizeof err->message, format, arguments);
	va_end(arguments);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof err->message - used, ": %s", inner);
	trim_partial_character(err->message);
	return -1;
}

void error_clear(struct error *err)
{
	err->kind = ERROR_NONE;
	err->message[0] = '\0';
}
