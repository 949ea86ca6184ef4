/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A budget of bytes a second that several sessions may share (a token bucket). */
#include "limiter.h"

#include "patience.h"
#include "trapkit/memory.h"
#include "trapkit/transfer.h"

#include <pthread.h>
#include <stdlib.h>

/* The bucket holds this much time's worth: short enough to be even, long enough to be cheap. */
#define BURST_SECONDS 0.25

struct remote_limiter {
	pthread_mutex_t lock;
	double rate, tokens, filled;
};

struct remote_limiter *remote_limiter_new(uint64_t rate)
{
	struct remote_limiter *limiter = xcalloc(1, sizeof *limiter);

	pthread_mutex_init(&limiter->lock, NULL);
	limiter->rate = (double)(rate < 1 ? 1 : rate);
	limiter->filled = seconds_now();
	return limiter;
}

void remote_limiter_free(struct remote_limiter *limiter)
{
	if (limiter == NULL)
		return;
	pthread_mutex_destroy(&limiter->lock);
	free(limiter);
}

size_t limiter_take(struct remote_limiter *limiter, size_t wanted, double *wait)
{
	double now = seconds_now();
	double most = limiter == NULL ? 0 : limiter->rate * BURST_SECONDS;
	double least;
	size_t granted = 0;

	*wait = 0;
	if (limiter == NULL || wanted == 0)
		return wanted;
	if (most < 1)
		most = 1;
	pthread_mutex_lock(&limiter->lock);
	limiter->tokens += (now - limiter->filled) * limiter->rate;
	limiter->filled = now;
	if (limiter->tokens > most)
		limiter->tokens = most;
	/* Not a byte at a time: a write costs the same whatever its size. */
	least = (double)wanted < most / 2 ? (double)wanted : most / 2;
	if (least < 1)
		least = 1;
	if (limiter->tokens >= least) {
		granted = limiter->tokens < (double)wanted ? (size_t)limiter->tokens : wanted;
		limiter->tokens -= (double)granted;
	} else {
		*wait = (least - limiter->tokens) / limiter->rate;
	}
	pthread_mutex_unlock(&limiter->lock);
	return granted;
}

void limiter_return(struct remote_limiter *limiter, size_t count)
{
	if (limiter == NULL || count == 0)
		return;
	pthread_mutex_lock(&limiter->lock);
	limiter->tokens += (double)count;
	pthread_mutex_unlock(&limiter->lock);
}
