/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit profile: which cameras are known, and what a server would make of their files. */
#include "cli/cameras.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/file_list.h"
#include "cli/general.h"
#include "trapkit/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option table_options[] = {
	{.name = "csv",
		.flag = &camera_options.csv,
		.fallback = "false",
		.help = "Print the table as CSV."},
	{0},
};

static const struct option report_options[] = {
	{.name = "fleet",
		.flag = &camera_options.fleet,
		.fallback = "false",
		.help = "Print one row a camera: its newest report."},
	{.name = "convert",
		.flag = &camera_options.convert,
		.fallback = "false",
		.help = "Print reports of Willfine-2024 cameras in the form of 2025."},
	{0},
};

static const struct option *const profile_tables[] = {camera_profile_options, NULL};
static const struct option *const check_tables[] = {file_list_options, camera_list_options,
	table_options, camera_profile_options, timezone_options, NULL};
static const struct option *const report_tables[] = {
	report_options, file_list_options, camera_list_options, table_options, NULL};

/* ---- list and show ---- */

static char *rule_of(const struct camera_profile *profile)
{
	const char *make = camera_pattern_text(profile->make);
	const char *model = camera_pattern_text(profile->model);

	if (profile->path != NULL)
		return xasprintf("path %s", camera_pattern_text(profile->path));
	return xasprintf("%s%s%s%s%s", make == NULL ? "" : "make ", make == NULL ? "" : make,
		make != NULL && model != NULL ? ", " : "", model == NULL ? "" : "model ",
		model == NULL ? "" : model);
}

static const char *needs_of(const struct camera_profile *profile)
{
	return profile->needs_date && profile->needs_gps ? "date, gps"
		: profile->needs_date                    ? "date"
		: profile->needs_gps                     ? "gps"
							 : "-";
}

static int run_list(struct session *session, struct error *err)
{
	struct camera_profiles *profiles = cameras_load(camera_options.profiles, err);
	cJSON *array = cJSON_AddArrayToObject(session->result, "profiles");
	struct table table = {0};

	if (profiles == NULL)
		return -1;
	table_init(&table, "name", "kind", "known by", "id from", "requires", "from",
		(const char *)NULL);
	for (size_t i = 0; i < profiles->count; i++) {
		const struct camera_profile *profile = profiles->items[i];
		char *rule = rule_of(profile);
		char *source = camera_source_text(profile->id_from, profile->id_key);
		cJSON *item = cJSON_CreateObject();

		table_cell(&table, "%s", profile->name);
		table_cell(&table, "%s", profile->path != NULL ? "path" : "exif");
		table_cell(&table, "%s", rule);
		table_cell(&table, "%s", source);
		table_cell(&table, "%s", needs_of(profile));
		table_cell(&table, "%s", profile->origin);
		cameras_add_text(item, "name", profile->name);
		cJSON_AddStringToObject(item, "kind", profile->path != NULL ? "path" : "exif");
		cameras_add_text(item, "make", camera_pattern_text(profile->make));
		cameras_add_text(item, "model", camera_pattern_text(profile->model));
		cameras_add_text(item, "path", camera_pattern_text(profile->path));
		cameras_add_text(item, "id", source);
		cJSON_AddBoolToObject(item, "requires_date", profile->needs_date);
		cJSON_AddBoolToObject(item, "requires_gps", profile->needs_gps);
		cameras_add_text(item, "origin", profile->origin);
		cJSON_AddItemToArray(array, item);
		free(source);
		free(rule);
	}
	console_table(session->console, &table);
	table_release(&table);
	camera_profiles_free(profiles);
	return 0;
}

static int no_such_profile(
	const struct camera_profiles *profiles, const char *name, struct error *err)
{
	const char **names = xcalloc(profiles->count + 1, sizeof *names);
	const char *nearest;

	for (size_t i = 0; i < profiles->count; i++)
		names[i] = profiles->items[i]->name;
	nearest = text_nearest(name, names);
	if (nearest != NULL)
		error_set(err, ERROR_INPUT, "no camera profile '%s': did you mean '%s'?", name,
			nearest);
	else
		error_set(err, ERROR_INPUT,
			"no camera profile '%s': 'trapkit profile list' shows them", name);
	free(names);
	return -1;
}

static int run_show(struct session *session, struct error *err)
{
	struct camera_profiles *profiles = cameras_load(camera_options.profiles, err);
	const struct camera_profile *profile;
	int status = 0;
	char *text;

	if (profiles == NULL)
		return -1;
	profile = camera_profile_find(profiles, session->arguments[0]);
	if (profile == NULL) {
		status = no_such_profile(profiles, session->arguments[0], err);
	} else {
		text = camera_profile_show(profile);
		console_result(session->console, "# %s\n%s", profile->origin, text);
		cJSON_AddStringToObject(session->result, "name", profile->name);
		cameras_add_text(session->result, "origin", profile->origin);
		cJSON_AddStringToObject(session->result, "toml", text);
		free(text);
	}
	camera_profiles_free(profiles);
	return status;
}

