/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One file's detections as MegaDetector writes them: contracts/detector.md section 2. */
#include "detect_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void detect_entry_release(struct detect_entry *entry)
{
	free(entry->reason);
	free(entry->boxes.items);
	free(entry->frames.items);
	*entry = (struct detect_entry){0};
}

void detect_entry_add(
	struct detect_entry *entry, const struct detector_result *result, int64_t frame)
{
	for (size_t i = 0; i < result->count; i++) {
		struct detect_box box = {result->boxes[i], frame};

		ARRAY_APPEND(&entry->boxes, box);
	}
	if (frame >= 0)
		ARRAY_APPEND(&entry->frames, (uint64_t)frame);
}

/* ---- JSON ---- */

/* The code point at `*text`, which is UTF-8; moves behind it. */
static uint32_t next_character(const unsigned char **text)
{
	uint32_t first = *(*text)++;
	int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
	uint32_t code = more == 0 ? first : first & (0x3Fu >> more);

	while (more-- > 0 && **text != '\0')
		code = code << 6 | (*(*text)++ & 0x3Fu);
	return code;
}

void detect_text_write(FILE *stream, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', stream);
	while (*at != '\0') {
		uint32_t code = next_character(&at);

		if (code == '"' || code == '\\')
			fprintf(stream, "\\%c", (int)code);
		else if (code >= 0x10000)
			fprintf(stream, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
				0xDC00 + ((code - 0x10000) & 0x3FF));
		else if (code < ' ' || code > '~')
			fprintf(stream, "\\u%04x", code);
		else
			fputc((int)code, stream);
	}
	fputc('"', stream);
}

/* As Python writes it: no zeros at the end, but always a point ("1" is refused by validators). */
static void write_number(FILE *stream, double value, int digits)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%.*f", digits, value);

	while (text[length - 1] == '0' && text[length - 2] != '.')
		text[--length] = '\0';
	fputs(text, stream);
}

static void write_box(FILE *stream, const struct detect_box *box, bool video)
{
	const double sides[] = {box->box.x, box->box.y, box->box.width, box->box.height};

	fprintf(stream, "{\"category\": \"%u\", \"conf\": ", box->box.kind + 1);
	write_number(stream, box->box.confidence, 3);
	fputs(", \"bbox\": [", stream);
	for (int i = 0; i < 4; i++) {
		fputs(i > 0 ? ", " : "", stream);
		write_number(stream, sides[i], 4);
	}
	fputc(']', stream);
	if (video)
		fprintf(stream, ", \"frame_number\": %lld", (long long)box->frame);
	fputc('}', stream);
}

