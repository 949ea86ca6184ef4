/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trying again over a bad line: whether, and how long to wait first. */
#include "retry.h"

#include "trapkit/progress.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define SLICE 0.1                /* seconds between two looks for a stop while sleeping */
#define LONGEST_PAUSE 60.0       /* times the first one */
#define LONGEST_FULL_PAUSE 600.0 /* the same when the server has no room for us (421) */
#define FULL_FACTOR 30.0         /* how much longer the pauses begin then */

double retry_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int retry_sleep(const struct retry *retry, double seconds, struct error *err)
{
	double until = retry_clock() + seconds, left;

	while ((left = until - retry_clock()) > 0) {
		struct timespec slice = {.tv_nsec = (long)((left < SLICE ? left : SLICE) * 1e9)};

		nanosleep(&slice, NULL);
		if (retry->check(retry->context, err) != 0)
			return -1;
	}
	return 0;
}

bool retry_replied(const struct error *err, const char *code)
{
	const char *found = strstr(err->message, code);

	return found != NULL && (found[3] == ' ' || found[3] == '-') &&
		(found == err->message || found[-1] < '0' || found[-1] > '9');
}

/* Doubled each time, with jitter; much longer when the server has no room for us. */
static double pause_before(double first, unsigned failures, const struct error *err)
{
	bool full = retry_replied(err, "421");
	double longest = first * (full ? LONGEST_FULL_PAUSE : LONGEST_PAUSE);
	double seconds = first * (full ? FULL_FACTOR : 1);
	uint16_t random = 0;

	for (unsigned i = 1; i < failures && seconds < longest; i++)
		seconds *= 2;
	if (seconds > longest)
		seconds = longest;
	/* Jitter: stations that lost the same link must not come back at the same moment. */
	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
		random = 0x8000;
	return seconds * (0.5 + 0.5 * (double)random / 65536);
}

bool retry_again(const struct retry *retry, const char *name, unsigned failures, struct error *err)
{
	struct error reason = *err;
	double seconds;

	if (err->kind != ERROR_NETWORK)
		return false;
	if (failures > retry->retries) {
		error_context(err, "'%s' was not delivered; run the command again to go on with it",
			name);
		return false;
	}
	seconds = pause_before(retry->first_pause, failures, err);
	if (retry->max_runtime > 0 && retry_clock() + seconds > retry->began + retry->max_runtime) {
		error_context(
			err, "'%s' was not delivered in the time allowed (--max-runtime)", name);
		return false;
	}
	progress_note(retry->progress, "'%s': %s; trying again in %.0f s (%u of %u)", name,
		reason.message, seconds < 1 ? 1 : seconds, failures, retry->retries);
	error_clear(err);
	return retry_sleep(retry, seconds, err) == 0;
}

void retry_direct(
	const struct retry *retry, pthread_mutex_t *lock, bool *direct, const struct error *reason)
{
	bool known;

	pthread_mutex_lock(lock);
	known = *direct;
	*direct = true;
	pthread_mutex_unlock(lock);
	if (!known)
		progress_warning(retry->progress, NULL,
			"the server does not rename files (%s): from now on they are sent under "
			"their final names at once",
			reason->message);
}
