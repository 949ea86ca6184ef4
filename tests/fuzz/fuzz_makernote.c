/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a picture, and as a maker note of each make: no reading past the end, and facts that
 * keep their promises; then a verdict that is one. */
#include "trapkit/camera.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void text_holds(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	if (length == size || !text_is_utf8(text, length))
		abort();
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ')
			abort();
}

static void facts_hold(const struct camera_facts *facts)
{
	text_holds(facts->make, sizeof facts->make);
	text_holds(facts->model, sizeof facts->model);
	text_holds(facts->serial, sizeof facts->serial);
	text_holds(facts->label, sizeof facts->label);
	if (facts->has_own_date && !wall_is_valid(&facts->own_date))
		abort();
	if (facts->taken_source != TIME_NONE && !wall_is_valid(&facts->taken))
		abort();
	if (facts->moon < -1 || facts->moon > 7 || facts->event < -1)
		abort();
	if (!isnan(facts->temperature) && !(fabs(facts->temperature) <= 90))
		abort();
	if (!isnan(facts->battery_percent) &&
		!(facts->battery_percent >= 0 && facts->battery_percent <= 100))
		abort();
	if (!isnan(facts->battery_volts) &&
		!(facts->battery_volts > 0 && facts->battery_volts < 50))
		abort();
	if (facts->sequence_index > facts->sequence_count ||
		isnan(facts->latitude) != isnan(facts->longitude))
		abort();
}

static void look(const uint8_t *bytes, size_t size)
{
	static struct camera_profiles *profiles;
	struct camera_checking checking = {.now = INT64_C(1790000000)};
	struct camera_check check;
	struct camera_facts facts;

	if (profiles == NULL)
		profiles = camera_profiles_new();
	checking.profiles = profiles;
	camera_parse_facts(bytes, size, checking.now, &facts);
	facts_hold(&facts);
	camera_check_bytes(&checking, "868020035314870-1.JPG", bytes, size, &check);
	facts_hold(&check.facts);
	if (check.verdict == CAMERA_SKIPPED ||
		memchr(check.details, 0, sizeof check.details) == NULL)
		abort();
	if (check.verdict == CAMERA_OK &&
		(!check.has_id || check.date_source == TIME_NONE || isnan(check.latitude)))
		abort();
	if ((check.verdict == CAMERA_OK) != (camera_reason_name(check.reason) == NULL))
		abort();
}

/* The bytes as the note of a make, and as its UserComment. */
static void wrap(const char *make, uint16_t tag, const uint8_t *bytes, size_t size)
{
	static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xE1, 0, 0, 'E', 'x', 'i', 'f', 0, 0, 'I',
		'I', '*', 0, 8, 0, 0, 0, 2, 0, 0x0F, 1, 2, 0, 16, 0, 0, 0, 38, 0, 0, 0};
	static uint8_t out[70000];
	size_t at = sizeof head;

	if (size > 60000)
		size = 60000;
	memcpy(out, head, sizeof head);
	memset(out + at, 0, 40);
	out[at] = (uint8_t)tag;
	out[at + 1] = (uint8_t)(tag >> 8);
	out[at + 2] = 7;
	out[at + 4] = (uint8_t)size;
	out[at + 5] = (uint8_t)(size >> 8);
	out[at + 8] = 54; /* the value: behind the directory and the make, from the `II` */
	at = 12 + 38;
	memcpy(out + at, make, strlen(make));
	at = 12 + 54;
	memcpy(out + at, bytes, size);
	at += size;
	out[4] = (uint8_t)((at - 4) >> 8);
	out[5] = (uint8_t)(at - 4);
	look(out, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const makes[] = {"RECONYX", "BROWNING", "CUDDEBACK", "Moultrie"};

	look(bytes, size);
	for (size_t i = 0; i < sizeof makes / sizeof *makes; i++) {
		wrap(makes[i], 0x927C, bytes, size);
		wrap(makes[i], 0x9286, bytes, size);
	}
	return 0;
}
