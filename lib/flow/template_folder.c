/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of one deployment folder tell together, and what looks wrong in it. */
#include "template_parts.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longer than a camera is usually left without a single picture, time-lapse or not. */
#define LONG_GAP (14 * 86400)
/* Farther than the error of any receiver under trees. */
#define FAR_APART 1000.0
/* Cameras write bursts in the same second, and some write the film before the picture. */
#define STEP_BACK 60

double place_distance(double latitude, double longitude, double latitude2, double longitude2)
{
	const double radians = 3.14159265358979323846 / 180, earth = 6371008.8;
	double half_height = sin((latitude2 - latitude) * radians / 2);
	double half_width = sin((longitude2 - longitude) * radians / 2);
	double chord = half_height * half_height +
		cos(latitude * radians) * cos(latitude2 * radians) * half_width * half_width;

	return 2 * earth * asin(sqrt(chord > 1 ? 1 : chord));
}

static void add_position(struct folder *folder, const struct media_facts *facts)
{
	double distance;

	folder->bad_gps += (facts->trouble & TROUBLE_BAD_GPS) != 0;
	if (isnan(facts->latitude) || isnan(facts->longitude) ||
		(facts->trouble & TROUBLE_BAD_GPS) != 0)
		return;
	if (!folder->has_position) {
		folder->has_position = true;
		folder->latitude = facts->latitude;
		folder->longitude = facts->longitude;
	}
	distance = place_distance(
		folder->latitude, folder->longitude, facts->latitude, facts->longitude);
	if (distance > folder->farthest)
		folder->farthest = distance;
}

/* The last run of digits of a name, and what stands before it. False when there is none. */
static bool split_number(const char *name, size_t *prefix, unsigned long long *number)
{
	size_t end = strlen(name), begin;
	const char *dot = strrchr(name, '.');

	if (dot != NULL)
		end = (size_t)(dot - name);
	while (end > 0 && (name[end - 1] < '0' || name[end - 1] > '9'))
		end--;
	for (begin = end; begin > 0 && name[begin - 1] >= '0' && name[begin - 1] <= '9';)
		begin--;
	if (end - begin < 3 || end - begin > 12)
		return false;
	*prefix = begin;
	*number = strtoull(name + begin, NULL, 10);
	return true;
}

/* A run of names is over. One step back, where numbers are missing, is a counter that began anew
 * at 0001 when the run also ends before it began; everything else is remembered. */
static void end_run(struct folder *folder)
{
	bool wrapped = folder->run.steps == 1 && folder->run.over_gap &&
		folder->run.last <= folder->run.first;

	if (folder->run.steps > 0 && !wrapped) {
		folder->steps += folder->run.steps;
		if (folder->step_at == NULL) {
			folder->step_at = folder->run.at;
			folder->step_from = folder->run.from;
			folder->step_to = folder->run.to;
			folder->run.at = NULL;
		}
	}
	free(folder->run.at);
	folder->run.at = NULL;
	folder->run.steps = 0;
	folder->run.begun = false;
}

static void step_back(
	struct folder *folder, const char *name, int64_t wall, unsigned long long number)
{
	folder->run.steps++;
	folder->run.over_gap = number > folder->run.number + 1;
	if (folder->run.at != NULL)
		return;
	folder->run.at = xstrdup(name);
	folder->run.from = folder->run.last;
	folder->run.to = wall;
}

