/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of observations: against themselves, their deployment, their media file, their event. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING 2 /* in place of the hash of an empty cell */
#define MOST_NAMES 100000
#define TOLERANCE 1e-6

static bool given(const struct row *row, int field)
{
	return row->values[field].state != VALUE_MISSING;
}

static uint64_t hash_of(const struct row *row, int field)
{
	const struct value *value = &row->values[field];

	if (value_is(value))
		return value->bits;
	return value->length == 0 ? NOTHING : key_hash(value->text, value->length, KEY_SEED);
}

/* B01, B02 */
static void check_box(struct row *row)
{
	const struct value *x = &row->values[O_X], *y = &row->values[O_Y];
	const struct value *width = &row->values[O_WIDTH], *height = &row->values[O_HEIGHT];
	int there = given(row, O_X) + given(row, O_Y) + given(row, O_WIDTH) + given(row, O_HEIGHT);
	uint64_t hash = hash_of(row, O_MEDIA);

	if (there == 0)
		return;
	if (there < 4)
		row_say(row, "B01", CAMTRAPDP_WARNING, O_X,
			"a box needs all of bboxX, bboxY, bboxWidth and bboxHeight, or none");
	if (value_is(&row->values[O_LEVEL]) && row->values[O_LEVEL].choice == LEVEL_EVENT)
		row_say(row, "B01", CAMTRAPDP_WARNING, O_X,
			"a box belongs to one file, so only to rows of level 'media'");
	if (!value_is(x) || !value_is(y) || !value_is(width) || !value_is(height))
		return;
	if (x->number + width->number > 1 + TOLERANCE)
		row_say(row, "B01", CAMTRAPDP_WARNING, O_WIDTH,
			"bboxX + bboxWidth is over 1: the box leaves the picture; cut it at the "
			"edge");
	if (y->number + height->number > 1 + TOLERANCE)
		row_say(row, "B01", CAMTRAPDP_WARNING, O_HEIGHT,
			"bboxY + bboxHeight is over 1: the box leaves the picture; cut it at the "
			"edge");
	if (x->number == 0 && y->number == 0 && width->number == 1 && height->number == 1)
		row_say(row, "B02", CAMTRAPDP_INFO, O_X, "the box is the whole picture");
	for (int field = O_X; field <= O_HEIGHT; field++)
		hash = key_join(hash, hash_of(row, field));
	if (given(row, O_MEDIA) && !key_set_add(&row->check->boxes, hash))
		row_say(row, "B02", CAMTRAPDP_INFO, O_X,
			"an earlier row has the same box on the same file; keep one if it is the "
			"same animal");
}

/* V01 to V03 */
void check_observation_alone(struct row *row)
{
	static const int empty[] = {O_NAME, O_COUNT, O_STAGE, O_SEX, O_INDIVIDUAL};
	const struct value *type = &row->values[O_TYPE], *method = &row->values[O_METHOD];

	if (value_is(type) && (type->choice == TYPE_BLANK || type->choice == TYPE_NONE))
		for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
			if (given(row, empty[i]))
				row_say(row, "V01", CAMTRAPDP_WARNING, empty[i],
					"a %s row must leave this empty",
					type->choice == TYPE_BLANK ? "blank" : "unclassified");
	if (value_is(type) && type->choice == TYPE_ANIMAL && !given(row, O_NAME))
		row_say(row, "V02", CAMTRAPDP_INFO, O_NAME,
			"an animal has no scientificName; give at least Animalia, which GBIF "
			"can place");
	if (value_is(type) && type->choice == TYPE_VEHICLE && given(row, O_NAME))
		row_say(row, "V02", CAMTRAPDP_WARNING, O_NAME,
			"a vehicle has no scientificName; leave it empty");
	if (value_is(method) && method->choice == 1 && !given(row, O_BY))
		row_say(row, "V03", CAMTRAPDP_WARNING, O_BY,
			"classifiedBy should name the model and its version");
	check_box(row);
}

static void take_name(struct row *row)
{
	struct check *check = row->check;
	const struct value *name = &row->values[O_NAME];

	if (!value_is(name) || check->name_list.count >= MOST_NAMES ||
		!key_set_add(&check->names, name->hash))
		return;
	{
		char *text = xstrndup(name->text, name->length < 200 ? name->length : 200);

		string_list_add(&check->name_list, text);
		free(text);
	}
}

