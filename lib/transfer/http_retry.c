/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When to try again: Retry-After, exponential back-off with jitter, and sleep that can be stopped.
 */
#include "http_internal.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <ctype.h>
#include <time.h>

#define LONGEST_BACK_OFF 60.0

double http_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* RFC 9110 section 10.2.3: seconds, or an HTTP date. */
double http_retry_after(time_t (*getdate)(const char *, const time_t *), const char *value,
	const char *date, time_t now)
{
	double seconds = 0;
	const char *p = value;
	time_t until, since;

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p == '\0')
		return -1;
	if (isdigit((unsigned char)*p)) {
		for (; isdigit((unsigned char)*p); p++)
			seconds = seconds * 10 + (*p - '0');
		while (*p == ' ' || *p == '\t')
			p++;
		return *p == '\0' ? seconds : -1;
	}
	until = getdate(p, NULL);
	if (until == (time_t)-1)
		return -1;
	/* A laptop's clock may be wrong; the server's two times belong together. */
	since = date[0] == '\0' ? (time_t)-1 : getdate(date, NULL);
	if (since == (time_t)-1)
		since = now;
	return until > since ? (double)(until - since) : 0;
}

/* 0 up to 1, never 1. */
static double draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (double)(*random >> 11) / 9007199254740992.0;
}

double http_delay(uint64_t *random, unsigned attempt, bool quick, double asked)
{
	double delay = quick ? 0.25 : 1.0;
	double part = draw(random);

	for (unsigned i = 1; i < attempt && delay < LONGEST_BACK_OFF; i++)
		delay *= 2;
	if (delay > LONGEST_BACK_OFF)
		delay = LONGEST_BACK_OFF;
	delay *= 0.5 + 0.5 * part;
	/* Many stations that were told the same second must not all come back in it. */
	if (asked >= delay)
		delay = asked + part * (asked < 10 ? 0.1 * asked : 1.0);
	return delay;
}

int http_sleep(const struct progress *progress, double seconds, struct error *err)
{
	double end = http_clock() + seconds;

	for (;;) {
		double left = end - http_clock();
		struct timespec step;

		if (progress_check(progress, err) != 0)
			return -1;
		if (left <= 0)
			return 0;
		if (left > 0.2)
			left = 0.2;
		step = (struct timespec){.tv_nsec = (long)(left * 1e9)};
		/* A signal ends the nap early; the flag it set is asked for at once. */
		nanosleep(&step, NULL);
	}
}
