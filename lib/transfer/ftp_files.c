/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes, names, folders and small files on an FTP server. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Servers without SIZE may know MLST (RFC 3659): "… size=1234;… name". */
static int size_by_mlst(struct remote *remote, const char *name, int64_t *size, struct error *err)
{
	struct ftp_reply reply;

	if (control_ask(remote, &reply, err, "MLST %s", name) != 0)
		return -1;
	*size = -1;
	if (reply.code == 550)
		return 0;
	if (reply.code / 100 == 2)
		for (const char *at = reply.text; *at != '\0' && *size < 0; at++)
			if (strncasecmp(at, "size=", 5) == 0)
				*size = reply_size(at + 5);
	if (*size >= 0)
		return 0;
	return error_set(err, ERROR_REMOTE,
		"'%s' cannot tell how long a file is (\"%d %s\"), so no upload can be verified",
		remote_host(remote), reply.code, reply.text);
}

int ftp_size(struct remote *remote, const char *name, int64_t *size, struct error *err)
{
	struct ftp_reply reply;

	*size = -1;
	if (ftp_ready(remote, err) != 0 || control_ask(remote, &reply, err, "SIZE %s", name) != 0)
		return -1;
	if (reply.code == 213) {
		*size = reply_size(reply.text);
		if (*size >= 0)
			return 0;
	}
	if (reply.code == 550)
		return 0;
	if (reply.code / 100 == 5 || reply.code == 213)
		return size_by_mlst(remote, name, size, err);
	return ftp_refusal(remote, &reply, err, "cannot ask for the size of '%s' on '%s'", name,
		remote_host(remote));
}

int ftp_rename(struct remote *remote, const char *from, const char *to, struct error *err)
{
	struct ftp_reply reply;

	if (ftp_ready(remote, err) != 0 || control_ask(remote, &reply, err, "RNFR %s", from) != 0)
		return -1;
	if (reply.code / 100 == 3 && control_ask(remote, &reply, err, "RNTO %s", to) != 0)
		return -1;
	if (reply.code / 100 == 2)
		return 0;
	return ftp_refusal(remote, &reply, err, "cannot rename '%s' to '%s' on '%s'", from, to,
		remote_host(remote));
}

int ftp_delete(struct remote *remote, const char *name, struct error *err)
{
	struct ftp_reply reply;

	if (ftp_ready(remote, err) != 0 || control_ask(remote, &reply, err, "DELE %s", name) != 0)
		return -1;
	if (reply.code / 100 == 2)
		return 0;
	return ftp_refusal(
		remote, &reply, err, "cannot delete '%s' on '%s'", name, remote_host(remote));
}

/* A refused MKD is no failure when the folder is there. Comes back to where the session was. */
static int folder_is_there(
	struct remote *remote, const char *path, const struct ftp_reply *made, struct error *err)
{
	struct ftp_reply reply;
	const char *home = remote->entered != NULL ? remote->entered : remote->settings.folder;

	if (home == NULL || *home != '/' || control_ask(remote, &reply, err, "CWD %s", path) != 0)
		return ftp_refusal(remote, made, err, "cannot make the folder '%s' on '%s'", path,
			remote_host(remote));
	if (reply.code / 100 != 2)
		return ftp_refusal(remote, made, err, "cannot make the folder '%s' on '%s'", path,
			remote_host(remote));
	if (control_ask(remote, &reply, err, "CWD %s", home) != 0)
		return -1;
	if (reply.code / 100 == 2)
		return 0;
	control_drop(remote);
	return ftp_refusal(remote, &reply, err, "cannot return to the folder '%s' on '%s'", home,
		remote_host(remote));
}

