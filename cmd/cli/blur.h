/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `--blur`: whose pictures may only leave a data path covered. */
#ifndef TRAPKIT_CMD_BLUR_H
#define TRAPKIT_CMD_BLUR_H

#include "command.h"
#include "trapkit/convert.h"

struct ledger;

extern const struct option blur_options[];

/* What holds for a data path. `{ 0 }` is releasable; kinds NULL = nothing need be covered. */
struct blur_rule {
	struct convert_blur flow; /* its texts are those below */
	char *kinds, *detections;
};
void blur_rule_release(struct blur_rule *rule);

/*
 * What --blur and its relatives or the settings say becomes what the data path remembers: in the
 * ledger's note, which packaging and delivery obey, and in the file `blur` of the work folder,
 * which outlives a ledger that was damaged. Without them, what an earlier run was told stays; only
 * the command line can make it less. What the folders above `place` (a data path, or NULL) remember
 * holds for it, too. Nothing is written in a dry run but the scratch ledger.
 */
int blur_rule_open(struct session *session, struct ledger *ledger, const char *work_folder,
	const char *place, struct blur_rule *rule, struct error *err);
/* ERROR_INPUT where something must be covered and nothing tells where it is. */
int blur_rule_check(const struct blur_rule *rule, struct error *err);

/*
 * Kinds that may only leave covered from this file or folder, by what it and the folders above it
 * remember; owned, NULL = none. ERROR_INPUT when that cannot be read.
 */
int blur_above(const char *path, char **kinds, struct error *err);

#endif
