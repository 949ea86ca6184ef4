/* SPDX-License-Identifier: GPL-3.0-or-later */
/* export PROJECT: the Camtrap DP package that TRAPPER builds of a classification project. */
#include "export.h"

#include "console.h"
#include "delivery.h"
#include "findings.h"
#include "general.h"
#include "server.h"
#include "trapkit/export_fetch.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FOUND 3 /* exit status: the package has errors */
#define KEPT 20 /* findings of a rule in one column that are told */

static struct {
	bool clear_cache, release, get_released, approved_only, all_deployments;
	bool include_events, url_token, extract, verify;
	int format;
	char *events_count_var;
	struct string_list deployments, licenses;
	double build_timeout;
} settings;

static const char *const formats[] = {"camtrapdp", "trapper", NULL};

static const char package_group[] = "What the server puts into the package";
static const char metadata_group[] = "What the package says of itself";

const struct option export_server_options[] = {
	{.name = "extract",
		.section = "EXPORT",
		.flag = &settings.extract,
		.fallback = "false",
		.help = "Write a folder with the package's files instead of the ZIP."},
	{.name = "verify",
		.section = "EXPORT",
		.flag = &settings.verify,
		.fallback = "true",
		.help = "Check the package as 'trapkit validate' does."},
	{.name = "build-timeout",
		.section = "EXPORT",
		.value = "TIME",
		.duration = &settings.build_timeout,
		.minimum = 1,
		.maximum = 86400,
		.fallback = "30m",
		.help = "Wait this long for the server to put the package together."},
	{.name = "clear-cache",
		.flag = &settings.clear_cache,
		.fallback = "false",
		.help = "Have the package made anew, even where the server kept one."},
	{.name = "release",
		.flag = &settings.release,
		.fallback = "false",
		.help = "Have the server keep the package as a released version."},
	{.name = "get-released",
		.flag = &settings.get_released,
		.fallback = "false",
		.help = "Fetch the released version where there is one."},
	{.name = "export-format",
		.section = "EXPORT",
		.value = "FORMAT",
		.choice = &settings.format,
		.choices = formats,
		.fallback = "camtrapdp",
		.group = package_group,
		.help = "Ask for this format; 'trapper' holds the server's own columns."},
	{.name = "approved-only",
		.section = "EXPORT",
		.flag = &settings.approved_only,
		.fallback = "true",
		.group = package_group,
		.help = "Take approved classifications only."},
	{.name = "all-deployments",
		.section = "EXPORT",
		.flag = &settings.all_deployments,
		.fallback = "true",
		.group = package_group,
		.help = "Take all deployments of the project; off with --filter-deployments."},
	{.name = "filter-deployments",
		.section = "EXPORT",
		.value = "A,B",
		.list = &settings.deployments,
		.group = package_group,
		.help = "Take only these deployments."},
	{.name = "include-events",
		.section = "EXPORT",
		.flag = &settings.include_events,
		.fallback = "false",
		.group = package_group,
		.help = "Add rows that sum up events, which is what GBIF reads."},
	{.name = "events-count-var",
		.section = "EXPORT",
		.value = "NAME",
		.text = &settings.events_count_var,
		.fallback = "count",
		.group = package_group,
		.help = "Count the animals of an event by this variable."},
	{.name = "trapper-url-token",
		.section = "EXPORT",
		.flag = &settings.url_token,
		.fallback = "true",
		.group = package_group,
		.help = "Put a token into the files' addresses, with which they can be fetched."},
	{.name = "licenses",
		.section = "EXPORT",
		.value = "A,B",
		.list = &settings.licenses,
		.group = metadata_group,
		.help = "Put the data under these licences, as CC-BY-4.0."},
	{0},
};

static int parse_project(const char *text, int64_t *project, struct error *err)
{
	char *end;

	errno = 0;
	*project = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || *project < 1)
		return error_set(err, ERROR_USAGE,
			"'%s' is no project: give the number of a classification project ('trapkit "
			"helpers classification_projects' lists them)",
			text);
	return 0;
}

/* A comma in an item would make two of it on the server. */
static int check_list(const struct string_list *list, const char *option, struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (strchr(list->items[i], ',') != NULL)
			return error_set(err, ERROR_USAGE,
				"%s '%s': the server cannot tell this comma from the one between "
				"two",
				option, list->items[i]);
	return 0;
}

