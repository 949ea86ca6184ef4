/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Properties of datapackage.json by table: S02, S09, S10, S11 (contract section 3). */
#include "cells.h"
#include "descriptor.h"

#include <stdlib.h>
#include <string.h>

enum form { STRING, NUMBER, BOOLEAN, ARRAY, STRINGS, OBJECT };
enum shape { ANY, NAME, LICENCE_NAME, EMAIL, PATH, URI, DATE };

struct property {
	const char *name;
	enum form form;
	bool required;
	enum shape shape;
	int least;           /* items of a list */
	const char *choices; /* "|a|b|": of a string or of a list's strings */
};

#define RELATIONS                                                                                  \
	"|IsCitedBy|Cites|IsSupplementTo|IsSupplementedBy|IsContinuedBy|Continues|"                \
	"IsNewVersionOf|IsPreviousVersionOf|IsPartOf|HasPart|IsPublishedIn|IsReferencedBy|"        \
	"References|IsDocumentedBy|Documents|IsCompiledBy|Compiles|IsVariantFormOf|"               \
	"IsOriginalFormOf|IsIdenticalTo|HasMetadata|IsMetadataFor|Reviews|IsReviewedBy|"           \
	"IsDerivedFrom|IsSourceOf|Describes|IsDescribedBy|HasVersion|IsVersionOf|Requires|"        \
	"IsRequiredBy|Obsoletes|IsObsoletedBy|"
#define GENERAL_TYPES                                                                              \
	"|Audiovisual|Book|BookChapter|Collection|ComputationalNotebook|ConferencePaper|"          \
	"ConferenceProceeding|DataPaper|Dataset|Dissertation|Event|Image|InteractiveResource|"     \
	"Journal|JournalArticle|Model|OutputManagementPlan|PeerReview|PhysicalObject|Preprint|"    \
	"Report|Service|Software|Sound|Standard|Text|Workflow|Other|"
#define IDENTIFIER_TYPES                                                                           \
	"|ARK|arXiv|bibcode|DOI|EAN13|EISSN|Handle|IGSN|ISBN|ISSN|ISTC|LISSN|LSID|PMID|PURL|UPC|"  \
	"URL|URN|w3id|"

