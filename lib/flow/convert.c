/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renditions of the ledger's files: planned in order, made in parallel, told in order. */
#include "convert_job.h"

#include "trapkit/find_files.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A long film must not keep the other workers waiting for their turn to be told. */
#define IN_FLIGHT 4096

const char *convert_status_name(enum convert_status status)
{
	static const char *const names[] = {
		[CONVERT_FAILED] = "failed",
		[CONVERT_HELD] = "held_back",
		[CONVERT_FIT] = "fit",
		[CONVERT_UNCHANGED] = "unchanged",
		[CONVERT_PICTURE] = "picture",
		[CONVERT_FILM] = "video",
		[CONVERT_REMUXED] = "remuxed",
		[CONVERT_PLACED] = "placed",
	};

	return names[status];
}

static int next(void *context, void *memory, struct error *err)
{
	struct convert_job *job = context;
	const struct string_list *collections = job->settings->collections;
	struct resource resource;
	int more;

	if (progress_check(job->progress, err) != 0)
		return -1;
	while (job->collection < collections->count) {
		if (job->files == NULL &&
			(job->files = ledger_files_open(job->ledger,
				 collections->items[job->collection], NULL, err)) == NULL)
			return -1;
		more = ledger_files_next(job->files, &resource, err);
		if (more < 0)
			return -1;
		if (more == 1) {
			struct convert_item *item = memory;

			if (convert_plan(job, &resource, item, err) == 0)
				return 1;
			convert_item_release(item);
			return -1;
		}
		ledger_files_close(job->files);
		job->files = NULL;
		job->collection++;
	}
	return 0;
}

static int work(void *context, void *item, struct error *err)
{
	return convert_make(context, item, err);
}

static void count(struct convert_job *job, const struct convert_item *item)
{
	struct convert_result *result = job->result;

	result->files++;
	switch (item->status) {
	case CONVERT_FAILED:
		result->failed++;
		return;
	case CONVERT_HELD:
		result->held++;
		return;
	case CONVERT_FIT:
		result->fit++;
		return;
	case CONVERT_UNCHANGED:
		result->unchanged++;
		return;
	case CONVERT_PLACED:
		result->placed++;
		return;
	case CONVERT_PICTURE:
		result->pictures++;
		break;
	case CONVERT_FILM:
		result->films++;
		break;
	case CONVERT_REMUXED:
		result->remuxed++;
		break;
	}
	result->damaged += item->damaged;
	result->bytes_in += item->source.size;
	result->bytes_out += item->bytes_out;
}

/* What was lost of a damaged file; owned, or NULL. */
static char *remark_on(const struct convert_item *item)
{
	if (item->found.held != NULL)
		return xstrdup(item->found.held);
	if (!item->damaged)
		return NULL;
	if (item->status == CONVERT_PICTURE)
		return xstrdup("the picture is damaged or cut short; what is there was kept");
	if (item->film.promised > item->film.duration + 0.5)
		return xasprintf("the video is damaged: %.1f s of %.1f s could be read and were "
				 "kept",
			item->film.duration, item->film.promised);
	return xasprintf(
		"the video is damaged or cut short; %.1f s of it were kept", item->film.duration);
}

static void tell(struct convert_job *job, const struct convert_item *item, const char *remark)
{
	const struct convert_file file = {.path = item->source.path,
		.rendition = item->status == CONVERT_FIT || item->status == CONVERT_FAILED ||
				item->status == CONVERT_HELD
			? NULL
			: item->target,
		.status = item->status,
		.bytes_in = item->source.size,
		.bytes_out = item->bytes_out,
		.remark = remark};

	if (remark != NULL)
		progress_warning(job->progress, item->source.path, "%s", remark);
	if (job->settings->tell != NULL)
		job->settings->tell(job->settings->context, &file);
}

/* The disk is full: every other file would meet the same, after as much work. libav has it as text.
 */
