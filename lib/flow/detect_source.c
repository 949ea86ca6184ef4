/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files read, decoded and made ready for the model, ahead of it and in parallel. */
#include "detect_job.h"
#include "own_facts.h"

#include "trapkit/media.h"
#include "trapkit/package.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A picture file bigger than this is none. */
#define MOST_PICTURE_BYTES (UINT64_C(1) << 30)

/* MegaDetector's words: tools look for them. */
#define PICTURE_FAILED "image access failure"
#define VIDEO_FAILED "Failure processing video: cannot be decoded"

/* ---- memory of big pictures ---- */

static struct pixels take_spare(struct detect_job *job)
{
	struct pixels spare = {0};

	pthread_mutex_lock(&job->spare_guard);
	if (job->spare.count > 0)
		spare = job->spare.items[--job->spare.count];
	pthread_mutex_unlock(&job->spare_guard);
	return spare;
}

static void put_spare(struct detect_job *job, struct pixels *pixels)
{
	pthread_mutex_lock(&job->spare_guard);
	ARRAY_APPEND(&job->spare, *pixels);
	pthread_mutex_unlock(&job->spare_guard);
	*pixels = (struct pixels){0};
}

/* Makes what the model takes of the picture. */
static void fit(struct detect_job *job, struct detect_item *item)
{
	item->entry.width = item->pixels.width;
	item->entry.height = item->pixels.height;
	detector_prepare(job->detector, &item->pixels, &item->input);
	put_spare(job, &item->pixels);
}

void detect_item_release(struct detect_item *item)
{
	pixels_release(&item->pixels);
	detector_input_release(&item->input);
	detect_entry_release(&item->entry);
}

static void note_failure(struct detect_item *item, const struct error *why)
{
	item->entry.failure = item->file->video ? VIDEO_FAILED : PICTURE_FAILED;
	free(item->entry.reason);
	item->entry.reason = xstrdup(why->message);
}

/* A library that is missing, or Ctrl-C, is no property of the file. */
static int settle(struct detect_item *item, int result, struct error *err)
{
	if (result == 0)
		return 0;
	if (err->kind == ERROR_CANCELLED || err->kind == ERROR_UNAVAILABLE)
		return -1;
	note_failure(item, err);
	error_clear(err);
	return 0;
}

/* ---- what is next ---- */

static int open_film(struct detect_job *job, struct detect_item *item, struct error *err)
{
	char *path = detect_file_path(job->settings, item->file);

	item->kind = DETECT_FILM_END;
	job->film = film_frames_open(
		path, job->settings->video_interval, job->settings->jobs, job->progress, err);
	free(path);
	if (job->film == NULL)
		return settle(item, -1, err);
	item->kind = DETECT_FILM_BEGIN;
	item->entry.frame_rate = film_frames_rate(job->film);
	return 0;
}

/* A frame, or the film's end. */
static int next_frame(struct detect_job *job, struct detect_item *item, struct error *err)
{
	int more;

	item->pixels = take_spare(job);
	more = film_frames_next(job->film, &item->pixels, &item->frame, err);
	item->file = &job->manifest->items[job->next - 1];
	item->kind = more == 1 ? DETECT_FRAME : DETECT_FILM_END;
	if (more == 1)
		return 0;
	film_frames_close(job->film);
	job->film = NULL;
	return settle(item, more, err);
}

int detect_next(void *context, void *memory, struct error *err)
{
	struct detect_job *job = context;
	struct detect_item *item = memory;
	int result = 0;

	if (progress_check(job->progress, err) != 0)
		return -1;
	if (job->film != NULL) {
		result = next_frame(job, item, err);
	} else {
		while (job->next < job->manifest->count &&
			job->manifest->items[job->next].entry_size > 0)
			job->next++;
		if (job->next == job->manifest->count)
			return 0;
		item->file = &job->manifest->items[job->next++];
		if (item->file->video)
			result = open_film(job, item, err);
	}
	if (result == 0)
		return 1;
	detect_item_release(item);
	return -1;
}

