/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes and hashes a file in a thread of its own, so that reading never waits for writing. */
#define _GNU_SOURCE
#include "stream.h"

#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOTS 3

struct slot {
	uint8_t *bytes;
	size_t used;
};

struct stream {
	int fd;
	const char *name;
	struct sha256 *digest; /* NULL when nobody wants one */
	struct slot slots[SLOTS];
	unsigned filled, written; /* counters of slots; the one at `filled` is being filled */
	bool ended, failed;
	struct error error; /* the writer's, when failed */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
};

static int write_all(int fd, const char *name, const uint8_t *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t wrote = write(fd, bytes, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return error_errno(err, "cannot write '%s'", name);
		bytes += wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

static int write_slot(struct stream *stream, const struct slot *slot, struct error *err)
{
	if (stream->digest != NULL)
		sha256_update(stream->digest, slot->bytes, slot->used);
	if (write_all(stream->fd, stream->name, slot->bytes, slot->used, err) != 0)
		return -1;
	/* Begins the way to the disk at once, so that the fsync at the end has little left. */
	sync_file_range(stream->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

static void *write_slots(void *context)
{
	struct stream *stream = context;

	pthread_mutex_lock(&stream->lock);
	for (;;) {
		struct slot *slot = &stream->slots[stream->written % SLOTS];
		struct error err = {0};
		int result;

		while (stream->written == stream->filled && !stream->ended)
			pthread_cond_wait(&stream->changed, &stream->lock);
		if (stream->written == stream->filled || stream->failed)
			break;
		pthread_mutex_unlock(&stream->lock);
		result = write_slot(stream, slot, &err);
		pthread_mutex_lock(&stream->lock);
		stream->written++;
		if (result != 0) {
			stream->failed = true;
			stream->error = err;
		}
		pthread_cond_broadcast(&stream->changed);
	}
	pthread_mutex_unlock(&stream->lock);
	return NULL;
}

static void stream_free(struct stream *stream)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(stream->slots[i].bytes);
	sha256_free(stream->digest);
	pthread_mutex_destroy(&stream->lock);
	pthread_cond_destroy(&stream->changed);
	free(stream);
}

struct stream *stream_open(int fd, const char *name, bool digest, struct error *err)
{
	struct stream *stream = xcalloc(1, sizeof *stream);

	stream->fd = fd;
	stream->name = name;
	pthread_mutex_init(&stream->lock, NULL);
	pthread_cond_init(&stream->changed, NULL);
	for (size_t i = 0; i < SLOTS; i++)
		stream->slots[i].bytes = xmalloc(STREAM_SLOT);
	if (digest) {
		stream->digest = sha256_new(err);
		if (stream->digest == NULL)
			goto failed;
	}
	errno = pthread_create(&stream->thread, NULL, write_slots, stream);
	if (errno != 0) {
		error_errno(err, "cannot start a thread to write '%s'", name);
		goto failed;
	}
	return stream;
failed:
	stream_free(stream);
	return NULL;
}

/* Gives the present slot to the writer and waits for an empty one. False after a failure. */
static bool hand_over(struct stream *stream, bool wait)
{
	bool good;

	pthread_mutex_lock(&stream->lock);
	stream->filled++;
	pthread_cond_broadcast(&stream->changed);
	while (wait && stream->filled - stream->written >= SLOTS && !stream->failed)
		pthread_cond_wait(&stream->changed, &stream->lock);
	good = !stream->failed;
	pthread_mutex_unlock(&stream->lock);
	if (good && wait)
		stream->slots[stream->filled % SLOTS].used = 0;
	return good;
}

uint8_t *stream_space(struct stream *stream, size_t size)
{
	struct slot *slot = &stream->slots[stream->filled % SLOTS];

	if (size > STREAM_SLOT - slot->used) {
		if (!hand_over(stream, true))
			return NULL;
		slot = &stream->slots[stream->filled % SLOTS];
	}
	return slot->bytes + slot->used;
}

void stream_commit(struct stream *stream, size_t size)
{
	stream->slots[stream->filled % SLOTS].used += size;
}

int stream_close(struct stream *stream, bool abandon, uint8_t sha256[32], struct error *err)
{
	int result = 0;

	if (stream == NULL)
		return 0;
	if (!abandon && stream->slots[stream->filled % SLOTS].used > 0)
		hand_over(stream, false);
	pthread_mutex_lock(&stream->lock);
	stream->ended = true;
	pthread_cond_broadcast(&stream->changed);
	pthread_mutex_unlock(&stream->lock);
	pthread_join(stream->thread, NULL);
	if (stream->failed) {
		*err = stream->error;
		result = -1;
	} else if (!abandon && stream->digest != NULL && sha256 != NULL) {
		sha256_finish(stream->digest, sha256);
	}
	stream_free(stream);
	return result;
}