static const struct property package_properties[] = {
	{"resources", ARRAY, true, ANY, 0, NULL},
	{"profile", STRING, true, ANY, 0, NULL},
	{"created", STRING, true, ANY, 0, NULL},
	{"contributors", ARRAY, true, ANY, 1, NULL},
	{"project", OBJECT, true, ANY, 0, NULL},
	{"spatial", OBJECT, true, ANY, 0, NULL},
	{"temporal", OBJECT, true, ANY, 0, NULL},
	{"taxonomic", ARRAY, true, ANY, 0, NULL},
	{"name", STRING, false, NAME, 0, NULL},
	{"id", STRING, false, ANY, 0, NULL},
	{"title", STRING, false, ANY, 0, NULL},
	{"description", STRING, false, ANY, 0, NULL},
	{"version", STRING, false, ANY, 0, NULL},
	{"keywords", STRINGS, false, ANY, 1, NULL},
	{"image", STRING, false, ANY, 0, NULL},
	{"homepage", STRING, false, URI, 0, NULL},
	{"sources", ARRAY, false, ANY, 0, NULL},
	{"licenses", ARRAY, false, ANY, 2, NULL},
	{"bibliographicCitation", STRING, false, ANY, 0, NULL},
	{"coordinatePrecision", NUMBER, false, ANY, 0, NULL},
	{"relatedIdentifiers", ARRAY, false, ANY, 0, NULL},
	{"references", STRINGS, false, ANY, 0, NULL},
	{.name = NULL},
};
static const struct property contributor_properties[] = {
	{"title", STRING, true, ANY, 0, NULL},
	{"email", STRING, false, EMAIL, 0, NULL},
	{"path", STRING, false, PATH, 0, NULL},
	{"organization", STRING, false, ANY, 0, NULL},
	{"role", STRING, false, ANY, 0,
		"|contact|principalInvestigator|rightsHolder|publisher|contributor|"},
	{.name = NULL},
};
static const struct property source_properties[] = {
	{"title", STRING, true, ANY, 0, NULL},
	{"path", STRING, false, PATH, 0, NULL},
	{"email", STRING, false, EMAIL, 0, NULL},
	{"version", STRING, false, ANY, 0, NULL},
	{.name = NULL},
};
static const struct property licence_properties[] = {
	{"scope", STRING, true, ANY, 0, "|data|media|"},
	{"name", STRING, false, LICENCE_NAME, 0, NULL},
	{"path", STRING, false, PATH, 0, NULL},
	{"title", STRING, false, ANY, 0, NULL},
	{.name = NULL},
};
static const struct property project_properties[] = {
	{"title", STRING, true, ANY, 0, NULL},
	{"samplingDesign", STRING, true, ANY, 0,
		"|simpleRandom|systematicRandom|clusteredRandom|experimental|targeted|"
		"opportunistic|"},
	{"captureMethod", STRINGS, true, ANY, 1, "|activityDetection|timeLapse|"},
	{"individualAnimals", BOOLEAN, true, ANY, 0, NULL},
	{"observationLevel", STRINGS, true, ANY, 0, "|media|event|"},
	{"id", STRING, false, ANY, 0, NULL},
	{"acronym", STRING, false, ANY, 0, NULL},
	{"description", STRING, false, ANY, 0, NULL},
	{"path", STRING, false, URI, 0, NULL},
	{.name = NULL},
};
static const struct property temporal_properties[] = {
	{"start", STRING, true, DATE, 0, NULL},
	{"end", STRING, true, DATE, 0, NULL},
	{.name = NULL},
};
static const struct property taxon_properties[] = {
	{"scientificName", STRING, true, ANY, 0, NULL},
	{"taxonID", STRING, false, ANY, 0, NULL},
	{"taxonRank", STRING, false, ANY, 0,
		"|kingdom|phylum|class|order|family|genus|species|subspecies|"},
	{"kingdom", STRING, false, ANY, 0, NULL},
	{"phylum", STRING, false, ANY, 0, NULL},
	{"class", STRING, false, ANY, 0, NULL},
	{"order", STRING, false, ANY, 0, NULL},
	{"family", STRING, false, ANY, 0, NULL},
	{"genus", STRING, false, ANY, 0, NULL},
	{"vernacularNames", OBJECT, false, ANY, 0, NULL},
	{.name = NULL},
};
static const struct property related_properties[] = {
	{"relationType", STRING, true, ANY, 0, RELATIONS},
	{"relatedIdentifier", STRING, true, ANY, 0, NULL},
	{"resourceTypeGeneral", STRING, false, ANY, 0, GENERAL_TYPES},
	{"relatedIdentifierType", STRING, true, ANY, 0, IDENTIFIER_TYPES},
	{.name = NULL},
};

/* True when the word stands in "|a|b|". */
static bool among(const char *word, const char *choices)
{
	char *barred = xasprintf("|%s|", word);
	bool found = strchr(word, '|') == NULL && strstr(choices, barred) != NULL;

	free(barred);
	return found;
}

static void check_shape(const struct property *property, const cJSON *value, const char *where,
	struct camtrapdp_report *report)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyz0123456789-._/ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *text = value->valuestring;
	size_t length = strlen(text);
	size_t passed = strspn(text, letters);
	const char *at = strchr(text, '@');
	const char *wrong = NULL;
	int64_t day;

	switch (property->shape) {
	case NAME:
		passed = strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == length ? passed : 0;
		if (length == 0 || passed != length)
			wrong = "must be of lower-case letters, digits and - . _ /";
		break;
	case LICENCE_NAME:
		if (length == 0 || passed != length || strchr(text, '/') != NULL)
			wrong = "must be a licence identifier such as CC0-1.0 or CC-BY-4.0";
		break;
	case EMAIL:
		if (length > 0 && (at == NULL || at == text || at[1] == '\0'))
			wrong = "is no e-mail address";
		break;
	case PATH:
		if (!path_matches(text, length))
			wrong = "must be an address on the web or a relative path";
		break;
	case DATE:
		if (!date_read(text, length, &day))
			descriptor_say(report, "S09", CAMTRAPDP_ERROR, where, value,
				"%s is no date such as 2024-05-31", where);
		break;
	case URI:
		if (length > 0 && !is_absolute_uri(text))
			descriptor_say(report, "S10", CAMTRAPDP_WARNING, where, value,
				"%s should be a whole address, with https:// at its start", where);
		break;
	case ANY:
		break;
	}
	if (wrong != NULL)
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, value, "%s %s", where, wrong);
}

