/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rows of the traplinked database are shown, in what form, and where. */
#ifndef TRAPKIT_CMD_SYNC_VIEW_H
#define TRAPKIT_CMD_SYNC_VIEW_H

#include "command.h"
#include "trapkit/sync.h"

struct sync_view {
	bool show; /* rows are wanted at all */
	enum sync_format format;
	enum traplinked_table table;
	bool since_last;    /* only what came with this run, or with the last one */
	int64_t since_run;  /* only what came after this run; -1 = everything */
	const char *output; /* a file, "-", or NULL; borrowed */
	bool overwrite;
	bool network; /* network devices belong to the JSON result */
	bool wrote;   /* the file is ours: the next turn may replace it */
};

/* Writes the rows to where they are wanted; nothing when they belong to the JSON result. */
int sync_view_show(struct session *session, struct sync_view *view, struct sync *sync,
	const struct sync_result *result, struct error *err);
/* With --json: run and alerts, devices as they are (or changed), reports that are new. */
int sync_view_document(struct session *session, const struct sync_view *view, struct sync *sync,
	const struct sync_result *result, struct error *err);

#endif