static int by_confidence(const void *one, const void *other)
{
	const struct detect_box *a = one, *b = other;

	if (a->box.confidence != b->box.confidence)
		return a->box.confidence < b->box.confidence ? 1 : -1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static void write_film(FILE *stream, const struct detect_entry *entry)
{
	fputs(", \"frame_rate\": ", stream);
	write_number(stream, entry->failure == NULL ? entry->frame_rate : -1.0, 6);
	fputs(", \"frames_processed\": [", stream);
	for (size_t i = 0; entry->failure == NULL && i < entry->frames.count; i++)
		fprintf(stream, "%s%llu", i > 0 ? ", " : "",
			(unsigned long long)entry->frames.items[i]);
	fputc(']', stream);
}

static void write_facts(
	FILE *stream, const struct detect_file *file, const struct detect_entry *entry)
{
	struct wall_time modified;
	char text[TIMESTAMP_SIZE];

	if (entry->width > 0)
		fprintf(stream, ", \"width\": %u, \"height\": %u", entry->width, entry->height);
	fputs(", \"datetime\": ", stream);
	if (entry->date[0] == '\0')
		fputs("null", stream);
	else
		detect_text_write(stream, entry->date);
	wall_from_seconds(file->mtime, &modified);
	format_wall(&modified, text);
	fprintf(stream, ", \"size\": %llu, \"modified\": \"%sZ\"", (unsigned long long)file->size,
		text);
	if (entry->sha256[0] != '\0')
		fprintf(stream, ", \"sha256\": \"%s\"", entry->sha256);
}

void detect_entry_write(FILE *stream, const struct detect_file *file, struct detect_entry *entry)
{
	if (entry->boxes.count > 1)
		qsort(entry->boxes.items, entry->boxes.count, sizeof *entry->boxes.items,
			by_confidence);
	fputs("{\"file\": ", stream);
	detect_text_write(stream, file->name);
	if (entry->failure != NULL) {
		fputs(", \"failure\": ", stream);
		detect_text_write(stream, entry->failure);
		fputs(", \"detections\": null", stream);
	} else {
		fputs(", \"detections\": [", stream);
		for (size_t i = 0; i < entry->boxes.count; i++) {
			fputs(i > 0 ? ", " : "", stream);
			write_box(stream, &entry->boxes.items[i], entry->video);
		}
		fputc(']', stream);
	}
	if (entry->video)
		write_film(stream, entry);
	write_facts(stream, file, entry);
	if (entry->reason != NULL) {
		fputs(", \"reason\": ", stream);
		detect_text_write(stream, entry->reason);
	}
	fputc('}', stream);
}

/* ---- the rest of the file ---- */

char *detect_time(int64_t seconds)
{
	struct wall_time wall;
	char text[TIMESTAMP_SIZE];

	wall_from_seconds(seconds, &wall);
	format_wall(&wall, text);
	text[10] = ' ';
	return xstrdup(text);
}

static void write_member(FILE *stream, const char *key, const char *text)
{
	if (text == NULL)
		return;
	fprintf(stream, ", \"%s\": ", key);
	detect_text_write(stream, text);
}

static void write_thresholds(
	FILE *stream, const struct detections_header *header, uint32_t image_size)
{
	const char *between = "";

	fputs(", \"detector_metadata\": {", stream);
	if (header->detector_version != NULL) {
		fputs("\"megadetector_version\": ", stream);
		detect_text_write(stream, header->detector_version);
		between = ", ";
	}
	if (!isnan(header->typical_threshold)) {
		fprintf(stream, "%s\"typical_detection_threshold\": %g", between,
			header->typical_threshold);
		between = ", ";
	}
	if (!isnan(header->conservative_threshold)) {
		fprintf(stream, "%s\"conservative_detection_threshold\": %g", between,
			header->conservative_threshold);
		between = ", ";
	}
	if (image_size > 0)
		fprintf(stream, "%s\"image_size\": %u", between, image_size);
	fputc('}', stream);
}

static void write_categories(
	FILE *stream, const char *key, const struct detections_category_list *list, bool described)
{
	const char *between = "";

	fprintf(stream, " \"%s\": {", key);
	for (size_t i = 0; i < list->count; i++) {
		const struct detections_category *category = &list->items[i];

		if (described && category->description == NULL)
			continue;
		fputs(between, stream);
		detect_text_write(stream, category->id);
		fputs(": ", stream);
		detect_text_write(stream, described ? category->description : category->name);
		between = ", ";
	}
	fputs("},\n", stream);
}

static bool any_described(const struct detections_category_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].description != NULL)
			return true;
	return false;
}

void detect_head_write(FILE *stream, const struct detections_header *header, uint32_t image_size)
{
	fputs("{\n \"info\": {\"format_version\": \"1.6\"", stream);
	write_member(stream, "detector", header->detector);
	write_member(stream, "detection_completion_time", header->completed);
	write_thresholds(stream, header, image_size);
	write_member(stream, "classifier", header->classifier);
	write_member(stream, "classification_completion_time", header->classification_completed);
	if (header->custom_metadata != NULL)
		fprintf(stream, ", \"custom_metadata\": %s", header->custom_metadata);
	fputs("},\n", stream);
	write_categories(stream, "detection_categories", &header->categories, false);
	if (header->classes.count > 0)
		write_categories(stream, "classification_categories", &header->classes, false);
	if (any_described(&header->classes))
		write_categories(
			stream, "classification_category_descriptions", &header->classes, true);
	fputs(" \"images\": [\n", stream);
}

void detect_tail_write(FILE *stream)
{
	fputs("\n ]\n}\n", stream);
}
