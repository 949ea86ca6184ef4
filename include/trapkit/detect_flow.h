/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From folders of pictures and videos to one file of detections, whatever interrupts it. */
#ifndef TRAPKIT_DETECT_FLOW_H
#define TRAPKIT_DETECT_FLOW_H

#include "trapkit/detect.h"
#include "trapkit/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;

/* All borrowed. */
struct detect_settings {
	/* A data path, or files and folders as given (data_path NULL). */
	const char *data_path;
	const struct string_list *collections; /* of the data path; empty = all */
	const struct string_list *files;
	const char *output; /* path of the JSON file; OUTPUT.partial beside it while it grows */
	struct detector_settings detector;
	double video_interval;  /* seconds between frames of a video; 0 = all of them */
	uint32_t batch;         /* pictures that the model sees at once, at least 1 */
	unsigned shard, shards; /* this is shard 0 … shards − 1; shards 0 = all in one */
	bool no_resume;         /* forget what a run that was stopped has done */
	bool retry_failed;      /* look again at what failed before */
	bool overwrite;         /* begin anew and replace the output */
	bool fail_fast, dry_run;
	unsigned jobs; /* threads that read and decode, at least 1 */
	int64_t now;   /* seconds since 1970 */
};

struct detect_result {
	uint64_t files, bytes;             /* of this shard */
	uint64_t known;                    /* of them done before */
	uint64_t pictures, videos, frames; /* looked at now; frames of videos */
	uint64_t failed;                   /* of all files; those that were known before too */
	uint64_t skipped;                  /* links and other things that are no files */
	bool up_to_date;                   /* the output was whole already */
	double seconds, model_seconds;     /* of the run; of them in the model */
	char *device; /* owned: "CPU, 2 threads, ONNX Runtime 1.24.3"; NULL when nothing was run */
};
void detect_result_release(struct detect_result *result);

/*
 * Looks at every picture, and at frames of every video, in bytewise order of their paths, and
 * writes MegaDetector's batch format 1.6 (contracts/detector.md section 2) with width, height,
 * datetime, size, modified and sha256 of each file. What is done is appended to OUTPUT.partial and
 * on the disk every 200 pictures or 60 s; a later run with the same model and settings goes on
 * from there, and a finished output is only added to. Files that changed since are looked at again.
 * A file that cannot be read is an entry with a failure, warned of and counted.
 *
 * Shards divide the sorted list into runs of about equal bytes; each writes an output of its own,
 * which detect_merge() joins.
 *
 * ERROR_INPUT: there is nothing to look at, or the output is there and was made with another model
 * or other settings. ERROR_BUSY: another run writes it. 0 also when files failed.
 */
int detect_run(const struct detect_settings *settings, struct detect_result *result,
	const struct progress *progress, struct error *err);

struct detect_merged {
	uint64_t files, failed; /* entries written; of them failures */
	unsigned shards;        /* that were joined and are complete; 0 = they were no shards */
};

/*
 * Joins files of detections of versions 1.0 to 1.6 into one of 1.6, in bytewise order of its files;
 * categories of one name become one. Shards of one run must all be there, each once, and hold
 * together exactly the files that were divided: the result is that of a run without shards.
 * ERROR_INPUT when something is missing or a file is in two of them; nothing is written then.
 */
int detect_merge(const struct string_list *paths, const char *output, bool overwrite, bool dry_run,
	struct detect_merged *merged, const struct progress *progress, struct error *err);

/* What was seen in the files of one deployment. A file with an animal and a car counts twice. */
struct detect_tally {
	char *deployment; /* "collection/deployment", or the folder; owned */
	uint64_t files, animal, human, vehicle, other;
	uint64_t blank;  /* looked at, and nothing was sure enough */
	uint64_t failed; /* could not be looked at */
};

/* In the order of the file. `{ 0 }` is releasable. */
struct detect_summary {
	struct detect_tally *items;
	size_t count, capacity;
	struct detect_tally all; /* its `deployment` is NULL */
	double threshold;        /* that was used */
};
void detect_summary_release(struct detect_summary *summary);

/* What users of a file's detector take for sure enough: see detect_summarize(). */
struct detections_header;
double detect_usual_threshold(const struct detections_header *header);

/*
 * Counts what a file of detections, of any version, holds. `threshold` below 0: the one that users
 * of its detector choose (detector_metadata; 0.8 for MegaDetector 4, else 0.2). Detections that
 * were struck out (negative confidence) do not count.
 */
int detect_summarize(
	const char *path, double threshold, struct detect_summary *summary, struct error *err);

/* Which files a file of detections says are blank. */
struct detect_blank;

/* `threshold` as in detect_summarize(). What failed, or is not in the file, is not blank. */
struct detect_blank *detect_blank_load(const char *path, double threshold, struct error *err);
void detect_blank_free(struct detect_blank *blank);
double detect_blank_threshold(const struct detect_blank *blank);
/* A file that has another size than when it was looked at is not blank. */
bool detect_blank_has(const struct detect_blank *blank, const char *file, uint64_t size);

/* A box that stands in the same place in many pictures of one camera: a branch, not an animal. */
struct detect_repeat {
	char *deployment, *category; /* owned */
	double x, y, width, height;  /* shares of the picture, as in the file */
	uint64_t count;              /* pictures */
	char *first;                 /* the file it was seen in first; owned */
};

/* Most seen first. `{ 0 }` is releasable. */
struct detect_repeat_list {
	struct detect_repeat *items;
	size_t count, capacity;
	uint64_t struck; /* detections struck out in the output */
};
void detect_repeats_release(struct detect_repeat_list *list);

struct detect_repeat_settings {
	const char *path;   /* a file of detections */
	const char *output; /* NULL = list only */
	bool overwrite;
	unsigned least;   /* pictures that make it a repeat */
	double threshold; /* detections below are not looked at; below 0 = as in detect_summarize */
};

/*
 * Pictures only, boxes of one category that overlap by 0.9 of their union and take no more than a
 * fifth of the picture, by deployment (contracts/detector.md 3.2). In `output` they have their
 * confidence negated, as MegaDetector's own tools do, and `info` tells by which rule. Sleeping
 * animals repeat, too: a person should look at each in the list before.
 */
int detect_repeats(const struct detect_repeat_settings *settings, struct detect_repeat_list *list,
	const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
