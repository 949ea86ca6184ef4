/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit helpers: what is installed, whether the server can be reached, and what is on it. */
#include "cli/command.h"
#include "cli/console.h"
#include "cli/destination.h"
#include "cli/detection.h"
#include "cli/general.h"
#include "cli/options.h"
#include "cli/server.h"
#include "trapkit/film.h"
#include "trapkit/lazy_library.h"
#include "trapkit/package.h"
#include "trapkit/rendition.h"
#include "trapkit/timestamp.h"
#include "trapkit/transfer.h"
#include "trapkit/trapper.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	bool csv;
	long research_project;
} settings;

static const struct option csv_options[] = {
	{.name = "csv",
		.flag = &settings.csv,
		.fallback = "false",
		.help = "Print the table as CSV."},
	{0},
};

static const struct option filter_options[] = {
	{.name = "research-project",
		.value = "N",
		.number = &settings.research_project,
		.minimum = 1,
		.maximum = LONG_MAX,
		.help = "List only what belongs to the research project with this number."},
	{0},
};

static const struct option *const list_tables[] = {
	csv_options, general_options, network_options, NULL};
static const struct option *const filter_tables[] = {
	csv_options, filter_options, general_options, network_options, NULL};
static const struct option *const connection_tables[] = {
	destination_options, project_id_options, general_options, network_options, NULL};

static void show(struct session *session, struct table *table)
{
	if (settings.csv)
		console_csv(session->console, table);
	else
		console_table(session->console, table);
	table_release(table);
}

/* ---- what is installed ---- */

/* Libraries that tell their version in a function without arguments. */
static const struct library {
	const char *name, *soname, *package, *symbol;
} libraries[] = {
	{"libyaml", "libyaml-0.so.2", "libyaml-0-2", "yaml_get_version_string"},
	{"SQLite", "libsqlite3.so.0", "libsqlite3-0", "sqlite3_libversion"},
};

struct tools {
	struct session *session;
	cJSON *array;
	struct table table;
	unsigned missing;
};

static void tool(struct tools *tools, const char *name, const char *status, const char *text)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "status", status);
	cJSON_AddStringToObject(item, "message", text);
	cJSON_AddItemToArray(tools->array, item);
	table_cell(&tools->table, "%s", status);
	table_cell(&tools->table, "%s", name);
	table_cell(&tools->table, "%s", text);
	tools->missing += strcmp(status, "MISSING") == 0;
}

static void tell_version(
	struct tools *tools, const char *name, const char *version, const struct error *err)
{
	tool(tools, name, version == NULL ? "MISSING" : "ok",
		version == NULL ? err->message : version);
}

static void tell_library(struct tools *tools, const struct library *library)
{
	const char *(*version)(void) = NULL;
	const struct lazy_symbol symbol = {library->symbol, &version};
	struct error err = {0};
	bool there = lazy_library_load(library->soname, library->package, &symbol, 1, &err) == 0;

	tell_version(tools, library->name, there ? version() : NULL, &err);
}

static void tell_libzip(struct tools *tools)
{
	struct error err = {0};
	const char *version = zip_version(&err);

	tell_version(tools, "libzip", version, &err);
}

/* What decodes and encodes pictures and videos. */
static void tell_media(struct tools *tools)
{
	struct error err = {0};
	const char *found = rendition_library(&err) == 0 ? "found" : NULL;

	tell_version(tools, "libjpeg-turbo", found, &err);
	tell_version(tools, "libav", film_library_version(&err), &err);
}

/* "OpenSSL 3.0.2 …" and "libcurl 7.88.1 (…)", a line each; a missing one says so in brackets. */
static void tell_transfer(struct tools *tools)
{
	char *lines = transfer_versions();
	char *rest = lines;

	while (*rest != '\0') {
		char *line = rest;
		size_t name;

		rest += strcspn(rest, "\n");
		if (*rest != '\0')
			*rest++ = '\0';
		name = strcspn(line, " :");
		if (strstr(line, "apt install") != NULL) {
			tool(tools, strstr(line, "libcurl") != NULL ? "libcurl" : "OpenSSL",
				"MISSING", line);
			continue;
		}
		if (line[name] != '\0')
			line[name++] = '\0';
		tool(tools, line, "ok", line + name);
	}
	free(lines);
}

