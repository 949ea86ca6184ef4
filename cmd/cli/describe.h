/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be derived from the option rows: help, manual, completions, example settings. */
#ifndef TRAPKIT_CMD_DESCRIBE_H
#define TRAPKIT_CMD_DESCRIBE_H

#include "arguments.h"
#include "console.h"

#include <stdio.h>

/* Prints the help of a command; both NULL = of the whole program. */
void describe_help(
	struct console *console, const struct command *parent, const struct command *command);
/* `trapkit help WORDS…`. */
int describe_help_for(struct console *console, char *const *words, struct error *err);

/* Prints the completion script for "bash", "zsh" or "fish". */
int describe_completion(struct console *console, const char *shell, struct error *err);

/* The text of config.example.toml. Owned by the caller. */
char *describe_settings(void);

/* The manual pages, mdoc. */
void describe_manual_program(FILE *out);
void describe_manual_command(FILE *out, const struct command *command);

/* The completion scripts. */
void describe_bash(FILE *out);
void describe_zsh(FILE *out);
void describe_fish(FILE *out);

/* ---- shared by the describers; texts are owned by the caller ---- */

enum { DESCRIBE_ROWS = 256 };
/* The rows of some tables that are shown, at most `room`; returns how many. */
size_t describe_rows(const struct option *const *tables, const struct option **rows, size_t room);
/* "trapkit package [OPTION…]". */
char *describe_usage(const struct command *parent, const struct command *command);
/* "-n, --dry-run", "    --jobs N". */
char *describe_option_name(const struct option *row);
/* The help sentence with choices, … */
char *describe_option_sentences(const struct option *row);
/* … and with the default in brackets. */
char *describe_option_help(const struct option *row);
/* "a, b or c". */
char *describe_choices(const struct option *row);
bool describe_shows_default(const struct option *row);
/*
 * Where a command breaks to fit into so many columns, with " \\" behind it: at the blank before an
 * option. `length` when it fits, or cannot be broken.
 */
size_t describe_break(const char *line, size_t length, size_t columns);
extern const char describe_program_text[], describe_program_examples[];

#endif
