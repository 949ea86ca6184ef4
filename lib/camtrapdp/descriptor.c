/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads datapackage.json and runs the checks of it. */
#include "descriptor.h"

#include "trapkit/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void descriptor_say(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const char *where, const cJSON *value, const char *format,
	...)
{
	const struct place place = {.column = where};
	char *text = cJSON_IsString(value) ? xstrdup(value->valuestring)
		: value == NULL || cJSON_IsObject(value) || cJSON_IsArray(value)
		? NULL
		: cJSON_PrintUnformatted(value);
	va_list arguments;
	char *message;

	va_start(arguments, format);
	message = xvasprintf(format, arguments);
	va_end(arguments);
	report_add(report, rule, severity, &place, text, text == NULL ? 0 : strlen(text), "%s",
		message);
	free(message);
	free(text);
}

const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *string_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member(object, name));
}

bool is_absolute_uri(const char *text)
{
	size_t length =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return length > 0 && text[length] == ':' && text[length + 1] != '\0' &&
		strpbrk(text, " \t\n<>\"") == NULL &&
		((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z');
}

const char *version_text(enum version version)
{
	static const char *const texts[] = {NULL, "1.0", "1.0.1", "1.0.2"};

	return texts[version];
}

enum version version_of(const char *url)
{
	const char *at = url == NULL ? NULL : strstr(url, "camtrap-dp/");
	size_t length;

	if (at == NULL)
		return VERSION_UNKNOWN;
	at += strlen("camtrap-dp/");
	length = strcspn(at, "/");
	for (enum version version = VERSION_1_0; version <= VERSION_1_0_2; version++)
		if (strlen(version_text(version)) == length &&
			strncmp(at, version_text(version), length) == 0)
			return version;
	return VERSION_UNKNOWN;
}

/* ---- S01 ---- */

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void check_repeats(const cJSON *item, struct camtrapdp_report *report)
{
	const char **names;
	size_t count = 0, i = 0;
	const cJSON *child;

	cJSON_ArrayForEach(child, item) count++;
	if (cJSON_IsObject(item) && count > 1) {
		names = xcalloc(count, sizeof *names);
		cJSON_ArrayForEach(child, item) names[i++] = child->string;
		qsort(names, count, sizeof *names, by_text);
		for (i = 1; i < count; i++)
			if (strcmp(names[i], names[i - 1]) == 0)
				descriptor_say(report, "S01", CAMTRAPDP_WARNING, names[i], NULL,
					"the property is there twice in one object; keep one");
		free(names);
	}
	cJSON_ArrayForEach(child, item) check_repeats(child, report);
}

static size_t line_of(const char *bytes, const char *at)
{
	size_t line = 1;

	for (const char *c = bytes; c < at; c++)
		line += *c == '\n';
	return line;
}

static int read_json(const char *bytes, size_t size, struct descriptor *descriptor,
	struct camtrapdp_report *report)
{
	const char *end = NULL;
	char *copy;

	if (!text_is_utf8(bytes, size) || memchr(bytes, '\0', size) != NULL) {
		descriptor_say(report, "S01", CAMTRAPDP_ERROR, NULL, NULL,
			"datapackage.json is not UTF-8 text; save it as UTF-8");
		return -1;
	}
	/* cJSON looks at the byte behind the last. */
	copy = xstrndup(bytes, size);
	descriptor->json = cJSON_ParseWithLengthOpts(copy, size + 1, &end, 1);
	if (descriptor->json == NULL)
		descriptor_say(report, "S01", CAMTRAPDP_ERROR, NULL, NULL,
			"datapackage.json is no JSON: it cannot be understood at line %zu",
			line_of(copy, end == NULL ? copy : end));
	else if (!cJSON_IsObject(descriptor->json))
		descriptor_say(report, "S01", CAMTRAPDP_ERROR, NULL, NULL,
			"datapackage.json holds no JSON object; it must begin with '{'");
	free(copy);
	return cJSON_IsObject(descriptor->json) ? 0 : -1;
}

/* ---- S03 ---- */

static void check_profile(struct descriptor *descriptor, struct camtrapdp_report *report)
{
	const cJSON *profile = member(descriptor->json, "profile");
	const char *url = cJSON_GetStringValue(profile);
	const cJSON *resource;

	descriptor->version = version_of(url);
	if (descriptor->version == VERSION_UNKNOWN) {
		descriptor_say(report, "S03", CAMTRAPDP_ERROR, "profile", profile,
			url != NULL && strstr(url, "camtrap-dp/") != NULL
				? "this version of Camtrap DP is not known here: 1.0, 1.0.1 and "
				  "1.0.2 are; it is checked as 1.0.2"
				: "profile must be the address of the Camtrap DP profile, "
				  "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/"
				  "camtrap-dp-profile.json");
		cJSON_ArrayForEach(
			resource, member(descriptor->json, "resources")) if (descriptor->version ==
			VERSION_UNKNOWN) descriptor->version =
			version_of(string_of(resource, "schema"));
	}
	report->version = version_text(descriptor->version);
	if (descriptor->version == VERSION_UNKNOWN)
		descriptor->version = VERSION_1_0_2;
}

int descriptor_read(const char *bytes, size_t size, struct descriptor *descriptor,
	struct camtrapdp_report *report)
{
	*descriptor = (struct descriptor){0};
	if (read_json(bytes, size, descriptor, report) != 0)
		return -1;
	check_repeats(descriptor->json, report);
	check_profile(descriptor, report);
	check_resources(descriptor, report);
	check_properties(descriptor, report);
	check_spatial(descriptor, report);
	return 0;
}

void descriptor_release(struct descriptor *descriptor)
{
	cJSON_Delete(descriptor->json);
	string_list_release(&descriptor->taxa);
	for (int i = 0; i < TABLES; i++)
		string_list_release(&descriptor->tables[i].paths);
	*descriptor = (struct descriptor){0};
}