static void tell_zones(struct tools *tools)
{
	struct error err = {0};
	struct zone *zone = zone_open("Europe/Warsaw", &err);

	if (zone == NULL)
		tool(tools, "time zones", "MISSING",
			"the time zone data is not installed: apt install tzdata");
	else
		tool(tools, "time zones", "ok", "Europe/Warsaw found");
	zone_free(zone);
}

static void tell_model(struct tools *tools, const struct detector_settings *chosen)
{
	struct error err = {0};
	struct detector *detector = detector_open(chosen, &err);
	const struct detector_info *info;
	char *text;

	if (detector == NULL) {
		tool(tools, "model", "MISSING", err.message);
		return;
	}
	info = detector_info(detector);
	text = xasprintf("%s: %s, pictures of %u, on the %s", info->model,
		detector_layout_names[info->layout], info->image_size, info->device);
	tool(tools, "model", "ok", text);
	free(text);
	detector_close(detector);
}

/* Detection is optional: without a runtime it is a note, unless a model is set. */
static void tell_detection(struct tools *tools)
{
	struct detector_settings chosen = {0};
	struct error err = {0}, unset = {0};
	bool wanted = detection_model(tools->session, NULL, &chosen, &unset) == 0;
	const char *version = NULL;

	if (detector_runtime(&chosen, &version, &err) != 0) {
		tool(tools, "model runtime", wanted ? "MISSING" : "absent", err.message);
	} else {
		char *text = xasprintf("ONNX Runtime %s", version);

		tool(tools, "model runtime", "ok", text);
		free(text);
	}
	if (!wanted)
		tool(tools, "model", "absent",
			"DETECT.model is not set; only 'trapkit detect' needs it");
	else if (version != NULL)
		tell_model(tools, &chosen);
	else if (access(chosen.model, R_OK) != 0)
		tool(tools, "model", "MISSING", "the file that DETECT.model names cannot be read");
	else
		tool(tools, "model", "ok", chosen.model);
}

static int run_external_tools(struct session *session, struct error *err)
{
	struct tools tools = {.session = session};
	unsigned missing;

	tools.array = cJSON_AddArrayToObject(session->result, "tools");
	table_init(&tools.table, "status", "what", "version or advice", NULL);
	tool(&tools, "trapkit", "ok", TRAPKIT_VERSION);
	tell_transfer(&tools);
	tell_libzip(&tools);
	tell_media(&tools);
	for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
		tell_library(&tools, &libraries[i]);
	tool(&tools, "cJSON", "ok", cJSON_Version());
	tell_zones(&tools);
	tell_detection(&tools);
	tool(&tools, "exiftool", "unneeded", "trapkit reads metadata itself");
	tool(&tools, "ffmpeg", "unneeded", "trapkit calls its libraries (libav), not the program");
	missing = tools.missing;
	console_table(session->console, &tools.table);
	table_release(&tools.table);
	if (missing == 0)
		return 0;
	return error_set(err, ERROR_UNAVAILABLE, "%u of what is needed %s missing", missing,
		missing == 1 ? "is" : "are");
}

/* ---- what is on the server ---- */