/* Compares what the clock showed with the numbers in the names. */
static void check_order(struct folder *folder, const struct resource *resource)
{
	enum time_source source = resource->facts.taken_source;
	unsigned long long number;
	int64_t wall;
	size_t prefix;

	/* Only the camera's own clock, always the same one: films may carry UTC. */
	if (source != TIME_EXIF && source != TIME_MAKER_NOTE && source != TIME_EXIF_OTHER)
		return;
	if (!split_number(resource->name, &prefix, &number) || prefix >= sizeof folder->run.prefix)
		return;
	wall = wall_seconds(&resource->facts.taken);
	if (folder->run.begun &&
		(strlen(folder->run.prefix) != prefix ||
			strncmp(folder->run.prefix, resource->name, prefix) != 0))
		end_run(folder);
	if (!folder->run.begun) {
		folder->run.begun = true;
		memcpy(folder->run.prefix, resource->name, prefix);
		folder->run.prefix[prefix] = '\0';
		folder->run.first = wall;
	} else if (wall + STEP_BACK < folder->run.last && number > folder->run.number) {
		step_back(folder, resource->name, wall, number);
	}
	folder->run.last = wall;
	folder->run.number = number;
}

static void add_time(struct folder *folder, const struct template_settings *settings,
	const struct resource *resource)
{
	const struct media_facts *facts = &resource->facts;
	struct moment moment = {.reset = (facts->trouble & TROUBLE_CLOCK_RESET) != 0};

	if (facts->taken_source == TIME_NONE || facts->taken_source == TIME_MTIME) {
		folder->undated++;
		if (settings->refuse_mtime)
			return;
		moment.utc = seconds_of_ns(resource->mtime_ns);
		moment.offset = zone_offset_at(settings->zone, moment.utc, settings->ignore_dst);
		moment.reset = false;
	} else {
		struct instant instant =
			zone_resolve(settings->zone, &facts->taken, settings->ignore_dst);

		moment.utc = instant.utc;
		moment.offset = instant.offset;
		/* A time without offset has to be by the zone's clock. */
		if (facts->taken.has_offset && settings->times == TEMPLATE_NAIVE)
			moment.offset =
				zone_offset_at(settings->zone, moment.utc, settings->ignore_dst);
		folder->gaps += instant.doubt == ZONE_GAP;
		folder->overlaps += instant.doubt == ZONE_OVERLAP;
		check_order(folder, resource);
	}
	folder->resets += moment.reset;
	ARRAY_APPEND(&folder->moments, moment);
}

void folder_add(struct folder *folder, const struct template_settings *settings,
	const struct resource *resource)
{
	folder->files++;
	add_time(folder, settings, resource);
	camera_list_add(&folder->cameras, &resource->facts);
	add_position(folder, &resource->facts);
}

/* Believable times first, then by instant. */
static int compare_moments(const void *a, const void *b)
{
	const struct moment *left = a, *right = b;

	if (left->reset != right->reset)
		return left->reset ? 1 : -1;
	return (left->utc > right->utc) - (left->utc < right->utc);
}

char *folder_camera_model(const struct folder *folder)
{
	for (size_t i = 0; i < folder->cameras.count; i++) {
		const struct camera *camera = &folder->cameras.items[i];

		if (camera->make[0] == '\0')
			continue;
		if (camera->model[0] == '\0')
			return xasprintf("%s (unknown)", camera->make);
		if (strncmp(camera->model, camera->make, strlen(camera->make)) == 0)
			return xstrdup(camera->model);
		return xasprintf("%s %s", camera->make, camera->model);
	}
	return xstrdup("(unknown) (unknown)");
}

/* Takes the text. */
static void warn(struct template_deployment *deployment, char *text)
{
	string_list_add(&deployment->warnings, text);
	free(text);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void list_cameras(const struct folder *folder, struct template_deployment *deployment)
{
	for (size_t i = 0; i < folder->cameras.count; i++) {
		char *text = camera_text(&folder->cameras.items[i]);

		string_list_add(&deployment->cameras, text);
		free(text);
	}
	if (folder->cameras.count > 1) {
		char *all = camera_list_text(&folder->cameras);

		warn(deployment,
			xasprintf("two or more cameras in one folder: %s; --split camera makes a "
				  "deployment of each",
				all));
		free(all);
	}
}

static void warn_of_gaps(const struct folder *folder, struct template_deployment *deployment)
{
	for (size_t i = 1; i < folder->moments.count; i++) {
		const struct moment *before = &folder->moments.items[i - 1];
		const struct moment *after = &folder->moments.items[i];
		char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE];

		if (after->reset || after->utc - before->utc < LONG_GAP)
			continue;
		format_local(before->utc, before->offset, true, from);
		format_local(after->utc, after->offset, true, to);
		warn(deployment,
			xasprintf("no files for %lld days, from %.10s to %.10s",
				(long long)(after->utc - before->utc) / 86400, from, to));
	}
}

