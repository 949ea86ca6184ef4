/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stages under way, drawn as bars or told in lines. */
#ifndef TRAPKIT_CMD_BARS_H
#define TRAPKIT_CMD_BARS_H

#include "trapkit/progress.h"

#include <stdbool.h>
#include <stdio.h>

enum { BARS_STAGES = 8 };

struct stage {
	char name[32]; /* "" = free */
	double began, reported;
	uint64_t files_done, files_total, bytes_done, bytes_total;
	uint64_t bytes_before; /* done already when the stage began */
	bool measured, drawn;
};

enum bars_mode { BARS_NONE, BARS_DRAWN, BARS_LINES, BARS_JSON };

/* Not thread-safe by itself: the console's lock is held around every call. */
struct bars {
	enum bars_mode mode;
	FILE *out;
	struct stage stages[BARS_STAGES];
	double drawn_at;
	int lines; /* on the screen now */
};

/* Takes a BEGIN, ADVANCE or END event; draws when it is time. */
void bars_take(struct bars *bars, const struct progress_event *event, double now);
/* Takes the bars off the screen, so that a line can be written. */
void bars_hide(struct bars *bars);

#endif
