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
		"number, downloads it and checks it. The server may take many minutes to put it "
		"together, in silence; it keeps packages, so that the same request again is "
		"answered at once, unless --clear-cache has it made anew. --release has the "
		"server keep it as a released version, which --get-released fetches later.\n"
		"\n"
		"The package appears whole or not at all, under the name that the server gives it "
		"or that of --output. When the line breaks, the same command goes on with the "
		"bytes that came; the part lies beside the output as .trapkit-export-N.part. A ZIP "
		"that is damaged, unsafe or lacks a table is refused. With --extract a folder is "
		"written instead of the ZIP.\n"
		"\n"
		"An empty package means that nothing is approved in the project (see "
		"--no-approved-only), that its deployments hold no classified resources, or that "
		"the filters leave everything out. A package that takes the server too long can be "
		"fetched in parts, with --filter-deployments, or without blanks.\n"
		"\n"
		"Exits 3 when the package was written and breaks the Camtrap DP standard.",
	.examples = "# All that is approved in classification project 123\n"
		    "$ trapkit export 123\n"
		    "# For GBIF: with events, without blanks, under licences\n"
		    "$ trapkit export 123 --include-events --exclude-blank --licenses "
		    "CC0-1.0,CC-BY-4.0\n"
		    "# Every night, into a folder for R\n"
		    "$ trapkit export 123 --extract --output survey --overwrite -q\n",
	.options = tables,
	.run = run,
};
