/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command of the user's own that is told of alerts. */
#ifndef TRAPKIT_CMD_ALERT_HOOK_H
#define TRAPKIT_CMD_ALERT_HOOK_H

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <stddef.h>

/*
 * Runs `command` without a shell (words separated by blanks, quotes keep them together) and gives
 * it `text` on standard input. What it prints goes to our standard error; settings that hold
 * secrets are taken out of its environment. ERROR_INPUT unless it exits 0 within a minute.
 */
int alert_hook_run(
	const char *command, const char *text, const struct progress *progress, struct error *err);

/* ERROR_USAGE when the command cannot be split into words. */
int alert_hook_check(const char *command, struct error *err);

#endif
