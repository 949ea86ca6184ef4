/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a planned ZIP: sources are read, checked and hashed by threads, and written in order. */
#define _GNU_SOURCE
#include "zip_layout.h"

#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

/* Small enough that what was read is hashed while the processor still has it at hand. */
#define PIECE (256u << 10)
/* Files up to this are read whole, once, by several threads; bigger ones are read twice. */
#define WHOLE (8u << 20)
#define MOST_READERS 4u
#define IN_FLIGHT 6u

struct job {
	struct zip_plan *plan;
	int folder, fd;
	const char *name; /* of the archive, for messages */
	const struct progress *progress;
	uint64_t bytes_done, bytes_total;
	size_t next;    /* entry to be read next */
	bool committed; /* something of the entry being written is in the archive already */
	size_t failed;  /* index of the entry at fault, SIZE_MAX for none */
	pthread_mutex_t lock;
	uint8_t *spare[IN_FLIGHT]; /* buffers of WHOLE bytes that nobody uses now */
	size_t spares;
};

/* An entry between reading and writing. */
struct reading {
	size_t index;
	uint8_t *bytes; /* NULL: too big to be held */
	uint32_t crc;
	uint8_t sha256[SHA256_SIZE];
};

/* Buffers are used again: fresh memory costs as much as copying. */
static uint8_t *take_buffer(struct job *job)
{
	uint8_t *bytes = NULL;

	pthread_mutex_lock(&job->lock);
	if (job->spares > 0)
		bytes = job->spare[--job->spares];
	pthread_mutex_unlock(&job->lock);
	return bytes != NULL ? bytes : xmalloc(WHOLE);
}

static void give_buffer(struct job *job, uint8_t *bytes)
{
	pthread_mutex_lock(&job->lock);
	if (bytes != NULL && job->spares < IN_FLIGHT) {
		job->spare[job->spares++] = bytes;
		bytes = NULL;
	}
	pthread_mutex_unlock(&job->lock);
	free(bytes);
}

static int changed(const struct zip_entry *entry, const char *how, struct error *err)
{
	return error_set(err, ERROR_INPUT, "'%s' changed while it was packaged (%s); run again",
		entry->source, how);
}

static int check_unchanged(int fd, const struct zip_entry *entry, struct error *err)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return error_set(err, ERROR_INPUT, "cannot look at '%s': %s", entry->source,
			strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is not a file any more", entry->source);
	if ((uint64_t)status.st_size < entry->size)
		return changed(entry, "it is shorter now", err);
	if ((uint64_t)status.st_size > entry->size)
		return changed(entry, "it is longer now", err);
	if (timespec_ns(&status.st_mtim) != entry->mtime_ns)
		return changed(entry, "its modification time is another now", err);
	return 0;
}

