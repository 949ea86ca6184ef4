/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a detector found, by the path of the file below the data path. */
#include "detection_index.h"

#include "trapkit/detections.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/subject.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_THRESHOLD 0.2
/* More of one picture say nothing new. */
#define MOST_BOXES 16

static int compare_boxes(const void *a, const void *b)
{
	const struct indexed_box *left = a, *right = b;

	return (left->confidence < right->confidence) - (left->confidence > right->confidence);
}

/* From the end of the texts: paths that differ in what they begin with lie side by side. */
static int compare_ends(const char *left, const char *right)
{
	size_t a = strlen(left), b = strlen(right);

	while (a > 0 && b > 0) {
		unsigned char l = (unsigned char)left[--a], r = (unsigned char)right[--b];

		if (l != r)
			return l < r ? -1 : 1;
	}
	return (a > 0) - (b > 0);
}

static int compare_images(const void *a, const void *b)
{
	const struct indexed_image *left = a, *right = b;

	return compare_ends(left->file, right->file);
}

static int compare_frames(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void note_file(struct indexed_image *entry, const struct detected_image *image)
{
	cJSON *json = cJSON_ParseWithLength(image->json, image->json_size);
	const cJSON *size = cJSON_GetObjectItemCaseSensitive(json, "size");
	const cJSON *sha256 = cJSON_GetObjectItemCaseSensitive(json, "sha256");
	const cJSON *frames = cJSON_GetObjectItemCaseSensitive(json, "frames_processed");
	const cJSON *frame;
	int count = cJSON_IsArray(frames) ? cJSON_GetArraySize(frames) : 0;

	entry->size = cJSON_IsNumber(size) ? (int64_t)size->valuedouble : -1;
	if (cJSON_IsString(sha256))
		entry->sha256 = xstrdup(sha256->valuestring);
	if (count > 0)
		entry->frames = xcalloc((size_t)count, sizeof *entry->frames);
	cJSON_ArrayForEach(frame, frames)
	{
		if (cJSON_IsNumber(frame))
			entry->frames[entry->frame_count++] = (int64_t)frame->valuedouble;
	}
	if (entry->frame_count > 0)
		qsort(entry->frames, entry->frame_count, sizeof *entry->frames, compare_frames);
	entry->frame_rate = image->frame_rate;
	cJSON_Delete(json);
}

/* What somebody is at least as sure of as the threshold, whether struck out or not. */
static unsigned subjects_of(const struct detection_index *index, const struct detection *found)
{
	unsigned bits = 0;

	if (fabs(found->confidence) >= index->threshold)
		bits |= index->category_bits[found->category];
	for (size_t i = 0; i < found->class_count; i++)
		if (fabs(found->classes[i].confidence) >= index->threshold)
			bits |= index->class_bits[found->classes[i].index];
	return bits;
}

static void add_box(const struct detection_index *index, const struct detection *found,
	struct indexed_image *entry)
{
	struct indexed_box box = {.category = (unsigned)found->category,
		.confidence = found->confidence,
		.x = found->x,
		.y = found->y,
		.width = found->width,
		.height = found->height,
		.frame = found->frame};

	if (index->all)
		box.subjects = subjects_of(index, found);
	if (index->all ? box.subjects != 0 : box.confidence >= index->threshold)
		entry->boxes[entry->count++] = box;
}

static void add_image(struct detection_index *index, const struct detected_image *image)
{
	struct indexed_image entry = {
		.file = xstrdup(image->file), .failed = image->failure != NULL, .size = -1};

	for (char *c = entry.file; *c != '\0'; c++)
		if (*c == '\\')
			*c = '/';
	if (index->all)
		note_file(&entry, image);
	if (image->count > 0)
		entry.boxes = xcalloc(image->count, sizeof *entry.boxes);
	for (size_t i = 0; i < image->count; i++)
		add_box(index, &image->items[i], &entry);
	if (entry.count > 0)
		qsort(entry.boxes, entry.count, sizeof *entry.boxes, compare_boxes);
	if (entry.count > MOST_BOXES && !index->all)
		entry.count = MOST_BOXES;
	if (entry.boxes != NULL)
		entry.boxes = xreallocarray(
			entry.boxes, entry.count > 0 ? entry.count : 1, sizeof *entry.boxes);
	ARRAY_APPEND(index, entry);
}

static unsigned *bits_of(struct detection_index *index, const struct detections_category_list *list)
{
	unsigned *bits = xcalloc(list->count + 1, sizeof *bits);

	for (size_t i = 0; i < list->count; i++) {
		bits[i] = 1u << subject_of(list->items[i].name, list->items[i].description);
		index->subjects |= bits[i];
	}
	return bits;
}

static void take_header(struct detection_index *index, const struct detections_header *header)
{
	if (!index->all)
		index->threshold = isnan(header->typical_threshold) ? USUAL_THRESHOLD
								    : header->typical_threshold;
	index->category_count = header->categories.count;
	index->categories = xcalloc(index->category_count + 1, sizeof *index->categories);
	for (size_t i = 0; i < index->category_count; i++)
		index->categories[i] = xstrdup(header->categories.items[i].name);
	index->category_bits = bits_of(index, &header->categories);
	index->class_bits = bits_of(index, &header->classes);
}

int detection_index_read(struct detection_index *index, const char *path,
	const struct progress *progress, struct error *err)
{
	struct detections_reader *reader = detections_open(path, err);
	struct detected_image image;
	int more = reader == NULL ? -1 : 1;

	if (reader != NULL)
		take_header(index, detections_header(reader));
	while (more > 0 && (more = detections_next(reader, &image, err)) > 0) {
		add_image(index, &image);
		if (progress_check(progress, err) != 0)
			more = -1;
	}
	detections_close(reader);
	if (index->count > 0)
		qsort(index->items, index->count, sizeof *index->items, compare_images);
	return more;
}

void detection_index_release(struct detection_index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		free(index->items[i].file);
		free(index->items[i].boxes);
		free(index->items[i].sha256);
		free(index->items[i].frames);
	}
	for (size_t i = 0; i < index->category_count; i++)
		free(index->categories[i]);
	free(index->items);
	free(index->categories);
	free(index->category_bits);
	free(index->class_bits);
	*index = (struct detection_index){0};
}

/* The first entry that is not before `end`. */
static const struct indexed_image *lower_bound(const struct detection_index *index, const char *end)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ends(index->items[middle].file, end) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->count ? &index->items[low] : NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

const struct indexed_image *detection_index_find(
	const struct detection_index *index, const char *path, size_t *count)
{
	const struct indexed_image *found = lower_bound(index, path), *at;
	bool exact = found != NULL && strcmp(found->file, path) == 0;
	char *below = xasprintf("/%s", path);

	if (!exact)
		found = lower_bound(index, below);
	for (at = found; at != NULL && at < index->items + index->count; at++)
		if (exact ? strcmp(at->file, path) != 0 : !ends_with(at->file, below))
			break;
	free(below);
	if (count != NULL)
		*count = (size_t)(at - found);
	return at == found ? NULL : found;
}
