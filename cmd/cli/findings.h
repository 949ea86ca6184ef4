/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How what is wrong with a package is told, in words and in JSON. */
#ifndef TRAPKIT_CMD_FINDINGS_H
#define TRAPKIT_CMD_FINDINGS_H

#include "command.h"
#include "trapkit/validate.h"

/* `packages`, `findings` and `counts` of a document: begun once, each package added, ended. */
void findings_begin(cJSON *document);
void findings_add(cJSON *document, const char *path, enum validate_kind kind,
	const struct camtrapdp_report *report);
/* One that could not be read at all. */
void findings_add_unread(cJSON *document, const char *path, const char *message);
void findings_end(cJSON *document, const uint64_t counts[3]);

/* All that was kept, group by group, and how many there are. */
void findings_show(struct session *session, const char *path, enum validate_kind kind,
	const struct camtrapdp_report *report);

#endif
