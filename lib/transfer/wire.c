/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and writing a TCP connection, in clear or under TLS, never blocking. */
#include "wire.h"

#include "trapkit/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sockios.h>

/* OpenSSL's own socket BIO raises SIGPIPE on a broken connection; this one does not. */
static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static int bio_write(BIO *bio, const char *bytes, int size)
{
	struct wire *wire = BIO_get_data(bio);
	ssize_t put = send(wire->fd, bytes, (size_t)size, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_retry_write(bio);
	else if (put < 0)
		wire->number = errno;
	return (int)put;
}

static int bio_read(BIO *bio, char *bytes, int size)
{
	struct wire *wire = BIO_get_data(bio);
	ssize_t got = recv(wire->fd, bytes, (size_t)size, 0);

	BIO_clear_retry_flags(bio);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_retry_read(bio);
	else if (got < 0)
		wire->number = errno;
	return (int)got;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "trapkit connection");
	if (method == NULL)
		return;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_control);
}

void wire_protect(struct wire *wire, SSL_CTX *context)
{
	BIO *bio;

	pthread_once(&method_once, make_method);
	wire->ssl = SSL_new(context);
	bio = method == NULL ? NULL : BIO_new(method);
	if (wire->ssl == NULL || bio == NULL)
		xmalloc((size_t)-1); /* out of memory, said in the one place that says it */
	BIO_set_data(bio, wire);
	BIO_set_init(bio, 1);
	SSL_set_bio(wire->ssl, bio, bio);
	SSL_set_connect_state(wire->ssl);
}

void wire_adopt(struct wire *wire, int fd, double timeout)
{
	int on = 1, idle = 20, interval = 10, count = 6;
	int unsent = 512 << 10;

	*wire = (struct wire){.fd = fd};
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* None of these is needed for correctness, so none is checked. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
	/* Megabytes waiting in the kernel would pass for sent: in the progress, and in a stall. */
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	wire_set_timeout(wire, timeout);
}

void wire_set_timeout(struct wire *wire, double timeout)
{
	unsigned milliseconds = (unsigned)((timeout < 5 ? 5 : timeout) * 1000);

	setsockopt(wire->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

short wire_events(enum wire_status status)
{
	return status == WIRE_WANT_WRITE ? POLLOUT : POLLIN;
}

static enum wire_status broken(struct wire *wire, int number)
{
	wire->number = number;
	if (strerror_r(number, wire->problem, sizeof wire->problem) != 0)
		snprintf(wire->problem, sizeof wire->problem, "error %d", number);
	return WIRE_FAILED;
}

static enum wire_status clear_status(struct wire *wire, ssize_t count, bool writing)
{
	if (count > 0)
		return WIRE_OK;
	if (count == 0 && !writing) {
		wire->clean_end = true;
		return WIRE_END;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return writing ? WIRE_WANT_WRITE : WIRE_WANT_READ;
	return broken(wire, errno);
}

static enum wire_status tls_status(struct wire *wire, int result)
{
	unsigned long code;
	const char *reason;

	switch (SSL_get_error(wire->ssl, result)) {
	case SSL_ERROR_NONE:
		return WIRE_OK;
	case SSL_ERROR_WANT_READ:
		return WIRE_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return WIRE_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		wire->clean_end = true;
		return WIRE_END;
	case SSL_ERROR_SYSCALL:
		if (wire->number != 0)
			return broken(wire, wire->number);
		snprintf(wire->problem, sizeof wire->problem, "the server closed the connection");
		return WIRE_END;
	default:
		break;
	}
	code = ERR_peek_last_error();
	if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		snprintf(wire->problem, sizeof wire->problem, "the server closed the connection");
		return WIRE_END;
	}
	reason = ERR_reason_error_string(code);
	snprintf(wire->problem, sizeof wire->problem, "TLS: %s",
		reason == NULL ? "unknown trouble" : reason);
	return WIRE_FAILED;
}

enum wire_status wire_handshake(struct wire *wire)
{
	wire->number = 0;
	ERR_clear_error();
	return tls_status(wire, SSL_do_handshake(wire->ssl));
}

enum wire_status wire_read(struct wire *wire, void *bytes, size_t size, size_t *got)
{
	ssize_t count;

	*got = 0;
	if (wire->ssl != NULL) {
		wire->number = 0;
		ERR_clear_error();
		return tls_status(wire, SSL_read_ex(wire->ssl, bytes, size, got));
	}
	count = recv(wire->fd, bytes, size, 0);
	*got = count > 0 ? (size_t)count : 0;
	return clear_status(wire, count, false);
}

enum wire_status wire_write(struct wire *wire, const void *bytes, size_t size, size_t *put)
{
	ssize_t count;

	*put = 0;
	if (wire->ssl != NULL) {
		wire->number = 0;
		ERR_clear_error();
		return tls_status(wire, SSL_write_ex(wire->ssl, bytes, size, put));
	}
	count = send(wire->fd, bytes, size, MSG_NOSIGNAL);
	*put = count > 0 ? (size_t)count : 0;
	return clear_status(wire, count, true);
}

enum wire_status wire_say_end(struct wire *wire)
{
	if (wire->ssl != NULL && !wire->said_end) {
		int result;
		enum wire_status status;

		wire->number = 0;
		ERR_clear_error();
		result = SSL_shutdown(wire->ssl);
		status = result < 0 ? tls_status(wire, result) : WIRE_OK;
		if (status == WIRE_WANT_WRITE)
			return status;
		if (status == WIRE_FAILED)
			return status;
	}
	wire->said_end = true;
	shutdown(wire->fd, SHUT_WR);
	return WIRE_OK;
}

void wire_cut(struct wire *wire)
{
	wire->said_end = true;
	shutdown(wire->fd, SHUT_WR);
}

size_t wire_unsent(const struct wire *wire)
{
	int count = 0;

	if (wire->fd < 0 || ioctl(wire->fd, SIOCOUTQ, &count) != 0 || count < 0)
		return 0;
	return (size_t)count;
}

void wire_close(struct wire *wire)
{
	if (wire->ssl != NULL) {
		/* Else OpenSSL marks the session, which other connections share, as bad. */
		SSL_set_shutdown(wire->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(wire->ssl);
	}
	if (wire->fd >= 0)
		close(wire->fd);
	wire->ssl = NULL;
	wire->fd = -1;
}