static bool is_no_room(const struct error *failure)
{
	return failure->kind == ERROR_SYSTEM &&
		(strstr(failure->message, strerror(ENOSPC)) != NULL ||
			strstr(failure->message, strerror(EDQUOT)) != NULL);
}

static int take(void *context, void *memory, const struct error *failure, struct error *err)
{
	struct convert_job *job = context;
	struct convert_item *item = memory;
	char *remark = NULL;
	int result = 0;

	if (failure != NULL &&
		(failure->kind == ERROR_CANCELLED || failure->kind == ERROR_UNAVAILABLE)) {
		*err = *failure;
		result = -1;
	} else if (failure != NULL && is_no_room(failure)) {
		result = error_set(err, ERROR_SYSTEM,
			"'%s': %s; make room, then run the same command again", item->source.path,
			failure->message);
	} else if (failure != NULL && !find_is_there(job->settings->data_path)) {
		result = error_errno(err,
			"the data path '%s' is gone; when it is back, run the same command again",
			job->settings->data_path);
	} else if (failure != NULL) {
		item->status = CONVERT_FAILED;
		count(job, item);
		tell(job, item, failure->message);
		if (job->settings->fail_fast) {
			*err = *failure;
			result = error_context(err, "'%s'", item->source.path);
		}
	} else {
		count(job, item);
		remark = remark_on(item);
		tell(job, item, remark);
		free(remark);
	}
	convert_item_release(item);
	return result;
}

static void drop(void *context, void *item)
{
	(void)context;
	convert_item_release(item);
}

/* Half a file that a killed run left has a name of its own; this run holds the ledger's lock. */
static void sweep(const struct convert_settings *settings)
{
	for (size_t i = 0; i < settings->collections->count && !settings->dry_run; i++) {
		char *tree = settings->mirror_folder != NULL
			? xstrdup(settings->mirror_folder)
			: text_join_path(settings->work_folder, "renditions");
		char *folder = text_join_path(tree, settings->collections->items[i]);

		output_file_sweep(folder);
		free(folder);
		free(tree);
	}
}

int convert_run(const struct convert_settings *settings, struct ledger *ledger,
	struct convert_result *result, const struct progress *progress, struct error *err)
{
	struct convert_job job = {
		.settings = settings, .ledger = ledger, .result = result, .progress = progress};
	const struct workers workers = {.next = next,
		.work = work,
		.take = take,
		.drop = drop,
		.context = &job,
		.item_size = sizeof(struct convert_item),
		.in_flight = IN_FLIGHT};
	struct progress_event event = {.kind = PROGRESS_BEGIN,
		.stage = "convert",
		.files_total = settings->files,
		.bytes_total = settings->bytes};
	struct error second = {0};
	int outcome;

	*result = (struct convert_result){0};
	pthread_mutex_init(&job.guard, NULL);
	clock_gettime(CLOCK_MONOTONIC, &job.flushed);
	progress_send(progress, &event);
	sweep(settings);
	if (settings->blur != NULL)
		job.blur = blur_finder_open(settings->blur, progress, err);
	outcome = settings->blur != NULL && job.blur == NULL ? -1 : 0;
	if (outcome == 0 && !settings->dry_run)
		outcome = convert_withdraw_unlike(&job, err);
	if (outcome == 0)
		outcome = workers_run(&workers, settings->jobs, err);
	/* What was made before a stop need not be made again. */
	if (convert_flush(&job, outcome == 0 ? err : &second) != 0)
		outcome = -1;
	event.kind = PROGRESS_END;
	event.files_done = job.files_done;
	event.bytes_done = job.bytes_done;
	progress_send(progress, &event);
	if (job.files != NULL)
		ledger_files_close(job.files);
	blur_finder_close(job.blur);
	convert_names_release(&job.names);
	free(job.rows.items);
	pthread_mutex_destroy(&job.guard);
	return outcome;
}
