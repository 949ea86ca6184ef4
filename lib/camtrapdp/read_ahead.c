/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads and unpacks a source in a thread of its own, a few pieces before they are needed. */
#include "read_ahead.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PIECES 4
#define PIECE (256u << 10)
#define SMALL (64u << 10) /* bytes, packed, that no thread is worth */

struct piece {
	uint8_t *bytes;
	size_t size;
	int status; /* of bytes_source_read: 1, 0 = the end, -1 */
	struct error err;
};

struct read_ahead {
	struct source *source;
	struct piece pieces[PIECES];
	pthread_t thread;
	bool threaded; /* else a piece is read when it is asked for */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	size_t written, taken; /* pieces; behind the mutex */
	bool stop;             /* behind the mutex */
	size_t at;             /* in the piece that is being taken */
};

static void read_piece(struct source *source, struct piece *piece)
{
	size_t got = 0;

	if (piece->bytes == NULL)
		piece->bytes = xmalloc(PIECE);
	piece->size = 0;
	do {
		piece->status = bytes_source_read(
			source, piece->bytes + piece->size, PIECE - piece->size, &got, &piece->err);
		piece->size += piece->status > 0 ? got : 0;
	} while (piece->status > 0 && piece->size < PIECE);
}

static void *run(void *context)
{
	struct read_ahead *ahead = context;
	int status = 1;

	while (status > 0) {
		struct piece *piece;
		bool stop;

		pthread_mutex_lock(&ahead->mutex);
		while (ahead->written - ahead->taken == PIECES && !ahead->stop)
			pthread_cond_wait(&ahead->changed, &ahead->mutex);
		stop = ahead->stop;
		piece = &ahead->pieces[ahead->written % PIECES];
		pthread_mutex_unlock(&ahead->mutex);
		if (stop)
			break;
		read_piece(ahead->source, piece);
		status = piece->status;
		pthread_mutex_lock(&ahead->mutex);
		ahead->written++;
		pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->mutex);
	}
	return NULL;
}

struct read_ahead *read_ahead_new(struct source *source)
{
	struct read_ahead *ahead = xcalloc(1, sizeof *ahead);

	ahead->source = source;
	pthread_mutex_init(&ahead->mutex, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	ahead->threaded = bytes_source_packed(source) > SMALL &&
		pthread_create(&ahead->thread, NULL, run, ahead) == 0;
	return ahead;
}

/* The piece that comes next. */
static struct piece *next_piece(struct read_ahead *ahead)
{
	struct piece *piece = &ahead->pieces[ahead->taken % PIECES];

	if (!ahead->threaded && ahead->written == ahead->taken) {
		read_piece(ahead->source, piece);
		ahead->written++;
	}
	pthread_mutex_lock(&ahead->mutex);
	while (ahead->written == ahead->taken)
		pthread_cond_wait(&ahead->changed, &ahead->mutex);
	pthread_mutex_unlock(&ahead->mutex);
	return piece;
}

int read_ahead_read(
	struct read_ahead *ahead, uint8_t *out, size_t size, size_t *got, struct error *err)
{
	struct piece *piece = next_piece(ahead);

	/* What came before the end, or before the trouble, is handed out first. */
	if (ahead->at == piece->size) {
		if (piece->status < 0)
			*err = piece->err;
		return piece->status;
	}
	*got = piece->size - ahead->at < size ? piece->size - ahead->at : size;
	memcpy(out, piece->bytes + ahead->at, *got);
	ahead->at += *got;
	if (ahead->at == piece->size && piece->status > 0) {
		ahead->at = 0;
		pthread_mutex_lock(&ahead->mutex);
		ahead->taken++;
		pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->mutex);
	}
	return 1;
}

void read_ahead_free(struct read_ahead *ahead)
{
	if (ahead == NULL)
		return;
	if (ahead->threaded) {
		pthread_mutex_lock(&ahead->mutex);
		ahead->stop = true;
		pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->mutex);
		pthread_join(ahead->thread, NULL);
	}
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->mutex);
	for (size_t i = 0; i < PIECES; i++)
		free(ahead->pieces[i].bytes);
	free(ahead);
}
