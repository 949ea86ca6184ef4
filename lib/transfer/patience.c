/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting with an end. */
#include "patience.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define SLICE 0.15
#define ASK_EVERY 0.1

double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum wait_status ask(struct patience *patience, double now)
{
	struct progress_event event = {.kind = PROGRESS_POLL};

	patience->last_asked = now;
	if (patience->stopping)
		return now >= patience->grace_end ? WAIT_STOPPED : WAIT_READY;
	if (progress_send(patience->progress, &event) != 0)
		return WAIT_STOPPED;
	if (patience->end > 0 && now >= patience->end)
		return WAIT_OVER;
	return WAIT_READY;
}

enum wait_status patience_ask(struct patience *patience)
{
	double now = seconds_now();

	return now - patience->last_asked < ASK_EVERY ? WAIT_READY : ask(patience, now);
}

enum wait_status patience_wait(
	struct patience *patience, struct pollfd *fds, nfds_t count, double deadline)
{
	for (;;) {
		double now = seconds_now();
		double left = deadline - now;
		enum wait_status status;
		int ready;

		if (left > SLICE)
			left = SLICE;
		ready = poll(fds, count, left <= 0 ? 0 : (int)(left * 1000) + 1);
		if (ready > 0)
			return WAIT_READY;
		if (ready < 0 && errno != EINTR)
			return WAIT_LATE;
		now = seconds_now();
		status = ask(patience, now);
		if (status != WAIT_READY)
			return status;
		if (now >= deadline)
			return WAIT_LATE;
	}
}

void patience_stopping(struct patience *patience, double seconds)
{
	if (patience->stopping)
		return;
	patience->stopping = true;
	patience->grace_end = seconds_now() + seconds;
}

int patience_error(enum wait_status status, struct error *err, const char *late, ...)
{
	char text[ERROR_MESSAGE_SIZE];
	va_list arguments;

	if (status == WAIT_STOPPED)
		return error_set(err, ERROR_CANCELLED, "stopped");
	if (status == WAIT_OVER)
		return error_set(err, ERROR_NETWORK,
			"the time for the whole run (max_runtime) is over; run the same command "
			"again to go on");
	va_start(arguments, late);
	vsnprintf(text, sizeof text, late, arguments);
	va_end(arguments);
	return error_set(err, ERROR_NETWORK, "%s", text);
}
