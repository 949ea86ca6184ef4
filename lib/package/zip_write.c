/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a planned ZIP: threads read the sources once, check, hash and write them to their places.
 */
#define _GNU_SOURCE
#include "zip_layout.h"

#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/timestamp.h"
#include "trapkit/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Small enough that what was read is hashed and written while the processor has it at hand. */
#define PIECE (64u << 10)
#define MOST_WORKERS 4u
#define DIRECTORY_SPACE (1u << 20)

/* An entry between `next` and being in the archive. */
struct source {
	size_t index;
	uint64_t offset; /* of its local header */
	int fd;
	uint32_t crc;
	struct sha256 *digest;
};

/* Entries that are copied side by side: several digests take little longer than one. */
struct batch {
	size_t count;
	struct source sources[SHA256_LANES];
	size_t failed; /* index of the entry at fault when it could not be copied */
};

struct done {
	size_t files;
	uint64_t bytes;
};

struct job {
	struct zip_plan *plan;
	int folder, fd;
	off_t begin;      /* of the archive in `fd` */
	const char *name; /* of the archive, for messages */
	const struct progress *progress;
	uint64_t bytes_total;
	size_t together; /* entries of a batch */
	size_t next;     /* entry to be opened next */
	uint64_t offset; /* where it goes */
	size_t failed;   /* index of the entry at fault, SIZE_MAX for none */
	/* Where to begin again when an entry could not be copied to its end. */
	struct {
		bool possible;
		size_t failed, next;
		uint64_t offset;
	} again;
	struct done taken; /* what is whole, in order */
	pthread_mutex_t lock;
	struct done done; /* what is copied, out of order: for the progress */
};

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
		/* A limit that is reached (ulimit -n) is not the file's fault. */
		enum error_kind kind =
			errno == EMFILE || errno == ENFILE ? ERROR_SYSTEM : ERROR_INPUT;

		error_set(err, kind, "cannot open '%s': %s", entry->source, strerror(errno));
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

