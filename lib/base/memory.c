/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that never fails, growing arrays, and formatted strings. */
#include "trapkit/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one place below cmd that may end the program: nothing can be unwound without memory. */
static void *checked(void *memory)
{
	static const char message[] = "trapkit: error: out of memory\n";

	if (memory == NULL) {
		ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
		(void)written;
		_exit(1);
	}
	return memory;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size == 0 ? 1 : size));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *xreallocarray(void *memory, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return checked(NULL);
	return checked(realloc(memory, count * size == 0 ? 1 : count * size));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	return checked(strndup(text, length));
}

char *xvasprintf(const char *format, va_list arguments)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return xstrdup("");
	text = xmalloc((size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	return text;
}

void *array_grow(void *items, size_t count, size_t *capacity, size_t item_size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity < 8 ? 8 : *capacity + *capacity / 2;
	return xreallocarray(items, *capacity, item_size);
}

void string_list_add(struct string_list *list, const char *text)
{
	ARRAY_APPEND(list, xstrdup(text));
}

void string_list_release(struct string_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct string_list){0};
}
