/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several files of detections made one; shards of one run proven complete. */
#include "detect_job.h"

#include "trapkit/output_file.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* One file to join. */
struct part {
	const char *path;
	struct detections_reader *reader;
	const struct detections_header *header;
	char **categories, **classes; /* new ids by index; the lists' texts are `merge`'s */
	bool same_ids;
	unsigned shard, shards; /* shards 0 = it is none */
	const char *manifest;
	cJSON *custom;
};

/* Where an entry is. */
struct place {
	char *file;
	uint64_t offset;
	uint32_t part;
};

struct merge {
	struct part *parts;
	size_t part_count;
	struct {
		struct place *items;
		size_t count, capacity;
	} places;
	struct detections_header header; /* of the result */
	uint32_t image_size;
	struct detect_merged *merged;
	const struct progress *progress;
};

/* ---- categories ---- */

static struct detections_category *find_category(
	struct detections_category_list *list, const char *id, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if ((id != NULL && strcmp(list->items[i].id, id) == 0) ||
			(name != NULL && strcmp(list->items[i].name, name) == 0))
			return &list->items[i];
	return NULL;
}

/* The id that a category has in the result: of its name, else its own, else the next free one. */
static char *settle_category(
	struct detections_category_list *list, const struct detections_category *category)
{
	struct detections_category *known = find_category(list, NULL, category->name);
	struct detections_category added = {.name = xstrdup(category->name),
		.description =
			category->description == NULL ? NULL : xstrdup(category->description)};

	if (known != NULL) {
		free(added.name);
		free(added.description);
		return known->id;
	}
	added.id = xstrdup(category->id);
	for (size_t next = 1; find_category(list, added.id, NULL) != NULL; next++) {
		free(added.id);
		added.id = xasprintf("%zu", next);
	}
	ARRAY_APPEND(list, added);
	return added.id;
}

static char **settle_categories(struct detections_category_list *list,
	const struct detections_category_list *own, bool *same)
{
	char **ids = xcalloc(own->count + 1, sizeof *ids);

	for (size_t i = 0; i < own->count; i++) {
		ids[i] = settle_category(list, &own->items[i]);
		*same &= strcmp(ids[i], own->items[i].id) == 0;
	}
	return ids;
}

/* ---- the parts ---- */

static const cJSON *member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

static unsigned whole_number(const cJSON *object, const char *key)
{
	const cJSON *item = member(object, key);

	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e9
		? (unsigned)item->valuedouble
		: 0;
}

static void read_making(struct part *part)
{
	const cJSON *making;

	part->custom = part->header->custom_metadata == NULL
		? NULL
		: cJSON_Parse(part->header->custom_metadata);
	making = member(part->custom, "trapkit");
	part->shards = whole_number(making, "shards");
	part->shard = whole_number(making, "shard");
	part->manifest = cJSON_GetStringValue(member(making, "manifest"));
	if (part->manifest == NULL)
		part->shards = 0;
}

static int index_part(struct merge *merge, size_t number, struct error *err)
{
	struct part *part = &merge->parts[number];
	struct detected_image image;
	int more = -1;

	while (progress_check(merge->progress, err) == 0 &&
		(more = detections_next(part->reader, &image, err)) == 1) {
		struct place place = {.file = xstrdup(image.file),
			.offset = image.offset,
			.part = (uint32_t)number};

		ARRAY_APPEND(&merge->places, place);
	}
	return more == 0 ? 0 : -1;
}

static int open_part(struct merge *merge, size_t number, const char *path, struct error *err)
{
	struct part *part = &merge->parts[number];

	part->path = path;
	part->reader = detections_open(path, err);
	if (part->reader == NULL)
		return -1;
	part->header = detections_header(part->reader);
	part->same_ids = part->header->format_version != NULL &&
		strcmp(part->header->format_version, "1.6") == 0;
	read_making(part);
	return index_part(merge, number, err);
}

static void release(struct merge *merge)
{
	for (size_t i = 0; i < merge->part_count; i++) {
		detections_close(merge->parts[i].reader);
		free(merge->parts[i].categories);
		free(merge->parts[i].classes);
		cJSON_Delete(merge->parts[i].custom);
	}
	for (size_t i = 0; i < merge->places.count; i++)
		free(merge->places.items[i].file);
	free(merge->places.items);
	free(merge->parts);
	detections_header_release(&merge->header);
}

/* ---- whether all is there ---- */

static int by_file(const void *one, const void *other)
{
	const struct place *a = one, *b = other;

	return strcmp(a->file, b->file);
}

