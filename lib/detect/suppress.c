/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of boxes that show the same thing only the surest stays. */
#include "decode.h"

#include <stdlib.h>

static int by_confidence(const void *one, const void *other)
{
	const struct candidate *a = one, *b = other;

	if (a->confidence != b->confidence)
		return a->confidence < b->confidence ? 1 : -1;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->x1 != b->x1)
		return a->x1 < b->x1 ? -1 : 1;
	return a->y1 < b->y1 ? -1 : a->y1 > b->y1;
}

static float span(float from, float to)
{
	return to > from ? to - from : 0;
}

static float overlap(const struct candidate *a, const struct candidate *b)
{
	float left = a->x1 > b->x1 ? a->x1 : b->x1, right = a->x2 < b->x2 ? a->x2 : b->x2;
	float top = a->y1 > b->y1 ? a->y1 : b->y1, bottom = a->y2 < b->y2 ? a->y2 : b->y2;
	float both = span(left, right) * span(top, bottom);
	float all = span(a->x1, a->x2) * span(a->y1, a->y2) +
		span(b->x1, b->x2) * span(b->y1, b->y2) - both;

	return all > 0 ? both / all : 0;
}

void keep_surest(struct candidate_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, by_confidence);
	if (list->count > DETECTOR_MOST_BOXES)
		list->count = DETECTOR_MOST_BOXES;
}

/*
 * All classes in one pass, surest first: whatever is kept is among the surest of all, so that the
 * first DETECTOR_MOST_BOXES are found without looking at the rest.
 */
void suppress_doubles(struct candidate_list *list, float most_overlap)
{
	size_t kept = 0;

	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, by_confidence);
	for (size_t i = 0; i < list->count && kept < DETECTOR_MOST_BOXES; i++) {
		const struct candidate *candidate = &list->items[i];
		size_t k = 0;

		while (k < kept &&
			(list->items[k].class != candidate->class ||
				overlap(&list->items[k], candidate) <= most_overlap))
			k++;
		if (k == kept)
			list->items[kept++] = *candidate;
	}
	list->count = kept;
}
