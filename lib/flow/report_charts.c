/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Charts and the map as inline SVG: drawings stretch with the page, their labels are text beside
 * them. */
#include "report_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#define HEIGHT 100.0

/* The first of the greatest. */
static size_t busiest(const uint64_t *counts, size_t count)
{
	size_t best = 0;

	for (size_t i = 1; i < count; i++)
		best = counts[i] > counts[best] ? i : best;
	return best;
}

/* The caller completes the caption. */
static void begin_chart(FILE *out, const char *title)
{
	fprintf(out, "<figure class=\"chart\"><figcaption>%s<span>", title);
}

/* One bar; `x` and `width` in units of the drawing. */
static void put_bar(FILE *out, double x, double width, uint64_t count, uint64_t most)
{
	double height = HEIGHT * (double)count / (double)most;

	/* A single picture among thousands is seen, too. */
	if (height < 2)
		height = 2;
	fprintf(out, "<rect x=\"%.4g\" y=\"%.4g\" width=\"%.3g\" height=\"%.4g\">", x,
		HEIGHT - height, width, height);
}

void report_hours(FILE *out, const struct report_deployment *deployment)
{
	size_t best = busiest(deployment->hours, 24);
	uint64_t most = deployment->hours[best];

	begin_chart(out, "By hour of the day");
	fprintf(out, "%" PRIu64 " from %zu to %zu h</span></figcaption>", most, best, best + 1);
	fputs("<svg viewBox=\"0 0 240 100\" preserveAspectRatio=\"none\" role=\"img\" "
	      "aria-label=\"Files by hour of the day\">",
		out);
	for (int hour = 0; hour < 24; hour++) {
		if (deployment->hours[hour] == 0)
			continue;
		put_bar(out, hour * 10 + 1, 8, deployment->hours[hour], most);
		fprintf(out, "<title>%02d:00 to %02d:00: %" PRIu64 "</title></rect>", hour,
			hour + 1, deployment->hours[hour]);
	}
	fputs("</svg><div class=\"axis\"><span>0</span><span>6</span><span>12</span>"
	      "<span>18</span><span>24&nbsp;h</span></div></figure>\n",
		out);
}

static int64_t bin_start(const struct report_deployment *deployment, size_t bin)
{
	return (deployment->first_day + (int64_t)bin * deployment->days_per_bin) * 86400;
}

/* The days under a chart over the whole deployment. */
static void put_days(FILE *out, int64_t first, int64_t last)
{
	fputs("<div class=\"axis\"><span>", out);
	report_day(out, first);
	fputs("</span>", out);
	if (last / 86400 != first / 86400) {
		fputs("<span>", out);
		report_day(out, last);
		fputs("</span>", out);
	}
	fputs("</div></figure>\n", out);
}

void report_days(FILE *out, const struct report_deployment *deployment)
{
	size_t best = busiest(deployment->bins, deployment->bin_count);
	uint64_t most = deployment->bins[best];
	/* Few days do not become blocks as wide as the page. */
	size_t room = deployment->bin_count < 14 ? 14 : deployment->bin_count;
	double width = 1000.0 / (double)room;
	char title[64] = "By day";

	if (deployment->days_per_bin > 1)
		snprintf(title, sizeof title, "By %" PRId64 " days", deployment->days_per_bin);
	begin_chart(out, title);
	fprintf(out, "%" PRIu64 " %s ", most, deployment->days_per_bin > 1 ? "from" : "on");
	report_day(out, bin_start(deployment, best));
	fputs("</span></figcaption>", out);
	fputs("<svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" role=\"img\" "
	      "aria-label=\"Files by day\">",
		out);
	for (size_t bin = 0; bin < deployment->bin_count; bin++) {
		if (deployment->bins[bin] == 0)
			continue;
		put_bar(out, (double)bin * width + width / 10, width * 0.8, deployment->bins[bin],
			most);
		fputs("<title>", out);
		report_day(out, bin_start(deployment, bin));
		fprintf(out, ": %" PRIu64 "</title></rect>", deployment->bins[bin]);
	}
	fputs("</svg>", out);
	put_days(out, deployment->first, bin_start(deployment, room) - 86400);
}

