/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One writer at a time: a lock file beside the database, which names who holds it. */
#include "traplinked_internal.h"

#include "trapkit/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define POLL_NANOSECONDS 100000000L

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int say_busy(int fd, const char *database, struct error *err)
{
	char holder[256];
	ssize_t length = pread(fd, holder, sizeof holder - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return error_set(err, ERROR_BUSY,
		"database '%s' is in use by %s; wait for it or use --wait-lock SECONDS", database,
		*holder == '\0' ? "another run" : holder);
}

/* Only for people: the lock itself is the flock. */
static void write_holder(int fd)
{
	char host[128] = "", start[TIMESTAMP_SIZE], text[256];
	int length;

	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	format_utc((int64_t)time(NULL), start);
	length = snprintf(
		text, sizeof text, "pid %ld on %s since %s\n", (long)getpid(), host, start);
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) != length)
		(void)!ftruncate(fd, 0);
}

static int wait_for(int fd, const char *path, const char *database, double wait,
	const struct progress *progress, struct error *err)
{
	const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
	double end = monotonic() + wait;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, "cannot lock '%s'", path);
		if (monotonic() >= end)
			return say_busy(fd, database, err);
		if (progress_check(progress, err) != 0)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int db_lock(const char *database, double wait, const struct progress *progress, struct error *err)
{
	char *path = xasprintf("%s.lock", database);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0) {
		error_errno(err, "cannot open lock file '%s'", path);
	} else if (wait_for(fd, path, database, wait, progress, err) != 0) {
		close(fd);
		fd = -1;
	} else {
		write_holder(fd);
	}
	free(path);
	return fd;
}

void db_unlock(int fd)
{
	if (fd < 0)
		return;
	(void)!ftruncate(fd, 0);
	close(fd);
}
