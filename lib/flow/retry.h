/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trying again over a bad line: whether, and how long to wait first. */
#ifndef TRAPKIT_FLOW_RETRY_H
#define TRAPKIT_FLOW_RETRY_H

#include "trapkit/error.h"

#include <pthread.h>
#include <stdbool.h>

struct progress;

struct retry {
	unsigned retries;          /* attempts after the first */
	double first_pause;        /* seconds */
	double began, max_runtime; /* by retry_clock(); 0 = none */
	const struct progress *progress;
	/* Asked before and during pauses: -1 with `err` ends them. */
	int (*check)(void *context, struct error *err);
	void *context;
};

/* Monotonic seconds. */
double retry_clock(void);

int retry_sleep(const struct retry *retry, double seconds, struct error *err);

/*
 * After attempt number `failures` on `name` failed with `err`: true, with `err` cleared, when
 * another one is due; the pause is over then. Else `err` says why not.
 */
bool retry_again(const struct retry *retry, const char *name, unsigned failures, struct error *err);

/*
 * The server refused to rename, for this reason: under the lock sets *direct, and tells of it when
 * it was not set before.
 */
void retry_direct(
	const struct retry *retry, pthread_mutex_t *lock, bool *direct, const struct error *reason);

/* True when the server's own words, quoted in the message, hold this reply code. */
bool retry_replied(const struct error *err, const char *code);

#endif