static int check_once(struct merge *merge, struct error *err)
{
	if (merge->places.count > 1)
		qsort(merge->places.items, merge->places.count, sizeof *merge->places.items,
			by_file);
	for (size_t i = 1; i < merge->places.count; i++) {
		const struct place *a = &merge->places.items[i - 1];
		const struct place *b = &merge->places.items[i];

		if (strcmp(a->file, b->file) == 0)
			return error_set(err, ERROR_INPUT,
				"'%s' is twice there, in '%s' and in '%s'; merge each only once",
				a->file, merge->parts[a->part].path, merge->parts[b->part].path);
	}
	return 0;
}

/* Each shard once, and of one division. */
static int check_shards(struct merge *merge, struct error *err)
{
	const struct part *first = &merge->parts[0];
	const char **there = xcalloc(first->shards, sizeof *there);
	int result = 0;

	for (size_t i = 0; i < merge->part_count && result == 0; i++) {
		const struct part *part = &merge->parts[i];

		if (part->shards != first->shards || part->shard >= first->shards ||
			strcmp(part->manifest, first->manifest) != 0)
			result = error_set(err, ERROR_INPUT,
				"'%s' and '%s' are parts of different divisions: their files, or "
				"the number of parts, differ",
				first->path, part->path);
		else if (there[part->shard] != NULL)
			result = error_set(err, ERROR_INPUT,
				"'%s' and '%s' are the same part, %u of %u", there[part->shard],
				part->path, part->shard, part->shards);
		else
			there[part->shard] = part->path;
	}
	for (unsigned i = 0; i < first->shards && result == 0; i++)
		if (there[i] == NULL)
			result = error_set(err, ERROR_INPUT,
				"part %u of %u is missing: run 'trapkit detect --shard %u/%u' and "
				"merge again",
				i, first->shards, i, first->shards);
	free(there);
	return result;
}

static int digest_places(struct merge *merge, char hex[SHA256_HEX_SIZE], struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t sha256[SHA256_SIZE];
	int result = digest == NULL ? -1 : 0;

	for (size_t i = 0; i < merge->places.count && result == 0; i++) {
		const struct place *place = &merge->places.items[i];
		struct detected_image image;
		cJSON *entry;

		result =
			detections_at(merge->parts[place->part].reader, place->offset, &image, err);
		if (result != 0)
			break;
		entry = cJSON_ParseWithLength(image.json, image.json_size);
		detect_digest_file(
			digest, place->file, (uint64_t)cJSON_GetNumberValue(member(entry, "size")));
		cJSON_Delete(entry);
	}
	if (digest != NULL)
		sha256_finish(digest, sha256);
	sha256_hex(sha256, hex);
	sha256_free(digest);
	return result;
}

/* All are shards, or none is. */
static int check_kind(const struct merge *merge, struct error *err)
{
	const struct part *shard = NULL, *whole = NULL;

	for (size_t i = 0; i < merge->part_count; i++)
		if (merge->parts[i].shards > 0)
			shard = &merge->parts[i];
		else
			whole = &merge->parts[i];
	if (shard == NULL || whole == NULL)
		return 0;
	return error_set(err, ERROR_INPUT,
		"'%s' is a part of a divided run and '%s' is not; merge the parts of one run by "
		"themselves first",
		shard->path, whole->path);
}

/* The entries' names and sizes come to the digest of the list that was divided. */
static int check_complete(struct merge *merge, struct error *err)
{
	char hex[SHA256_HEX_SIZE];

	if (check_kind(merge, err) != 0)
		return -1;
	if (merge->parts[0].shards == 0)
		return 0;
	if (check_shards(merge, err) != 0 || digest_places(merge, hex, err) != 0)
		return -1;
	merge->merged->shards = merge->parts[0].shards;
	if (strcmp(hex, merge->parts[0].manifest) == 0)
		return 0;
	return error_set(err, ERROR_INPUT,
		"the parts do not hold together the files that were divided: one is not finished, "
		"or was changed; run each part again and merge again");
}

/* ---- the result ---- */

/* What all of them say; NULL when they do not agree. */
static void agree(char **all, const char *own, size_t number)
{
	if (number == 0) {
		*all = own == NULL ? NULL : xstrdup(own);
	} else if (*all != NULL && (own == NULL || strcmp(*all, own) != 0)) {
		free(*all);
		*all = NULL;
	}
}

static double same_number(double one, double other)
{
	return one == other ? one : NAN;
}

