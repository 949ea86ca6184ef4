/* SPDX-License-Identifier: GPL-3.0-or-later */
/* datapackage.json: what a person wrote of the package, and what is computed of its rows. */
#include "metadata.h"

#include "schema.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>

#define STANDARD "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/"

const char *const descriptor_order[] = {"resources", "profile", "name", "id", "created", "title",
	"contributors", "description", "version", "keywords", "image", "homepage", "sources",
	"licenses", "bibliographicCitation", "project", "coordinatePrecision", "spatial",
	"temporal", "taxonomic", "relatedIdentifiers", "references", "gbifIngestion", NULL};

static const char *const computed[] = {
	"resources", "profile", "created", "coordinatePrecision", "spatial", "temporal"};

bool descriptor_computes(const char *property)
{
	for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++)
		if (strcmp(property, computed[i]) == 0)
			return true;
	return false;
}

static cJSON *make_resources(const struct camtrapdp_summary *summary)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < TABLES; i++) {
		const struct camtrapdp_written *written = &summary->written[i];
		const char *name = schemas[i].name;
		cJSON *resource = cJSON_CreateObject();
		char *path = xasprintf("%s.csv%s", name, summary->gzip ? ".gz" : "");
		char *schema = xasprintf(STANDARD "%s-table-schema.json", name);
		char *hash = xasprintf("sha256:%s", written->sha256);

		cJSON_AddStringToObject(resource, "name", name);
		cJSON_AddStringToObject(resource, "path", path);
		cJSON_AddStringToObject(resource, "profile", "tabular-data-resource");
		cJSON_AddStringToObject(resource, "format", "csv");
		cJSON_AddStringToObject(resource, "mediatype", "text/csv");
		cJSON_AddStringToObject(resource, "encoding", "utf-8");
		if (written->bytes > 0) {
			cJSON_AddNumberToObject(resource, "bytes", (double)written->bytes);
			cJSON_AddStringToObject(resource, "hash", hash);
		}
		cJSON_AddStringToObject(resource, "schema", schema);
		cJSON_AddItemToArray(array, resource);
		free(path);
		free(schema);
		free(hash);
	}
	return array;
}

static void add_point(cJSON *ring, double longitude, double latitude)
{
	const double point[] = {longitude, latitude};

	cJSON_AddItemToArray(ring, cJSON_CreateDoubleArray(point, 2));
}

/* The box around all deployments, as a polygon: longitude first, counter-clockwise. */
static cJSON *make_spatial(const struct camtrapdp_deployment_list *list)
{
	cJSON *spatial = cJSON_CreateObject(), *ring;
	double west = 0, east = 0, south = 0, north = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct camtrapdp_deployment *at = &list->items[i];

		west = i == 0 || at->longitude < west ? at->longitude : west;
		east = i == 0 || at->longitude > east ? at->longitude : east;
		south = i == 0 || at->latitude < south ? at->latitude : south;
		north = i == 0 || at->latitude > north ? at->latitude : north;
	}
	cJSON_AddStringToObject(spatial, "type", "Polygon");
	ring = cJSON_CreateArray();
	add_point(ring, west, south);
	add_point(ring, east, south);
	add_point(ring, east, north);
	add_point(ring, west, north);
	add_point(ring, west, south);
	cJSON_AddItemToArray(cJSON_AddArrayToObject(spatial, "coordinates"), ring);
	return spatial;
}

/* The local dates on which the first deployment starts and the last one ends. */
static cJSON *make_temporal(const struct camtrapdp_deployment_list *list)
{
	const struct camtrapdp_deployment *first = NULL, *last = NULL;
	cJSON *temporal = cJSON_CreateObject();
	char start[] = "1970-01-01", end[] = "1970-01-01";

	for (size_t i = 0; i < list->count; i++) {
		const struct camtrapdp_deployment *at = &list->items[i];

		first = first == NULL || at->start < first->start ? at : first;
		last = last == NULL || at->end > last->end ? at : last;
	}
	if (first != NULL) {
		memcpy(start, first->cells[D_START], sizeof start - 1);
		memcpy(end, last->cells[D_END], sizeof end - 1);
	}
	cJSON_AddStringToObject(temporal, "start", start);
	cJSON_AddStringToObject(temporal, "end", end);
	return temporal;
}

static const cJSON *find_taxon(const cJSON *list, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const char *own = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(item, "scientificName"));

		if (own != NULL && strcmp(own, name) == 0)
			return item;
	}
	return NULL;
}

