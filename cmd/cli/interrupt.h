/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ctrl-C and its relatives: a flag that work looks at, so that everything unwinds in order. */
#ifndef TRAPKIT_CMD_INTERRUPT_H
#define TRAPKIT_CMD_INTERRUPT_H

/* SIGINT, SIGTERM and SIGHUP set the flag; a second SIGINT ends the process at once. */
void interrupt_install(void);

/* The signal that came, or 0. */
int interrupt_signal(void);

#endif