/* ---- draft ---- */

static int run_draft(struct session *session, struct error *err)
{
	struct camera_draft *draft = camera_draft_new();
	int status = 0;
	char *text;

	for (size_t i = 0; i < session->argument_count && status == 0; i++) {
		const char *path = session->arguments[i];
		int fd = camera_open(AT_FDCWD, path);

		if (fd < 0) {
			status = error_errno(err, "cannot open '%s'", path);
			break;
		}
		status = camera_draft_add(draft, path, fd, err);
		close(fd);
	}
	if (status == 0) {
		text = camera_draft_finish(draft);
		console_result(session->console, "%s", text);
		cJSON_AddStringToObject(session->result, "toml", text);
		free(text);
	}
	camera_draft_free(draft);
	return status;
}

static const struct command list_command = {
	.name = "list",
	.summary = "List the camera profiles, built in and your own",
	.examples = "# Which cameras are known?\n$ trapkit profile list\n",
	.options = profile_tables,
	.run = run_list,
};

static const struct command show_command = {
	.name = "show",
	.summary = "Show a profile as a [[CAMERA]] section",
	.arguments = "NAME",
	.minimum = 1,
	.maximum = 1,
	.examples = "# As a start for one of your own\n$ trapkit profile show Willfine-2025\n",
	.options = profile_tables,
	.run = run_show,
};

static const struct command check_command = {
	.name = "check",
	.summary = "Say what an AddaxAI Connect server would make of pictures and reports",
	.arguments = "FILE|DIR…",
	.maximum = SIZE_MAX,
	.description =
		"Tells for each file the camera profile, the camera's id, date and position, what "
		"the camera noted (temperature, moon, battery, trigger, sequence), and whether the "
		"server would take it; if not, the server's own name for the reason. Nothing is "
		"sent, and of a picture only the head is read.\n\n"
		"A folder stands for the server's upload folder: profiles that go by the path see "
		"the path below it. A single file counts with the path given, or with its bare "
		"name when that path is absolute or leads upwards.\n\n"
		"With --registered a camera that is not in the list is unknown_camera; with "
		"--timezone dates carry their offset and an EXIF offset that differs is told. A "
		"file that would stop the server is crashes_server.\n\n"
		"Exits 3 when a file would be refused, 1 when one could not be read. Reasons, and "
		"how to write a profile: trapkit-cameras(5).",
	.examples = "# A card, before it is sent\n"
		    "$ trapkit profile check /media/card --registered cameras.csv\n"
		    "# As a table for a spreadsheet\n"
		    "$ trapkit profile check /media/card --csv > check.csv\n",
	.options = check_tables,
	.run = cameras_check,
};

static const struct command report_command = {
	.name = "report",
	.summary = "Decode the daily reports of cameras",
	.arguments = "FILE.txt|DIR…",
	.maximum = SIZE_MAX,
	.description =
		"Reads the text files that Willfine and Swift Enduro cameras send once a day: "
		"signal (0 to 31: below 10 poor, from 20 good), temperature, battery, card, "
		"pictures taken and sent, position. With --fleet each camera has one row, of its "
		"newest report: when it was last seen, and in which state. Of a folder every "
		".txt below it is read.\n\n"
		"Exits 3 when the server would refuse one.",
	.examples = "# Which cameras need new batteries?\n"
		    "$ trapkit profile report --fleet reports\n",
	.options = report_tables,
	.run = cameras_report,
};

static const struct command draft_command = {
	.name = "draft",
	.summary = "Write a [[CAMERA]] section to start from, by sample pictures",
	.arguments = "SAMPLE…",
	.minimum = 1,
	.maximum = SIZE_MAX,
	.description =
		"Looks where make and model, an id of the camera, date and position are in the "
		"samples, and prints a section for the settings file, with comments on what was "
		"found. Give several pictures of at least two cameras: what is the same in all "
		"pictures of one and differs between them is an id.",
	.examples = "# From two pictures\n"
		    "$ trapkit profile draft IMG_0001.JPG IMG_0002.JPG > mine.toml\n",
	.run = run_draft,
};

static const struct command *const subcommands[] = {
	&list_command, &show_command, &check_command, &report_command, &draft_command, NULL};

const struct command command_profile = {
	.name = "profile",
	.summary = "Check pictures and reports as a camera's server would; list camera profiles",
	.description = "A camera profile says how the files of a camera model are recognised and "
		       "where the camera's id, date and position are in them. Three are built in: "
		       "those of AddaxAI Connect. Your own are [[CAMERA]] sections of the settings "
		       "file, or files in the folder 'profiles' beside it: trapkit-cameras(5).",
	.examples = "# What would the server refuse of this card, and why?\n"
		    "$ trapkit profile check /media/card\n",
	.related = "trapkit-upload 1, trapkit-cameras 5",
	.subcommands = subcommands,
};
