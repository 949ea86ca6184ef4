/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the EXIF and the comment segment of a JPEG with few, bounded reads. */
#include "head.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any camera writes; a crafted file cannot make us hop on for ever. */
#define SEGMENTS_MOST 256

static size_t read_memory(const struct head *head, uint64_t offset, uint8_t *out, size_t want)
{
	size_t there = offset < head->memory_size ? head->memory_size - (size_t)offset : 0;

	if (want > there)
		want = there;
	if (want > 0)
		memcpy(out, head->memory + offset, want);
	return want;
}

/* Whatever the source, no more than the budget. */
static size_t read_at(struct head *head, uint64_t offset, uint8_t *out, size_t want)
{
	size_t done = 0;

	if (want > head->budget)
		want = head->budget;
	if (head->fd < 0) {
		done = read_memory(head, offset, out, want);
		head->budget -= done;
		return done;
	}
	while (done < want && head->failure == 0 && offset <= INT64_MAX / 2) {
		ssize_t got = pread(head->fd, out + done, want - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			head->failure = errno;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	head->budget -= done;
	return done;
}

void head_open(struct head *head, int fd, const uint8_t *memory, size_t size, uint8_t *buffer)
{
	struct stat status;

	*head = (struct head){.fd = fd,
		.memory = memory,
		.memory_size = size,
		.size = size,
		.buffer = buffer,
		.budget = CAMERA_MOST_READ,
		.next = 2};
	if (fd >= 0)
		head->size = fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
			? (uint64_t)status.st_size
			: UINT64_MAX;
	head->length = read_at(head, 0, buffer, HEAD_FIRST_READ);
	head->ended = head->length < 4 || buffer[0] != 0xFF || buffer[1] != JPEG_SOI;
}

size_t head_buffered(const struct head *head, uint64_t offset)
{
	if (offset < head->start || offset - head->start >= head->length)
		return 0;
	return head->length - (size_t)(offset - head->start);
}

size_t head_copy(struct head *head, uint64_t offset, uint8_t *out, size_t want)
{
	size_t have = head_buffered(head, offset);

	if (have >= want) {
		memcpy(out, head->buffer + (offset - head->start), want);
		return want;
	}
	return read_at(head, offset, out, want);
}

const uint8_t *head_view(struct head *head, uint64_t offset, size_t want, size_t *have)
{
	size_t there = head_buffered(head, offset);

	if (want > CAMERA_MOST_READ)
		want = CAMERA_MOST_READ;
	if (there < want) {
		/* What is in the window already is not read again. */
		if (there > 0)
			memmove(head->buffer, head->buffer + (offset - head->start), there);
		head->start = offset;
		head->length =
			there + read_at(head, offset + there, head->buffer + there, want - there);
		there = head->length;
	}
	*have = there < want ? there : want;
	return there == 0 ? NULL : head->buffer + (offset - head->start);
}

bool head_find(struct head *head, bool com, uint64_t *offset, size_t *length)
{
	uint8_t bytes[64];
	struct jpeg_segment segment;

	for (int i = 0; i < SEGMENTS_MOST && !head->ended; i++) {
		size_t have = head_copy(head, head->next, bytes, sizeof bytes);
		size_t left;

		if (jpeg_segment_at(bytes, have, &segment) != JPEG_SEGMENT ||
			segment.marker == JPEG_EOI || segment.marker == JPEG_SOS) {
			head->ended = true;
			break;
		}
		left = have - segment.header;
		*offset = head->next + segment.header;
		*length = segment.payload;
		head->next = *offset + segment.payload;
		if (com ? segment.marker == JPEG_COM
			: segment.marker == JPEG_APP1 &&
					jpeg_exif_prefix(bytes + segment.header, left) != 0 &&
					segment.payload > JPEG_EXIF_PREFIX)
			return true;
	}
	return false;
}