static void warn_of_order(const struct folder *folder, struct template_deployment *deployment)
{
	struct wall_time from, to;
	char shown_from[TIMESTAMP_SIZE], shown_to[TIMESTAMP_SIZE];

	if (folder->steps == 0)
		return;
	wall_from_seconds(folder->step_from, &from);
	wall_from_seconds(folder->step_to, &to);
	format_wall(&from, shown_from);
	format_wall(&to, shown_to);
	warn(deployment,
		xasprintf("times are out of order with the file numbers: the clock goes back from "
			  "%s to %s at '%s'%s; was it reset?",
			shown_from, shown_to, folder->step_at,
			folder->steps > 1 ? ", and again later" : ""));
}

static void warn_of_times(const struct folder *folder, const struct template_settings *settings,
	struct template_deployment *deployment)
{
	unsigned long long resets = folder->resets, undated = folder->undated;

	if (resets > 0)
		warn(deployment,
			xasprintf(
				"%llu file%s dated before 2001 or in the future (clock reset); %s",
				resets, plural(resets),
				resets < folder->moments.count
					? "start and end are those of the other files"
					: "start and end have to be corrected by hand"));
	if (undated > 0)
		warn(deployment,
			xasprintf("%llu file%s without a date; %s", undated, plural(undated),
				settings->refuse_mtime ? "left out of start and end"
						       : "the time of writing was taken"));
	if (folder->gaps > 0)
		warn(deployment,
			xasprintf("%llu file%s in the hour that summer time leaves out",
				(unsigned long long)folder->gaps, plural(folder->gaps)));
	if (folder->overlaps > 0)
		warn(deployment,
			xasprintf("%llu file%s in the hour that comes twice when summer time ends; "
				  "taken as the first",
				(unsigned long long)folder->overlaps, plural(folder->overlaps)));
}

void folder_finish(struct folder *folder, const struct template_settings *settings,
	struct template_deployment *deployment)
{
	size_t good = folder->moments.count - folder->resets;

	end_run(folder);
	if (folder->moments.count > 0) {
		size_t last = good > 0 ? good - 1 : folder->moments.count - 1;

		qsort(folder->moments.items, folder->moments.count, sizeof *folder->moments.items,
			compare_moments);
		deployment->dated = true;
		deployment->first = folder->moments.items[0].utc;
		deployment->first_offset = folder->moments.items[0].offset;
		deployment->last = folder->moments.items[last].utc;
		deployment->last_offset = folder->moments.items[last].offset;
	}
	deployment->files = folder->files;
	deployment->undated = folder->undated;
	list_cameras(folder, deployment);
	warn_of_times(folder, settings, deployment);
	warn_of_order(folder, deployment);
	warn_of_gaps(folder, deployment);
	if (folder->bad_gps > 0)
		warn(deployment,
			xasprintf("%llu file%s with a GPS position that is a placeholder",
				(unsigned long long)folder->bad_gps, plural(folder->bad_gps)));
	if (folder->farthest > FAR_APART)
		warn(deployment,
			xasprintf("GPS positions are up to %.1f km apart; the first was taken",
				folder->farthest / 1000));
}

void folder_release(struct folder *folder)
{
	free(folder->moments.items);
	free(folder->step_at);
	free(folder->run.at);
	*folder = (struct folder){0};
}
