/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of files from the command line and from a list. */
#ifndef TRAPKIT_CMD_FILE_LIST_H
#define TRAPKIT_CMD_FILE_LIST_H

#include "command.h"

/* --files-from FILE and -0. */
extern const struct option file_list_options[];

bool file_list_given(void);

/* Adds the arguments, then the names in the list, which are ended by a line end or by NUL. */
int file_list_collect(const struct session *session, struct string_list *names, struct error *err);

#endif
