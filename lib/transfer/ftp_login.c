/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Getting to work: connect, AUTH TLS, log in, protect the data channel, enter the folder. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"

#include <stdlib.h>
#include <string.h>

/* Servers let those with a wrong password wait on purpose: pure-ftpd 7 s and more. */
#define VERDICT_SECONDS 20

static bool encrypted(const struct remote *remote)
{
	return remote->settings.scheme == REMOTE_FTPS;
}

static int handshake(struct remote *remote, struct error *err)
{
	double deadline = seconds_now() + remote->settings.timeout;
	struct wire *wire = &remote->control;

	for (;;) {
		enum wire_status status = wire_handshake(wire);
		struct pollfd fd = {.fd = wire->fd, .events = wire_events(status)};
		enum wait_status waited;

		if (status == WIRE_OK)
			return 0;
		if (status == WIRE_END || status == WIRE_FAILED)
			return error_set(err, ERROR_NETWORK, "cannot begin TLS with '%s': %s",
				remote_host(remote), wire->problem);
		waited = patience_wait(&remote->patience, &fd, 1, deadline);
		if (waited != WAIT_READY)
			return patience_error(waited, err,
				"cannot begin TLS with '%s': no answer for %.0f s",
				remote_host(remote), remote->settings.timeout);
	}
}

static int protect_control(struct remote *remote, struct error *err)
{
	struct ftp_reply reply;

	if (tls_init(&remote->tls, &remote->settings, err) != 0 ||
		control_ask(remote, &reply, err, "AUTH TLS") != 0)
		return -1;
	if (reply.code != 234)
		return error_set(err, reply.code == 421 ? ERROR_NETWORK : ERROR_REMOTE,
			"'%s' does not offer TLS (it said \"%d %s\"), so the password was not "
			"sent; ask its administrator, or somebody between you and it takes TLS "
			"away",
			remote_host(remote), reply.code, reply.text);
	/* Words in clear that wait behind the 234 would be taken for the server's after it. */
	if (remote->inbox_used < remote->inbox_end)
		return error_set(err, ERROR_REFUSED,
			"'%s' sent more in clear after agreeing to TLS; somebody may be tampering",
			remote_host(remote));
	tls_forget(&remote->tls);
	tls_attach(&remote->tls, &remote->control, &remote->settings, false,
		remote->caution == CAUTION_TLS_12);
	if (handshake(remote, err) != 0)
		return -1;
	return tls_check(&remote->control, &remote->settings, err);
}

/* 0 = in, 1 = refused for this user (err is set), -1 = failed. */
static int try_user(struct remote *remote, const char *user, struct error *err)
{
	const struct remote_settings *settings = &remote->settings;
	double patience = settings->timeout < VERDICT_SECONDS ? VERDICT_SECONDS : settings->timeout;
	struct ftp_reply reply;

	if (control_ask(remote, &reply, err, "USER %s", user) != 0)
		return -1;
	if (reply.code == 331 &&
		(control_send(remote, err, "PASS %s",
			 settings->password == NULL ? "" : settings->password) != 0 ||
			control_receive(remote, patience, &reply, err) != 0))
		return -1;
	if (reply.code == 230 || reply.code == 202)
		return 0;
	if (reply.code / 100 == 3)
		return error_set(err, ERROR_REMOTE,
			"'%s' asks for more than user and password (\"%d %s\")",
			remote_host(remote), reply.code, reply.text);
	ftp_refusal(remote, &reply, err, "'%s' refused user '%s'", remote_host(remote), user);
	return reply.code == 530 || reply.code == 430 ? 1 : -1;
}

/* A wrong password is never sent twice for one user: servers lock accounts. */
static int log_in(struct remote *remote, struct error *err)
{
	const struct remote_settings *settings = &remote->settings;
	struct error first = {0};
	int result;

	if (settings->user == NULL)
		return error_set(err, ERROR_SETTINGS,
			"no user for '%s'; set UPLOAD.ftp_user or GENERAL.login",
			remote_host(remote));
	if (remote->second_user)
		return try_user(remote, settings->user_alternative, err) == 0 ? 0 : -1;
	result = try_user(remote, settings->user, &first);
	if (result == 1 && settings->user_alternative != NULL &&
		strcmp(settings->user_alternative, settings->user) != 0) {
		progress_detail(remote->progress, "'%s' refused user '%s', trying '%s'",
			remote_host(remote), settings->user, settings->user_alternative);
		remote->second_user = true;
		/* Some servers take only one try a connection. */
		if (remote->control.fd < 0)
			return 2;
		result = try_user(remote, settings->user_alternative, &first);
		if (result < 0 && remote->control.fd < 0 && first.kind == ERROR_NETWORK)
			return 2;
	}
	if (result != 0)
		*err = first;
	return result == 0 ? 0 : -1;
}

