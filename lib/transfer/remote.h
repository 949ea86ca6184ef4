/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of a session with one destination share. */
#ifndef TRANSFER_REMOTE_H
#define TRANSFER_REMOTE_H

#include "ftp_reply.h"
#include "limiter.h"
#include "patience.h"
#include "tls.h"
#include "trapkit/transfer.h"
#include "wire.h"

/* What was learned about a server that does not take reused TLS sessions well. */
enum caution { CAUTION_NONE, CAUTION_TLS_12, CAUTION_FRESH };

struct remote {
	struct remote_settings settings; /* texts borrowed from the caller */
	const struct progress *progress;
	struct patience patience;
	struct remote_limiter *limiter, *own_limiter;
	struct tls tls;
	struct wire control;
	struct reply_parser parser;
	char inbox[4096]; /* bytes of the control connection not yet parsed */
	size_t inbox_used, inbox_end;
	bool logged_in;
	bool no_epsv;     /* the server does not know EPSV */
	bool used;        /* a transfer was made over this control connection */
	bool second_user; /* the first login was refused, the other one is right */
	enum caution caution;
	struct address here, there; /* both ends of the control connection */
	char *entered;              /* the folder as the server names it */
	char *description;
	void *buffer; /* for files, made when first needed */
};

#define REMOTE_BUFFER ((size_t)256 << 10)
void *remote_buffer(struct remote *remote);

/* Host and port as messages name them. */
const char *remote_host(const struct remote *remote);

/* Refuses names that would become commands or leave the folder. */
int remote_check_name(const char *name, struct error *err);

/* ---- control connection (ftp_control.c) ---- */

/* Closes without a word: the session is in no order any more. */
void control_drop(struct remote *remote);
/* Sends one command line. `secret` texts do not stay in memory. */
int control_send(struct remote *remote, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Waits for the next reply. On failure the connection is dropped. */
int control_receive(
	struct remote *remote, double seconds, struct ftp_reply *reply, struct error *err);
/* Both. */
int control_ask(struct remote *remote, struct ftp_reply *reply, struct error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Without waiting: 1 = a reply came, 0 = not yet, -1 = the connection is gone (dropped). */
int control_peek(struct remote *remote, struct ftp_reply *reply);

/* ---- login (ftp_login.c) ---- */

/* Connects and logs in unless that is done and the connection still stands. */
int ftp_ready(struct remote *remote, struct error *err);

/* ---- what replies mean (ftp_refusal.c) ---- */

/* Sets kind and message from a negative reply: "WHAT: server said "550 …"; ADVICE". Returns -1. */
int ftp_refusal(struct remote *remote, const struct ftp_reply *reply, struct error *err,
	const char *what, ...) __attribute__((format(printf, 4, 5)));
/* The reply hints that the server wanted the control connection's TLS session to be reused. */
bool ftp_wants_reuse(const struct ftp_reply *reply);

/* ---- data connections (ftp_data.c) ---- */

struct data {
	struct wire wire;
	int listener; /* active mode, until the server has called back */
	unsigned port;
};

#define DATA_CLOSED                                                                                \
	{                                                                                          \
		.wire = {.fd = -1}, .listener = -1                                                 \
	}

/* Agrees on a port, and connects in passive mode. */
int data_prepare(struct remote *remote, struct data *data, struct error *err);
/*
 * After the command was sent: waits until the server said 1xx and the connection stands, protected.
 * *reply is the last one that came (code 0 = none).
 */
int data_begin(
	struct remote *remote, struct data *data, struct ftp_reply *reply, struct error *err);
void data_close(struct data *data);

/* ---- operations on FTP ---- */

int ftp_size(struct remote *remote, const char *name, int64_t *size, struct error *err);
int ftp_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err);
int ftp_rename(struct remote *remote, const char *from, const char *to, struct error *err);
int ftp_delete(struct remote *remote, const char *name, struct error *err);
int ftp_make_folder(struct remote *remote, const char *path, struct error *err);
int ftp_retrieve(struct remote *remote, const char *command, const char *name, size_t limit,
	char **bytes, size_t *size, struct error *err);
int ftp_list(struct remote *remote, const char *folder, struct remote_entry_list *list,
	struct error *err);
void ftp_quit(struct remote *remote);

/* ---- the same on a folder (outbox.c) ---- */

int outbox_login(struct remote *remote, struct error *err);
int outbox_size(struct remote *remote, const char *name, int64_t *size, struct error *err);
int outbox_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err);
int outbox_rename(struct remote *remote, const char *from, const char *to, struct error *err);
int outbox_delete(struct remote *remote, const char *name, struct error *err);
int outbox_make_folder(struct remote *remote, const char *path, struct error *err);
int outbox_fetch(struct remote *remote, const char *name, size_t limit, char **bytes, size_t *size,
	struct error *err);
int outbox_list(struct remote *remote, const char *folder, struct remote_entry_list *list,
	struct error *err);

/* ---- the local file (source.c) ---- */

/* Opens `source`, checks that it is as long as it must be. Returns the descriptor or -1. */
int source_open(const struct remote_source *source, struct error *err);
/* Up to `size` bytes at `position`; never 0 before the end. -1 with err. */
ssize_t source_read(int fd, const struct remote_source *source, uint64_t position, void *bytes,
	size_t size, struct error *err);
/* Tells `progress` how far this file is. Non-zero = stop. */
int source_report(
	struct remote *remote, const char *name, const struct remote_source *source, uint64_t done);

#endif
