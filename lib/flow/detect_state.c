/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What earlier runs have done, what this one adds to it, and the finished output. */
#include "detect_job.h"

#include "trapkit/detections.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a power cut may cost. A killed program costs one entry. */
#define SYNC_FILES 200
#define SYNC_SECONDS 60

/*
 * The partial file is the output up to its last entry, one entry a line, each with its comma. A run
 * that goes on cuts off a line that was never ended, and closes the document for as long as it
 * takes to read it: never so that a line loses its end, for this run may be killed, too.
 */

/* ---- what was made with what ---- */

static char *describe_making(const struct detect_settings *settings,
	const struct detector_info *model, const char *model_sha256,
	const struct detect_manifest *manifest)
{
	char *making = xasprintf("{\"trapkit\": {\"model_sha256\": \"%s\", \"layout\": \"%s\", "
				 "\"image_size\": %u, \"compatibility\": \"%s\", \"floor\": %g, "
				 "\"video_interval\": %g",
		model_sha256, detector_layout_names[model->layout], model->image_size,
		settings->detector.modern ? "modern" : "classic", settings->detector.floor,
		settings->video_interval);
	char *all;

	if (settings->shards == 0)
		all = xasprintf("%s}}", making);
	else
		all = xasprintf("%s, \"shard\": %u, \"shards\": %u, \"files\": %llu, "
				"\"manifest\": \"%s\"}}",
			making, settings->shard, settings->shards,
			(unsigned long long)manifest->all, manifest->digest);
	free(making);
	return all;
}

static void describe(struct detect_state *state, const struct detect_settings *settings,
	const struct detector_info *model, const char *model_sha256,
	const struct detect_manifest *manifest)
{
	struct detections_header *header = &state->header;

	state->image_size = model->image_size;
	header->detector = xstrdup(model->model);
	header->detector_version = *model->version == '\0' ? NULL : xstrdup(model->version);
	header->completed = detect_time(settings->now);
	header->typical_threshold = model->typical;
	header->conservative_threshold = model->conservative;
	header->custom_metadata = describe_making(settings, model, model_sha256, manifest);
	for (size_t i = 0; i < model->class_count; i++) {
		struct detections_category category = {
			.id = xasprintf("%zu", i + 1), .name = xstrdup(model->classes[i])};

		ARRAY_APPEND(&header->categories, category);
	}
}

/*
 * What was chosen otherwise, as a person would say it; NULL = nothing. Members of others, as what
 * was struck out by which rule, do not matter.
 */
static const char *find_difference(const char *one, const char *other)
{
	static const char *const members[][2] = {
		{"model_sha256", "model"},
		{"layout", "--layout"},
		{"image_size", "--image-size"},
		{"compatibility", "--compatibility"},
		{"floor", "--keep"},
		{"video_interval", "--video-interval"},
	};
	cJSON *a = one == NULL ? NULL : cJSON_Parse(one), *b = cJSON_Parse(other);
	const cJSON *own = cJSON_GetObjectItemCaseSensitive(a, "trapkit");
	const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(b, "trapkit");
	const char *found = NULL;

	for (size_t i = 0; i < sizeof members / sizeof members[0] && found == NULL; i++)
		if (!cJSON_Compare(cJSON_GetObjectItemCaseSensitive(own, members[i][0]),
			    cJSON_GetObjectItemCaseSensitive(wanted, members[i][0]), true))
			found = members[i][1];
	if (found == NULL && !cJSON_Compare(own, wanted, true))
		found = "--shard, or for other files";
	if (own == NULL)
		found = "program";
	cJSON_Delete(a);
	cJSON_Delete(b);
	return found;
}

/* ---- entries that are there ---- */

/* True when the entry is of the file as it is now. */
static bool is_current(const cJSON *entry, const struct detect_file *file)
{
	const cJSON *size = cJSON_GetObjectItemCaseSensitive(entry, "size");
	const char *modified =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "modified"));
	struct wall_time wall;

	return cJSON_IsNumber(size) && size->valuedouble == (double)file->size &&
		modified != NULL && wall_parse(modified, strlen(modified), &wall) &&
		wall_seconds(&wall) == file->mtime;
}

static void take_entry(const struct detect_settings *settings, struct detect_manifest *manifest,
	const struct detected_image *image, bool in_output)
{
	struct detect_file *file = detect_manifest_find(manifest, image->file);
	cJSON *entry;

	if (file == NULL || image->json_size > UINT32_MAX ||
		(image->failure != NULL && settings->retry_failed))
		return;
	entry = cJSON_ParseWithLength(image->json, image->json_size);
	if (entry != NULL && is_current(entry, file)) {
		file->entry = image->offset;
		file->entry_size = (uint32_t)image->json_size;
		file->in_output = in_output;
		file->failed = image->failure != NULL;
	}
	cJSON_Delete(entry);
}