static int enter(struct remote *remote, struct error *err)
{
	const char *folder = remote->settings.folder;
	struct ftp_reply reply, made = {0};

	if (folder == NULL || *folder == '\0')
		return 0;
	if (control_ask(remote, &reply, err, "CWD %s", folder) != 0)
		return -1;
	if (reply.code / 100 != 2) {
		char *path = xstrdup(folder);

		/* One level at a time; those that exist are refused, which does not matter. */
		for (char *at = path; at != NULL;) {
			char *slash = strchr(at + 1, '/');

			if (slash != NULL)
				*slash = '\0';
			if (at[*at == '/'] != '\0' &&
				control_ask(remote, &made, err, "MKD %s", path) != 0) {
				free(path);
				return -1;
			}
			if (slash != NULL)
				*slash = '/';
			at = slash;
		}
		free(path);
		if (control_ask(remote, &reply, err, "CWD %s", folder) != 0)
			return -1;
	}
	if (reply.code / 100 == 2)
		return 0;
	return ftp_refusal(remote, made.code / 100 == 5 ? &made : &reply, err,
		"cannot enter or make the folder '%s' on '%s'", folder, remote_host(remote));
}

static int protect_data(struct remote *remote, struct error *err)
{
	struct ftp_reply reply;

	if (control_ask(remote, &reply, err, "PBSZ 0") != 0)
		return -1;
	if (control_ask(remote, &reply, err, "PROT P") != 0)
		return -1;
	if (reply.code / 100 == 2)
		return 0;
	return ftp_refusal(
		remote, &reply, err, "'%s' does not encrypt data connections", remote_host(remote));
}

static int connect_control(struct remote *remote, struct error *err)
{
	const struct remote_settings *settings = &remote->settings;
	struct ftp_reply reply;

	control_drop(remote);
	remote->used = false;
	if (wire_connect_name(&remote->control, settings->host,
		    settings->port == 0 ? 21 : settings->port, settings->timeout, &remote->patience,
		    err) != 0)
		return -1;
	remote->here.length = remote->there.length = sizeof remote->here.storage;
	getsockname(
		remote->control.fd, (struct sockaddr *)&remote->here.storage, &remote->here.length);
	getpeername(remote->control.fd, (struct sockaddr *)&remote->there.storage,
		&remote->there.length);
	do {
		if (control_receive(remote, settings->timeout, &reply, err) != 0)
			return -1;
	} while (reply.code / 100 == 1); /* "120 ready in nnn minutes" */
	if (reply.code / 100 != 2)
		return ftp_refusal(remote, &reply, err, "'%s' turned us away", remote_host(remote));
	return 0;
}

static int log_in_whole(struct remote *remote, struct error *err)
{
	struct ftp_reply reply;
	int result;

	do {
		if (connect_control(remote, err) != 0 ||
			(encrypted(remote) && protect_control(remote, err) != 0))
			return -1;
		result = log_in(remote, err);
	} while (result == 2);
	if (result != 0 || (encrypted(remote) && protect_data(remote, err) != 0) ||
		control_ask(remote, &reply, err, "TYPE I") != 0)
		return -1;
	if (reply.code / 100 != 2)
		return ftp_refusal(
			remote, &reply, err, "'%s' refuses binary transfers", remote_host(remote));
	if (enter(remote, err) != 0 || control_ask(remote, &reply, err, "PWD") != 0)
		return -1;
	free(remote->entered);
	remote->entered = reply.code == 257 ? reply_quoted_path(reply.text) : NULL;
	free(remote->description);
	remote->description = tls_description(&remote->control);
	remote->logged_in = true;
	return 0;
}

int ftp_ready(struct remote *remote, struct error *err)
{
	struct ftp_reply reply;

	if (remote->logged_in && remote->caution == CAUTION_FRESH && remote->used)
		ftp_quit(remote);
	/* Anything that waits here was not asked for: a 421 for idling, or the end. */
	if (remote->logged_in && control_peek(remote, &reply) == 0)
		return 0;
	if (remote->logged_in)
		progress_detail(remote->progress, "'%s' ended the session; connecting again",
			remote_host(remote));
	if (log_in_whole(remote, err) == 0) {
		progress_detail(remote->progress, "connected to '%s': %s", remote_host(remote),
			remote->description);
		return 0;
	}
	control_drop(remote);
	return -1;
}
