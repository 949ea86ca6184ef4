/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit export: a Camtrap DP package, fetched from TRAPPER or built from folders. */
#include "cli/export.h"
#include "cli/command.h"
#include "cli/general.h"

struct export_settings export_settings;

static bool local;

static const struct option options[] = {
	{.name = "output",
		.value = "FILE|DIR",
		.file = &export_settings.output,
		.help = "Write the package there."},
	{.name = "overwrite",
		.flag = &export_settings.overwrite,
		.fallback = "false",
		.help = "Replace a package that is there."},
	{.name = "local",
		.flag = &local,
		.fallback = "false",
		.help = "Build the package from folders, without a server."},
	{0},
};

static const struct option *const tables[] = {options, export_server_options, export_local_options,
	general_options, network_options, NULL};

static int run(struct session *session, struct error *err)
{
	if (local && session->argument_count > 0)
		return error_set(err, ERROR_USAGE,
			"'%s' is a project on the server, --local builds from folders: give one of "
			"the two",
			session->arguments[0]);
	if (!local && session->argument_count == 0)
		return error_set(err, ERROR_USAGE,
			"give the number of a classification project ('trapkit helpers "
			"classification_projects' lists them), or --local");
	return local ? export_from_folders(session, err) : export_from_server(session, err);
}

const struct command command_export = {
	.name = "export",
	.summary = "Fetch a Camtrap DP package from TRAPPER, or build one",
	.arguments = "[PROJECT]",
	.minimum = 0,
	.maximum = 1,
	.description =
		"Asks TRAPPER for the Camtrap DP package of the classification project with this "
		"number, downloads it and checks it. The server may take several minutes to put it "
		"together; it keeps packages, so that the same request again is answered at once.",
	.examples = "# All that is approved in classification project 123\n"
		    "$ trapkit export 123\n",
	.options = tables,
	.run = run,
};
