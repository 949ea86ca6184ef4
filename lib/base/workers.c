/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one loop over many items. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "trapkit/workers.h"

#include "cpu_quota.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_JOBS 1024

unsigned workers_default_jobs(void)
{
	long count = 0;
	unsigned quota = cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");

	/* The mask must have room for every processor the kernel knows. */
	for (int size = 1024; size <= 1 << 18 && count == 0; size *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)size);

		if (set != NULL && sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)size), set) == 0)
			count = CPU_COUNT_S(CPU_ALLOC_SIZE((size_t)size), set);
		CPU_FREE(set);
	}
	if (count < 1)
		count = sysconf(_SC_NPROCESSORS_ONLN);
	if (count < 1)
		count = 1;
	if (quota > 0 && (long)quota < count)
		count = (long)quota;
	return count > MOST_JOBS ? MOST_JOBS : (unsigned)count;
}

/* ---- in the calling thread ---- */

static int run_alone(const struct workers *workers, struct error *err)
{
	void *item = xmalloc(workers->item_size);
	int result;

	for (;;) {
		struct error failure = {0};
		bool failed;

		memset(item, 0, workers->item_size);
		result = workers->next(workers->context, item, err);
		if (result <= 0)
			break;
		failed = workers->work(workers->context, item, &failure) != 0;
		result = workers->take(workers->context, item, failed ? &failure : NULL, err);
		if (result != 0)
			break;
	}
	free(item);
	return result == 0 ? 0 : -1;
}

/* ---- with threads ---- */

struct slot {
	bool done, failed;
	struct error failure;
};

/* Items lie in a ring, numbered from 0 in the order of `next`; item n is in slot n % size. */
struct pool {
	const struct workers *workers;
	pthread_mutex_t lock;
	pthread_cond_t room, finished;
	struct slot *slots;
	unsigned char *items;
	size_t size;
	size_t stride;      /* item_size rounded up to the strictest alignment */
	size_t read, taken; /* numbers of the next item to read and to take */
	bool reading;       /* somebody is in `next` */
	bool ended;         /* no more items */
	bool stop;
	bool read_failed;
	struct error read_error;
};

static void *item_at(const struct pool *pool, size_t number)
{
	return pool->items + number % pool->size * pool->stride;
}

/* With the lock held. True = item `*number` was read and is to be worked on. */
static bool read_one(struct pool *pool, size_t *number)
{
	struct error err = {0};
	void *item;
	int result;

	while (!pool->stop && !pool->ended &&
		(pool->reading || pool->read - pool->taken == pool->size))
		pthread_cond_wait(&pool->room, &pool->lock);
	if (pool->stop || pool->ended)
		return false;
	*number = pool->read;
	item = item_at(pool, *number);
	pool->reading = true;
	pthread_mutex_unlock(&pool->lock);
	memset(item, 0, pool->workers->item_size);
	result = pool->workers->next(pool->workers->context, item, &err);
	pthread_mutex_lock(&pool->lock);
	pool->reading = false;
	if (result > 0) {
		struct slot *slot = &pool->slots[*number % pool->size];

		slot->done = false;
		slot->failed = false;
		slot->failure = (struct error){0};
		pool->read++;
		pthread_cond_signal(&pool->room);
		return true;
	}
	pool->ended = true;
	if (result < 0) {
		pool->read_failed = true;
		pool->read_error = err;
		pool->stop = true;
	}
	pthread_cond_broadcast(&pool->room);
	pthread_cond_broadcast(&pool->finished);
	return false;
}

static void *work_many(void *argument)
{
	struct pool *pool = argument;
	size_t number;

	pthread_mutex_lock(&pool->lock);
	while (read_one(pool, &number)) {
		struct slot *slot = &pool->slots[number % pool->size];
		bool failed;

		pthread_mutex_unlock(&pool->lock);
		failed = pool->workers->work(pool->workers->context, item_at(pool, number),
				 &slot->failure) != 0;
		pthread_mutex_lock(&pool->lock);
		slot->failed = failed;
		slot->done = true;
		if (number == pool->taken)
			pthread_cond_signal(&pool->finished);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Takes items in order until there are no more, or something stops it. */
static int take_all(struct pool *pool, struct error *err)
{
	int result = 0;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		struct slot *slot = &pool->slots[pool->taken % pool->size];
		struct error failure;
		bool failed;

		if (pool->taken == pool->read || !slot->done) {
			if (pool->taken == pool->read && pool->ended)
				break;
			pthread_cond_wait(&pool->finished, &pool->lock);
			continue;
		}
		failed = slot->failed;
		if (failed)
			failure = slot->failure;
		pthread_mutex_unlock(&pool->lock);
		/* Nobody else touches the slot until `taken` has moved on. */
		result = pool->workers->take(pool->workers->context, item_at(pool, pool->taken),
			failed ? &failure : NULL, err);
		pthread_mutex_lock(&pool->lock);
		pool->taken++;
		if (result != 0)
			pool->stop = true;
		pthread_cond_signal(&pool->room);
	}
	pool->stop = true;
	pthread_cond_broadcast(&pool->room);
	pthread_mutex_unlock(&pool->lock);
	return result == 0 ? 0 : -1;
}

/* Signals are for the calling thread: it is the one that a stop has to interrupt. */
static unsigned start_threads(pthread_t *threads, unsigned jobs, struct pool *pool)
{
	sigset_t all, before;
	unsigned started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < jobs && pthread_create(&threads[started], NULL, work_many, pool) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void drop_rest(struct pool *pool)
{
	for (; pool->taken < pool->read; pool->taken++)
		if (pool->workers->drop != NULL)
			pool->workers->drop(pool->workers->context, item_at(pool, pool->taken));
}

static int run_pool(struct pool *pool, unsigned jobs, struct error *err)
{
	pthread_t *threads = xcalloc(jobs, sizeof *threads);
	unsigned started = start_threads(threads, jobs, pool);
	int result;

	/* A machine that is out of threads still gets the work done. */
	if (started == 0) {
		free(threads);
		return run_alone(pool->workers, err);
	}
	result = take_all(pool, err);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	drop_rest(pool);
	if (result == 0 && pool->read_failed) {
		if (err != NULL)
			*err = pool->read_error;
		result = -1;
	}
	return result;
}

int workers_run(const struct workers *workers, unsigned jobs, struct error *err)
{
	struct pool pool = {.workers = workers};
	size_t alignment = _Alignof(max_align_t);
	int result;

	if (jobs == 0)
		jobs = workers_default_jobs();
	if (jobs > MOST_JOBS)
		jobs = MOST_JOBS;
	if (jobs == 1)
		return run_alone(workers, err);
	pool.size = workers->in_flight > 0 ? workers->in_flight : (size_t)jobs * 8;
	pool.stride = (workers->item_size + alignment) / alignment * alignment;
	pool.slots = xcalloc(pool.size, sizeof *pool.slots);
	pool.items = xreallocarray(NULL, pool.size, pool.stride);
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.room, NULL);
	pthread_cond_init(&pool.finished, NULL);
	result = run_pool(&pool, jobs, err);
	pthread_cond_destroy(&pool.finished);
	pthread_cond_destroy(&pool.room);
	pthread_mutex_destroy(&pool.lock);
	free(pool.items);
	free(pool.slots);
	return result;
}
