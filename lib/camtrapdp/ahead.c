/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A ring of slots between the thread that fills them and the one that empties them. */
#include "ahead.h"

#include "trapkit/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct ahead {
	struct ahead_work work;
	pthread_t thread;
	bool threaded;
	bool lent; /* the caller has a piece */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Behind the mutex: */
	size_t made, used; /* pieces */
	bool ended, stop;
};

static void *slot_of(const struct ahead *ahead, size_t piece)
{
	return (char *)ahead->work.slots + piece % ahead->work.count * ahead->work.slot_size;
}

static void note_made(struct ahead *ahead, bool more)
{
	pthread_mutex_lock(&ahead->mutex);
	ahead->made++;
	ahead->ended = !more;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->mutex);
}

static void *run(void *context)
{
	struct ahead *ahead = context;
	bool more = true;

	while (more) {
		size_t piece;
		bool stop;

		pthread_mutex_lock(&ahead->mutex);
		while (ahead->made - ahead->used == ahead->work.count && !ahead->stop)
			pthread_cond_wait(&ahead->changed, &ahead->mutex);
		stop = ahead->stop;
		piece = ahead->made;
		pthread_mutex_unlock(&ahead->mutex);
		if (stop)
			break;
		more = ahead->work.make(ahead->work.context, slot_of(ahead, piece));
		note_made(ahead, more);
	}
	return NULL;
}

struct ahead *ahead_new(const struct ahead_work *work, bool threaded)
{
	struct ahead *ahead = xcalloc(1, sizeof *ahead);

	ahead->work = *work;
	pthread_mutex_init(&ahead->mutex, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	ahead->threaded = threaded && pthread_create(&ahead->thread, NULL, run, ahead) == 0;
	return ahead;
}

/* Gives the last piece back, and waits for the next when a thread makes it. */
static bool is_made(struct ahead *ahead)
{
	bool made;

	pthread_mutex_lock(&ahead->mutex);
	if (ahead->lent) {
		ahead->used++;
		pthread_cond_signal(&ahead->changed);
	}
	while (ahead->threaded && ahead->made == ahead->used && !ahead->ended)
		pthread_cond_wait(&ahead->changed, &ahead->mutex);
	made = ahead->made > ahead->used;
	pthread_mutex_unlock(&ahead->mutex);
	return made;
}

void *ahead_next(struct ahead *ahead)
{
	void *slot = slot_of(ahead, ahead->used + ahead->lent);

	ahead->lent = is_made(ahead);
	if (!ahead->lent && !ahead->ended) {
		note_made(ahead, ahead->work.make(ahead->work.context, slot));
		ahead->lent = true;
	}
	return ahead->lent ? slot : NULL;
}

void ahead_free(struct ahead *ahead)
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
	free(ahead);
}
