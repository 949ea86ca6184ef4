/* SPDX-License-Identifier: GPL-3.0-or-later */
/* datapackage.json against the rows: M01, M02, M03, G01. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#define NEARLY 1e-6
#define DAY 86400

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void say_missing(struct check *check, const char *name, bool in_rows)
{
	const struct place place = {.column = "taxonomic"};

	report_add(check->report, "M01", CAMTRAPDP_WARNING, &place, name, strlen(name), "%s",
		in_rows ? "the name is in observations but not in taxonomic; add it"
			: "the name is in taxonomic but in no observation; take it out");
}

static void check_taxa(struct check *check)
{
	struct string_list *taxa = &check->descriptor->taxa, *names = &check->name_list;
	const struct place place = {.column = "taxonomic"};
	size_t i = 0, j = 0;

	if (taxa->count > 0)
		qsort(taxa->items, taxa->count, sizeof *taxa->items, by_text);
	if (names->count > 0)
		qsort(names->items, names->count, sizeof *names->items, by_text);
	for (size_t k = 1; k < taxa->count; k++)
		if (strcmp(taxa->items[k], taxa->items[k - 1]) == 0)
			report_add(check->report, "M01", CAMTRAPDP_WARNING, &place, taxa->items[k],
				strlen(taxa->items[k]), "the name is in taxonomic twice; keep one");
	while (i < taxa->count || j < names->count) {
		int order = i == taxa->count ? 1
			: j == names->count  ? -1
					     : strcmp(taxa->items[i], names->items[j]);

		if (order < 0)
			say_missing(check, taxa->items[i], false);
		else if (order > 0)
			say_missing(check, names->items[j], true);
		i += order <= 0;
		j += order >= 0;
		while (order <= 0 && i < taxa->count &&
			strcmp(taxa->items[i], taxa->items[i - 1]) == 0)
			i++;
	}
}

static void compare_words(struct check *check, const char *where, const char *const words[2],
	const bool declared[2], const uint64_t used[2])
{
	for (int i = 0; i < 2; i++)
		if (declared[i] != (used[i] > 0))
			descriptor_say(check->report, "M02", CAMTRAPDP_WARNING, where, NULL,
				used[i] > 0 ? "%s does not list '%s', which rows have; add it"
					    : "%s lists '%s', which no row has; take it out",
				where, words[i]);
}

static void check_box(struct check *check)
{
	const struct descriptor *descriptor = check->descriptor;
	const struct place base = {"deployments", 0, "latitude"};

	for (size_t i = 0; i < check->deployments.count && descriptor->has_box; i++) {
		const struct deployment *deployment = &check->deployments.items[i];
		struct place place = base;

		if (!deployment->placed ||
			(deployment->longitude >= descriptor->west - NEARLY &&
				deployment->longitude <= descriptor->east + NEARLY &&
				deployment->latitude >= descriptor->south - NEARLY &&
				deployment->latitude <= descriptor->north + NEARLY))
			continue;
		place.row = deployment->row;
		report_add(check->report, "M03", CAMTRAPDP_WARNING, &place, deployment->name,
			strlen(deployment->name),
			"the deployment lies outside spatial; make spatial cover all of them");
	}
}

static int64_t day_of(int64_t time)
{
	return (time - (time % DAY + DAY) % DAY) / DAY;
}

static void check_dates(struct check *check)
{
	const struct descriptor *descriptor = check->descriptor;
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (size_t i = 0; i < check->deployments.count; i++) {
		const struct deployment *deployment = &check->deployments.items[i];

		if (deployment->timed && deployment->start < first)
			first = deployment->start;
		if (deployment->timed && deployment->end > last)
			last = deployment->end;
	}
	if (!descriptor->has_temporal || first > last)
		return;
	/* One day either way: the dates may be local. */
	if (llabs(day_of(first) - descriptor->first_day) > 1)
		descriptor_say(check->report, "M03", CAMTRAPDP_WARNING, "temporal.start", NULL,
			"temporal.start is not the day when the first deployment starts");
	if (llabs(day_of(last) - descriptor->last_day) > 1)
		descriptor_say(check->report, "M03", CAMTRAPDP_WARNING, "temporal.end", NULL,
			"temporal.end is not the day when the last deployment ends");
}

void check_scopes(struct check *check)
{
	static const char *const levels[] = {"media", "event"};
	static const char *const methods[] = {"activityDetection", "timeLapse"};
	const struct descriptor *descriptor = check->descriptor;

	if (check->read[DEPLOYMENTS]) {
		check_box(check);
		check_dates(check);
	}
	if (check->read[MEDIA] && descriptor->has_methods &&
		check->methods[0] + check->methods[1] > 0)
		compare_words(check, "project.captureMethod", methods, descriptor->methods,
			check->methods);
	if (!check->read[OBSERVATIONS])
		return;
	if (descriptor->has_taxonomic)
		check_taxa(check);
	if (descriptor->has_levels && check->levels[0] + check->levels[1] > 0)
		compare_words(check, "project.observationLevel", levels, descriptor->levels,
			check->levels);
	if (check->levels[LEVEL_MEDIA] > 0 && check->levels[LEVEL_EVENT] == 0 &&
		!descriptor->gbif_media)
		descriptor_say(check->report, "G01", CAMTRAPDP_WARNING, "gbifIngestion", NULL,
			"there are rows of level 'media' only: GBIF would take none. Add event "
			"rows (TRAPPER: include_events), or gbifIngestion.observationLevel = "
			"\"media\"");
}
