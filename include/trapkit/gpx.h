/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waypoints of a GPX file (GPX 1.0 and 1.1), where handheld receivers keep camera locations. */
#ifndef TRAPKIT_GPX_H
#define TRAPKIT_GPX_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/* Texts are owned. Coordinates stay as they were written; they are numbers within their range. */
struct gpx_waypoint {
	char *name;                 /* "" when it has none */
	char *latitude, *longitude; /* WGS84, decimal degrees */
};

/* `{ 0 }` is empty. */
struct gpx_waypoints {
	struct gpx_waypoint *items;
	size_t count, capacity;
};
void gpx_waypoints_release(struct gpx_waypoints *list);

#define GPX_MOST_BYTES (64u << 20)

/*
 * The <wpt> elements, in their order; routes, tracks and extensions are passed over. ERROR_INPUT
 * with the line: not GPX, not well-formed, not UTF-8, a waypoint without a position, entities of
 * its own (a document type with declarations is refused). `name` is for messages.
 */
int gpx_read(const char *bytes, size_t size, const char *name, struct gpx_waypoints *list,
	struct error *err);

#ifdef __cplusplus
}
#endif

#endif
