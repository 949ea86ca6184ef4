/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one loop over many items: read in order, work in parallel, take in order, bounded memory. */
#ifndef TRAPKIT_WORKERS_H
#define TRAPKIT_WORKERS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/*
 * `next` fills the next item (called by one thread at a time, in order): 1 = there is one, 0 = no
 * more, -1 = stop everything with `err`.
 * `work` runs in parallel; when it fails, its error travels with the item.
 * `take` gets the items back in the order of `next`, always in the thread that called workers_run;
 * `failure` is NULL when `work` succeeded. -1 stops everything with `err`. It owns the item.
 * Items that were read but not taken because of a stop go to `drop` (may be NULL).
 * An item is `item_size` bytes, copied by value, zeroed before `next`.
 */
struct workers {
	int (*next)(void *context, void *item, struct error *err);
	int (*work)(void *context, void *item, struct error *err);
	int (*take)(void *context, void *item, const struct error *failure, struct error *err);
	void (*drop)(void *context, void *item);
	void *context;
	size_t item_size;
	size_t in_flight; /* bound on items between next and take; 0 = 8 per job */
};

/* `jobs` 0 = workers_default_jobs(). With 1 everything happens in the calling thread. */
int workers_run(const struct workers *workers, unsigned jobs, struct error *err);

/* Processors this process may use: affinity and cgroup quota respected; at least 1. */
unsigned workers_default_jobs(void);

#ifdef __cplusplus
}
#endif

#endif
