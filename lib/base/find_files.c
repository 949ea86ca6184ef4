/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks a folder in bytewise order, without following links or opening what could hang. */
#include "trapkit/find_files.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/timestamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* One folder being visited: all its names, read before the first is visited. */
struct level {
	DIR *directory;
	char *bytes;        /* the names, one after the other */
	const char **names; /* into bytes, sorted */
	size_t count, at;
	size_t path_length; /* of the folder itself, in walk.path */
};

struct walk {
	const struct find_files *settings;
	struct level levels[FIND_DEEPEST];
	size_t depth; /* levels in use */
	char *path;   /* of the entry at hand, below the root */
	size_t path_size;
};

static void level_release(struct level *level)
{
	if (level->directory != NULL)
		closedir(level->directory);
	free(level->bytes);
	free(level->names);
	*level = (struct level){0};
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void sort_names(struct level *level)
{
	const char *at = level->bytes;

	level->names = xreallocarray(NULL, level->count, sizeof *level->names);
	for (size_t i = 0; i < level->count; i++) {
		level->names[i] = at;
		at += strlen(at) + 1;
	}
	if (level->count > 1)
		qsort(level->names, level->count, sizeof *level->names, compare_names);
}

/* Reads every name. 0 or an errno. */
static int read_names(struct level *level)
{
	size_t used = 0, size = 0;

	for (;;) {
		struct dirent *entry;
		size_t length;

		errno = 0; /* the only way to tell the end from a failure */
		entry = readdir(level->directory);
		if (entry == NULL)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (level->count == FIND_MOST_NAMES)
			return E2BIG;
		length = strlen(entry->d_name) + 1;
		if (size - used < length) {
			size = size * 2 + 4096;
			level->bytes = xreallocarray(level->bytes, size, 1);
		}
		memcpy(level->bytes + used, entry->d_name, length);
		used += length;
		level->count++;
	}
	if (errno != 0)
		return errno;
	sort_names(level);
	return 0;
}

/* Opens the folder `name` in `parent` as the next level. 0 or an errno. */
static int push(struct walk *walk, int parent, const char *name, int follow, size_t path_length)
{
	struct level *level;
	int fd, failure;

	if (walk->depth == FIND_DEEPEST)
		return ELOOP;
	level = &walk->levels[walk->depth];
	*level = (struct level){.path_length = path_length};
	fd = openat(parent, name,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return errno;
	level->directory = fdopendir(fd);
	if (level->directory == NULL) {
		failure = errno;
		close(fd);
		return failure;
	}
	failure = read_names(level);
	if (failure != 0) {
		level_release(level);
		return failure;
	}
	walk->depth++;
	return 0;
}

/* Puts `name` behind the path of the level's folder. */
static void set_path(struct walk *walk, const struct level *level, const char *name)
{
	size_t length = strlen(name) + 1, at = level->path_length;

	if (walk->path_size < at + 1 + length) {
		walk->path_size = (at + 1 + length) * 2;
		walk->path = xreallocarray(walk->path, walk->path_size, 1);
	}
	if (at > 0)
		walk->path[at++] = '/';
	memcpy(walk->path + at, name, length);
}

/* False when the entry is no longer there. */
static bool look_at(int folder_fd, const char *name, struct found *found)
{
	struct stat status, target;

	if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		found->kind = FOUND_UNREADABLE;
		found->error_number = errno;
		return errno != ENOENT;
	}
	found->size = (uint64_t)status.st_size;
	found->mtime_ns = timespec_ns(&status.st_mtim);
	found->ctime_ns = timespec_ns(&status.st_ctim);
	if (S_ISREG(status.st_mode)) {
		found->kind = FOUND_FILE;
	} else if (S_ISDIR(status.st_mode)) {
		found->kind = FOUND_FOLDER;
	} else if (S_ISLNK(status.st_mode)) {
		found->kind = FOUND_SYMLINK;
		found->to_folder =
			fstatat(folder_fd, name, &target, 0) == 0 && S_ISDIR(target.st_mode);
	} else {
		found->kind = FOUND_SPECIAL;
	}
	return true;
}

/* Visits the next entry of the innermost folder. */
static int visit_one(struct walk *walk, struct error *err)
{
	const struct find_files *settings = walk->settings;
	struct level *level = &walk->levels[walk->depth - 1];
	const char *name = level->names[level->at++];
	struct found found = {.name = name,
		.depth = (unsigned)walk->depth - 1,
		.folder_fd = dirfd(level->directory)};
	enum find_answer answer;

	if (!look_at(found.folder_fd, name, &found))
		return 0;
	set_path(walk, level, name);
	found.path = walk->path;
	answer = settings->visit(settings->context, &found, err);
	if (answer == FIND_ENTER && found.kind == FOUND_FOLDER) {
		found.error_number = push(walk, found.folder_fd, name, false, strlen(walk->path));
		if (found.error_number != 0) {
			found.kind = FOUND_UNREADABLE;
			found.was_entered = true;
			answer = settings->visit(settings->context, &found, err);
		}
	}
	if (answer == FIND_LEAVE)
		level->at = level->count;
	return answer == FIND_STOP ? -1 : 0;
}

/* Ends the innermost folder. */
static int pop(struct walk *walk, struct error *err)
{
	const struct find_files *settings = walk->settings;
	struct level *level = &walk->levels[--walk->depth];
	size_t path_length = level->path_length;

	level_release(level);
	if (walk->depth == 0 || settings->leave == NULL)
		return 0;
	walk->path[path_length] = '\0';
	return settings->leave(settings->context, walk->path, (unsigned)walk->depth - 1, err);
}

int find_files(const char *root, const struct find_files *settings, struct error *err)
{
	struct walk *walk = xcalloc(1, sizeof *walk);
	int result = 0;

	walk->settings = settings;
	errno = push(walk, AT_FDCWD, root, true, 0);
	if (errno != 0)
		result = error_errno(err, "cannot read folder '%s'", root);
	while (result == 0 && walk->depth > 0) {
		const struct level *level = &walk->levels[walk->depth - 1];

		result = level->at < level->count ? visit_one(walk, err) : pop(walk, err);
	}
	while (walk->depth > 0)
		level_release(&walk->levels[--walk->depth]);
	free(walk->path);
	free(walk);
	return result;
}

bool find_is_there(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool find_is_junk(const char *name)
{
	static const char *const names[] = {"Thumbs.db", "desktop.ini", "System Volume Information",
		"$RECYCLE.BIN", "lost+found"};
	static const char temporary[] = "_exiftool_tmp";
	size_t length = strlen(name);

	if (name[0] == '.')
		return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return length >= sizeof temporary - 1 &&
		strcasecmp(name + length - (sizeof temporary - 1), temporary) == 0;
}

bool find_is_camera_folder(const char *name)
{
	static const char digits[] = "0123456789";
	static const char words[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_";
	size_t length = strlen(name);

	if (strcasecmp(name, "DCIM") == 0)
		return true;
	return length >= 3 && length <= 11 && strspn(name, digits) >= 3 &&
		strspn(name, words) == length;
}
