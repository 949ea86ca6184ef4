/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the survey share: the run at hand and the deployment at hand. */
#ifndef TRAPKIT_FLOW_SURVEY_INTERNAL_H
#define TRAPKIT_FLOW_SURVEY_INTERNAL_H

#include "trapkit/error.h"
#include "trapkit/ledger.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/survey.h"

#include <time.h>

/* A media file of the deployment at hand: 24 bytes and its path. */
struct survey_entry {
	uint64_t size;
	int64_t mtime_ns;
	size_t path; /* where in deployment.paths: the path below the deployment */
	bool read;   /* not known, or changed: to be opened */
};

/* The deployment that is being walked; everything in it goes when it is done. */
struct survey_folder {
	bool open;
	bool nested; /* has camera-made folders: the walk's order is not that of the names */
	char *name;
	struct {
		struct survey_entry *items;
		size_t count, capacity;
	} entries;
	char *paths;
	size_t paths_used, paths_size;
	struct survey_deployment counts;
};

/* A file that could not be read, for the second attempt. */
struct survey_retry {
	char *collection, *path; /* path: below the data path */
	size_t deployment;       /* in result.deployments */
};

struct survey {
	const struct survey_settings *settings;
	struct ledger *ledger;
	struct survey_result *result;
	const struct progress *progress;
	int data_fd;
	const char *collection; /* at hand */
	char *collection_path;
	char *path; /* of the entry at hand, below the data path */
	size_t path_size;
	struct survey_folder folder;
	struct {
		struct survey_retry *items;
		size_t count, capacity;
	} retries;
	bool stopped;  /* the walk ended because one of ours said so */
	bool changing; /* a transaction is open */
	unsigned changes;
	struct timespec changing_since;
	uint64_t looked_at; /* files, for the progress and for asking whether to stop */
	uint64_t bytes;
};

/* survey_walk.c */

/* Lists the collections into result->collections and reports what lies beside them. */
int survey_find_collections(struct survey *survey, struct error *err);
/* Walks the collection at hand, ending each deployment with survey_end_deployment. */
int survey_walk_collection(struct survey *survey, struct error *err);
bool survey_is_media(const struct survey_settings *settings, const char *name);

/* survey_read.c */

/* Compares the deployment at hand with the ledger, reads what is new, stores, counts. */
int survey_end_deployment(struct survey *survey, struct error *err);
/* Tries the files that could not be read once more. */
int survey_retry_all(struct survey *survey, struct error *err);

/* survey.c */

/* Notes what is left out; `counts` may be NULL. -1 with `err` only to stop at the first failure. */
int survey_problem(struct survey *survey, struct survey_deployment *counts, const char *path,
	bool failed, const char *reason, struct error *err);
/* To be called before and after each change of the ledger: commits now and then. */
int survey_change(struct survey *survey, struct error *err);
int survey_changed(struct survey *survey, struct error *err);
int survey_commit(struct survey *survey, struct error *err);
/* Counts a file that is in the ledger. */
void survey_count(struct survey *survey, struct survey_deployment *counts,
	const struct resource *resource, bool read);
/* Tells how far it came; -1 when asked to stop. */
int survey_advance(struct survey *survey, struct error *err);

#endif