/* ---- curves ---- */

#define BREAK (7 * 86400)

enum curve { TEMPERATURE, BATTERY_PERCENT, BATTERY_VOLTS };

static double value_of(const struct report_picture *picture, enum curve curve)
{
	return curve == TEMPERATURE      ? picture->temperature
		: curve == BATTERY_VOLTS ? picture->battery_volts
					 : picture->battery_percent;
}

static void put_points(FILE *out, const struct report_deployment *deployment, enum curve curve,
	double low, double high)
{
	double span = (double)(deployment->last - deployment->first);
	int64_t last = INT64_MIN / 2;

	fputs("<path d=\"", out);
	for (size_t i = 0; i < deployment->pictures.count; i++) {
		const struct report_picture *picture = &deployment->pictures.items[i];
		double value = value_of(picture, curve);

		if (!picture->dated || isnan(value))
			continue;
		/* Of what was between two far ends nothing is known. */
		fprintf(out, "%c%.4g %.3g", picture->local - last > BREAK ? 'M' : 'L',
			1000 * (double)(picture->local - deployment->first) / span,
			HEIGHT - 4 - (HEIGHT - 8) * (value - low) / (high - low));
		last = picture->local;
	}
	fputs("\"/>", out);
}

/* True when it was drawn. */
static bool put_curve(FILE *out, const struct report_deployment *deployment, enum curve curve)
{
	static const char *const titles[] = {"Temperature", "Battery", "Battery"};
	static const char *const units[] = {"\u00b0C", "%", "V"};
	double low = INFINITY, high = -INFINITY;
	size_t count = 0;

	for (size_t i = 0; i < deployment->pictures.count; i++) {
		double value = value_of(&deployment->pictures.items[i], curve);

		if (!deployment->pictures.items[i].dated || isnan(value))
			continue;
		low = value < low ? value : low;
		high = value > high ? value : high;
		count++;
	}
	if (count < 2 || deployment->first == deployment->last)
		return false;
	begin_chart(out, titles[curve]);
	fprintf(out,
		"%.*f to %.*f\u00a0%s</span></figcaption><svg class=\"curve\" viewBox=\"0 0 1000 "
		"100\" preserveAspectRatio=\"none\" "
		"role=\"img\" aria-label=\"%s\">",
		curve == BATTERY_VOLTS, low, curve == BATTERY_VOLTS, high, units[curve],
		titles[curve]);
	/* A level curve lies in the middle, not on the floor. */
	put_points(
		out, deployment, curve, low == high ? low - 1 : low, low == high ? high + 1 : high);
	fputs("</svg>", out);
	put_days(out, deployment->first, deployment->last);
	return true;
}

void report_curves(FILE *out, const struct report_deployment *deployment)
{
	put_curve(out, deployment, TEMPERATURE);
	if (!put_curve(out, deployment, BATTERY_PERCENT))
		put_curve(out, deployment, BATTERY_VOLTS);
}

/* ---- the map ---- */

#define METRES_PER_DEGREE 111195.0 /* of latitude, on a sphere of 6371.0088 km */
#define MAP_WIDTH 800.0
#define MAP_HEIGHT 440.0
#define MAP_MARGIN 40.0

struct map {
	double latitude, longitude; /* its middle */
	double squeeze;             /* of a degree of longitude there */
	double scale;               /* units of the drawing for a degree of latitude */
	size_t places;
};

static struct map fit_map(const struct template_result *checks)
{
	double south = 90, north = -90, west = 180, east = -180, across, down;
	struct map map = {0};

