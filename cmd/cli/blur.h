/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `--blur`: whose pictures may only leave a data path covered. */
#ifndef TRAPKIT_CMD_BLUR_H
#define TRAPKIT_CMD_BLUR_H

#include "command.h"
#include "trapkit/convert.h"

struct ledger;

extern const struct option blur_options[];

/*
 * What --blur or PIPELINE.blur says becomes the ledger's note, which packaging and delivery obey;
 * without either, the note of an earlier run stays. *kinds is owned, NULL = nothing need be
 * covered; `kinds` may be NULL.
 */
int blur_note(struct session *session, struct ledger *ledger, char **kinds, struct error *err);

/* How convert covers `kinds`. *detections is owned, and what blur->detections is. */
int blur_settings(const char *work_folder, const char *kinds, struct convert_blur *blur,
	char **detections, struct error *err);

#endif
