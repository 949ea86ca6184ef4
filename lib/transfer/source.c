/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local file that is sent. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int changed(const struct remote_source *source, struct error *err)
{
	return error_set(err, ERROR_INPUT,
		"'%s' is not %llu bytes long any more: it changed since it was looked at",
		source->path, (unsigned long long)source->size);
}

int source_open(const struct remote_source *source, struct error *err)
{
	int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return error_errno(err, "cannot open '%s'", source->path);
	if (fstat(fd, &status) != 0)
		error_errno(err, "cannot read '%s'", source->path);
	else if (!S_ISREG(status.st_mode))
		error_set(err, ERROR_INPUT, "'%s' is not a file", source->path);
	else if ((uint64_t)status.st_size != source->size || source->offset > source->size)
		changed(source, err);
	else {
		posix_fadvise(fd, (off_t)source->offset, 0, POSIX_FADV_SEQUENTIAL);
		return fd;
	}
	close(fd);
	return -1;
}

ssize_t source_read(int fd, const struct remote_source *source, uint64_t position, void *bytes,
	size_t size, struct error *err)
{
	uint64_t left = source->size - position;
	ssize_t got;

	if (size > left)
		size = (size_t)left;
	do
		got = pread(fd, bytes, size, (off_t)position);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(err, "cannot read '%s' at byte %llu", source->path,
			(unsigned long long)position);
	return got == 0 && size > 0 ? changed(source, err) : got;
}

int source_report(
	struct remote *remote, const char *name, const struct remote_source *source, uint64_t done)
{
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "transfer",
		.path = name,
		.bytes_done = done,
		.bytes_total = source->size};

	return progress_send(remote->progress, &event);
}
