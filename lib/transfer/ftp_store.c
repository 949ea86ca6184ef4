/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending a file so that at the end it is known to be whole. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <string.h>
#include <unistd.h>

/* A server may take this long to flush what it received before it says 226. */
#define FLUSH_BYTES_PER_SECOND 8e6
#define REPORT_EVERY 0.1
/* Altogether for ending in good order after a stop. */
#define GRACE_SECONDS 3.0

/* How the sending ended. */
enum ending {
	ENDING_SENT,
	ENDING_BROKEN,  /* the data connection failed */
	ENDING_STALLED, /* nothing was taken for the timeout */
	ENDING_STOPPED, /* the user's word, or max_runtime */
	ENDING_REPLIED, /* the server spoke before the end */
	ENDING_LOST,    /* the control connection is gone */
	ENDING_LOCAL    /* the local file failed */
};

struct push {
	struct remote *remote;
	const char *name;
	const struct remote_source *source;
	struct data data;
	struct ftp_reply reply; /* the last one */
	struct error *err;      /* what went wrong on our side, for LOCAL, STALLED and STOPPED */
	int fd;
	uint64_t position; /* bytes handed to the connection, from the file's beginning */
	double reported, moved;
	enum wait_status waited;
	bool resumed; /* the TLS session was reused */
};

/* What the server says or does on the side while bytes go out. ENDING_SENT = nothing. */
static enum ending look_around(struct push *push)
{
	struct remote *remote = push->remote;
	double now = seconds_now();
	int peeked;

	if (now - push->reported < REPORT_EVERY)
		return ENDING_SENT;
	push->reported = now;
	push->waited = patience_ask(&remote->patience);
	if (push->waited == WAIT_READY &&
		source_report(remote, push->name, push->source, push->position) != 0)
		push->waited = WAIT_STOPPED;
	if (push->waited != WAIT_READY)
		return ENDING_STOPPED;
	peeked = control_peek(remote, &push->reply);
	if (peeked < 0)
		return ENDING_LOST;
	return peeked > 0 && push->reply.code >= 200 ? ENDING_REPLIED : ENDING_SENT;
}

/* Reads what the server sends on the data connection: TLS tickets, or its end. */
static enum wire_status drain(struct wire *wire)
{
	char bytes[1024];
	size_t got;
	enum wire_status status;

	do
		status = wire_read(wire, bytes, sizeof bytes, &got);
	while (status == WIRE_OK);
	return status;
}

/* Waits until the connection takes more. ENDING_SENT = go on. */
static enum ending wait_for_room(struct push *push, enum wire_status wanted, double limiter_wait)
{
	struct remote *remote = push->remote;
	struct pollfd fds[2] = {{.fd = remote->control.fd, .events = POLLIN},
		{.fd = push->data.wire.fd, .events = (short)(wire_events(wanted) | POLLIN)}};
	double now = seconds_now();
	double deadline =
		limiter_wait > 0 ? now + limiter_wait : push->moved + remote->settings.timeout;
	double end = deadline < now + REPORT_EVERY ? deadline : now + REPORT_EVERY;

	if (limiter_wait > 0)
		fds[1].events = POLLIN;
	push->waited = patience_wait(&remote->patience, fds, 2, end);
	if (push->waited == WAIT_STOPPED || push->waited == WAIT_OVER)
		return ENDING_STOPPED;
	if ((fds[0].revents | fds[1].revents) != 0 && push->waited == WAIT_READY) {
		int peeked = fds[0].revents == 0 ? 0 : control_peek(remote, &push->reply);

		if (peeked < 0)
			return ENDING_LOST;
		if (peeked > 0 && push->reply.code >= 200)
			return ENDING_REPLIED;
		if ((fds[1].revents & POLLIN) != 0) {
			enum wire_status status = drain(&push->data.wire);

			if (status == WIRE_END || status == WIRE_FAILED)
				return ENDING_BROKEN;
		}
	}
	return limiter_wait <= 0 && seconds_now() >= deadline ? ENDING_STALLED : ENDING_SENT;
}

static enum ending send_all(struct push *push)
{
	struct remote *remote = push->remote;
	char *buffer = remote_buffer(remote);
	size_t have = 0, used = 0, owed = 0;
	enum ending ending = ENDING_SENT;

