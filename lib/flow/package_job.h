/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the package flow share: the job, the files chosen, and the walk over them. */
#ifndef TRAPKIT_LIB_FLOW_PACKAGE_JOB_H
#define TRAPKIT_LIB_FLOW_PACKAGE_JOB_H

#include "camera_list.h"
#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/ledger.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/package_flow.h"
#include "trapkit/progress.h"

/* A deployment's folder. Texts are owned. */
struct package_folder {
	char *collection, *deployment, *id;
	size_t rank;                 /* of the collection: its place in the order asked for */
	struct camera_list *cameras; /* owned; NULL: all files are the deployment's */
	size_t camera;               /* in the list: the one whose files are */
};

struct package_job {
	const struct package_settings *settings;
	struct ledger *ledger;
	struct package_result *result;
	const struct progress *progress;
	struct {
		struct package_folder *items;
		size_t count, capacity;
	} folders;
	/* The first walk counts and hashes; later ones only repeat its choices. */
	bool tallying;
	struct sha256 *digest; /* of inputs and settings, during the first walk */
	char fingerprint[SHA256_HEX_SIZE];
	struct {
		struct package_size {
			uint64_t files, bytes;
		} * items; /* one a part */
		size_t count, capacity;
	} parts;
	struct {
		struct ledger_package *items; /* the set's rows, one a part */
		size_t count, capacity;
	} rows;
	struct ledger_package_list
		earlier;                 /* rows whose files are not packaged again, oldest first */
	struct string_list collections;  /* of what is packaged, in order */
	char *blur;                      /* the ledger's LEDGER_BLUR; owned; NULL = there is none */
	struct blur_finder *finder;      /* with it: what must be covered */
	bool replace;                    /* outputs that exist may be replaced: they are ours */
	struct string_list left_out;     /* paths that failed while they were written */
	uint64_t files_done, bytes_done; /* of the parts before the present one */
};

/* Notes a file that is not in the package. Fails only with fail_fast. */
int package_skip(struct package_job *job, const char *path, bool failed, struct error *err,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* ---- package_folders.c ---- */

/* Parses settings->folders, sorts, makes the ids, and refuses those that collide or are empty. */
int package_folders_init(struct package_job *job, struct error *err);
void package_folders_release(struct package_job *job);

/* ---- package_choose.c ---- */

/* A file as it goes into the package. Borrowed until the next one. */
struct package_file {
	const struct resource *resource;
	char *name;   /* in the package, owned */
	char *source; /* below the data path, or absolute; owned */
	bool rendition;
	char *covered; /* owned: what a rendition was made with that covers all it must, or NULL */
	uint64_t size;
	int64_t mtime_ns;                 /* of the source */
	uint32_t dos_time;                /* the original's time in the package's zone */
	struct definition_resource entry; /* its `name` and `mime_type` are borrowed */
};
void package_file_release(struct package_file *file);

/* 1 = it goes in and `file` is filled, 0 = it does not (and was noted), -1 = error. */
int package_choose(struct package_job *job, const struct resource *resource,
	struct package_file *file, struct error *err);

/* ---- package_earlier.c ---- */

/*
 * ERROR_INPUT when the ledger has lost its memory, or another one has it: a damaged one was set
 * aside, or packages of ours lie in the data path that it does not know. With `again` and
 * `overwrite` the user says that all may be packaged.
 */
int package_memory_check(struct package_job *job, struct error *err);

/*
 * Fills job->earlier: the packages of sets whose delivery was begun, that are delivered or lie
 * there whole. A set of which parts are missing is not among them when the files are still those
 * that it was planned for: it is then gone on with.
 */
int package_earlier_init(struct package_job *job, struct error *err);
bool package_is_earlier(const struct package_job *job, int64_t id);
/* Both files lie where the ledger says, with the size that it says. */
bool package_is_there(const struct ledger_package *row);
bool package_same_set(const struct ledger_package *a, const struct ledger_package *b);
/* Some part of the row's set was sent or begun, and the ledger knows its files. */
bool package_is_begun(const struct ledger_package_list *all, const struct ledger_package *row);

/* What earlier packages hold of one folder. */
struct package_held {
	struct ledger_packaged_list files;
	size_t at;
	bool listed; /* the collection is in an earlier package */
};
int package_held_load(struct package_held *held, struct package_job *job,
	const struct package_folder *folder, struct error *err);
void package_held_release(struct package_held *held);
enum package_before { PACKAGE_NEVER, PACKAGE_HELD, PACKAGE_CHANGED };
/* In the order of the ledger. May learn the SHA-256 of the file. */
enum package_before package_held_find(
	struct package_held *held, struct package_job *job, struct resource *resource);

/* ---- package.c ---- */

/* Sets job->fingerprint by a walk that tells nothing. */
int package_fingerprint(struct package_job *job, struct error *err);

/* ---- package_walk.c ---- */

enum package_step_kind { PACKAGE_STEP_END, PACKAGE_STEP_FILE, PACKAGE_STEP_EMPTY };

/* One step of the walk: a file, or a folder without any. */
struct package_step {
	enum package_step_kind kind;
	size_t part; /* 1-based */
	const struct package_folder *folder;
	struct package_file file;
};

struct package_walk {
	struct package_job *job;
	struct package_step step; /* the present one */
	struct resource resource; /* of the present file; its texts belong to `files` */
	size_t folder;            /* index of the next or present folder */
	struct ledger_files *files;
	struct package_held held;          /* of the present folder */
	bool any;                          /* the present folder gave a file */
	size_t part;                       /* of the last file, 0 = none yet */
	uint64_t size;                     /* bytes in the present part */
	const struct package_folder *last; /* folder of the last file */
};
void package_walk_init(struct package_walk *walk, struct package_job *job);
/* Goes to the next step. The same ledger and settings give the same steps. */
int package_walk_next(struct package_walk *walk, struct error *err);
void package_walk_release(struct package_walk *walk);

/* ---- package_names.c ---- */

/* Names of one folder, as hashes: which are equal but for case and composed accents. */
struct package_names {
	uint64_t *items;
	size_t count, capacity;
};
void package_names_add(struct package_names *names, const char *name);
/* Ends a folder: ERROR_INPUT naming the first two files that collide. Empties `names`. */
int package_names_check(struct package_names *names, struct package_job *job,
	const struct package_folder *folder, struct error *err);

/* ---- package_plan.c ---- */

/* Takes up an earlier plan or makes one: job->rows. Sets result->up_to_date when all is there. */
int package_plan(struct package_job *job, struct error *err);

/* ---- package_write.c ---- */

/* Tells of job->earlier as far as it is about collections of this run. */
void package_show_earlier(struct package_job *job);

/* Writes every part that is planned and not there yet. */
int package_write(struct package_job *job, struct error *err);

#endif
