/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hands single functions to the Python tests beside it, which know the right answers. */
#include "trapkit/error.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines "zone", or "YYYY-MM-DD HH:MM:SS" in the zone named last. Answers: the offset, the offset
 * without summer time, the doubt, and both offsets at the instant that is that time in UTC. */
static int zones(void)
{
	struct error err = {0};
	struct zone *zone = NULL;
	char line[200];

	while (fgets(line, sizeof line, stdin) != NULL) {
		struct wall_time wall;
		struct instant plain, ignoring;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] < '0' || line[0] > '9') {
			zone_free(zone);
			zone = zone_open(line, &err);
			if (zone == NULL) {
				fprintf(stderr, "%s\n", err.message);
				return 1;
			}
			continue;
		}
		if (zone == NULL || !wall_parse(line, strlen(line), &wall))
			return 1;
		plain = zone_resolve(zone, &wall, false);
		ignoring = zone_resolve(zone, &wall, true);
		printf("%d %d %d %d %d\n", plain.offset, ignoring.offset, (int)plain.doubt,
			zone_offset_at(zone, wall_seconds(&wall), false),
			zone_offset_at(zone, wall_seconds(&wall), true));
	}
	zone_free(zone);
	return 0;
}

/* Texts that end with NUL come in, their slugs go out in the same way. */
static int slugs(void)
{
	char *text = NULL;
	size_t capacity = 0;

	while (getdelim(&text, &capacity, '\0', stdin) > 0) {
		char *slug = text_slugify(text);

		fwrite(slug, 1, strlen(slug) + 1, stdout);
		free(slug);
	}
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "zones") == 0)
		return zones();
	if (argc == 2 && strcmp(argv[1], "slugs") == 0)
		return slugs();
	return 2;
}