static bool has_form(const cJSON *value, enum form form)
{
	switch (form) {
	case STRING:
		return cJSON_IsString(value);
	case NUMBER:
		return cJSON_IsNumber(value);
	case BOOLEAN:
		return cJSON_IsBool(value);
	case OBJECT:
		return cJSON_IsObject(value);
	case ARRAY:
	case STRINGS:
		return cJSON_IsArray(value);
	}
	return false;
}

static void check_choice(const struct property *property, const cJSON *value, const char *where,
	struct camtrapdp_report *report)
{
	if (!cJSON_IsString(value))
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, value,
			"%s must hold texts only", where);
	else if (property->choices != NULL && !among(value->valuestring, property->choices))
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, value,
			"%s must be one of %s, written exactly so", where, property->choices);
}

static void check_value(const struct property *property, const cJSON *value, const char *where,
	struct camtrapdp_report *report)
{
	static const char *const forms[] = {
		"a text", "a number", "true or false", "a list", "a list of texts", "an object"};
	const cJSON *item;

	if (!has_form(value, property->form)) {
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, value, "%s must be %s%s",
			where, forms[property->form],
			cJSON_IsNull(value) ? "; leave it out instead of null" : "");
		return;
	}
	if (property->form == STRING) {
		check_choice(property, value, where, report);
		check_shape(property, value, where, report);
	}
	if (property->least > 0 && cJSON_GetArraySize(value) < property->least)
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, NULL,
			"%s must list at least %d%s", where, property->least,
			property->required ? "" : ", or be left out");
	if (property->form == STRINGS)
		cJSON_ArrayForEach(item, value) check_choice(property, item, where, report);
}

/* `where` is "" for the package itself. */
static void check_object(const cJSON *object, const char *where, const struct property *properties,
	struct camtrapdp_report *report)
{
	if (!cJSON_IsObject(object)) {
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, where, object,
			"%s must be an object", where);
		return;
	}
	for (; properties->name != NULL; properties++) {
		const cJSON *value = member(object, properties->name);
		char *path =
			xasprintf("%s%s%s", where, where[0] == '\0' ? "" : ".", properties->name);

		if (value != NULL)
			check_value(properties, value, path, report);
		else if (properties->required && strcmp(path, "profile") != 0)
			descriptor_say(report, "S02", CAMTRAPDP_ERROR, path, NULL,
				"%s is missing; it is required", path);
		free(path);
	}
}

static void check_list(const struct descriptor *descriptor, const char *name,
	const struct property *properties, struct camtrapdp_report *report)
{
	const cJSON *list = member(descriptor->json, name), *item;
	size_t index = 0;

	if (!cJSON_IsArray(list))
		return;
	cJSON_ArrayForEach(item, list)
	{
		char *where = xasprintf("%s[%zu]", name, index++);

		check_object(item, where, properties, report);
		free(where);
	}
}

/* ---- what single properties mean ---- */

static void check_dates(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *temporal = member(descriptor->json, "temporal");
	const cJSON *created = member(descriptor->json, "created");
	const char *start = string_of(temporal, "start"), *end = string_of(temporal, "end");
	struct value value = {0};

	if (cJSON_IsString(created) &&
		!datetime_read(created->valuestring, strlen(created->valuestring), true, &value))
		descriptor_say(report, "S09", CAMTRAPDP_ERROR, "created", created,
			"created is no date and time such as 2024-06-02T09:31:00Z");
	descriptor->has_temporal = start != NULL && end != NULL &&
		date_read(start, strlen(start), &descriptor->first_day) &&
		date_read(end, strlen(end), &descriptor->last_day);
	if (descriptor->has_temporal && descriptor->first_day > descriptor->last_day)
		descriptor_say(report, "S09", CAMTRAPDP_ERROR, "temporal",
			member(temporal, "start"), "temporal.start is after temporal.end");
}

