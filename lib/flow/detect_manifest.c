/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files are looked at, in an order that is the same on every machine; and shards of them. */
#include "detect_job.h"

#include "trapkit/find_files.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* contracts/detector.md 1.2: what MegaDetector takes for pictures and for videos. */
static const char *const picture_suffixes[] = {
	".jpg", ".jpeg", ".gif", ".png", ".tif", ".tiff", ".bmp", ".webp", NULL};
static const char *const video_suffixes[] = {
	".mp4", ".avi", ".mpeg", ".mpg", ".mov", ".mkv", ".flv", NULL};

struct walk {
	const struct detect_settings *settings;
	struct detect_manifest *manifest;
	const struct progress *progress;
	const char *root; /* of the walk at hand */
	bool outside;     /* files as given, not below a data path */
};

/* ---- finding ---- */

static bool has_name(const struct string_list *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return names->count == 0;
}

/* Takes `path` over. */
static void add_file(struct walk *walk, const char *name, char *path, uint64_t size, int64_t mtime)
{
	bool video = text_has_suffix(name, video_suffixes);
	struct detect_file file = {.size = size, .mtime = mtime, .video = video};

	if (!video && !text_has_suffix(name, picture_suffixes)) {
		free(path);
		return;
	}
	file.refused = !text_is_utf8(name, strlen(name));
	file.name = file.refused ? text_escape(name) : xstrdup(name);
	file.path = path;
	ARRAY_APPEND(walk->manifest, file);
}

static void skip(struct walk *walk, const char *path, const char *why)
{
	walk->manifest->skipped++;
	progress_warning(walk->progress, path, "%s", why);
}

static enum find_answer visit(void *context, const struct found *found, struct error *err)
{
	struct walk *walk = context;
	char *path;

	if (progress_check(walk->progress, err) != 0)
		return FIND_STOP;
	if (find_is_junk(found->name))
		return FIND_ON;
	if (found->kind == FOUND_FOLDER)
		return walk->outside || found->depth > 0 ||
				has_name(walk->settings->collections, found->name)
			? FIND_ENTER
			: FIND_ON;
	if (found->kind == FOUND_UNREADABLE) {
		error_set(err, ERROR_SYSTEM, "cannot look at '%s': %s", found->path,
			strerror(found->error_number));
		return FIND_STOP;
	}
	path = walk->outside ? text_join_path(walk->root, found->path) : NULL;
	if (found->kind == FOUND_FILE) {
		add_file(walk, path == NULL ? found->path : path, path, found->size,
			found->mtime_ns / 1000000000);
		return FIND_ON;
	}
	if (text_has_suffix(found->name, picture_suffixes) ||
		text_has_suffix(found->name, video_suffixes) || found->to_folder)
		skip(walk, found->path,
			found->kind == FOUND_SYMLINK
				? "symbolic link, not followed; put the file itself there"
				: "not a file, left out");
	free(path);
	return FIND_ON;
}

static int find_collections(struct walk *walk, struct error *err)
{
	const struct string_list *collections = walk->settings->collections;
	struct find_files find = {.visit = visit, .context = walk};

	for (size_t i = 0; i < collections->count; i++) {
		char *path = text_join_path(walk->root, collections->items[i]);
		struct stat status;
		bool there = stat(path, &status) == 0 && S_ISDIR(status.st_mode);

		free(path);
		if (!there)
			return error_set(err, ERROR_INPUT, "there is no collection '%s' in '%s'",
				collections->items[i], walk->root);
	}
	return find_files(walk->root, &find, err);
}

static int add_argument(struct walk *walk, const char *path, struct error *err)
{
	struct find_files find = {.visit = visit, .context = walk};
	struct stat status;

	if (stat(path, &status) != 0)
		return error_errno(err, "cannot look at '%s'", path);
	if (S_ISDIR(status.st_mode)) {
		walk->root = path;
		return find_files(path, &find, err);
	}
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is neither a file nor a folder", path);
	add_file(walk, path, xstrdup(path), (uint64_t)status.st_size, status.st_mtim.tv_sec);
	return 0;
}

/* ---- order ---- */

static int by_name(const void *one, const void *other)
{
	const struct detect_file *a = one, *b = other;

	return strcmp(a->name, b->name);
}

static void release_file(struct detect_file *file)
{
	free(file->name);
	free(file->path);
}

