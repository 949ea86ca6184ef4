/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line taken apart: command, options, arguments. */
#ifndef TRAPKIT_CMD_ARGUMENTS_H
#define TRAPKIT_CMD_ARGUMENTS_H

#include "command.h"

struct assignment {
	const struct option *option;
	const char *value; /* borrowed from argv, or "true", "false" */
	char *origin;      /* "--jobs", owned */
};

/* `{ 0 }` is empty. */
struct arguments {
	const struct command *command; /* NULL when none was named */
	const struct command *parent;  /* of a subcommand, else NULL */
	bool help_command;             /* `trapkit help …` */
	struct assignment *items;
	size_t count, capacity;
	struct {
		char **items; /* borrowed from argv */
		size_t count, capacity;
	} rest; /* positional arguments; a NULL follows the last */
};

/*
 * Takes argv[1…] apart. `fixed` is the command that the program's own name stands for, or NULL.
 * Options may come before or after the command, `--` ends them. ERROR_USAGE names what is not
 * known and the nearest that is. No target is touched.
 */
int arguments_parse(
	struct arguments *arguments, const struct command *fixed, char **argv, struct error *err);
/* Hands the options to option_set(). */
int arguments_apply(const struct arguments *arguments, struct error *err);
/* Missing required options, too few or too many arguments. */
int arguments_check(const struct arguments *arguments, struct error *err);
void arguments_release(struct arguments *arguments);

/* A command by name or alias among a NULL-terminated list; `-` and `_` alike. NULL = none. */
const struct command *command_find(const struct command *const *list, const char *name);
/* "trapkit config show"; owned by the caller. */
char *command_path(const struct command *parent, const struct command *command);
/* True for `config`, which must work with broken settings. */
bool command_repairs_settings(const struct arguments *arguments);
/* True unless the command is ours alone (no summary). */
bool command_is_listed(const struct command *command);

#endif
