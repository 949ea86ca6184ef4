/* SPDX-License-Identifier: GPL-3.0-or-later */
/* S12: the GeoJSON object of datapackage.json (RFC 7946), and the box around it. */
#include "descriptor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	struct descriptor *descriptor;
	struct camtrapdp_report *report;
	bool out_of_range, open_ring;
};

static void complain(struct walk *walk, const cJSON *value, const char *what)
{
	descriptor_say(walk->report, "S12", CAMTRAPDP_ERROR, "spatial", value, "spatial %s", what);
}

static void take_position(struct walk *walk, const cJSON *position)
{
	const cJSON *lon = cJSON_GetArrayItem(position, 0), *lat = cJSON_GetArrayItem(position, 1);
	struct descriptor *descriptor = walk->descriptor;
	double x, y;

	if (!cJSON_IsArray(position) || !cJSON_IsNumber(lon) || !cJSON_IsNumber(lat)) {
		complain(walk, position, "has a position that is not [longitude, latitude]");
		return;
	}
	x = lon->valuedouble;
	y = lat->valuedouble;
	if (fabs(x) > 180 || fabs(y) > 90)
		walk->out_of_range = true;
	if (!descriptor->has_box) {
		descriptor->west = descriptor->east = x;
		descriptor->south = descriptor->north = y;
		descriptor->has_box = true;
	}
	descriptor->west = fmin(descriptor->west, x);
	descriptor->east = fmax(descriptor->east, x);
	descriptor->south = fmin(descriptor->south, y);
	descriptor->north = fmax(descriptor->north, y);
}

/* `depth` arrays around the positions; at the innermost `least` of them. */
static void take_positions(struct walk *walk, const cJSON *list, int depth, int least, bool closed)
{
	const cJSON *item;
	int count;

	if (depth == 0) {
		take_position(walk, list);
		return;
	}
	if (!cJSON_IsArray(list)) {
		complain(walk, list, "has coordinates that are not nested as its type wants");
		return;
	}
	count = cJSON_GetArraySize(list);
	if (depth == 1 && count < least)
		complain(walk, NULL, "has a line or ring with too few positions");
	cJSON_ArrayForEach(item, list) take_positions(walk, item, depth - 1, least, closed);
	if (depth == 1 && closed && count > 1 &&
		!cJSON_Compare(cJSON_GetArrayItem(list, 0), cJSON_GetArrayItem(list, count - 1), 1))
		walk->open_ring = true;
}

static void take_object(struct walk *walk, const cJSON *object, int depth);

static void take_list(struct walk *walk, const cJSON *object, const char *name, int depth)
{
	const cJSON *list = member(object, name), *item;

	if (!cJSON_IsArray(list))
		complain(walk, list, "is a collection without its list");
	cJSON_ArrayForEach(item, list) take_object(walk, item, depth + 1);
}

static void take_object(struct walk *walk, const cJSON *object, int depth)
{
	static const struct {
		const char *type;
		int depth, least;
		bool closed;
	} shapes[] = {
		{"Point", 0, 0, false},
		{"MultiPoint", 1, 0, false},
		{"LineString", 1, 2, false},
		{"MultiLineString", 2, 2, false},
		{"Polygon", 2, 4, true},
		{"MultiPolygon", 3, 4, true},
	};
	const char *type = string_of(object, "type");

	if (type == NULL || depth > 8) {
		complain(walk, object,
			"must be a GeoJSON object such as a Polygon around all deployments");
		return;
	}
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (strcmp(type, shapes[i].type) == 0) {
			take_positions(walk, member(object, "coordinates"), shapes[i].depth,
				shapes[i].least, shapes[i].closed);
			return;
		}
	if (strcmp(type, "GeometryCollection") == 0)
		take_list(walk, object, "geometries", depth);
	else if (strcmp(type, "FeatureCollection") == 0)
		take_list(walk, object, "features", depth);
	else if (strcmp(type, "Feature") == 0 && cJSON_IsObject(member(object, "geometry")))
		take_object(walk, member(object, "geometry"), depth + 1);
	else
		complain(walk, member(object, "type"), "has a type that GeoJSON does not know");
}

void check_spatial(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	struct walk walk = {.descriptor = descriptor, .report = report};
	const cJSON *spatial = member(descriptor->json, "spatial");
	const cJSON *box = member(spatial, "bbox");

	if (spatial == NULL)
		return;
	take_object(&walk, spatial, 0);
	if (box != NULL && (!cJSON_IsArray(box) || cJSON_GetArraySize(box) < 4))
		complain(&walk, NULL, "has a bbox of fewer than four numbers");
	if (walk.out_of_range)
		descriptor_say(report, "S12", CAMTRAPDP_WARNING, "spatial", NULL,
			"spatial has a longitude beyond 180 or a latitude beyond 90; longitude "
			"comes first");
	if (walk.open_ring)
		descriptor_say(report, "S12", CAMTRAPDP_WARNING, "spatial", NULL,
			"spatial has a ring whose last position is not its first; close it");
}