static void check_licences(const struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *licences = member(descriptor->json, "licenses"), *licence;
	bool data = false, media = false, named = true, useless = false;

	cJSON_ArrayForEach(licence, licences)
	{
		const char *scope = string_of(licence, "scope");

		data |= scope != NULL && strcmp(scope, "data") == 0;
		media |= scope != NULL && strcmp(scope, "media") == 0;
		named &= string_of(licence, "name") != NULL;
		useless |= member(licence, "name") == NULL && member(licence, "path") == NULL;
	}
	if (!data || !media)
		descriptor_say(report, "S11", CAMTRAPDP_WARNING, "licenses", NULL,
			"there should be a licence for the data and one for the media; without "
			"them nobody may use the package");
	if (useless)
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, "licenses", NULL,
			"a licence needs name or path");
	if (!named)
		descriptor_say(report, "S11", CAMTRAPDP_WARNING, "licenses", NULL,
			"a licence has no name; give its identifier, such as CC-BY-4.0");
}

static void check_taxa(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *taxon, *names, *name;

	descriptor->has_taxonomic = cJSON_IsArray(member(descriptor->json, "taxonomic"));
	cJSON_ArrayForEach(taxon, member(descriptor->json, "taxonomic"))
	{
		const char *text = string_of(taxon, "scientificName");

		if (text != NULL)
			string_list_add(&descriptor->taxa, text);
		names = member(taxon, "vernacularNames");
		if (!cJSON_IsObject(names))
			continue;
		cJSON_ArrayForEach(name, names) if (strlen(name->string) != 3 ||
			strspn(name->string, "abcdefghijklmnopqrstuvwxyz") != 3 ||
			!cJSON_IsString(name)) descriptor_say(report, "S02", CAMTRAPDP_ERROR,
			"taxonomic.vernacularNames", name,
			"vernacular names go by a code of three letters such as "
			"eng, not '%s'",
			name->string);
	}
}

static void take_words(const cJSON *list, const char *first, const char *second, bool has[2])
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		has[0] |= cJSON_IsString(item) && strcmp(item->valuestring, first) == 0;
		has[1] |= cJSON_IsString(item) && strcmp(item->valuestring, second) == 0;
	}
}

static void check_project(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *project = member(descriptor->json, "project");
	const cJSON *methods = member(project, "captureMethod");
	const cJSON *levels = member(project, "observationLevel");
	const cJSON *precision = member(descriptor->json, "coordinatePrecision");
	const char *gbif = string_of(member(descriptor->json, "gbifIngestion"), "observationLevel");

	if (cJSON_IsObject(project))
		check_object(project, "project", project_properties, report);
	descriptor->has_methods = cJSON_IsArray(methods);
	descriptor->has_levels = cJSON_IsArray(levels);
	take_words(methods, "activityDetection", "timeLapse", descriptor->methods);
	take_words(levels, "media", "event", descriptor->levels);
	if (cJSON_GetArraySize(methods) > descriptor->methods[0] + descriptor->methods[1] &&
		(descriptor->methods[0] || descriptor->methods[1]))
		descriptor_say(report, "S02", CAMTRAPDP_ERROR, "project.captureMethod", NULL,
			"project.captureMethod must list each method once");
	descriptor->precision = cJSON_IsNumber(precision) ? precision->valuedouble : 0;
	descriptor->gbif_media = gbif != NULL && strcmp(gbif, "media") == 0;
}

void check_properties(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *temporal = member(descriptor->json, "temporal");

	check_object(descriptor->json, "", package_properties, report);
	check_list(descriptor, "contributors", contributor_properties, report);
	check_list(descriptor, "sources", source_properties, report);
	check_list(descriptor, "licenses", licence_properties, report);
	check_list(descriptor, "taxonomic", taxon_properties, report);
	check_list(descriptor, "relatedIdentifiers", related_properties, report);
	if (cJSON_IsObject(temporal))
		check_object(temporal, "temporal", temporal_properties, report);
	check_project(descriptor, report);
	check_dates(descriptor, report);
	check_licences(descriptor, report);
	check_taxa(descriptor, report);
}
