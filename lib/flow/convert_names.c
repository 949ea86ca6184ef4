/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of renditions: like the source's, unless two of a deployment would come to one. */
#include "convert_job.h"

#include "trapkit/media.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

static bool has_suffix(const char *name, const char *one, const char *other)
{
	const char *const suffixes[] = {one, other, NULL};

	return text_has_suffix(name, suffixes);
}

enum convert_status convert_kind(
	const struct convert_settings *settings, const struct resource *resource)
{
	enum media_type type = resource->facts.type;
	bool film;

	if (type == MEDIA_UNKNOWN)
		type = media_type_by_name(resource->path);
	film = media_type_is_video(type);
	if (film)
		return settings->films ? CONVERT_FILM : CONVERT_FIT;
	return settings->pictures ? CONVERT_PICTURE : CONVERT_FIT;
}

/* The suffix that the rendition gets; NULL when the name has a right one. */
static const char *suffix_for(
	const struct convert_settings *settings, const struct resource *resource)
{
	switch (convert_kind(settings, resource)) {
	case CONVERT_PICTURE:
		return has_suffix(resource->name, ".jpg", ".jpeg") ? NULL : ".jpg";
	case CONVERT_FILM:
		if (settings->film == FILM_WEBM)
			return has_suffix(resource->name, ".webm", ".webm") ? NULL : ".webm";
		return has_suffix(resource->name, ".mp4", ".mp4") ? NULL : ".mp4";
	default:
		return NULL;
	}
}

/* The name with its extension replaced; owned. */
static char *natural_name(const char *name, const char *suffix)
{
	const char *base = text_base_name(name), *dot = strrchr(base, '.');
	size_t stem = dot == NULL || dot == base ? strlen(name) : (size_t)(dot - name);

	if (suffix == NULL)
		return xstrdup(name);
	return xasprintf("%.*s%s", (int)stem, name, suffix);
}

/* FNV-1a. File systems and TRAPPER's users take names for one that differ in case only. */
static uint64_t hash_name(const char *name)
{
	char *folded = text_fold(name);
	uint64_t hash = UINT64_C(0xCBF29CE484222325);

	for (const char *at = folded; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
	free(folded);
	return hash;
}

static int compare_hashes(const void *left, const void *right)
{
	uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;

	return l < r ? -1 : l > r;
}

static size_t count_of(const struct convert_names *names, const char *name)
{
	uint64_t hash = hash_name(name);
	const uint64_t *found;
	size_t first, last;

	if (names->count == 0)
		return 0;
	found = bsearch(&hash, names->items, names->count, sizeof hash, compare_hashes);
	if (found == NULL)
		return 0;
	first = last = (size_t)(found - names->items);
	while (first > 0 && names->items[first - 1] == hash)
		first--;
	while (last + 1 < names->count && names->items[last + 1] == hash)
		last++;
	return last - first + 1;
}

void convert_names_release(struct convert_names *names)
{
	free(names->collection);
	free(names->deployment);
	free(names->items);
	*names = (struct convert_names){0};
}

int convert_names_enter(struct convert_names *names, const struct convert_settings *settings,
	struct ledger *ledger, const struct resource *resource, struct error *err)
{
	struct ledger_files *files;
	struct resource other;
	int more;

	if (names->collection != NULL && strcmp(names->collection, resource->collection) == 0 &&
		strcmp(names->deployment, resource->deployment) == 0)
		return 0;
	convert_names_release(names);
	names->collection = xstrdup(resource->collection);
	names->deployment = xstrdup(resource->deployment);
	files = ledger_files_open(ledger, resource->collection, resource->deployment, err);
	if (files == NULL)
		return -1;
	while ((more = ledger_files_next(files, &other, err)) == 1) {
		char *name = natural_name(other.name, suffix_for(settings, &other));

		ARRAY_APPEND(names, hash_name(name));
		free(name);
	}
	ledger_files_close(files);
	if (names->count > 0)
		qsort(names->items, names->count, sizeof *names->items, compare_hashes);
	return more;
}

char *convert_target(const struct convert_names *names, const struct convert_settings *settings,
	const struct resource *resource)
{
	const char *suffix = suffix_for(settings, resource);
	char *name = natural_name(resource->name, suffix), *path = NULL;
	size_t equal = count_of(names, name);

	free(name);
	if (suffix == NULL || equal <= 1)
		return natural_name(resource->path, suffix);
	name = xasprintf("%s%s", resource->name, suffix);
	if (count_of(names, name) == 0)
		path = xasprintf("%s%s", resource->path, suffix);
	free(name);
	return path;
}
