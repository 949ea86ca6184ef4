/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of deployments, and the keys that lead to them. */
#include "check.h"

#include "trapkit/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LOST 1000
#define FOLD_SEED (KEY_SEED + 1)

/* The hash of an ID without regard to letter case and blanks around it. */
static uint64_t folded_hash(const struct value *value)
{
	char text[256];
	size_t length = value->length < sizeof text ? value->length : sizeof text, kept = 0;

	for (size_t i = 0; i < length; i++)
		if (value->text[i] != ' ')
			text[kept++] = (char)tolower((unsigned char)value->text[i]);
	return key_hash(text, kept, FOLD_SEED);
}

void lose_key(struct row *row, int field, struct lost_keys *lost)
{
	const struct value *value = &row->values[field];
	uint64_t *slot;

	if (lost->count >= MOST_LOST) {
		row_say(row, "R01", CAMTRAPDP_ERROR, field, "the key leads to no row");
		return;
	}
	if (!key_add(&lost->known, value->hash, lost->count, &slot)) {
		lost->items[*slot].count++;
		return;
	}
	ARRAY_APPEND(lost,
		((struct lost_key){xstrndup(value->text, value->length < 200 ? value->length : 200),
			row->number, 1}));
}

uint32_t row_deployment(struct row *row, int field, struct lost_keys *lost)
{
	struct check *check = row->check;
	const struct value *value = &row->values[field];
	uint64_t *index;

	if (!value_is(value) || !check->read[DEPLOYMENTS])
		return NO_DEPLOYMENT;
	if (value->hash == check->last_hash)
		return check->last_deployment;
	index = key_find(&check->deployment_ids, value->hash);
	if (index == NULL) {
		lose_key(row, field, lost);
		return NO_DEPLOYMENT;
	}
	check->last_hash = value->hash;
	check->last_deployment = (uint32_t)*index;
	return check->last_deployment;
}

void row_say_repeated(const struct row *row)
{
	row_say(row, "T08", CAMTRAPDP_ERROR, 0, "%s must be unique; an earlier row has the same",
		schemas[row->kind].fields[0].name);
}

static void check_place(struct row *row, struct deployment *deployment)
{
	struct check *check = row->check;
	const struct descriptor *descriptor = check->descriptor;
	const struct value *lat = &row->values[D_LATITUDE], *lon = &row->values[D_LONGITUDE];
	const struct value *location = &row->values[D_LOCATION];
	double x = lon->number, y = lat->number;
	uint64_t *slot;

	deployment->placed = value_is(lat) && value_is(lon);
	if (!deployment->placed)
		return;
	deployment->latitude = y;
	deployment->longitude = x;
	if (x == 0 && y == 0)
		row_say(row, "C08", CAMTRAPDP_WARNING, D_LATITUDE,
			"0, 0 is in the sea off Africa; give the real place");
	else if (descriptor->has_box && y >= descriptor->west && y <= descriptor->east &&
		x >= descriptor->south && x <= descriptor->north &&
		!(x >= descriptor->west && x <= descriptor->east && y >= descriptor->south &&
			y <= descriptor->north))
		row_say(row, "C08", CAMTRAPDP_WARNING, D_LATITUDE,
			"latitude and longitude seem swapped: the other way round the place lies "
			"in spatial");
	if (!value_is(location))
		return;
	deployment->location = location->hash;
	if (!key_add(&check->location_ids, deployment->location, check->deployments.count, &slot)) {
		const struct deployment *other = &check->deployments.items[*slot];

		if (fabs(other->latitude - y) > 1e-9 || fabs(other->longitude - x) > 1e-9)
			row_say(row, "C08", CAMTRAPDP_WARNING, D_LOCATION,
				"this locationID lies elsewhere in row %llu; one location has one "
				"place",
				(unsigned long long)other->row);
	}
}

static int decimals(const struct value *value)
{
	const char *point = NULL;
	int count;

	if (value_is(value))
		point = memchr(value->text, '.', value->length);
	if (point == NULL)
		return 0;
	count = (int)(value->text + value->length - point) - 1;
	while (count > 0 && point[count] == '0')
		count--;
	return count;
}

static void check_precision(struct row *row)
{
	double precision = row->check->descriptor->precision;
	int allowed = precision > 0 && precision < 1 ? (int)ceil(-log10(precision) - 1e-9) : -1;

	if (allowed < 0)
		return;
	if (decimals(&row->values[D_LATITUDE]) > allowed)
		row_say(row, "M04", CAMTRAPDP_INFO, D_LATITUDE,
			"more decimals than coordinatePrecision %g says", precision);
	if (decimals(&row->values[D_LONGITUDE]) > allowed)
		row_say(row, "M04", CAMTRAPDP_INFO, D_LONGITUDE,
			"more decimals than coordinatePrecision %g says", precision);
}

static void check_times(struct row *row, struct deployment *deployment)
{
	const struct value *start = &row->values[D_START], *end = &row->values[D_END];

	deployment->timed = value_is(start) && value_is(end);
	if (!deployment->timed)
		return;
	deployment->start = start->time;
	deployment->end = end->time;
	if (start->time > end->time)
		row_say(row, "C01", CAMTRAPDP_WARNING, D_START,
			"the deployment starts after its end; are the two swapped?");
	else if (start->time == end->time)
		row_say(row, "C01", CAMTRAPDP_INFO, D_START, "the deployment ends when it starts");
	if (row->check->settings->now != 0 && end->time > row->check->settings->now)
		row_say(row, "C01", CAMTRAPDP_INFO, D_END, "the deployment ends in the future");
}

void check_deployment_row(struct row *row)
{
	struct check *check = row->check;
	const struct value *id = &row->values[D_ID], *camera = &row->values[D_CAMERA];
	struct deployment deployment = {.row = row->number};
	uint64_t *slot;

	check_times(row, &deployment);
	check_place(row, &deployment);
	check_precision(row);
	if (value_is(camera))
		deployment.camera = camera->hash;
	deployment.issues = value_is(&row->values[D_ISSUES]) && row->values[D_ISSUES].choice == 1;
	if (value_is(&row->values[D_HEIGHT]) && value_is(&row->values[D_DEPTH]))
		row_say(row, "V04", CAMTRAPDP_WARNING, D_DEPTH,
			"cameraHeight and cameraDepth are both given; keep one");
	if (value_is(id) &&
		!key_add(&check->deployment_ids, id->hash, check->deployments.count, &slot)) {
		row_say_repeated(row);
		return;
	}
	if (value_is(id) && !key_add(&check->folded_ids, folded_hash(id), row->number, &slot))
		row_say(row, "R04", CAMTRAPDP_INFO, D_ID,
			"this ID differs from that of row %llu by letter case or blanks only",
			(unsigned long long)*slot);
	deployment.name =
		xstrndup(id->text == NULL ? "" : id->text, id->length < 100 ? id->length : 100);
	if (check->deployments.count < NO_DEPLOYMENT - 1)
		ARRAY_APPEND(&check->deployments, deployment);
	else
		free(deployment.name);
}
