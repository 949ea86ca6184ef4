/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One image of a results file: its boxes and their classes. */
#include "detections_read.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void detections_scratch_release(struct detections_scratch *scratch)
{
	free(scratch->detections.items);
	free(scratch->classes.items);
	free(scratch->file);
	free(scratch->failure);
	*scratch = (struct detections_scratch){0};
}

static int compare_id(const void *id, const void *category)
{
	return strcmp(id, ((const struct detections_category *)category)->id);
}

/* The value that comes, an id, as an index into `list`. */
static int read_id(struct json_reader *json, const struct detections_category_list *list,
	const char *member, size_t *index, struct error *err)
{
	struct json_token token;
	const struct detections_category *found = NULL;

	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind != JSON_STRING && token.kind != JSON_NUMBER)
		return json_refuse(json, err, "a category that is not a text");
	if (list->count > 0)
		found = bsearch(
			token.text, list->items, list->count, sizeof *list->items, compare_id);
	if (found == NULL)
		return json_refuse(
			json, err, "category '%.40s' is not listed in '%s'", token.text, member);
	*index = (size_t)(found - list->items);
	return 0;
}

static int read_number(struct json_reader *json, const char *what, double least, double most,
	double *number, struct error *err)
{
	struct json_token token;

	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind != JSON_NUMBER || !isfinite(token.number))
		return json_refuse(json, err, "%s is not a number", what);
	if (token.number < least || token.number > most)
		return json_refuse(json, err, "%s %.20s is not a fraction%s", what, token.text,
			most > 1 ? " of the picture: boxes in pixels are another format" : "");
	*number = token.number;
	return 0;
}

static int expect(
	struct json_reader *json, enum json_kind kind, const char *complaint, struct error *err)
{
	struct json_token token;

	if (json_next(json, &token, err) != 0)
		return -1;
	return token.kind == kind ? 0 : json_refuse(json, err, "%s", complaint);
}

static int read_box(struct json_reader *json, struct detection *detection, struct error *err)
{
	static const char complaint[] = "a 'bbox' that is not a list of four numbers";
	double *const sides[] = {
		&detection->x, &detection->y, &detection->width, &detection->height};

	if (expect(json, JSON_ARRAY, complaint, err) != 0)
		return -1;
	for (size_t i = 0; i < 4; i++)
		if (read_number(json, "box side", -0.5, 1.5, sides[i], err) != 0)
			return -1;
	return expect(json, JSON_ARRAY_END, complaint, err);
}

/* [["3", 0.9], …]; null is as good as none. */
static int read_classes(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, struct detection *detection, struct error *err)
{
	static const char complaint[] = "'classifications' is not a list of [class, confidence]";
	struct json_token token;

	scratch->classes.count -= detection->class_count;
	detection->class_count = 0;
	if (json_next(json, &token, err) != 0 || token.kind == JSON_NULL)
		return token.kind == JSON_NULL ? 0 : -1;
	if (token.kind != JSON_ARRAY)
		return json_refuse(json, err, "%s", complaint);
	for (;;) {
		struct detected_class class;

		if (json_next(json, &token, err) != 0)
			return -1;
		if (token.kind == JSON_ARRAY_END)
			return 0;
		if (token.kind != JSON_ARRAY)
			return json_refuse(json, err, "%s", complaint);
		if (read_id(json, &header->classes, "classification_categories", &class.index,
			    err) != 0 ||
			read_number(json, "confidence", -1, 1, &class.confidence, err) != 0 ||
			expect(json, JSON_ARRAY_END, complaint, err) != 0)
			return -1;
		ARRAY_APPEND(&scratch->classes, class);
		detection->class_count++;
	}
}

static int read_frame(struct json_reader *json, struct detection *detection, struct error *err)
{
	struct json_token token;

	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind == JSON_NUMBER && token.number >= 0 && token.number < 1e15)
		detection->frame = (int64_t)token.number;
	return json_skip(json, &token, err);
}

enum seen { SEEN_CATEGORY = 1, SEEN_CONFIDENCE = 2, SEEN_BOX = 4, SEEN_ALL = 7 };

