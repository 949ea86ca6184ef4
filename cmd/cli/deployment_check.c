/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which folders become deployments, in which zone, and what the server says to them. */
#include "deployment_check.h"

#include "console.h"
#include "general.h"
#include "server.h"
#include "trapkit/package_flow.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>

struct server_lists {
	struct trapper_deployment_list deployments;
	struct trapper_location_list locations;
};

void deployment_check_release(struct deployment_check *check)
{
	zone_free(check->zone);
	free(check->timezone);
	string_list_release(&check->folders);
	*check = (struct deployment_check){0};
}

/* ---- which folders ---- */

static bool begins_with_folder(const char *path, const char *collection)
{
	size_t length = strlen(collection);

	return strncmp(path, collection, length) == 0 && path[length] == '/';
}

static bool is_known(const struct server_lists *lists, const char *folder, bool slug)
{
	char *id = package_deployment_id(text_base_name(folder), !slug);
	bool known = false;

	for (size_t i = 0; i < lists->deployments.count && !known; i++)
		known = strcmp(lists->deployments.items[i].id, id) == 0;
	free(id);
	return known;
}

static void add_empty(struct session *session, const struct deployment_check_settings *settings,
	const struct server_lists *lists, const char *folder, struct string_list *folders)
{
	if (!settings->validate || is_known(lists, folder, settings->slug))
		string_list_add(folders, folder);
	else
		progress_warning(session->progress, folder,
			"the folder is empty and no deployment on the server; left out");
}

/* Every deployment's folder, collection by collection in the order they were surveyed. */
static void list_folders(struct session *session, const struct deployment_check_settings *settings,
	const struct server_lists *lists, struct string_list *folders)
{
	const struct survey_result *survey = settings->survey;

	for (size_t i = 0; i < survey->collections.count; i++) {
		const char *collection = survey->collections.items[i];

		for (size_t k = 0; k < survey->deployments.count; k++) {
			const struct survey_deployment *found = &survey->deployments.items[k];
			char *folder;

			if (strcmp(found->collection, collection) != 0)
				continue;
			folder = xasprintf("%s/%s", collection, found->deployment);
			string_list_add(folders, folder);
			free(folder);
		}
		for (size_t k = 0; k < survey->empty_deployments.count; k++)
			if (begins_with_folder(survey->empty_deployments.items[k], collection))
				add_empty(session, settings, lists,
					survey->empty_deployments.items[k], folders);
	}
}

/* ---- the server's word ---- */

static int ask_server(struct session *session, struct server_lists *lists, struct error *err)
{
	struct trapper *server = server_open(session, err);
	int result = -1;

	if (server == NULL)
		return error_context(err,
			"the deployments are checked against the server (--no-validate leaves "
			"that out)");
	if (trapper_deployments(server, 0, &lists->deployments, err) == 0 &&
		trapper_locations(server, 0, &lists->locations, err) == 0)
		result = 0;
	trapper_close(server);
	return result == 0
		? 0
		: error_context(err,
			  "cannot check the deployments on the server (--no-validate leaves "
			  "that out)");
}

/* Without a zone only whether the server knows them. */
static int refuse_findings(struct session *session,
	const struct deployment_check_settings *settings, const struct server_lists *lists,
	const struct deployment_check *check, cJSON *list, struct error *err)
{
	struct string_list findings = {0};
	size_t count;

	package_check_server(&check->folders, !settings->slug, &lists->deployments,
		&lists->locations, check->timezone, check->ignore_dst, &findings);
	count = findings.count;
	for (size_t i = 0; i < count; i++) {
		char *shown = text_escape(findings.items[i]);

		cJSON_AddItemToArray(list, cJSON_CreateString(shown));
		if (count > 1)
			progress_warning(session->progress, NULL, "%s", shown);
		else
			error_set(err, ERROR_INPUT, "%s", shown);
		free(shown);
	}
	string_list_release(&findings);
	if (count > 1)
		error_set(err, ERROR_INPUT,
			"%zu deployments would be refused by the server; nothing was packaged",
			count);
	return count == 0 ? 0 : -1;
}

static int choose_zone(struct session *session, const struct deployment_check_settings *settings,
	const struct server_lists *lists, struct deployment_check *check, cJSON *findings,
	struct error *err)
{
	if (general.timezone != NULL) {
		check->timezone = xstrdup(general.timezone);
		check->ignore_dst = general.ignore_dst;
		return 0;
	}
	if (!settings->validate)
		return error_set(err, ERROR_SETTINGS,
			"no time zone: without asking the server it must be told; set "
			"PACKAGE.timezone or use --timezone");
	/* Those that it does not know have no location to ask for its zone. */
	if (refuse_findings(session, settings, lists, check, findings, err) != 0 ||
		package_zone_from_server(&check->folders, !settings->slug, &lists->deployments,
			&lists->locations, &check->timezone, &check->ignore_dst, err) != 0)
		return -1;
	progress_note(session->progress,
		"the locations on the server are in %s, %s: taken for the package", check->timezone,
		check->ignore_dst ? "without summer time" : "with summer time");
	return 0;
}

int deployment_check_run(struct session *session, const struct deployment_check_settings *settings,
	struct deployment_check *check, cJSON *parent, struct error *err)
{
	cJSON *findings = settings->validate ? cJSON_AddArrayToObject(parent, "findings") : NULL;
	struct server_lists lists = {0};
	int status = -1;

	*check = (struct deployment_check){0};
	if (settings->validate && ask_server(session, &lists, err) != 0)
		goto done;
	list_folders(session, settings, &lists, &check->folders);
	if (settings->split_cameras &&
		package_split_cameras(settings->ledger, !settings->slug, &check->folders,
			session->progress, err) != 0)
		goto done;
	if (choose_zone(session, settings, &lists, check, findings, err) != 0 ||
		(check->zone = zone_open(check->timezone, err)) == NULL)
		goto done;
	status = settings->validate
		? refuse_findings(session, settings, &lists, check, findings, err)
		: 0;
done:
	trapper_deployment_list_release(&lists.deployments);
	trapper_location_list_release(&lists.locations);
	if (status != 0)
		deployment_check_release(check);
	return status;
}
