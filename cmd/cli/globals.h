/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that every command takes. */
#ifndef TRAPKIT_CMD_GLOBALS_H
#define TRAPKIT_CMD_GLOBALS_H

#include "command.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER, PROGRESS_JSON };
enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum log_format { LOG_TEXT, LOG_JSON };

struct globals {
	char *config, *settings_dir, *project, *env_file;
	struct string_list set;
	long verbosity; /* 0 errors, 1 notes and warnings, 2 details */
	char *logfile;
	int log_format; /* enum log_format */
	bool json;
	int progress; /* enum progress_mode */
	int color;    /* enum color_mode */
	bool dry_run, no_input, fail_fast;
	long jobs; /* 0 = as many as there are processors */
	char *work_dir;
	double wait_lock; /* seconds */
	bool help, version;
	char *print_completion;
	bool verbose, quiet, no_color;
};

extern struct globals globals;
/* Lets -v, -q and --no-color have their way; -q wins over -v. */
void globals_settle(void);
extern const struct option global_options[];
/* global_options alone, as a NULL-terminated list of tables. */
extern const struct option *const global_tables[];

#endif
