/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A results file's header: what it says of the detector, the categories, and the classes. */
#include "detections_read.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int detections_member(struct json_reader *json, struct json_token *token, struct error *err)
{
	if (json_next(json, token, err) != 0)
		return -1;
	return token->kind == JSON_NAME;
}

/* Takes the value of a member when it is a text or number; all else is passed over. */
static int read_text(struct json_reader *json, char **text, struct error *err)
{
	struct json_token token;

	free(*text);
	*text = NULL;
	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind == JSON_STRING || token.kind == JSON_NUMBER)
		*text = xstrdup(token.text);
	return json_skip(json, &token, err);
}

static int read_number(struct json_reader *json, double *number, struct error *err)
{
	struct json_token token;

	if (json_next(json, &token, err) != 0)
		return -1;
	*number = token.kind == JSON_NUMBER && isfinite(token.number) ? token.number : NAN;
	return json_skip(json, &token, err);
}

/* Takes the value as it is written, when it is an object or a list. */
static int read_raw(struct json_reader *json, char **text, struct error *err)
{
	struct json_token token;
	const char *bytes;
	size_t size;

	free(*text);
	*text = NULL;
	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind != JSON_OBJECT && token.kind != JSON_ARRAY)
		return 0;
	json_keep(json);
	if (json_skip(json, &token, err) != 0)
		return -1;
	bytes = json_kept(json, &size);
	*text = xstrndup(bytes, size);
	return 0;
}

static int read_detector(
	struct json_reader *json, struct detections_header *header, struct error *err)
{
	struct json_token token;
	int result = json_next(json, &token, err);

	if (result != 0 || token.kind != JSON_OBJECT)
		return result != 0 ? -1 : json_skip(json, &token, err);
	while ((result = detections_member(json, &token, err)) == 1) {
		if (strcmp(token.text, "megadetector_version") == 0)
			result = read_text(json, &header->detector_version, err);
		else if (strcmp(token.text, "typical_detection_threshold") == 0)
			result = read_number(json, &header->typical_threshold, err);
		else if (strcmp(token.text, "conservative_detection_threshold") == 0)
			result = read_number(json, &header->conservative_threshold, err);
		else
			result = json_skip(json, &token, err);
		if (result != 0)
			return -1;
	}
	return result;
}

static int read_info_member(struct json_reader *json, struct detections_header *header,
	const struct json_token *token, struct error *err)
{
	const struct {
		const char *name;
		char **text;
	} texts[] = {{"format_version", &header->format_version}, {"detector", &header->detector},
		{"detection_completion_time", &header->completed},
		{"classifier", &header->classifier},
		{"classification_completion_time", &header->classification_completed}};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(token->text, texts[i].name) == 0)
			return read_text(json, texts[i].text, err);
	if (strcmp(token->text, "detector_metadata") == 0)
		return read_detector(json, header, err);
	if (strcmp(token->text, "custom_metadata") == 0)
		return read_raw(json, &header->custom_metadata, err);
	return json_skip(json, token, err);
}

static int read_info(struct json_reader *json, struct detections_header *header, struct error *err)
{
	struct json_token token;
	int result;

	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind != JSON_OBJECT)
		return json_refuse(json, err, "'info' is not an object");
	while ((result = detections_member(json, &token, err)) == 1)
		if (read_info_member(json, header, &token, err) != 0)
			return -1;
	if (result != 0)
		return -1;
	if (header->format_version != NULL && strncmp(header->format_version, "1.", 2) != 0 &&
		strcmp(header->format_version, "1") != 0)
		return json_refuse(json, err,
			"format version '%s' is not known; 1.0 to 1.6 are read",
			header->format_version);
	return 0;
}

static void release_categories(struct detections_category_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].id);
		free(list->items[i].name);
		free(list->items[i].description);
	}
	free(list->items);
	*list = (struct detections_category_list){0};
}

void detections_header_release(struct detections_header *header)
{
	free(header->format_version);
	free(header->detector);
	free(header->detector_version);
	free(header->completed);
	free(header->classifier);
	free(header->classification_completed);
	free(header->custom_metadata);
	release_categories(&header->categories);
	release_categories(&header->classes);
	*header = (struct detections_header){0};
}

static int compare_ids(const void *one, const void *other)
{
	const struct detections_category *a = one, *b = other;

	return strcmp(a->id, b->id);
}

