/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What EXIF leaves open, from the camera's own block of the picture. */
#include "own_facts.h"

#include "trapkit/camera.h"
#include "trapkit/error.h"
#include "trapkit/media.h"

#include <string.h>

static void copy_text(char *out, size_t size, const char *text)
{
	size_t length = strlen(text) < size ? strlen(text) : size - 1;

	/* Not in the middle of a character. */
	while (text[length] != '\0' && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	memcpy(out, text, length);
	out[length] = '\0';
}

/* The date by the rule of media.h: the camera's own block comes behind DateTimeOriginal only. */
static void take_own_date(const struct camera_facts *camera, int64_t now, struct media_facts *facts)
{
	int64_t seconds = wall_seconds(&camera->own_date);

	facts->taken = camera->own_date;
	facts->taken_source = TIME_MAKER_NOTE;
	facts->trouble &= ~(unsigned)(TROUBLE_NO_DATE | TROUBLE_CLOCK_RESET);
	if (seconds < days_from_civil(2001, 1, 1) * 86400 || seconds > now + 86400)
		facts->trouble |= TROUBLE_CLOCK_RESET;
}

static bool has_date(const struct media_facts *facts)
{
	return facts->taken_source == TIME_EXIF;
}

static bool is_worth_asking(const struct media_facts *facts)
{
	return facts->type == MEDIA_JPEG &&
		camera_may_know_more(
			facts->make, facts->model, has_date(facts), facts->serial[0] != '\0');
}

static void complete(const struct camera_facts *camera, int64_t now, struct media_facts *facts)
{
	if (!has_date(facts) && camera->has_own_date)
		take_own_date(camera, now, facts);
	if (facts->serial[0] == '\0')
		copy_text(facts->serial, sizeof facts->serial, camera->serial);
	if (facts->make[0] == '\0' || camera->reader == CAMERA_CUDDEBACK_OLD)
		copy_text(facts->make, sizeof facts->make, camera->make);
	if (facts->model[0] == '\0' || camera->reader == CAMERA_CUDDEBACK_OLD)
		copy_text(facts->model, sizeof facts->model, camera->model);
}

void own_facts_ask(int fd, int64_t now, struct media_facts *facts)
{
	struct camera_facts camera;
	struct error ignored = {0};

	if (is_worth_asking(facts) && camera_read_facts(fd, now, &camera, &ignored) == 0)
		complete(&camera, now, facts);
}

void own_facts_parse(const uint8_t *bytes, size_t size, int64_t now, struct media_facts *facts)
{
	struct camera_facts camera;

	if (!is_worth_asking(facts))
		return;
	camera_parse_facts(bytes, size, now, &camera);
	complete(&camera, now, facts);
}
