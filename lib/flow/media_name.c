/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files of a data tree are taken for media, by their names. */
#include "media_name.h"

#include "trapkit/text.h"

#include <string.h>
#include <strings.h>

static bool has_extension(const char *name, const char *extension)
{
	size_t length = strlen(name), size;

	extension += extension[0] == '.';
	size = strlen(extension);
	return size > 0 && length > size && name[length - size - 1] == '.' &&
		strcasecmp(name + length - size, extension) == 0;
}

static bool in_list(const char *name, const struct string_list *list, const char *const *fallback)
{
	if (list == NULL)
		return text_has_suffix(name, fallback);
	for (size_t i = 0; i < list->count; i++)
		if (has_extension(name, list->items[i]))
			return true;
	return false;
}

bool media_name_is_wanted(
	const char *name, const struct string_list *images, const struct string_list *videos)
{
	static const char *const image[] = {".jpg", ".jpeg", ".png", NULL};
	static const char *const video[] = {".mp4", ".avi", ".mov", NULL};

	return in_list(name, images, image) || in_list(name, videos, video);
}