/* At `offset` of the archive. */
static int write_at(
	struct job *job, const uint8_t *bytes, size_t size, uint64_t offset, struct error *err)
{
	while (size > 0) {
		ssize_t wrote = pwrite(job->fd, bytes, size, job->begin + (off_t)offset);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return error_errno(err, "cannot write '%s'", job->name);
		bytes += wrote;
		offset += (uint64_t)wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

static int advance(struct job *job, size_t index, size_t files, size_t bytes, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "package",
		.path = job->plan->items[index].source,
		.files_total = job->plan->count,
		.bytes_total = job->bytes_total};
	int result;

	pthread_mutex_lock(&job->lock);
	event.files_done = job->done.files += files;
	event.bytes_done = job->done.bytes += bytes;
	result = progress_send(job->progress, &event);
	pthread_mutex_unlock(&job->lock);
	return result == 0 ? 0 : error_set(err, ERROR_CANCELLED, "stopped");
}

/* True when the caller says to go on without the entry. */
static bool leave_out(struct job *job, size_t index, const struct error *why)
{
	struct zip_plan *plan = job->plan;

	if (why->kind != ERROR_INPUT || plan->leave_out == NULL ||
		plan->leave_out(plan->context, index, why) != 0)
		return false;
	plan->items[index].left_out = true;
	return true;
}

/* ---- opening: in order, so that what cannot be opened moves nothing that was written ---- */

static void close_batch(void *context, void *item)
{
	struct batch *batch = item;

	(void)context;
	for (size_t i = 0; i < batch->count; i++) {
		close(batch->sources[i].fd);
		sha256_free(batch->sources[i].digest);
	}
}

static int add_source(struct job *job, struct batch *batch, struct error *err)
{
	const struct zip_entry *entry = &job->plan->items[job->next];
	struct source source = {
		.index = job->next, .offset = job->offset, .fd = open_source(job, entry, err)};

	if (source.fd < 0) {
		if (leave_out(job, job->next, err))
			return 0;
		job->failed = job->next;
		return -1;
	}
	source.digest = sha256_new(err);
	if (source.digest == NULL) {
		close(source.fd);
		return -1;
	}
	batch->sources[batch->count++] = source;
	job->offset += zip_local_size(entry) + entry->size;
	return 0;
}

static int next_batch(void *context, void *item, struct error *err)
{
	struct job *job = context;
	struct batch *batch = item;
	int result = progress_check(job->progress, err);

	for (; result == 0 && job->next < job->plan->count && batch->count < job->together;
		job->next++)
		if (!job->plan->items[job->next].left_out)
			result = add_source(job, batch, err);
	if (result == 0)
		return batch->count > 0;
	close_batch(job, batch);
	return -1;
}

/* ---- copying: in several threads, each batch to its place ---- */

static void keep_digest(struct job *job, struct zip_entry *entry, const struct source *source)
{
	uint8_t sha256[SHA256_SIZE];

	sha256_finish(source->digest, sha256);
	if (entry->has_sha256 && memcmp(entry->sha256, sha256, SHA256_SIZE) != 0)
		progress_warning(job->progress, entry->source,
			"its contents are not what they were when first packaged, though size and "
			"time are; look at the picture and check the card or disk");
	memcpy(entry->sha256, sha256, SHA256_SIZE);
	entry->has_sha256 = true;
	entry->crc = source->crc;
}

/* The header comes last: the CRC stands in it. */
static int finish_source(struct job *job, const struct source *source, struct error *err)
{
	struct zip_entry *entry = &job->plan->items[source->index];
	uint8_t *header;
	int result;

	if (check_unchanged(source->fd, entry, err) != 0)
		return -1;
	keep_digest(job, entry, source);
	header = xmalloc(zip_local_size(entry));
	result = write_at(job, header, zip_local_header(entry, header), source->offset, err);
	free(header);
	return result == 0 ? advance(job, source->index, 1, 0, err) : result;
}

/* The piece at `at` of each entry of the batch that is that long, and the end of those that end. */
static int copy_pieces(
	struct job *job, struct batch *batch, uint64_t at, uint8_t *space, struct error *err)
{
	struct sha256 *digests[SHA256_LANES];
	const uint8_t *pieces[SHA256_LANES];
	size_t whole = 0, bytes = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct source *source = &batch->sources[i];
		const struct zip_entry *entry = &job->plan->items[source->index];
		uint8_t *piece = space + i * PIECE;
		size_t size;

		if (at >= entry->size)
			continue;
		size = entry->size - at < PIECE ? (size_t)(entry->size - at) : PIECE;
		batch->failed = source->index;
		if (read_piece(source->fd, entry, piece, size, at, err) != 0)
			return -1;
		source->crc = libdeflate_crc32(source->crc, piece, size);
		if (size < PIECE) {
			sha256_update(source->digest, piece, size);
		} else {
			digests[whole] = source->digest;
			pieces[whole++] = piece;
		}
		if (write_at(job, piece, size, source->offset + zip_local_size(entry) + at, err) !=
			0)
			return -1;
		bytes += size;
	}
	sha256_update_many(digests, pieces, whole, PIECE);
	return advance(job, batch->failed, 0, bytes, err);
}

static int copy_batch(void *context, void *item, struct error *err)
{
	struct job *job = context;
	struct batch *batch = item;
	uint8_t *space = xmalloc(batch->count * PIECE);
	uint64_t longest = 0;
	int result = 0;

	for (size_t i = 0; i < batch->count; i++) {
		uint64_t size = job->plan->items[batch->sources[i].index].size;

		longest = size > longest ? size : longest;
	}
	batch->failed = batch->sources[0].index;
	for (uint64_t at = 0; at < longest && result == 0; at += PIECE)
		result = copy_pieces(job, batch, at, space, err);
	free(space);
	for (size_t i = 0; i < batch->count && result == 0; i++) {
		batch->failed = batch->sources[i].index;
		result = finish_source(job, &batch->sources[i], err);
	}
	return result;
}