static int make_request(
	const struct session *session, struct trapper_package *package, struct error *err)
{
	*package = (struct trapper_package){.clear_cache = settings.clear_cache,
		.release = settings.release,
		.get_released = settings.get_released,
		.approved_only = settings.approved_only,
		.exclude_blank = export_settings.exclude_blank,
		.all_deployments = settings.all_deployments,
		.include_events = settings.include_events,
		.private_human = export_settings.private_human,
		.private_vehicle = export_settings.private_vehicle,
		.url_token = settings.url_token,
		.format = formats[settings.format],
		.filetype = export_settings.filetype,
		.events_count_var = settings.events_count_var,
		.name = export_settings.name,
		.version = export_settings.version,
		.title = export_settings.title,
		.description = export_settings.description,
		.deployments = &settings.deployments,
		.private_species = &export_settings.private_species,
		.keywords = &export_settings.keywords,
		.licenses = &settings.licenses};
	if (settings.release && settings.get_released)
		return error_set(err, ERROR_USAGE,
			"--release makes a new released version, --get-released fetches the one "
			"there is: give one of the two");
	if (check_list(&settings.deployments, "--filter-deployments", err) != 0 ||
		check_list(&export_settings.keywords, "--keywords", err) != 0 ||
		check_list(&settings.licenses, "--licenses", err) != 0)
		return -1;
	return parse_project(session->arguments[0], &package->project, err);
}

/* The request and where the package would go; nothing is asked of the server. */
static int foretell(struct session *session, const struct export_fetch *fetch, struct error *err)
{
	char *route = trapper_package_route(fetch->package->project, false);
	char *query = trapper_package_query(fetch->package);

	(void)err;
	console_print(session->console, "Would ask for '%s%s?%s' and write %s%s%s\n",
		general.host == NULL ? "" : general.host, route, query,
		fetch->output == NULL ? "what it is called there" : "'",
		fetch->output == NULL ? "" : fetch->output, fetch->output == NULL ? "" : "'");
	json_add_text(session->result, "output", fetch->output);
	cJSON_AddStringToObject(session->result, "query", query);
	free(query);
	free(route);
	return 0;
}

static void warn_if_empty(struct session *session, const struct camtrapdp_report *report)
{
	if (report->rows[1] > 0 && report->rows[2] > 0)
		return;
	console_warning(session->console,
		"the package holds no %s: %sthe deployments must hold classified resources%s",
		report->rows[1] > 0 ? "observations" : "media",
		settings.approved_only ? "nothing may be approved yet in the project (see "
					 "--no-approved-only), and "
				       : "",
		settings.deployments.count > 0 || export_settings.exclude_blank
			? "; --filter-deployments and --exclude-blank must not leave everything out"
			: "");
}

static int conclude(struct session *session, int64_t project, const struct export_fetched *fetched,
	const struct camtrapdp_report *report)
{
	char *size = text_size(fetched->bytes);
	int status = 0;

	cJSON_AddNumberToObject(session->result, "project", (double)project);
	json_add_text(session->result, "output", fetched->path);
	json_add_text(session->result, "server_said", fetched->answer);
	cJSON_AddNumberToObject(session->result, "bytes", (double)fetched->bytes);
	cJSON_AddNumberToObject(session->result, "resumed_at", (double)fetched->resumed_at);
	console_print(session->console, "Wrote '%s' (%s%s)\n", fetched->path, size,
		settings.extract ? " as a ZIP" : "");
	free(size);
	if (!fetched->checked)
		return 0;
	warn_if_empty(session, report);
	if (!settings.verify)
		return 0;
	findings_begin(session->result);
	findings_add(session->result, fetched->path, VALIDATE_CAMTRAPDP, report);
	findings_end(session->result, report->counts);
	if (report->counts[CAMTRAPDP_ERROR] > 0) {
		console_warning(session->console,
			"the package breaks the Camtrap DP standard in %llu places: 'trapkit "
			"validate %s' lists them, its --repair mends what can be mended",
			(unsigned long long)report->counts[CAMTRAPDP_ERROR], fetched->path);
		status = FOUND;
	}
	return status;
}

int export_from_server(struct session *session, struct error *err)
{
	struct trapper_package package;
	struct camtrapdp_report report = {.most = KEPT};
	struct export_fetched fetched = {0};
	struct export_fetch fetch = {.package = &package,
		.build_timeout = settings.build_timeout,
		.output = export_settings.output,
		.extract = settings.extract,
		.overwrite = export_settings.overwrite};
	struct trapper *trapper = NULL;
	int result = -1;

	if (make_request(session, &package, err) != 0 || export_fetch_check(&fetch, err) != 0)
		return -1;
	if (session->dry_run)
		return foretell(session, &fetch, err);
	/* Whoever is patient about every answer is so about this one. */
	if (fetch.build_timeout < general.timeout)
		fetch.build_timeout = general.timeout;
	trapper = server_open(session, err);
	if (trapper == NULL)
		return -1;
	console_note(session->console,
		"asking the server for the package of project %lld; a large one takes minutes",
		(long long)package.project);
	if (export_fetch(trapper, &fetch, &report, &fetched, session->progress, err) == 0)
		result = conclude(session, package.project, &fetched, &report);
	trapper_close(trapper);
	export_fetched_release(&fetched);
	camtrapdp_report_release(&report);
	return result;
}
