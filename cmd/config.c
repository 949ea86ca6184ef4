/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit config: makes, shows, checks and changes the settings file. */
#include "cli/cameras.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/console.h"
#include "cli/describe.h"
#include "cli/general.h"
#include "cli/globals.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct {
	bool init, overwrite, origin, online, reveal;
	char *template;
} chosen;

/* Nothing here stops at wrong settings: they are told, and the command goes on. */
static void tell_findings(struct session *session)
{
	for (size_t i = 0; i < settings_findings.warnings.count; i++)
		console_warning(session->console, "%s", settings_findings.warnings.items[i]);
	for (size_t i = 0; i < settings_findings.errors.count; i++)
		console_warning(session->console, "%s", settings_findings.errors.items[i]);
}

static int run_path(struct session *session, struct error *err)
{
	char *path = settings_path();

	(void)err;
	console_result(session->console, "%s\n", path);
	cJSON_AddStringToObject(session->result, "path", path);
	cJSON_AddBoolToObject(session->result, "exists", access(path, F_OK) == 0);
	free(path);
	return 0;
}

/* ---- list ---- */

static int is_project(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
		strcmp(entry->d_name + length - 5, ".toml") == 0;
}

static int run_list(struct session *session, struct error *err)
{
	cJSON *projects = cJSON_AddArrayToObject(session->result, "projects");
	char *folder = settings_folder();
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_project, alphasort);

	(void)err;
	cJSON_AddStringToObject(session->result, "folder", folder);
	if (count <= 0)
		console_note(session->console,
			"no project settings in '%s': make them with 'trapkit config --init'",
			folder);
	for (int i = 0; i < count; i++) {
		char *name = xstrndup(entries[i]->d_name, strlen(entries[i]->d_name) - 5);
		char *shown = text_escape(name);

		console_result(session->console, "%s\n", shown);
		cJSON_AddItemToArray(projects, cJSON_CreateString(shown));
		free(shown);
		free(name);
		free(entries[i]);
	}
	free(entries);
	free(folder);
	return 0;
}

/* ---- show and get ---- */

static cJSON *json_value(const struct option *row, bool reveal)
{
	char *text = option_text(row, reveal);
	cJSON *value;

	if (text == NULL)
		value = cJSON_CreateNull();
	else if (row->flag != NULL)
		value = cJSON_CreateBool(*row->flag);
	else if (row->number != NULL || row->size != NULL || row->duration != NULL)
		value = cJSON_CreateNumber(strtod(text, NULL));
	else if (row->list != NULL)
		value = cJSON_CreateStringArray(
			(const char *const *)row->list->items, (int)row->list->count);
	else
		value = cJSON_CreateString(text);
	free(text);
	return value;
}

static void show_row(struct session *session, const struct option *row, cJSON *members)
{
	char *key = option_key(row);
	char *literal = option_literal(row, false);

	if (literal != NULL && chosen.origin)
		console_result(
			session->console, "%s = %s  # %s\n", key, literal, option_origin(row));
	else if (literal != NULL)
		console_result(session->console, "%s = %s\n", key, literal);
	if (chosen.origin) {
		cJSON *both = cJSON_AddObjectToObject(members, key);

		cJSON_AddItemToObject(both, "value", json_value(row, false));
		cJSON_AddStringToObject(both, "origin", option_origin(row));
	} else {
		cJSON_AddItemToObject(members, key, json_value(row, false));
	}
	free(literal);
	free(key);
}

static int run_show(struct session *session, struct error *err)
{
	const struct option *const *all = options_all();
	cJSON *sections = cJSON_AddObjectToObject(session->result, "settings");
	bool first = true;

	tell_findings(session);
	for (size_t s = 0; setting_sections[s] != NULL; s++) {
		cJSON *members = NULL;

		for (size_t i = 0; all[i] != NULL; i++) {
			if (!option_is_first_of_setting(all[i]) ||
				strcasecmp(all[i]->section, setting_sections[s]) != 0)
				continue;
			if (members == NULL) {
				console_result(session->console, "%s[%s]\n", first ? "" : "\n",
					setting_sections[s]);
				members = cJSON_AddObjectToObject(sections, setting_sections[s]);
				first = false;
			}
			show_row(session, all[i], members);
		}
	}
	if (settings_findings.errors.count > 0)
		return error_set(err, ERROR_SETTINGS,
			"the settings file is wrong, see above: 'trapkit config edit' opens it");
	return 0;
}

