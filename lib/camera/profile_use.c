/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a profile makes of a picture: does it match, and what are id, date and position? */
#include "profiles.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool profile_matches_path(const struct camera_profile *profile, const char *path)
{
	regmatch_t groups[PATTERN_GROUPS];

	/* From the beginning on; the leftmost match is found. */
	return profile->path != NULL && pattern_search(profile->path, path, groups) &&
		groups[0].rm_so == 0;
}

bool profile_matches_exif(const struct camera_profile *profile, const struct tags *tags)
{
	regmatch_t groups[PATTERN_GROUPS];

	if (profile->path != NULL)
		return false;
	return (profile->make == NULL ||
		       pattern_search(profile->make, tags->texts[TAG_MAKE].text, groups)) &&
		(profile->model == NULL ||
			pattern_search(profile->model, tags->texts[TAG_MODEL].text, groups));
}

bool note_fills_exif(const struct camera_facts *facts)
{
	return facts->reader >= CAMERA_HYPERFIRE && facts->reader <= CAMERA_HYPERFIRE4K;
}

static char *cut(const char *text, const regmatch_t *group)
{
	if (group->rm_so < 0)
		return NULL;
	return xstrndup(text + group->rm_so, (size_t)(group->rm_eo - group->rm_so));
}

/* ---- id ---- */

static char *exif_value(const char *key, const struct picture *picture)
{
	int slot = key == NULL ? TAG_SERIAL : tag_slot_by_name(key);

	if (slot < 0)
		return NULL;
	if (slot == TAG_SERIAL && !picture->tags->texts[slot].there &&
		note_fills_exif(picture->facts))
		return server_text(picture->facts->serial);
	return server_text(picture->tags->texts[slot].text);
}

static char *key_value(const char *text, const char *key)
{
	char value[256];

	if (key == NULL)
		return *text == '\0' ? NULL : xstrdup(text);
	if (find_value(text, key, '=', ",;\n", value, sizeof value) ||
		find_value(text, key, ':', "\n", value, sizeof value))
		return xstrdup(value);
	return NULL;
}

static char *raw_id(const struct camera_profile *profile, const struct picture *picture)
{
	const struct camera_facts *facts = picture->facts;
	const char *text;

	switch (profile->id_from) {
	case CAMERA_FROM_EXIF:
		return exif_value(profile->id_key, picture);
	case CAMERA_FROM_FILE_NAME:
		return xstrdup(picture->clean_name);
	case CAMERA_FROM_PATH:
		return xstrdup(picture->path);
	case CAMERA_FROM_MAKER_NOTE:
		text = profile->id_key != NULL && strcmp(profile->id_key, "label") == 0
			? facts->label
			: facts->serial;
		return *text == '\0' ? NULL : xstrdup(text);
	case CAMERA_FROM_USER_COMMENT:
		return key_value(picture->tags->comment, profile->id_key);
	case CAMERA_FROM_DESCRIPTION:
		return key_value(picture->tags->description, profile->id_key);
	default:
		return NULL;
	}
}

char *profile_id(const struct camera_profile *profile, const struct picture *picture)
{
	char *text = raw_id(profile, picture);
	regmatch_t groups[PATTERN_GROUPS];
	char *id;

	if (text == NULL || profile->id == NULL)
		return text;
	id = pattern_search(profile->id, text, groups) ? cut(text, &groups[profile->id_group])
						       : NULL;
	free(text);
	if (id != NULL && *id == '\0') {
		free(id);
		id = NULL;
	}
	return id;
}

/* ---- date ---- */

static bool date_from_text(
	const struct camera_profile *profile, const char *text, struct wall_time *wall)
{
	regmatch_t groups[PATTERN_GROUPS];
	size_t count = strlen(profile->date_order);

	*wall = (struct wall_time){0};
	if (!pattern_search(profile->date, text, groups))
		return false;
	for (size_t i = 0; i < count; i++) {
		char *part = cut(text, &groups[i + 1]);
		long value = -1;
		int number;

		if (part != NULL && strlen(part) <= 4 && !parse_whole(part, &value))
			value = -1;
		free(part);
		if (value < 0)
			return false;
		number = (int)value;
		switch (profile->date_order[i]) {
		case 'Y':
			wall->year = number;
			break;
		case 'M':
			wall->month = number;
			break;
		case 'D':
			wall->day = number;
			break;
		case 'h':
			wall->hour = number;
			break;
		case 'm':
			wall->minute = number;
			break;
		default:
			wall->second = number;
			break;
		}
	}
	return wall_is_valid(wall);
}

bool profile_date(const struct camera_profile *profile, const struct picture *picture,
	struct wall_time *wall, enum time_source *source)
{
	const struct tag_text *original = &picture->tags->texts[TAG_ORIGINAL];
	const struct camera_facts *facts = picture->facts;

	switch (profile->date_from) {
	case CAMERA_FROM_EXIF:
		*source = TIME_EXIF;
		if (original->there)
			return server_date(original->text, wall);
		if (!note_fills_exif(facts))
			return false;
		/* fall through */
	case CAMERA_FROM_MAKER_NOTE:
		*source = TIME_MAKER_NOTE;
		*wall = facts->own_date;
		return facts->has_own_date;
	case CAMERA_FROM_FILE_NAME:
		*source = TIME_FILE_NAME;
		return date_from_text(profile, text_base_name(picture->path), wall);
	case CAMERA_FROM_PATH:
		*source = TIME_FILE_NAME;
		return date_from_text(profile, picture->path, wall);
	default:
		return false;
	}
}

/* ---- position ---- */

/* Digits alone may be more than a number holds. */
static double number_of(const char *text)
{
	double value;

	return text != NULL && text_parse_number(text, &value) ? value : NAN;
}

bool profile_position(const struct camera_profile *profile, const struct picture *picture,
	double *latitude, double *longitude)
{
	regmatch_t groups[PATTERN_GROUPS];
	const char *text = profile->gps_from == CAMERA_FROM_PATH ? picture->path
								 : text_base_name(picture->path);
	char *parts[2];

	if (profile->gps_from == CAMERA_FROM_EXIF)
		return server_position(picture->tags, latitude, longitude);
	if (profile->gps_from == CAMERA_FROM_NOWHERE || !pattern_search(profile->gps, text, groups))
		return false;
	for (int i = 0; i < 2; i++)
		parts[i] = cut(text, &groups[i + 1]);
	*latitude = number_of(parts[0]);
	*longitude = number_of(parts[1]);
	free(parts[0]);
	free(parts[1]);
	return true;
}
