/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state behind the option rows: values, where each came from, and the one door they pass. */
#ifndef TRAPKIT_CMD_OPTIONS_H
#define TRAPKIT_CMD_OPTIONS_H

#include "command.h"

/* Lowest to highest. */
enum origin_level {
	ORIGIN_DEFAULT,
	ORIGIN_FILE,        /* the settings file */
	ORIGIN_ENV_FILE,    /* .env */
	ORIGIN_ENVIRONMENT, /* SECTION__KEY */
	ORIGIN_SET,         /* --set SECTION.KEY=VALUE */
	ORIGIN_COMMAND_LINE
};

struct origin {
	enum origin_level level;
	const char *text; /* what a message blames: "--jobs", "default.toml:12" */
	bool one_item;    /* a list's value is one item, commas and all */
};

/* How the value of a secret is to be had; FILE and COMMAND are followed when it is needed. */
enum secret_source { SECRET_VALUE, SECRET_FILE, SECRET_COMMAND };

/* Every row of every command, each once, NULL-terminated. Made at the first call. */
const struct option *const *options_all(void);

/* Gives every row its fallback, and forgets every origin. A wrong fallback is our own mistake. */
int options_reset(struct error *err);

/*
 * Checks `value` and stores it in the row's target: the one door for every origin. A value of a
 * higher level replaces that of a lower; a list grows within one level. ERROR_USAGE when the origin
 * is the command line, else ERROR_SETTINGS; the message begins with the origin.
 */
int option_set(const struct option *option, const char *value, const struct origin *origin,
	struct error *err);

/* Notes where a secret's value is to be found, without looking there yet. */
void option_set_secret_source(const struct option *option, enum secret_source source,
	const char *where, const struct origin *origin);
/* What option_set_secret_source noted; *where is NULL when there is nothing. */
enum secret_source option_secret_source(const struct option *option, const char **where);

/* Makes a list empty at this level (`key = []`). */
void option_clear(const struct option *option, const struct origin *origin);

enum origin_level option_level(const struct option *option);

/* The row's value as a TOML literal; a secret is "[hidden]" unless `reveal`; NULL when unset. */
char *option_literal(const struct option *option, bool reveal);
/* The row's value as plain text, lists joined by commas. */
char *option_text(const struct option *option, bool reveal);

/* The key of a row within its section ("package_name"), owned by the caller. */
char *option_key(const struct option *option);
/* True when the row is the setting SECTION.KEY; case is ignored and `-` equals `_`. */
bool option_is_setting(const struct option *option, const char *section, const char *key);
/* The n-th row of that setting, or NULL: several rows may share one. */
const struct option *option_find_setting(const char *section, const char *key, size_t n);
/* True for the one row that stands for its setting in lists; false for rows without a setting. */
bool option_is_first_of_setting(const struct option *option);
/* The known sections, NULL-terminated. */
extern const char *const setting_sections[];

/* Compares names without case, `-` and `_` alike. */
bool same_name(const char *a, const char *b);

/* True when a value goes with it on the command line. */
bool option_takes_value(const struct option *option);

/* True when a secret has been loaded from anywhere. */
bool options_hold_secret(void);

#endif
