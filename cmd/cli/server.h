/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TRAPPER server of the settings, ready to be asked. */
#ifndef TRAPKIT_CMD_SERVER_H
#define TRAPKIT_CMD_SERVER_H

#include "command.h"
#include "trapkit/trapper.h"

/*
 * A session with the server of GENERAL.host, by general_options and network_options; asks for a
 * missing password on a terminal. No network yet. NULL with err. trapper_close() it.
 */
struct trapper *server_open(struct session *session, struct error *err);

#endif
