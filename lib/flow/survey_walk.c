/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The survey's way through the data tree: which folder is what, and which file belongs. */
#include "media_name.h"
#include "survey_internal.h"

#include "trapkit/find_files.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool survey_is_media(const struct survey_settings *settings, const char *name)
{
	return media_name_is_wanted(name, settings->image_extensions, settings->video_extensions);
}

/* Why TRAPPER cannot have a file or folder of that name, or NULL. */
static const char *bad_name(const char *name)
{
	if (!text_is_utf8(name, strlen(name)))
		return "its name is not UTF-8; rename it";
	for (const char *at = name; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			return "its name holds a line break or another control character; rename "
			       "it";
		else if (*at == '\\')
			return "its name holds a backslash; rename it";
	return NULL;
}

/* Notes something that cannot be looked at. */
static int unreadable(struct survey *survey, struct survey_deployment *counts, const char *path,
	const struct found *found, struct error *err)
{
	char *reason;
	int result;

	if (found->was_entered && found->error_number == ELOOP)
		reason = xasprintf("folders lie more than %d deep", FIND_DEEPEST);
	else if (found->was_entered && found->error_number == E2BIG)
		reason = xasprintf("more than %u entries in one folder", FIND_MOST_NAMES);
	else
		reason = xasprintf("cannot be read: %s", strerror(found->error_number));
	result = survey_problem(survey, counts, path, true, reason, err);
	free(reason);
	return result;
}

/* Notes links, devices and what cannot be read, in whatever place. 1 = it was none of these. */
static int note_odd(struct survey *survey, struct survey_deployment *counts, const char *path,
	const struct found *found, struct error *err)
{
	if (found->kind == FOUND_UNREADABLE)
		return unreadable(survey, counts, path, found, err);
	if (found->kind == FOUND_SYMLINK)
		return survey_problem(survey, counts, path,
			found->to_folder || survey_is_media(survey->settings, found->name),
			"symbolic link, not followed; put the file itself there", err);
	if (found->kind == FOUND_SPECIAL)
		return survey_problem(
			survey, counts, path, false, "not a file: a pipe, socket or device", err);
	return 1;
}

/* Notes a file that lies where no deployment is. */
static int misplaced(
	struct survey *survey, const char *path, const struct found *found, struct error *err)
{
	bool media = survey_is_media(survey->settings, found->name) && found->size > 0;

	return survey_problem(survey, NULL, path, media,
		media ? "does not lie in a deployment folder; move it to COLLECTION/DEPLOYMENT/"
		      : "not a picture or video",
		err);
}

static enum find_answer answer_of(int result)
{
	return result == 0 ? FIND_ON : FIND_STOP;
}

/* ---- collections ---- */

static enum find_answer visit_data_path(void *context, const struct found *found, struct error *err)
{
	struct survey *survey = context;
	const char *bad;
	int odd;

	if (find_is_junk(found->name)) {
		survey->result->junk++;
		return FIND_ON;
	}
	odd = note_odd(survey, NULL, found->path, found, err);
	if (odd <= 0)
		return answer_of(odd);
	/* Other files beside the collections, as our own packages and tables, are nobody's loss. */
	if (found->kind == FOUND_FILE && !survey_is_media(survey->settings, found->name))
		return FIND_ON;
	if (found->kind == FOUND_FILE)
		return answer_of(misplaced(survey, found->path, found, err));
	bad = bad_name(found->name);
	if (bad != NULL)
		return answer_of(survey_problem(survey, NULL, found->path, true, bad, err));
	string_list_add(&survey->result->collections, found->name);
	return FIND_ON;
}

/* For the message only: names of the folders there are. */
static enum find_answer visit_for_names(void *context, const struct found *found, struct error *err)
{
	struct string_list *names = context;

	(void)err;
	if (found->kind == FOUND_FOLDER && !find_is_junk(found->name))
		string_list_add(names, found->name);
	return FIND_ON;
}

static int missing_collection(struct survey *survey, const char *name, struct error *err)
{
	struct string_list names = {0};
	struct find_files walk = {.visit = visit_for_names, .context = &names};
	struct error ignored = {0};
	const char *nearest;

	find_files(survey->settings->data_path, &walk, &ignored);
	ARRAY_APPEND(&names, NULL);
	nearest = text_nearest(name, (const char *const *)names.items);
	error_set(err, ERROR_INPUT, "collection '%s' is not in '%s'%s%s%s", name,
		survey->settings->data_path, nearest == NULL ? "" : ": did you mean '",
		nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
	string_list_release(&names);
	return -1;
}

/* One collection that was asked for. */
static int add_collection(struct survey *survey, const char *wanted, struct error *err)
{
	struct string_list *collections = &survey->result->collections;
	size_t length = strlen(wanted);
	struct stat status;
	char *name;
	int result = 0;

	while (length > 1 && wanted[length - 1] == '/') /* a shell's completion adds it */
		length--;
	name = xstrndup(wanted, length);
	if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0 || fstatat(survey->data_fd, name, &status, 0) != 0 ||
		!S_ISDIR(status.st_mode))
		result = missing_collection(survey, name, err);
	else if (bad_name(name) != NULL)
		result = error_set(err, ERROR_INPUT, "collection '%s': %s", name, bad_name(name));
	for (size_t i = 0; i < collections->count && result == 0; i++)
		if (strcmp(collections->items[i], name) == 0)
			result = 1; /* named twice */
	if (result == 0)
		string_list_add(collections, name);
	free(name);
	return result < 0 ? -1 : 0;
}

int survey_find_collections(struct survey *survey, struct error *err)
{
	const struct string_list *wanted = survey->settings->collections;
	struct find_files walk = {.visit = visit_data_path, .context = survey};

	if (wanted == NULL || wanted->count == 0)
		return find_files(survey->settings->data_path, &walk, err);
	for (size_t i = 0; i < wanted->count; i++)
		if (add_collection(survey, wanted->items[i], err) != 0)
			return -1;
	return 0;
}

/* ---- other folders below a deployment ---- */

struct probe {
	const struct survey_settings *settings;
	bool media;
};

static enum find_answer visit_probe(void *context, const struct found *found, struct error *err)
{
	struct probe *probe = context;

	(void)err;
	if (find_is_junk(found->name))
		return FIND_ON;
	/* What cannot be looked at may hold pictures: that is to be known, too. */
	if (found->kind == FOUND_UNREADABLE ||
		((found->kind == FOUND_FILE || found->kind == FOUND_SYMLINK) &&
			survey_is_media(probe->settings, found->name)))
		probe->media = true;
	return probe->media ? FIND_STOP : FIND_ENTER;
}

static int other_folder(
	struct survey *survey, const char *path, const struct found *found, struct error *err)
{
	struct probe probe = {.settings = survey->settings};
	struct find_files walk = {.visit = visit_probe, .context = &probe};
	char *folder = text_join_path(survey->collection_path, found->path);
	struct error ignored = {0};

	if (find_files(folder, &walk, &ignored) != 0)
		probe.media = true;
	free(folder);
	return survey_problem(survey, &survey->folder.counts, path, probe.media,
		probe.media ? "folder with pictures or videos that no camera makes (as DCIM, "
			      "100RECNX): move them up, or make it a deployment of its own"
			    : "folder that no camera makes, without pictures or videos",
		err);
}

/* ---- one collection ---- */

static void begin_deployment(struct survey *survey, const char *name)
{
	struct survey_folder *folder = &survey->folder;

	folder->open = true;
	folder->nested = false;
	folder->name = xstrdup(name);
	folder->entries.count = 0;
	folder->paths_used = 0;
	folder->counts = (struct survey_deployment){0};
}

static void add_entry(struct survey *survey, const struct found *found, const char *below)
{
	struct survey_folder *folder = &survey->folder;
	size_t length = strlen(below) + 1;
	struct survey_entry entry = {
		.size = found->size, .mtime_ns = found->mtime_ns, .path = folder->paths_used};

	if (folder->paths_size - folder->paths_used < length) {
		folder->paths_size = folder->paths_size / 2 * 3 + length + 4096;
		folder->paths = xreallocarray(folder->paths, folder->paths_size, 1);
	}
	memcpy(folder->paths + folder->paths_used, below, length);
	folder->paths_used += length;
	ARRAY_APPEND(&folder->entries, entry);
	if (found->depth > 1)
		folder->nested = true;
}

/* Returns 0, 1 to enter the folder, or -1. */
static int in_deployment(
	struct survey *survey, const char *path, const struct found *found, struct error *err)
{
	struct survey_deployment *counts = &survey->folder.counts;
	const char *reason = NULL;
	bool media;
	int odd = note_odd(survey, counts, path, found, err);

	if (odd <= 0)
		return odd;
	if (found->kind == FOUND_FOLDER)
		return find_is_camera_folder(found->name) ? 1
							  : other_folder(survey, path, found, err);
	media = survey_is_media(survey->settings, found->name);
	if (!media) {
		reason = "not a picture or video";
	} else if (found->size == 0) {
		reason = "empty file";
		survey->result->empty++;
		media = false; /* there is no picture to lose */
	} else {
		reason = bad_name(found->name);
	}
	if (reason != NULL)
		return survey_problem(survey, counts, path, media, reason, err);
	add_entry(survey, found, strchr(found->path, '/') + 1);
	return 0;
}

static int in_collection(
	struct survey *survey, const char *path, const struct found *found, struct error *err)
{
	const char *bad;
	int odd;

	/* A deployment that could not be listed: it was begun when it was entered. */
	if (found->kind == FOUND_UNREADABLE && found->was_entered) {
		if (unreadable(survey, &survey->folder.counts, path, found, err) != 0)
			return -1;
		return survey_end_deployment(survey, err);
	}
	odd = note_odd(survey, NULL, path, found, err);
	if (odd <= 0)
		return odd;
	if (found->kind == FOUND_FILE)
		return misplaced(survey, path, found, err);
	bad = bad_name(found->name);
	if (bad != NULL)
		return survey_problem(survey, NULL, path, true, bad, err);
	begin_deployment(survey, found->name);
	return 1;
}

/* "collection/path" in memory that is used again for every entry. */
static const char *below_data_path(struct survey *survey, const char *path)
{
	size_t front = strlen(survey->collection), length = strlen(path) + 1;

	if (survey->path_size < front + 1 + length) {
		survey->path_size = (front + 1 + length) * 2;
		survey->path = xreallocarray(survey->path, survey->path_size, 1);
	}
	memcpy(survey->path, survey->collection, front);
	survey->path[front] = '/';
	memcpy(survey->path + front + 1, path, length);
	return survey->path;
}

static enum find_answer visit_collection(
	void *context, const struct found *found, struct error *err)
{
	struct survey *survey = context;
	const char *path;
	int result;

	if (find_is_junk(found->name)) {
		survey->result->junk++;
		return FIND_ON;
	}
	path = below_data_path(survey, found->path);
	result = ++survey->looked_at % 256 == 0 ? survey_advance(survey, err) : 0;
	if (result == 0)
		result = found->depth == 0 ? in_collection(survey, path, found, err)
					   : in_deployment(survey, path, found, err);
	survey->stopped = result < 0;
	return result < 0 ? FIND_STOP : result == 1 ? FIND_ENTER : FIND_ON;
}

static int leave_folder(void *context, const char *path, unsigned depth, struct error *err)
{
	struct survey *survey = context;

	(void)path;
	if (depth > 0)
		return 0;
	survey->stopped = survey_end_deployment(survey, err) != 0;
	return survey->stopped ? -1 : 0;
}

int survey_walk_collection(struct survey *survey, struct error *err)
{
	struct find_files walk = {
		.visit = visit_collection, .leave = leave_folder, .context = survey};
	int result;

	survey->collection_path = text_join_path(survey->settings->data_path, survey->collection);
	result = find_files(survey->collection_path, &walk, err);
	free(survey->collection_path);
	survey->collection_path = NULL;
	/* Nobody stopped it: the folder itself could not be read. */
	if (result != 0 && !survey->stopped) {
		char *reason = xstrdup(err->message);

		error_clear(err);
		result = survey_problem(survey, NULL, survey->collection, true, reason, err);
		free(reason);
	}
	return result;
}
