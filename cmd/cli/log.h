/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log file: one line an event, with the time in UTC. */
#ifndef TRAPKIT_CMD_LOG_H
#define TRAPKIT_CMD_LOG_H

#include <stdbool.h>

struct error;

struct log {
	int fd; /* only when `open` */
	bool open, json;
};

/* `path` NULL = no log. Appends; ERROR_SYSTEM when it cannot be opened, then nothing is logged. */
int log_open(struct log *log, const char *path, bool json, struct error *err);
/* One line in one write, so that two processes may share a file. `stage`, `path` may be NULL. */
void log_write(const struct log *log, const char *level, const char *stage, const char *path,
	const char *message);
void log_close(struct log *log);

#endif
