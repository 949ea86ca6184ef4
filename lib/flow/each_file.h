/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over the ledger's files that every look at a data path begins with. */
#ifndef TRAPKIT_FLOW_EACH_FILE_H
#define TRAPKIT_FLOW_EACH_FILE_H

#include "trapkit/ledger.h"
#include "trapkit/memory.h"

struct progress;

/*
 * Calls `take` for every file of these collections (NULL or empty: all), each once, in the order of
 * the ledger. `take` returns 0, or -1 with err, which ends the walk.
 */
int each_file(struct ledger *ledger, const struct string_list *collections,
	int (*take)(void *context, const struct resource *resource, struct error *err),
	void *context, const struct progress *progress, struct error *err);

#endif
