/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `trapkit config` does to the settings file. */
#ifndef TRAPKIT_CMD_CONFIG_FILE_H
#define TRAPKIT_CMD_CONFIG_FILE_H

#include "command.h"

/* Makes the file from the commented defaults or from `template` (may be NULL). */
int config_init(struct session *session, const char *template, bool overwrite, struct error *err);
/* Changes one setting. `value` NULL or "-" for secrets: asked for, or read from stdin. */
int config_set(struct session *session, const char *key, const char *value, struct error *err);
/* An editor on a copy, which is installed only when it is in order. */
int config_edit(struct session *session, struct error *err);

#endif
