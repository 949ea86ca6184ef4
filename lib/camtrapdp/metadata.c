/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metadata of a package as a person writes them: TOML with the descriptor's keys. */
#include "metadata.h"

#include "trapkit/camtrapdp.h"
#include "trapkit/error.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CLASSES "classes"
/* How the texts begin that the template leaves to be filled in. */
#define UNFILLED "FILL IN"
#define MOST_PROBLEMS 20

static cJSON *to_json(const struct toml_value *value)
{
	cJSON *json;

	switch (value->type) {
	case TOML_TABLE:
		json = cJSON_CreateObject();
		for (size_t i = 0; i < value->count; i++)
			cJSON_AddItemToObject(json, value->items[i].key, to_json(&value->items[i]));
		return json;
	case TOML_ARRAY:
		json = cJSON_CreateArray();
		for (size_t i = 0; i < value->count; i++)
			cJSON_AddItemToArray(json, to_json(&value->items[i]));
		return json;
	case TOML_INTEGER:
	case TOML_FLOAT:
		return cJSON_CreateNumber(value->number);
	case TOML_BOOLEAN:
		return cJSON_CreateBool(value->boolean);
	case TOML_STRING:
	case TOML_DATE_TIME:
		break;
	}
	return cJSON_CreateString(value->text);
}

static int read_file(const char *path, char **text, size_t *size, struct error *err)
{
	FILE *stream = fopen(path, "re");

	if (stream == NULL)
		return errno == ENOENT
			? error_set(err, ERROR_INPUT,
				  "there is no '%s'; 'trapkit export --init-metadata --metadata "
				  "%s' writes one to be filled in",
				  path, path)
			: error_errno(err, "cannot open '%s'", path);
	*text = xmalloc(TOML_LARGEST + 1);
	*size = fread(*text, 1, TOML_LARGEST + 1, stream);
	if (ferror(stream)) {
		fclose(stream);
		return error_errno(err, "cannot read '%s'", path);
	}
	fclose(stream);
	return 0;
}

/* Every class must name a taxon. */
static int check_classes(const struct camtrapdp_metadata *metadata, struct error *err)
{
	const struct toml_value *classes = toml_find(metadata->toml, CLASSES);

	if (classes == NULL)
		return 0;
	if (classes->type != TOML_TABLE)
		return error_set(err, ERROR_INPUT,
			"'%s', line %u: write [classes], not 'classes ='", metadata->path,
			classes->line);
	for (size_t i = 0; i < classes->count; i++)
		if (classes->items[i].type != TOML_STRING || classes->items[i].length == 0)
			return error_set(err, ERROR_INPUT,
				"'%s', line %u: give class '%s' a scientific name in quotes",
				metadata->path, classes->items[i].line, classes->items[i].key);
	return 0;
}

struct camtrapdp_metadata *camtrapdp_read_metadata(const char *path, struct error *err)
{
	struct camtrapdp_metadata *metadata = xcalloc(1, sizeof *metadata);
	char *text = NULL;
	size_t size = 0;
	int result;

	metadata->path = xstrdup(path);
	result = read_file(path, &text, &size, err);
	if (result == 0)
		result = toml_parse(text, size, path, &metadata->toml, err);
	if (result == 0)
		result = check_classes(metadata, err);
	if (result == 0) {
		metadata->json = to_json(metadata->toml);
		cJSON_DeleteItemFromObjectCaseSensitive(metadata->json, CLASSES);
	}
	free(text);
	if (result == 0)
		return metadata;
	camtrapdp_metadata_free(metadata);
	return NULL;
}

void camtrapdp_metadata_free(struct camtrapdp_metadata *metadata)
{
	if (metadata == NULL)
		return;
	toml_free(metadata->toml);
	cJSON_Delete(metadata->json);
	free(metadata->path);
	free(metadata);
}

static void replace(struct camtrapdp_metadata *metadata, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(metadata->json, key);
	cJSON_AddItemToObject(metadata->json, key, value);
}

void camtrapdp_metadata_set_text(
	struct camtrapdp_metadata *metadata, const char *key, const char *text)
{
	replace(metadata, key, cJSON_CreateString(text));
}

void camtrapdp_metadata_set_list(
	struct camtrapdp_metadata *metadata, const char *key, const struct string_list *texts)
{
	replace(metadata, key,
		cJSON_CreateStringArray((const char *const *)texts->items, (int)texts->count));
}

const char *camtrapdp_metadata_class(const struct camtrapdp_metadata *metadata, const char *word)
{
	const struct toml_value *classes = toml_find(metadata->toml, CLASSES);

	for (size_t i = 0; classes != NULL && i < classes->count; i++)
		if (strcasecmp(classes->items[i].key, word) == 0)
			return classes->items[i].text;
	return NULL;
}

