/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be covered in each file, by what a detector found in it. */
#include "blur_find.h"

#include "detection_index.h"

#include "trapkit/digest.h"
#include "trapkit/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Detectors cut hair and hands off: a tenth of the box on each side, and of the picture 1/100. */
#define MARGIN 0.1
#define LEAST_MARGIN 0.01

struct blur_finder {
	const struct convert_blur *settings;
	struct detection_index index;
	bool *hidden; /* by category */
};

/* contracts/detector.md 2: "person" of MegaDetector is "human" in others. */
static bool is_hidden(const char *category, const char *kinds)
{
	static const char *const humans[] = {"human", "person", "people", "homo sapiens", NULL};

	if (strstr(kinds, "vehicle") != NULL && strcasecmp(category, "vehicle") == 0)
		return true;
	if (strstr(kinds, "human") == NULL)
		return false;
	for (size_t i = 0; humans[i] != NULL; i++)
		if (strcasecmp(category, humans[i]) == 0)
			return true;
	return false;
}

struct blur_finder *blur_finder_open(
	const struct convert_blur *settings, const struct progress *progress, struct error *err)
{
	struct blur_finder *finder = xcalloc(1, sizeof *finder);
	struct detection_index *index = &finder->index;

	finder->settings = settings;
	index->threshold = settings->threshold;
	index->all = true;
	if (detection_index_read(index, settings->detections, progress, err) != 0) {
		blur_finder_close(finder);
		return NULL;
	}
	finder->hidden = xcalloc(index->category_count + 1, sizeof *finder->hidden);
	for (size_t i = 0; i < index->category_count; i++)
		finder->hidden[i] = is_hidden(index->categories[i], settings->kinds);
	return finder;
}

void blur_finder_close(struct blur_finder *finder)
{
	if (finder == NULL)
		return;
	detection_index_release(&finder->index);
	free(finder->hidden);
	free(finder);
}

/* A box holds from the frame that was looked at before its own to the one after it. */
static void set_frames(
	const struct indexed_image *image, const struct indexed_box *box, struct blur_area *area)
{
	area->first = 0;
	area->last = INT64_MAX;
	if (box->frame < 0)
		return;
	for (size_t i = 0; i < image->frame_count; i++) {
		int64_t frame = image->frames[i];

		if (frame < box->frame && frame > area->first)
			area->first = frame;
		if (frame > box->frame && frame < area->last)
			area->last = frame;
	}
}

static void add_area(
	const struct indexed_image *image, const struct indexed_box *box, struct blur_list *areas)
{
	double across = fmax(box->width * MARGIN, LEAST_MARGIN);
	double down = fmax(box->height * MARGIN, LEAST_MARGIN);
	struct blur_area area = {.x = box->x - across,
		.y = box->y - down,
		.width = box->width + 2 * across,
		.height = box->height + 2 * down};

	set_frames(image, box, &area);
	ARRAY_APPEND(areas, area);
}

const char *blur_find(const struct blur_finder *finder, const struct resource *resource,
	struct blur_list *areas, const char **sha256)
{
	const struct indexed_image *image = detection_index_find(&finder->index, resource->path);

	*areas = (struct blur_list){0};
	*sha256 = NULL;
	if (image == NULL)
		return "held back: it was not examined; run 'trapkit detect' first";
	if (image->failed)
		return "held back: it could not be examined ('trapkit detect --retry-failed' tries "
		       "again)";
	if (image->size >= 0 && (uint64_t)image->size != resource->size)
		return "held back: it changed since it was examined; run 'trapkit detect' again";
	*sha256 = image->sha256;
	for (size_t i = 0; i < image->count; i++)
		if (finder->hidden[image->boxes[i].category])
			add_area(image, &image->boxes[i], areas);
	return NULL;
}

char *blur_text(const struct blur_finder *finder, const struct blur_list *areas)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < areas->count; i++) {
		const struct blur_area *area = &areas->items[i];
		char *text = xasprintf("%.4f %.4f %.4f %.4f %lld %lld;", area->x, area->y,
			area->width, area->height, (long long)area->first, (long long)area->last);

		for (const char *c = text; *c != '\0'; c++)
			hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
		free(text);
	}
	return xasprintf("blur %s %016llx", finder->settings->kinds, (unsigned long long)hash);
}

bool blur_covers(const char *covered, const char *kinds)
{
	return covered != NULL &&
		(strstr(kinds, "human") == NULL || strstr(covered, "human") != NULL) &&
		(strstr(kinds, "vehicle") == NULL || strstr(covered, "vehicle") != NULL);
}

bool blur_is_covered(const char *settings, const char *kinds)
{
	const char *blur = settings == NULL ? NULL : strstr(settings, "blur ");
	char *covered = blur == NULL ? NULL : xstrndup(blur + 5, strcspn(blur + 5, " "));
	bool all = blur_covers(covered, kinds);

	free(covered);
	return all;
}
