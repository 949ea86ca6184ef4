/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One TCP connection, in clear or under TLS, never blocking. */
#ifndef TRANSFER_WIRE_H
#define TRANSFER_WIRE_H

#include "openssl.h"
#include "patience.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct error;

#define WIRE_PROBLEM_SIZE 200

/* `{ .fd = -1 }` is closed. */
struct wire {
	int fd;
	SSL *ssl;       /* NULL in clear; attach with wire_protect */
	bool said_end;  /* close_notify was sent, or FIN in clear */
	bool clean_end; /* the peer ended with close_notify, or with FIN in clear */
	int number;     /* errno of the last failure, 0 when TLS itself failed */
	char problem[WIRE_PROBLEM_SIZE]; /* why the last call failed, in words */
};

/* The two WANTs say what to poll for; END is the peer's end; FAILED leaves `problem`. */
enum wire_status { WIRE_OK, WIRE_WANT_READ, WIRE_WANT_WRITE, WIRE_END, WIRE_FAILED };

struct address {
	struct sockaddr_storage storage;
	socklen_t length;
};

/*
 * Finds the host and connects to the first address that answers; `timeout` seconds in all, looking
 * up included. ERROR_NETWORK with a message that names host and port.
 */
int wire_connect_name(struct wire *wire, const char *host, unsigned port, double timeout,
	struct patience *patience, struct error *err);

/* Connects to one address. On failure `problem` says why and the status is what the wait said. */
enum wait_status wire_connect(struct wire *wire, const struct address *address, double deadline,
	struct patience *patience);

/* Takes over a connected descriptor: non-blocking, no delay, keepalive. */
void wire_adopt(struct wire *wire, int fd, double timeout);

/* Bytes not acknowledged for so many seconds break the connection. */
void wire_set_timeout(struct wire *wire, double timeout);

/* Puts TLS on the connection as its client. The handshake comes with wire_handshake. */
void wire_protect(struct wire *wire, SSL_CTX *context);

enum wire_status wire_handshake(struct wire *wire);
enum wire_status wire_read(struct wire *wire, void *bytes, size_t size, size_t *got);
enum wire_status wire_write(struct wire *wire, const void *bytes, size_t size, size_t *put);
/* close_notify, then FIN. WANT_WRITE = call again. */
enum wire_status wire_say_end(struct wire *wire);
/* Sends FIN without close_notify: the peer can tell that this was no proper end. */
void wire_cut(struct wire *wire);
/* Bytes that the peer has not yet acknowledged. */
size_t wire_unsent(const struct wire *wire);
/* Without a word; safe on a closed wire. */
void wire_close(struct wire *wire);

/* Poll events for a WANT. */
short wire_events(enum wire_status status);

/* "192.0.2.1" of an address. */
void address_text(const struct address *address, char *text, size_t size);
unsigned address_port(const struct address *address);
void address_set_port(struct address *address, unsigned port);

#endif
