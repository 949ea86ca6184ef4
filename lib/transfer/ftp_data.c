/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data connections: agreeing on one, opening it, protecting it. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void data_close(struct data *data)
{
	wire_close(&data->wire);
	if (data->listener >= 0)
		close(data->listener);
	data->listener = -1;
}

/* Asks for a port: EPSV first (RFC 2428), which names no address that could be wrong. */
static int ask_port(struct remote *remote, struct data *data, struct error *err)
{
	struct ftp_reply reply;
	uint8_t numbers[4];
	char told[32], used[INET6_ADDRSTRLEN];

	data->port = 0;
	if (!remote->no_epsv) {
		if (control_ask(remote, &reply, err, "EPSV") != 0)
			return -1;
		if (reply.code == 229)
			data->port = reply_epsv_port(reply.text);
		if (data->port != 0)
			return 0;
		if (reply.code == 421)
			return ftp_refusal(remote, &reply, err, "'%s' opens no data connection",
				remote_host(remote));
		remote->no_epsv = true;
		progress_detail(remote->progress, "'%s' does not know EPSV (\"%d %s\"): using PASV",
			remote_host(remote), reply.code, reply.text);
	}
	if (control_ask(remote, &reply, err, "PASV") != 0)
		return -1;
	if (reply.code == 227)
		data->port = reply_pasv(reply.text, numbers);
	if (data->port == 0)
		return ftp_refusal(
			remote, &reply, err, "'%s' opens no data connection", remote_host(remote));
	snprintf(told, sizeof told, "%u.%u.%u.%u", numbers[0], numbers[1], numbers[2], numbers[3]);
	address_text(&remote->there, used, sizeof used);
	if (strcmp(told, used) != 0)
		progress_detail(remote->progress,
			"'%s' named the address %s for data; using %s, where it answers",
			remote_host(remote), told, used);
	return 0;
}

static int connect_passive(struct remote *remote, struct data *data, struct error *err)
{
	double timeout = remote->settings.timeout;
	struct address address = remote->there;
	enum wait_status status;

	if (ask_port(remote, data, err) != 0)
		return -1;
	address_set_port(&address, data->port);
	status = wire_connect(&data->wire, &address, seconds_now() + timeout, &remote->patience);
	if (status == WAIT_READY)
		return 0;
	return patience_error(status, err,
		"cannot open a data connection to '%s' port %u: %s; a firewall on the way must let "
		"the server's passive ports through (this time it was %u), or try active mode with "
		"UPLOAD.ftp_passive = false",
		remote_host(remote), data->port, data->wire.problem, data->port);
}

