/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders that appear whole or not at all. */
#include "trapkit/output_folder.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEEPEST 64
#define RANDOM_LENGTH 6 /* of mkdtemp's pattern */

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A stream on the folder `name` in `parent`, links not followed; NULL when it is none. */
static DIR *open_folder(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (stream == NULL && fd >= 0)
		close(fd);
	return stream;
}

static void remove_tree(int parent, const char *name, unsigned depth)
{
	DIR *stream = depth > DEEPEST ? NULL : open_folder(parent, name);
	struct dirent *entry;

	if (stream == NULL) {
		unlinkat(parent, name, 0);
		return;
	}
	while ((entry = readdir(stream)) != NULL)
		if (!is_dots(entry->d_name))
			remove_tree(dirfd(stream), entry->d_name, depth + 1);
	closedir(stream);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* The folder that holds `path`, with its last slash; "" = the current one. Owned. */
static char *parent_of(const char *path)
{
	return xstrndup(path, (size_t)(text_base_name(path) - path));
}

static void remove_leftovers(const char *parent, const char *prefix)
{
	DIR *stream = opendir(parent[0] == '\0' ? "." : parent);
	struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			remove_tree(dirfd(stream), entry->d_name, 0);
	if (stream != NULL)
		closedir(stream);
}

int output_folder_open(struct output_folder *folder, const char *path, struct error *err)
{
	size_t length = strlen(path);
	char *parent, *prefix;
	mode_t mask;
	int result = -1;

	while (length > 1 && path[length - 1] == '/')
		length--;
	*folder = (struct output_folder){.path = xstrndup(path, length)};
	parent = parent_of(folder->path);
	prefix = xasprintf(".%.200s.trapkit-", text_base_name(folder->path));
	remove_leftovers(parent, prefix);
	folder->temporary = xasprintf("%s%sXXXXXX", parent, prefix);
	if (mkdtemp(folder->temporary) == NULL) {
		error_errno(err, "cannot create folder '%s'", folder->path);
		goto done;
	}
	mask = umask(0);
	umask(mask);
	if (chmod(folder->temporary, 0777 & ~mask) != 0) {
		error_errno(err, "cannot create folder '%s'", folder->path);
		rmdir(folder->temporary);
		goto done;
	}
	result = 0;
done:
	free(prefix);
	free(parent);
	if (result != 0) {
		free(folder->temporary);
		folder->temporary = NULL;
		output_folder_discard(folder);
	}
	return result;
}

/* What is in folder `old` and not in folder `new`: its path, owned; NULL = nothing. */
static char *stranger(int old_parent, const char *old, int new_parent, const char *new)
{
	DIR *stream = open_folder(old_parent, old);
	int other = openat(new_parent, new, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	char *found = NULL;

	while (stream != NULL && found == NULL && (entry = readdir(stream)) != NULL) {
		const char *name = entry->d_name;
		struct stat here, there;
		char *inner;

		if (is_dots(name))
			continue;
		if (other < 0 || fstatat(dirfd(stream), name, &here, AT_SYMLINK_NOFOLLOW) != 0 ||
			fstatat(other, name, &there, AT_SYMLINK_NOFOLLOW) != 0 ||
			(here.st_mode & S_IFMT) != (there.st_mode & S_IFMT)) {
			found = xstrdup(name);
		} else if (S_ISDIR(here.st_mode)) {
			inner = stranger(dirfd(stream), name, other, name);
			found = inner == NULL ? NULL : text_join_path(name, inner);
			free(inner);
		}
	}
	if (stream != NULL)
		closedir(stream);
	if (other >= 0)
		close(other);
	return found;
}

static bool is_empty(const char *path)
{
	DIR *stream = opendir(path);
	struct dirent *entry;
	bool empty = stream != NULL;

	while (empty && (entry = readdir(stream)) != NULL)
		empty = is_dots(entry->d_name);
	if (stream != NULL)
		closedir(stream);
	return empty;
}

int output_folder_check(const char *path, enum output_existing existing, struct error *err)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : error_errno(err, "cannot look at '%s'", path);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is there and is no folder", path);
	if (existing == OUTPUT_REFUSE && !is_empty(path))
		return error_set(err, ERROR_INPUT,
			"'%s' exists already; remove it or use --overwrite", path);
	return 0;
}

/* Puts the folder that is there aside, under a name that no later run removes. Owned. */
static char *put_aside(const struct output_folder *folder, struct error *err)
{
	char *found = stranger(AT_FDCWD, folder->path, AT_FDCWD, folder->temporary);
	char *aside = NULL;

	if (found != NULL) {
		error_set(err, ERROR_INPUT,
			"'%s' holds '%s', which the new one does not: it is not overwritten; take "
			"it away or name another folder",
			folder->path, found);
		goto done;
	}
	aside = xasprintf("%s.before-%s", folder->path,
		folder->temporary + strlen(folder->temporary) - RANDOM_LENGTH);
	if (rename(folder->path, aside) != 0) {
		error_errno(err, "cannot replace '%s'", folder->path);
		free(aside);
		aside = NULL;
	}
done:
	free(found);
	return aside;
}

int output_folder_publish(
	struct output_folder *folder, enum output_existing existing, struct error *err)
{
	char *aside = NULL;
	struct stat status;
	int result = -1;

	if (output_folder_check(folder->path, existing, err) != 0)
		goto done;
	if (lstat(folder->path, &status) == 0 && (aside = put_aside(folder, err)) == NULL)
		goto done;
	if (rename(folder->temporary, folder->path) != 0) {
		error_errno(err, "cannot rename to '%s'", folder->path);
		if (aside != NULL && rename(aside, folder->path) != 0)
			error_context(err, "what was there is now '%s'", aside);
		free(aside);
		aside = NULL;
		goto done;
	}
	free(folder->temporary);
	folder->temporary = NULL;
	result = sync_parent(folder->path, err);
done:
	if (aside != NULL)
		remove_tree(AT_FDCWD, aside, 0);
	free(aside);
	output_folder_discard(folder);
	return result;
}

void output_folder_discard(struct output_folder *folder)
{
	if (folder->temporary != NULL)
		remove_tree(AT_FDCWD, folder->temporary, 0);
	free(folder->temporary);
	free(folder->path);
	*folder = (struct output_folder){0};
}
