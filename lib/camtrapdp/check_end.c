/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What shows only when all rows were read: lost keys, rows without counterpart, events, cameras. */
#include "check.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define CONSTANT_FROM 10 /* files of one time that are no burst */

static void tell_lost(struct check *check, enum table_kind kind, int field, enum table_kind to,
	struct lost_keys *lost)
{
	const struct place base = {schemas[kind].name, 0, schemas[kind].fields[field].name};

	for (size_t i = 0; i < lost->count; i++) {
		const struct lost_key *key = &lost->items[i];
		struct place place = base;

		place.row = key->row;
		report_add(check->report, "R01", CAMTRAPDP_ERROR, &place, key->value,
			strlen(key->value),
			"no row of '%s' has this %s (%llu rows, the first is told); letter case "
			"and blanks count",
			schemas[to].name, schemas[kind].fields[field].name,
			(unsigned long long)key->count);
	}
}

/* Ascending, byte by byte from the last: there are millions, and no two need comparing. */
static void sort_words(uint64_t *words, size_t count)
{
	uint64_t *from = words, *to = xmalloc(count * sizeof *to), *spare = to;

	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t ends[257] = {0};
		uint64_t *other = from;

		for (size_t i = 0; i < count; i++)
			ends[(from[i] >> shift & 0xFF) + 1]++;
		for (size_t i = 1; i < 256; i++)
			ends[i + 1] += ends[i];
		for (size_t i = 0; i < count; i++)
			to[ends[from[i] >> shift & 0xFF]++] = from[i];
		from = to;
		to = other;
	}
	free(spare);
}

static int by_span(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	return a->from != b->from ? (a->from > b->from) - (a->from < b->from)
				  : (a->to > b->to) - (a->to < b->to);
}

static size_t first_from(const uint64_t *media, size_t count, uint64_t moment)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (media[middle] >> MEDIA_FLAGS < moment)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many different events each file is in. */
static void count_events(
	struct check *check, const uint64_t *media, size_t count, int32_t *difference)
{
	const struct place base = {"observations", 0, "eventStart"};

	qsort(check->events.items, check->events.count, sizeof *check->events.items, by_span);
	for (size_t i = 0; i < check->events.count; i++) {
		const struct event *event = &check->events.items[i];
		struct place place = base;
		size_t from, to;

		if (i > 0 && by_span(event, event - 1) == 0)
			continue;
		from = first_from(media, count, event->from);
		to = first_from(media, count, event->to + 1);
		if (from == to) {
			place.row = event->row;
			report_add(check->report, "C05", CAMTRAPDP_INFO, &place, NULL, 0,
				"no media file lies within this event; check its start and end");
		}
		difference[from]++;
		difference[to]--;
	}
}

/* What is known of the media rows that have a deployment, in place of the table of their keys. */
static uint64_t *list_media(struct check *check, size_t *count)
{
	size_t all;
	uint64_t *media = key_map_payloads(&check->media_ids, &all);

	*count = 0;
	for (size_t i = 0; i < all; i++)
		if (media_deployment(media[i]) != NO_DEPLOYMENT)
			media[(*count)++] = media[i];
	return media;
}

static void check_coverage(struct check *check)
{
	const struct place media_place = {"media", 0, "timestamp"};
	size_t count;
	uint64_t *media = list_media(check, &count), several = 0;
	int32_t *difference = xcalloc(count + 1, sizeof *difference), covers = 0;

	if (check->events.count > 0) {
		sort_words(media, count);
		count_events(check, media, count, difference);
	}
	for (size_t i = 0; i < count; i++) {
		covers += difference[i];
		several += covers > 1;
		if (covers == 0 && !(media[i] & MEDIA_IS_SEEN))
			check->deployments.items[media_deployment(media[i])].without++;
	}
	if (several > 0)
		report_add(check->report, "C05", CAMTRAPDP_INFO, &media_place, NULL, 0,
			"%llu files lie in several events at once, which count what is on them "
			"several times",
			(unsigned long long)several);
	free(difference);
	free(media);
}

