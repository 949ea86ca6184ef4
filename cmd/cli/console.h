/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All that is said: results to standard output; talk, progress and errors to standard error. */
#ifndef TRAPKIT_CMD_CONSOLE_H
#define TRAPKIT_CMD_CONSOLE_H

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct console_settings {
	int verbosity;       /* 0 errors, 1 notes and warnings, 2 details */
	int progress;        /* enum progress_mode */
	int color;           /* enum color_mode */
	bool json;           /* standard output is for one JSON document */
	const char *logfile; /* or NULL */
	bool log_json;
};

struct console;

/* Never fails to give a console: when the log file cannot be opened, `err` says so. */
struct console *console_new(const struct console_settings *settings, struct error *err);
void console_free(struct console *console);

/* What a command's work reports to. Lives as long as the console. Thread-safe. */
const struct progress *console_progress(struct console *console);

/* ---- standard output; nothing of it with --json ---- */

/* Friendly words about what was done ("Wrote 'x.zip'"): not with -q. */
void console_print(struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What was asked for (a setting's value, a list): also with -q. */
void console_result(struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Raw bytes of a result (`--output -`): also with -q and --json. */
void console_write(struct console *console, const void *bytes, size_t size);

/* Rows of cells, filled one cell after another. `{ 0 }` is empty. */
struct table {
	struct string_list cells; /* headings first */
	size_t columns;
	unsigned right; /* bit n: column n is set flush right */
	bool friendly;  /* beside what was asked for: not with -q */
};
/* Headings, ended by NULL. At most 32. */
void table_init(struct table *table, const char *heading, ...) __attribute__((sentinel));
/* The next cell; control characters are escaped when shown. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Column (from 0) holds numbers. */
void table_align_right(struct table *table, size_t column);
void table_release(struct table *table);
/* Aligned columns, as console_result. */
void console_table(struct console *console, const struct table *table);
/* CSV (RFC 4180, UTF-8 without a mark), as console_result. */
void console_csv(struct console *console, const struct table *table);
/* Cells a terminal needs for UTF-8 text. */
size_t display_width(const char *text);

/* ---- standard error ---- */

/* The warnings that -q held back: what failed is said even then. */
void console_tell_held(struct console *console);
/* "trapkit: error: …", to the log too, whatever the verbosity. */
void console_error(struct console *console, const char *message);
/* As progress_warning and progress_note. */
void console_warning(struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void console_note(struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One line in the log file only. */
void console_log(struct console *console, const char *level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Flushes standard output. ERROR_SYSTEM when anything written there was lost. */
int console_finish(struct console *console, struct error *err);

/* A line from the terminal, without echo when `hidden`; owned. ERROR_CANCELLED on Ctrl-C or end. */
int console_ask(struct console *console, const char *question, bool hidden, char **answer,
	struct error *err);

#endif
