/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that never fails, growing arrays, and formatted strings. */
#ifndef TRAPKIT_MEMORY_H
#define TRAPKIT_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Out of memory ends the program with a message and status 1: no caller checks for NULL. A size
 * that comes from a file or a server is compared with a stated limit before it gets here.
 * The caller frees everything with free().
 */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Where ARRAY_APPEND gets room for one more; `capacity` is grown by half. */
void *array_grow(void *items, size_t count, size_t *capacity, size_t item_size);

/*
 * Appends to a list of the form `struct { T *items; size_t count, capacity; }`:
 *     ARRAY_APPEND(&list, item);
 */
#define ARRAY_APPEND(list, item)                                                                   \
	((list)->items = array_grow(                                                               \
		 (list)->items, (list)->count, &(list)->capacity, sizeof *(list)->items),          \
		(list)->items[(list)->count++] = (item))

/* A list of owned strings. `{ 0 }` is empty. */
struct string_list {
	char **items;
	size_t count, capacity;
};

/* Appends a copy of `text`. */
void string_list_add(struct string_list *list, const char *text);
/* Frees every string and the list; afterwards it is empty and usable. */
void string_list_release(struct string_list *list);

#ifdef __cplusplus
}
#endif

#endif
