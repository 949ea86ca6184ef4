/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control connection: commands out, replies in. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void control_drop(struct remote *remote)
{
	wire_close(&remote->control);
	remote->logged_in = false;
	remote->inbox_used = remote->inbox_end = 0;
	remote->parser = (struct reply_parser){0};
}

static int lost(struct remote *remote, struct error *err)
{
	error_set(err, ERROR_NETWORK, "the connection to '%s' broke: %s", remote_host(remote),
		remote->control.problem[0] != '\0' ? remote->control.problem
						   : "the server closed it");
	control_drop(remote);
	return -1;
}

static int send_line(struct remote *remote, const char *line, struct error *err)
{
	double deadline = seconds_now() + remote->settings.timeout;
	size_t length = strlen(line);

	while (length > 0) {
		size_t put = 0;
		enum wire_status status = wire_write(&remote->control, line, length, &put);
		enum wait_status waited;
		struct pollfd fd = {.fd = remote->control.fd, .events = wire_events(status)};

		line += put;
		length -= put;
		if (status == WIRE_OK)
			continue;
		if (status == WIRE_END || status == WIRE_FAILED)
			return lost(remote, err);
		waited = patience_wait(&remote->patience, &fd, 1, deadline);
		if (waited != WAIT_READY) {
			control_drop(remote);
			return patience_error(waited, err, "'%s' takes no commands for %.0f s",
				remote_host(remote), remote->settings.timeout);
		}
	}
	return 0;
}

static int send_formatted(
	struct remote *remote, struct error *err, const char *format, va_list arguments)
{
	char *command = xvasprintf(format, arguments);
	char *line = xasprintf("%s\r\n", command);
	int result;

	if (strpbrk(command, "\r\n") != NULL)
		result = error_set(err, ERROR_INPUT,
			"a line break in a name, user or password cannot be sent to an FTP server");
	else if (remote->control.fd < 0)
		result =
			error_set(err, ERROR_NETWORK, "not connected to '%s'", remote_host(remote));
	else
		result = send_line(remote, line, err);
	/* It may hold the password. */
	explicit_bzero(command, strlen(command));
	explicit_bzero(line, strlen(line));
	free(command);
	free(line);
	return result;
}

int control_send(struct remote *remote, struct error *err, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = send_formatted(remote, err, format, arguments);
	va_end(arguments);
	return result;
}

/* Parses what is there, then reads: WIRE_OK = a reply is whole. */
static enum wire_status advance(struct remote *remote, struct ftp_reply *reply)
{
	for (;;) {
		size_t used = 0;
		int whole = reply_feed(&remote->parser, remote->inbox + remote->inbox_used,
			remote->inbox_end - remote->inbox_used, &used);
		enum wire_status status;

		remote->inbox_used += used;
		if (whole > 0) {
			*reply = remote->parser.reply;
			return WIRE_OK;
		}
		if (whole < 0) {
			strncpy(remote->control.problem, "what came is no FTP reply",
				WIRE_PROBLEM_SIZE - 1);
			return WIRE_FAILED;
		}
		remote->inbox_used = remote->inbox_end = 0;
		status = wire_read(
			&remote->control, remote->inbox, sizeof remote->inbox, &remote->inbox_end);
		if (status != WIRE_OK)
			return status;
	}
}

int control_receive(
	struct remote *remote, double seconds, struct ftp_reply *reply, struct error *err)
{
	double deadline = seconds_now() + seconds;

	*reply = (struct ftp_reply){0};
	while (remote->control.fd >= 0) {
		enum wire_status status = advance(remote, reply);
		struct pollfd fd = {.fd = remote->control.fd, .events = wire_events(status)};
		enum wait_status waited;

		if (status == WIRE_OK)
			return 0;
		if (status == WIRE_END || status == WIRE_FAILED)
			return lost(remote, err);
		waited = patience_wait(&remote->patience, &fd, 1, deadline);
		if (waited != WAIT_READY) {
			control_drop(remote);
			return patience_error(waited, err,
				"no reply from '%s' for %.0f s; the connection may be lost",
				remote_host(remote), seconds);
		}
	}
	return error_set(err, ERROR_NETWORK, "not connected to '%s'", remote_host(remote));
}

int control_ask(
	struct remote *remote, struct ftp_reply *reply, struct error *err, const char *format, ...)
{
	va_list arguments;
	int result;

	va_start(arguments, format);
	result = send_formatted(remote, err, format, arguments);
	va_end(arguments);
	return result != 0 ? -1 : control_receive(remote, remote->settings.timeout, reply, err);
}

int control_peek(struct remote *remote, struct ftp_reply *reply)
{
	enum wire_status status;

	if (remote->control.fd < 0)
		return -1;
	status = advance(remote, reply);
	if (status == WIRE_OK)
		return 1;
	if (status == WIRE_WANT_READ || status == WIRE_WANT_WRITE)
		return 0;
	control_drop(remote);
	return -1;
}

void ftp_quit(struct remote *remote)
{
	struct error err = {0};
	struct ftp_reply reply;
	struct patience patience = remote->patience;

	if (remote->control.fd >= 0 && remote->logged_in) {
		patience_stopping(&remote->patience, 1.0);
		if (control_send(remote, &err, "QUIT") == 0)
			control_receive(remote, 1.0, &reply, &err);
		if (remote->control.fd >= 0)
			wire_say_end(&remote->control);
	}
	control_drop(remote);
	remote->patience = patience;
}
