/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit export: a Camtrap DP package, fetched from TRAPPER or built from folders. */
#include "cli/export.h"
#include "cli/command.h"
#include "cli/general.h"
#include "cli/options.h"

struct export_settings export_settings;

static bool local;

static const char package_group[] = "What the package holds";
static const char metadata_group[] = "What the package says of itself";

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
	{.name = "export-filetype",
		.section = "EXPORT",
		.value = "TYPE",
		.text = &export_settings.filetype,
		.fallback = "csv.gz",
		.group = package_group,
		.help = "Have tables of this type: csv.gz, csv, or what else the server knows."},
	{.name = "exclude-blank",
		.section = "EXPORT",
		.flag = &export_settings.exclude_blank,
		.fallback = "false",
		.group = package_group,
		.help = "Leave blank observations out."},
	{.name = "private-human",
		.section = "EXPORT",
		.flag = &export_settings.private_human,
		.fallback = "true",
		.group = package_group,
		.help = "Mark files with people on them as not public."},
	{.name = "private-vehicle",
		.section = "EXPORT",
		.flag = &export_settings.private_vehicle,
		.fallback = "true",
		.group = package_group,
		.help = "Mark files with vehicles on them as not public."},
	{.name = "private-species",
		.section = "EXPORT",
		.value = "NAME",
		.list = &export_settings.private_species,
		.group = package_group,
		.help = "Mark files with this species on them as not public; repeatable."},
	{.name = "name",
		.section = "EXPORT",
		.value = "NAME",
		.text = &export_settings.name,
		.group = metadata_group,
		.help = "Name the package, in lower case: winter_survey_2024."},
	{.name = "version-id",
		.section = "EXPORT",
		.value = "TEXT",
		.text = &export_settings.version,
		.fallback = "1.0",
		.group = metadata_group,
		.help = "Give the package this version."},
	{.name = "title",
		.section = "EXPORT",
		.value = "TEXT",
		.text = &export_settings.title,
		.group = metadata_group,
		.help = "Give the package this title."},
	{.name = "description",
		.section = "EXPORT",
		.value = "TEXT",
		.text = &export_settings.description,
		.group = metadata_group,
		.help = "Describe what the package holds."},
	{.name = "keywords",
		.section = "EXPORT",
		.value = "A,B",
		.list = &export_settings.keywords,
		.group = metadata_group,
		.help = "Give the package these keywords."},
	{0},
};

static const struct option *const tables[] = {options, export_local_options, export_server_options,
	timezone_options, general_options, network_options, NULL};

/* An option of the other half would be heeded by nobody. */
static int refuse_rows(const struct option *rows, const char *where, struct error *err)
{
	for (; rows->name != NULL; rows++)
		if (option_level(rows) == ORIGIN_COMMAND_LINE)
			return error_set(err, ERROR_USAGE, "--%s is for packages that are %s",
				rows->name, where);
	return 0;
}

static int run(struct session *session, struct error *err)
{
	if (local && session->argument_count > 0)
		return error_set(err, ERROR_USAGE,
			"'%s' is a project on the server, --local builds from folders: give one of "
			"the two",
			session->arguments[0]);
	if (local || export_writes_metadata())
		return refuse_rows(export_server_options, "fetched from a server", err) != 0
			? -1
			: export_from_folders(session, err);
	if (session->argument_count == 0)
		return error_set(err, ERROR_USAGE,
			"give the number of a classification project ('trapkit helpers "
			"classification_projects' lists them), or --local");
	if (refuse_rows(export_local_options, "built with --local", err) != 0)
		return -1;
	return export_from_server(session, err);
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
		"answered at once, unless --clear-cache has it made anew. --release has the server "
		"keep it as a released version, which --get-released fetches later.\n"
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
		"Exits 3 when the package was written and breaks the Camtrap DP standard.\n"
		"\n"
		"With --local no server is asked: the package, of Camtrap DP 1.0.2, is built from "
		"the folders of the data path, a table of deployments ('trapkit template --columns "
		"full' makes it; latitude and longitude must be filled in), what a detector saw, "
		"and a metadata file, which --init-metadata writes to be filled in. --output is a "
		"folder, or a ZIP when its name ends with .zip. Known files are not read again. "
		"The same input gives the same bytes; 'created' is the time of the newest input "
		"unless --created says when.\n"
		"\n"
		"Detections are taken from results in MegaDetector's batch format ('trapkit "
		"detect', MegaDetector and SpeciesNet's converter write it), matched by path "
		"whatever folder the detector was started in; of a file that is in several results "
		"the last one counts. Without --detections, those that 'trapkit detect' left in "
		"the data path are taken. Each box at or over the threshold is an observation of "
		"level 'media'. A file without any is 'blank', or 'unknown' when a box comes near: "
		"at or over the detector's conservative threshold, or half of the usual one where "
		"the results tell none. One that the detector did not look at is 'unclassified'. "
		"Scientific names come from the classifier's taxonomy or from [classes] in the "
		"metadata file, which also takes the detector's own words: animal = \"Animalia\" "
		"gives GBIF a name where there is no other.\n"
		"\n"
		"Files of a deployment with something on them, and the others of their burst (up "
		"to 10 seconds apart), make one event until nothing is seen for --event-interval. "
		"An event has a row for each type and name, with the greatest number seen at once. "
		"Events never overlap, so that their counts can be added up; GBIF reads these "
		"rows.\n"
		"\n"
		"Files with people or vehicles on them, and unknown ones, are marked as not "
		"public, see --no-private-human; --exclude-human leaves those with people out. "
		"--coordinate-precision rounds positions in the tables; the pictures' own EXIF, if "
		"they are published, still has them. Media go to media/ as hard links, copies with "
		"--copy-media, or not at all with --no-media, as in a ZIP; when --output is a "
		"folder that holds the data path, they stay, and the paths lead to them. Where "
		"'convert --blur' holds, the covered copies go instead, files without one are left "
		"out with the exit status 1, and --output must not hold the data path.\n"
		"\n"
		"For GBIF the metadata need a contact, a rightsHolder and a publisher, and "
		"licences for data and media. Check the package with 'trapkit validate'.",
	.examples = "# All that is approved in classification project 123\n"
		    "$ trapkit export 123\n"
		    "# For GBIF: with events, without blanks, under licences\n"
		    "$ trapkit export 123 --include-events --exclude-blank --licenses "
		    "CC0-1.0,CC-BY-4.0\n"
		    "# Every night, into a folder for R\n"
		    "$ trapkit export 123 --extract --output survey --overwrite -q\n"
		    "# From folders, without a server\n"
		    "$ trapkit export --init-metadata --data-path /data\n"
		    "$ trapkit template --data-path /data --columns full --timezone Europe/Warsaw\n"
		    "$ trapkit export --local --data-path /data --timezone Europe/Warsaw \\\n"
		    "    --detections md.json --output survey.zip\n",
	.related = "trapkit-detect 1, trapkit-template 1, trapkit-validate 1",
	.options = tables,
	.run = run,
};