	push->moved = seconds_now();
	while (ending == ENDING_SENT && (used < have || push->position < push->source->size)) {
		double wait = 0;
		size_t granted, put = 0;
		enum wire_status status = WIRE_OK;

		if (used == have) {
			ssize_t got = source_read(push->fd, push->source, push->position, buffer,
				REMOTE_BUFFER, push->err);

			if (got < 0)
				return ENDING_LOCAL;
			have = (size_t)got;
			used = 0;
		}
		/* TLS wants a write that could not be done repeated with no fewer bytes. */
		granted = owed > 0 ? owed : limiter_take(remote->limiter, have - used, &wait);
		if (granted > 0)
			status = wire_write(&push->data.wire, buffer + used, granted, &put);
		owed = put > 0 ? 0 : granted;
		limiter_return(remote->limiter, granted - put - owed);
		used += put;
		push->position += put;
		if (put > 0 || granted == 0)
			push->moved = seconds_now();
		if (status == WIRE_END || status == WIRE_FAILED)
			return ENDING_BROKEN;
		ending = status == WIRE_OK && granted > 0 ? look_around(push)
							  : wait_for_room(push, status, wait);
		if (ending == ENDING_SENT && (status != WIRE_OK || granted == 0))
			ending = look_around(push);
	}
	return ending;
}

/* Ends the data stream; the server's last word is waited for while the rest drains. */
static enum ending wait_for_word(struct push *push)
{
	struct remote *remote = push->remote;
	struct wire *wire = &push->data.wire;
	double sent = (double)(push->source->size - push->source->offset);
	double patience = remote->settings.timeout + sent / FLUSH_BYTES_PER_SECOND;
	double deadline = seconds_now() + patience;
	size_t unsent = wire_unsent(wire);
	bool open = true;

	for (;;) {
		enum wire_status ended = wire->said_end ? WIRE_OK : wire_say_end(wire);
		struct pollfd fds[2] = {{.fd = remote->control.fd, .events = POLLIN},
			{.fd = open ? wire->fd : -1,
				.events = ended == WIRE_WANT_WRITE ? POLLOUT : POLLIN}};
		int peeked = control_peek(remote, &push->reply);
		size_t now_unsent;

		if (peeked < 0)
			return ENDING_LOST;
		if (peeked > 0 && push->reply.code >= 200)
			return ENDING_REPLIED;
		push->waited = patience_wait(&remote->patience, fds, 2,
			seconds_now() + 0.5 < deadline ? seconds_now() + 0.5 : deadline);
		if (push->waited == WAIT_STOPPED || push->waited == WAIT_OVER)
			return ENDING_STOPPED;
		if (open && fds[1].revents != 0) {
			enum wire_status status = drain(wire);

			open = status != WIRE_END && status != WIRE_FAILED;
			/* A reset: what was on the way is gone, so no long wait. */
			if (status == WIRE_FAILED && deadline > seconds_now() + 10)
				deadline = seconds_now() + 10;
		}
		now_unsent = open ? wire_unsent(wire) : 0;
		if (now_unsent < unsent)
			deadline = seconds_now() + patience;
		unsent = now_unsent;
		if (seconds_now() >= deadline)
			return ENDING_STALLED;
	}
}

/* After trouble: closes the data connection first, then hears what the server says about it. */
static void hear_why(struct push *push, double seconds)
{
	struct error ignored = {0};
	double end = seconds_now() + 0.5;

	if (push->data.wire.fd >= 0 && push->remote->patience.stopping) {
		/* Unread bytes would make close() a reset, and what is on its way would be lost. */
		struct pollfd fd = {.fd = push->data.wire.fd, .events = POLLIN};

		wire_cut(&push->data.wire);
		while (seconds_now() < end && drain(&push->data.wire) == WIRE_WANT_READ)
			if (patience_wait(&push->remote->patience, &fd, 1, end) != WAIT_READY)
				break;
	}
	data_close(&push->data);
	while (push->reply.code < 200)
		if (control_receive(push->remote, seconds, &push->reply, &ignored) != 0) {
			push->reply = (struct ftp_reply){0};
			return;
		}
}

static int explain(struct push *push, enum ending ending)
{
	struct remote *remote = push->remote;
	const char *problem = push->data.wire.problem;
	const char *host = remote_host(remote);
	double seconds = remote->settings.timeout < 10 ? remote->settings.timeout : 10;

	if (ending == ENDING_STOPPED) {
		patience_error(push->waited, push->err, "stopped");
		patience_stopping(&remote->patience, GRACE_SECONDS);
		hear_why(push, GRACE_SECONDS);
		return -1;
	}
	if (ending == ENDING_BROKEN)
		error_set(push->err, ERROR_NETWORK,
			"the data connection to '%s' broke at byte %llu of '%s': %s", host,
			(unsigned long long)push->position, push->name, problem);
	else if (ending == ENDING_STALLED)
		error_set(push->err, ERROR_NETWORK,
			"'%s' took nothing for %.0f s at byte %llu of '%s'; the connection may be "
			"lost",
			host, remote->settings.timeout, (unsigned long long)push->position,
			push->name);
	else if (ending == ENDING_LOST)
		error_set(push->err, ERROR_NETWORK,
			"the connection to '%s' broke at byte %llu of '%s'", host,
			(unsigned long long)push->position, push->name);
	if (ending != ENDING_LOST)
		hear_why(push, seconds);
	data_close(&push->data);
	if (ending != ENDING_LOCAL && push->reply.code >= 400)
		return ftp_refusal(remote, &push->reply, push->err, "cannot store '%s' on '%s'",
			push->name, host);
	if (ending == ENDING_REPLIED)
		return error_set(push->err, ERROR_NETWORK,
			"'%s' ended the transfer of '%s' early: \"%d %s\"", host, push->name,
			push->reply.code, push->reply.text);
	return -1;
}

