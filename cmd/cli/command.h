/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a subcommand is: its option rows, its prose, its examples and what it runs. */
#ifndef TRAPKIT_CMD_COMMAND_H
#define TRAPKIT_CMD_COMMAND_H

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum option_mark {
	OPTION_SETTING_ONLY = 1u << 0, /* a settings key without a command-line form */
	OPTION_SECRET = 1u << 1,   /* never on the command line, never shown; implies SETTING_ONLY;
				      also reads KEY_file and KEY_command */
	OPTION_HIDDEN = 1u << 2,   /* works, but is not listed (old names) */
	OPTION_REQUIRED = 1u << 3, /* missing is exit 2 (from the command line) or 78 (a setting) */
	OPTION_OPTIONAL_VALUE = 1u << 4, /* `--name` alone stands for `--name=FALLBACK` */
	OPTION_ZONE = 1u << 5 /* the text is a time zone, and refused when there is none such */
};

/*
 * One row makes the parser, the settings key, the environment name, `--set`, the help, the manual,
 * the completions and config.example.toml. Exactly one typed target is set. A table ends with a row
 * of zeros. Default, settings file, environment, `--set` and the command line all go through
 * option_set().
 */
struct option {
	const char *name;     /* "package-name"; words with dashes */
	char letter;          /* 'n' for -n, or 0 */
	const char *section;  /* "PACKAGE": also the settings key PACKAGE.package_name; NULL: no
				 setting */
	const char *key;      /* settings key when it is not `name` with `_` */
	const char *value;    /* placeholder: "NAME", "DIR"; NULL for flags */
	const char *fallback; /* default as text, as a user would write it; NULL = unset */
	const char *help;     /* one imperative sentence with a full stop */
	const char *const *choices; /* NULL-terminated; for .choice and .list */
	long minimum, maximum;      /* for .number, both 0 = no limits; for .duration in seconds */
	unsigned marks;
	const char *group; /* heading in --help; NULL = "Options" */

	bool *flag; /* --NAME and --no-NAME; without a fallback it follows another setting */
	long *number;
	uint64_t *size;   /* text_parse_size */
	double *duration; /* seconds, text_parse_duration */
	char **text;      /* owned by the options machinery; NULL = unset */
	char **file; /* a file to read or write; `~/` expanded in settings; completes file names */
	char **directory; /* completes folders */
	int *choice;      /* index into choices, -1 = unset */
	/*
	 * Given several times, or an array in the settings file. Text is split at commas when it
	 * comes from the environment or `--set`, when there are choices, and when `value` holds a
	 * comma ("A,B"); else `--collection 'a,b'` is one collection.
	 */
	struct string_list *list;
};

/* Where a value came from, for `config show --origin` and for messages. */
const char *option_origin(const struct option *option);
/* True when anything but the built-in default set it. */
bool option_is_set(const struct option *option);

struct console;

/* What a command's run gets. */
struct session {
	const struct command *command;
	struct console *console;
	const struct progress *progress; /* draws, logs, and tells about Ctrl-C */
	char **arguments;                /* positional, NULL-terminated */
	size_t argument_count;
	bool json;     /* --json: fill `result`, print nothing else on stdout */
	bool dry_run;  /* -n */
	bool no_input; /* never ask */
	bool fail_fast;
	unsigned jobs;        /* -j, resolved, at least 1 */
	double wait_lock;     /* seconds */
	const char *work_dir; /* --work-dir or NULL */
	cJSON *result;        /* always there; schema, ok, exit, error are added by main */
};

struct command {
	const char *name;
	const char *summary;     /* one line, imperative, no full stop */
	const char *arguments;   /* "FILE…" or NULL */
	size_t minimum, maximum; /* number of positional arguments; maximum SIZE_MAX = any */
	const char *description; /* paragraphs, blank line between; source of help and manual */
	const char *examples;    /* lines "$ trapkit …" each with a comment line "# …" before */
	const char
		*files; /* lines "PATH: sentence.": what it writes and reads by itself; or NULL */
	const char *related; /* "trapkit-upload 1, trapkit-package 5": pages to see also; or NULL */
	const char *const *aliases;               /* other names, NULL-terminated; or NULL */
	const struct option *const *options;      /* NULL-terminated list of tables */
	const struct command *const *subcommands; /* NULL-terminated; or NULL */
	/* Exit status 0…, or -1 with `err`: main prints it and picks the status from its kind. */
	int (*run)(struct session *session, struct error *err);
};

/* All commands, NULL-terminated (cmd/commands.c). */
extern const struct command *const commands[];

/* Leaves a command out of lists, help and completions when its summary is NULL. */

/* Looks a row up in the tables of a command, by name; NULL when there is none. */
const struct option *command_option(const struct command *command, const char *name);

#endif