const char *camtrapdp_metadata_capture_method(const struct camtrapdp_metadata *metadata)
{
	const cJSON *project = cJSON_GetObjectItemCaseSensitive(metadata->json, "project");
	const cJSON *methods = cJSON_GetObjectItemCaseSensitive(project, "captureMethod");

	return cJSON_GetArraySize(methods) == 1
		? cJSON_GetStringValue(cJSON_GetArrayItem(methods, 0))
		: NULL;
}

/* ---- what is wrong with it ---- */

/* The line of "contributors[1].role", or of what there is of it; 0 = none of it. */
static unsigned line_of(const struct toml_value *value, const char *where)
{
	unsigned line = 0;

	while (value != NULL && *where != '\0') {
		size_t length = strcspn(where, ".[");
		const struct toml_value *inner = NULL;

		if (*where == '[') {
			size_t index = strtoul(where + 1, NULL, 10);

			inner = value->type == TOML_ARRAY && index < value->count
				? &value->items[index]
				: NULL;
			where += strcspn(where, "]");
			where += *where == ']';
		} else {
			char *key = xstrndup(where, length);

			inner = value->type == TOML_TABLE ? toml_find(value, key) : NULL;
			free(key);
			where += length;
		}
		where += *where == '.';
		value = inner;
		if (value != NULL)
			line = value->line;
	}
	return line;
}

static void add_sentence(const struct camtrapdp_metadata *metadata, struct string_list *list,
	const char *where, const char *message)
{
	unsigned line = where == NULL ? 0 : line_of(metadata->toml, where);
	char *text = line == 0 ? xasprintf("'%s': %s", metadata->path, message)
			       : xasprintf("'%s', line %u: %s", metadata->path, line, message);

	string_list_add(list, text);
	free(text);
}

static void check_keys(const struct camtrapdp_metadata *metadata, struct string_list *warnings)
{
	for (size_t i = 0; i < metadata->toml->count; i++) {
		const char *key = metadata->toml->items[i].key, *nearest;
		bool known = strcmp(key, CLASSES) == 0;
		char *message = NULL;

		for (size_t j = 0; !known && descriptor_order[j] != NULL; j++)
			known = strcmp(key, descriptor_order[j]) == 0;
		nearest = known ? NULL : text_nearest(key, descriptor_order);
		if (descriptor_computes(key))
			message = xasprintf("'%s' is computed of the tables; not used", key);
		else if (!known)
			message = xasprintf("'%s' is no property of Camtrap DP%s%s%s; it is "
					    "written as it stands",
				key, nearest == NULL ? "" : " (is it '",
				nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?)");
		if (message != NULL)
			add_sentence(metadata, warnings, key, message);
		free(message);
	}
}

/* Texts of the template that nobody has replaced yet. */
static void check_filled(const struct camtrapdp_metadata *metadata, const struct toml_value *value,
	struct string_list *problems)
{
	if (value->type == TOML_STRING && strncmp(value->text, UNFILLED, strlen(UNFILLED)) == 0) {
		char *text = xasprintf("'%s', line %u: %s is still to be filled in", metadata->path,
			value->line, value->key == NULL ? "this" : value->key);

		string_list_add(problems, text);
		free(text);
	}
	for (size_t i = 0; i < value->count; i++)
		check_filled(metadata, &value->items[i], problems);
}

int camtrapdp_check_metadata(const struct camtrapdp_metadata *metadata,
	struct string_list *problems, struct string_list *warnings, struct error *err)
{
	const struct camtrapdp_deployment_list none = {0};
	const struct camtrapdp_summary summary = {.deployments = &none};
	struct camtrapdp_report report = {.most = MOST_PROBLEMS};
	char *text = camtrapdp_descriptor(metadata, &summary);

	check_keys(metadata, warnings);
	check_filled(metadata, metadata->toml, problems);
	camtrapdp_check_descriptor_bytes((const uint8_t *)text, strlen(text), &report);
	free(text);
	for (size_t i = 0; i < report.findings.count; i++) {
		const struct camtrapdp_finding *finding = &report.findings.items[i];

		if (finding->severity == CAMTRAPDP_ERROR)
			add_sentence(metadata, problems, finding->column, finding->message);
		else if (finding->severity == CAMTRAPDP_WARNING)
			add_sentence(metadata, warnings, finding->column, finding->message);
	}
	camtrapdp_report_release(&report);
	if (problems->count == 0)
		return 0;
	return error_set(err, ERROR_INPUT, "%s%s", problems->items[0],
		problems->count > 1 ? ", and more" : "");
}
