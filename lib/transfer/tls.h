/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS as a client of one server: who is trusted, and sessions that data connections reuse. */
#ifndef TRANSFER_TLS_H
#define TRANSFER_TLS_H

#include "wire.h"

struct remote_settings;

#define TICKETS 4

/* Sessions that the server offered for reuse, oldest first. */
struct tickets {
	SSL_SESSION *items[TICKETS];
	size_t count;
};

/* `{ 0 }` is valid and releasable. */
struct tls {
	SSL_CTX *context;
	struct tickets tickets;
};

/* Loads the authorities. ERROR_SETTINGS when `ca_file` or `pin_sha256` is no good. */
int tls_init(struct tls *tls, const struct remote_settings *settings, struct error *err);
void tls_release(struct tls *tls);

/*
 * Puts TLS on the wire with the host's name (SNI and verification). `resume` offers the newest
 * session that the server gave; `only_12` keeps it at TLS 1.2.
 */
void tls_attach(struct tls *tls, struct wire *wire, const struct remote_settings *settings,
	bool resume, bool only_12);

/*
 * After the handshake: is this the server that is meant? ERROR_REFUSED with reason, fingerprint and
 * how to pin.
 */
int tls_check(const struct wire *wire, const struct remote_settings *settings, struct error *err);

/* Forgets the sessions: they belong to a control connection that is gone. */
void tls_forget(struct tls *tls);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384, certificate CN=…, valid until 2027-01-01". Owned. */
char *tls_description(const struct wire *wire);

#endif
