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
