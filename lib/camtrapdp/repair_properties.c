/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What exporters write into datapackage.json in other forms than the standard's (sections 3 and
 * 16). */
#include "repair.h"

#include "trapkit/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static cJSON *get(cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void set(cJSON *object, const char *name, cJSON *value)
{
	if (!cJSON_ReplaceItemInObjectCaseSensitive(object, name, value))
		cJSON_AddItemToObject(object, name, value);
}

static void note(struct camtrapdp_repair *repair, const char *property, const char *what)
{
	repair_note(repair, NULL, property, what);
}

static void take_nulls_out(cJSON *json, struct camtrapdp_repair *repair)
{
	for (cJSON *item = json->child, *next; item != NULL; item = next) {
		next = item->next;
		if (cJSON_IsNull(item)) {
			cJSON_Delete(cJSON_DetachItemViaPointer(json, item));
			note(repair, NULL, "properties that were null taken out");
		} else {
			take_nulls_out(item, repair);
		}
	}
}

/* Numbers where the standard wants text: "version": 1. */
static void mend_text(cJSON *json, const char *name, struct camtrapdp_repair *repair)
{
	const cJSON *item = get(json, name);
	char *text;

	if (!cJSON_IsNumber(item))
		return;
	text = cJSON_PrintUnformatted(item);
	set(json, name, cJSON_CreateString(text));
	cJSON_free(text);
	note(repair, name, "written as text");
}