/* ---- what is done with it ---- */

static void take_facts(struct detect_item *item, const struct media_facts *facts)
{
	const struct wall_time *taken = &facts->taken;

	if (facts->taken_source == TIME_NONE || facts->taken_source == TIME_MTIME)
		return;
	snprintf(item->entry.date, sizeof item->entry.date, "%04u:%02u:%02u %02u:%02u:%02u",
		(unsigned)taken->year % 10000, (unsigned)taken->month % 100,
		(unsigned)taken->day % 100, (unsigned)taken->hour % 100,
		(unsigned)taken->minute % 100, (unsigned)taken->second % 100);
}

static int hash_bytes(
	const uint8_t *bytes, size_t size, char hex[SHA256_HEX_SIZE], struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t sha256[SHA256_SIZE];

	if (digest == NULL)
		return -1;
	sha256_update(digest, bytes, size);
	sha256_finish(digest, sha256);
	sha256_free(digest);
	sha256_hex(sha256, hex);
	return 0;
}

static int read_all(int fd, uint8_t *bytes, size_t size, struct error *err)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, bytes + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot read it");
		if (got == 0)
			return error_set(err, ERROR_INPUT, "it became shorter while it was read");
		done += (size_t)got;
	}
	return 0;
}

static int read_file(
	const char *path, const struct detect_file *file, uint8_t **bytes, struct error *err)
{
	int fd, result;

	if (file->size == 0)
		return error_set(err, ERROR_INPUT, "the file is empty");
	if (file->size > MOST_PICTURE_BYTES)
		return error_set(err, ERROR_INPUT, "it is too big for a picture");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_errno(err, "cannot open it");
	*bytes = xmalloc((size_t)file->size);
	result = read_all(fd, *bytes, (size_t)file->size, err);
	close(fd);
	return result;
}

static int prepare_picture(struct detect_job *job, struct detect_item *item, struct error *err)
{
	const struct detect_file *file = item->file;
	char *path = detect_file_path(job->settings, file);
	struct media_facts facts;
	uint8_t *bytes = NULL;
	int result = -1;

	if (file->refused) {
		error_set(err, ERROR_INPUT, "its name is not UTF-8; give it another");
		goto done;
	}
	if (read_file(path, file, &bytes, err) != 0 ||
		hash_bytes(bytes, (size_t)file->size, item->entry.sha256, err) != 0)
		goto done;
	media_parse_facts(
		bytes, (size_t)file->size, text_base_name(path), job->settings->now, &facts);
	own_facts_parse(bytes, (size_t)file->size, job->settings->now, &facts);
	take_facts(item, &facts);
	item->pixels = take_spare(job);
	if (pixels_decode(bytes, (size_t)file->size, &item->pixels, err) != 0)
		goto done;
	fit(job, item);
	result = 0;
done:
	free(bytes);
	free(path);
	return result;
}

static int describe_film(struct detect_job *job, struct detect_item *item, struct error *err)
{
	char *path = detect_file_path(job->settings, item->file);
	struct media_facts facts;
	int fd = -1, result = -1;

	if (file_sha256(path, item->entry.sha256, job->progress, err) != 0)
		goto done;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		error_errno(err, "cannot open it");
		goto done;
	}
	result = media_read_facts(fd, text_base_name(path), job->settings->now, &facts, err);
	if (result == 0)
		take_facts(item, &facts);
done:
	if (fd >= 0)
		close(fd);
	free(path);
	return result;
}

int detect_prepare(void *context, void *memory, struct error *err)
{
	struct detect_job *job = context;
	struct detect_item *item = memory;

	if (item->entry.failure != NULL)
		return 0;
	switch (item->kind) {
	case DETECT_PICTURE:
		return settle(item, prepare_picture(job, item, err), err);
	case DETECT_FILM_BEGIN:
		return settle(item, describe_film(job, item, err), err);
	case DETECT_FRAME:
		fit(job, item);
		return 0;
	case DETECT_FILM_END:
		break;
	}
	return 0;
}
