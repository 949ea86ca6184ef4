/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes one file's rendition and notes it for the ledger. */
#include "convert_job.h"
#include "read_head.h"

#include "trapkit/exif.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* A picture file bigger than this is none. */
#define MOST_PICTURE_BYTES (UINT64_C(1) << 30)
#define HEAD_SIZE 65536
/* What a run that is killed has to make again, at most. */
#define FLUSH_ROWS 64
#define FLUSH_SECONDS 2

/* ---- reading the source ---- */

static int open_source(
	const struct convert_job *job, const struct convert_item *item, int *fd, struct error *err)
{
	char *path = text_join_path(job->settings->data_path, item->source.path);

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	free(path);
	return *fd < 0 ? error_errno(err, "cannot open it") : 0;
}

static int check_same(const struct convert_item *item, int fd, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return error_errno(err, "cannot look at it");
	if ((uint64_t)status.st_size != item->source.size ||
		timespec_ns(&status.st_mtim) != item->source.mtime_ns)
		return error_set(err, ERROR_INPUT, "it changed since it was surveyed; run again");
	return 0;
}

static int hash_bytes(
	const uint8_t *bytes, size_t size, uint8_t sha256[SHA256_SIZE], struct error *err)
{
	struct sha256 *digest = sha256_new(err);

	if (digest == NULL)
		return -1;
	sha256_update(digest, bytes, size);
	sha256_finish(digest, sha256);
	sha256_free(digest);
	return 0;
}

/* Another file than the one in which the areas to cover were found must not pass. */
static int check_examined(const struct convert_item *item, struct error *err)
{
	char hex[SHA256_HEX_SIZE];

	if (item->found.sha256 == NULL)
		return 0;
	sha256_hex(item->sha256, hex);
	if (strcasecmp(hex, item->found.sha256) == 0)
		return 0;
	return error_set(err, ERROR_INPUT,
		"held back: it is not the file that was examined; run 'trapkit detect' again");
}

static int hash_source(struct convert_job *job, struct convert_item *item, struct error *err)
{
	struct sha256 *digest = NULL;
	uint8_t *buffer = xmalloc(HEAD_SIZE);
	ssize_t got;
	int fd = -1, result = -1;

	if (open_source(job, item, &fd, err) != 0 || (digest = sha256_new(err)) == NULL)
		goto done;
	while ((got = read(fd, buffer, HEAD_SIZE)) != 0) {
		if (got < 0 && errno != EINTR) {
			error_errno(err, "cannot read it");
			goto done;
		}
		if (got > 0)
			sha256_update(digest, buffer, (size_t)got);
		if (progress_check(job->progress, err) != 0)
			goto done;
	}
	if (check_same(item, fd, err) != 0)
		goto done;
	sha256_finish(digest, item->sha256);
	item->has_sha256 = true;
	result = 0;
done:
	if (fd >= 0)
		close(fd);
	sha256_free(digest);
	free(buffer);
	return result;
}

/* ---- the ledger ---- */

/* A row must not outlive the file that it tells of: the folders' new names go to disk first. */
static int sync_folders(const struct convert_job *job, struct error *err)
{
	char *synced = NULL;
	int result = 0;

	for (size_t i = 0; i < job->rows.count && result == 0; i++) {
		const char *recorded = job->rows.items[i].row.rendition;
		char *path;
		size_t folder;

		if (recorded == NULL)
			continue;
		path = recorded[0] == '/' ? xstrdup(recorded)
					  : text_join_path(job->settings->work_folder, recorded);
		folder = (size_t)(strrchr(path, '/') - path) + 1;
		if (synced == NULL || strncmp(path, synced, folder) != 0 ||
			strchr(synced + folder, '/') != NULL)
			result = sync_parent(path, err);
		free(synced);
		synced = path;
	}
	free(synced);
	return result;
}

static int flush_rows(struct convert_job *job, struct error *err)
{
	int result = job->rows.count == 0 ? 0 : sync_folders(job, err);
	bool begun = false;

	if (job->rows.count > 0 && result == 0) {
		result = ledger_begin(job->ledger, err);
		begun = result == 0;
	}

	for (size_t i = 0; i < job->rows.count; i++) {
		struct convert_row *item = &job->rows.items[i];

		if (result == 0)
			result = item->remove
				? ledger_remove_rendition(job->ledger, item->row.path, err)
				: ledger_put_rendition(job->ledger, &item->row, err);
		ledger_rendition_release(&item->row);
	}
	job->rows.count = 0;
	clock_gettime(CLOCK_MONOTONIC, &job->flushed);
	if (begun && result == 0)
		result = ledger_commit(job->ledger, err);
	else if (begun)
		ledger_rollback(job->ledger);
	return result;
}

int convert_flush(struct convert_job *job, struct error *err)
{
	int result;

	pthread_mutex_lock(&job->guard);
	result = flush_rows(job, err);
	pthread_mutex_unlock(&job->guard);
	return result;
}