/* 1 = made with the same, its entries are taken; 0 = made with something else, *other. */
static int take_entries(const struct detect_settings *settings, const char *path,
	const char *custom, struct detect_manifest *manifest, bool in_output, const char **other,
	struct error *err)
{
	struct detections_reader *reader = detections_open(path, err);
	struct detected_image image;
	int more = -1;

	if (reader == NULL)
		return -1;
	*other = find_difference(detections_header(reader)->custom_metadata, custom);
	if (*other != NULL) {
		detections_close(reader);
		return 0;
	}
	while ((more = detections_next(reader, &image, err)) == 1)
		take_entry(settings, manifest, &image, in_output);
	detections_close(reader);
	return more == 0 ? 1 : -1;
}

/* Bytes of the entry that a line holds, without comma and end of line; 0 = not a whole one. */
static off_t entry_length(const char *line, ssize_t length)
{
	if (line[0] != '{' || strlen(line) != (size_t)length || length < 3)
		return 0;
	if (strcmp(line + length - 2, "}\n") == 0)
		return length - 1;
	return strcmp(line + length - 3, "},\n") == 0 ? length - 2 : 0;
}

/*
 * Where the last whole entry ends; 0 = there is none. A power cut may leave zeros in place of some
 * lines: those behind them do not count.
 */
static off_t find_end(FILE *stream)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	off_t at = 0, end = 0;
	bool head = true;

	rewind(stream);
	while ((length = getline(&line, &capacity, stream)) > 0) {
		off_t entry = head ? 0 : entry_length(line, length);

		if (!head && entry == 0)
			break;
		if (head)
			head = strcmp(line, " \"images\": [\n") != 0;
		else
			end = at + entry;
		at += length;
	}
	free(line);
	return end;
}

static int write_failed(const struct detect_state *state, struct error *err)
{
	return error_errno(err, "cannot write '%s'", state->partial);
}

/* The file ends behind what was written last. */
static int cut(struct detect_state *state, struct error *err)
{
	if (fflush(state->stream) != 0 ||
		ftruncate(fileno(state->stream), ftello(state->stream)) != 0)
		return write_failed(state, err);
	return 0;
}

/* Takes over what a stopped run has done; what is beyond repair is begun anew. */
static int resume(struct detect_state *state, const struct detect_settings *settings,
	struct detect_manifest *manifest, struct error *err)
{
	off_t end = settings->no_resume || settings->overwrite ? 0 : find_end(state->stream);
	struct error damage = {0};
	const char *other = NULL;
	int taken = -1;

	fseeko(state->stream, end, SEEK_SET);
	if (end > 0) {
		detect_tail_write(state->stream);
		if (cut(state, err) != 0)
			return -1;
		taken = take_entries(settings, state->partial, state->header.custom_metadata,
			manifest, false, &other, &damage);
		fseeko(state->stream, taken < 0 ? 0 : end, SEEK_SET);
	}
	if (taken >= 0)
		fputs(",\n", state->stream);
	if (cut(state, err) != 0)
		return -1;
	if (taken != 0)
		return 0;
	return error_set(err, ERROR_INPUT,
		"'%s' holds what a stopped run did with another %s; run it on with the same, or "
		"drop that work with --no-resume",
		state->partial, other);
}

/* ---- opening ---- */

static int open_partial(struct detect_state *state, struct error *err)
{
	int fd = open(state->partial, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return write_failed(state, err);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return error_set(err, ERROR_BUSY,
			"'%s' is being written by another run; wait for it, or use another "
			"--output",
			state->output);
	}
	state->stream = fdopen(fd, "r+");
	if (state->stream == NULL) {
		close(fd);
		return write_failed(state, err);
	}
	return 0;
}

static int take_output(struct detect_state *state, const struct detect_settings *settings,
	struct detect_manifest *manifest, struct error *err)
{
	const char *other = NULL;
	int taken = 0;

	if (settings->overwrite || access(state->output, F_OK) != 0)
		return 0;
	state->read_output = fopen(state->output, "re");
	if (state->read_output == NULL)
		return error_errno(err, "cannot open '%s'", state->output);
	taken = take_entries(settings, state->output, state->header.custom_metadata, manifest, true,
		&other, err);
	if (taken < 0)
		return error_context(err, "an output is there already (--overwrite replaces it)");
	if (taken == 1)
		return 0;
	return error_set(err, ERROR_INPUT,
		"'%s' was made with another %s; use the same, or --output to write elsewhere, or "
		"--overwrite to replace it",
		state->output, other);
}