static int list_projects(struct session *session, enum trapper_project_kind kind, struct error *err)
{
	struct trapper *trapper = server_open(session, err);
	struct trapper_project_list list = {0};
	bool research = kind == TRAPPER_RESEARCH;
	cJSON *array = cJSON_AddArrayToObject(session->result, "projects");
	struct table table = {0};

	if (trapper == NULL || trapper_projects(trapper, kind, &list, err) != 0) {
		trapper_close(trapper);
		return -1;
	}
	if (research)
		table_init(&table, "pk", "acronym", "name", "owner", "status", NULL);
	else
		table_init(&table, "pk", "research_project", "name", "owner", "status", NULL);
	table_align_right(&table, 0);
	for (size_t i = 0; i < list.count; i++) {
		const struct trapper_project *project = &list.items[i];
		cJSON *item = cJSON_CreateObject();

		table_cell(&table, "%lld", (long long)project->pk);
		table_cell(&table, "%s", research ? project->acronym : project->research_project);
		table_cell(&table, "%s", project->name);
		table_cell(&table, "%s", project->owner);
		table_cell(&table, "%s", project->is_active ? project->status : "not active");
		cJSON_AddNumberToObject(item, "pk", (double)project->pk);
		cJSON_AddStringToObject(item, "name", project->name);
		cJSON_AddStringToObject(item, research ? "acronym" : "research_project",
			research ? project->acronym : project->research_project);
		cJSON_AddStringToObject(item, "owner", project->owner);
		cJSON_AddStringToObject(item, "status", project->status);
		cJSON_AddBoolToObject(item, "is_active", project->is_active);
		cJSON_AddItemToArray(array, item);
	}
	show(session, &table);
	if (list.count == 0)
		console_note(session->console,
			"this login sees no project: ask the owner of the project to add it, or "
			"wait until the administrator has approved a new one");
	trapper_project_list_release(&list);
	trapper_close(trapper);
	return 0;
}

static int run_research_projects(struct session *session, struct error *err)
{
	return list_projects(session, TRAPPER_RESEARCH, err);
}

static int run_classification_projects(struct session *session, struct error *err)
{
	return list_projects(session, TRAPPER_CLASSIFICATION, err);
}

/* A number as a number, anything else as null. */
static void add_degrees(cJSON *item, const char *name, const char *text)
{
	char *end = NULL;
	double value = strtod(text, &end);

	if (*text == '\0' || *end != '\0' || !(value >= -360 && value <= 360))
		cJSON_AddNullToObject(item, name);
	else
		cJSON_AddNumberToObject(item, name, value);
}

static int run_locations(struct session *session, struct error *err)
{
	struct trapper *trapper = server_open(session, err);
	struct trapper_location_list list = {0};
	cJSON *array = cJSON_AddArrayToObject(session->result, "locations");
	struct table table = {0};

	if (trapper == NULL ||
		trapper_locations(trapper, settings.research_project, &list, err) != 0) {
		trapper_close(trapper);
		return -1;
	}
	table_init(&table, "locationID", "longitude", "latitude", "timezone", "ignoreDST",
		"researchProject", NULL);
	for (size_t i = 0; i < list.count; i++) {
		const struct trapper_location *location = &list.items[i];
		cJSON *item = cJSON_CreateObject();

		table_cell(&table, "%s", location->id);
		table_cell(&table, "%s", location->longitude);
		table_cell(&table, "%s", location->latitude);
		table_cell(&table, "%s", location->timezone);
		table_cell(&table, "%s", location->ignore_dst ? "true" : "false");
		table_cell(&table, "%s", location->project);
		cJSON_AddStringToObject(item, "id", location->id);
		add_degrees(item, "longitude", location->longitude);
		add_degrees(item, "latitude", location->latitude);
		cJSON_AddStringToObject(item, "timezone", location->timezone);
		cJSON_AddBoolToObject(item, "ignore_dst", location->ignore_dst);
		cJSON_AddStringToObject(item, "research_project", location->project);
		cJSON_AddItemToArray(array, item);
	}
	show(session, &table);
	trapper_location_list_release(&list);
	trapper_close(trapper);
	return 0;
}

static int run_deployments(struct session *session, struct error *err)
{
	struct trapper *trapper = server_open(session, err);
	struct trapper_deployment_list list = {0};
	cJSON *array = cJSON_AddArrayToObject(session->result, "deployments");
	struct table table = {0};

	if (trapper == NULL ||
		trapper_deployments(trapper, settings.research_project, &list, err) != 0) {
		trapper_close(trapper);
		return -1;
	}
	table_init(&table, "deploymentID", "locationID", "deploymentStart", "deploymentEnd",
		"timezone", NULL);
	for (size_t i = 0; i < list.count; i++) {
		const struct trapper_deployment *deployment = &list.items[i];
		cJSON *item = cJSON_CreateObject();

		table_cell(&table, "%s", deployment->id);
		table_cell(&table, "%s", deployment->location_id);
		table_cell(&table, "%s", deployment->start);
		table_cell(&table, "%s", deployment->end);
		table_cell(&table, "%s", deployment->timezone);
		cJSON_AddStringToObject(item, "id", deployment->id);
		cJSON_AddStringToObject(item, "location_id", deployment->location_id);
		cJSON_AddStringToObject(item, "start", deployment->start);
		cJSON_AddStringToObject(item, "end", deployment->end);
		cJSON_AddStringToObject(item, "timezone", deployment->timezone);
		cJSON_AddItemToArray(array, item);
	}
	show(session, &table);
	trapper_deployment_list_release(&list);
	trapper_close(trapper);
	return 0;
}

