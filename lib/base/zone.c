/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IANA zones: finding them, and turning wall times into instants. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"
#include "zone_data.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE (256u * 1024)

/* ---- finding ---- */

static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
	"/usr/share/lib/zoneinfo", "/etc/zoneinfo", NULL};

static const char *zone_folder(void)
{
	const char *chosen = getenv("TZDIR");

	if (chosen != NULL && chosen[0] != '\0')
		return chosen;
	for (size_t i = 0; folders[i] != NULL; i++)
		if (access(folders[i], R_OK | X_OK) == 0)
			return folders[i];
	return NULL;
}

/* "Europe/Warsaw": parts of letters, digits, `_`, `+`, `-`, none of them empty. */
static bool is_zone_name(const char *name)
{
	bool begins = true;

	if (strlen(name) > 100)
		return false;
	for (; *name != '\0'; name++) {
		bool letter = (*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z');

		if (*name == '/' && begins)
			return false;
		if (*name != '/' && !letter && !(*name >= '0' && *name <= '9') &&
			strchr("_+-", *name) == NULL)
			return false;
		begins = *name == '/';
	}
	return !begins;
}

#define MOST_NAMES 5000

static void list_zones(const char *folder, const char *prefix, int depth, struct string_list *names)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char *path, *name;
		struct stat status;

		/* Zones begin with a capital; "posix", "right", "tzdata.zi" do not. */
		if (entry->d_name[0] < 'A' || entry->d_name[0] > 'Z' || names->count >= MOST_NAMES)
			continue;
		path = text_join_path(folder, entry->d_name);
		name = xasprintf("%s%s", prefix, entry->d_name);
		if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && is_zone_name(name)) {
			string_list_add(names, name);
		} else if (depth < 2 && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
			char *deeper = xasprintf("%s/", name);

			list_zones(path, deeper, depth + 1, names);
			free(deeper);
		}
		free(name);
		free(path);
	}
	if (directory != NULL)
		closedir(directory);
}

/* A city alone, or a name misspelt. Owned by the caller; NULL when nothing is near. */
static char *nearest_zone(const char *folder, const char *name)
{
	struct string_list names = {0};
	const char **candidates;
	const char *nearest = NULL;
	char *found = NULL;

	list_zones(folder, "", 0, &names);
	candidates = xcalloc(names.count + 1, sizeof *candidates);
	for (size_t i = 0; i < names.count; i++) {
		const char *only[] = {text_base_name(names.items[i]), NULL};

		candidates[i] = names.items[i];
		if (strchr(name, '/') == NULL && strlen(only[0]) == strlen(name) &&
			text_has_suffix(name, only) && nearest == NULL)
			nearest = names.items[i];
	}
	if (nearest == NULL)
		nearest = text_nearest(name, candidates);
	for (size_t i = 0; nearest == NULL && i < names.count; i++) {
		const char *only[] = {text_base_name(names.items[i]), NULL};

		if (text_nearest(text_base_name(name), only) != NULL)
			nearest = names.items[i];
	}
	if (nearest != NULL)
		found = xstrdup(nearest);
	free(candidates);
	string_list_release(&names);
	return found;
}

static int no_such_zone(const char *folder, const char *name, struct error *err)
{
	char *nearest = nearest_zone(folder, name);

	if (nearest != NULL)
		error_set(err, ERROR_INPUT, "no time zone '%s'; did you mean '%s'?", name, nearest);
	else
		error_set(err, ERROR_INPUT,
			"no time zone '%s'; write an IANA name such as Europe/Warsaw", name);
	free(nearest);
	return -1;
}

/* *bytes is owned by the caller. */
static int read_zone_file(
	const char *folder, const char *name, uint8_t **bytes, size_t *size, struct error *err)
{
	char *path = text_join_path(folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t got = 0;
	int result = -1;

	*bytes = NULL;
	*size = 0;
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			error_errno(err, "cannot read time zone '%s' from '%s'", name, path);
		else
			no_such_zone(folder, name, err);
		goto done;
	}
	*bytes = xmalloc(LARGEST_FILE);
	while (*size < LARGEST_FILE && (got = read(fd, *bytes + *size, LARGEST_FILE - *size)) > 0)
		*size += (size_t)got;
	if (got < 0)
		error_errno(err, "cannot read time zone '%s' from '%s'", name, path);
	else
		result = 0;
done:
	if (fd >= 0)
		close(fd);
	free(path);
	return result;
}

struct zone *zone_open(const char *name, struct error *err)
{
	const char *folder = zone_folder();
	struct zone *zone = NULL;
	uint8_t *bytes = NULL;
	size_t size = 0;

