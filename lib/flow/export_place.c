/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the package goes, where filePath leads from there, and media linked or copied to it. */
#include "export_job.h"

#include "trapkit/convert.h"
#include "trapkit/memory.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEDIA "media/"

void export_place_release(struct export_place *place)
{
	free(place->folder);
	free(place->prefix);
	free(place->made);
	*place = (struct export_place){0};
}

/* The folder that a path lies in. Owned by the caller. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* From the root and without links, as far as it is there already. Owned by the caller. */
static char *real_path(const char *path)
{
	char *real = realpath(path, NULL), *trimmed, *parent, *above;
	size_t length = strlen(path);

	if (real != NULL || strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
		return real != NULL ? real : xstrdup(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	trimmed = xstrndup(path, length);
	parent = parent_of(trimmed);
	above = real_path(parent);
	real = text_join_path(above, text_base_name(trimmed));
	free(trimmed);
	free(parent);
	free(above);
	return real;
}

/* What follows `folder` and a slash in `path`; "" when they are one; NULL when it lies elsewhere.
 */
static const char *below(const char *folder, const char *path)
{
	size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	if (strncmp(folder, path, length) != 0 || (path[length] != '/' && path[length] != '\0'))
		return NULL;
	return path[length] == '/' ? path + length + 1 : path + length;
}

static int settle(const struct export_local_settings *settings, struct export_place *place,
	const char *data, struct error *err)
{
	const char *way = below(place->folder, data), *inner = below(data, place->folder);

	if (!place->zip && inner != NULL && inner[0] != '\0')
		return error_set(err, ERROR_USAGE,
			"--output '%s' lies in the data path, where it would be taken for a "
			"collection; choose a folder beside it",
			settings->output);
	if (place->zip && settings->media == EXPORT_MEDIA_LINK)
		return error_set(err, ERROR_USAGE,
			"a ZIP cannot hold links; give --copy-media, or a folder as --output");
	place->media = settings->media;
	if (settings->media == EXPORT_MEDIA_AUTO && place->zip)
		place->media = EXPORT_MEDIA_NONE;
	else if (settings->media == EXPORT_MEDIA_AUTO && (way == NULL || way[0] == '.'))
		place->media = EXPORT_MEDIA_LINK;
	if (settings->blur != NULL && !place->zip && way != NULL &&
		place->media != EXPORT_MEDIA_NONE)
		return error_set(err, ERROR_USAGE,
			"--output '%s' holds the data path, whose pictures may not leave without "
			"covering '%s': choose a folder beside it, or give --no-media",
			settings->output, settings->blur->kinds);
	place->prefix = place->media != EXPORT_MEDIA_AUTO ? xstrdup(MEDIA)
		: way[0] == '\0'                          ? xstrdup("")
							  : xasprintf("%s/", way);
	return 0;
}

int export_place_find(
	const struct export_local_settings *settings, struct export_place *place, struct error *err)
{
	static const char *const zip[] = {".zip", NULL};
	char *data = real_path(settings->data_path), *output = real_path(settings->output);
	int result;

	place->zip = text_has_suffix(settings->output, zip);
	place->folder = place->zip ? parent_of(output) : xstrdup(output);
	result = settle(settings, place, data, err);
	free(data);
	free(output);
	return result;
}

char *export_place_path(const struct export_place *place, const struct resource *resource)
{
	char *path = xasprintf("%s%s", place->prefix, resource->path);

	/* The standard takes no "..", not even within a name, and no hidden folder to begin with.
	 */
	for (char *dots = strstr(path, ".."); dots != NULL; dots = strstr(dots, "..")) {
		if (place->media == EXPORT_MEDIA_AUTO) {
			free(path);
			return NULL;
		}
		dots[1] = '_';
	}
	if (path[0] == '.' || path[0] == '~') {
		free(path);
		return NULL;
	}
	return path;
}

/* ---- links and copies ---- */

static int make_parent(struct export_place *place, const char *target, struct error *err)
{
	char *folder = parent_of(target);

	if (place->made != NULL && strcmp(place->made, folder) == 0) {
		free(folder);
		return 0;
	}
	free(place->made);
	place->made = folder;
	return make_folders(folder, err);
}

static bool same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static bool same_contents(const struct stat *one, const struct stat *other)
{
	return one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
		one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

static int link_file(const char *source, const char *target, struct error *err)
{
	if (link(source, target) == 0)
		return 0;
	if (errno == EXDEV || errno == EPERM || errno == ENOTSUP || errno == ENOSYS ||
		errno == EMLINK)
		return error_set(err, ERROR_INPUT,
			"'%s' cannot be linked to '%s' (another disk, or one without hard links); "
			"give --copy-media or --no-media",
			source, target);
	return error_errno(err, "cannot link '%s' to '%s'", source, target);
}

static int copy_bytes(int from, int to, const char *source, struct error *err)
{
	static const size_t chunk = 1u << 20;
	char *buffer = xmalloc(chunk);
	int result = 1;

	while (result > 0) {
		ssize_t got = read(from, buffer, chunk), done = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			result = got == 0 ? 0 : error_errno(err, "cannot read '%s'", source);
		while (result > 0 && done < got) {
			ssize_t written = write(to, buffer + done, (size_t)(got - done));

			if (written < 0 && errno != EINTR)
				result = error_errno(err, "cannot write a copy of '%s'", source);
			done += written > 0 ? written : 0;
		}
	}
	free(buffer);
	return result;
}

static int copy_file(
	const char *source, const char *target, const struct stat *status, struct error *err)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	struct output_file file = {0};
	int from = open(source, O_RDONLY | O_CLOEXEC), result;

	if (from < 0)
		return error_errno(err, "cannot open '%s'", source);
	result = output_file_open(&file, target, false, err);
	if (result == 0)
		result = copy_bytes(from, file.fd, source, err);
	if (result == 0 && futimens(file.fd, times) != 0)
		result = error_errno(err, "cannot date the copy of '%s'", source);
	if (result == 0)
		result = output_file_publish(&file, OUTPUT_REPLACE, err);
	output_file_discard(&file);
	close(from);
	return result;
}

int export_place_put(
	struct export_place *place, const char *source, const char *file_path, struct error *err)
{
	char *target = text_join_path(place->folder, file_path);
	struct stat original, there;
	bool copy = place->media == EXPORT_MEDIA_COPY;
	int result = make_parent(place, target, err);

	if (result == 0 && stat(source, &original) != 0)
		result = error_errno(err, "cannot read '%s'", source);
	if (result == 0 && stat(target, &there) == 0) {
		/* From an earlier run; anything else is not ours to replace. */
		if (!same_file(&original, &there) && !(copy && same_contents(&original, &there)))
			result = error_set(err, ERROR_INPUT,
				"'%s' is there and is another file than '%s'; remove it, or choose "
				"another --output",
				target, source);
	} else if (result == 0) {
		result = copy ? copy_file(source, target, &original, err)
			      : link_file(source, target, err);
	}
	free(target);
	return result;
}