static const struct command external_tools = {
	.name = "test_external_tools",
	.summary = "Show the libraries in use and whether anything is missing",
	.aliases = (const char *const[]){"tet", NULL},
	.description = "Lists the libraries and their versions, the time zone data, and the model "
		       "runtime and model of 'trapkit detect'. No other program is needed.\n\n"
		       "Exits 69 when something needed is missing; the model runtime counts only "
		       "when DETECT.model is set.",
	.examples = "# Is everything there?\n$ trapkit helpers test_external_tools\n",
	.run = run_external_tools,
};

static const struct command test_connection = {
	.name = "test_connection",
	.summary = "Test the login, the project and the upload, and say what to change",
	.aliases = (const char *const[]){"tc", NULL},
	.description =
		"Logs in at TRAPPER, looks for the project, logs in at the upload server, looks at "
		"its certificate, and writes and deletes a small file in the upload folder. Each "
		"test is one line; what failed says what to do.\n\n"
		"With --json, `checks` lists name, status (ok, warning, FAILED, skipped) and "
		"message.",
	.examples =
		"# With the settings as they are\n"
		"$ trapkit helpers test_connection\n"
		"# Another destination\n"
		"$ trapkit helpers test_connection --to ftps://cam@ftp.example.org/collections\n",
	.options = connection_tables,
	.run = connection_check,
};

static const struct command research_projects = {
	.name = "research_projects",
	.summary = "List the research projects that the login may see",
	.aliases = (const char *const[]){"rp", NULL},
	.examples = "# Which number goes into GENERAL.project_id?\n"
		    "$ trapkit helpers research_projects\n",
	.options = list_tables,
	.run = run_research_projects,
};

static const struct command classification_projects = {
	.name = "classification_projects",
	.summary = "List the classification projects that the login may see",
	.aliases = (const char *const[]){"cp", NULL},
	.examples = "# Their numbers, for 'trapkit export'\n"
		    "$ trapkit helpers classification_projects\n",
	.options = list_tables,
	.run = run_classification_projects,
};

static const struct command locations = {
	.name = "locations",
	.summary = "List the locations with their time zones",
	.aliases = (const char *const[]){"loc", NULL},
	.examples = "# The locations of a project as a table for 'trapkit template --locations'\n"
		    "$ trapkit helpers locations --research-project 5 --csv\n",
	.options = filter_tables,
	.run = run_locations,
};

static const struct command deployments = {
	.name = "deployments",
	.summary = "List the deployments that the server knows",
	.aliases = (const char *const[]){"dep", NULL},
	.examples = "# Which names must the folders have?\n"
		    "$ trapkit helpers deployments --research-project 5\n",
	.options = filter_tables,
	.run = run_deployments,
};

/* The same command as at the top level. */
extern const struct command command_template;

static const struct command *const subcommands[] = {&external_tools, &test_connection,
	&research_projects, &classification_projects, &locations, &deployments, &command_template,
	NULL};

const struct command command_helpers = {
	.name = "helpers",
	.summary = "Test the installation and the connection, and look things up on the server",
	.description = "The helpers of trapper-tools, under the same names; '-' and '_' are alike.",
	.examples = "# Can this computer reach the server with these settings?\n"
		    "$ trapkit helpers test_connection\n",
	.related = "trapkit-config 1, trapkit-template 1, trapkit-technician 7",
	.subcommands = subcommands,
};