	for (size_t i = 0; i < checks->deployments.count; i++) {
		const struct template_deployment *place = &checks->deployments.items[i];

		if (isnan(place->latitude) || isnan(place->longitude))
			continue;
		south = place->latitude < south ? place->latitude : south;
		north = place->latitude > north ? place->latitude : north;
		west = place->longitude < west ? place->longitude : west;
		east = place->longitude > east ? place->longitude : east;
		map.places++;
	}
	map.latitude = (south + north) / 2;
	map.longitude = (west + east) / 2;
	map.squeeze = cos(map.latitude * 3.14159265358979323846 / 180);
	/* A single place gets a kilometre around it. */
	across = fmax((east - west) * map.squeeze, 1000 / METRES_PER_DEGREE);
	down = fmax(north - south, 1000 / METRES_PER_DEGREE);
	map.scale =
		fmin((MAP_WIDTH - 2 * MAP_MARGIN) / across, (MAP_HEIGHT - 2 * MAP_MARGIN) / down);
	return map;
}

/* Where a deployment is drawn; false when its place is not known. */
static bool place_on(
	const struct map *map, const struct template_deployment *place, double *x, double *y)
{
	if (isnan(place->latitude) || isnan(place->longitude))
		return false;
	*x = MAP_WIDTH / 2 + (place->longitude - map->longitude) * map->squeeze * map->scale;
	*y = MAP_HEIGHT / 2 - (place->latitude - map->latitude) * map->scale;
	return true;
}

/* How many of the deployments before this one have their numbers where its own would be. */
static size_t crowd(const struct map *map, const struct template_result *checks, size_t index)
{
	double x, y, other_x, other_y;
	size_t count = 0;

	place_on(map, &checks->deployments.items[index], &x, &y);
	for (size_t i = 0; i < index; i++)
		count += place_on(map, &checks->deployments.items[i], &other_x, &other_y) &&
			fabs(x - other_x) < 14 && fabs(y - other_y) < 14;
	return count;
}

/* 1, 2 or 5 times a power of ten that is at most a quarter of the drawing. */
static void put_scale(FILE *out, const struct map *map)
{
	double most = MAP_WIDTH / 4 / map->scale * METRES_PER_DEGREE;
	double metres = pow(10, floor(log10(most))), length;

	metres *= most >= 5 * metres ? 5 : most >= 2 * metres ? 2 : 1;
	length = metres / METRES_PER_DEGREE * map->scale;
	fprintf(out,
		"<g class=\"scale\"><path d=\"M16 %.0fv6h%.1fv-6\"/><text x=\"%.1f\" "
		"y=\"%.0f\">%.4g %s</text></g>",
		MAP_HEIGHT - 22, length, 24 + length, MAP_HEIGHT - 12,
		metres >= 1000 ? metres / 1000 : metres, metres >= 1000 ? "km" : "m");
}

void report_map(FILE *out, const struct report *report)
{
	const struct template_result *checks = &report->checks;
	struct map map = fit_map(checks);

	if (map.places == 0)
		return;
	fprintf(out,
		"<section><h2>Map</h2><svg class=\"map\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-label=\"Map of deployments\">",
		MAP_WIDTH, MAP_HEIGHT);
	for (size_t i = 0; i < checks->deployments.count; i++) {
		const struct template_deployment *place = &checks->deployments.items[i];
		double x, y, away;
		bool left;

		if (!place_on(&map, place, &x, &y))
			continue;
		away = 10 + 24.0 * (double)crowd(&map, checks, i);
		left = x + away + MAP_MARGIN > MAP_WIDTH && x > away;
		fprintf(out,
			"<a href=\"#d%zu\"><circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/><text "
			"x=\"%.1f\" y=\"%.1f\"%s>%zu</text><title>",
			i + 1, x, y, left ? x - away : x + away, y + 5,
			left ? " text-anchor=\"end\"" : "", i + 1);
		report_text(out, place->folder);
		fprintf(out, " (%.5f, %.5f)</title></a>", place->latitude, place->longitude);
	}
	put_scale(out, &map);
	fprintf(out, "<text class=\"north\" x=\"%.0f\" y=\"26\">N</text></svg>", MAP_WIDTH - 28);
	if (map.places < checks->deployments.count)
		fprintf(out, "<p class=\"quiet\">%zu of %zu deployments have a known position.</p>",
			map.places, checks->deployments.count);
	fputs("</section>\n", out);
}
