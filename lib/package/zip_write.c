/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a planned ZIP: every source read, checked and hashed once while the last one is written.
 */
#define _GNU_SOURCE
#include "stream.h"
#include "zip_layout.h"

#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Small enough that what was read is hashed while the processor still has it at hand. */
#define PIECE (256u << 10)

struct job {
	struct zip_plan *plan;
	int folder;
	struct stream *stream;
	struct sha256 *digest;
	const struct progress *progress;
	uint64_t bytes_done, bytes_total;
	bool committed; /* something of the present entry is in the archive already */
	size_t failed;  /* index of the entry at fault, SIZE_MAX for none */
};

static int64_t mtime_of(const struct stat *status)
{
	return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
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
	if (mtime_of(&status) != entry->mtime_ns)
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

static void digest_piece(
	struct job *job, struct zip_entry *entry, const uint8_t *bytes, size_t size)
{
	entry->crc = libdeflate_crc32(entry->crc, bytes, size);
	sha256_update(job->digest, bytes, size);
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

/* A file that fits into a slot with its header: read once, the header filled in afterwards. */
static int add_whole(struct job *job, size_t index, int fd, struct error *err)
{
	struct zip_entry *entry = &job->plan->items[index];
	size_t header = zip_local_size(entry), size = (size_t)entry->size;
	uint8_t *space = stream_space(job->stream, header + size);

	if (space == NULL)
		return -1;
	for (size_t at = 0; at < size; at += PIECE) {
		size_t piece = size - at < PIECE ? size - at : PIECE;

		if (read_piece(fd, entry, space + header + at, piece, at, err) != 0)
			return -1;
		digest_piece(job, entry, space + header + at, piece);
	}
	zip_local_header(entry, space);
	if (check_unchanged(fd, entry, err) != 0)
		return -1;
	stream_commit(job->stream, header + size);
	return advance(job, index, size, err);
}

/*
 * A file that does not fit is read twice (the second time from memory, mostly), because its header,
 * which comes first, holds the CRC, and patching it would make the archive's digest a second pass.
 */
static int add_in_pieces(struct job *job, size_t index, int fd, struct error *err)
{
	struct zip_entry *entry = &job->plan->items[index];
	uint8_t *space = stream_space(job->stream, ZIP_HEADER_LIMIT + PIECE);
	uint32_t crc = 0;

	if (space == NULL)
		return -1;
	for (uint64_t at = 0; at < entry->size; at += PIECE) {
		size_t piece = entry->size - at < PIECE ? (size_t)(entry->size - at) : PIECE;

		if (read_piece(fd, entry, space, piece, at, err) != 0 ||
			progress_check(job->progress, err) != 0)
			return -1;
		digest_piece(job, entry, space, piece);
	}
	stream_commit(job->stream, zip_local_header(entry, space));
	job->committed = true;
	for (uint64_t at = 0; at < entry->size; at += PIECE) {
		size_t piece = entry->size - at < PIECE ? (size_t)(entry->size - at) : PIECE;

		space = stream_space(job->stream, piece);
		if (space == NULL || read_piece(fd, entry, space, piece, at, err) != 0)
			return -1;
		crc = libdeflate_crc32(crc, space, piece);
		stream_commit(job->stream, piece);
		if (advance(job, index, piece, err) != 0)
			return -1;
	}
	if (crc != entry->crc)
		return changed(entry, "its contents are others now", err);
	return check_unchanged(fd, entry, err);
}

static void keep_digest(struct job *job, struct zip_entry *entry, bool good)
{
	uint8_t sha256[SHA256_SIZE];

	sha256_finish(job->digest, sha256);
	if (good && entry->has_sha256 && memcmp(entry->sha256, sha256, sizeof sha256) != 0)
		progress_warning(job->progress, entry->source,
			"its contents are not what they were when first packaged, though size and "
			"time are; look at the picture and check the card or disk");
	memcpy(entry->sha256, sha256, sizeof sha256);
	entry->has_sha256 = good;
}

static int add_entry(struct job *job, size_t index, struct error *err)
{
	struct zip_entry *entry = &job->plan->items[index];
	int fd, result;

	fd = open_source(job, entry, err);
	if (fd < 0)
		return -1;
	entry->crc = 0;
	job->committed = false;
	if (entry->size <= STREAM_SLOT - zip_local_size(entry))
		result = add_whole(job, index, fd, err);
	else
		result = add_in_pieces(job, index, fd, err);
	keep_digest(job, entry, result == 0);
	close(fd);
	return result;
}

static int add_directory(struct job *job)
{
	struct zip_end end = {0};
	uint64_t offset = 0;
	uint8_t *space;

	for (size_t i = 0; i < job->plan->count; i++) {
		const struct zip_entry *entry = &job->plan->items[i];

		if (entry->left_out)
			continue;
		space = stream_space(job->stream, ZIP_HEADER_LIMIT);
		if (space == NULL)
			return -1;
		end.count++;
		end.directory_size += zip_central_header(entry, offset, space);
		stream_commit(job->stream, zip_central_size(entry, offset));
		offset += zip_local_size(entry) + entry->size;
	}
	end.directory_offset = offset;
	space = stream_space(job->stream, ZIP_HEADER_LIMIT);
	if (space == NULL)
		return -1;
	stream_commit(job->stream, zip_end_records(&end, space));
	return 0;
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

static int write_entries(struct job *job, struct error *err)
{
	for (size_t i = 0; i < job->plan->count; i++) {
		job->committed = false;
		if (job->plan->items[i].left_out || add_entry(job, i, err) == 0)
			continue;
		if (!leave_out(job, i, err)) {
			/* A stream that failed says why when closed; the entry is not to blame. */
			if (err->kind == ERROR_INPUT)
				job->failed = i;
			return -1;
		}
		error_clear(err);
	}
	return add_directory(job);
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

int zip_write(struct zip_plan *plan, const char *source_folder, int fd, const char *output_name,
	const struct progress *progress, uint8_t zip_sha256[SHA256_SIZE], size_t *failed,
	struct error *err)
{
	struct job job = {.plan = plan, .folder = -1, .progress = progress, .failed = SIZE_MAX};
	struct error later = {0};
	off_t begin = lseek(fd, 0, SEEK_CUR);
	int result = -1;

	error_clear(err);
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
	job.digest = sha256_new(err);
	if (job.digest != NULL)
		job.stream = stream_open(fd, output_name, zip_sha256 != NULL, err);
	if (job.stream == NULL)
		goto done;
	result = write_entries(&job, err);
done:
	/* The writer's trouble comes first: the reader's may only follow from it. */
	if (stream_close(job.stream, result != 0, zip_sha256, &later) != 0) {
		*err = later;
		job.failed = SIZE_MAX;
		result = -1;
	}
	if (result == 0)
		result = trim(&job, fd, begin, output_name, err);
	sha256_free(job.digest);
	if (job.folder >= 0)
		close(job.folder);
	if (failed != NULL)
		*failed = job.failed;
	return result;
}
