/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Camera profiles from the settings, lists of registered cameras, lists of files. */
#define _GNU_SOURCE /* O_NOATIME */
#include "cameras.h"

#include "general.h"
#include "settings.h"
#include "trapkit/csv.h"
#include "trapkit/find_files.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct camera_options camera_options;

const struct option camera_profile_options[] = {
	{.name = "profiles",
		.value = "DIR",
		.directory = &camera_options.profiles,
		.help = "Read camera profiles from DIR/*.toml instead of the folder 'profiles' "
			"beside the settings."},
	{0},
};

const struct option camera_list_options[] = {
	{.name = "registered",
		.value = "FILE.csv",
		.file = &camera_options.registered,
		.help = "Take the cameras that the server knows from column CameraID of FILE.csv."},
	{0},
};

/* ---- profiles ---- */

static int load_file(struct camera_profiles *profiles, const char *path, struct error *err)
{
	struct toml_value *root = NULL;
	char *text = NULL;
	size_t length;
	int status = -1;

	if (read_whole_file(path, TOML_LARGEST, &text, &length, err) == 0 &&
		toml_parse(text, length, path, &root, err) == 0)
		status = camera_profiles_add(profiles, root, path, err);
	if (status != 0)
		err->kind = ERROR_SETTINGS;
	toml_free(root);
	free(text);
	return status;
}

static enum find_answer visit_profile(void *context, const struct found *found, struct error *err)
{
	static const char *const suffixes[] = {".toml", NULL};

	(void)err;
	if (found->kind == FOUND_FILE && found->name[0] != '.' &&
		text_has_suffix(found->name, suffixes))
		string_list_add(context, found->name);
	return FIND_ON;
}

static int load_and_note(struct camera_profiles *profiles, const char *path,
	struct string_list *errors, struct error *err)
{
	if (load_file(profiles, path, err) == 0)
		return 0;
	if (errors == NULL)
		return -1;
	/* A settings file that is no TOML was told of already. */
	for (size_t i = 0; i < errors->count; i++)
		if (strcmp(errors->items[i], err->message) == 0)
			error_clear(err);
	if (err->kind != ERROR_NONE)
		string_list_add(errors, err->message);
	error_clear(err);
	return 0;
}

/* Every *.toml of the folder, in order of names. A folder that nobody named may be missing. */
static int load_folder(struct camera_profiles *profiles, const char *folder, bool named,
	struct string_list *errors, struct error *err)
{
	struct string_list names = {0};
	struct find_files walk = {.visit = visit_profile, .context = &names};
	int status = 0;

	if (!named && access(folder, F_OK) != 0)
		return 0;
	status = find_files(folder, &walk, err);
	if (status != 0)
		err->kind = ERROR_SETTINGS;
	for (size_t i = 0; i < names.count && status == 0; i++) {
		char *path = text_join_path(folder, names.items[i]);

		status = load_and_note(profiles, path, errors, err);
		free(path);
	}
	string_list_release(&names);
	return status;
}

/* With `errors` what is wrong in a file goes there, and the others are read all the same. */
static int load_all(struct camera_profiles *profiles, const char *folder,
	struct string_list *errors, struct error *err)
{
	char *settings = settings_path();
	char *beside = settings_folder();
	char *usual = text_join_path(beside, "profiles");
	int status = 0;

	/* Whether it must be there was decided when the settings were read. */
	if (access(settings, F_OK) == 0)
		status = load_and_note(profiles, settings, errors, err);
	if (status == 0)
		status = load_folder(
			profiles, folder != NULL ? folder : usual, folder != NULL, errors, err);
	free(usual);
	free(beside);
	free(settings);
	return status;
}

struct camera_profiles *cameras_load(const char *folder, struct error *err)
{
	struct camera_profiles *profiles = camera_profiles_new();

	if (load_all(profiles, folder, NULL, err) == 0)
		return profiles;
	camera_profiles_free(profiles);
	return NULL;
}