	if (folder == NULL || access(folder, R_OK | X_OK) != 0) {
		error_set(err, ERROR_UNAVAILABLE,
			"no time zone data on this machine%s%s; install the package tzdata",
			folder == NULL ? "" : " in ", folder == NULL ? "" : folder);
		return NULL;
	}
	if (!is_zone_name(name)) {
		char *shown = text_escape(name);

		no_such_zone(folder, shown, err);
		free(shown);
		return NULL;
	}
	if (read_zone_file(folder, name, &bytes, &size, err) == 0) {
		zone = xcalloc(1, sizeof *zone);
		zone->name = xstrdup(name);
		if (!zone_parse(zone, bytes, size)) {
			error_set(err, ERROR_INPUT, "'%s/%s' is not a time zone that can be used",
				folder, name);
			zone_free(zone);
			zone = NULL;
		}
	}
	free(bytes);
	return zone;
}

void zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->at);
	free(zone->type);
	free(zone->name);
	free(zone);
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

/* ---- resolving ---- */

/* An instant at which the offset changes. */
struct change {
	int64_t at;
	struct zone_type before, after;
};

/* A wall clock has passed a change once both its readings of that instant are behind it: that is
 * what makes the first of two equal times, and the offset before a gap, win. */
static bool passed(const struct change *change, int64_t wall)
{
	int before = change->before.offset, after = change->after.offset;

	return wall - (before > after ? before : after) >= change->at;
}

static enum zone_doubt doubt_before(const struct change *next, int64_t wall)
{
	int before = next->before.offset, after = next->after.offset;

	if (after > before && wall - before >= next->at)
		return ZONE_GAP;
	if (after < before && wall - after >= next->at)
		return ZONE_OVERLAP;
	return ZONE_CERTAIN;
}

static struct change table_change(const struct zone *zone, size_t i)
{
	return (struct change){zone->at[i], i == 0 ? zone->before : zone->types[zone->type[i - 1]],
		zone->types[zone->type[i]]};
}

#define RULE_YEARS 3

/* The rule's changes from the year before to the year after, those of the table's time left out.
 * Returns their number. */
static size_t rule_changes(const struct zone *zone, int year, struct change changes[2 * RULE_YEARS])
{
	const struct zone_rule *rule = &zone->rule;
	size_t count = 0;

	for (int i = 0; rule->has_dst && i < RULE_YEARS; i++) {
		struct change summer = {0, rule->standard, rule->summer};
		struct change winter = {0, rule->summer, rule->standard};
		bool summer_first;

		zone_rule_year(rule, year - 1 + i, &summer.at, &winter.at);
		summer_first = summer.at <= winter.at;
		changes[count++] = summer_first ? summer : winter;
		changes[count++] = summer_first ? winter : summer;
	}
	return count;
}

/*
 * Finds the type that counts for a time, and the change after it, if one may be near. `time` is a
 * wall time when `is_wall`, else an instant.
 */
static struct zone_type find_type(const struct zone *zone, int64_t time, bool is_wall, int year,
	struct change *next, bool *has_next)
{
	struct change changes[2 * RULE_YEARS];
	struct zone_type type = zone->before;
	size_t low = 0, high = zone->count, count;

	*has_next = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct change change = table_change(zone, middle);

		if (is_wall ? passed(&change, time) : time >= change.at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < zone->count) {
		*next = table_change(zone, low);
		*has_next = true;
		return next->before;
	}
	if (zone->count > 0)
		type = zone->types[zone->type[zone->count - 1]];
	else if (zone->rule.is_set)
		type = zone->rule.standard;
	count = rule_changes(zone, year, changes);
	for (size_t i = 0; i < count; i++) {
		if (zone->count > 0 && changes[i].at <= zone->at[zone->count - 1])
			continue;
		if (is_wall ? !passed(&changes[i], time) : time < changes[i].at) {
			*next = changes[i];
			*has_next = true;
			return zone->count == 0 ? next->before : type;
		}
		type = changes[i].after;
	}
	return type;
}

struct instant zone_resolve(const struct zone *zone, const struct wall_time *wall, bool ignore_dst)
{
	int64_t seconds = wall_seconds(wall);
	struct instant result = {0};
	struct zone_type type;
	struct change next;
	bool has_next;

	if (wall->has_offset) {
		result.offset = wall->offset;
	} else {
		type = find_type(zone, seconds, true, wall->year, &next, &has_next);
		result.offset = ignore_dst ? type.standard : type.offset;
		/* A clock that stays on standard time all year has no gaps of its own. */
		if (has_next && (!ignore_dst || next.before.standard != next.after.standard))
			result.doubt = doubt_before(&next, seconds);
	}
	result.utc = seconds - result.offset;
	return result;
}

int zone_offset_at(const struct zone *zone, int64_t utc, bool ignore_dst)
{
	struct wall_time wall;
	struct zone_type type;
	struct change next;
	bool has_next;

	wall_from_seconds(utc, &wall);
	type = find_type(zone, utc, false, wall.year, &next, &has_next);
	return ignore_dst ? type.standard : type.offset;
}
