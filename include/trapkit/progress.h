/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How work under lib/ speaks to whoever asked for it: reports, notes, warnings, and being stopped.
 */
#ifndef TRAPKIT_PROGRESS_H
#define TRAPKIT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

enum progress_kind {
	PROGRESS_BEGIN,   /* a stage begins; totals are 0 when not known yet */
	PROGRESS_ADVANCE, /* done and total are absolute for the stage, never increments */
	PROGRESS_END,     /* the stage is over */
	PROGRESS_POLL,    /* nothing to say: only asks whether to stop */
	PROGRESS_NOTE,    /* worth a line at normal verbosity */
	PROGRESS_WARNING, /* something a person should look at; `path` names the file if one is
			     meant */
	PROGRESS_DETAIL   /* for -v only */
};

struct progress_event {
	enum progress_kind kind;
	const char *stage;   /* "survey", "package", "upload" …; NULL for notes outside a stage */
	const char *path;    /* the file meant, relative to the data path, or NULL */
	const char *message; /* text of a note, warning or detail: no full stop, no newline */
	uint64_t files_done, files_total;
	uint64_t bytes_done, bytes_total;
};

/*
 * `report` may be called from any thread, often (a call that draws nothing must be cheap), and
 * returns non-zero when the work should stop. A NULL progress, or a NULL `report`, is silent.
 */
struct progress {
	int (*report)(void *context, const struct progress_event *event);
	void *context;
};

/* Hands the event on. Returns what `report` returned: non-zero = stop. */
int progress_send(const struct progress *progress, const struct progress_event *event);
void progress_note(const struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void progress_detail(const struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* `path` may be NULL. */
void progress_warning(const struct progress *progress, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets ERROR_CANCELLED and returns -1 when the work should stop, else returns 0. */
int progress_check(const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
