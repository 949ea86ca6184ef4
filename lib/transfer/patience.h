/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting with an end: every wait has a deadline, hears a stop, and ends with the session's time.
 */
#ifndef TRANSFER_PATIENCE_H
#define TRANSFER_PATIENCE_H

#include <poll.h>
#include <stdbool.h>

struct error;
struct progress;

struct patience {
	const struct progress *progress;
	double end;        /* of the whole session on the clock of seconds_now; 0 = none */
	bool stopping;     /* a stop was heard: nobody is asked again, waits are cut short */
	double grace_end;  /* when stopping: no wait lasts longer */
	double last_asked; /* when `progress` was asked last */
};

enum wait_status { WAIT_READY, WAIT_LATE, WAIT_STOPPED, WAIT_OVER };

/* A clock that only moves forward. */
double seconds_now(void);

/* Polls until something is ready or `deadline`; asks whether to stop at least every 150 ms. */
enum wait_status patience_wait(
	struct patience *patience, struct pollfd *fds, nfds_t count, double deadline);

/* Asks at most every 100 ms. WAIT_READY = go on. */
enum wait_status patience_ask(struct patience *patience);

/* From now on waits ask nobody and last `seconds` altogether: for ending in good order. */
void patience_stopping(struct patience *patience, double seconds);

/* Turns anything but WAIT_READY into an error: `late` is the message for WAIT_LATE. Returns -1. */
int patience_error(enum wait_status status, struct error *err, const char *late, ...)
	__attribute__((format(printf, 3, 4)));

#endif
