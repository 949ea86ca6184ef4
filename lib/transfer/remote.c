/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door for files: a session with one destination, whatever it is. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT 60

struct remote *remote_open(const struct remote_settings *settings, const struct progress *progress)
{
	struct remote *remote = xcalloc(1, sizeof *remote);

	remote->settings = *settings;
	if (!(remote->settings.timeout > 0))
		remote->settings.timeout = DEFAULT_TIMEOUT;
	remote->progress = progress;
	remote->patience.progress = progress;
	if (settings->max_runtime > 0)
		remote->patience.end = seconds_now() + settings->max_runtime;
	if (settings->limiter == NULL && settings->rate > 0)
		remote->own_limiter = remote_limiter_new(settings->rate);
	remote->limiter = settings->limiter != NULL ? settings->limiter : remote->own_limiter;
	remote->control.fd = -1;
	return remote;
}

void remote_close(struct remote *remote)
{
	if (remote == NULL)
		return;
	ftp_quit(remote);
	tls_release(&remote->tls);
	remote_limiter_free(remote->own_limiter);
	free(remote->entered);
	free(remote->description);
	free(remote->buffer);
	free(remote);
}

void *remote_buffer(struct remote *remote)
{
	if (remote->buffer == NULL)
		remote->buffer = xmalloc(REMOTE_BUFFER);
	return remote->buffer;
}

const char *remote_host(const struct remote *remote)
{
	return remote->settings.host == NULL ? "" : remote->settings.host;
}

int remote_check_name(const char *name, struct error *err)
{
	const char *at = name;

	if (*name == '\0' || *name == '/')
		return error_set(err, ERROR_INPUT, "'%s' is no name below a folder", name);
	for (; *at != '\0'; at += strcspn(at, "/"), at += *at == '/')
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return error_set(err, ERROR_INPUT, "'%s' leads out of its folder", name);
	for (at = name; *at != '\0'; at++) {
		/* Line breaks end a command; servers do not agree on byte 255 (Telnet's IAC). */
		if ((unsigned char)*at < 32 || *at == 127 || *at == '\xFF')
			return error_set(err, ERROR_INPUT,
				"a name holds byte 0x%02X, which cannot be sent to a server; "
				"rename the file",
				(unsigned char)*at);
	}
	return 0;
}

static bool is_folder(const struct remote *remote)
{
	return remote->settings.scheme == REMOTE_FILE;
}

int remote_login(struct remote *remote, struct error *err)
{
	return is_folder(remote) ? outbox_login(remote, err) : ftp_ready(remote, err);
}

int remote_size(struct remote *remote, const char *name, int64_t *size, struct error *err)
{
	*size = -1;
	if (remote_check_name(name, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_size(remote, name, size, err)
				 : ftp_size(remote, name, size, err);
}

int remote_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err)
{
	*sent = 0;
	if (remote_check_name(name, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_store(remote, name, source, sent, err)
				 : ftp_store(remote, name, source, sent, err);
}

int remote_rename(struct remote *remote, const char *from, const char *to, struct error *err)
{
	if (remote_check_name(from, err) != 0 || remote_check_name(to, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_rename(remote, from, to, err)
				 : ftp_rename(remote, from, to, err);
}

int remote_delete(struct remote *remote, const char *name, struct error *err)
{
	if (remote_check_name(name, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_delete(remote, name, err) : ftp_delete(remote, name, err);
}

int remote_make_folder(struct remote *remote, const char *path, struct error *err)
{
	if (remote_check_name(path, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_make_folder(remote, path, err)
				 : ftp_make_folder(remote, path, err);
}

int remote_fetch(struct remote *remote, const char *name, size_t limit, char **bytes, size_t *size,
	struct error *err)
{
	*bytes = NULL;
	*size = 0;
	if (remote_check_name(name, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_fetch(remote, name, limit, bytes, size, err)
				 : ftp_retrieve(remote, "RETR", name, limit, bytes, size, err);
}

int remote_list(struct remote *remote, const char *folder, struct remote_entry_list *list,
	struct error *err)
{
	if (remote_check_name(folder, err) != 0)
		return -1;
	return is_folder(remote) ? outbox_list(remote, folder, list, err)
				 : ftp_list(remote, folder, list, err);
}

void remote_entry_list_release(struct remote_entry_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct remote_entry_list){0};
}

const char *remote_description(struct remote *remote)
{
	if (is_folder(remote))
		return remote->settings.folder;
	return remote->description == NULL ? "not connected" : remote->description;
}
