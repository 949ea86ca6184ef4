/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many files of each deployment show animals, people, vehicles, or nothing. */
#include "detect_job.h"

#include "trapkit/subject.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* contracts/detector.md 3.1. */
#define THRESHOLD_4 0.8
#define THRESHOLD_OTHER 0.2

enum seen { SEEN_ANIMAL = 1, SEEN_HUMAN = 2, SEEN_VEHICLE = 4, SEEN_OTHER = 8 };

void detect_summary_release(struct detect_summary *summary)
{
	for (size_t i = 0; i < summary->count; i++)
		free(summary->items[i].deployment);
	free(summary->items);
	*summary = (struct detect_summary){0};
}

double detect_usual_threshold(const struct detections_header *header)
{
	if (!isnan(header->typical_threshold))
		return header->typical_threshold;
	return header->detector == NULL ? THRESHOLD_4 : THRESHOLD_OTHER;
}

static enum seen seen_of(const struct detections_category *category)
{
	switch (subject_of(category->name, category->description)) {
	case SUBJECT_ANIMAL:
		return SEEN_ANIMAL;
	case SUBJECT_HUMAN:
		return SEEN_HUMAN;
	case SUBJECT_VEHICLE:
		return SEEN_VEHICLE;
	default:
		return SEEN_OTHER;
	}
}

size_t detect_deployment_length(const char *file)
{
	const char *first = strpbrk(file, "/\\"), *last = NULL, *second;

	for (const char *at = first; at != NULL; at = strpbrk(at + 1, "/\\"))
		last = at;
	if (last == NULL)
		return 0;
	second = first == file ? NULL : strpbrk(first + 1, "/\\");
	return (size_t)((second == NULL ? last : second) - file);
}

static struct detect_tally *find_tally(struct detect_summary *summary, const char *file)
{
	size_t length = detect_deployment_length(file);
	struct detect_tally tally = {0};

	/* Files of one deployment mostly stand together. */
	for (size_t i = summary->count; i-- > 0;)
		if (strncmp(summary->items[i].deployment, file, length) == 0 &&
			summary->items[i].deployment[length] == '\0')
			return &summary->items[i];
	tally.deployment = xstrndup(file, length);
	ARRAY_APPEND(summary, tally);
	return &summary->items[summary->count - 1];
}

static void count(struct detect_tally *tally, unsigned seen, bool failed)
{
	tally->files++;
	tally->failed += failed;
	tally->blank += seen == 0 && !failed;
	tally->animal += (seen & SEEN_ANIMAL) != 0;
	tally->human += (seen & SEEN_HUMAN) != 0;
	tally->vehicle += (seen & SEEN_VEHICLE) != 0;
	tally->other += (seen & SEEN_OTHER) != 0;
}

int detect_summarize(
	const char *path, double threshold, struct detect_summary *summary, struct error *err)
{
	struct detections_reader *reader = detections_open(path, err);
	const struct detections_header *header;
	struct detected_image image;
	int more;

	*summary = (struct detect_summary){0};
	if (reader == NULL)
		return -1;
	header = detections_header(reader);
	summary->threshold = threshold < 0 ? detect_usual_threshold(header) : threshold;
	while ((more = detections_next(reader, &image, err)) == 1) {
		unsigned seen = 0;

		for (size_t i = 0; i < image.count; i++)
			if (image.items[i].confidence >= summary->threshold)
				seen |= seen_of(&header->categories.items[image.items[i].category]);
		count(find_tally(summary, image.file), seen, image.failure != NULL);
		count(&summary->all, seen, image.failure != NULL);
	}
	detections_close(reader);
	return more;
}
