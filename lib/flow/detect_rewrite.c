/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries of any version made entries of version 1.6, with other ids, or struck out. */
#include "detect_job.h"

#include "trapkit/media.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "1" where "1.0" is meant is refused by readers that expect a real number. */
static void put_real(cJSON *object, const char *key, double value)
{
	char text[40];
	int length = snprintf(text, sizeof text, "%.15g", value);

	if (strspn(text, "-0123456789") == (size_t)length)
		snprintf(text + length, sizeof text - (size_t)length, ".0");
	cJSON_ReplaceItemInObjectCaseSensitive(object, key, cJSON_CreateRaw(text));
}

static void put_classes(
	cJSON *object, const struct detection *detection, const struct detect_rewrite *rewrite)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "classifications");

	for (size_t i = 0; i < detection->class_count; i++) {
		cJSON *pair = cJSON_GetArrayItem(list, (int)i);

		cJSON_ReplaceItemInArray(
			pair, 0, cJSON_CreateString(rewrite->classes[detection->classes[i].index]));
	}
}

static void put_detections(
	cJSON *entry, const struct detected_image *image, const struct detect_rewrite *rewrite)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, "detections");

	item = item == NULL ? NULL : item->child;
	for (size_t i = 0; i < image->count && item != NULL; i++, item = item->next) {
		const struct detection *detection = &image->items[i];
		double confidence = detection->confidence;

		if (rewrite->strike != NULL && confidence > 0 &&
			rewrite->strike(rewrite->context, detection))
			confidence = -confidence;
		put_real(item, "conf", confidence);
		if (rewrite->categories != NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(item, "category",
				cJSON_CreateString(rewrite->categories[detection->category]));
		if (rewrite->classes != NULL)
			put_classes(item, detection, rewrite);
	}
}

/* What versions before 1.6 left out. */
static void complete(cJSON *entry, const struct detected_image *image)
{
	bool video = media_type_is_video(media_type_by_name(image->file));

	cJSON_DeleteItemFromObjectCaseSensitive(entry, "max_detection_conf");
	if (image->failure == NULL) {
		cJSON_DeleteItemFromObjectCaseSensitive(entry, "failure");
		if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(entry, "detections"))) {
			cJSON_DeleteItemFromObjectCaseSensitive(entry, "detections");
			cJSON_AddArrayToObject(entry, "detections");
		}
	} else {
		cJSON_DeleteItemFromObjectCaseSensitive(entry, "detections");
		cJSON_AddNullToObject(entry, "detections");
	}
	if (!video || image->failure == NULL)
		return;
	if (cJSON_GetObjectItemCaseSensitive(entry, "frame_rate") == NULL)
		cJSON_AddRawToObject(entry, "frame_rate", "-1.0");
	if (cJSON_GetObjectItemCaseSensitive(entry, "frames_processed") == NULL)
		cJSON_AddArrayToObject(entry, "frames_processed");
}

int detect_rewrite(FILE *stream, const struct detected_image *image,
	const struct detect_rewrite *rewrite, struct error *err)
{
	cJSON *entry = cJSON_ParseWithLength(image->json, image->json_size);
	char *text = NULL;

	if (entry == NULL)
		return error_set(err, ERROR_INPUT, "the entry of '%s' cannot be read", image->file);
	put_detections(entry, image, rewrite);
	complete(entry, image);
	text = cJSON_PrintUnformatted(entry);
	cJSON_Delete(entry);
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	fputs(text, stream);
	cJSON_free(text);
	return 0;
}
