/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events of a deployment: files with something on them that lie close together in time. */
#include "export_job.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

/* Seconds between files of one burst, at most. */
#define BURST_GAP 10

void events_release(struct events *events)
{
	free(events->moments.items);
	free(events->event_of);
	free(events->list.items);
	free(events->rows.items);
	*events = (struct events){0};
}

/* A moment in the order of time. */
struct placed {
	int64_t start;
	uint32_t index;
	bool occupied; /* something is on it, or on another file of its burst */
};

static int by_time(const void *left, const void *right)
{
	const struct placed *one = left, *other = right;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return (one->index > other->index) - (one->index < other->index);
}

/* One trigger makes several files, of which an animal often is on some only. */
static void join_bursts(struct placed *order, size_t count)
{
	for (size_t first = 0, next; first < count; first = next) {
		bool occupied = order[first].occupied;

		for (next = first + 1;
			next < count && order[next].start - order[next - 1].start <= BURST_GAP;
			next++)
			occupied |= order[next].occupied;
		for (size_t i = first; i < next; i++)
			order[i].occupied = occupied;
	}
}

static struct placed *in_order(const struct events *events)
{
	size_t count = events->moments.count;
	struct placed *order = xcalloc(count, sizeof *order);

	for (size_t i = 0; i < count; i++) {
		const struct moment *moment = &events->moments.items[i];

		order[i] = (struct placed){
			moment->start, (uint32_t)i, (moment->bits & SEEN_SOMETHING) != 0};
	}
	if (count > 0)
		qsort(order, count, sizeof *order, by_time);
	join_bursts(order, count);
	return order;
}

static int64_t end_of(const struct moment *moment)
{
	return moment->start + moment->duration;
}

/*
 * The event that begins with order[first]: as long as less than `interval` lies between the end of
 * one file with something on it and the start of the next. It ends with the last of them, but not
 * after `latest` unless that file begins later.
 */
static void follow(const struct events *events, const struct placed *order, size_t first,
	int64_t interval, int64_t latest, struct event *event)
{
	int64_t last = order[first].start;

	event->start = last;
	event->end = end_of(&events->moments.items[order[first].index]);
	for (size_t i = first + 1; i < events->moments.count; i++) {
		const struct moment *moment = &events->moments.items[order[i].index];

		if (!order[i].occupied)
			continue;
		if (moment->start - event->end >= interval)
			break;
		last = moment->start;
		if (end_of(moment) > event->end)
			event->end = end_of(moment);
	}
	if (event->end > latest)
		event->end = last > latest ? last : latest;
}

/* An event with something on it is known to its end; a quiet one goes on until something comes. */
static bool begins_another(const struct event *event, const struct placed *placed, int64_t interval)
{
	if (event->occupied)
		return placed->start > event->end;
	return placed->occupied || placed->start - event->end >= interval;
}

void events_make(struct events *events, int64_t interval, int64_t latest)
{
	struct placed *order = in_order(events);

	events->event_of = xcalloc(events->moments.count, sizeof *events->event_of);
	for (size_t i = 0; i < events->moments.count; i++) {
		size_t count = events->list.count;
		struct event *event = count == 0 ? NULL : &events->list.items[count - 1];
		struct event next = {.start = order[i].start,
			.end = order[i].start,
			.occupied = order[i].occupied,
			.first_row = NO_ROW};

		if (event == NULL || begins_another(event, &order[i], interval)) {
			if (next.occupied)
				follow(events, order, i, interval, latest, &next);
			ARRAY_APPEND(&events->list, next);
			event = &events->list.items[count++];
		} else if (!event->occupied) {
			event->end = order[i].start;
		}
		event->unlooked |= (events->moments.items[order[i].index].bits & SEEN_LOOKED) == 0;
		event->unsure |= (events->moments.items[order[i].index].bits & SEEN_UNSURE) != 0;
		events->event_of[order[i].index] = (uint32_t)(count - 1);
	}
	free(order);
}

static struct event_row *find_row(
	struct events *events, struct event *event, const struct sighting *sighting)
{
	uint32_t *link = &event->first_row;
	struct event_row row = {.next = NO_ROW, .type = sighting->type, .taxon = sighting->taxon};

	while (*link != NO_ROW) {
		struct event_row *known = &events->rows.items[*link];

		if (known->type == row.type && known->taxon == row.taxon)
			return known;
		link = &known->next;
	}
	*link = (uint32_t)events->rows.count;
	ARRAY_APPEND(&events->rows, row);
	return &events->rows.items[events->rows.count - 1];
}

/* Sightings of one kind at one time come together. */
static int by_kind(const void *left, const void *right)
{
	const struct sighting *one = left, *other = right;

	if (one->detection->frame != other->detection->frame)
		return one->detection->frame < other->detection->frame ? -1 : 1;
	if (one->type != other->type)
		return one->type < other->type ? -1 : 1;
	return (one->taxon > other->taxon) - (one->taxon < other->taxon);
}

static void add_blank(struct events *events, struct event *event, unsigned source)
{
	static const struct sighting blank = {.type = CAMTRAPDP_BLANK, .taxon = NO_TAXON};

	find_row(events, event, &blank)->source = (uint8_t)source;
}

void events_add(struct events *events, uint32_t index, const struct sighting_list *sightings,
	unsigned source)
{
	struct event *event = &events->list.items[index];
	struct sighting *sorted;
	uint32_t together = 0;

	if (sightings->count == 0) {
		if (!event->occupied)
			add_blank(events, event, source);
		return;
	}
	sorted = xmalloc(sightings->count * sizeof *sorted);
	memcpy(sorted, sightings->items, sightings->count * sizeof *sorted);
	qsort(sorted, sightings->count, sizeof *sorted, by_kind);
	for (size_t i = 0; i < sightings->count; i++) {
		struct event_row *row = find_row(events, event, &sorted[i]);

		together = i > 0 && by_kind(&sorted[i - 1], &sorted[i]) == 0 ? together + 1 : 1;
		if (row->count == 0) {
			row->source = (uint8_t)source;
			row->named = sorted[i].named;
		}
		if (together > row->count)
			row->count = together;
	}
	free(sorted);
}
