/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `detect`, `pipeline` and `helpers` share: the model's rows, and where the runtime is. */
#ifndef TRAPKIT_CMD_DETECTION_H
#define TRAPKIT_CMD_DETECTION_H

#include "command.h"
#include "trapkit/detect_flow.h"
#include "trapkit/package_flow.h"

extern const struct option detection_options[];  /* DETECT's rows, to run a model */
extern const struct option threshold_options[];  /* --threshold: to read what it found */
extern const struct option blank_options[];      /* --exclude-blank */
extern const struct option detections_options[]; /* --detections */

/* Where `detect` writes for a data path, by its work folder. Owned. */
char *detection_output(const char *work_folder);
/* --detections, or that of the data path whose work folder it is. Owned. */
char *detection_file(const char *work_folder);
/* The text of the setting SECTION.KEY as a number from 0 to 1. */
int detection_share(
	const char *section, const char *key, const char *text, double *share, struct error *err);

/* The settings as a flow takes them; texts stay the options'. */
int detection_settings(struct session *session, struct detect_settings *flow, struct error *err);

/*
 * How the model runs; `file` NULL = the one that is set. ERROR_UNAVAILABLE without any: where the
 * runtime is is told all the same.
 */
int detection_model(struct session *session, const char *file, struct detector_settings *model,
	struct error *err);

/* --threshold, or below 0 = the model's own. */
int detection_threshold(double *threshold, struct error *err);

/* What was seen: a table (with -q only when asked), `threshold`, `deployments`, `total`. */
int detection_tell_summary(struct session *session, const char *path, double threshold, bool asked,
	cJSON *parent, struct error *err);

/*
 * Runs the model, tells what was done and seen, and fills `parent`. *failed = files that could not
 * be looked at.
 */
int detection_run(struct session *session, const struct detect_settings *flow, cJSON *parent,
	uint64_t *failed, struct error *err);

/*
 * With --exclude-blank, has the package leave blank files out. The context that `package` then has
 * is for detect_blank_free().
 */
int detection_exclude_blank(struct session *session, const char *work_folder,
	struct package_settings *package, struct error *err);

#endif