/* R02, C04, P01 */
static void check_media(struct row *row, uint32_t deployment)
{
	struct check *check = row->check;
	const struct value *start = &row->values[O_START], *end = &row->values[O_END];
	const struct value *level = &row->values[O_LEVEL], *type = &row->values[O_TYPE];
	bool timed = value_is(start) && value_is(end);
	uint64_t *media;
	int64_t taken;

	if (!given(row, O_MEDIA) || !check->read[MEDIA])
		return;
	media = key_find(&check->media_ids, row->values[O_MEDIA].hash);
	if (media == NULL) {
		lose_key(row, O_MEDIA, &check->lost[2]);
		return;
	}
	*media |= MEDIA_IS_SEEN;
	if (deployment != NO_DEPLOYMENT && media_deployment(*media) != NO_DEPLOYMENT &&
		media_deployment(*media) != deployment)
		row_say(row, "R02", CAMTRAPDP_WARNING, O_DEPLOYMENT,
			"the media file belongs to another deployment, '%s'; correct one of the "
			"two",
			check->deployments.items[media_deployment(*media)].name);
	if (value_is(type) && type->choice == TYPE_HUMAN && (*media & MEDIA_IS_PUBLIC))
		row_say(row, "P01", CAMTRAPDP_WARNING, O_MEDIA,
			"a person is on a file that is public; set its filePublic to false");
	if (!timed || (*media & MEDIA_IS_UNDATED) || !value_is(level) ||
		level->choice != LEVEL_MEDIA)
		return;
	taken = media_time(*media);
	if (!(*media & MEDIA_IS_CLIP) && (start->time != taken || end->time != taken))
		row_say(row, "C04", CAMTRAPDP_WARNING, O_START,
			"eventStart and eventEnd of a picture's row must be the picture's own "
			"time");
	else if ((*media & MEDIA_IS_CLIP) && start->time < taken)
		row_say(row, "C04", CAMTRAPDP_WARNING, O_START,
			"eventStart is before the clip begins; it cannot be earlier than the "
			"file's timestamp");
}

static void check_interval(struct row *row, uint32_t index)
{
	const struct value *start = &row->values[O_START], *end = &row->values[O_END];
	const struct deployment *deployment;

	if (!value_is(start) || !value_is(end))
		return;
	if (start->time > end->time) {
		row_say(row, "C03", CAMTRAPDP_WARNING, O_START,
			"the event starts after its end; are the two swapped?");
		return;
	}
	if (index == NO_DEPLOYMENT)
		return;
	deployment = &row->check->deployments.items[index];
	if (deployment->timed && deployment->start <= deployment->end &&
		(start->time < deployment->start || end->time > deployment->end))
		row_say(row, "C03", deployment->issues ? CAMTRAPDP_INFO : CAMTRAPDP_WARNING,
			O_START, "the event is outside its deployment '%s'; check clock and zone",
			deployment->name);
}

/* C05, V05 */
static void check_event(struct row *row, uint32_t deployment)
{
	static const int same[] = {
		O_TYPE, O_SETUP, O_NAME, O_STAGE, O_SEX, O_BEHAVIOR, O_INDIVIDUAL};
	struct check *check = row->check;
	const struct value *start = &row->values[O_START], *end = &row->values[O_END];
	uint64_t hash = key_join(hash_of(row, O_DEPLOYMENT), hash_of(row, O_EVENT)), span;
	uint64_t *slot;
	bool known;

	if (!value_is(start) || !value_is(end))
		return;
	span = key_join((uint64_t)start->time, (uint64_t)end->time);
	known = given(row, O_EVENT) && !key_add(&check->event_spans, hash, span, &slot);
	if (known && *slot != span)
		row_say(row, "C05", CAMTRAPDP_INFO, O_EVENT,
			"an earlier row gives this event of the deployment another start or end; "
			"give all rows of an event the same, or another eventID");
	/* The files of an event are looked for once. */
	if ((!known || *slot != span) && deployment != NO_DEPLOYMENT && start->time <= end->time)
		ARRAY_APPEND(&check->events,
			((struct event){media_moment(deployment, start->time),
				media_moment(deployment, end->time), row->number}));
	hash = key_join(hash, span);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		hash = key_join(hash, hash_of(row, same[i]));
	if (!key_set_add(&check->event_rows, hash))
		row_say(row, "V05", CAMTRAPDP_WARNING, O_EVENT,
			"an earlier row says the same of the same event and would count twice; "
			"keep one, with the whole count");
}

void expect_observation_row(const struct check *check, const struct row *row)
{
	key_prefetch(&check->observation_ids, row->values[O_ID].hash);
	if (row->values[O_MEDIA].length > 0)
		key_prefetch(&check->media_ids, row->values[O_MEDIA].hash);
}

void check_observation_row(struct row *row)
{
	struct check *check = row->check;
	const struct value *id = &row->values[O_ID], *level = &row->values[O_LEVEL];
	uint32_t deployment = row_deployment(row, O_DEPLOYMENT, &check->lost[1]);

	if (value_is(id) && !key_set_add(&check->observation_ids, id->hash))
		row_say_repeated(row);
	check_observation_alone(row);
	take_name(row);
	check_interval(row, deployment);
	check_media(row, deployment);
	if (!value_is(level))
		return;
	check->levels[level->choice]++;
	if (level->choice == LEVEL_MEDIA && !given(row, O_MEDIA))
		row_say(row, "R03", CAMTRAPDP_WARNING, O_MEDIA,
			"a row of level 'media' must name its file in mediaID");
	if (level->choice == LEVEL_EVENT && given(row, O_MEDIA))
		row_say(row, "R03", CAMTRAPDP_WARNING, O_MEDIA,
			"a row of level 'event' stands for several files; leave mediaID empty");
	if (level->choice == LEVEL_EVENT)
		check_event(row, deployment);
}
