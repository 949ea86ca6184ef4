/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hands single functions to the Python tests beside it, which know the right answers. */
#include "trapkit/csv.h"
#include "trapkit/error.h"
#include "trapkit/gpx.h"
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

/* Reads one table; every cell goes out ended by 1F, every record by 1E. */
static int read_csv(void)
{
	struct csv_settings settings = {.delimiter = ','};
	struct csv_reader *reader = csv_open(stdin, &settings);
	struct csv_record record;
	struct error err = {0};
	int result;

	while ((result = csv_next(reader, &record, &err)) > 0) {
		for (size_t i = 0; i < record.count; i++)
			printf("%s\x1F", record.cells[i]);
		putchar('\x1E');
	}
	csv_close(reader);
	if (result < 0)
		printf("\x1D%s", err.message);
	return 0;
}

/* The other way round. */
static int write_csv(void)
{
	const char *cells[64];
	char *text = NULL;
	size_t capacity = 0;

	while (getdelim(&text, &capacity, '\x1E', stdin) > 0) {
		size_t count = 0;

		for (char *at = text, *end; (end = strchr(at, '\x1F')) != NULL; at = end + 1) {
			*end = '\0';
			cells[count++] = at;
		}
		csv_write(stdout, cells, count);
	}
	free(text);
	return 0;
}

/* One GPX file: every waypoint is name 1F latitude 1F longitude 1E; or 1D and the message. */
static int read_gpx(void)
{
	static char bytes[1 << 20];
	size_t size = fread(bytes, 1, sizeof bytes, stdin);
	struct gpx_waypoints list = {0};
	struct error err = {0};

	if (gpx_read(bytes, size, "x.gpx", &list, &err) != 0)
		printf("\x1D%s", err.message);
	for (size_t i = 0; i < list.count && err.kind == ERROR_NONE; i++)
		printf("%s\x1F%s\x1F%s\x1E", list.items[i].name, list.items[i].latitude,
			list.items[i].longitude);
	gpx_waypoints_release(&list);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "zones") == 0)
		return zones();
	if (argc == 2 && strcmp(argv[1], "slugs") == 0)
		return slugs();
	if (argc == 2 && strcmp(argv[1], "read_csv") == 0)
		return read_csv();
	if (argc == 2 && strcmp(argv[1], "write_csv") == 0)
		return write_csv();
	if (argc == 2 && strcmp(argv[1], "read_gpx") == 0)
		return read_gpx();
	return 2;
}
