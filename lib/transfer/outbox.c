/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder as destination (a disk to carry), with the same guarantees as a server. */
#include "remote.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/output_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *path_of(const struct remote *remote, const char *name)
{
	return xasprintf("%s/%s", remote->settings.folder, name);
}

/* Kinds as for a server: trying again does not help, a person must do something. */
static int failed(struct error *err, int number, const char *doing, const char *path)
{
	const char *advice = "";
	char reason[128];

	if (strerror_r(number, reason, sizeof reason) != 0)
		snprintf(reason, sizeof reason, "error %d", number);
	if (number == ENOSPC || number == EDQUOT)
		advice = "; make room there, then run the same command again and it goes on from "
			 "there";
	else if (number == EFBIG)
		advice = "; the disk's file system takes no files of this size (FAT32 ends at 4 "
			 "GB): make smaller packages with --max-size 3900M, or use an exFAT disk";
	else if (number == EROFS || number == EACCES || number == EPERM)
		advice =
			"; check that the disk is not write-protected and that you may write there";
	else if (number == ENOENT || number == ENOTDIR)
		advice = "; is the disk connected and mounted there?";
	return error_set(err, ERROR_REMOTE, "cannot %s '%s': %s%s", doing, path, reason, advice);
}

int outbox_login(struct remote *remote, struct error *err)
{
	const char *folder = remote->settings.folder;
	struct stat status;

	if (folder == NULL || *folder != '/')
		return error_set(err, ERROR_SETTINGS,
			"'%s' is no folder from the root on; write it as file:///media/usb/outbox",
			folder == NULL ? "" : folder);
	/* Only the last level: a whole path would appear on the wrong disk when none is mounted. */
	if (mkdir(folder, 0777) != 0 && errno != EEXIST)
		return failed(err, errno, "make the folder", folder);
	if (stat(folder, &status) != 0)
		return failed(err, errno, "use the folder", folder);
	if (!S_ISDIR(status.st_mode))
		return failed(err, ENOTDIR, "use the folder", folder);
	return 0;
}

int outbox_size(struct remote *remote, const char *name, int64_t *size, struct error *err)
{
	char *path = path_of(remote, name);
	struct stat status;
	int result = 0;

	if (stat(path, &status) == 0)
		*size = S_ISREG(status.st_mode) ? (int64_t)status.st_size : -1;
	else if (errno != ENOENT && errno != ENOTDIR)
		result = failed(err, errno, "look at", path);
	free(path);
	return result;
}

static int write_whole(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0) {
			bytes += put;
			size -= (size_t)put;
		}
	}
	return 0;
}

static int copy(struct remote *remote, const char *name, const struct remote_source *source,
	int from, int to, const char *path, uint64_t *sent, struct error *err)
{
	char *buffer = remote_buffer(remote);
	double reported = 0;

	while (source->offset + *sent < source->size) {
		double wait = 0;
		size_t granted = limiter_take(remote->limiter, REMOTE_BUFFER, &wait);
		enum wait_status waited = patience_ask(&remote->patience);
		ssize_t got;

		if (waited != WAIT_READY)
			return patience_error(waited, err, "stopped");
		if (granted == 0) {
			double end = seconds_now() + wait;

			waited = patience_wait(&remote->patience, NULL, 0, end);
			if (waited != WAIT_LATE)
				return patience_error(waited, err, "stopped");
			continue;
		}
		got = source_read(from, source, source->offset + *sent, buffer, granted, err);
		if (got < 0)
			return -1;
		limiter_return(remote->limiter, granted - (size_t)got);
		if (write_whole(to, buffer, (size_t)got) != 0)
			return failed(err, errno, "write", path);
		*sent += (uint64_t)got;
		if (seconds_now() - reported < 0.1 && source->offset + *sent < source->size)
			continue;
		reported = seconds_now();
		if (source_report(remote, name, source, source->offset + *sent) != 0)
			return error_set(err, ERROR_CANCELLED, "stopped");
	}
	return 0;
}

