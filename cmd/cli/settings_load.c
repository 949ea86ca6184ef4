/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order in which settings are read, the files they are in, and `--set`. */
#include "globals.h"
#include "options.h"
#include "settings.h"
#include "synonyms.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_ENV (1u << 20)

int read_whole_file(const char *path, size_t limit, char **text, size_t *length, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 4096;
	ssize_t got = 0;

	*text = NULL;
	*length = 0;
	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	*text = xmalloc(room + 1);
	while (*length <= limit && (got = read(fd, *text + *length, room - *length)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		*length += (size_t)got;
		if (*length == room) {
			room *= 2;
			*text = xreallocarray(*text, room + 1, 1);
		}
	}
	(*text)[*length] = '\0';
	if (got < 0)
		error_errno(err, "cannot read '%s'", path);
	else if (*length > limit)
		error_set(err, ERROR_INPUT, "'%s' is larger than %zu bytes", path, limit);
	close(fd);
	if (got >= 0 && *length <= limit)
		return 0;
	free(*text);
	*text = NULL;
	return -1;
}

char *settings_folder(void)
{
	const char *folder = globals.settings_dir;
	const char *home = getenv("HOME");

	if (folder == NULL)
		folder = getenv("TRAPKIT_SETTINGS_DIR");
	if (folder != NULL && *folder != '\0')
		return xstrdup(folder);
	return text_join_path(home != NULL && *home != '\0' ? home : ".", ".trapper-tools");
}

char *settings_path(void)
{
	char *folder, *name, *path;

	if (globals.config != NULL)
		return xstrdup(globals.config);
	folder = settings_folder();
	name = xasprintf("%s.toml", globals.project != NULL ? globals.project : "default");
	path = text_join_path(folder, name);
	free(name);
	free(folder);
	return path;
}

struct findings settings_findings;

/* The file is missing: that is fine unless somebody named it. */
static int settings_missing(const char *path, struct error *err)
{
	if (globals.config != NULL)
		return error_set(err, ERROR_SETTINGS,
			"cannot open '%s': there is no such settings file", path);
	if (globals.project != NULL && strcmp(globals.project, "default") != 0)
		return error_set(err, ERROR_SETTINGS,
			"no settings for project '%s': '%s' does not exist; make it with "
			"'trapkit config --init --project %s'",
			globals.project, path, globals.project);
	return 0;
}

/* A row that a file of this name filled with a secret. */
static bool file_gave_secret(enum origin_level level)
{
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++)
		if ((all[i]->marks & OPTION_SECRET) != 0 && option_level(all[i]) == level &&
			*all[i]->text != NULL)
			return true;
	return false;
}

static void check_mode(const char *path, enum origin_level level, struct findings *findings)
{
	struct stat info;
	char *text;

	if (!file_gave_secret(level) || stat(path, &info) != 0 ||
		(info.st_mode & (S_IRGRP | S_IROTH)) == 0)
		return;
	text = xasprintf(
		"'%s' holds a password and others can read it: run 'chmod 600 %s'", path, path);
	string_list_add(&findings->warnings, text);
	free(text);
}

static int load_file(struct findings *findings, struct error *err)
{
	char *path = settings_path();
	char *text = NULL;
	size_t length;
	int status = -1;

	if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
		status = settings_missing(path, err);
	} else if (read_whole_file(path, TOML_LARGEST, &text, &length, err) != 0) {
		err->kind = ERROR_SETTINGS;
	} else if (settings_load_text(path, text, length, findings, err) == 0) {
		check_mode(path, ORIGIN_FILE, findings);
		status = 0;
	}
	free(text);
	free(path);
	return status;
}

static int load_env_file(struct findings *findings, struct error *err)
{
	const char *path = globals.env_file;
	char *text = NULL;
	size_t length;
	int status = -1;

	if (path == NULL)
		return 0;
	if (read_whole_file(path, LARGEST_ENV, &text, &length, err) != 0) {
		err->kind = ERROR_SETTINGS;
	} else if (settings_load_env(path, text, length, findings, err) == 0) {
		check_mode(path, ORIGIN_ENV_FILE, findings);
		status = 0;
	}
	free(text);
	return status;
}

static void nearest_setting(const char *name, struct error *err)
{
	const struct option *const *all = options_all();
	struct string_list names = {0};
	char *shown = text_escape(name);
	const char *nearest;

	for (size_t i = 0; all[i] != NULL; i++)
		if (all[i]->section != NULL) {
			char *key = option_key(all[i]);
			char *whole = xasprintf("%s.%s", all[i]->section, key);

			string_list_add(&names, whole);
			free(whole);
			free(key);
		}
	ARRAY_APPEND(&names, NULL);
	nearest = text_nearest(name, (const char *const *)names.items);
	names.count--;
	if (nearest != NULL)
		error_set(err, ERROR_USAGE, "unknown setting '%s': did you mean '%s'?", shown,
			nearest);
	else
		error_set(
			err, ERROR_USAGE, "unknown setting '%s': see 'trapkit config show'", shown);
	string_list_release(&names);
	free(shown);
}

int settings_find(const char *name, const struct option **row, struct error *err)
{
	const char *dot = strchr(name, '.');
	const struct synonym *synonym;
	char *section;

	*row = NULL;
	if (dot != NULL) {
		section = xstrndup(name, (size_t)(dot - name));
		*row = option_find_setting(section, dot + 1, 0);
		synonym = synonym_of_setting(section, dot + 1);
		if (*row == NULL && synonym != NULL && synonym->kind == SYNONYM_RENAMED)
			*row = option_find_setting(synonym->new_section, synonym->new_key, 0);
		free(section);
	}
	if (*row != NULL)
		return 0;
	nearest_setting(name, err);
	return -1;
}

static int apply_set(const char *assignment, struct error *err)
{
	const char *equals = strchr(assignment, '=');
	const struct option *row;
	struct origin origin = {.level = ORIGIN_SET};
	char *name, *key, *blame;
	int status = -1;

	if (equals == NULL)
		return error_set(
			err, ERROR_USAGE, "--set: '%s' is not SECTION.KEY=VALUE", assignment);
	name = xstrndup(assignment, (size_t)(equals - assignment));
	blame = xasprintf("--set %s", name);
	origin.text = blame;
	if (settings_take_secret_source(name, equals + 1, &origin)) {
		status = 0;
	} else if (settings_find(name, &row, err) == 0) {
		if ((row->marks & OPTION_SECRET) != 0)
			error_set(err, ERROR_USAGE,
				"%s: a secret on the command line is seen by everybody on this "
				"machine: use %s__%s in the environment, or the settings file",
				blame, row->section, row->name);
		else
			status = 0;
		key = option_key(row);
		for (size_t n = 0;
			status == 0 && (row = option_find_setting(row->section, key, n)) != NULL;
			n++)
			status = option_set(row, equals + 1, &origin, err);
		free(key);
	}
	free(blame);
	free(name);
	return status;
}

int settings_load(struct error *err)
{
	struct string_list set = {0};
	int status = 0;

	if (load_file(&settings_findings, err) != 0 || load_env_file(&settings_findings, err) != 0)
		return -1;
	settings_load_environment(&settings_findings);
	/* A copy: --set may set a row of the table that holds the list. */
	for (size_t i = 0; i < globals.set.count; i++)
		string_list_add(&set, globals.set.items[i]);
	for (size_t i = 0; status == 0 && i < set.count; i++)
		status = apply_set(set.items[i], err);
	string_list_release(&set);
	return status;
}