/* A file that was named twice is looked at once. */
static void sort(struct detect_manifest *manifest)
{
	size_t kept = 0;

	if (manifest->count > 1)
		qsort(manifest->items, manifest->count, sizeof *manifest->items, by_name);
	for (size_t i = 0; i < manifest->count; i++) {
		struct detect_file *file = &manifest->items[i];

		if (kept > 0 && strcmp(manifest->items[kept - 1].name, file->name) == 0) {
			release_file(file);
			continue;
		}
		manifest->items[kept++] = *file;
	}
	manifest->count = kept;
}

struct detect_file *detect_manifest_find(struct detect_manifest *manifest, const char *name)
{
	const struct detect_file key = {.name = (char *)(uintptr_t)name};

	if (manifest->count == 0)
		return NULL;
	return bsearch(&key, manifest->items, manifest->count, sizeof *manifest->items, by_name);
}

/* ---- shards ---- */

void detect_digest_file(struct sha256 *digest, const char *name, uint64_t size)
{
	char number[32];

	sha256_update(digest, name, strlen(name) + 1);
	snprintf(number, sizeof number, "%llu", (unsigned long long)size);
	sha256_update(digest, number, strlen(number) + 1);
}

static int digest_all(struct detect_manifest *manifest, struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t sha256[SHA256_SIZE];

	if (digest == NULL)
		return -1;
	for (size_t i = 0; i < manifest->count; i++)
		detect_digest_file(digest, manifest->items[i].name, manifest->items[i].size);
	sha256_finish(digest, sha256);
	sha256_hex(sha256, manifest->digest);
	sha256_free(digest);
	return 0;
}

/* A file belongs to the shard in whose share of the bytes its middle lies. */
static void keep_shard(struct detect_manifest *manifest, unsigned shard, unsigned shards)
{
	uint64_t before = 0;
	size_t kept = 0;

	for (size_t i = 0; i < manifest->count; i++) {
		struct detect_file *file = &manifest->items[i];
		double middle = (double)before + (double)file->size / 2;

		before += file->size;
		if (manifest->bytes > 0 &&
			(unsigned)(middle / (double)manifest->bytes * shards) != shard) {
			release_file(file);
			continue;
		}
		manifest->items[kept++] = *file;
	}
	manifest->count = kept;
}

static uint64_t sum_bytes(const struct detect_manifest *manifest)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < manifest->count; i++)
		bytes += manifest->items[i].size;
	return bytes;
}

/* A card that is not there, most often: what an earlier run found must not be lost by that. */
static int refuse_nothing(const struct detect_settings *settings, struct error *err)
{
	if (settings->data_path != NULL)
		return error_set(err, ERROR_INPUT,
			"there is nothing to look at: '%s' holds no pictures or videos; check "
			"--data-path",
			settings->data_path);
	return error_set(err, ERROR_INPUT,
		"there is nothing to look at: '%s' is, or holds, no picture or video by its name",
		settings->files->items[0]);
}

int detect_manifest_make(const struct detect_settings *settings, struct detect_manifest *manifest,
	const struct progress *progress, struct error *err)
{
	struct walk walk = {.settings = settings,
		.manifest = manifest,
		.progress = progress,
		.root = settings->data_path,
		.outside = settings->data_path == NULL};
	int result = 0;

	if (settings->data_path != NULL)
		result = find_collections(&walk, err);
	for (size_t i = 0; walk.outside && i < settings->files->count && result == 0; i++)
		result = add_argument(&walk, settings->files->items[i], err);
	if (result != 0)
		return -1;
	sort(manifest);
	if (manifest->count == 0)
		return refuse_nothing(settings, err);
	manifest->all = manifest->count;
	manifest->bytes = sum_bytes(manifest);
	if (digest_all(manifest, err) != 0)
		return -1;
	if (settings->shards > 0) {
		keep_shard(manifest, settings->shard, settings->shards);
		manifest->bytes = sum_bytes(manifest);
	}
	return 0;
}

void detect_manifest_release(struct detect_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		release_file(&manifest->items[i]);
	free(manifest->items);
	*manifest = (struct detect_manifest){0};
}

char *detect_file_path(const struct detect_settings *settings, const struct detect_file *file)
{
	return file->path != NULL ? xstrdup(file->path)
				  : text_join_path(settings->data_path, file->name);
}
