/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes that come back in many pictures of one camera: found, listed, struck out. */
#include "detect_job.h"

#include "trapkit/media.h"
#include "trapkit/output_file.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* contracts/detector.md 3.2: MegaDetector's own. */
#define LEAST_OVERLAP 0.9
#define LARGEST_AREA 0.2

/*
 * Boxes that overlap by nine tenths have centres less than a tenth of their sides apart: the
 * neighbours of a cell that is so wide hold all of them.
 */
#define CELLS 10

/* A place where something was seen; the first box seen there stands for all. */
struct candidate {
	struct detection box;
	char *first;
	uint64_t count, last_picture; /* a picture counts once */
	size_t next;                  /* in its cell, 1-based; 0 = none */
};

struct camera {
	char *deployment;
	size_t cells[CELLS * CELLS]; /* first candidate, 1-based */
};

struct search {
	const struct detect_repeat_settings *settings;
	const struct detections_header *header;
	double threshold;
	struct {
		struct camera *items;
		size_t count, capacity;
	} cameras;
	struct {
		struct candidate *items;
		size_t count, capacity;
	} candidates;
	uint64_t picture; /* number of the one at hand */
	const struct camera *camera;
	struct detect_repeat_list *list;
};

/* ---- places ---- */

static struct camera *find_camera(struct search *search, const char *file)
{
	size_t length = detect_deployment_length(file);
	struct camera camera = {0};

	for (size_t i = search->cameras.count; i-- > 0;) {
		struct camera *known = &search->cameras.items[i];

		if (strncmp(known->deployment, file, length) == 0 &&
			known->deployment[length] == '\0')
			return known;
	}
	camera.deployment = xstrndup(file, length);
	ARRAY_APPEND(&search->cameras, camera);
	return &search->cameras.items[search->cameras.count - 1];
}

static int cell_of(double centre)
{
	int cell = (int)(centre * CELLS);

	return cell < 0 ? 0 : cell >= CELLS ? CELLS - 1 : cell;
}

static double overlap(const struct detection *a, const struct detection *b)
{
	double wide = fmin(a->x + a->width, b->x + b->width) - fmax(a->x, b->x);
	double high = fmin(a->y + a->height, b->y + b->height) - fmax(a->y, b->y);
	double both = wide > 0 && high > 0 ? wide * high : 0;
	double all = a->width * a->height + b->width * b->height - both;

	return all > 0 ? both / all : 0;
}

static bool is_looked_at(const struct search *search, const struct detection *box)
{
	return box->confidence >= search->threshold && box->width > 0 && box->height > 0 &&
		box->width * box->height <= LARGEST_AREA;
}

/* Calls `meet` for every candidate of the camera that the box falls on; true = one did. */
static bool each_match(struct search *search, const struct camera *camera,
	const struct detection *box,
	bool (*meet)(struct search *search, struct candidate *candidate))
{
	int column = cell_of(box->x + box->width / 2), row = cell_of(box->y + box->height / 2);
	bool any = false;

	for (int y = row > 0 ? row - 1 : 0; y <= row + 1 && y < CELLS; y++)
		for (int x = column > 0 ? column - 1 : 0; x <= column + 1 && x < CELLS; x++)
			for (size_t at = camera->cells[y * CELLS + x]; at != 0;
				at = search->candidates.items[at - 1].next) {
				struct candidate *candidate = &search->candidates.items[at - 1];

				if (candidate->box.category == box->category &&
					overlap(&candidate->box, box) >= LEAST_OVERLAP)
					any |= meet(search, candidate);
			}
	return any;
}

static bool count_once(struct search *search, struct candidate *candidate)
{
	if (candidate->last_picture != search->picture)
		candidate->count++;
	candidate->last_picture = search->picture;
	return true;
}

static void note_box(
	struct search *search, struct camera *camera, const struct detection *box, const char *file)
{
	struct candidate candidate = {.box = *box, .count = 1, .last_picture = search->picture};
	size_t *cell = &camera->cells[cell_of(box->y + box->height / 2) * CELLS +
		cell_of(box->x + box->width / 2)];

	if (each_match(search, camera, box, count_once))
		return;
	candidate.first = xstrdup(file);
	candidate.next = *cell;
	ARRAY_APPEND(&search->candidates, candidate);
	*cell = search->candidates.count;
}

static bool is_picture(const struct detected_image *image)
{
	return image->failure == NULL && !media_type_is_video(media_type_by_name(image->file));
}

/* ---- the list ---- */

static int by_count(const void *one, const void *other)
{
	const struct detect_repeat *a = one, *b = other;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->first, b->first);
}

static void list_repeats(struct search *search)
{
	struct detect_repeat_list *list = search->list;

	for (size_t i = 0; i < search->candidates.count; i++) {
		const struct candidate *candidate = &search->candidates.items[i];
		const struct detection *box = &candidate->box;
		struct detect_repeat repeat = {.x = box->x,
			.y = box->y,
			.width = box->width,
			.height = box->height,
			.count = candidate->count};

		if (candidate->count < search->settings->least)
			continue;
		repeat.deployment =
			xstrndup(candidate->first, detect_deployment_length(candidate->first));
		repeat.category = xstrdup(search->header->categories.items[box->category].name);
		repeat.first = xstrdup(candidate->first);
		ARRAY_APPEND(list, repeat);
	}
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, by_count);
}

