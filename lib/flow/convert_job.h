/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the convert flow share: the job, one file's way through it, and the names. */
#ifndef TRAPKIT_LIB_FLOW_CONVERT_JOB_H
#define TRAPKIT_LIB_FLOW_CONVERT_JOB_H

#include "blur_find.h"

#include "trapkit/blur.h"
#include "trapkit/convert.h"
#include "trapkit/error.h"
#include "trapkit/ledger.h"
#include "trapkit/memory.h"
#include "trapkit/model.h"
#include "trapkit/progress.h"

#include <pthread.h>
#include <time.h>

struct output_file;

/* ---- convert_names.c ---- */

/* The names that the renditions of one deployment would like to have, as sorted hashes. */
struct convert_names {
	char *collection, *deployment; /* owned */
	uint64_t *items;
	size_t count, capacity;
};
/* Gets ready for the resource's deployment, unless it is already. */
int convert_names_enter(struct convert_names *names, const struct convert_settings *settings,
	struct ledger *ledger, const struct resource *resource, struct error *err);
void convert_names_release(struct convert_names *names);
/* Path of the rendition below the tree; owned. NULL when there is no name that is free. */
char *convert_target(const struct convert_names *names, const struct convert_settings *settings,
	const struct resource *resource);
/* What is made of the file: a picture, a film, or (CONVERT_FIT) nothing. */
enum convert_status convert_kind(
	const struct convert_settings *settings, const struct resource *resource);

/* ---- one file ---- */

/* Texts are owned. */
struct convert_item {
	struct resource source; /* only what is needed of it: path, size, mtime_ns, facts */
	enum convert_status status;
	char *target;                  /* absolute */
	char *recorded;                /* as in the ledger: below the work folder, or absolute */
	char *settings;                /* what it would be made with */
	struct ledger_rendition known; /* the ledger's row; path NULL = none */
	bool touched;                  /* the row fits but for the mtime: compare the contents */
	bool check_fit;  /* by its size it needs no rendition; look at its components */
	bool foreign;    /* at the target is a file that we do not know */
	int64_t created; /* mtime that a film gets, nanoseconds */
	bool dated;
	int64_t film_created; /* creation_time of a film, seconds */
	bool damaged;
	uint64_t bytes_out;
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE];
	struct film film;
	struct blur_found found; /* when job->blur is there */
};

struct convert_job {
	const struct convert_settings *settings;
	struct ledger *ledger;
	struct convert_result *result;
	const struct progress *progress;
	struct blur_finder *blur; /* NULL = nothing need be covered */
	struct convert_names names;
	struct ledger_files *files; /* of the present collection */
	size_t collection;
	pthread_mutex_t guard; /* of what follows: workers come here */
	struct {
		struct convert_row {
			struct ledger_rendition row; /* texts are owned */
			bool remove;
		} * items;
		size_t count, capacity;
	} rows; /* not in the ledger yet */
	struct timespec flushed;
	uint64_t files_done, bytes_done;
};

/* ---- convert_plan.c ---- */

/* Decides what is to be done with the resource. */
int convert_plan(struct convert_job *job, const struct resource *resource,
	struct convert_item *item, struct error *err);
/*
 * The source itself is to be in the mirror: CONVERT_PLACED, or CONVERT_UNCHANGED when a file of its
 * size and time is there.
 */
void convert_plan_place(const struct convert_job *job, struct convert_item *item);
void convert_item_release(struct convert_item *item);

/* ---- convert_make.c ---- */

/* Does it. In a dry run only looks. */
int convert_make(struct convert_job *job, struct convert_item *item, struct error *err);
/* Writes what was noted into the ledger. */
int convert_flush(struct convert_job *job, struct error *err);

/* ---- convert_place.c ---- */

/* Publishes what was written; a file at the target that is not ours must be equal, and stays. */
int convert_publish(
	struct convert_item *item, struct output_file *file, int64_t mtime_ns, struct error *err);
/*
 * With something to cover, before the rendition is made: takes away the one that was made before,
 * and the source where a run without --blur has put it into the mirror.
 */
int convert_withdraw(struct convert_job *job, struct convert_item *item, struct error *err);
/* Takes away all copies that were made when other kinds had to be covered, with their rows. */
int convert_withdraw_unlike(struct convert_job *job, struct error *err);
/* Links or copies the source into the mirror. */
int convert_place(struct convert_job *job, struct convert_item *item, struct error *err);

#endif
