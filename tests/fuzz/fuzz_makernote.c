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

/* A picture with a make and, in its EXIF or behind that as a comment segment, the bytes. */
static void wrap(const char *make, uint16_t tag, uint8_t type, const uint8_t *bytes, size_t size)
{
	static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xE1, 0, 0, 'E', 'x', 'i', 'f', 0, 0, 'I',
		'I', '*', 0, 8, 0, 0, 0, 2, 0, 0x0F, 1, 2, 0, 16, 0, 0, 0, 38, 0, 0, 0};
	static uint8_t out[140000];
	size_t at = sizeof head, inside = size > 60000 ? 60000 : size;

	memcpy(out, head, sizeof head);
	memset(out + at, 0, 40);
	out[at] = (uint8_t)tag;
	out[at + 1] = (uint8_t)(tag >> 8);
	out[at + 2] = type;
	out[at + 4] = (uint8_t)inside;
	out[at + 5] = (uint8_t)(inside >> 8);
	out[at + 8] = 54; /* the value: behind the directory and the make, from the `II` */
	at = 12 + 38;
	memcpy(out + at, make, strlen(make));
	at = 12 + 54;
	memcpy(out + at, bytes, inside);
	at += inside;
	out[4] = (uint8_t)((at - 4) >> 8);
	out[5] = (uint8_t)(at - 4);
	memcpy(out + at,
		(const uint8_t[]){0xFF, 0xFE, (uint8_t)((inside + 2) >> 8), (uint8_t)(inside + 2)},
		4);
	memcpy(out + at + 4, bytes, inside);
	look(out, at + 4 + inside);
}

enum { ASCII = 2, UNDEFINED = 7 };

/* Each reader's own place for what it reads; RapidFire and BuckEye read the comment segment. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct {
		const char *make;
		uint16_t tag;
		uint8_t type;
	} places[] = {
		{"RECONYX", 0x927C, UNDEFINED}, {"RECONYX", 0x9286, UNDEFINED},
		{"BROWNING", 0x9286, UNDEFINED}, {"CUDDEBACK", 0x9286, UNDEFINED},
		{"Moultrie", 0x927C, UNDEFINED}, {"Panthera V4", 0x010E, ASCII},
		{"Stealth Cam", 0x010E, ASCII}, {"BuckEyeCam", 0x9286, UNDEFINED},
		{"", 0x0131, ASCII},     /* Bushnell: by its software */
		{"G6.1", 0x0110, ASCII}, /* old Cuddeback: by its model */
	};

	look(bytes, size);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		wrap(places[i].make, places[i].tag, places[i].type, bytes, size);
	return 0;
}
