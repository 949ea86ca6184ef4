/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit upload --camera`: single files to the server of the cameras. */
#ifndef TRAPKIT_CMD_CAMERA_UPLOAD_H
#define TRAPKIT_CMD_CAMERA_UPLOAD_H

#include "command.h"

extern const struct option camera_upload_options[];

/* --again: of packages, too */
bool camera_upload_again(void);
/* --camera */
bool camera_upload_wanted(void);
int camera_upload_run(struct session *session, struct error *err);

#endif
