/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The processor time that control groups grant. */
#include "cpu_quota.h"

#include "trapkit/memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 4096

/* False when the file cannot be read. */
static bool read_text(const char *folder, const char *name, char text[TEXT_SIZE])
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	size_t size = file == NULL ? 0 : fread(text, 1, TEXT_SIZE - 1, file);

	if (file != NULL)
		fclose(file);
	free(path);
	text[size] = '\0';
	return size > 0;
}

/* The smaller of the two, where 0 means "no limit". */
static unsigned tighter(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static unsigned whole_processors(const char *quota, const char *period)
{
	long long granted = strtoll(quota, NULL, 10);
	long long per = strtoll(period, NULL, 10);

	/* "max" and -1 are no limit. */
	if (granted <= 0 || per <= 0 || granted / per >= INT_MAX)
		return 0;
	return (unsigned)(granted / per + (granted % per != 0));
}

static unsigned folder_quota(const char *folder, bool unified)
{
	char quota[TEXT_SIZE], period[TEXT_SIZE];

	if (unified) {
		char *space;

		if (!read_text(folder, "cpu.max", quota) || (space = strchr(quota, ' ')) == NULL)
			return 0;
		return whole_processors(quota, space + 1);
	}
	if (!read_text(folder, "cpu.cfs_quota_us", quota) ||
		!read_text(folder, "cpu.cfs_period_us", period))
		return 0;
	return whole_processors(quota, period);
}

/* The group's folder and every one above it: each may set a limit. */
static unsigned hierarchy_quota(const char *mount, const char *group, bool unified)
{
	char *path = xasprintf("%s%s", mount, group);
	size_t top = strlen(mount);
	unsigned result = 0;

	for (;;) {
		char *slash;

		result = tighter(result, folder_quota(path, unified));
		slash = strrchr(path, '/');
		if (slash == NULL || (size_t)(slash - path) < top)
			break;
		*slash = '\0';
	}
	free(path);
	return result;
}

static bool lists_cpu(const char *controllers)
{
	for (const char *at = controllers; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, "cpu", 3) == 0 && (at[3] == ',' || at[3] == '\0'))
			return true;
	}
	return false;
}

/* One line: "0::/path" (version 2) or "4:cpu,cpuacct:/path" (version 1). */
static unsigned line_quota(char *line, const char *root)
{
	char *controllers = strchr(line, ':');
	char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
	unsigned result = 0;
	char *mount;

	if (group == NULL || group[1] != '/' || strstr(group, "/..") != NULL)
		return 0;
	*controllers++ = '\0';
	*group++ = '\0';
	if (*controllers == '\0' && strcmp(line, "0") == 0)
		return hierarchy_quota(root, group, true);
	if (!lists_cpu(controllers))
		return 0;
	mount = xasprintf("%s/%s", root, controllers);
	result = hierarchy_quota(mount, group, false);
	free(mount);
	if (result == 0) {
		mount = xasprintf("%s/cpu", root);
		result = hierarchy_quota(mount, group, false);
		free(mount);
	}
	return result;
}

unsigned cpu_quota(const char *membership, const char *root)
{
	FILE *file = fopen(membership, "re");
	unsigned result = 0;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	if (file == NULL)
		return 0;
	while ((length = getline(&line, &capacity, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		result = tighter(result, line_quota(line, root));
	}
	free(line);
	fclose(file);
	return result;
}
