/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a detection run share. */
#ifndef TRAPKIT_FLOW_DETECT_JOB_H
#define TRAPKIT_FLOW_DETECT_JOB_H

#include "trapkit/detect_flow.h"
#include "trapkit/detections.h"
#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/pixel_source.h"
#include "trapkit/progress.h"
#include "trapkit/timestamp.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* ---- which files (detect_manifest.c) ---- */

struct detect_file {
	char *name;     /* as it goes into the output: UTF-8, `/` */
	char *path;     /* to open it, when that is not the data path and the name; or NULL */
	uint64_t size;  /* bytes */
	int64_t mtime;  /* seconds since 1970 */
	uint64_t entry; /* where its entry begins, when it has one */
	uint32_t entry_size;
	bool video, refused; /* refused: its name is not UTF-8 */
	bool in_output;      /* the entry is in the finished output, else in the partial one */
	bool failed;         /* the entry tells of a failure */
};

/* In bytewise order of names. */
struct detect_manifest {
	struct detect_file *items;
	size_t count, capacity;
	uint64_t bytes, skipped;
	uint64_t all;                 /* files of all shards */
	char digest[SHA256_HEX_SIZE]; /* of names and sizes of all shards */
};

/* All files, and then only those of the shard. */
int detect_manifest_make(const struct detect_settings *settings, struct detect_manifest *manifest,
	const struct progress *progress, struct error *err);
void detect_manifest_release(struct detect_manifest *manifest);
struct detect_file *detect_manifest_find(struct detect_manifest *manifest, const char *name);
/* Owned. */
char *detect_file_path(const struct detect_settings *settings, const struct detect_file *file);
/* Adds one file to the digest of a manifest. */
void detect_digest_file(struct sha256 *digest, const char *name, uint64_t size);

/* ---- one file's entry (detect_entry.c) ---- */

struct detect_box {
	struct detector_box box;
	int64_t frame; /* -1 for pictures */
};

/* Texts are owned; `{ 0 }` is releasable. */
struct detect_entry {
	uint32_t width, height;       /* as looked at; 0 = not known */
	char date[TIMESTAMP_SIZE];    /* "2024:07:01 08:00:00", "" = none */
	char sha256[SHA256_HEX_SIZE]; /* "" = not known */
	const char *failure;          /* static; NULL = fine */
	char *reason;                 /* what is behind the failure */
	bool video;
	double frame_rate;
	struct {
		struct detect_box *items;
		size_t count, capacity;
	} boxes;
	struct {
		uint64_t *items;
		size_t count, capacity;
	} frames;
};
void detect_entry_release(struct detect_entry *entry);
/* Boxes of one picture, or of one frame of a video. */
void detect_entry_add(
	struct detect_entry *entry, const struct detector_result *result, int64_t frame);
/* The entry as one line of JSON without an end of line. */
void detect_entry_write(FILE *stream, const struct detect_file *file, struct detect_entry *entry);
/* The part before the entries: `info`, categories, `"images": [`. `image_size` 0 = not known. */
void detect_head_write(FILE *stream, const struct detections_header *header, uint32_t image_size);
void detect_tail_write(FILE *stream);
/* "2024-07-01 08:00:00", UTC; owned. */
char *detect_time(int64_t seconds);
/* Text as JSON, ASCII only, with its quotes. */
void detect_text_write(FILE *stream, const char *text);

/* ---- by deployment (detect_summary.c) ---- */

/* Bytes of a file's name that are its deployment: the first two folders, else the file's own. */
size_t detect_deployment_length(const char *file);

/* ---- an entry of another file (detect_rewrite.c) ---- */

/* What becomes of ids of one file: `map[index]` is the new id. NULL = as they are. */
struct detect_rewrite {
	const char *const *categories, *const *classes;
	/* Detections that it says true to are struck out; NULL = none. */
	bool (*strike)(void *context, const struct detection *detection);
	void *context;
};

/* As version 1.6 has it, one line; all other members are kept. */
int detect_rewrite(FILE *stream, const struct detected_image *image,
	const struct detect_rewrite *rewrite, struct error *err);

/* ---- what is done (detect_state.c) ---- */

struct detect_state {
	char *output, *partial;
	/* `custom_metadata` tells what it is made with: same = entries may be used. */
	struct detections_header header;
	uint32_t image_size;
	FILE *stream; /* on the partial file, at its end; locked */
	FILE *read_output, *read_partial;
	unsigned unsynced;
	struct timespec synced;
};

/* Reads what earlier runs have done into the manifest. Without `write` nothing is made. */
int detect_state_open(struct detect_state *state, const struct detect_settings *settings,
	const struct detector_info *model, const char *model_sha256,
	struct detect_manifest *manifest, bool write, struct error *err);
/* Appends, and sees to it that little can be lost. */
int detect_state_put(struct detect_state *state, struct detect_file *file,
	struct detect_entry *entry, struct error *err);
/* Makes all of it safe on the disk. */
int detect_state_sync(struct detect_state *state, struct error *err);
/* Writes the output of all entries in the manifest's order, and removes the partial file. */
int detect_state_finish(
	struct detect_state *state, const struct detect_manifest *manifest, struct error *err);
void detect_state_close(struct detect_state *state);

/* ---- pictures and frames on their way to the model (detect_source.c) ---- */

enum detect_kind { DETECT_PICTURE, DETECT_FRAME, DETECT_FILM_END, DETECT_FILM_BEGIN };

struct detect_item {
	enum detect_kind kind;
	struct detect_file *file;
	struct pixels pixels; /* of a frame, until it is prepared */
	uint64_t frame;
	struct detector_input input;
	struct detect_entry entry; /* what is known of the file */
};
void detect_item_release(struct detect_item *item);

struct detect_job {
	const struct detect_settings *settings;
	const struct progress *progress;
	struct detector *detector;
	struct detect_manifest *manifest;
	struct detect_state *state;
	struct detect_result *result;

	/* Of `next`, in whatever thread: */
	size_t next;
	struct film_frames *film; /* being read */

	/* Memory of pictures that are done with, for those to come. */
	pthread_mutex_t spare_guard;
	struct {
		struct pixels *items;
		size_t count, capacity;
	} spare;

	/* Of `take`: */
	struct detect_item *pending; /* waiting for the batch to fill */
	size_t pending_count;
	struct detector_result *results;
	struct detect_entry film_entry;
	uint64_t files_done, bytes_done;
};

/* The three callbacks that fill items: see struct workers. */
int detect_next(void *context, void *item, struct error *err);
int detect_prepare(void *context, void *item, struct error *err);

#endif