/* SIZE is all there is to compare: no server of these three knows a hash. */
static int verify(struct push *push)
{
	struct remote *remote = push->remote;
	const struct remote_source *source = push->source;
	int64_t size = -1;

	if (ftp_size(remote, push->name, &size, push->err) != 0)
		return error_context(push->err, "cannot verify '%s'", push->name);
	if (size >= 0 && (uint64_t)size == source->size)
		return 0;
	if (size < 0 && source->may_vanish)
		return 0;
	if (size < 0)
		return error_set(push->err, ERROR_NETWORK,
			"'%s' confirmed '%s', but has no such file", remote_host(remote),
			push->name);
	return error_set(push->err, ERROR_NETWORK,
		"'%s' confirmed '%s', but has %lld of its %llu bytes", remote_host(remote),
		push->name, (long long)size, (unsigned long long)source->size);
}

/* The word never came although every byte went out: a new session can see what arrived. */
static int look_again(struct push *push)
{
	struct remote *remote = push->remote;
	int64_t size = -1;

	data_close(&push->data);
	control_drop(remote);
	progress_detail(remote->progress, "'%s' did not confirm '%s'; looking with a new session",
		remote_host(remote), push->name);
	if (ftp_ready(remote, push->err) != 0 ||
		ftp_size(remote, push->name, &size, push->err) != 0)
		return error_context(push->err, "cannot see whether '%s' arrived", push->name);
	if (size >= 0 && (uint64_t)size == push->source->size)
		return 0;
	return error_set(push->err, ERROR_NETWORK,
		"'%s' did not confirm '%s' and has %lld of its %llu bytes", remote_host(remote),
		push->name, (long long)size, (unsigned long long)push->source->size);
}

static int begin(struct push *push)
{
	struct remote *remote = push->remote;
	const struct remote_source *source = push->source;
	struct ftp_reply reply;

	if (ftp_ready(remote, push->err) != 0 || data_prepare(remote, &push->data, push->err) != 0)
		return -1;
	if (source->offset > 0) {
		if (control_ask(remote, &reply, push->err, "REST %llu",
			    (unsigned long long)source->offset) != 0)
			return -1;
		if (reply.code / 100 != 3)
			return ftp_refusal(remote, &reply, push->err, "'%s' cannot resume '%s'",
				remote_host(remote), push->name);
	}
	remote->used = true;
	if (control_send(remote, push->err, "STOR %s", push->name) != 0)
		return -1;
	if (data_begin(remote, &push->data, &push->reply, push->err) != 0)
		return error_context(push->err, "cannot store '%s'", push->name);
	push->resumed = push->data.wire.ssl != NULL && SSL_session_reused(push->data.wire.ssl);
	return 0;
}

static int store_once(struct push *push)
{
	enum ending ending;

	if (begin(push) != 0)
		return -1;
	ending = send_all(push);
	if (ending != ENDING_SENT)
		return explain(push, ending);
	source_report(push->remote, push->name, push->source, push->position);
	ending = wait_for_word(push);
	if (ending == ENDING_LOST || ending == ENDING_STALLED)
		return look_again(push);
	if (ending != ENDING_REPLIED || push->reply.code >= 300)
		return explain(push, ending);
	data_close(&push->data);
	return verify(push);
}

/* Servers that want TLS sessions reused and lose them: once more with TLS 1.2, then afresh. */
static bool more_careful(struct push *push)
{
	struct remote *remote = push->remote;

	if (remote->settings.scheme != REMOTE_FTPS || remote->caution == CAUTION_FRESH ||
		!ftp_wants_reuse(&push->reply))
		return false;
	remote->caution++;
	progress_detail(remote->progress,
		"'%s' did not accept the reused TLS session (\"%d %s\"): %s", remote_host(remote),
		push->reply.code, push->reply.text,
		remote->caution == CAUTION_TLS_12 ? "connecting again with TLS 1.2"
						  : "from now on a connection for each file");
	ftp_quit(remote);
	return true;
}

int ftp_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err)
{
	struct push push = {.remote = remote, .name = name, .source = source, .err = err};
	int result;

	*sent = 0;
	push.fd = source_open(source, err);
	if (push.fd < 0)
		return -1;
	do {
		push.data = (struct data)DATA_CLOSED;
		push.reply = (struct ftp_reply){0};
		push.position = source->offset;
		result = store_once(&push);
		data_close(&push.data);
		*sent += push.position - source->offset;
	} while (result != 0 && more_careful(&push));
	close(push.fd);
	return result;
}