int detect_state_open(struct detect_state *state, const struct detect_settings *settings,
	const struct detector_info *model, const char *model_sha256,
	struct detect_manifest *manifest, bool write, struct error *err)
{
	state->output = xstrdup(settings->output);
	state->partial = xasprintf("%s.partial", settings->output);
	describe(state, settings, model, model_sha256, manifest);
	clock_gettime(CLOCK_MONOTONIC, &state->synced);
	if (take_output(state, settings, manifest, err) != 0)
		return -1;
	if (!write)
		return 0;
	if (open_partial(state, err) != 0 || resume(state, settings, manifest, err) != 0)
		return -1;
	state->read_partial = fopen(state->partial, "re");
	return state->read_partial != NULL ? 0 : write_failed(state, err);
}

void detect_state_close(struct detect_state *state)
{
	/* A run that had nothing to do leaves nothing. */
	if (state->stream != NULL && ftello(state->stream) == 0)
		unlink(state->partial);
	if (state->stream != NULL)
		fclose(state->stream);
	if (state->read_output != NULL)
		fclose(state->read_output);
	if (state->read_partial != NULL)
		fclose(state->read_partial);
	free(state->output);
	free(state->partial);
	detections_header_release(&state->header);
	*state = (struct detect_state){0};
}

/* ---- adding ---- */

int detect_state_sync(struct detect_state *state, struct error *err)
{
	if (state->stream == NULL || state->unsynced == 0)
		return 0;
	state->unsynced = 0;
	clock_gettime(CLOCK_MONOTONIC, &state->synced);
	return fflush(state->stream) == 0 && fdatasync(fileno(state->stream)) == 0
		? 0
		: write_failed(state, err);
}

static int put_head(struct detect_state *state, struct error *err)
{
	if (ftello(state->stream) > 0)
		return 0;
	detect_head_write(state->stream, &state->header, state->image_size);
	return fflush(state->stream) == 0 ? sync_parent(state->partial, err)
					  : write_failed(state, err);
}

int detect_state_put(struct detect_state *state, struct detect_file *file,
	struct detect_entry *entry, struct error *err)
{
	struct timespec now;
	off_t from, to;

	if (put_head(state, err) != 0)
		return -1;
	from = ftello(state->stream);
	detect_entry_write(state->stream, file, entry);
	to = ftello(state->stream);
	fputs(",\n", state->stream);
	/* The end of line first says that the entry is whole. */
	if (from < 0 || to < from || to - from > UINT32_MAX || fflush(state->stream) != 0)
		return write_failed(state, err);
	file->entry = (uint64_t)from;
	file->entry_size = (uint32_t)(to - from);
	file->in_output = false;
	file->failed = entry->failure != NULL;
	state->unsynced++;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return state->unsynced >= SYNC_FILES || now.tv_sec - state->synced.tv_sec >= SYNC_SECONDS
		? detect_state_sync(state, err)
		: 0;
}

/* ---- the output ---- */

static int copy_entry(struct detect_state *state, const struct detect_file *file, FILE *to,
	char **buffer, size_t *capacity, struct error *err)
{
	FILE *from = file->in_output ? state->read_output : state->read_partial;

	if (file->entry_size > *capacity) {
		*capacity = file->entry_size;
		*buffer = xreallocarray(*buffer, *capacity, 1);
	}
	if (fseeko(from, (off_t)file->entry, SEEK_SET) != 0 ||
		fread(*buffer, 1, file->entry_size, from) != file->entry_size)
		return error_set(err, ERROR_SYSTEM, "cannot read '%s' back",
			file->in_output ? state->output : state->partial);
	fwrite(*buffer, 1, file->entry_size, to);
	return 0;
}

int detect_state_finish(
	struct detect_state *state, const struct detect_manifest *manifest, struct error *err)
{
	struct output_file file = {0};
	char *buffer = NULL;
	size_t capacity = 0;
	int result = -1;

	if (detect_state_sync(state, err) != 0 ||
		output_file_open(&file, state->output, false, err) != 0)
		goto done;
	detect_head_write(file.stream, &state->header, state->image_size);
	for (size_t i = 0; i < manifest->count; i++) {
		fputs(i > 0 ? ",\n" : "", file.stream);
		if (copy_entry(state, &manifest->items[i], file.stream, &buffer, &capacity, err) !=
			0)
			goto done;
	}
	detect_tail_write(file.stream);
	result = output_file_publish(&file, OUTPUT_REPLACE, err);
	/* Whoever waits for the lock then finds the output. */
	if (result == 0)
		unlink(state->partial);
done:
	free(buffer);
	output_file_discard(&file);
	return result;
}
