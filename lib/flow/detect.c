/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A detection run: files prepared in parallel, the model run on one after another, all noted. */
#include "detect_job.h"

#include "trapkit/output_file.h"
#include "trapkit/package.h"
#include "trapkit/workers.h"

#include <stdlib.h>
#include <string.h>

/* Tensors that wait for the model, beside those that are being made. */
#define WAITING 2

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void advance(struct detect_job *job, enum progress_kind kind)
{
	const struct progress_event event = {.kind = kind,
		.stage = "detect",
		.files_done = job->files_done,
		.files_total = job->manifest->count,
		.bytes_done = job->bytes_done,
		.bytes_total = job->manifest->bytes};

	progress_send(job->progress, &event);
}

/* ---- entries ---- */

static int put_entry(struct detect_job *job, struct detect_file *file, struct detect_entry *entry,
	struct error *err)
{
	entry->video = file->video;
	if (entry->failure != NULL) {
		job->result->failed++;
		progress_warning(job->progress, file->name, "%s: %s", entry->failure,
			entry->reason == NULL ? "no reason is known" : entry->reason);
		if (job->settings->fail_fast)
			return error_set(err, ERROR_INPUT, "'%s': %s", file->name, entry->reason);
	}
	if (file->video)
		job->result->videos++;
	else
		job->result->pictures++;
	job->files_done++;
	job->bytes_done += file->size;
	if (detect_state_put(job->state, file, entry, err) != 0)
		return -1;
	advance(job, PROGRESS_ADVANCE);
	return 0;
}

/* The model's failure is the picture's: those of the batch are tried one by one. */
static void run_model(struct detect_job *job, struct detect_item *items, size_t count)
{
	const struct detector_input **inputs = xcalloc(count, sizeof(struct detector_input *));
	struct error failure = {0};
	struct timespec begin;

	for (size_t i = 0; i < count; i++)
		inputs[i] = &items[i].input;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (detector_run(job->detector, inputs, count, job->results, &failure) != 0)
		for (size_t i = 0; i < count; i++) {
			error_clear(&failure);
			job->results[i].count = 0;
			if (detector_run(
				    job->detector, &inputs[i], 1, &job->results[i], &failure) == 0)
				continue;
			items[i].entry.failure = "inference failure";
			items[i].entry.reason = xstrdup(failure.message);
		}
	job->result->model_seconds += seconds_since(&begin);
	free(inputs);
}

static int finish_item(struct detect_job *job, struct detect_item *item,
	const struct detector_result *result, struct error *err)
{
	struct detect_entry *film = &job->film_entry;

	if (item->kind == DETECT_PICTURE) {
		if (item->entry.failure == NULL)
			detect_entry_add(&item->entry, result, -1);
		return put_entry(job, item->file, &item->entry, err);
	}
	job->result->frames++;
	/* Of the first frame, as players do when it changes. */
	if (film->width == 0) {
		film->width = item->entry.width;
		film->height = item->entry.height;
	}
	if (item->entry.failure == NULL) {
		detect_entry_add(film, result, (int64_t)item->frame);
		return 0;
	}
	film->failure = "Failure processing video: inference failure";
	free(film->reason);
	film->reason = item->entry.reason;
	item->entry.reason = NULL;
	return 0;
}

/* Runs what waits. */
static int flush(struct detect_job *job, struct error *err)
{
	int result = 0;

	if (job->pending_count > 0)
		run_model(job, job->pending, job->pending_count);
	for (size_t i = 0; i < job->pending_count; i++) {
		if (result == 0)
			result = finish_item(job, &job->pending[i], &job->results[i], err);
		detect_item_release(&job->pending[i]);
	}
	job->pending_count = 0;
	return result;
}

static int begin_film(struct detect_job *job, struct detect_item *item, struct error *err)
{
	if (flush(job, err) != 0)
		return -1;
	detect_entry_release(&job->film_entry);
	job->film_entry = item->entry;
	item->entry = (struct detect_entry){0};
	return 0;
}

/* What failed first is told: the film's head, one of its frames, or its end. */
static int end_film(struct detect_job *job, struct detect_item *item, struct error *err)
{
	struct detect_entry *film = &job->film_entry;
	int result;

	if (flush(job, err) != 0)
		return -1;
	if (film->failure == NULL && item->entry.failure != NULL) {
		film->failure = item->entry.failure;
		film->reason = item->entry.reason;
		item->entry.reason = NULL;
	}
	result = put_entry(job, item->file, film, err);
	detect_entry_release(film);
	return result;
}

/* Takes the item over when it is to wait. */
static int take_input(struct detect_job *job, struct detect_item *item, struct error *err)
{
	const struct detector_input *first = &job->pending[0].input;

	if (job->pending_count > 0 &&
		(first->width != item->input.width || first->height != item->input.height) &&
		flush(job, err) != 0)
		return -1;
	job->pending[job->pending_count++] = *item;
	*item = (struct detect_item){0};
	return job->pending_count == job->settings->batch ? flush(job, err) : 0;
}

