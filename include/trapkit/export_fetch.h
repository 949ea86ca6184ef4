/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `export PROJECT`: TRAPPER's Camtrap DP package, made there, fetched, checked, put down.
 */
#ifndef TRAPKIT_EXPORT_FETCH_H
#define TRAPKIT_EXPORT_FETCH_H

#include "trapkit/camtrapdp.h"
#include "trapkit/trapper.h"

#ifdef __cplusplus
extern "C" {
#endif

struct export_fetch {
	const struct trapper_package *package;
	double build_timeout; /* seconds of silence while the server puts it together */
	/*
	 * The file to write, or a folder that is there, for a file named as the server names it;
	 * NULL = the current folder. With `extract` the folder to make.
	 */
	const char *output;
	bool extract, overwrite;
};

struct export_fetched {
	char *path;          /* what was written; owned */
	char *answer;        /* what the server said of making it; owned */
	uint64_t bytes;      /* of the ZIP */
	uint64_t resumed_at; /* bytes that an earlier run had fetched */
	bool checked;        /* `report` of the caller tells what camtrapdp_validate found */
};
/* `{ 0 }` is valid and releasable. */
void export_fetched_release(struct export_fetched *fetched);

/* What is there already, before anything is asked for: ERROR_INPUT when it is in the way. */
int export_fetch_check(const struct export_fetch *fetch, struct error *err);

/*
 * What was fetched before a break stays in a hidden file beside the output, and the same request
 * goes on there: within a run, and when it is run again. An address that is used up is asked for
 * anew. The output appears whole or not at all; a ZIP that is damaged, unsafe, or lacks its
 * descriptor or a table is ERROR_INPUT and not left behind. ERROR_BUSY: another run is at it.
 */
int export_fetch(struct trapper *trapper, const struct export_fetch *fetch,
	struct camtrapdp_report *report, struct export_fetched *fetched,
	const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
