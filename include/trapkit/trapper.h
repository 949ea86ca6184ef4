/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's REST API as contracts/trapper.md section 1 describes it. */
#ifndef TRAPKIT_TRAPPER_H
#define TRAPKIT_TRAPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;
struct http_settings;
struct string_list;

/* A session: base URL and credentials. Every call may take network time and retries as settings
 * say. */
struct trapper;
/* `host` is GENERAL.host with or without a trailing slash; http:// is allowed only for loopback. */
struct trapper *trapper_open(const char *host, const struct http_settings *settings,
	const struct progress *progress, struct error *err);
void trapper_close(struct trapper *trapper);

/* GET /research/api/projects?page_size=1: 0 when the credentials are good. */
int trapper_check_login(struct trapper *trapper, struct error *err);

struct trapper_project {
	int64_t pk;
	char *name, *acronym, *research_project, *status, *owner;
	bool is_active;
};
struct trapper_project_list {
	struct trapper_project *items;
	size_t count, capacity;
};
enum trapper_project_kind { TRAPPER_RESEARCH, TRAPPER_CLASSIFICATION };
int trapper_projects(struct trapper *trapper, enum trapper_project_kind kind,
	struct trapper_project_list *list, struct error *err);
void trapper_project_list_release(struct trapper_project_list *list);

/* Rows of the CSV exports (1.5, 1.6), columns looked up by header name; absent texts are "". */
struct trapper_location {
	char *id, *name, *timezone, *longitude, *latitude, *project;
	bool ignore_dst;
};
struct trapper_location_list {
	struct trapper_location *items;
	size_t count, capacity;
};
/* `research_project` 0 = all that the login may see. */
int trapper_locations(struct trapper *trapper, int64_t research_project,
	struct trapper_location_list *list, struct error *err);
void trapper_location_list_release(struct trapper_location_list *list);

struct trapper_deployment {
	char *id, *location_id, *start, *end, *timezone;
};
struct trapper_deployment_list {
	struct trapper_deployment *items;
	size_t count, capacity;
};
int trapper_deployments(struct trapper *trapper, int64_t research_project,
	struct trapper_deployment_list *list, struct error *err);
void trapper_deployment_list_release(struct trapper_deployment_list *list);

struct trapper_collection {
	int64_t pk;
	char *name, *owner, *status;
};
struct trapper_collection_list {
	struct trapper_collection *items;
	size_t count, capacity;
};
/* Collections whose name equals `name` exactly. */
int trapper_collections_named(struct trapper *trapper, const char *name,
	struct trapper_collection_list *list, struct error *err);
void trapper_collection_list_release(struct trapper_collection_list *list);
/* *count = resources of a collection as /storage/api/resources counts them; -1 when not told. */
int trapper_collection_resources(
	struct trapper *trapper, int64_t collection_pk, int64_t *count, struct error *err);

/*
 * POST /storage/api/collection/process/. Sent once and never retried after it may have left:
 * *maybe_sent tells, on failure, whether it can have reached the server. *answer (owned) is the
 * server's message.
 */
int trapper_process(struct trapper *trapper, const char *yaml_name, const char *zip_name,
	bool remove_zip, char **answer, bool *maybe_sent, struct error *err);

/*
 * The Camtrap DP package of a classification project (1.10). Texts are borrowed, NULL = the
 * server's default; lists may be NULL.
 */
struct trapper_package {
	int64_t project;
	bool clear_cache, release, get_released;
	bool approved_only, exclude_blank, all_deployments, include_events;
	bool private_human, private_vehicle, url_token;
	const char *format, *filetype, *events_count_var;
	const char *name, *version, *title, *description;
	const struct string_list *deployments, *private_species, *keywords, *licenses;
};

/* "approved_only=true&…", percent-encoded; the same request gives the same text. Owned. */
char *trapper_package_query(const struct trapper_package *package);
/* "/media_classification/api/package/7/", and TRAPPER's newer name of it. Owned. */
char *trapper_package_route(int64_t project, bool newer);

/*
 * Has the server put the package together, which may take `timeout` seconds in silence. *url
 * (owned) is where it can be fetched, for a while or once; *answer (owned) what the server says.
 * A release is asked for once and never again when it may have been made.
 */
int trapper_package_make(struct trapper *trapper, const struct trapper_package *package,
	double timeout, char **url, char **answer, struct error *err);

/*
 * Fetches it. *gone (on failure): the address is not good any more (401, 403, 404, 410), a new one
 * must be asked for.
 */
struct http_download;
int trapper_package_fetch(struct trapper *trapper, const char *url, struct http_download *download,
	bool *gone, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
