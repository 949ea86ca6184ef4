/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be covered in each file, by what a detector found in it. */
#include "blur_find.h"

#include "detection_index.h"

#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/ledger.h"
#include "trapkit/memory.h"
#include "trapkit/subject.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Detectors cut hair and hands off: a tenth of the box on each side, and of the picture 1/100. */
#define MARGIN 0.1
#define LEAST_MARGIN 0.01
/* Part of every blur_text(): raised when the same areas begin to be covered in another way. */
#define RECIPE 2

struct blur_finder {
	const struct convert_blur *settings;
	struct detection_index index;
	unsigned hidden; /* bits 1 << enum subject */
};

static const struct kind {
	const char *name, *shown;
	unsigned bit;
} kinds_known[] = {
	{"human", "people", 1u << SUBJECT_HUMAN}, {"vehicle", "vehicles", 1u << SUBJECT_VEHICLE}};
#define KINDS (sizeof kinds_known / sizeof *kinds_known)

static int check_categories(const struct blur_finder *finder, struct error *err)
{
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds_known[i];

		if ((finder->hidden & kind->bit & ~finder->index.subjects) != 0)
			return error_set(err, ERROR_INPUT,
				"none of the categories in '%s' means %s, so nothing tells where "
				"they are: look at the files with a model that finds %s "
				"('trapkit detect')",
				finder->settings->detections, kind->shown, kind->shown);
	}
	return 0;
}

struct blur_finder *blur_finder_open(
	const struct convert_blur *settings, const struct progress *progress, struct error *err)
{
	struct blur_finder *finder = xcalloc(1, sizeof *finder);
	struct detection_index *index = &finder->index;

	finder->settings = settings;
	for (size_t i = 0; i < KINDS; i++)
		if (strstr(settings->kinds, kinds_known[i].name) != NULL)
			finder->hidden |= kinds_known[i].bit;
	index->threshold = settings->threshold;
	index->all = true;
	if (detection_index_read(index, settings->detections, progress, err) != 0 ||
		check_categories(finder, err) != 0) {
		blur_finder_close(finder);
		return NULL;
	}
	return finder;
}

void blur_finder_close(struct blur_finder *finder)
{
	if (finder == NULL)
		return;
	detection_index_release(&finder->index);
	free(finder);
}

/* ---- areas ---- */

/* The place of a frame among those that were looked at, or their count. */
static size_t look_of(const struct indexed_image *image, int64_t frame)
{
	size_t low = 0, high = image->frame_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->frames[middle] < frame)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->frame_count && image->frames[low] == frame ? low : image->frame_count;
}

static struct blur_area area_of(const struct indexed_box *box)
{
	double left = fmin(box->x, box->x + box->width), top = fmin(box->y, box->y + box->height);
	double width = fabs(box->width), height = fabs(box->height);
	double across = fmax(width * MARGIN, LEAST_MARGIN);
	double down = fmax(height * MARGIN, LEAST_MARGIN);
	struct blur_area area = {.x = left - across,
		.y = top - down,
		.width = width + 2 * across,
		.height = height + 2 * down,
		.last = INT64_MAX};

	/* One that lies beside the picture tells that somebody is there, but not where. */
	if (left >= 1 || top >= 1 || left + width < 0 || top + height < 0)
		area = (struct blur_area){.width = 1, .height = 1, .last = INT64_MAX};
	return area;
}

static void widen(struct blur_area *hull, const struct blur_area *area)
{
	double right = fmax(hull->x + hull->width, area->x + area->width);
	double bottom = fmax(hull->y + hull->height, area->y + area->height);

	if (hull->width <= 0) {
		*hull = *area;
		return;
	}
	hull->x = fmin(hull->x, area->x);
	hull->y = fmin(hull->y, area->y);
	hull->width = right - hull->x;
	hull->height = bottom - hull->y;
}

/*
 * A box holds from the frame that was looked at before its own to the one after it. Whoever is seen
 * in two such frames one after the other went from there to there: all between is covered, too.
 */
static void add_areas(const struct blur_finder *finder, const struct indexed_image *image,
	struct blur_list *areas)
{
	struct blur_area *hulls = xcalloc(image->frame_count + 1, sizeof *hulls);

	for (size_t i = 0; i < image->count; i++) {
		const struct indexed_box *box = &image->boxes[i];
		struct blur_area area = area_of(box);
		size_t look = look_of(image, box->frame);

		if ((box->subjects & finder->hidden) == 0)
			continue;
		if (look < image->frame_count) {
			widen(&hulls[look], &area);
			if (look > 0)
				area.first = image->frames[look - 1];
			if (look + 1 < image->frame_count)
				area.last = image->frames[look + 1];
		}
		ARRAY_APPEND(areas, area);
	}
	for (size_t i = 0; i + 1 < image->frame_count; i++) {
		struct blur_area hull = hulls[i];

		if (hull.width <= 0 || hulls[i + 1].width <= 0)
			continue;
		widen(&hull, &hulls[i + 1]);
		hull.first = image->frames[i];
		hull.last = image->frames[i + 1];
		ARRAY_APPEND(areas, hull);
	}
	free(hulls);
}

