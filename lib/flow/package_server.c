/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks a package against what the server knows: deployments, and their locations' time zones. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package_flow.h"
#include "trapkit/text.h"
#include "trapkit/trapper.h"

#include <stdlib.h>
#include <string.h>

struct server {
	const struct trapper_deployment_list *deployments;
	const struct trapper_location_list *locations;
	const char **ids; /* of the deployments, NULL-terminated, for suggestions */
};

static struct server server_of(const struct trapper_deployment_list *deployments,
	const struct trapper_location_list *locations)
{
	struct server server = {deployments, locations,
		xreallocarray(NULL, deployments->count + 1, sizeof *server.ids)};

	for (size_t i = 0; i < deployments->count; i++)
		server.ids[i] = deployments->items[i].id;
	server.ids[deployments->count] = NULL;
	return server;
}

static const struct trapper_deployment *find_deployment(const struct server *server, const char *id)
{
	for (size_t i = 0; i < server->deployments->count; i++)
		if (strcmp(server->deployments->items[i].id, id) == 0)
			return &server->deployments->items[i];
	return NULL;
}

static const struct trapper_location *find_location(const struct server *server, const char *id)
{
	for (size_t i = 0; id != NULL && i < server->locations->count; i++)
		if (strcmp(server->locations->items[i].id, id) == 0)
			return &server->locations->items[i];
	return NULL;
}

static char *id_of(const char *folder, bool no_slug)
{
	const char *slash = strchr(folder, '/');
	const char *id = slash == NULL ? NULL : strchr(slash + 1, '/');

	if (id != NULL)
		return xstrdup(id + 1);
	return package_deployment_id(slash == NULL ? folder : slash + 1, no_slug);
}

/* Owned by the caller. */
static char *missing(const struct server *server, const char *folder, const char *id)
{
	const char *nearest = text_nearest(id, server->ids);

	if (server->deployments->count == 0)
		return xasprintf("'%s': deployment '%s' is not on the server, which shows none at "
				 "all; import deployments.csv first ('trapkit template' makes it)",
			folder, id);
	if (nearest != NULL)
		return xasprintf("'%s': deployment '%s' is not on the server; is '%s' meant? "
				 "rename the folder, or import it ('trapkit template')",
			folder, id, nearest);
	return xasprintf("'%s': deployment '%s' is not on the server; import it ('trapkit "
			 "template'), or rename the folder",
		folder, id);
}

static const char *dst_words(bool ignore_dst)
{
	return ignore_dst ? "without summer time" : "with summer time";
}

/* NULL when zone and ignore-DST are those of the location. Owned by the caller. */
static char *differs(const struct server *server, const struct trapper_deployment *deployment,
	const char *timezone, bool ignore_dst)
{
	const struct trapper_location *location = find_location(server, deployment->location_id);

	if (timezone == NULL)
		return NULL;
	if (location != NULL && location->timezone != NULL && location->timezone[0] != '\0') {
		if (strcmp(location->timezone, timezone) == 0 && location->ignore_dst == ignore_dst)
			return NULL;
		return xasprintf(
			"deployment '%s': its location '%s' is in zone %s %s, the package in %s "
			"%s; use --timezone %s %s, or change the location",
			deployment->id, location->id, location->timezone,
			dst_words(location->ignore_dst), timezone, dst_words(ignore_dst),
			location->timezone,
			location->ignore_dst ? "--ignore-dst" : "--no-ignore-dst");
	}
	if (deployment->timezone == NULL || deployment->timezone[0] == '\0' ||
		strcmp(deployment->timezone, timezone) == 0)
		return NULL;
	return xasprintf("deployment '%s' is in zone %s, the package in %s; use --timezone %s",
		deployment->id, deployment->timezone, timezone, deployment->timezone);
}

void package_check_server(const struct string_list *folders, bool no_slug,
	const struct trapper_deployment_list *deployments,
	const struct trapper_location_list *locations, const char *timezone, bool ignore_dst,
	struct string_list *findings)
{
	struct server server = server_of(deployments, locations);

	for (size_t i = 0; i < folders->count; i++) {
		char *id = id_of(folders->items[i], no_slug), *finding;
		const struct trapper_deployment *deployment = find_deployment(&server, id);

		finding = deployment == NULL ? missing(&server, folders->items[i], id)
					     : differs(&server, deployment, timezone, ignore_dst);
		if (finding != NULL)
			string_list_add(findings, finding);
		free(finding);
		free(id);
	}
	free(server.ids);
}

int package_zone_from_server(const struct string_list *folders, bool no_slug,
	const struct trapper_deployment_list *deployments,
	const struct trapper_location_list *locations, char **timezone, bool *ignore_dst,
	struct error *err)
{
	struct server server = server_of(deployments, locations);
	const struct trapper_location *first = NULL;
	int result = 0;

	for (size_t i = 0; i < folders->count && result == 0; i++) {
		char *id = id_of(folders->items[i], no_slug);
		const struct trapper_deployment *deployment = find_deployment(&server, id);
		const struct trapper_location *location =
			deployment == NULL ? NULL : find_location(&server, deployment->location_id);

		free(id);
		if (location == NULL || location->timezone == NULL || location->timezone[0] == '\0')
			continue;
		if (first == NULL)
			first = location;
		else if (strcmp(first->timezone, location->timezone) != 0 ||
			first->ignore_dst != location->ignore_dst)
			result = error_set(err, ERROR_INPUT,
				"the locations '%s' (%s, %s) and '%s' (%s, %s) keep different "
				"time; package their collections one at a time with --collection",
				first->id, first->timezone, dst_words(first->ignore_dst),
				location->id, location->timezone, dst_words(location->ignore_dst));
	}
	if (result == 0 && first == NULL)
		result = error_set(err, ERROR_SETTINGS,
			"no time zone: none of the deployments' locations on the server has one; "
			"set PACKAGE.timezone or use --timezone");
	if (result == 0) {
		*timezone = xstrdup(first->timezone);
		*ignore_dst = first->ignore_dst;
	}
	free(server.ids);
	return result;
}
