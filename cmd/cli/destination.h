/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where packages go: the settings of the destination, and what `--to` makes of them. */
#ifndef TRAPKIT_CMD_DESTINATION_H
#define TRAPKIT_CMD_DESTINATION_H

#include "command.h"
#include "trapkit/transfer.h"

struct destination {
	bool ftp_tls;
	char *ftp_host, *ftp_user, *ftp_password; /* NULL = not set; password: see below */
	long ftp_port;
	char *ftp_dir;
	bool ftp_passive;
	bool verify_ssl; /* counts only when somebody set it */
	char *ca_file, *pin_sha256;
	bool allow_plain_ftp;
	char *to;          /* --to, UPLOAD.to */
	bool insecure_ftp; /* --insecure-ftp */
};

extern struct destination destination;

/* For a command's `options`, beside general_options and network_options. */
extern const struct option destination_options[];

/*
 * Fills *out from the settings and `to_url` (NULL: UPLOAD.to, and without that the TRAPPER server's
 * FTPS): everything but the password, `rate` and `limiter`. Texts live until the next call.
 *
 * Without a URL: host = UPLOAD.ftp_host ("host" or "host:port") or that of GENERAL.host; user =
 * UPLOAD.ftp_user or the part of GENERAL.login before the @, with the full login as alternative.
 * With one: host, port, user and folder come from it as far as it names them.
 *
 * ERROR_SETTINGS when something is missing, and for plain FTP without consent: `insecure_ftp`, or
 * UPLOAD.allow_plain_ftp.
 */
int destination_fill(
	struct remote_settings *out, const char *to_url, bool insecure_ftp, struct error *err);

/*
 * The same for a server that cameras send to: the folder is the account's home and the user
 * 'camera', unless the URL, UPLOAD.ftp_dir or UPLOAD.ftp_user say otherwise.
 */
int destination_fill_camera(struct remote_settings *out, struct error *err);

/*
 * Gets the password, asking on a terminal when it is not set: UPLOAD.ftp_password or, when the
 * destination is the TRAPPER server itself, GENERAL.password, which no other host gets to see.
 */
int destination_need_password(
	struct session *session, struct remote_settings *out, struct error *err);

#endif
