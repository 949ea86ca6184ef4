/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps loaded secrets out of core dumps. */
#ifndef TRAPKIT_CMD_PROTECT_H
#define TRAPKIT_CMD_PROTECT_H

/* From here on the process leaves no core and cannot be read by a debugger of the same user. */
void protect_secrets(void);

#endif
