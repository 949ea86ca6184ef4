/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in a data path: every media file found, read once, remembered in the ledger. */
#ifndef TRAPKIT_SURVEY_H
#define TRAPKIT_SURVEY_H

#include "trapkit/memory.h"
#include "trapkit/timestamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct ledger;
struct progress;

/* All borrowed. */
struct survey_settings {
	const char *data_path;
	/* Folder names in the order given; NULL or empty: all, in bytewise order. A missing one is
	   ERROR_INPUT before anything is changed. */
	const struct string_list *collections;
	/* ".jpg" or "jpg", ASCII case ignored; NULL: .jpg .jpeg .png and .mp4 .avi .mov. */
	const struct string_list *image_extensions, *video_extensions;
	unsigned jobs;  /* 0 = workers_default_jobs() */
	int64_t now;    /* seconds since 1970, for dates "in the future" */
	bool fail_fast; /* the first failed file is an error */
};

struct survey_deployment {
	char *collection, *deployment; /* folder names */
	uint64_t files, videos, bytes; /* now in the ledger; videos are among the files */
	uint64_t read;                 /* of them opened this time; the others were known */
	uint64_t undated;              /* of them without a date but mtime */
	uint64_t doubtful;             /* of them with any trouble (enum media_trouble) */
	uint64_t skipped, failed;      /* not in the ledger */
	bool dated;                    /* first and last are set */
	struct wall_time first, last;  /* by the camera's clock, without clock resets */
};

/* Something that is not in the ledger, and why. */
struct survey_problem {
	char *path;   /* below the data path, bytes as on disk: show it with text_escape() */
	char *reason; /* "empty file", "symbolic link, not followed" … no capital, no full stop */
	bool failed;  /* it is, or may hold, a picture that is left out: exit 1 */
};

#define SURVEY_MOST_PROBLEMS 1000

/* `{ 0 }` is valid and releasable. */
struct survey_result {
	struct {
		struct survey_deployment *items; /* those with files, skipped or failed */
		size_t count, capacity;
	} deployments;
	struct {
		struct survey_problem *items; /* the first SURVEY_MOST_PROBLEMS, failed or not */
		size_t count, capacity;
	} problems;
	uint64_t files, bytes;          /* in the ledger now, of the collections surveyed */
	uint64_t read;                  /* of them opened this time */
	uint64_t removed;               /* forgotten: no longer there */
	uint64_t skipped;               /* empty files, other kinds of files, links, devices */
	uint64_t failed;                /* any: exit 1 */
	uint64_t junk;                  /* hidden files, Thumbs.db …: counted, not listed */
	uint64_t empty;                 /* zero-byte media files, among the skipped */
	struct string_list collections; /* surveyed, in the order given */
	struct string_list empty_collections; /* without media files */
	struct string_list empty_deployments; /* "collection/deployment" without media files */
};
void survey_result_release(struct survey_result *result);

/*
 * Walks DATA/<collection>/<deployment>/<files>. A file whose size and mtime the ledger knows is not
 * opened. Others are read in parallel (media_read_facts; date, make, model and serial number that
 * EXIF lacks: camera_read_facts) and stored; damaged ones too, with their trouble. A file that
 * cannot be read is tried once more at the end and is then failed. Afterwards the ledger holds, of
 * the collections surveyed, exactly the files that are there and could be read: what is gone,
 * skipped or failed is forgotten (what was packaged and uploaded is not).
 *
 * Folders that a camera makes (find_is_camera_folder) belong to their deployment, the name being
 * the sub-path joined by `_`; of two files that come to the same name the one with the bytewise
 * lower path is taken, the other failed. Failed are also: names that are not UTF-8 or hold `\` or
 * control characters, media files outside a deployment (looked for when no collections are named),
 * links to folders or media files, other sub-folders that hold media, what cannot be read.
 * Each failed one is also told as a warning through `progress`, up to SURVEY_MOST_PROBLEMS.
 *
 * A file read within two seconds of its mtime is stored as racy and read again by the next survey.
 *
 * Commits every few thousand files, so that a run that was stopped goes on where it was. Memory is
 * below 200 bytes a file of the biggest deployment. 0 also when files failed: see result->failed.
 * `result` is filled as far as it came in any case; release it. The ledger must not be in a
 * transaction.
 */
int survey_run(const struct survey_settings *settings, struct ledger *ledger,
	struct survey_result *result, const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
