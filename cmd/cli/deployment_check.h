/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which folders become deployments, in which zone, and what the server says to them. */
#ifndef TRAPKIT_CMD_DEPLOYMENT_CHECK_H
#define TRAPKIT_CMD_DEPLOYMENT_CHECK_H

#include "command.h"
#include "trapkit/survey.h"

struct ledger;
struct zone;

struct deployment_check_settings {
	const struct survey_result *survey;
	struct ledger *ledger;
	bool slug, split_cameras;
	bool validate; /* ask the server */
};

/* Everything is owned; `{ 0 }` is releasable. */
struct deployment_check {
	struct string_list folders; /* as package_settings takes them */
	char *timezone;             /* of the settings, or of the locations on the server */
	bool ignore_dst;
	struct zone *zone; /* that, opened */
};
void deployment_check_release(struct deployment_check *check);

/*
 * What the server would refuse goes into `findings` of `parent`, and is the error. Empty folders
 * that it does not know are left out with a warning.
 */
int deployment_check_run(struct session *session, const struct deployment_check_settings *settings,
	struct deployment_check *check, cJSON *parent, struct error *err);

#endif