/* What the run without shards would say of itself. */
static char *join_making(const struct merge *merge)
{
	static const char *const own[] = {"shard", "shards", "files", "manifest"};
	cJSON *custom = cJSON_Duplicate(merge->parts[0].custom, true);
	cJSON *making = cJSON_GetObjectItemCaseSensitive(custom, "trapkit");
	char *printed, *joined;

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(making, own[i]);
	printed = cJSON_PrintUnformatted(custom);
	joined = xstrdup(printed);
	cJSON_free(printed);
	cJSON_Delete(custom);
	return joined;
}

static void join_header(struct merge *merge, size_t number)
{
	struct detections_header *header = &merge->header;
	struct part *part = &merge->parts[number];
	const struct detections_header *own = part->header;

	agree(&header->detector, own->detector, number);
	agree(&header->detector_version, own->detector_version, number);
	agree(&header->classifier, own->classifier, number);
	agree(&header->classification_completed, own->classification_completed, number);
	agree(&header->custom_metadata, own->custom_metadata, number);
	header->typical_threshold = number == 0
		? own->typical_threshold
		: same_number(header->typical_threshold, own->typical_threshold);
	header->conservative_threshold = number == 0
		? own->conservative_threshold
		: same_number(header->conservative_threshold, own->conservative_threshold);
	/* The last of them. */
	if (own->completed != NULL &&
		(header->completed == NULL || strcmp(own->completed, header->completed) > 0)) {
		free(header->completed);
		header->completed = xstrdup(own->completed);
	}
	part->categories =
		settle_categories(&header->categories, &own->categories, &part->same_ids);
	part->classes = settle_categories(&header->classes, &own->classes, &part->same_ids);
}

static void join_headers(struct merge *merge)
{
	struct detections_header *header = &merge->header;

	for (size_t i = 0; i < merge->part_count; i++)
		join_header(merge, i);
	merge->image_size = whole_number(member(merge->parts[0].custom, "trapkit"), "image_size");
	if (merge->merged->shards == 0)
		return;
	free(header->custom_metadata);
	header->custom_metadata = join_making(merge);
}

static int write_entry(
	struct merge *merge, const struct place *place, FILE *stream, struct error *err)
{
	const struct part *part = &merge->parts[place->part];
	const struct detect_rewrite rewrite = {.categories = (const char *const *)part->categories,
		.classes = (const char *const *)part->classes};
	struct detected_image image;

	if (detections_at(part->reader, place->offset, &image, err) != 0)
		return -1;
	merge->merged->files++;
	merge->merged->failed += image.failure != NULL;
	if (!part->same_ids)
		return detect_rewrite(stream, &image, &rewrite, err);
	fwrite(image.json, 1, image.json_size, stream);
	return 0;
}

static int write_result(struct merge *merge, const char *output, bool overwrite, struct error *err)
{
	struct output_file file = {0};
	int result = -1;

	if (output_file_open(&file, output, false, err) != 0)
		return -1;
	detect_head_write(file.stream, &merge->header, merge->image_size);
	for (size_t i = 0; i < merge->places.count; i++) {
		fputs(i > 0 ? ",\n" : "", file.stream);
		if (write_entry(merge, &merge->places.items[i], file.stream, err) != 0)
			goto done;
	}
	detect_tail_write(file.stream);
	result = output_file_publish(&file, overwrite ? OUTPUT_REPLACE : OUTPUT_REFUSE, err);
done:
	output_file_discard(&file);
	return result;
}

/* The same without writing. */
static int foretell(struct merge *merge, struct error *err)
{
	struct detected_image image;

	for (size_t i = 0; i < merge->places.count; i++) {
		const struct place *place = &merge->places.items[i];

		if (detections_at(merge->parts[place->part].reader, place->offset, &image, err) !=
			0)
			return -1;
		merge->merged->files++;
		merge->merged->failed += image.failure != NULL;
	}
	return 0;
}

int detect_merge(const struct string_list *paths, const char *output, bool overwrite, bool dry_run,
	struct detect_merged *merged, const struct progress *progress, struct error *err)
{
	struct merge merge = {.merged = merged, .progress = progress};
	int result = -1;

	*merged = (struct detect_merged){0};
	merge.parts = xcalloc(paths->count, sizeof *merge.parts);
	merge.part_count = paths->count;
	for (size_t i = 0; i < paths->count; i++)
		if (open_part(&merge, i, paths->items[i], err) != 0)
			goto done;
	if (check_once(&merge, err) != 0 || check_complete(&merge, err) != 0)
		goto done;
	join_headers(&merge);
	result = dry_run ? foretell(&merge, err) : write_result(&merge, output, overwrite, err);
done:
	release(&merge);
	return result;
}