static void check_counterparts(struct check *check)
{
	for (size_t i = 0; i < check->deployments.count; i++) {
		const struct deployment *deployment = &check->deployments.items[i];
		const struct place place = {"deployments", deployment->row, "deploymentID"};
		size_t length = strlen(deployment->name);

		if (check->read[MEDIA] && deployment->files == 0)
			report_add(check->report, "R04", CAMTRAPDP_INFO, &place, deployment->name,
				length, "the deployment has no media files");
		if (check->read[OBSERVATIONS] && deployment->without > 0)
			report_add(check->report, "R04", CAMTRAPDP_INFO, &place, deployment->name,
				length, "%llu of its media files are in no observation",
				(unsigned long long)deployment->without);
		if (deployment->files >= CONSTANT_FROM && !deployment->varied)
			report_add(check->report, "C06", CAMTRAPDP_INFO, &place, deployment->name,
				length,
				"all its files have the same time; was the camera's clock set?");
	}
}

static int by_camera(const void *left, const void *right)
{
	const struct deployment *a = *(const struct deployment *const *)left;
	const struct deployment *b = *(const struct deployment *const *)right;

	return a->camera != b->camera ? (a->camera > b->camera) - (a->camera < b->camera)
				      : (a->start > b->start) - (a->start < b->start);
}

static void check_cameras(struct check *check)
{
	const struct deployment **sorted = xcalloc(check->deployments.count + 1, sizeof *sorted);
	const struct deployment *latest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < check->deployments.count; i++)
		if (check->deployments.items[i].camera != 0 && check->deployments.items[i].timed)
			sorted[count++] = &check->deployments.items[i];
	qsort(sorted, count, sizeof *sorted, by_camera);
	for (size_t i = 0; i < count; i++) {
		const struct place place = {"deployments", sorted[i]->row, "cameraID"};

		if (latest != NULL && latest->camera == sorted[i]->camera &&
			sorted[i]->start < latest->end)
			report_add(check->report, "C07", CAMTRAPDP_WARNING, &place, sorted[i]->name,
				strlen(sorted[i]->name),
				"the same camera is in deployment '%s' at that time; check "
				"cameraID and the times of both",
				latest->name);
		if (latest == NULL || latest->camera != sorted[i]->camera ||
			sorted[i]->end > latest->end)
			latest = sorted[i];
	}
	free(sorted);
}

/* Sorting takes as much again as what is sorted: room is made for it. */
static void forget_observations(struct check *check)
{
	key_map_release(&check->observation_ids);
	key_map_release(&check->event_spans);
	key_map_release(&check->event_rows);
	key_map_release(&check->boxes);
}

void check_end(struct check *check)
{
	forget_observations(check);
	tell_lost(check, MEDIA, M_DEPLOYMENT, DEPLOYMENTS, &check->lost[0]);
	tell_lost(check, OBSERVATIONS, O_DEPLOYMENT, DEPLOYMENTS, &check->lost[1]);
	tell_lost(check, OBSERVATIONS, O_MEDIA, MEDIA, &check->lost[2]);
	check_cameras(check);
	if (check->read[MEDIA] && check->read[OBSERVATIONS] && check->read[DEPLOYMENTS])
		check_coverage(check);
	check_counterparts(check);
	check_scopes(check);
}

void check_release(struct check *check)
{
	struct key_map *maps[] = {&check->deployment_ids, &check->folded_ids, &check->location_ids,
		&check->media_ids, &check->observation_ids, &check->event_spans, &check->event_rows,
		&check->boxes, &check->names};

	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
		key_map_release(maps[i]);
	for (size_t i = 0; i < check->deployments.count; i++)
		free(check->deployments.items[i].name);
	free(check->deployments.items);
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < check->lost[i].count; j++)
			free(check->lost[i].items[j].value);
		free(check->lost[i].items);
		key_map_release(&check->lost[i].known);
	}
	free(check->events.items);
	string_list_release(&check->name_list);
}
