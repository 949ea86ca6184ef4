/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the ledger share: a scratch folder each, and files to put. */
#ifndef TRAPKIT_TEST_LEDGER_HELP_H
#define TRAPKIT_TEST_LEDGER_HELP_H

#include "trapkit/error.h"
#include "trapkit/ledger.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256]; /* the scratch folder of this run */
static unsigned warnings;
static char last_warning[1024];

/* Stands before libc's: what the ledger is told about the disk. */
static long pretended_type;

int statfs(const char *path, struct statfs *status)
{
	struct stat there;

	if (stat(path, &there) != 0)
		return -1;
	memset(status, 0, sizeof *status);
	status->f_type = pretended_type;
	return 0;
}

static void count_warning(void *context, const char *message)
{
	(void)context;
	warnings++;
	snprintf(last_warning, sizeof last_warning, "%s", message);
}

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char child[1024];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
		if (unlink(child) != 0)
			remove_tree(child);
	}
	if (directory != NULL)
		closedir(directory);
	rmdir(path);
}

static int set_up(void **state)
{
	const char *scratch = getenv("SCRATCH");

	(void)state;
	snprintf(folder, sizeof folder, "%s/trapkit-ledger-XXXXXX",
		scratch == NULL ? "/tmp" : scratch);
	warnings = 0;
	pretended_type = 0xEF53; /* ext4 */
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(folder);
	return 0;
}

static const char *below(const char *name)
{
	static char path[4][512];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
	return path[at];
}

static struct ledger *open_it(enum ledger_mode mode)
{
	struct error err = {0};
	struct ledger *ledger =
		ledger_open(below("data/.trapkit"), mode, 0, count_warning, NULL, &err);

	if (ledger == NULL)
		print_message("%s\n", err.message);
	return ledger;
}

static struct resource file_of(char *path, char *collection, char *deployment, char *name)
{
	struct resource resource = {.path = path,
		.collection = collection,
		.deployment = deployment,
		.name = name,
		.size = 2500000,
		.mtime_ns = INT64_C(1719820800123456789)};

	resource.facts = (struct media_facts){.type = MEDIA_JPEG,
		.trouble = TROUBLE_BAD_GPS,
		.width = 4032,
		.height = 3024,
		.fps = NAN,
		.duration = NAN,
		.latitude = -41.5,
		.longitude = NAN,
		.taken = {.year = 2024, .month = 7, .day = 1, .hour = 8, .second = 59},
		.taken_source = TIME_EXIF,
		.make = "RECONYX",
		.model = "HP2X",
		.orientation = 1};
	return resource;
}

static void put(struct ledger *ledger, char *path, char *collection, char *deployment, char *name)
{
	struct error err = {0};
	struct resource resource = file_of(path, collection, deployment, name);

	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
