/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the report share. */
#ifndef TRAPKIT_FLOW_REPORT_PARTS_H
#define TRAPKIT_FLOW_REPORT_PARTS_H

#include "detection_index.h"
#include "trapkit/ledger.h"
#include "trapkit/report.h"
#include "trapkit/template.h"

#include <stdio.h>

/* A picture or video of which something is shown. */
struct report_picture {
	char *path;    /* below the data path */
	char *covered; /* absolute path of what is shown in its place; owned; NULL = none */
	uint64_t size;
	int64_t mtime_ns;
	int64_t local; /* seconds since 1970 by the camera's clock; only when `dated` */
	bool dated, shown;
	struct media_facts facts;
	double temperature, battery_percent, battery_volts; /* NaN = not told */
	uint8_t *jpeg;                                      /* owned; NULL = there is none */
	size_t jpeg_size;
	uint32_t width, height;            /* of the thumbnail */
	bool failed;                       /* it was tried in vain */
	int64_t frame;                     /* of a video: which one is shown */
	const struct indexed_image *found; /* the index's; NULL = not looked at */
};

static inline bool report_has_boxes(const struct report_picture *picture)
{
	return picture->found != NULL && picture->found->count > 0;
}

#define REPORT_BINS 90
#define REPORT_CATEGORIES 16

struct report_deployment {
	char *collection, *name;
	uint64_t files, videos, bytes, damaged, delivered;
	bool dated;
	int64_t first, last;                    /* by the camera's clock, without clock resets */
	uint64_t looked_at, blank;              /* by a detector; `looked_at` counts failures not */
	uint64_t categories[REPORT_CATEGORIES]; /* files with a detection of it */
	uint64_t hours[24];
	/* Files in each `days_per_bin` days from the day of `first` on. */
	uint64_t bins[REPORT_BINS];
	size_t bin_count;
	int64_t first_day, days_per_bin;
	struct {
		struct report_picture *items; /* in order of time */
		size_t count, capacity;
	} pictures;
};

struct report {
	const struct report_settings *settings;
	struct {
		struct report_deployment *items;
		size_t count, capacity;
	} deployments;
	struct template_result checks; /* deployments in the same order */
	struct ledger_package_list packages;
	struct detection_index detections;
	size_t shown; /* pictures with a thumbnail */
	uint64_t files, videos, bytes, delivered;
};
void report_release(struct report *report);

/* Fills deployments, checks and packages; chooses the pictures (report_gather.c). */
int report_gather(struct report *report, struct ledger *ledger, const struct progress *progress,
	struct error *err);

/* Reads the chosen pictures (report_pictures.c). */
int report_read_pictures(struct report *report, const struct progress *progress, struct error *err);

/* ---- writing (report_text.c, report_charts.c, report_page.c) ---- */

/* Text with what HTML takes for markup escaped; bytes that are no UTF-8 as \xHH. */
void report_text(FILE *out, const char *text);
/* "2024-07-01" and "2024-07-01 10:30". */
void report_day(FILE *out, int64_t local);
void report_time(FILE *out, int64_t local);
void report_base64(FILE *out, const uint8_t *bytes, size_t size);

void report_hours(FILE *out, const struct report_deployment *deployment);
void report_days(FILE *out, const struct report_deployment *deployment);
/* Temperature and battery, where at least two pictures tell. */
void report_curves(FILE *out, const struct report_deployment *deployment);
/* Nothing when no position is known. */
void report_map(FILE *out, const struct report *report);

void report_page(FILE *out, const struct report *report);

#endif
