/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `.env` files: lines NAME=VALUE. */
#ifndef TRAPKIT_CMD_ENV_FILE_H
#define TRAPKIT_CMD_ENV_FILE_H

#include <stddef.h>

struct error;

/*
 * Calls `take` for each variable of a text of `length` bytes. Understood: blank lines, `#`
 * comments (also after a value, with a blank before), `export NAME=…`, bare values trimmed,
 * 'literal' values, and "values" with \n \t \\ \" \$; quoted values may run over several lines.
 * Nothing is expanded. `take` returns -1 to stop with `err`. ERROR_SETTINGS blames "NAME:LINE".
 */
int env_file_parse(const char *text, size_t length, const char *name,
	int (*take)(void *context, const char *variable, const char *value, size_t line,
		struct error *err),
	void *context, struct error *err);

#endif