static cJSON *make_taxon(const struct camtrapdp_taxon *taxon)
{
	static const char *const ranks[] = {
		"kingdom", "phylum", "class", "order", "family", "genus"};
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "scientificName", taxon->name);
	if (taxon->rank != NULL)
		cJSON_AddStringToObject(item, "taxonRank", taxon->rank);
	for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++)
		if (taxon->ranks[i] != NULL)
			cJSON_AddStringToObject(item, ranks[i], taxon->ranks[i]);
	if (taxon->vernacular != NULL)
		cJSON_AddStringToObject(
			cJSON_AddObjectToObject(item, "vernacularNames"), "eng", taxon->vernacular);
	return item;
}

/* Exactly the names that observations use. */
static cJSON *make_taxonomic(const cJSON *told, const struct camtrapdp_summary *summary)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < summary->taxon_count; i++) {
		const cJSON *known = find_taxon(told, summary->taxa[i].name);

		cJSON_AddItemToArray(array,
			known != NULL ? cJSON_Duplicate(known, 1) : make_taxon(&summary->taxa[i]));
	}
	return array;
}

/* The project as it is told, with what must fit the rows. */
static cJSON *make_project(const cJSON *told, const struct camtrapdp_summary *summary)
{
	static const char *const levels[] = {"media", "event"};
	cJSON *project = cJSON_Duplicate(told, 1), *used;

	if (!cJSON_IsObject(project))
		return project;
	if (!cJSON_HasObjectItem(project, "individualAnimals"))
		cJSON_AddFalseToObject(project, "individualAnimals");
	cJSON_DeleteItemFromObjectCaseSensitive(project, "observationLevel");
	used = cJSON_AddArrayToObject(project, "observationLevel");
	for (int i = 0; i < 2; i++)
		if (summary->has_level[i])
			cJSON_AddItemToArray(used, cJSON_CreateString(levels[i]));
	return project;
}

static cJSON *make_created(int64_t created)
{
	char text[TIMESTAMP_SIZE];

	format_utc(created, text);
	return cJSON_CreateString(text);
}

/* What the package is called where nobody says so. */
static cJSON *make_name(const cJSON *title)
{
	char *slug = cJSON_IsString(title) ? text_slugify(title->valuestring) : xstrdup("");
	cJSON *name = slug[0] == '\0' ? NULL : cJSON_CreateString(slug);

	free(slug);
	return name;
}

/* GBIF takes event rows, which are there; said, so that nobody has to know its default. */
static cJSON *make_gbif(void)
{
	cJSON *gbif = cJSON_CreateObject();

	cJSON_AddStringToObject(gbif, "observationLevel", "event");
	return gbif;
}

static cJSON *make_property(
	const char *name, const cJSON *metadata, const struct camtrapdp_summary *summary)
{
	const cJSON *told = cJSON_GetObjectItemCaseSensitive(metadata, name);

	if (strcmp(name, "resources") == 0)
		return make_resources(summary);
	if (strcmp(name, "profile") == 0)
		return cJSON_CreateString(STANDARD "camtrap-dp-profile.json");
	if (strcmp(name, "created") == 0)
		return make_created(summary->created);
	if (strcmp(name, "coordinatePrecision") == 0)
		return summary->precision > 0 ? cJSON_CreateNumber(summary->precision) : NULL;
	if (strcmp(name, "spatial") == 0)
		return make_spatial(summary->deployments);
	if (strcmp(name, "temporal") == 0)
		return make_temporal(summary->deployments);
	if (strcmp(name, "taxonomic") == 0)
		return make_taxonomic(told, summary);
	if (strcmp(name, "project") == 0)
		return make_project(told, summary);
	if (told == NULL && strcmp(name, "name") == 0)
		return make_name(cJSON_GetObjectItemCaseSensitive(metadata, "title"));
	if (told == NULL && strcmp(name, "gbifIngestion") == 0)
		return make_gbif();
	return told == NULL ? NULL : cJSON_Duplicate(told, 1);
}

char *camtrapdp_descriptor(
	const struct camtrapdp_metadata *metadata, const struct camtrapdp_summary *summary)
{
	cJSON *descriptor = cJSON_CreateObject(), *item;
	char *printed, *text;

	for (size_t i = 0; descriptor_order[i] != NULL; i++) {
		item = make_property(descriptor_order[i], metadata->json, summary);
		if (item != NULL)
			cJSON_AddItemToObject(descriptor, descriptor_order[i], item);
	}
	cJSON_ArrayForEach(item, metadata->json)
	{
		bool known = false;

		for (size_t i = 0; !known && descriptor_order[i] != NULL; i++)
			known = strcmp(item->string, descriptor_order[i]) == 0;
		if (!known)
			cJSON_AddItemToObject(descriptor, item->string, cJSON_Duplicate(item, 1));
	}
	printed = cJSON_Print(descriptor);
	text = xasprintf("%s\n", printed);
	cJSON_free(printed);
	cJSON_Delete(descriptor);
	return text;
}
