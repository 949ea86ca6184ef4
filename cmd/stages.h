/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What pipeline needs of the commands that are its stages. */
#ifndef TRAPKIT_CMD_STAGES_H
#define TRAPKIT_CMD_STAGES_H

#include "cli/command.h"
#include "cli/deployment_check.h"
#include "trapkit/convert.h"
#include "trapkit/package_flow.h"
#include "trapkit/survey.h"

struct blur_rule;
struct ledger;

/* PACKAGE's rows, beside data_options, timezone_options, project_id_options. */
extern const struct option package_options[];

/* The words of PACKAGE.split, in the order of enum package_split. */
extern const char *const package_splits[];

/* PACKAGE.image_extensions and video_extensions: which files a survey takes in. */
extern const struct option extension_options[];

/* CONVERT's rows that no other stage has. */
extern const struct option convert_options[];

/* The folder's path from the root, whether it exists yet or not. Owned. */
char *stage_absolute(const char *folder);

/* Absolute: DATA/.trapkit or --work-dir. Owned; NULL with `err` when DATA is no folder. */
char *stage_work_folder(struct session *session, struct error *err);

/*
 * Surveys general.data_path into the ledger with the extensions of PACKAGE. Files that failed are
 * warned of by the survey and are in result->failed.
 */
int survey_stage(struct session *session, struct ledger *ledger, struct survey_result *survey,
	struct error *err);

/* What package_stage hands each part to as soon as it is there; `call` NULL = nobody. */
extern struct stage_ready {
	void (*call)(void *context, const struct package_part *part);
	void *context;
} stage_ready;

/* Which deployments there are; against the server, too, unless --no-validate. */
int package_check(struct session *session, struct ledger *ledger,
	const struct survey_result *survey, struct deployment_check *check, cJSON *parent,
	struct error *err);

/*
 * Packages, tells on the console what was made, and fills `packages`, `skipped` and their relatives
 * into `parent`. -1 with `err`; else 0, also when files had to be left out: stage_status() tells.
 */
int package_stage(struct session *session, struct ledger *ledger,
	const struct survey_result *survey, const struct deployment_check *check,
	const struct blur_rule *rule, struct package_result *result, cJSON *parent,
	struct error *err);

/*
 * Makes the renditions that package_stage() then takes, tells what was made, and fills `parent`. -1
 * with `err`; else 0, also when files failed: result->failed and result->held tell.
 */
int convert_stage(struct session *session, struct ledger *ledger,
	const struct survey_result *survey, const struct blur_rule *rule,
	struct convert_result *result, cJSON *parent, struct error *err);

/* --again: what was delivered is to be delivered once more. */
bool stage_again(void);

/* 0, or 1 when files that should be in the package are not. */
int stage_status(const struct survey_result *survey, const struct package_result *result);

#endif