void detect_repeats_release(struct detect_repeat_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].deployment);
		free(list->items[i].category);
		free(list->items[i].first);
	}
	free(list->items);
	*list = (struct detect_repeat_list){0};
}

/* ---- striking out ---- */

static bool is_repeat(struct search *search, struct candidate *candidate)
{
	return candidate->count >= search->settings->least;
}

static bool strike(void *context, const struct detection *detection)
{
	struct search *search = context;

	if (!is_looked_at(search, detection) ||
		!each_match(search, search->camera, detection, is_repeat))
		return false;
	search->list->struck++;
	return true;
}

/* The header of the file with the rule in it. */
static struct detections_header add_rule(const struct search *search)
{
	struct detections_header header = *search->header;
	cJSON *custom = header.custom_metadata == NULL ? NULL : cJSON_Parse(header.custom_metadata);
	cJSON *rule = cJSON_CreateObject();

	if (!cJSON_IsObject(custom)) {
		cJSON_Delete(custom);
		custom = cJSON_CreateObject();
	}
	cJSON_AddNumberToObject(rule, "least_pictures", search->settings->least);
	cJSON_AddNumberToObject(rule, "least_overlap", LEAST_OVERLAP);
	cJSON_AddNumberToObject(rule, "largest_area", LARGEST_AREA);
	cJSON_AddNumberToObject(rule, "threshold", search->threshold);
	cJSON_DeleteItemFromObjectCaseSensitive(custom, "repeat_detections");
	cJSON_AddItemToObject(custom, "repeat_detections", rule);
	header.custom_metadata = cJSON_PrintUnformatted(custom);
	cJSON_Delete(custom);
	return header;
}

static int write_entries(
	struct search *search, FILE *stream, const struct progress *progress, struct error *err)
{
	struct detections_reader *reader = detections_open(search->settings->path, err);
	struct detect_rewrite rewrite = {.context = search};
	struct detected_image image;
	const char *between = "";
	int more = -1;

	while (reader != NULL && progress_check(progress, err) == 0 &&
		(more = detections_next(reader, &image, err)) == 1) {
		search->camera = find_camera(search, image.file);
		rewrite.strike = is_picture(&image) ? strike : NULL;
		fputs(between, stream);
		if (detect_rewrite(stream, &image, &rewrite, err) != 0) {
			more = -1;
			break;
		}
		between = ",\n";
	}
	detections_close(reader);
	return more;
}

static int write_output(struct search *search, const struct progress *progress, struct error *err)
{
	struct detections_header header = add_rule(search);
	struct output_file file = {0};
	int result = output_file_open(&file, search->settings->output, false, err);

	if (result == 0) {
		detect_head_write(file.stream, &header, 0);
		result = write_entries(search, file.stream, progress, err);
	}
	if (result == 0) {
		detect_tail_write(file.stream);
		result = output_file_publish(
			&file, search->settings->overwrite ? OUTPUT_REPLACE : OUTPUT_REFUSE, err);
	}
	output_file_discard(&file);
	cJSON_free(header.custom_metadata);
	return result;
}

/* ---- the whole ---- */

static int look(struct search *search, struct detections_reader *reader,
	const struct progress *progress, struct error *err)
{
	struct detected_image image;
	int more = -1;

	while (progress_check(progress, err) == 0 &&
		(more = detections_next(reader, &image, err)) == 1) {
		struct camera *camera;

		if (!is_picture(&image))
			continue;
		camera = find_camera(search, image.file);
		search->picture++;
		for (size_t i = 0; i < image.count; i++)
			if (is_looked_at(search, &image.items[i]))
				note_box(search, camera, &image.items[i], image.file);
	}
	return more;
}

int detect_repeats(const struct detect_repeat_settings *settings, struct detect_repeat_list *list,
	const struct progress *progress, struct error *err)
{
	struct search search = {.settings = settings, .list = list};
	struct detections_reader *reader = detections_open(settings->path, err);
	int result = -1;

	*list = (struct detect_repeat_list){0};
	if (reader == NULL)
		return -1;
	search.header = detections_header(reader);
	search.threshold = settings->threshold < 0 ? detect_usual_threshold(search.header)
						   : settings->threshold;
	if (look(&search, reader, progress, err) == 0) {
		list_repeats(&search);
		result = settings->output == NULL ? 0 : write_output(&search, progress, err);
	}
	detections_close(reader);
	for (size_t i = 0; i < search.candidates.count; i++)
		free(search.candidates.items[i].first);
	for (size_t i = 0; i < search.cameras.count; i++)
		free(search.cameras.items[i].deployment);
	free(search.candidates.items);
	free(search.cameras.items);
	return result;
}