static int note_row(struct convert_job *job, struct convert_row *row, bool now, struct error *err)
{
	struct timespec clock;
	int result = 0;

	pthread_mutex_lock(&job->guard);
	ARRAY_APPEND(&job->rows, *row);
	clock_gettime(CLOCK_MONOTONIC, &clock);
	if (now || job->rows.count >= FLUSH_ROWS ||
		clock.tv_sec - job->flushed.tv_sec >= FLUSH_SECONDS)
		result = flush_rows(job, err);
	pthread_mutex_unlock(&job->guard);
	return result;
}

static char *row_key(const struct convert_job *job, const struct convert_item *item)
{
	return job->settings->mirror_folder == NULL
		? xstrdup(item->source.path)
		: text_join_path(job->settings->mirror_folder, item->source.path);
}

static int note_made(
	struct convert_job *job, const struct convert_item *item, uint64_t size, struct error *err)
{
	struct convert_row row = {.row = {.path = row_key(job, item),
					  .size = item->source.size,
					  .mtime_ns = item->source.mtime_ns,
					  .settings = xstrdup(item->settings),
					  .rendition = xstrdup(item->recorded),
					  .rendition_size = size,
					  .has_sha256 = item->has_sha256}};

	memcpy(row.row.sha256, item->sha256, SHA256_SIZE);
	return note_row(job, &row, item->status != CONVERT_PICTURE, err);
}

/* What was made before must not be taken for this file any longer. */
static int note_gone(struct convert_job *job, const struct convert_item *item, struct error *err)
{
	struct convert_row row = {.row = {.path = row_key(job, item)}, .remove = true};

	if (item->known.path == NULL || job->settings->dry_run) {
		ledger_rendition_release(&row.row);
		return 0;
	}
	return note_row(job, &row, false, err);
}

/* ---- pictures ---- */

/* A JPEG of one or three components of eight bits; true when that cannot be told. */
static bool is_plain(const uint8_t *bytes, size_t size)
{
	struct jpeg_segment segment;
	size_t at = 0;

	while (at < size && jpeg_segment_at(bytes + at, size - at, &segment) == JPEG_SEGMENT) {
		const uint8_t *payload = bytes + at + segment.header;

		if (at + segment.header + 6 > size)
			break;
		if (jpeg_is_frame(segment.marker))
			return payload[0] == 8 && (payload[5] == 1 || payload[5] == 3);
		at += segment.header + segment.payload;
	}
	return true;
}

static int check_fit(struct convert_job *job, struct convert_item *item, struct error *err)
{
	uint8_t *head = xmalloc(HEAD_SIZE);
	size_t size = 0;
	int fd = -1, result = open_source(job, item, &fd, err);

	if (result == 0)
		result = read_head(fd, head, HEAD_SIZE, &size, err);
	if (result == 0 && is_plain(head, size)) {
		item->status = CONVERT_FIT;
		if (job->settings->mirror_folder != NULL)
			convert_plan_place(job, item);
	}
	if (fd >= 0)
		close(fd);
	free(head);
	return result;
}

static int read_source(
	struct convert_job *job, struct convert_item *item, uint8_t **bytes, struct error *err)
{
	size_t size = (size_t)item->source.size, length;
	int fd = -1, result = -1;

	if (item->source.size > MOST_PICTURE_BYTES)
		return error_set(err, ERROR_INPUT, "it is too big for a picture");
	if (open_source(job, item, &fd, err) != 0)
		return -1;
	*bytes = xmalloc(size + 1);
	if (read_head(fd, *bytes, size, &length, err) == 0 && check_same(item, fd, err) == 0)
		result = length == size
			? 0
			: error_set(err, ERROR_INPUT, "it changed while it was read; run again");
	close(fd);
	return result;
}

static int write_all(int fd, const uint8_t *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, "cannot write its rendition");
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

static int make_picture(struct convert_job *job, struct convert_item *item, struct error *err)
{
	struct rendition rendition = {0};
	struct output_file file = {0};
	uint8_t *bytes = NULL;
	int result = -1;

	if (read_source(job, item, &bytes, err) != 0 ||
		hash_bytes(bytes, (size_t)item->source.size, item->sha256, err) != 0)
		goto done;
	item->has_sha256 = true;
	if (check_examined(item, err) != 0)
		goto done;
	if (rendition_make(bytes, (size_t)item->source.size, &job->settings->picture,
		    job->blur == NULL ? NULL : &item->found.areas, &rendition, err) != 0)
		goto done;
	free(bytes);
	bytes = NULL;
	item->damaged = rendition.truncated;
	item->bytes_out = rendition.size;
	if (output_file_open_swept(&file, item->target, false, err) != 0 ||
		write_all(file.fd, rendition.bytes, rendition.size, err) != 0 ||
		convert_publish(item, &file, item->source.mtime_ns, err) != 0)
		goto done;
	result = note_made(job, item, rendition.size, err);
done:
	output_file_discard(&file);
	rendition_release(&rendition);
	free(bytes);
	return result;
}

