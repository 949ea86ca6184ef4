/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files are blank, kept in a list that is searched. */
#include "detect_job.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

struct blank_file {
	char *name;
	int64_t size; /* -1 = not told */
};

struct detect_blank {
	double threshold;
	struct {
		struct blank_file *items;
		size_t count, capacity;
	} files;
};

static int by_name(const void *one, const void *other)
{
	const struct blank_file *a = one, *b = other;

	return strcmp(a->name, b->name);
}

static bool is_blank(const struct detected_image *image, double threshold)
{
	for (size_t i = 0; i < image->count; i++)
		if (image->items[i].confidence >= threshold)
			return false;
	return image->failure == NULL;
}

static int64_t size_of(const struct detected_image *image)
{
	cJSON *entry = cJSON_ParseWithLength(image->json, image->json_size);
	const cJSON *size = cJSON_GetObjectItemCaseSensitive(entry, "size");
	int64_t bytes = cJSON_IsNumber(size) ? (int64_t)size->valuedouble : -1;

	cJSON_Delete(entry);
	return bytes;
}

struct detect_blank *detect_blank_load(const char *path, double threshold, struct error *err)
{
	struct detections_reader *reader = detections_open(path, err);
	struct detect_blank *blank;
	struct detected_image image;
	int more;

	if (reader == NULL)
		return NULL;
	blank = xcalloc(1, sizeof *blank);
	blank->threshold =
		threshold < 0 ? detect_usual_threshold(detections_header(reader)) : threshold;
	while ((more = detections_next(reader, &image, err)) == 1) {
		struct blank_file file;

		if (!is_blank(&image, blank->threshold))
			continue;
		file = (struct blank_file){xstrdup(image.file), size_of(&image)};
		ARRAY_APPEND(&blank->files, file);
	}
	detections_close(reader);
	if (more != 0) {
		detect_blank_free(blank);
		return NULL;
	}
	if (blank->files.count > 1)
		qsort(blank->files.items, blank->files.count, sizeof *blank->files.items, by_name);
	return blank;
}

void detect_blank_free(struct detect_blank *blank)
{
	if (blank == NULL)
		return;
	for (size_t i = 0; i < blank->files.count; i++)
		free(blank->files.items[i].name);
	free(blank->files.items);
	free(blank);
}

double detect_blank_threshold(const struct detect_blank *blank)
{
	return blank->threshold;
}

bool detect_blank_has(const struct detect_blank *blank, const char *file, uint64_t size)
{
	const struct blank_file key = {.name = (char *)(uintptr_t)file};
	const struct blank_file *found = blank->files.count == 0
		? NULL
		: bsearch(&key, blank->files.items, blank->files.count, sizeof *blank->files.items,
			  by_name);

	return found != NULL && (found->size < 0 || (uint64_t)found->size == size);
}
