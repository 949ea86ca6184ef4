/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does work in a thread of its own, a few pieces before they are needed. */
#ifndef TRAPKIT_CAMTRAPDP_AHEAD_H
#define TRAPKIT_CAMTRAPDP_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Pieces are made one after another in the `count` slots, which are the caller's. */
struct ahead_work {
	bool (*make)(void *context, void *slot); /* false: this piece was the last */
	void *context;
	void *slots;
	size_t slot_size, count;
};

struct ahead;

/* Unless `threaded`, a piece is made when it is asked for. */
struct ahead *ahead_new(const struct ahead_work *work, bool threaded);
/* The next piece, valid until the next call; NULL after the last. */
void *ahead_next(struct ahead *ahead);
void ahead_free(struct ahead *ahead);

#endif