int ftp_make_folder(struct remote *remote, const char *path, struct error *err)
{
	char *partial = xstrdup(path);
	struct ftp_reply reply = {0};
	int result = ftp_ready(remote, err);

	for (char *at = partial; result == 0 && at != NULL;) {
		char *slash = strchr(at, '/');

		if (slash != NULL)
			*slash = '\0';
		if (*at != '\0')
			result = control_ask(remote, &reply, err, "MKD %s", partial);
		if (slash != NULL)
			*slash++ = '/';
		at = slash;
	}
	if (result == 0 && reply.code != 0 && reply.code / 100 != 2)
		result = reply.code / 100 == 5
			? folder_is_there(remote, path, &reply, err)
			: ftp_refusal(remote, &reply, err, "cannot make the folder '%s' on '%s'",
				  path, remote_host(remote));
	free(partial);
	return result;
}

struct catch
{
	char *bytes;
	size_t size, capacity, limit;
};

/* Reads the data connection to its end. 0 = the end came, 1 = more than the limit, -1 = err. */
static int catch_all(
	struct remote *remote, struct data *data, struct catch *into, struct error *err)
{
	double moved = seconds_now();

	for (;;) {
		size_t got = 0;
		enum wire_status status;
		struct pollfd fd = {.fd = data->wire.fd};
		enum wait_status waited;

		if (into->size == into->capacity) {
			if (into->capacity > into->limit)
				return 1;
			into->capacity = into->capacity == 0 ? 4096 : into->capacity * 2;
			if (into->capacity > into->limit)
				into->capacity = into->limit + 1;
			into->bytes = xreallocarray(into->bytes, into->capacity + 1, 1);
		}
		status = wire_read(
			&data->wire, into->bytes + into->size, into->capacity - into->size, &got);
		into->size += got;
		if (status == WIRE_OK) {
			moved = seconds_now();
			continue;
		}
		if (status == WIRE_END)
			return 0;
		if (status == WIRE_FAILED)
			return error_set(err, ERROR_NETWORK,
				"the data connection to '%s' broke: %s", remote_host(remote),
				data->wire.problem);
		fd.events = wire_events(status);
		waited = patience_wait(&remote->patience, &fd, 1, moved + remote->settings.timeout);
		if (waited != WAIT_READY)
			return patience_error(waited, err, "'%s' sent nothing for %.0f s",
				remote_host(remote), remote->settings.timeout);
	}
}

static int retrieve(struct remote *remote, const char *command, const char *name, struct data *data,
	struct catch *into, struct error *err)
{
	struct ftp_reply reply = {0};
	int caught;

	if (data_prepare(remote, data, err) != 0 ||
		control_send(remote, err, "%s %s", command, name) != 0)
		return -1;
	remote->used = true;
	if (data_begin(remote, data, &reply, err) != 0)
		return error_context(err, "cannot fetch '%s'", name);
	caught = catch_all(remote, data, into, err);
	if (caught == 0)
		wire_say_end(&data->wire);
	data_close(data);
	/* The server may go on sending into the closed connection for long: a new session is
	 * cheaper. */
	if (caught != 0)
		control_drop(remote);
	if (caught < 0)
		return error_context(err, "cannot fetch '%s'", name);
	if (caught > 0)
		return error_set(err, ERROR_REMOTE, "'%s' on '%s' is over %zu bytes", name,
			remote_host(remote), into->limit);
	while (reply.code < 200)
		if (control_receive(remote, remote->settings.timeout, &reply, err) != 0)
			return -1;
	if (reply.code / 100 == 2)
		return 0;
	return ftp_refusal(
		remote, &reply, err, "cannot fetch '%s' from '%s'", name, remote_host(remote));
}

int ftp_retrieve(struct remote *remote, const char *command, const char *name, size_t limit,
	char **bytes, size_t *size, struct error *err)
{
	struct data data = DATA_CLOSED;
	struct catch into = {.limit = limit};
	int result;

	*bytes = NULL;
	*size = 0;
	if (ftp_ready(remote, err) != 0)
		return -1;
	result = retrieve(remote, command, name, &data, &into, err);
	data_close(&data);
	if (result != 0) {
		free(into.bytes);
		return -1;
	}
	into.bytes[into.size] = '\0';
	*bytes = into.bytes;
	*size = into.size;
	return 0;
}
