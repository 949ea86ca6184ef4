/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's projects and collections. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

int trapper_take_project(void *context, const cJSON *item, struct error *err)
{
	struct trapper_project_list *list = context;
	struct trapper_project project = {0};

	(void)err;
	if (!trapper_integer(item, "pk", &project.pk))
		return 0;
	project.name = trapper_text(item, "name");
	project.acronym = trapper_text(item, "acronym");
	project.research_project = trapper_text(item, "research_project");
	project.status = trapper_text(item, "status");
	project.owner = trapper_text(item, "owner");
	/* Research projects have no such member: what is listed is in use. */
	project.is_active = trapper_bool(item, "is_active", true);
	ARRAY_APPEND(list, project);
	return 0;
}

int trapper_projects(struct trapper *trapper, enum trapper_project_kind kind,
	struct trapper_project_list *list, struct error *err)
{
	bool research = kind == TRAPPER_RESEARCH;

	*list = (struct trapper_project_list){0};
	if (trapper_each(trapper,
		    research ? "/research/api/projects" : "/media_classification/api/projects",
		    research ? "the list of research projects"
			     : "the list of classification projects",
		    trapper_take_project, list, err) == 0)
		return 0;
	trapper_project_list_release(list);
	return -1;
}

void trapper_project_list_release(struct trapper_project_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct trapper_project *project = &list->items[i];

		free(project->name);
		free(project->acronym);
		free(project->research_project);
		free(project->status);
		free(project->owner);
	}
	free(list->items);
	*list = (struct trapper_project_list){0};
}

int trapper_take_collection(void *context, const cJSON *item, struct error *err)
{
	struct trapper_collection_filter *filter = context;
	struct trapper_collection collection = {0};

	(void)err;
	if (!trapper_integer(item, "pk", &collection.pk))
		return 0;
	collection.name = trapper_text(item, "name");
	if (filter->name != NULL && strcmp(collection.name, filter->name) != 0) {
		free(collection.name);
		return 0;
	}
	collection.owner = trapper_text(item, "owner");
	collection.status = trapper_text(item, "status");
	ARRAY_APPEND(filter->list, collection);
	return 0;
}

int trapper_collections_named(struct trapper *trapper, const char *name,
	struct trapper_collection_list *list, struct error *err)
{
	struct trapper_collection_filter filter = {.name = name, .list = list};
	char *escaped = http_escape(name);
	/* The server's search also finds parts of names and owners: the filter takes whole ones. */
	char *path = xasprintf("/storage/api/collections?search=%s", escaped);
	int result;

	*list = (struct trapper_collection_list){0};
	result = trapper_each(
		trapper, path, "the list of collections", trapper_take_collection, &filter, err);
	if (result != 0)
		trapper_collection_list_release(list);
	free(path);
	free(escaped);
	return result;
}

void trapper_collection_list_release(struct trapper_collection_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].owner);
		free(list->items[i].status);
	}
	free(list->items);
	*list = (struct trapper_collection_list){0};
}

/* Resources that the server counts for one collection; -1 when it does not tell. */
static int count_resources(struct trapper *trapper, int64_t pk, int64_t *count, struct error *err)
{
	static const char what[] = "the number of resources";
	char *path = xasprintf("/storage/api/resources?collections=%lld&page=1&page_size=1&psize=1",
		(long long)pk);
	struct http_reply reply = {0};
	struct trapper_page page = {0};
	int result = trapper_get(trapper, path, TRAPPER_JSON_LIMIT, what, &reply, err);

	if (result == 0)
		result = trapper_page_parse(reply.body, reply.size, 1, what, &page, err);
	*count = page.document == page.items ? -1 : page.count;
	trapper_page_release(&page);
	http_reply_release(&reply);
	free(path);
	return result;
}

int trapper_collection_resources(
	struct trapper *trapper, int64_t collection_pk, int64_t *count, struct error *err)
{
	int64_t none;

	*count = -1;
	if (trapper->counts_resources < 0)
		return 0;
	if (count_resources(trapper, collection_pk, count, err) != 0)
		return -1;
	if (*count <= 0 || trapper->counts_resources > 0)
		return 0;
	/* A server that does not know the filter counts everything, for a collection that cannot be
	 * just as well. */
	if (count_resources(trapper, 0, &none, err) != 0) {
		if (err->kind != ERROR_REMOTE)
			return -1;
		error_clear(err);
		none = 0;
	}
	trapper->counts_resources = none == 0 ? 1 : -1;
	if (none != 0)
		*count = -1;
	return 0;
}
