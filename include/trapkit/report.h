/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One page on a data path, for the person who brought the cards. */
#ifndef TRAPKIT_REPORT_H
#define TRAPKIT_REPORT_H

#include "trapkit/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct ledger;
struct progress;
struct zone;

/* All borrowed. */
struct report_settings {
	const char *data_path;
	const char *title;                     /* of the page */
	const struct string_list *collections; /* NULL or empty: all */
	const struct zone *zone;               /* for the checks of template_make */
	bool ignore_dst;
	const char *locations;  /* path of a .csv or .gpx with positions, or NULL */
	const char *detections; /* path of a detector's results, or NULL */
	/*
	 * Not NULL: of pictures the renditions (convert.h, below `work_folder`) are shown in which
	 * all that this names is covered, and those without one are not.
	 */
	const struct convert_blur *blur;
	const char *work_folder; /* absolute */
	unsigned jobs;           /* 0 = workers_default_jobs() */
	int64_t now;             /* seconds since 1970 */
};

/* `{ 0 }` is valid and releasable. */
struct report_result {
	char *page;         /* HTML, UTF-8; owned */
	size_t size;        /* bytes */
	size_t deployments; /* with files */
	uint64_t files, bytes;
	uint64_t delivered;          /* of the files, in a package that was delivered */
	struct string_list warnings; /* "collection/deployment: sentence" */
};
void report_result_release(struct report_result *result);

/* What every page begins with: by it one is told from a file of somebody else. */
#define REPORT_BEGINNING "<!DOCTYPE html>\n<!-- made by trapkit report -->\n"

/*
 * Makes the page from the files that the ledger knows (survey_run first). Of each deployment it
 * shows its time, counts, what template_make warns of, pictures evenly chosen over its time,
 * activity by hour and by day, temperature and battery as the camera wrote them, what a detector
 * found, and what of it was delivered; a map where positions are known. All times are by the
 * cameras' clocks.
 *
 * The page needs nothing else, has no script, and stays below 5 MB: pictures are shown up to
 * REPORT_PICTURES in all, each smaller the more there are. At most REPORT_PICTURES files are read,
 * and the heads of REPORT_SAMPLES pictures for the curves. Of a video the frame is shown that the
 * detector was surest of, else the first. A file that nothing can be shown of is named.
 */
#define REPORT_PICTURES 320
#define REPORT_SAMPLES 4000
int report_make(struct ledger *ledger, const struct report_settings *settings,
	struct report_result *result, const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