/*
 * Looks come at even steps: a hole of more than two of them, or of a second where they are closer
 * than that, was not looked at. Returns the frames up to the first such hole, which the film's end
 * must not lie behind.
 */
static int64_t frames_examined(const struct indexed_image *image, double rate)
{
	int64_t most = isnan(rate) || rate < 1 ? 1 : (int64_t)ceil(rate), step = INT64_MAX;
	int64_t end;

	if (image->frame_count == 0)
		return INT64_MAX;
	for (size_t i = 1; i < image->frame_count; i++)
		if (image->frames[i] - image->frames[i - 1] < step)
			step = image->frames[i] - image->frames[i - 1];
	if (step < INT64_MAX / 2 && 2 * step > most)
		most = 2 * step;
	end = most;
	for (size_t i = 0; i < image->frame_count && image->frames[i] <= end; i++)
		end = image->frames[i] + most;
	return end;
}

/* ---- one file ---- */

/*
 * One after the other the entries that may be about the file: a file that cannot be told from
 * another by its size is covered as both.
 */
static void add_entry(const struct blur_finder *finder, const struct resource *resource,
	const struct indexed_image *image, struct blur_found *found)
{
	double rate = isnan(image->frame_rate) ? resource->facts.fps : image->frame_rate;
	int64_t frames = frames_examined(image, rate);

	if (image->failed)
		found->held = "held back: it could not be examined ('trapkit detect "
			      "--retry-failed' tries again)";
	else if (found->sha256 != NULL && image->sha256 != NULL &&
		strcmp(found->sha256, image->sha256) != 0)
		found->held = "held back: several files of its name and size were examined; run "
			      "'trapkit detect' in this data path";
	if (image->sha256 != NULL)
		found->sha256 = image->sha256;
	else
		found->areas.doubtful = true;
	if (frames < found->frames)
		found->frames = frames;
	add_areas(finder, image, &found->areas);
}

void blur_find(
	const struct blur_finder *finder, const struct resource *resource, struct blur_found *found)
{
	size_t count, taken = 0;
	const struct indexed_image *image =
		detection_index_find(&finder->index, resource->path, &count);

	*found = (struct blur_found){.frames = INT64_MAX};
	for (size_t i = 0; i < count; i++) {
		if (image[i].size >= 0 && (uint64_t)image[i].size != resource->size)
			continue;
		add_entry(finder, resource, &image[i], found);
		taken++;
	}
	if (count == 0)
		found->held = "held back: it was not examined; run 'trapkit detect' first";
	else if (taken == 0)
		found->held = "held back: it changed since it was examined; run 'trapkit detect' "
			      "again";
}

char *blur_text(const struct blur_finder *finder, const struct blur_list *areas)
{
	uint64_t hash = UINT64_C(14695981039346656037) + RECIPE; /* FNV-1a */

	for (size_t i = 0; i < areas->count; i++) {
		const struct blur_area *area = &areas->items[i];
		char *text = xasprintf("%.4f %.4f %.4f %.4f %lld %lld%s;", area->x, area->y,
			area->width, area->height, (long long)area->first, (long long)area->last,
			areas->doubtful ? "?" : "");

		for (const char *c = text; *c != '\0'; c++)
			hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
		free(text);
	}
	return xasprintf("blur %s %016llx", finder->settings->kinds, (unsigned long long)hash);
}

bool blur_is_covered(
	const struct blur_finder *finder, const struct resource *resource, const char *settings)
{
	const char *blur = settings == NULL ? NULL : strstr(settings, "blur ");
	struct blur_found found;
	char *wanted;
	bool covered;

	blur_find(finder, resource, &found);
	wanted = blur_text(finder, &found.areas);
	covered = found.held == NULL && blur != NULL && strcmp(blur, wanted) == 0;
	free(wanted);
	free(found.areas.items);
	return covered;
}

int blur_copy_find(const struct blur_finder *finder, struct ledger *ledger, const char *work_folder,
	const struct resource *resource, char **path, struct error *err)
{
	struct ledger_rendition made = {0};
	struct stat status;
	int found = ledger_get_rendition(ledger, resource->path, &made, err);

	*path = NULL;
	if (found == 1 && made.size == resource->size && made.mtime_ns == resource->mtime_ns &&
		blur_is_covered(finder, resource, made.settings)) {
		*path = made.rendition[0] == '/' ? xstrdup(made.rendition)
						 : text_join_path(work_folder, made.rendition);
		if (lstat(*path, &status) != 0 || !S_ISREG(status.st_mode) ||
			(uint64_t)status.st_size != made.rendition_size) {
			free(*path);
			*path = NULL;
		}
	}
	ledger_rendition_release(&made);
	return found < 0 ? -1 : *path != NULL;
}

bool blur_covers(const char *covered, const char *kinds)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strstr(kinds, kinds_known[i].name) != NULL &&
			(covered == NULL || strstr(covered, kinds_known[i].name) == NULL))
			return false;
	return true;
}
