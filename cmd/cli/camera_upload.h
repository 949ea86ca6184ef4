/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit upload --camera`: single files to the server of the cameras. */
#ifndef TRAPKIT_CMD_CAMERA_UPLOAD_H
#define TRAPKIT_CMD_CAMERA_UPLOAD_H

#include "command.h"

extern const struct option camera_upload_options[];

/* --camera */
bool camera_upload_wanted(void);
/* `again` = also what the ledger says was sent. */
int camera_upload_run(struct session *session, bool again, struct error *err);

#endif