static int open_source(const struct job *job, const struct zip_entry *entry, struct error *err)
{
	/* O_NONBLOCK: a FIFO that took the file's place must not make us wait for ever. */
	int fd = openat(job->folder, entry->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		error_set(err, ERROR_INPUT, "cannot open '%s': %s", entry->source, strerror(errno));
		return -1;
	}
	if (check_unchanged(fd, entry, err) != 0) {
		close(fd);
		return -1;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

/* Reads exactly `size` bytes at `offset`. */
static int read_piece(int fd, const struct zip_entry *entry, uint8_t *bytes, size_t size,
	uint64_t offset, struct error *err)
{
	while (size > 0) {
		ssize_t got = pread(fd, bytes, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, ERROR_INPUT, "cannot read '%s': %s", entry->source,
				strerror(errno));
		if (got == 0)
			return changed(entry, "it is shorter now", err);
		bytes += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

static int advance(struct job *job, size_t index, size_t bytes, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "package",
		.path = job->plan->items[index].source,
		.files_done = index,
		.files_total = job->plan->count,
		.bytes_total = job->bytes_total};

	job->bytes_done += bytes;
	event.bytes_done = job->bytes_done;
	if (progress_send(job->progress, &event) != 0)
		return error_set(err, ERROR_CANCELLED, "stopped");
	return 0;
}

/* ---- reading: in several threads ---- */

static int next_entry(void *context, void *item, struct error *err)
{
	struct job *job = context;
	struct reading *reading = item;

	while (job->next < job->plan->count && job->plan->items[job->next].left_out)
		job->next++;
	if (job->next == job->plan->count)
		return 0;
	reading->index = job->next++;
	return progress_check(job->progress, err) != 0 ? -1 : 1;
}

/* CRC and SHA-256 in one pass; what fits stays in memory for being written. */
static int digest_source(struct job *job, const struct zip_entry *entry, int fd,
	struct sha256 *digest, struct reading *reading, struct error *err)
{
	uint8_t *bytes = reading->bytes = take_buffer(job);
	bool whole = entry->size <= WHOLE;
	int result = 0;

	for (uint64_t at = 0; at < entry->size && result == 0; at += PIECE) {
		size_t piece = entry->size - at < PIECE ? (size_t)(entry->size - at) : PIECE;
		uint8_t *to = whole ? bytes + at : bytes;

		result = read_piece(fd, entry, to, piece, at, err);
		if (result == 0 && !whole)
			result = progress_check(job->progress, err);
		if (result != 0)
			break;
		reading->crc = libdeflate_crc32(reading->crc, to, piece);
		sha256_update(digest, to, piece);
	}
	sha256_finish(digest, reading->sha256);
	if (result == 0)
		result = check_unchanged(fd, entry, err);
	if (result != 0 || !whole) {
		give_buffer(job, bytes);
		reading->bytes = NULL;
	}
	return result;
}

static int read_entry(void *context, void *item, struct error *err)
{
	struct job *job = context;
	struct reading *reading = item;
	const struct zip_entry *entry = &job->plan->items[reading->index];
	struct sha256 *digest = sha256_new(err);
	int fd, result = -1;

	if (digest == NULL)
		return -1;
	fd = open_source(job, entry, err);
	if (fd >= 0) {
		result = digest_source(job, entry, fd, digest, reading, err);
		close(fd);
	}
	sha256_free(digest);
	return result;
}

/* ---- writing: in order, in one thread ---- */

static int write_all(struct job *job, const uint8_t *head, size_t head_size, const uint8_t *body,
	size_t body_size, struct error *err)
{
	struct iovec parts[2] = {{(void *)head, head_size}, {(void *)body, body_size}};
	int at = 0;

	while (at < 2) {
		ssize_t wrote = writev(job->fd, parts + at, 2 - at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return error_errno(err, "cannot write '%s'", job->name);
		while (at < 2 && (size_t)wrote >= parts[at].iov_len)
			wrote -= (ssize_t)parts[at++].iov_len;
		if (at < 2) {
			parts[at].iov_base = (uint8_t *)parts[at].iov_base + wrote;
			parts[at].iov_len -= (size_t)wrote;
		}
	}
	/* Begins the way to the disk at once, so that the fsync at the end has little left. */
	sync_file_range(job->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* The second reading of a big file, mostly from memory; the CRC shows whether it is the same. */
static int copy_source(struct job *job, size_t index, struct error *err)
{
	struct zip_entry *entry = &job->plan->items[index];
	uint8_t *bytes = take_buffer(job);
	int fd = open_source(job, entry, err), result = fd < 0 ? -1 : 0;
	uint32_t crc = 0;

	for (uint64_t at = 0; at < entry->size && result == 0; at += WHOLE) {
		size_t piece = entry->size - at < WHOLE ? (size_t)(entry->size - at) : WHOLE;

		result = read_piece(fd, entry, bytes, piece, at, err);
		if (result != 0)
			break;
		crc = libdeflate_crc32(crc, bytes, piece);
		result = write_all(job, NULL, 0, bytes, piece, err);
		if (result == 0)
			result = advance(job, index, piece, err);
	}
	if (result == 0 && crc != entry->crc)
		result = changed(entry, "its contents are others now", err);
	if (result == 0)
		result = check_unchanged(fd, entry, err);
	if (fd >= 0)
		close(fd);
	give_buffer(job, bytes);
	return result;
}

static void keep_digest(struct job *job, struct zip_entry *entry, const struct reading *reading)
{
	if (entry->has_sha256 && memcmp(entry->sha256, reading->sha256, SHA256_SIZE) != 0)
		progress_warning(job->progress, entry->source,
			"its contents are not what they were when first packaged, though size and "
			"time are; look at the picture and check the card or disk");
	memcpy(entry->sha256, reading->sha256, SHA256_SIZE);
	entry->has_sha256 = true;
	entry->crc = reading->crc;
}

static int write_entry(struct job *job, const struct reading *reading, struct error *err)
{
	struct zip_entry *entry = &job->plan->items[reading->index];
	uint8_t *header = xmalloc(zip_local_size(entry));
	size_t size = (size_t)entry->size;
	int result;

	keep_digest(job, entry, reading);
	zip_local_header(entry, header);
	job->committed = true;
	if (reading->bytes != NULL) {
		result = write_all(job, header, zip_local_size(entry), reading->bytes, size, err);
		if (result == 0)
			result = advance(job, reading->index, size, err);
	} else {
		result = write_all(job, header, zip_local_size(entry), NULL, 0, err);
		if (result == 0)
			result = copy_source(job, reading->index, err);
	}
	free(header);
	return result;
}

/* True when the caller says to go on without the entry, and nothing of it was written yet. */
static bool leave_out(struct job *job, size_t index, const struct error *why)
{
	struct zip_plan *plan = job->plan;

	if (why->kind != ERROR_INPUT || job->committed || plan->leave_out == NULL ||
		plan->leave_out(plan->context, index, why) != 0)
		return false;
	plan->items[index].left_out = true;
	return true;
}

static int take_entry(void *context, void *item, const struct error *failure, struct error *err)
{
	struct job *job = context;
	struct reading *reading = item;
	int result;

	job->committed = false;
	if (failure != NULL) {
		*err = *failure;
		result = -1;
	} else {
		result = write_entry(job, reading, err);
	}
	give_buffer(job, reading->bytes);
	if (result == 0)
		return 0;
	if (leave_out(job, reading->index, err)) {
		error_clear(err);
		return 0;
	}
	/* A disk that is full is not the entry's fault. */
	if (err->kind == ERROR_INPUT)
		job->failed = reading->index;
	return -1;
}

static void drop_entry(void *context, void *item)
{
	give_buffer(context, ((struct reading *)item)->bytes);
}

static int write_entries(struct job *job, struct error *err)
{
	const struct workers workers = {.next = next_entry,
		.work = read_entry,
		.take = take_entry,
		.drop = drop_entry,
		.context = job,
		.item_size = sizeof(struct reading),
		.in_flight = IN_FLIGHT};
	unsigned jobs = workers_default_jobs();

	return workers_run(&workers, jobs < MOST_READERS ? jobs : MOST_READERS, err);
}

/* The directory in pieces of some size; its digest is the archive's identity. */
static int write_directory(struct job *job, uint8_t identity[SHA256_SIZE], struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t *space = xmalloc(WHOLE);
	struct zip_end end = {0};
	uint64_t offset = 0;
	size_t used = 0;
	int result = digest == NULL ? -1 : 0;

	for (size_t i = 0; i < job->plan->count && result == 0; i++) {
		const struct zip_entry *entry = &job->plan->items[i];
		size_t size;

		if (entry->left_out)
			continue;
		size = zip_central_header(entry, offset, space + used);
		sha256_update(digest, space + used, size);
		used += size;
		end.count++;
		end.directory_size += size;
		offset += zip_local_size(entry) + entry->size;
		if (used > WHOLE - ZIP_HEADER_LIMIT) {
			result = write_all(job, space, used, NULL, 0, err);
			used = 0;
		}
	}
	end.directory_offset = offset;
	if (result == 0) {
		used += zip_end_records(&end, space + used);
		result = write_all(job, space, used, NULL, 0, err);
	}
	if (result == 0 && identity != NULL)
		sha256_finish(digest, identity);
	sha256_free(digest);
	free(space);
	return result;
}

static int check_names(const struct zip_plan *plan, size_t *failed, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strlen(plan->items[i].name) > ZIP_NAME_LIMIT) {
			*failed = i;
			return error_set(err, ERROR_INPUT, "the name of '%s' is too long for a ZIP",
				plan->items[i].source);
		}
	return 0;
}

/* Takes the room now, so that a full disk is found out before hours of copying. */
static int reserve(int fd, uint64_t size, const char *name, struct error *err)
{
	off_t position = lseek(fd, 0, SEEK_CUR);
	struct statvfs disk;

	if (position < 0)
		return error_errno(err, "cannot write '%s'", name);
	if (fallocate(fd, 0, position, (off_t)size) == 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) {
		if (fstatvfs(fd, &disk) != 0 || disk.f_blocks == 0 ||
			(uint64_t)disk.f_bavail * disk.f_frsize >= size)
			return 0;
		errno = ENOSPC;
	}
	return error_errno(err, "cannot write '%s' of %.1f MB", name, (double)size / 1e6);
}

/* What was reserved for entries that were left out is given back. */
static int trim(const struct job *job, int fd, off_t begin, const char *name, struct error *err)
{
	for (size_t i = 0; i < job->plan->count; i++)
		if (job->plan->items[i].left_out) {
			if (ftruncate(fd, begin + (off_t)zip_plan_size(job->plan)) != 0)
				return error_errno(err, "cannot write '%s'", name);
			return 0;
		}
	return 0;
}

static void release(struct job *job)
{
	while (job->spares > 0)
		free(job->spare[--job->spares]);
	pthread_mutex_destroy(&job->lock);
	if (job->folder >= 0)
		close(job->folder);
}

int zip_write(struct zip_plan *plan, const char *source_folder, int fd, const char *output_name,
	const struct progress *progress, uint8_t identity[SHA256_SIZE], size_t *failed,
	struct error *err)
{
	struct job job = {.plan = plan,
		.folder = -1,
		.fd = fd,
		.name = output_name,
		.progress = progress,
		.failed = SIZE_MAX};
	off_t begin = lseek(fd, 0, SEEK_CUR);
	int result = -1;

	error_clear(err);
	pthread_mutex_init(&job.lock, NULL);
	for (size_t i = 0; i < plan->count; i++)
		job.bytes_total += plan->items[i].size;
	if (check_names(plan, &job.failed, err) != 0 ||
		reserve(fd, zip_plan_size(plan), output_name, err) != 0)
		goto done;
	job.folder = open(source_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job.folder < 0) {
		error_errno(err, "cannot open folder '%s'", source_folder);
		goto done;
	}
	result = write_entries(&job, err);
	if (result == 0)
		result = write_directory(&job, identity, err);
	if (result == 0)
		result = trim(&job, fd, begin, output_name, err);
done:
	release(&job);
	if (failed != NULL)
		*failed = job.failed;
	return result;
}
