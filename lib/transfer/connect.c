/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a host and connecting to it without ever blocking for long. */
#include "wire.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * getaddrinfo cannot be interrupted and takes as long as the resolver's limits allow, so it runs in
 * a thread of its own; who gives up first leaves the lookup to the other, who frees it.
 */
struct lookup {
	pthread_mutex_t lock;
	char *host;
	char port[16];
	struct addrinfo *found;
	int problem;
	int tell; /* written to when done */
	bool done, abandoned;
};

static void lookup_free(struct lookup *lookup)
{
	if (lookup->found != NULL)
		freeaddrinfo(lookup->found);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup->host);
	free(lookup);
}

static void *look_up(void *context)
{
	struct lookup *lookup = context;
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int problem = getaddrinfo(lookup->host, lookup->port, &hints, &found);
	bool abandoned;

	pthread_mutex_lock(&lookup->lock);
	lookup->found = problem == 0 ? found : NULL;
	lookup->problem = problem;
	lookup->done = true;
	abandoned = lookup->abandoned;
	close(lookup->tell); /* the waiting end sees the end of the pipe */
	pthread_mutex_unlock(&lookup->lock);
	if (abandoned)
		lookup_free(lookup);
	return NULL;
}

static int start(struct lookup *lookup, int *hear)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int pipes[2];
	int failed;

	if (pipe(pipes) != 0)
		return -1;
	fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
	fcntl(pipes[1], F_SETFD, FD_CLOEXEC);
	lookup->tell = pipes[1];
	*hear = pipes[0];
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	failed = pthread_create(&thread, &attributes, look_up, lookup);
	pthread_attr_destroy(&attributes);
	if (failed) {
		close(pipes[0]);
		close(pipes[1]);
		errno = failed;
		return -1;
	}
	return 0;
}

/* Waits for the lookup. *found is for freeaddrinfo. */
static int find(const char *host, unsigned port, double deadline, struct patience *patience,
	struct addrinfo **found, struct error *err)
{
	struct lookup *lookup = xcalloc(1, sizeof *lookup);
	struct pollfd fd = {.events = POLLIN};
	enum wait_status status;
	bool done;
	int result = -1;

	pthread_mutex_init(&lookup->lock, NULL);
	lookup->host = xstrdup(host);
	snprintf(lookup->port, sizeof lookup->port, "%u", port);
	if (start(lookup, &fd.fd) != 0) {
		error_errno(err, "cannot look up '%s'", host);
		lookup_free(lookup);
		return -1;
	}
	status = patience_wait(patience, &fd, 1, deadline);
	pthread_mutex_lock(&lookup->lock);
	done = lookup->done;
	lookup->abandoned = !done;
	pthread_mutex_unlock(&lookup->lock);
	close(fd.fd);
	if (!done)
		return patience_error(status, err,
			"cannot look up '%s': no answer from the name server; is this computer "
			"online?",
			host);
	if (lookup->problem == 0) {
		*found = lookup->found;
		lookup->found = NULL;
		result = 0;
	} else {
		error_set(err, ERROR_NETWORK,
			"cannot look up '%s': %s; is this computer online, and is the name right?",
			host, gai_strerror(lookup->problem));
	}
	lookup_free(lookup);
	return result;
}

enum wait_status wire_connect(struct wire *wire, const struct address *address, double deadline,
	struct patience *patience)
{
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	enum wait_status status = WAIT_READY;
	int number = 0;
	socklen_t size = sizeof number;

	*wire = (struct wire){.fd = -1};
	if (fd < 0) {
		number = errno;
	} else {
		wire_adopt(wire, fd, deadline - seconds_now());
		if (connect(fd, (const struct sockaddr *)&address->storage, address->length) != 0)
			number = errno;
		if (number == EINPROGRESS) {
			number = 0;
			status = patience_wait(patience, &ready, 1, deadline);
			if (status == WAIT_READY)
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
			else
				number = ETIMEDOUT;
		}
	}
	if (number == 0)
		return WAIT_READY;
	wire_close(wire);
	wire->number = number;
	if (strerror_r(number, wire->problem, sizeof wire->problem) != 0)
		snprintf(wire->problem, sizeof wire->problem, "error %d", number);
	return status == WAIT_READY ? WAIT_LATE : status;
}

int wire_connect_name(struct wire *wire, const char *host, unsigned port, double timeout,
	struct patience *patience, struct error *err)
{
	double deadline = seconds_now() + timeout;
	struct addrinfo *found = NULL;
	enum wait_status status = WAIT_LATE;
	unsigned left = 0;

	*wire = (struct wire){.fd = -1};
	if (find(host, port, deadline, patience, &found, err) != 0)
		return -1;
	for (struct addrinfo *at = found; at != NULL; at = at->ai_next)
		left++;
	for (struct addrinfo *at = found; at != NULL && status == WAIT_LATE; at = at->ai_next) {
		struct address address = {.length = at->ai_addrlen};
		double now = seconds_now();

		/* A dead address must not use up the time of the others. */
		memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
		status = wire_connect(wire, &address, now + (deadline - now) / left--, patience);
	}
	freeaddrinfo(found);
	if (status == WAIT_READY) {
		wire_set_timeout(wire, timeout);
		return 0;
	}
	return patience_error(status, err, "cannot connect to '%s' port %u: %s%s", host, port,
		wire->problem,
		wire->number == ECONNREFUSED ? "; nothing listens there, or a firewall refuses it"
					     : "; is this computer online?");
}

void address_text(const struct address *address, char *text, size_t size)
{
	if (getnameinfo((const struct sockaddr *)&address->storage, address->length, text,
		    (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(text, size, "unknown");
}

unsigned address_port(const struct address *address)
{
	if (address->storage.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
	return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
}

void address_set_port(struct address *address, unsigned port)
{
	if (address->storage.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&address->storage)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&address->storage)->sin_port = htons((uint16_t)port);
}
