/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How traplinked-sync tells what it found: alerts in lines, in JSON and for monitoring; a table. */
#ifndef TRAPKIT_CMD_SYNC_REPORT_H
#define TRAPKIT_CMD_SYNC_REPORT_H

#include "command.h"
#include "trapkit/sync.h"

/* Alerts that last, whether told or not. */
size_t sync_report_open(const struct sync_result *result);
/* Alerts to be told now: new, due again, over. */
size_t sync_report_due(const struct sync_result *result);
/* One line each for those. */
void sync_report_lines(struct session *session, const struct sync_result *result);
/* The document for the alert command. Owned. */
char *sync_report_document(const struct sync_result *result);
/* `run` and `alerts` of the JSON result. */
void sync_report_json(cJSON *document, const struct sync_result *result);
/* The one line of a monitoring plug-in; returns its status (0 fine, 1 warning, 2 critical). */
int sync_report_check(struct session *session, const struct sync_result *result);
/* Rows for people. */
int sync_report_table(struct session *session, struct sync *sync, enum traplinked_table what,
	int64_t since_run, struct error *err);

#endif
