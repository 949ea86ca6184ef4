/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window on a file: few reads, no memory of its own, the same for bytes in memory. */
#include "scan.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until `want` bytes are there or the file ends, which is then known. */
static size_t fill(struct source *source, uint8_t *to, size_t want, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX - SOURCE_CAPACITY)
		return 0;
	while (done < want) {
		ssize_t got =
			pread(source->fd, to + done, want - done, (off_t)(offset + (uint64_t)done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			source->failure = errno;
			break;
		}
		if (got == 0) {
			/* Nothing at all may mean that the file ended long before. */
			if (done > 0 || offset == 0 || source->length > 0)
				source->end =
					offset + done < source->end ? offset + done : source->end;
			break;
		}
		done += (size_t)got;
	}
	return done;
}

static void move_window(struct source *source, uint64_t offset, size_t want)
{
	size_t before = offset >= source->start && offset - source->start <= source->length
		? (size_t)(offset - source->start)
		: SIZE_MAX;

	if (before != SIZE_MAX && source->length > 0 && want <= SOURCE_CAPACITY - before) {
		size_t more = before + want - source->length;

		/* Whole pages, as the kernel reads them anyhow. */
		more = (more + 4095) & ~(size_t)4095;
		if (more > SOURCE_CAPACITY - source->length)
			more = SOURCE_CAPACITY - source->length;
		source->length += fill(source, source->buffer + source->length, more,
			source->start + source->length);
		return;
	}
	if (want < source->step)
		want = source->step;
	source->start = offset;
	source->length = 0;
	source->length = fill(source, source->buffer, want, offset);
}

size_t source_buffered(const struct source *source, uint64_t offset)
{
	if (offset < source->start || offset - source->start >= source->length)
		return 0;
	return source->length - (size_t)(offset - source->start);
}

const uint8_t *source_view(struct source *source, uint64_t offset, size_t want, size_t *have)
{
	*have = source_buffered(source, offset);
	if (*have < want && source->fd >= 0 && source->failure == 0 && want <= SOURCE_CAPACITY &&
		offset < source->end && (*have == 0 || offset + *have < source->end)) {
		move_window(source, offset, want);
		*have = source_buffered(source, offset);
	}
	if (*have == 0)
		return NULL;
	if (*have > want)
		*have = want;
	return source->window + (offset - source->start);
}

const uint8_t *source_at(struct source *source, uint64_t offset, size_t want)
{
	size_t have;
	const uint8_t *bytes = source_view(source, offset, want, &have);

	return have == want ? bytes : NULL;
}

uint64_t source_size(struct source *source)
{
	struct stat status;

	if (source->end == UINT64_MAX && fstat(source->fd, &status) == 0 &&
		S_ISREG(status.st_mode) && status.st_size >= 0)
		source->end = (uint64_t)status.st_size;
	return source->end;
}