static int listen_active(struct remote *remote, struct data *data, struct error *err)
{
	struct address here = remote->here;
	struct ftp_reply reply;
	char text[INET6_ADDRSTRLEN];

	address_set_port(&here, 0);
	data->listener =
		socket(here.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (data->listener < 0 ||
		bind(data->listener, (struct sockaddr *)&here.storage, here.length) != 0 ||
		listen(data->listener, 1) != 0 ||
		getsockname(data->listener, (struct sockaddr *)&here.storage, &here.length) != 0)
		return error_errno(
			err, "cannot wait for the data connection of '%s'", remote_host(remote));
	data->port = address_port(&here);
	address_text(&here, text, sizeof text);
	if (here.storage.ss_family == AF_INET6) {
		if (control_ask(remote, &reply, err, "EPRT |2|%s|%u|", text, data->port) != 0)
			return -1;
	} else {
		for (char *at = text; *at != '\0'; at++)
			if (*at == '.')
				*at = ',';
		if (control_ask(remote, &reply, err, "PORT %s,%u,%u", text, data->port / 256,
			    data->port % 256) != 0)
			return -1;
	}
	if (reply.code / 100 == 2)
		return 0;
	return ftp_refusal(remote, &reply, err,
		"'%s' refuses active mode; try UPLOAD.ftp_passive = true", remote_host(remote));
}

int data_prepare(struct remote *remote, struct data *data, struct error *err)
{
	return remote->settings.passive ? connect_passive(remote, data, err)
					: listen_active(remote, data, err);
}

/* Takes the server's call; others who found the port are sent away. */
static void accept_call(struct remote *remote, struct data *data)
{
	struct address caller = {.length = sizeof caller.storage};
	char expected[INET6_ADDRSTRLEN], found[INET6_ADDRSTRLEN];
	int fd = accept(data->listener, (struct sockaddr *)&caller.storage, &caller.length);

	if (fd < 0)
		return;
	address_text(&remote->there, expected, sizeof expected);
	address_text(&caller, found, sizeof found);
	if (strcmp(expected, found) != 0) {
		progress_detail(remote->progress, "a data connection from %s was not taken", found);
		close(fd);
		return;
	}
	wire_adopt(&data->wire, fd, remote->settings.timeout);
	close(data->listener);
	data->listener = -1;
}

/* WIRE_OK = open and protected; else what it waits for. */
static enum wire_status open_further(struct remote *remote, struct data *data)
{
	bool tls = remote->settings.scheme == REMOTE_FTPS;

	if (data->listener >= 0)
		accept_call(remote, data);
	if (data->listener >= 0)
		return WIRE_WANT_READ;
	if (!tls)
		return WIRE_OK;
	if (data->wire.ssl == NULL)
		tls_attach(&remote->tls, &data->wire, &remote->settings, true,
			remote->caution == CAUTION_TLS_12);
	return wire_handshake(&data->wire);
}

static int refused_transfer(struct remote *remote, const struct ftp_reply *reply, struct error *err)
{
	return ftp_refusal(
		remote, reply, err, "'%s' does not begin the transfer", remote_host(remote));
}

/* The data connection could not be protected: the control connection may say why. */
static int failed_opening(
	struct remote *remote, struct data *data, struct ftp_reply *reply, struct error *err)
{
	struct error ignored = {0};
	double seconds = remote->settings.timeout < 10 ? remote->settings.timeout : 10;

	error_set(err, ERROR_NETWORK, "cannot protect the data connection to '%s': %s",
		remote_host(remote), data->wire.problem);
	data_close(data);
	while (reply->code < 200)
		if (control_receive(remote, seconds, reply, &ignored) != 0) {
			*reply = (struct ftp_reply){0};
			return -1;
		}
	if (reply->code >= 400)
		refused_transfer(remote, reply, err);
	return -1;
}

int data_begin(struct remote *remote, struct data *data, struct ftp_reply *reply, struct error *err)
{
	double deadline = seconds_now() + remote->settings.timeout;
	enum wire_status opened = WIRE_WANT_READ;

	*reply = (struct ftp_reply){0};
	for (;;) {
		struct pollfd fds[2];
		enum wait_status waited;

		if (opened != WIRE_OK)
			opened = open_further(remote, data);
		if (opened == WIRE_END || opened == WIRE_FAILED)
			return failed_opening(remote, data, reply, err);
		if (reply->code == 0 && control_peek(remote, reply) < 0)
			return error_set(err, ERROR_NETWORK,
				"'%s' closed the session instead of beginning the transfer",
				remote_host(remote));
		if (reply->code >= 200)
			return reply->code < 400 && opened == WIRE_OK
				? 0
				: refused_transfer(remote, reply, err);
		if (reply->code != 0 && opened == WIRE_OK) {
			if (data->wire.ssl == NULL)
				return 0;
			return tls_check(&data->wire, &remote->settings, err);
		}
		fds[0] = (struct pollfd){
			.fd = remote->control.fd, .events = reply->code == 0 ? POLLIN : 0};
		fds[1] = (struct pollfd){.fd = opened == WIRE_OK ? -1
				: data->listener >= 0            ? data->listener
								 : data->wire.fd,
			.events = wire_events(opened)};
		waited = patience_wait(&remote->patience, fds, 2, deadline);
		if (waited != WAIT_READY) {
			control_drop(remote);
			return patience_error(waited, err,
				opened == WIRE_OK ? "'%s' did not begin the transfer for %.0f s"
						  : "'%s' did not open the data connection for "
						    "%.0f s; a firewall may be in the way",
				remote_host(remote), remote->settings.timeout);
		}
	}
}
