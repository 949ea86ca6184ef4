/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of media: their deployment, their time, their file. */
#include "check.h"

#include "trapkit/error.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define EXIF_LIMIT (1u << 20)

/* C06: clocks that were reset, and files whose times go back while their names go on. */
static void check_clock(struct row *row, uint32_t deployment)
{
	struct check *check = row->check;
	const struct value *time = &row->values[M_TIMESTAMP], *name = &row->values[M_NAME];
	size_t shared =
		name->length < check->last_name_length ? name->length : check->last_name_length;

	if (value_is(time) &&
		(memcmp(time->text, "1970-01-01", 10) == 0 ||
			memcmp(time->text, "2000-01-01", 10) == 0))
		row_say(row, "C06", CAMTRAPDP_INFO, M_TIMESTAMP,
			"the camera's clock seems to have been reset; correct the times, or set "
			"the deployment's timestampIssues to true");
	if (value_is(time) && value_is(name) && check->last_dated &&
		check->last_file_of == deployment && time->time < check->last_time &&
		name->length == check->last_name_length &&
		memcmp(name->text, check->last_name, shared) > 0)
		row_say(row, "C06", CAMTRAPDP_INFO, M_TIMESTAMP,
			"the time goes back although the file name goes on; was the clock set, or "
			"a card changed?");
	check->last_dated =
		value_is(time) && value_is(name) && name->length <= sizeof check->last_name;
	if (check->last_dated) {
		memcpy(check->last_name, name->text, name->length);
		check->last_name_length = name->length;
		check->last_time = time->time;
		check->last_file_of = deployment;
	}
}

/* C02, and what is gathered of the deployment. */
static void check_within(struct row *row, uint32_t index)
{
	const struct value *time = &row->values[M_TIMESTAMP];
	struct deployment *deployment = &row->check->deployments.items[index];

	deployment->files++;
	if (!value_is(time))
		return;
	if (deployment->files == 1)
		deployment->time = time->time;
	else
		deployment->varied |= deployment->time != time->time;
	if (deployment->timed && (time->time < deployment->start || time->time > deployment->end))
		row_say(row, "C02", deployment->issues ? CAMTRAPDP_INFO : CAMTRAPDP_WARNING,
			M_TIMESTAMP,
			"the time is outside its deployment '%s'; check clock, zone and the "
			"deployment's start and end",
			deployment->name);
}

/* F04: only where there is something. */
static void check_exif(struct row *row)
{
	const struct value *exif = &row->values[M_EXIF];
	char *text;
	cJSON *json;

	if (!value_is(exif) || exif->length > EXIF_LIMIT)
		return;
	text = xstrndup(exif->text, exif->length);
	json = cJSON_ParseWithOpts(text, NULL, 1);
	if (!cJSON_IsObject(json))
		row_say(row, "F04", CAMTRAPDP_WARNING, M_EXIF,
			"exifData is no JSON object; write {\"Make\": \"…\"} or leave it empty");
	else if (strstr(text, "GPSLatitude") != NULL)
		row_say(row, "F04", CAMTRAPDP_INFO, M_EXIF,
			"exifData holds the position; take it out where places are kept secret");
	else if (strstr(text, "\"Directory\":\"/") != NULL ||
		strstr(text, "\"SourceFile\":\"/") != NULL ||
		strstr(text, "\"SourceFile\": \"/") != NULL ||
		strstr(text, "\"Directory\": \"/") != NULL)
		row_say(row, "F04", CAMTRAPDP_INFO, M_EXIF,
			"exifData holds paths of the machine that made it");
	cJSON_Delete(json);
	free(text);
}

void expect_media_row(const struct check *check, const struct row *row)
{
	key_prefetch(&check->media_ids, row->values[M_ID].hash);
}

void check_media_row(struct row *row)
{
	struct check *check = row->check;
	const struct value *id = &row->values[M_ID];
	const struct value *time = &row->values[M_TIMESTAMP], *method = &row->values[M_METHOD];
	const struct value *type = &row->values[M_TYPE], *open = &row->values[M_PUBLIC];
	uint32_t deployment = row_deployment(row, M_DEPLOYMENT, &check->lost[0]);
	uint64_t payload = media_moment(deployment, value_is(time) ? time->time : 0) << MEDIA_FLAGS;
	uint64_t *slot;

	if (value_is(type) && type->text[0] != 'i')
		payload |= MEDIA_IS_CLIP;
	if (value_is(open) && open->choice == 1)
		payload |= MEDIA_IS_PUBLIC;
	if (!value_is(time))
		payload |= MEDIA_IS_UNDATED;
	if (value_is(method))
		check->methods[method->choice]++;
	if (value_is(id) && !key_add(&check->media_ids, id->hash, payload, &slot))
		row_say_repeated(row);
	if (deployment != NO_DEPLOYMENT)
		check_within(row, deployment);
	check_clock(row, deployment);
	check_exif(row);
	check_file(row);
}