/* ---- taking: in order again ---- */

static int take_batch(void *context, void *item, const struct error *failure, struct error *err)
{
	struct job *job = context;
	struct batch *batch = item;
	const struct source *first = &batch->sources[0];
	uint64_t end = first->offset;

	if (failure != NULL) {
		*err = *failure;
		/* A disk that is full is not the entry's fault. */
		if (failure->kind == ERROR_INPUT) {
			job->again.possible = true;
			job->again.failed = batch->failed;
			job->again.next = first->index;
			job->again.offset = first->offset;
		}
		close_batch(job, batch);
		return -1;
	}
	for (size_t i = 0; i < batch->count; i++) {
		const struct zip_entry *entry = &job->plan->items[batch->sources[i].index];

		end += zip_local_size(entry) + entry->size;
		job->taken.files++;
		job->taken.bytes += entry->size;
	}
	/* Begins the way to the disk at once, so that the fsync at the end has little left. */
	sync_file_range(job->fd, job->begin + (off_t)first->offset, (off_t)(end - first->offset),
		SYNC_FILE_RANGE_WRITE);
	close_batch(job, batch);
	return 0;
}

static int write_entries(struct job *job, struct error *err)
{
	const struct workers workers = {.next = next_batch,
		.work = copy_batch,
		.take = take_batch,
		.drop = close_batch,
		.context = job,
		.item_size = sizeof(struct batch)};
	unsigned jobs = workers_default_jobs();
	size_t share;

	if (jobs > MOST_WORKERS)
		jobs = MOST_WORKERS;
	share = job->plan->count / jobs + 1;
	job->together = share < SHA256_LANES ? share : SHA256_LANES;
	for (;;) {
		job->again.possible = false;
		if (workers_run(&workers, jobs, err) == 0)
			return 0;
		if (!job->again.possible)
			return -1;
		if (!leave_out(job, job->again.failed, err)) {
			job->failed = job->again.failed;
			return -1;
		}
		/* What comes behind it moves. */
		job->next = job->again.next;
		job->offset = job->again.offset;
		job->done = job->taken;
		error_clear(err);
	}
}

/* The directory in pieces of some size; its digest is the archive's identity. */
static int write_directory(struct job *job, uint8_t identity[SHA256_SIZE], struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t *space = xmalloc(DIRECTORY_SPACE);
	struct zip_end end = {.directory_offset = job->offset};
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
		if (used > DIRECTORY_SPACE - ZIP_HEADER_LIMIT) {
			result = write_at(job, space, used, job->offset, err);
			job->offset += used;
			used = 0;
		}
	}
	if (result == 0) {
		used += zip_end_records(&end, space + used);
		result = write_at(job, space, used, job->offset, err);
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
static int trim(const struct job *job, struct error *err)
{
	for (size_t i = 0; i < job->plan->count; i++)
		if (job->plan->items[i].left_out) {
			if (ftruncate(job->fd, job->begin + (off_t)zip_plan_size(job->plan)) != 0)
				return error_errno(err, "cannot write '%s'", job->name);
			return 0;
		}
	return 0;
}

int zip_write(struct zip_plan *plan, const char *source_folder, int fd, const char *output_name,
	const struct progress *progress, uint8_t identity[SHA256_SIZE], size_t *failed,
	struct error *err)
{
	struct job job = {.plan = plan,
		.folder = -1,
		.fd = fd,
		.begin = lseek(fd, 0, SEEK_CUR),
		.name = output_name,
		.progress = progress,
		.failed = SIZE_MAX};
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
	if (write_entries(&job, err) == 0 && write_directory(&job, identity, err) == 0)
		result = trim(&job, err);
done:
	if (job.folder >= 0)
		close(job.folder);
	pthread_mutex_destroy(&job.lock);
	if (failed != NULL)
		*failed = job.failed;
	return result;
}
