/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the next turn is: by a clock that suspends do not stop and people do not set. */
#include "trapkit/error.h"
#include "trapkit/progress.h"
#include "trapkit/sync.h"

#include <time.h>
#include <unistd.h>

#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME CLOCK_MONOTONIC
#endif

double sync_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int sync_wait(double due, const struct progress *progress, struct error *err)
{
	/* Short naps: one long sleep would not see that the computer was suspended meanwhile. */
	const struct timespec nap = {.tv_nsec = 200000000L};

	for (;;) {
		double left = due - sync_clock();
		struct timespec rest = {.tv_nsec = (long)(left * 1e9)};

		if (progress_check(progress, err) != 0)
			return -1;
		if (left <= 0)
			return 0;
		nanosleep(left < 0.2 ? &rest : &nap, NULL);
	}
}

/* 0 up to 1. */
static double draw(void)
{
	unsigned number = 0;

	if (getentropy(&number, sizeof number) != 0)
		return 0.5;
	return (double)number / 4294967296.0;
}

double sync_next(double due, double interval)
{
	double now = sync_clock(), next = due + interval;

	if (next < now)
		next = now;
	return next + draw() * interval / 10;
}
