/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells what kind of package it is, and checks TRAPPER packages: definition against ZIP. */
#include "trapkit/validate.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The other half: the same name with another ending; owned, NULL = not there. */
static char *beside(const char *path, const char *const *endings)
{
	const char *dot = strrchr(text_base_name(path), '.');
	size_t stem = dot == NULL ? strlen(path) : (size_t)(dot - path);

	for (; *endings != NULL; endings++) {
		char *other = xasprintf("%.*s%s", (int)stem, path, *endings);

		if (is_file(other))
			return other;
		free(other);
	}
	return NULL;
}

static int take_mismatch(
	void *context, enum package_mismatch kind, const char *subject, size_t line)
{
	struct camtrapdp_report *report = context;

	switch (kind) {
	case PACKAGE_FILE_MISSING:
		camtrapdp_report_add(report, "Y01", CAMTRAPDP_ERROR, subject,
			"line %zu lists the file, the ZIP does not hold it; package it again",
			line);
		break;
	case PACKAGE_FILE_EXTRA:
		camtrapdp_report_add(report, "Y02", CAMTRAPDP_WARNING, subject,
			"the ZIP holds the file, the definition does not list it: TRAPPER would "
			"leave it out");
		break;
	case PACKAGE_FILE_SIZE:
		camtrapdp_report_add(report, "Y03", CAMTRAPDP_ERROR, subject,
			"line %zu gives the file another size than the ZIP; package it again",
			line);
		break;
	case PACKAGE_FILE_TWICE:
		camtrapdp_report_add(report, "Y04", CAMTRAPDP_ERROR, subject,
			"line %zu lists the file again", line);
		break;
	case PACKAGE_FILE_COMPRESSED:
		camtrapdp_report_add(report, "Y05", CAMTRAPDP_WARNING, subject,
			"the file is compressed, which costs time and gains nothing");
		break;
	}
	return 0;
}

static int take_resource(void *context, const struct definition_entry *entry, struct error *err)
{
	struct camtrapdp_report *report = context;
	struct wall_time wall;

	(void)err;
	if (entry->date_recorded == NULL)
		return 0;
	if (!entry->date_is_text)
		camtrapdp_report_add(report, "Y06", CAMTRAPDP_ERROR, entry->date_recorded,
			"line %zu: the date is not quoted, so that TRAPPER refuses the package",
			entry->line);
	else if (!wall_parse(entry->date_recorded, strlen(entry->date_recorded), &wall) ||
		!wall.has_offset)
		camtrapdp_report_add(report, "Y06", CAMTRAPDP_ERROR, entry->date_recorded,
			"line %zu: the date must be like 2024-07-01T08:00:00+0000", entry->line);
	return 0;
}

static int take_unknown(
	void *context, const char *where, const char *key, size_t line, struct error *err)
{
	(void)err;
	camtrapdp_report_add(context, "Y07", CAMTRAPDP_WARNING, key,
		"line %zu: TRAPPER knows no such key of a %s", line, where);
	return 0;
}

static int check_trapper(const char *yaml, const char *zip,
	const struct camtrapdp_settings *settings, struct camtrapdp_report *report,
	struct error *err)
{
	const struct definition_visitor visitor = {
		.resource = take_resource, .unknown = take_unknown, .context = report};
	struct definition_summary summary = {0};
	uint64_t mismatches = 0;
	int result = definition_walk(yaml, &visitor, &summary, err);

	if (result == 0 && summary.count == 0)
		camtrapdp_report_add(report, "Y08", CAMTRAPDP_ERROR, NULL,
			"the definition has no collection; package it again");
	for (size_t i = 0; result == 0 && i < summary.count; i++) {
		if (summary.items[i].timezone == NULL)
			camtrapdp_report_add(report, "Y08", CAMTRAPDP_ERROR, summary.items[i].name,
				"the collection has no timezone; package it again with --timezone");
		if (summary.items[i].project_id == 0)
			camtrapdp_report_add(report, "Y08", CAMTRAPDP_ERROR, summary.items[i].name,
				"the collection has no project_id; package it again with "
				"--project-id");
	}
	definition_summary_release(&summary);
	if (result != 0)
		return result;
	if (camtrapdp_check_zip(zip, settings->check_media, report, NULL, err) != 0)
		return -1;
	/* libzip refuses an archive with names that are there twice: that has been told. */
	if (package_compare(yaml, zip, take_mismatch, report, &mismatches, err) != 0) {
		if (err->kind != ERROR_INPUT || report->counts[CAMTRAPDP_ERROR] == 0)
			return -1;
		error_clear(err);
	}
	return 0;
}

int validate_package(const char *path, const struct camtrapdp_settings *settings,
	struct camtrapdp_report *report, enum validate_kind *kind, const struct progress *progress,
	struct error *err)
{
	static const char *const yaml_endings[] = {".yaml", ".yml", NULL};
	static const char *const zip_endings[] = {".zip", ".ZIP", NULL};
	struct camtrapdp_report unused = {.most = 1};
	bool has_descriptor = true;
	char *other = NULL;
	int result;

	*kind = VALIDATE_CAMTRAPDP;
	if (text_has_suffix(path, yaml_endings)) {
		*kind = VALIDATE_TRAPPER;
		other = beside(path, zip_endings);
		if (other == NULL && is_file(path))
			return error_set(err, ERROR_INPUT,
				"there is no ZIP beside '%s'; both halves of a package lie "
				"together",
				path);
		result = check_trapper(path, other == NULL ? path : other, settings, report, err);
		free(other);
		return result;
	}
	if (text_has_suffix(path, zip_endings))
		other = beside(path, yaml_endings);
	if (other != NULL) {
		result = camtrapdp_check_zip(path, false, &unused, &has_descriptor, err);
		camtrapdp_report_release(&unused);
		if (result == 0 && !has_descriptor) {
			*kind = VALIDATE_TRAPPER;
			result = check_trapper(other, path, settings, report, err);
			free(other);
			return result;
		}
		error_clear(err);
	}
	free(other);
	return camtrapdp_validate(path, settings, report, progress, err);
}
