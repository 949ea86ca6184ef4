/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the ledger's files to web-friendly renditions on disk, each made once. */
#ifndef TRAPKIT_CONVERT_H
#define TRAPKIT_CONVERT_H

#include "trapkit/film.h"
#include "trapkit/memory.h"
#include "trapkit/rendition.h"

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

enum convert_status {
	CONVERT_FAILED,    /* nothing could be made of it */
	CONVERT_HELD,      /* it was not examined for what must be covered: no rendition */
	CONVERT_FIT,       /* needs no rendition: the original serves */
	CONVERT_UNCHANGED, /* its rendition is there already */
	CONVERT_PICTURE,   /* made */
	CONVERT_FILM,      /* made by encoding */
	CONVERT_REMUXED,   /* made by packing the same streams anew */
	CONVERT_PLACED     /* linked or copied into the mirror tree as it is */
};
/* "failed", "held_back", "fit", "unchanged", "picture", "video", "remuxed", "placed". */
const char *convert_status_name(enum convert_status status);

/* What became of one file, or would become of it in a dry run. All borrowed. */
struct convert_file {
	const char *path;      /* below the data path, bytes as on disk */
	const char *rendition; /* absolute; NULL when there is none */
	enum convert_status status;
	uint64_t bytes_in, bytes_out; /* out: 0 when not made now */
	const char *remark;           /* what is wrong with it, or NULL: no capital, no full stop */
};

/* What must not be seen in anything that leaves. All borrowed. */
struct convert_blur {
	const char *detections; /* file of detections, which says where they are */
	const char *kinds;      /* "human", "vehicle" or "human,vehicle" */
	double threshold;       /* boxes at least this sure are covered */
};

/* All borrowed. */
struct convert_settings {
	const char *data_path;
	const char *work_folder;   /* absolute; renditions go to `renditions/` below it */
	const char *mirror_folder; /* absolute: a mirror tree there instead; NULL = none */
	const struct string_list *collections; /* folder names */
	bool pictures;                         /* make renditions of pictures */
	struct rendition_settings picture;
	bool films; /* make renditions of videos */
	enum film_format film;
	uint64_t film_count;             /* of all videos, to choose threads for each; 0 = many */
	const struct convert_blur *blur; /* NULL = nothing need be covered */
	const struct zone *zone;         /* of the cameras' clocks; NULL = not known */
	bool ignore_dst;
	bool overwrite; /* make all anew, and replace files of a mirror that are not ours */
	bool fail_fast;
	bool dry_run;
	unsigned jobs;         /* 0 = workers_default_jobs() */
	uint64_t files, bytes; /* of the survey, for the progress */
	/* Called in the files' order in the thread of convert_run(); may be NULL. */
	void (*tell)(void *context, const struct convert_file *file);
	void *context;
};

struct convert_result {
	uint64_t files;                    /* looked at */
	uint64_t pictures, films, remuxed; /* made now */
	uint64_t placed;                   /* linked or copied */
	uint64_t fit, unchanged, failed;   /* see enum convert_status */
	uint64_t held;                     /* likewise */
	uint64_t damaged;                  /* of those made, what was there of a damaged file */
	uint64_t bytes_in, bytes_out;      /* of those made */
};

/*
 * Goes over the files of the ledger, which a survey filled. A rendition is named like its source,
 * with `.jpg`, `.mp4` or `.webm`; where two of a deployment would come to one name, or one to that
 * of another file, the source's extension stays in it (`IMG_1.avi.mp4`). It is recorded in the
 * ledger with the source's size, mtime and SHA-256 and the settings: a later run makes only what
 * these say is out of date. Renditions appear whole or not at all; the same source and settings
 * give the same bytes. A mirror tree holds every file, those that need no rendition as a link or a
 * copy; a file there that is not ours, and differs, is a failure without `overwrite`.
 * With `blur` every file gets a rendition, also those that would need none, and what the file of
 * detections tells of is covered with a margin; a file that is not in it, failed there, or changed
 * since, is CONVERT_HELD.
 * A file that fails or is held is warned of and counted, and whatever was made of it before is
 * forgotten.
 * 0 also when files failed. The ledger must not be in a transaction.
 */
int convert_run(const struct convert_settings *settings, struct ledger *ledger,
	struct convert_result *result, const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
