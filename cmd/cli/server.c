/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TRAPPER server of the settings, ready to be asked. */
#include "server.h"

#include "general.h"
#include "trapkit/transfer.h"

/* A server that is there answers a call soon, however long it then thinks about a request. */
#define LONGEST_CONNECT 30.0

struct trapper *server_open(struct session *session, struct error *err)
{
	struct http_settings settings;

	if (general_need_login(session, err) != 0)
		return NULL;
	settings = (struct http_settings){.user = general.login,
		.password = general.password,
		.token = general.token,
		.token_scheme = "Token",
		.verify = general.verify_ssl,
		.ca_file = general.ca_file,
		.connect_timeout =
			general.timeout < LONGEST_CONNECT ? general.timeout : LONGEST_CONNECT,
		.timeout = general.timeout,
		.max_runtime = general.max_runtime,
		.retries = (unsigned)general.retries};
	return trapper_open(general.host, &settings, session->progress, err);
}
