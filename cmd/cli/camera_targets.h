/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files that a command is to look at as a camera's server would. */
#ifndef TRAPKIT_CMD_CAMERA_TARGETS_H
#define TRAPKIT_CMD_CAMERA_TARGETS_H

#include "command.h"

/* A file: where it lies, and where it would lie on the server. */
struct camera_target {
	char *path;
	size_t remote; /* where in `path` the server's begins */
	size_t shown;  /* where in `path` what is shown begins */
	uint64_t size; /* bytes, when the walk told */
	bool named;    /* on the command line or in a list, not found in a folder */
	bool special;  /* a link, a device: not opened */
	int failure;   /* errno: a file or folder that cannot be looked at */
};

/* `{ 0 }` is releasable. */
struct camera_targets {
	struct camera_target *items;
	size_t count, capacity;
	char *first; /* the first FILE or DIR that was named; owned */
};

/*
 * The arguments FILE|DIR… and the names of --files-from, folders walked in bytewise order. A DIR
 * stands for the upload root. ERROR_USAGE when nothing is named.
 */
int camera_targets_collect(
	struct session *session, struct camera_targets *targets, struct error *err);
void camera_targets_release(struct camera_targets *targets);

#endif
