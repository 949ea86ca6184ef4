/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resources of datapackage.json: S04 to S07, and how each table is to be read. */
#include "cells.h"
#include "descriptor.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SCHEMA_HINT "https://raw.githubusercontent.com/tdwg/camtrap-dp/%s/%s-table-schema.json"

static bool is_remote(const char *path)
{
	return strncasecmp(path, "http://", 7) == 0 || strncasecmp(path, "https://", 8) == 0;
}

/* S06: the fields of an inline schema against the standard's. */
static void compare_fields(const cJSON *schema, const struct schema *standard, const char *where,
	struct camtrapdp_report *report)
{
	const cJSON *field;
	size_t i = 0;

	cJSON_ArrayForEach(field, member(schema, "fields"))
	{
		const char *name = string_of(field, "name");

		if (i < standard->count &&
			(name == NULL || strcmp(name, standard->fields[i].name) != 0)) {
			descriptor_say(report, "S06", CAMTRAPDP_WARNING, where,
				member(field, "name"),
				"field %zu of the inline schema is not '%s' as in the standard",
				i + 1, standard->fields[i].name);
			return;
		}
		i++;
	}
	if (i != standard->count)
		descriptor_say(report, "S06", CAMTRAPDP_WARNING, where, NULL,
			"the inline schema has %zu fields, the standard %zu", i, standard->count);
}

static void check_schema(const struct descriptor *descriptor, const cJSON *resource,
	const struct schema *standard, struct camtrapdp_report *report)
{
	const cJSON *schema = member(resource, "schema");
	const char *url = cJSON_GetStringValue(schema);
	const char *version = version_text(descriptor->version);
	char *where = xasprintf("resources.%s.schema", standard->name);
	char *file = xasprintf("/%s-table-schema.json", standard->name);

	if (schema == NULL || url == NULL) {
		descriptor_say(report, "S05", CAMTRAPDP_ERROR, where, schema,
			"schema must be the address of the standard's table schema, " SCHEMA_HINT,
			version, standard->name);
		if (cJSON_IsObject(schema))
			compare_fields(schema, standard, where, report);
	} else if (!is_absolute_uri(url) || strstr(url, version) == NULL) {
		descriptor_say(report, "S05", CAMTRAPDP_ERROR, where, schema,
			"schema must be of the same version as the profile: " SCHEMA_HINT, version,
			standard->name);
	} else if (version_of(url) != descriptor->version && version_of(url) != VERSION_UNKNOWN) {
		descriptor_say(report, "S05", CAMTRAPDP_WARNING, where, schema,
			"schema and profile are of different versions; use %s for both", version);
	} else if (strstr(url, file) == NULL) {
		descriptor_say(report, "S06", CAMTRAPDP_WARNING, where, schema,
			"this is not the standard's schema of the table '%s'; the standard's is "
			"what the table is checked against",
			standard->name);
	} else if (strstr(url, "rs.gbif.org") != NULL) {
		descriptor_say(report, "S06", CAMTRAPDP_WARNING, where, schema,
			"this is GBIF's copy of the schema; the standard's is what the table is "
			"checked against");
	}
	free(file);
	free(where);
}

static void take_path(struct table_resource *table, const cJSON *path, const char *where,
	struct camtrapdp_report *report)
{
	const char *text = cJSON_GetStringValue(path);

	if (text == NULL || !path_matches(text, strlen(text)))
		descriptor_say(report, "S07", CAMTRAPDP_ERROR, where, path,
			"path must lead from datapackage.json down to the file, without '..' and "
			"without a '/' or '.' at its start");
	else if (is_remote(text))
		descriptor_say(report, "S07", CAMTRAPDP_WARNING, where, path,
			"the table is on the web and was not checked; fetch it and put it beside "
			"datapackage.json");
	else if (strchr(text, '\\') != NULL || strchr(text, ':') != NULL)
		descriptor_say(report, "S07", CAMTRAPDP_ERROR, where, path,
			"path must be relative with forward slashes, or begin with https://");
	else
		string_list_add(&table->paths, text);
}

static void take_paths(struct table_resource *table, const cJSON *resource, const char *name,
	struct camtrapdp_report *report)
{
	const cJSON *path = member(resource, "path"), *part;
	char *where = xasprintf("resources.%s.path", name);

