/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's exports of locations and deployments (contract 1.5, 1.6). */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The export writes True and False; other programs that touched it write 1, t, yes. */
static bool is_true(const char *text)
{
	return strcasecmp(text, "true") == 0 || strcasecmp(text, "t") == 0 ||
		strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0 || strcmp(text, "1.0") == 0;
}

int trapper_read_locations(
	const char *bytes, size_t size, struct trapper_location_list *list, struct error *err)
{
	static const char what[] = "the list of locations";
	struct trapper_table table;
	int result = -1;

	if (trapper_table_open(&table, bytes, size, what, err) != 0)
		return -1;
	if (trapper_table_need(&table, "locationID", what, err) != 0 ||
		trapper_table_need(&table, "timezone", what, err) != 0)
		goto done;
	while ((result = trapper_table_next(&table, err)) > 0) {
		struct trapper_location location = {.id = trapper_table_text(&table, "locationID")};
		char *ignore_dst = trapper_table_text(&table, "ignoreDST");
		char *fraction;

		location.name = trapper_table_text(&table, "locationName");
		location.timezone = trapper_table_text(&table, "timezone");
		location.longitude = trapper_table_text(&table, "longitude");
		location.latitude = trapper_table_text(&table, "latitude");
		location.project = trapper_table_text(&table, "researchProject");
		location.ignore_dst = is_true(ignore_dst);
		free(ignore_dst);
		/* The number may read like 5.0. */
		fraction = strchr(location.project, '.');
		if (fraction != NULL && strspn(fraction + 1, "0") == strlen(fraction + 1))
			*fraction = '\0';
		ARRAY_APPEND(list, location);
	}
done:
	trapper_table_close(&table);
	return result;
}

int trapper_read_deployments(
	const char *bytes, size_t size, struct trapper_deployment_list *list, struct error *err)
{
	static const char what[] = "the list of deployments";
	struct trapper_table table;
	int result = -1;

	if (trapper_table_open(&table, bytes, size, what, err) != 0)
		return -1;
	if (trapper_table_need(&table, "deploymentID", what, err) != 0)
		goto done;
	while ((result = trapper_table_next(&table, err)) > 0) {
		struct trapper_deployment deployment = {
			.id = trapper_table_text(&table, "deploymentID"),
			.location_id = trapper_table_text(&table, "locationID"),
			.start = trapper_table_text(&table, "deploymentStart"),
			.end = trapper_table_text(&table, "deploymentEnd"),
			.timezone = trapper_table_text(&table, "timezone")};

		ARRAY_APPEND(list, deployment);
	}
done:
	trapper_table_close(&table);
	return result;
}

static int fetch_export(struct trapper *trapper, const char *path, int64_t research_project,
	const char *what, struct http_reply *reply, struct error *err)
{
	char *full = research_project == 0
		? xstrdup(path)
		: xasprintf("%s?research_project=%lld", path, (long long)research_project);
	int result = trapper_get(trapper, full, TRAPPER_CSV_LIMIT, what, reply, err);

	free(full);
	return result;
}

int trapper_locations(struct trapper *trapper, int64_t research_project,
	struct trapper_location_list *list, struct error *err)
{
	struct http_reply reply = {0};
	int result;

	*list = (struct trapper_location_list){0};
	if (fetch_export(trapper, "/geomap/api/locations/export/", research_project,
		    "the list of locations", &reply, err) != 0)
		return -1;
	result = trapper_read_locations(reply.body, reply.size, list, err);
	if (result != 0)
		trapper_location_list_release(list);
	http_reply_release(&reply);
	return result;
}

int trapper_deployments(struct trapper *trapper, int64_t research_project,
	struct trapper_deployment_list *list, struct error *err)
{
	struct http_reply reply = {0};
	int result;

	*list = (struct trapper_deployment_list){0};
	if (fetch_export(trapper, "/geomap/api/deployments/export/", research_project,
		    "the list of deployments", &reply, err) != 0)
		return -1;
	result = trapper_read_deployments(reply.body, reply.size, list, err);
	if (result != 0)
		trapper_deployment_list_release(list);
	http_reply_release(&reply);
	return result;
}

void trapper_location_list_release(struct trapper_location_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct trapper_location *location = &list->items[i];

		free(location->id);
		free(location->name);
		free(location->timezone);
		free(location->longitude);
		free(location->latitude);
		free(location->project);
	}
	free(list->items);
	*list = (struct trapper_location_list){0};
}

void trapper_deployment_list_release(struct trapper_deployment_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct trapper_deployment *deployment = &list->items[i];

		free(deployment->id);
		free(deployment->location_id);
		free(deployment->start);
		free(deployment->end);
		free(deployment->timezone);
	}
	free(list->items);
	*list = (struct trapper_deployment_list){0};
}
