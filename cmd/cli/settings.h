/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings file, .env, the environment and --set, brought to the option rows. */
#ifndef TRAPKIT_CMD_SETTINGS_H
#define TRAPKIT_CMD_SETTINGS_H

#include "options.h"

/* What was found on the way; `{ 0 }` is empty. */
struct findings {
	struct string_list warnings, errors;
};
void findings_release(struct findings *findings);

/* The folder of the project files: --settings-dir, $TRAPKIT_SETTINGS_DIR, ~/.trapper-tools. */
char *settings_folder(void);
/* The settings file that counts, whether it exists or not: --config or FOLDER/PROJECT.toml. */
char *settings_path(void);

/*
 * Reads every source below the command line, in order. Wrong values go to settings_findings:
 * they are no failures, the caller decides. -1 when a file that was asked for cannot be read or
 * parsed.
 */
int settings_load(struct error *err);

/* The settings file's text alone (`config check`, fuzzing): -1 when it is no TOML. */
int settings_load_text(const char *name, const char *text, size_t length, struct findings *findings,
	struct error *err);

/* The .env text alone. */
int settings_load_env(const char *name, const char *text, size_t length, struct findings *findings,
	struct error *err);

/* The SECTION__KEY variables of the environment. */
void settings_load_environment(struct findings *findings);

/* True when "SECTION.KEY" is the _file or _command of a secret; then it is noted. */
bool settings_take_secret_source(const char *name, const char *value, const struct origin *origin);

/* Splits "SECTION.KEY" and finds the row; ERROR_USAGE names the nearest when there is none. */
int settings_find(const char *name, const struct option **row, struct error *err);

/*
 * Changes, or adds, one setting in a settings text; comments and order stay. `literal` is TOML, as
 * from setting_literal(). The result has been parsed again. Owned by the caller.
 */
int settings_edit(const char *name, const char *text, const char *section, const char *key,
	const char *literal, char **edited, struct error *err);

/* What settings_load found in this run. */
extern struct findings settings_findings;

/* Reads a file of at most `limit` bytes whole; NUL-terminated, owned by the caller. */
int read_whole_file(const char *path, size_t limit, char **text, size_t *length, struct error *err);

#endif
