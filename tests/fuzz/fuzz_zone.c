/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time zone files: "TZif…" is one, anything else is a footer alone. */
#include "../../lib/base/zone_data.h"

#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void use(const struct zone *zone)
{
	static const int years[] = {1, 1969, 2024, 2060, 9999};

	for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
		struct wall_time wall = {.year = years[i], .month = 3, .day = 31, .hour = 2};

		zone_resolve(zone, &wall, false);
		zone_resolve(zone, &wall, true);
		zone_offset_at(zone, wall_seconds(&wall), true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct zone zone;

	memset(&zone, 0, sizeof zone);
	if (size >= 4 && memcmp(bytes, "TZif", 4) == 0) {
		if (zone_parse(&zone, bytes, size))
			use(&zone);
		free(zone.at);
		free(zone.type);
	} else if (size < 256 && memchr(bytes, 0, size) == NULL) {
		char text[256];

		memcpy(text, bytes, size);
		text[size] = '\0';
		if (zone_rule_parse(text, &zone.rule))
			use(&zone);
	}
	return 0;
}