	if (path == NULL)
		descriptor_say(report, "S05", CAMTRAPDP_ERROR, where, NULL,
			"the table has no path; name its CSV file (inline data is not allowed "
			"here)");
	else if (cJSON_IsArray(path) && cJSON_GetArraySize(path) > 0)
		cJSON_ArrayForEach(part, path) take_path(table, part, where, report);
	else
		take_path(table, path, where, report);
	free(where);
}

static void take_dialect(struct table_resource *table, const cJSON *resource)
{
	const cJSON *dialect = member(resource, "dialect");
	const char *delimiter = string_of(dialect, "delimiter");
	const char *quote = string_of(dialect, "quoteChar");
	const char *encoding = string_of(resource, "encoding");
	const char *format = string_of(resource, "format");

	table->declared = cJSON_IsObject(dialect);
	table->delimiter = delimiter != NULL && delimiter[0] != '\0' ? delimiter[0] : ',';
	table->quote = quote != NULL && quote[0] != '\0' ? quote[0] : '"';
	table->no_header = cJSON_IsFalse(member(dialect, "header"));
	table->latin1 = encoding != NULL && strcasecmp(encoding, "utf-8") != 0 &&
		strcasecmp(encoding, "utf8") != 0;
	table->parquet = format != NULL && strcasecmp(format, "parquet") == 0;
}

static void check_table(struct descriptor *descriptor, const cJSON *resource, int kind,
	struct camtrapdp_report *report)
{
	struct table_resource *table = &descriptor->tables[kind];
	const cJSON *profile = member(resource, "profile");
	char *where = xasprintf("resources.%s.profile", schemas[kind].name);

	if (table->present) {
		descriptor_say(report, "S04", CAMTRAPDP_ERROR, "resources",
			member(resource, "name"), "the table is listed twice; keep one entry");
	} else {
		table->present = true;
		if (!cJSON_IsString(profile) ||
			strcmp(profile->valuestring, "tabular-data-resource") != 0)
			descriptor_say(report, "S05", CAMTRAPDP_ERROR, where, profile,
				"profile of a table must be 'tabular-data-resource'");
		check_schema(descriptor, resource, &schemas[kind], report);
		take_paths(table, resource, schemas[kind].name, report);
		take_dialect(table, resource);
		if (table->latin1)
			descriptor_say(report, "T01", CAMTRAPDP_WARNING, where,
				member(resource, "encoding"),
				"the table is not in UTF-8; its letters were not checked");
	}
	free(where);
}

static bool name_matches(const char *name)
{
	return name[0] != '\0' &&
		name[strspn(name, "-abcdefghijklmnopqrstuvwxyz0123456789._/")] == '\0';
}

static void check_name(const cJSON *resource, const char *where, struct camtrapdp_report *report)
{
	const cJSON *name = member(resource, "name");

	if (!cJSON_IsObject(resource))
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, resource,
			"a resource must be an object");
	else if (!cJSON_IsString(name) || !name_matches(name->valuestring))
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, name,
			"a resource needs a name of lower-case letters, digits and - . _ /");
	else if (member(resource, "path") == NULL && member(resource, "data") == NULL)
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, name,
			"a resource needs path or data");
}

void check_resources(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *resources = member(descriptor->json, "resources"), *resource;
	size_t index = 0;

	if (cJSON_IsArray(resources) && cJSON_GetArraySize(resources) < 3)
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, "resources", NULL,
			"resources must list at least three: deployments, media, observations");
	cJSON_ArrayForEach(resource, resources)
	{
		const char *name = string_of(resource, "name");
		char *where = xasprintf("resources[%zu]", index++);
		bool known = false;

		for (int i = 0; i < TABLES; i++)
			if (name != NULL && strcmp(name, schemas[i].name) == 0) {
				check_table(descriptor, resource, i, report);
				known = true;
			}
		if (!known)
			check_name(resource, where, report);
		free(where);
	}
	for (int i = 0; i < TABLES; i++)
		if (!descriptor->tables[i].present)
			descriptor_say(report, "S04", CAMTRAPDP_ERROR, "resources", NULL,
				"the table '%s' is not among the resources; add it",
				schemas[i].name);
}
