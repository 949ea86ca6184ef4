/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of folders share: a scratch folder each, made and removed. */
#ifndef TRAPKIT_TEST_TREE_HELP_H
#define TRAPKIT_TEST_TREE_HELP_H

#include "trapkit/error.h"
#include "trapkit/output_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[256];

/* Four places in turn, so that a call may have more than one. */
static const char *in_scratch(const char *name)
{
	static char path[4][4608];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof path[at], "%s/%s", scratch, name);
	return path[at];
}

static void remove_tree_at(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			unlinkat(fd, entry->d_name, 0) != 0) {
			(void)!fchmodat(fd, entry->d_name, 0700, 0);
			remove_tree_at(fd, entry->d_name);
		}
	if (directory != NULL)
		closedir(directory);
	unlinkat(parent, name, AT_REMOVEDIR);
}

static int make_scratch(void **state)
{
	const char *folder = getenv("SCRATCH");

	(void)state;
	snprintf(scratch, sizeof scratch, "%s/trapkit-tree-XXXXXX",
		folder == NULL ? "/tmp" : folder);
	return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	remove_tree_at(AT_FDCWD, scratch);
	return 0;
}

static void make_folder(const char *name)
{
	struct error err = {0};

	assert_int_equal(make_folders(in_scratch(name), &err), 0);
}

/* Makes the folders above, too. mtime is 2024-07-01 10:00:00 UTC. */
static void make_file(const char *name, const char *contents)
{
	const struct timespec times[2] = {{.tv_sec = 1719828000}, {.tv_sec = 1719828000}};
	char folder[4096];
	int fd;

	snprintf(folder, sizeof folder, "%s", name);
	if (strrchr(folder, '/') != NULL) {
		*strrchr(folder, '/') = '\0';
		make_folder(folder);
	}
	fd = open(in_scratch(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, contents, strlen(contents)), strlen(contents));
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, make_scratch, remove_scratch)

#endif
