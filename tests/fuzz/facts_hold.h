/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What media.h promises of facts, whatever the bytes: shared by the fuzz targets of media files. */
#ifndef TESTS_FACTS_HOLD_H
#define TESTS_FACTS_HOLD_H

#include "trapkit/media.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_NOW INT64_C(1720000000)

static void text_holds(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	if (length == size || !text_is_utf8(text, length))
		abort();
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ')
			abort();
	if (length > 0 && (text[0] == ' ' || text[length - 1] == ' '))
		abort();
}

static void facts_hold(const uint8_t *bytes, size_t size, const char *name)
{
	struct media_facts facts, again;

	media_parse_facts(bytes, size, name, FACTS_NOW, &facts);
	media_parse_facts(bytes, size, name, FACTS_NOW, &again);
	text_holds(facts.make, sizeof facts.make);
	text_holds(facts.model, sizeof facts.model);
	text_holds(facts.serial, sizeof facts.serial);
	if (strcmp(facts.serial, again.serial) != 0 || facts.trouble != again.trouble)
		abort();
	if (facts.orientation > 8 || facts.type > MEDIA_WEBM)
		abort();
	if (isnan(facts.latitude) != isnan(facts.longitude) || fabs(facts.latitude) > 90 ||
		fabs(facts.longitude) > 180)
		abort();
	if (isinf(facts.fps) || facts.fps < 0 || isinf(facts.duration) || facts.duration < 0)
		abort();
	if (facts.taken_source == TIME_NONE ? (facts.trouble & TROUBLE_NO_DATE) == 0
					    : !wall_is_valid(&facts.taken))
		abort();
}

#endif