void cameras_find_errors(struct string_list *errors)
{
	struct camera_profiles *profiles = camera_profiles_new();
	struct error err = {0};

	if (load_all(profiles, NULL, errors, &err) != 0)
		string_list_add(errors, err.message);
	camera_profiles_free(profiles);
}

/* ---- lists ---- */

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static int read_ids(
	struct csv_reader *reader, const char *path, struct string_list *ids, struct error *err)
{
	struct csv_record record;
	int column, more = csv_next(reader, &record, err);

	if (more < 0)
		return -1;
	column = more == 0 ? -1 : csv_find(&record, "CameraID");
	if (column < 0)
		return error_set(err, ERROR_INPUT,
			"'%s' has no column CameraID: give the list of cameras that the server "
			"exports",
			path);
	while ((more = csv_next(reader, &record, err)) == 1)
		if (*csv_cell(&record, column) != '\0')
			string_list_add(ids, csv_cell(&record, column));
	return more;
}

int cameras_registered(const char *path, struct string_list *ids, struct error *err)
{
	FILE *stream = fopen(path, "re");
	struct csv_settings settings = {.name = path};
	struct csv_reader *reader;
	int status;

	if (stream == NULL)
		return error_errno(err, "cannot open '%s'", path);
	reader = csv_open(stream, &settings);
	status = read_ids(reader, path, ids, err);
	csv_close(reader);
	fclose(stream);
	if (status == 0 && ids->count > 1)
		qsort(ids->items, ids->count, sizeof *ids->items, compare_texts);
	return status;
}

int camera_context_open(struct camera_context *context, struct error *err)
{
	context->checking.now = (int64_t)time(NULL);
	context->profiles = cameras_load(camera_options.profiles, err);
	if (context->profiles == NULL)
		return -1;
	context->checking.profiles = context->profiles;
	if (general.timezone != NULL && (context->zone = zone_open(general.timezone, err)) == NULL)
		return -1;
	context->checking.zone = context->zone;
	if (camera_options.registered == NULL)
		return 0;
	context->checking.registered = &context->registered;
	return cameras_registered(camera_options.registered, &context->registered, err);
}

void camera_context_release(struct camera_context *context)
{
	camera_profiles_free(context->profiles);
	string_list_release(&context->registered);
	zone_free(context->zone);
	*context = (struct camera_context){0};
}

int camera_open(int folder_fd, const char *path)
{
	/* Not blocking, should it be a pipe. */
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = openat(folder_fd, path, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(folder_fd, path, flags) : fd;
}

/* ---- JSON ---- */

void cameras_add_number(cJSON *object, const char *name, double value)
{
	/* CAMERA_NO_NUMBER is smaller than any number that is meant. */
	if (isnan(value) || value < -9e18)
		cJSON_AddNullToObject(object, name);
	else
		cJSON_AddNumberToObject(object, name, value);
}

void cameras_add_text(cJSON *object, const char *name, const char *text)
{
	char *shown;

	if (text == NULL || *text == '\0') {
		cJSON_AddNullToObject(object, name);
		return;
	}
	shown = text_escape(text);
	cJSON_AddStringToObject(object, name, shown);
	free(shown);
}

void cameras_add_position(cJSON *object, double latitude, double longitude)
{
	cJSON *position;

	if (isnan(latitude) || isnan(longitude)) {
		cJSON_AddNullToObject(object, "gps");
		return;
	}
	position = cJSON_AddObjectToObject(object, "gps");
	cJSON_AddNumberToObject(position, "latitude", latitude);
	cJSON_AddNumberToObject(position, "longitude", longitude);
}

void cameras_add_warnings(cJSON *array, unsigned warnings)
{
	for (unsigned bit = 1; bit <= CAMERA_LAST_WARNING; bit <<= 1)
		if ((warnings & bit) != 0)
			cJSON_AddItemToArray(array,
				cJSON_CreateString(camera_warning_text((enum camera_warning)bit)));
}