static void mend_name(cJSON *json, struct camtrapdp_repair *repair)
{
	const char *name = string_of(json, "name");
	char *slug;

	if (name == NULL ||
		(*name != '\0' &&
			strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._/") == strlen(name)))
		return;
	slug = text_is_utf8(name, strlen(name)) ? text_slugify(name) : xstrdup("");
	if (*slug == '\0')
		cJSON_DeleteItemFromObjectCaseSensitive(json, "name");
	else
		set(json, "name", cJSON_CreateString(slug));
	free(slug);
	note(repair, "name", "written in lower case, without blanks");
}

static void mend_homepage(cJSON *json, struct camtrapdp_repair *repair)
{
	const char *homepage = string_of(json, "homepage");
	char *address;

	if (homepage == NULL || strstr(homepage, "://") != NULL || strchr(homepage, '.') == NULL ||
		homepage[0] == '/')
		return;
	address = xasprintf("https://%s", homepage);
	set(json, "homepage", cJSON_CreateString(address));
	free(address);
	note(repair, "homepage", "written with https:// before it");
}

/* "a, b" becomes a list; an empty one goes. */
static void mend_keywords(cJSON *json, struct camtrapdp_repair *repair)
{
	const cJSON *keywords = get(json, "keywords");
	char *text = xstrdup(cJSON_IsString(keywords) ? keywords->valuestring : "");
	cJSON *list;

	if (cJSON_IsString(keywords)) {
		char *rest = text;

		list = cJSON_CreateArray();
		while (*(rest += strspn(rest, ", ")) != '\0') {
			size_t length = strcspn(rest, ",");
			char *word = xstrndup(rest, length);

			cJSON_AddItemToArray(list, cJSON_CreateString(word));
			free(word);
			rest += length;
		}
		set(json, "keywords", list);
		note(repair, "keywords", "written as a list");
	}
	if (cJSON_IsArray(get(json, "keywords")) &&
		cJSON_GetArraySize(get(json, "keywords")) == 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(json, "keywords");
		note(repair, "keywords", "an empty list taken out");
	}
	free(text);
}

/* The standard's word for `given`, or NULL. */
static const char *standard_word(const char *given, const char *const *words)
{
	for (; given != NULL && *words != NULL; words++)
		if (repair_same_word(given, *words))
			return *words;
	return NULL;
}

static void mend_contributors(cJSON *json, struct camtrapdp_repair *repair)
{
	static const char *const roles[] = {"contact", "principalInvestigator", "rightsHolder",
		"publisher", "contributor", NULL};
	cJSON *one;

	cJSON_ArrayForEach(one, get(json, "contributors"))
	{
		const char *role = string_of(one, "role"), *meant = standard_word(role, roles);

		if (get(one, "role") == NULL || (meant != NULL && strcmp(meant, role) == 0))
			continue;
		if (meant != NULL)
			set(one, "role", cJSON_CreateString(meant));
		else
			cJSON_DeleteItemFromObjectCaseSensitive(one, "role");
		note(repair, "contributors.role",
			meant != NULL ? "written as the standard's word"
				      : "taken out: the standard has no such role");
	}
}

static void mend_capture_methods(cJSON *project, struct camtrapdp_repair *repair)
{
	static const char *const methods[] = {"activityDetection", "timeLapse", NULL};
	cJSON *list = get(project, "captureMethod"), *one;

	if (cJSON_IsString(list)) {
		one = cJSON_CreateArray();
		cJSON_AddItemToArray(one, cJSON_CreateString(list->valuestring));
		set(project, "captureMethod", one);
		list = get(project, "captureMethod");
		note(repair, "project.captureMethod", "written as a list");
	}
	cJSON_ArrayForEach(one, list)
	{
		const char *given = cJSON_GetStringValue(one);
		const char *meant = given != NULL && repair_same_word(given, "motionDetection")
			? methods[0]
			: standard_word(given, methods);

		if (meant != NULL && strcmp(meant, given) != 0) {
			cJSON_SetValuestring(one, meant);
			note(repair, "project.captureMethod", "written as the standard's word");
		}
	}
}

static void mend_project(cJSON *json, struct camtrapdp_repair *repair)
{
	static const char *const designs[] = {"simpleRandom", "systematicRandom", "clusteredRandom",
		"experimental", "targeted", "opportunistic", NULL};
	cJSON *project = get(json, "project"), *animals;
	const char *design, *meant;

	if (!cJSON_IsObject(project))
		return;
	design = string_of(project, "samplingDesign");
	meant = standard_word(design, designs);
	if (meant != NULL && strcmp(meant, design) != 0) {
		set(project, "samplingDesign", cJSON_CreateString(meant));
		note(repair, "project.samplingDesign", "written as the standard's word");
	}
	animals = get(project, "individualAnimals");
	if (!cJSON_IsBool(animals)) {
		bool yes = (cJSON_IsString(animals) &&
				   repair_same_word(animals->valuestring, "true")) ||
			(cJSON_IsNumber(animals) && animals->valuedouble != 0);

		set(project, "individualAnimals", cJSON_CreateBool(yes));
		note(repair, "project.individualAnimals", "written as true or false");
	}
	if (string_of(project, "title") == NULL && string_of(json, "title") != NULL) {
		set(project, "title", cJSON_CreateString(string_of(json, "title")));
		note(repair, "project.title", "taken from the package's title");
	}
	mend_text(project, "id", repair);
	mend_capture_methods(project, repair);
}

/* ISO 639-1, as exporters write it, and 639-3, as the standard wants it. */
static const char *language(const char *given)
{
	static const char *const pairs[][2] = {{"en", "eng"}, {"de", "deu"}, {"es", "spa"},
		{"fr", "fra"}, {"it", "ita"}, {"nl", "nld"}, {"pl", "pol"}, {"pt", "por"},
		{"cs", "ces"}, {"sk", "slk"}, {"sl", "slv"}, {"hr", "hrv"}, {"hu", "hun"},
		{"ro", "ron"}, {"sv", "swe"}, {"no", "nor"}, {"da", "dan"}, {"fi", "fin"}};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (strcmp(pairs[i][0], given) == 0)
			return pairs[i][1];
	return NULL;
}

static bool is_code(const char *key)
{
	return strlen(key) == 3 && strspn(key, "abcdefghijklmnopqrstuvwxyz") == 3;
}

static void mend_taxa(cJSON *json, struct camtrapdp_repair *repair)
{
	cJSON *taxon;

	cJSON_ArrayForEach(taxon, get(json, "taxonomic"))
	{
		cJSON *names = get(taxon, "vernacularNames");
		cJSON *kept = cJSON_CreateObject(), *name;

		cJSON_ArrayForEach(name, names)
		{
			const char *key =
				is_code(name->string) ? name->string : language(name->string);

			if (key != NULL && cJSON_IsString(name) && get(kept, key) == NULL)
				cJSON_AddStringToObject(kept, key, name->valuestring);
			if (key != name->string)
				note(repair, "taxonomic.vernacularNames",
					"languages written as three letters");
		}
		if (names == NULL)
			cJSON_Delete(kept);
		else
			set(taxon, "vernacularNames", kept);
	}
}

/* DataCite's words begin with a capital. */
static void mend_relations(cJSON *json, struct camtrapdp_repair *repair)
{
	cJSON *one;

	cJSON_ArrayForEach(one, get(json, "relatedIdentifiers"))
	{
		cJSON *type = get(one, "relationType");

		if (cJSON_IsString(type) && islower((unsigned char)type->valuestring[0])) {
			type->valuestring[0] = (char)toupper((unsigned char)type->valuestring[0]);
			note(repair, "relatedIdentifiers.relationType",
				"written with a capital letter");
		}
	}
}

void repair_properties(cJSON *json, struct camtrapdp_repair *repair)
{
	take_nulls_out(json, repair);
	mend_text(json, "version", repair);
	mend_text(json, "id", repair);
	mend_name(json, repair);
	mend_homepage(json, repair);
	mend_keywords(json, repair);
	mend_contributors(json, repair);
	mend_project(json, repair);
	mend_taxa(json, repair);
	mend_relations(json, repair);
}
