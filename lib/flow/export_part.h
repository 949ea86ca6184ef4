/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was fetched of a package so far, kept beside the output until it is whole. */
#ifndef TRAPKIT_FLOW_EXPORT_PART_H
#define TRAPKIT_FLOW_EXPORT_PART_H

#include "trapkit/transfer.h"

struct error;

struct export_part {
	char *path;       /* .trapkit-export-7.part */
	char *state_path; /* .trapkit-export-7.json: which request, which bytes */
	char *query;      /* of the request; owned */
	struct http_download download;
	uint64_t found; /* bytes that an earlier run left */
};

/*
 * Opens the part of `project` in `folder` ("" = the current one) and goes on with it when it is of
 * the same `query`. Held against other runs: ERROR_BUSY.
 */
int export_part_open(struct export_part *part, const char *folder, int64_t project,
	const char *query, struct error *err);
/* Writes down what must be known to go on. */
int export_part_note(const struct export_part *part, struct error *err);
/* Begins anew. */
int export_part_empty(struct export_part *part, struct error *err);
/* Takes it away. */
void export_part_remove(struct export_part *part);
/* Leaves it for the next run when something is in it. `{ .download.fd = -1 }` is closable. */
void export_part_close(struct export_part *part);

#endif