static int run_get(struct session *session, struct error *err)
{
	const struct option *row;
	char *text = NULL;
	int status = -1;

	if (settings_find(session->arguments[0], &row, err) != 0)
		return -1;
	tell_findings(session);
	if ((row->marks & OPTION_SECRET) != 0 && chosen.reveal) {
		char *setting = xasprintf("%s.%s", row->section, row->name);
		int failed = secret_need(session, setting, NULL, err);

		free(setting);
		if (failed != 0)
			return -1;
	}
	text = option_text(row, chosen.reveal);
	if (text == NULL) {
		error_set(err, ERROR_INPUT, "%s is not set", session->arguments[0]);
	} else {
		console_result(session->console, "%s\n", text);
		cJSON_AddStringToObject(session->result, "key", session->arguments[0]);
		cJSON_AddItemToObject(session->result, "value", json_value(row, chosen.reveal));
		cJSON_AddStringToObject(session->result, "origin", option_origin(row));
		status = 0;
	}
	free(text);
	return status;
}

/* ---- check ---- */

static void add_problem(cJSON *problems, const char *severity, const char *message)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "severity", severity);
	cJSON_AddStringToObject(item, "message", message);
	cJSON_AddItemToArray(problems, item);
}

/* What the rows cannot say of themselves. */
static void check_meaning(struct findings *findings)
{
	static const char *const schemes[] = {"http://", "https://"};
	const char *host = general.host;

	if (host != NULL && strncmp(host, schemes[0], 7) != 0 && strncmp(host, schemes[1], 8) != 0)
		string_list_add(&findings->errors,
			"GENERAL.host must begin with https:// (or http:// for a test server on "
			"this machine)");
	if (host == NULL)
		string_list_add(&findings->warnings,
			"GENERAL.host is not set: nothing can be checked or uploaded");
	if (general.login != NULL && strchr(general.login, '@') == NULL)
		string_list_add(&findings->warnings,
			"GENERAL.login has no '@': TRAPPER logs in by e-mail address");
	if (general.ca_file != NULL && access(general.ca_file, R_OK) != 0) {
		char *text = xasprintf("GENERAL.ca_file: cannot read '%s'", general.ca_file);

		string_list_add(&findings->errors, text);
		free(text);
	}
}

static int run_check(struct session *session, struct error *err)
{
	cJSON *problems = cJSON_AddArrayToObject(session->result, "problems");
	struct findings *findings = &settings_findings;
	char *path = settings_path();

	check_meaning(findings);
	cameras_find_errors(&findings->errors);
	if (access(path, F_OK) != 0)
		console_note(session->console, "there is no settings file '%s'", path);
	for (size_t i = 0; i < findings->warnings.count; i++) {
		console_warning(session->console, "%s", findings->warnings.items[i]);
		add_problem(problems, "warning", findings->warnings.items[i]);
	}
	for (size_t i = 0; i < findings->errors.count; i++) {
		console_error(session->console, findings->errors.items[i]);
		add_problem(problems, "error", findings->errors.items[i]);
	}
	if (findings->errors.count == 0)
		console_print(session->console, "Settings are in order: %s\n", path);
	else
		error_set(err, ERROR_SETTINGS,
			"%zu mistake%s to be put right in '%s' or the camera profiles beside it",
			findings->errors.count, findings->errors.count == 1 ? " has" : "s have",
			path);
	free(path);
	if (err->kind != ERROR_NONE)
		return -1;
	if (!chosen.online)
		return 0;
	if (connection_check == NULL)
		return error_set(
			err, ERROR_UNAVAILABLE, "the connection test is not part of this build");
	return connection_check(session, err);
}

/* ---- set, edit, init ---- */

static int run_set(struct session *session, struct error *err)
{
	return config_set(session, session->arguments[0],
		session->argument_count > 1 ? session->arguments[1] : NULL, err);
}

static int run_init(struct session *session, struct error *err)
{
	if (!chosen.init)
		return error_set(err, ERROR_USAGE,
			"say what to do: --init, show, check, list, path, get, set or edit");
	return config_init(session, chosen.template, chosen.overwrite, err);
}