static int read_detection_member(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, struct detection *detection, unsigned *seen,
	const struct json_token *name, struct error *err)
{
	if (strcmp(name->text, "category") == 0) {
		*seen |= SEEN_CATEGORY;
		return read_id(json, &header->categories, "detection_categories",
			&detection->category, err);
	}
	if (strcmp(name->text, "conf") == 0) {
		*seen |= SEEN_CONFIDENCE;
		return read_number(json, "confidence", -1, 1, &detection->confidence, err);
	}
	if (strcmp(name->text, "bbox") == 0) {
		*seen |= SEEN_BOX;
		return read_box(json, detection, err);
	}
	if (strcmp(name->text, "classifications") == 0)
		return read_classes(json, header, scratch, detection, err);
	if (strcmp(name->text, "frame_number") == 0)
		return read_frame(json, detection, err);
	return json_skip(json, name, err);
}

static int read_detection(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, struct error *err)
{
	struct detection detection = {.frame = -1};
	struct json_token token;
	unsigned seen = 0;
	int result;

	while ((result = detections_member(json, &token, err)) == 1)
		if (read_detection_member(json, header, scratch, &detection, &seen, &token, err) !=
			0)
			return -1;
	if (result != 0)
		return -1;
	if (seen != SEEN_ALL)
		return json_refuse(json, err,
			seen & SEEN_CONFIDENCE ? "a detection without 'category' or 'bbox'"
					       : "a detection without 'conf'");
	ARRAY_APPEND(&scratch->detections, detection);
	return 0;
}

static int read_detections(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, bool *told, struct error *err)
{
	struct json_token token;

	scratch->detections.count = scratch->classes.count = 0;
	if (json_next(json, &token, err) != 0)
		return -1;
	*told = token.kind == JSON_ARRAY;
	if (token.kind == JSON_NULL)
		return 0;
	if (token.kind != JSON_ARRAY)
		return json_refuse(json, err, "'detections' is neither a list nor null");
	for (;;) {
		if (json_next(json, &token, err) != 0)
			return -1;
		if (token.kind == JSON_ARRAY_END)
			return 0;
		if (token.kind != JSON_OBJECT)
			return json_refuse(json, err, "a detection that is not an object");
		if (read_detection(json, header, scratch, err) != 0)
			return -1;
	}
}

/* Takes a text; null is none, anything else is told by its kind. */
static int read_text(struct json_reader *json, const char *member, char **text, struct error *err)
{
	struct json_token token;

	free(*text);
	*text = NULL;
	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind == JSON_NULL)
		return 0;
	if (token.kind != JSON_STRING || strlen(token.text) != token.length)
		return json_refuse(json, err, "'%s' is not a text", member);
	*text = xstrdup(token.text);
	return 0;
}

static int read_member(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, struct detected_image *image,
	const struct json_token *name, bool *told, struct error *err)
{
	struct json_token token;

	if (strcmp(name->text, "file") == 0)
		return read_text(json, "file", &scratch->file, err);
	if (strcmp(name->text, "failure") == 0)
		return read_text(json, "failure", &scratch->failure, err);
	if (strcmp(name->text, "detections") == 0)
		return read_detections(json, header, scratch, told, err);
	if (strcmp(name->text, "frame_rate") != 0)
		return json_skip(json, name, err);
	if (json_next(json, &token, err) != 0)
		return -1;
	/* -1 stands for a film that could not be read. */
	if (token.kind == JSON_NUMBER && token.number > 0 && isfinite(token.number))
		image->frame_rate = token.number;
	return json_skip(json, &token, err);
}

int detections_read_image(struct json_reader *json, const struct detections_header *header,
	struct detections_scratch *scratch, struct detected_image *image, struct error *err)
{
	struct json_token token;
	bool told = false;
	size_t class = 0;
	int result;

	*image = (struct detected_image){.frame_rate = NAN};
	free(scratch->file);
	free(scratch->failure);
	scratch->file = scratch->failure = NULL;
	scratch->detections.count = scratch->classes.count = 0;
	while ((result = detections_member(json, &token, err)) == 1)
		if (read_member(json, header, scratch, image, &token, &told, err) != 0)
			return -1;
	if (result != 0)
		return -1;
	if (scratch->file == NULL)
		return json_refuse(json, err, "an image without 'file'");
	image->file = scratch->file;
	image->failure = scratch->failure;
	if (image->failure == NULL && !told)
		image->failure = "no detections are told of it";
	if (image->failure != NULL)
		return 0;
	for (size_t i = 0; i < scratch->detections.count; i++) {
		struct detection *detection = &scratch->detections.items[i];

		if (detection->class_count > 0)
			detection->classes = scratch->classes.items + class;
		class += detection->class_count;
	}
	image->items = scratch->detections.items;
	image->count = scratch->detections.count;
	return 0;
}