/* An object of texts: { "1": "animal", … }. */
static int read_categories(struct json_reader *json, struct detections_category_list *list,
	const char *member, struct error *err)
{
	struct json_token token;
	int result = json_next(json, &token, err);

	release_categories(list);
	if (result != 0 || token.kind == JSON_NULL)
		return result;
	if (token.kind != JSON_OBJECT)
		return json_refuse(json, err, "'%s' is not an object", member);
	while ((result = detections_member(json, &token, err)) == 1) {
		struct detections_category category = {.id = xstrdup(token.text)};

		result = read_text(json, &category.name, err);
		ARRAY_APPEND(list, category);
		if (result == 0 && category.name == NULL)
			result = json_refuse(json, err, "'%s': the name of '%s' is not a text",
				member, category.id);
		if (result == 0 && list->count > DETECTIONS_MOST_CATEGORIES)
			result = json_refuse(json, err, "'%s' has more than %d entries", member,
				DETECTIONS_MOST_CATEGORIES);
		if (result != 0)
			return -1;
	}
	if (result != 0)
		return -1;
	if (list->count > 0)
		qsort(list->items, list->count, sizeof *list->items, compare_ids);
	for (size_t i = 1; i < list->count; i++)
		if (compare_ids(&list->items[i - 1], &list->items[i]) == 0)
			return json_refuse(
				json, err, "'%s' has '%s' twice", member, list->items[i].id);
	return 0;
}

static int count_images(struct json_reader *json, struct detections_header *header,
	uint64_t *offset, uint64_t *line, struct error *err)
{
	struct json_token token;

	if (json_next(json, &token, err) != 0)
		return -1;
	if (token.kind != JSON_ARRAY)
		return json_refuse(json, err, "'images' is not a list");
	*offset = json_offset(json);
	*line = json_line(json);
	header->images = 0;
	for (;;) {
		if (json_next(json, &token, err) != 0)
			return -1;
		if (token.kind == JSON_ARRAY_END)
			return 0;
		header->images++;
		if (json_skip(json, &token, err) != 0)
			return -1;
	}
}

struct found {
	bool images, categories, predictions, checkpoint;
	uint64_t *offset, *line;
	struct detections_category_list descriptions;
};

static int read_member(struct json_reader *json, struct detections_header *header,
	struct found *found, const struct json_token *token, struct error *err)
{
	if (strcmp(token->text, "images") == 0) {
		found->images = true;
		return count_images(json, header, found->offset, found->line, err);
	}
	if (strcmp(token->text, "info") == 0)
		return read_info(json, header, err);
	if (strcmp(token->text, "detection_categories") == 0) {
		found->categories = true;
		return read_categories(json, &header->categories, "detection_categories", err);
	}
	if (strcmp(token->text, "classification_categories") == 0)
		return read_categories(json, &header->classes, "classification_categories", err);
	if (strcmp(token->text, "classification_category_descriptions") == 0)
		return read_categories(
			json, &found->descriptions, "classification_category_descriptions", err);
	found->predictions |= strcmp(token->text, "predictions") == 0;
	found->checkpoint |= strcmp(token->text, "checkpoint") == 0;
	return json_skip(json, token, err);
}

static void give_descriptions(
	struct detections_category_list *classes, struct detections_category_list *descriptions)
{
	for (size_t i = 0; i < descriptions->count; i++) {
		struct detections_category *description = &descriptions->items[i];
		struct detections_category *class = classes->count == 0
			? NULL
			: bsearch(description, classes->items, classes->count,
				  sizeof *classes->items, compare_ids);

		if (class != NULL) {
			class->description = description->name;
			description->name = NULL;
		}
	}
}

static int check_found(struct json_reader *json, const struct found *found, struct error *err)
{
	static const char format[] = "MegaDetector's batch format";

	if (found->predictions && !found->images)
		return json_refuse(json, err,
			"SpeciesNet's own format; convert it to %s with 'speciesnet_to_md'",
			format);
	if (found->checkpoint && !found->images)
		return json_refuse(json, err,
			"the checkpoint of an unfinished run; finish that run and give its "
			"results");
	if (!found->images)
		return json_refuse(json, err, "no 'images': these are no results in %s", format);
	if (!found->categories)
		return json_refuse(
			json, err, "no 'detection_categories': not complete results in %s", format);
	return 0;
}

int detections_read_header(struct json_reader *json, struct detections_header *header,
	uint64_t *images_offset, uint64_t *images_line, struct error *err)
{
	struct found found = {.offset = images_offset, .line = images_line};
	struct json_token token;
	int result = -1;

	header->typical_threshold = header->conservative_threshold = NAN;
	if (json_next(json, &token, err) != 0)
		goto done;
	if (token.kind == JSON_ARRAY) {
		json_refuse(json, err,
			"a bare list, as Microsoft's command writes with boxes in pixels; give "
			"results in MegaDetector's batch format");
		goto done;
	}
	if (token.kind != JSON_OBJECT) {
		json_refuse(json, err, "these are no results in MegaDetector's batch format");
		goto done;
	}
	while ((result = detections_member(json, &token, err)) == 1)
		if ((result = read_member(json, header, &found, &token, err)) != 0)
			goto done;
	if (result == 0)
		result = json_next(json, &token, err);
	if (result == 0)
		result = check_found(json, &found, err);
	give_descriptions(&header->classes, &found.descriptions);
done:
	release_categories(&found.descriptions);
	return result;
}