static const struct option origin_options[] = {
	{.name = "origin", .flag = &chosen.origin, .help = "Tell where each value came from."},
	{0},
};
static const struct option online_options[] = {
	{.name = "online",
		.flag = &chosen.online,
		.help = "Test the connection to the server too."},
	{0},
};
static const struct option reveal_options[] = {
	{.name = "reveal", .flag = &chosen.reveal, .help = "Show a password or token as it is."},
	{0},
};
static const struct option init_options[] = {
	{.name = "init", .flag = &chosen.init, .help = "Make the settings file, mode 0600."},
	{.name = "template",
		.value = "FILE",
		.file = &chosen.template,
		.help = "Begin with a copy of FILE instead of the commented defaults."},
	{.name = "overwrite",
		.flag = &chosen.overwrite,
		.help = "Replace a settings file that is there already."},
	{0},
};

static const struct option *const origin_tables[] = {origin_options, NULL};
static const struct option *const online_tables[] = {
	online_options, general_options, network_options, NULL};
static const struct option *const reveal_tables[] = {reveal_options, NULL};
static const struct option *const init_tables[] = {init_options, NULL};

static const struct command config_show = {
	.name = "show",
	.summary = "Print all settings; secrets stay hidden",
	.examples = "# Which value counts, and where does it come from?\n"
		    "$ trapkit config show --origin\n",
	.options = origin_tables,
	.run = run_show,
};
static const struct command config_check = {
	.name = "check",
	.summary = "Check the settings, and the connection with --online",
	.description = "Reads the settings file, the environment, and the camera profiles: the "
		       "[[CAMERA]] sections of the settings file and the files profiles/*.toml "
		       "beside it. Mistakes are told with file and line.",
	.examples = "# Is everything in order before going to the field?\n"
		    "$ trapkit config check --online\n",
	.options = online_tables,
	.run = run_check,
};
static const struct command config_list = {
	.name = "list",
	.summary = "List the projects that have settings",
	.examples = "# Which projects are there?\n$ trapkit config list\n",
	.run = run_list,
};
static const struct command config_path = {
	.name = "path",
	.summary = "Print where the settings file is",
	.examples = "# Where are the settings of the project 'winter'?\n"
		    "$ trapkit config path --project winter\n",
	.run = run_path,
};
static const struct command config_get = {
	.name = "get",
	.summary = "Print one setting",
	.arguments = "SECTION.KEY",
	.minimum = 1,
	.maximum = 1,
	.examples = "# Which server?\n$ trapkit config get GENERAL.host\n",
	.options = reveal_tables,
	.run = run_get,
};
static const struct command config_set_command = {
	.name = "set",
	.summary = "Change one setting; comments and order stay",
	.description = "Change one setting in the settings file; comments and order stay as they "
		       "are. Lists are given with commas. A secret is never taken from the command "
		       "line: leave VALUE out to be asked for it, or give - to have it read from "
		       "standard input.",
	.arguments = "SECTION.KEY [VALUE|-]",
	.minimum = 1,
	.maximum = 2,
	.examples = "# Another time zone for the cameras\n"
		    "$ trapkit config set PACKAGE.timezone Europe/Stockholm\n"
		    "# The password, typed without being shown\n"
		    "$ trapkit config set GENERAL.password\n",
	.run = run_set,
};
static const struct command config_edit_command = {
	.name = "edit",
	.summary = "Open the settings file in an editor",
	.description = "Open a copy of the settings file in $VISUAL or $EDITOR. What comes back is "
		       "checked first: a file with mistakes is offered for another round, and is "
		       "never installed.",
	.examples = "# Change settings with your editor\n$ trapkit config edit\n",
	.run = config_edit,
};

static const struct command *const subcommands[] = {&config_show, &config_check, &config_list,
	&config_path, &config_get, &config_set_command, &config_edit_command, NULL};

const struct command command_config = {
	.name = "config",
	.summary = "Make, show, check and change the settings file",
	.description =
		"Make, show, check and change the settings file of a project. It is TOML, and lies "
		"in ~/.trapper-tools/PROJECT.toml unless --settings-dir or --config say otherwise; "
		"a file made for trapper-tools is read as it is.\n\n"
		"With --init on a terminal, trapkit asks for server, login and project; with "
		"--env-file, the values of that file are put in. All keys are described in "
		"trapkit-config(5).",
	.examples = "# Make ~/.trapper-tools/default.toml\n"
		    "$ trapkit config --init\n"
		    "# Change one setting\n"
		    "$ trapkit config set GENERAL.host https://trapper.example.org\n",
	.related = "trapkit-helpers 1",
	.options = init_tables,
	.subcommands = subcommands,
	.run = run_init,
};