static int take(void *context, void *memory, const struct error *failure, struct error *err)
{
	struct detect_job *job = context;
	struct detect_item *item = memory;
	int result = 0;

	if (failure != NULL) {
		*err = *failure;
		result = -1;
	} else if (item->kind == DETECT_FILM_BEGIN) {
		result = begin_film(job, item, err);
	} else if (item->kind == DETECT_FILM_END) {
		result = end_film(job, item, err);
	} else if (item->entry.failure != NULL) {
		result = put_entry(job, item->file, &item->entry, err);
	} else {
		result = take_input(job, item, err);
	}
	detect_item_release(item);
	return result;
}

static void drop(void *context, void *item)
{
	(void)context;
	detect_item_release(item);
}

/* ---- the run ---- */

static int look(struct detect_job *job, struct error *err)
{
	const struct detect_settings *settings = job->settings;
	const struct workers workers = {.next = detect_next,
		.work = detect_prepare,
		.take = take,
		.drop = drop,
		.context = job,
		.item_size = sizeof(struct detect_item),
		.in_flight = settings->jobs + WAITING};
	struct error second = {0};
	int result;

	job->pending = xcalloc(settings->batch, sizeof *job->pending);
	job->results = xcalloc(settings->batch, sizeof *job->results);
	pthread_mutex_init(&job->spare_guard, NULL);
	advance(job, PROGRESS_BEGIN);
	result = workers_run(&workers, settings->jobs, err);
	/* What the model has seen need not be seen again. */
	if (result == 0)
		result = flush(job, err);
	if (detect_state_sync(job->state, result == 0 ? err : &second) != 0)
		result = -1;
	advance(job, PROGRESS_END);
	for (size_t i = 0; i < job->pending_count; i++)
		detect_item_release(&job->pending[i]);
	detect_entry_release(&job->film_entry);
	film_frames_close(job->film);
	for (size_t i = 0; i < job->spare.count; i++)
		pixels_release(&job->spare.items[i]);
	free(job->spare.items);
	pthread_mutex_destroy(&job->spare_guard);
	free(job->pending);
	free(job->results);
	return result;
}

/* Known files count as done from the start. */
static void count_known(struct detect_job *job)
{
	struct detect_result *result = job->result;

	for (size_t i = 0; i < job->manifest->count; i++) {
		const struct detect_file *file = &job->manifest->items[i];

		if (file->entry_size == 0)
			continue;
		result->known++;
		result->failed += file->failed;
		job->files_done++;
		job->bytes_done += file->size;
	}
}

/* The output as it is holds all of this, and nothing else. */
static bool is_up_to_date(const struct detect_job *job)
{
	for (size_t i = 0; i < job->manifest->count; i++)
		if (job->manifest->items[i].entry_size == 0 || !job->manifest->items[i].in_output)
			return false;
	return job->state->read_output != NULL;
}

static int run(struct detect_job *job, struct error *err)
{
	const struct detect_settings *settings = job->settings;

	count_known(job);
	job->result->up_to_date = is_up_to_date(job);
	if (settings->dry_run)
		return 0;
	if (job->result->up_to_date)
		return 0;
	if (look(job, err) != 0)
		return -1;
	return detect_state_finish(job->state, job->manifest, err);
}

static void tell_device(struct detect_job *job)
{
	const struct detector_info *model = detector_info(job->detector);
	unsigned threads = job->settings->detector.threads;

	job->result->device = xasprintf("%s, %u %s, ONNX Runtime %s", model->device, threads,
		threads == 1 ? "thread" : "threads", model->runtime);
	progress_note(job->progress, "'%s' runs on the %s", model->model, job->result->device);
	if (*model->refusal != '\0')
		progress_detail(job->progress, "not on a graphics processor: %s", model->refusal);
}

int detect_run(const struct detect_settings *settings, struct detect_result *result,
	const struct progress *progress, struct error *err)
{
	struct detect_manifest manifest = {0};
	struct detect_state state = {0};
	struct detect_job job = {.settings = settings,
		.progress = progress,
		.manifest = &manifest,
		.state = &state,
		.result = result};
	char sha256[SHA256_HEX_SIZE];
	struct timespec begin;
	int outcome = -1;

	*result = (struct detect_result){0};
	clock_gettime(CLOCK_MONOTONIC, &begin);
	job.detector = detector_open(&settings->detector, err);
	if (job.detector == NULL)
		goto done;
	tell_device(&job);
	if (detect_manifest_make(settings, &manifest, progress, err) != 0 ||
		file_sha256(settings->detector.model, sha256, progress, err) != 0)
		goto done;
	result->files = manifest.count;
	result->bytes = manifest.bytes;
	result->skipped = manifest.skipped;
	if (detect_state_open(&state, settings, detector_info(job.detector), sha256, &manifest,
		    !settings->dry_run, err) == 0)
		outcome = run(&job, err);
done:
	detect_state_close(&state);
	detect_manifest_release(&manifest);
	detector_close(job.detector);
	result->seconds = seconds_since(&begin);
	return outcome;
}

void detect_result_release(struct detect_result *result)
{
	free(result->device);
	*result = (struct detect_result){0};
}
