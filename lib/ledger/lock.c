/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock of a work folder: one writer, named for whoever comes second. */
#include "store.h"

#include "trapkit/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TEXT_SIZE 512
#define POLL_NANOSECONDS 100000000L

char *lock_place(const char *work_folder)
{
	static const char ours[] = "/.trapkit";
	size_t length = strlen(work_folder);

	while (length > 1 && work_folder[length - 1] == '/')
		length--;
	if (length > sizeof ours - 1 &&
		memcmp(work_folder + length - (sizeof ours - 1), ours, sizeof ours - 1) == 0)
		length -= sizeof ours - 1;
	return xstrndup(work_folder, length);
}

/* Value of a `key value` line in `text`, copied to `out`; "?" when there is none. */
static void line_value(const char *text, const char *key, char *out, size_t size)
{
	size_t key_length = strlen(key);

	snprintf(out, size, "?");
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t length = end == NULL ? strlen(line) : (size_t)(end - line);

		if (length > key_length + 1 && memcmp(line, key, key_length) == 0 &&
			line[key_length] == ' ')
			snprintf(out, size, "%.*s", (int)(length - key_length - 1),
				line + key_length + 1);
		line = end == NULL ? NULL : end + 1;
	}
}

static void read_text(int fd, char text[LOCK_TEXT_SIZE])
{
	ssize_t length = pread(fd, text, LOCK_TEXT_SIZE - 1, 0);

	text[length > 0 ? length : 0] = '\0';
}

/*
 * On a disk of several machines a lock may not reach from one to the other: whoever is named in it
 * on another machine counts as its holder.
 */
static bool is_held_elsewhere(int fd, const char *work_folder)
{
	char text[LOCK_TEXT_SIZE], host[256], here[256] = "";

	read_text(fd, text);
	if (text[0] == '\0' || !disk_is_remote(work_folder) ||
		gethostname(here, sizeof here - 1) != 0)
		return false;
	line_value(text, "host", host, sizeof host);
	return strcmp(host, here) != 0;
}

static int say_busy(int fd, const char *path, const char *work_folder, struct error *err)
{
	char text[LOCK_TEXT_SIZE], host[256], pid[32], start[64];
	char *place = lock_place(work_folder);
	char *advice = is_held_elsewhere(fd, work_folder)
		? xasprintf("should that run have been cut off, delete '%s' and start again", path)
		: xstrdup("wait for it or use --wait-lock SECONDS");

	read_text(fd, text);
	line_value(text, "host", host, sizeof host);
	line_value(text, "pid", pid, sizeof pid);
	line_value(text, "start", start, sizeof start);
	error_set(err, ERROR_BUSY, "'%s' is in use by pid %s on %s since %s; %s", place, pid, host,
		start, advice);
	free(advice);
	free(place);
	return -1;
}

/* 1 taken, 0 held by another, -1 failed. */
static int try_lock(int fd, const char *path, const char *work_folder, struct error *err)
{
	struct stat held, named;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? 0 : error_errno(err, "cannot lock '%s'", path);
	/* Somebody may have deleted the work folder between our open and now. */
	if (fstat(fd, &held) != 0 || stat(path, &named) != 0 || held.st_ino != named.st_ino ||
		held.st_dev != named.st_dev)
		return error_set(err, ERROR_BUSY,
			"'%s' was removed while it was being locked; try again", path);
	if (!is_held_elsewhere(fd, work_folder))
		return 1;
	flock(fd, LOCK_UN);
	return 0;
}

static int wait_for_lock(
	int fd, const char *path, const char *work_folder, double wait, struct error *err)
{
	struct timespec now, pause = {.tv_nsec = POLL_NANOSECONDS};
	double end;
	int taken;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + wait;
	while ((taken = try_lock(fd, path, work_folder, err)) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((double)now.tv_sec + (double)now.tv_nsec / 1e9 >= end)
			return say_busy(fd, path, work_folder, err);
		/* A signal that was handled asks to stop: nothing else here looks for it. */
		if (nanosleep(&pause, NULL) != 0 && errno == EINTR) {
			say_busy(fd, path, work_folder, err);
			err->kind = ERROR_CANCELLED;
			return error_context(err, "stopped while waiting");
		}
	}
	return taken < 0 ? -1 : 0;
}

/* Only for people: the lock itself is the flock, so that failing to write costs nothing. */
static void write_text(int fd)
{
	char text[LOCK_TEXT_SIZE], host[256] = "";
	time_t seconds = time(NULL);
	struct tm utc;
	int length;

	if (gethostname(host, sizeof host - 1) != 0 || gmtime_r(&seconds, &utc) == NULL)
		return;
	length = snprintf(text, sizeof text,
		"host %s\npid %ld\nstart %04d-%02d-%02dT%02d:%02d:%02dZ\n", host, (long)getpid(),
		utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
		utc.tm_sec);
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) != length)
		(void)!ftruncate(fd, 0);
}

int lock_take(const char *work_folder, double wait, bool *crashed, struct error *err)
{
	char *path = xasprintf("%s/lock", work_folder);
	char text[LOCK_TEXT_SIZE];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0) {
		error_errno(err, "cannot open lock file '%s'", path);
	} else if (wait_for_lock(fd, path, work_folder, wait, err) != 0) {
		close(fd);
		fd = -1;
	} else {
		read_text(fd, text);
		*crashed = text[0] != '\0';
		write_text(fd);
	}
	free(path);
	return fd;
}

void lock_release(int fd, bool in_order)
{
	if (fd < 0)
		return;
	/* Failing leaves the mark of a crash: the next run only checks more than it needs to. */
	if (in_order)
		(void)!ftruncate(fd, 0);
	close(fd);
}