int outbox_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err)
{
	char *path = path_of(remote, name);
	struct stat status;
	int to = -1;
	int from = source_open(source, err);
	int result = -1;

	if (from < 0 || outbox_login(remote, err) != 0)
		goto done;
	to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (to < 0) {
		failed(err, errno, "write", path);
		goto done;
	}
	if (fstat(to, &status) != 0 || (uint64_t)status.st_size < source->offset) {
		error_set(err, ERROR_REMOTE, "cannot go on with '%s': it has fewer than %llu bytes",
			path, (unsigned long long)source->offset);
		goto done;
	}
	if (ftruncate(to, (off_t)source->offset) != 0 ||
		lseek(to, (off_t)source->offset, SEEK_SET) < 0) {
		failed(err, errno, "write", path);
		goto done;
	}
	result = copy(remote, name, source, from, to, path, sent, err);
	/* What was written stays, so that the next run goes on from there. */
	if (fsync(to) != 0 && result == 0)
		result = failed(err, errno, "write", path);
	if (result == 0 && (fstat(to, &status) != 0 || (uint64_t)status.st_size != source->size))
		result = error_set(err, ERROR_REMOTE, "'%s' is not whole after writing", path);
done:
	if (to >= 0 && close(to) != 0 && result == 0)
		result = failed(err, errno, "write", path);
	if (from >= 0)
		close(from);
	free(path);
	return result;
}

int outbox_rename(struct remote *remote, const char *from, const char *to, struct error *err)
{
	char *old = path_of(remote, from);
	char *new = path_of(remote, to);
	int result = 0;

	if (rename(old, new) != 0)
		result = failed(err, errno, "rename to", new);
	else
		result = sync_parent(new, err);
	free(old);
	free(new);
	return result;
}

int outbox_delete(struct remote *remote, const char *name, struct error *err)
{
	char *path = path_of(remote, name);
	int result = unlink(path) == 0 ? 0 : failed(err, errno, "delete", path);

	free(path);
	return result;
}

int outbox_make_folder(struct remote *remote, const char *path, struct error *err)
{
	char *whole = path_of(remote, path);
	int result = outbox_login(remote, err);

	if (result == 0)
		result = make_folders(whole, err);
	free(whole);
	return result;
}

int outbox_list(struct remote *remote, const char *folder, struct remote_entry_list *list,
	struct error *err)
{
	char *path = path_of(remote, folder);
	DIR *directory = opendir(path);
	struct dirent *item;
	struct stat status;
	int result = 0;

	if (directory == NULL)
		result = failed(err, errno, "list", path);
	while (directory != NULL && (item = readdir(directory)) != NULL) {
		struct remote_entry entry = {0};

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
			fstatat(dirfd(directory), item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		entry.name = xstrdup(item->d_name);
		entry.is_folder = S_ISDIR(status.st_mode);
		entry.size = (uint64_t)status.st_size;
		ARRAY_APPEND(list, entry);
	}
	if (directory != NULL)
		closedir(directory);
	free(path);
	return result;
}

int outbox_fetch(struct remote *remote, const char *name, size_t limit, char **bytes, size_t *size,
	struct error *err)
{
	char *path = path_of(remote, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	int result = -1;

	if (fd < 0 || fstat(fd, &status) != 0) {
		failed(err, errno, "read", path);
	} else if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > limit) {
		error_set(err, ERROR_REMOTE, "'%s' is no file of at most %zu bytes", path, limit);
	} else {
		size_t whole = (size_t)status.st_size;
		char *read_bytes = xmalloc(whole + 1);
		ssize_t got = pread(fd, read_bytes, whole, 0);

		if (got < 0) {
			failed(err, errno, "read", path);
			free(read_bytes);
		} else {
			read_bytes[got] = '\0';
			*bytes = read_bytes;
			*size = (size_t)got;
			result = 0;
		}
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return result;
}