/* ---- films ---- */

static unsigned film_threads(const struct convert_settings *settings)
{
	/* Of all films, not of those still to be made: the bytes must not depend on that. */
	uint64_t threads = settings->film_count == 0 ? 1 : settings->jobs / settings->film_count;

	return threads < 1 ? 1 : threads > 8 ? 8 : (unsigned)threads;
}

static int make_film(struct convert_job *job, struct convert_item *item, struct error *err)
{
	const struct film_settings settings = {.format = job->settings->film,
		.dated = item->dated,
		.created = item->film_created,
		.threads = film_threads(job->settings),
		.blur = &item->found.areas};
	struct output_file file = {0};
	struct stat status;
	char *source = text_join_path(job->settings->data_path, item->source.path);
	int result = -1;

	if (hash_source(job, item, err) != 0 || check_examined(item, err) != 0 ||
		output_file_open_swept(&file, item->target, false, err) != 0 ||
		film_make(source, file.temporary, &settings, &item->film, job->progress, err) != 0)
		goto done;
	if (job->blur != NULL && (int64_t)item->film.frames > item->found.frames) {
		error_set(err, ERROR_INPUT,
			"held back: of its %llu frames only the first %lld were examined; run "
			"'trapkit detect' again, with a shorter --video-interval",
			(unsigned long long)item->film.frames, (long long)item->found.frames);
		goto done;
	}
	if (fstat(file.fd, &status) != 0) {
		error_errno(err, "cannot look at its rendition");
		goto done;
	}
	item->bytes_out = (uint64_t)status.st_size;
	/* Its own headers know best how long it was meant to be. */
	if (item->source.facts.duration > item->film.promised)
		item->film.promised = item->source.facts.duration;
	item->damaged = item->film.damaged || (item->source.facts.trouble & TROUBLE_TRUNCATED) != 0;
	item->status = item->film.remuxed ? CONVERT_REMUXED : CONVERT_FILM;
	if (convert_publish(item, &file, item->created, err) == 0)
		result = note_made(job, item, item->bytes_out, err);
done:
	output_file_discard(&file);
	free(source);
	return result;
}

/* ---- the whole ---- */

static int make_folder(const char *path, struct error *err)
{
	char *folder = xstrdup(path);
	int result;

	*strrchr(folder, '/') = '\0';
	result = make_folders(folder, err);
	free(folder);
	return result;
}

/* Only touched, or copied here and there: the rendition still stands. */
static int recognize(struct convert_job *job, struct convert_item *item, struct error *err)
{
	if (hash_source(job, item, err) != 0)
		return -1;
	if (memcmp(item->sha256, item->known.sha256, SHA256_SIZE) != 0)
		return 0;
	item->status = CONVERT_UNCHANGED;
	if (job->settings->dry_run)
		return 0;
	return note_made(job, item, item->known.rendition_size, err);
}

static int make(struct convert_job *job, struct convert_item *item, struct error *err)
{
	if (item->touched && recognize(job, item, err) != 0)
		return -1;
	if (job->blur != NULL && item->status != CONVERT_UNCHANGED && !job->settings->dry_run &&
		convert_withdraw(job, item, err) != 0)
		return -1;
	if (item->status == CONVERT_HELD)
		return note_gone(job, item, err);
	if (item->target == NULL)
		return error_set(err, ERROR_INPUT,
			"its rendition's name is taken by another file; rename one of them");
	if (item->check_fit && item->status == CONVERT_PICTURE && check_fit(job, item, err) != 0)
		return -1;
	if (item->status == CONVERT_FIT)
		return note_gone(job, item, err);
	if (item->status == CONVERT_UNCHANGED || job->settings->dry_run)
		return 0;
	if (make_folder(item->target, err) != 0)
		return -1;
	switch (item->status) {
	case CONVERT_PICTURE:
		return make_picture(job, item, err);
	case CONVERT_FILM:
		return make_film(job, item, err);
	default:
		return convert_place(job, item, err);
	}
}

static int advance(struct convert_job *job, const struct convert_item *item, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "convert",
		.files_total = job->settings->files,
		.bytes_total = job->settings->bytes};
	int stop;

	pthread_mutex_lock(&job->guard);
	event.files_done = ++job->files_done;
	event.bytes_done = job->bytes_done += item->source.size;
	stop = progress_send(job->progress, &event);
	pthread_mutex_unlock(&job->guard);
	return stop != 0 ? error_set(err, ERROR_CANCELLED, "stopped") : 0;
}

int convert_make(struct convert_job *job, struct convert_item *item, struct error *err)
{
	struct error second = {0};

	if (make(job, item, err) != 0) {
		if (err->kind == ERROR_INPUT)
			note_gone(job, item, &second);
		return -1;
	}
	return advance(job, item, err);
}
