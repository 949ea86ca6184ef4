/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the files that were named, and where they would lie on a camera's server. */
#include "camera_targets.h"

#include "cameras.h"
#include "file_list.h"
#include "trapkit/find_files.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct collecting {
	struct session *session;
	struct camera_targets *targets;
	const char *root; /* of the walk at hand */
	bool single;      /* one argument: what is shown is relative to it */
};

static enum find_answer visit(void *context, const struct found *found, struct error *err)
{
	struct collecting *collecting = context;
	struct camera_target target = {
		.special = found->kind == FOUND_SYMLINK || found->kind == FOUND_SPECIAL};

	if (progress_check(collecting->session->progress, err) != 0)
		return FIND_STOP;
	if (found->kind == FOUND_FOLDER)
		/* Ours, not the camera's. */
		return strcmp(found->name, ".trapkit") == 0 ? FIND_ON : FIND_ENTER;
	if (found->kind == FOUND_UNREADABLE)
		target.failure = found->error_number;
	if (found->kind == FOUND_FILE)
		target.size = found->size;
	target.path = text_join_path(collecting->root, found->path);
	target.remote = strlen(target.path) - strlen(found->path);
	target.shown = collecting->single ? target.remote : 0;
	ARRAY_APPEND(collecting->targets, target);
	return FIND_ON;
}

/* A single file would lie where its path says, when that can be a place below the upload root. */
static size_t remote_of(const char *path)
{
	const char *at = path;
	size_t skip = 0;

	while (strncmp(path + skip, "./", 2) == 0)
		skip += 2;
	for (at = path + skip; at != NULL; at = strchr(at, '/'))
		if (strncmp(at += *at == '/', "../", 3) == 0)
			return (size_t)(text_base_name(path) - path);
	return *path == '/' ? (size_t)(text_base_name(path) - path) : skip;
}

static int add_argument(struct collecting *collecting, const char *path, struct error *err)
{
	struct find_files walk = {.visit = visit, .context = collecting};
	struct camera_target target = {.remote = remote_of(path), .named = true};
	struct stat status;
	bool there = stat(path, &status) == 0;

	if (there && S_ISDIR(status.st_mode)) {
		collecting->root = path;
		return find_files(path, &walk, err);
	}
	target.path = xstrdup(path);
	target.size = there ? (uint64_t)status.st_size : 0;
	ARRAY_APPEND(collecting->targets, target);
	return 0;
}

int camera_targets_collect(
	struct session *session, struct camera_targets *targets, struct error *err)
{
	struct collecting collecting = {.session = session, .targets = targets};
	struct string_list names = {0};
	int status = file_list_collect(session, &names, err);

	if (status == 0 && names.count == 0 && !file_list_given())
		status = error_set(
			err, ERROR_USAGE, "name the files or folders, or give --files-from");
	collecting.single = names.count == 1;
	if (names.count > 0)
		targets->first = xstrdup(names.items[0]);
	for (size_t i = 0; i < names.count && status == 0; i++)
		status = add_argument(&collecting, names.items[i], err);
	string_list_release(&names);
	return status;
}

void camera_targets_release(struct camera_targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		free(targets->items[i].path);
	free(targets->items);
	free(targets->first);
	*targets = (struct camera_targets){0};
}
