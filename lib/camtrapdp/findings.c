/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of findings: grouped, counted to the end, kept up to a limit. */
#include "findings.h"

#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_SHOWN 160
#define USUAL_MOST 20

/* The catalogue: contracts/camtrap-dp.md section 15; Y: TRAPPER packages. */
static const struct {
	const char *rule, *title;
} rules[] = {
	{"S01", "datapackage.json is there and is JSON"},
	{"S02", "properties of datapackage.json"},
	{"S03", "profile names a known version"},
	{"S04", "the three tables are there, once each"},
	{"S05", "profile, path and schema of the tables"},
	{"S06", "table schema is the standard's own"},
	{"S07", "paths and archive are safe, files exist"},
	{"S08", "bytes and hash are right"},
	{"S09", "dates of the package"},
	{"S10", "URIs are absolute"},
	{"S11", "licences for data and media"},
	{"S12", "spatial is valid GeoJSON"},
	{"T01", "text is in its encoding"},
	{"T02", "delimiter, quotes and line ends"},
	{"T03", "columns are the standard's, in its order"},
	{"T04", "rows are whole"},
	{"T05", "cells have their type"},
	{"T06", "required cells are filled in"},
	{"T07", "values are within their limits"},
	{"T08", "keys are unique"},
	{"R01", "keys lead to a row"},
	{"R02", "observation and its media file share the deployment"},
	{"R03", "level and mediaID fit"},
	{"R04", "rows without a counterpart"},
	{"C01", "start and end of deployments"},
	{"C02", "media within their deployment"},
	{"C03", "events within their deployment"},
	{"C04", "media observations at the time of their file"},
	{"C05", "events are consistent"},
	{"C06", "camera clocks"},
	{"C07", "a camera is at one place at a time"},
	{"C08", "places of locations"},
	{"B01", "boxes are whole and inside the picture"},
	{"B02", "boxes are plausible"},
	{"V01", "blank and unclassified rows are empty"},
	{"V02", "names fit the type of observation"},
	{"V03", "machine classifications"},
	{"V04", "height or depth"},
	{"V05", "event rows are not repeated"},
	{"M01", "taxonomic fits the observations"},
	{"M02", "project fits the rows"},
	{"M03", "spatial and temporal fit the deployments"},
	{"M04", "coordinatePrecision fits the coordinates"},
	{"F01", "form of filePath"},
	{"F02", "media files are there"},
	{"F03", "fileName and fileMediatype fit"},
	{"F04", "exifData"},
	{"P01", "people are not public"},
	{"G01", "GBIF would take the observations"},
	{"G02", "file addresses last"},
	{"Y01", "files of the definition are in the ZIP"},
	{"Y02", "files of the ZIP are in the definition"},
	{"Y03", "sizes agree"},
	{"Y04", "files are listed once"},
	{"Y05", "files are stored, not compressed"},
	{"Y06", "dates as TRAPPER takes them"},
	{"Y07", "keys that TRAPPER knows"},
	{"Y08", "the definition is complete"},
};

const char *camtrapdp_rule_title(const char *rule)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strcmp(rules[i].rule, rule) == 0)
			return rules[i].title;
	return NULL;
}

/* Bytes made fit to show, cut where they are long. */
static char *show(const char *value, size_t length)
{
	size_t shown = length > VALUE_SHOWN ? VALUE_SHOWN : length;
	char *copy, *text;

	while (shown < length && shown > 0 && ((unsigned char)value[shown] & 0xC0) == 0x80)
		shown--;
	copy = xstrndup(value, shown);
	text = text_escape(copy);
	free(copy);
	if (shown < length) {
		copy = xasprintf("%s…", text);
		free(text);
		text = copy;
	}
	return text;
}

static struct camtrapdp_group *find_group(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const struct place *place)
{
	const char *column = place->table == NULL ? NULL : place->column;

	for (size_t i = 0; i < report->groups.count; i++) {
		struct camtrapdp_group *group = &report->groups.items[i];

		if (group->column == column && group->table == place->table &&
			group->severity == severity && strcmp(group->rule, rule) == 0)
			return group;
	}
	ARRAY_APPEND(&report->groups,
		((struct camtrapdp_group){.rule = rule,
			.title = camtrapdp_rule_title(rule),
			.severity = severity,
			.table = place->table,
			.column = column}));
	return &report->groups.items[report->groups.count - 1];
}

/* The finding to fill, or NULL when it is only counted. */
static struct camtrapdp_finding *new_finding(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const struct place *place, const char *value,
	size_t length)
{
	struct camtrapdp_group *group = find_group(report, rule, severity, place);
	struct camtrapdp_finding finding = {
		.rule = rule, .severity = severity, .table = place->table, .row = place->row};

	report->counts[severity]++;
	group->count++;
	if (group->kept >= (report->most == 0 ? USUAL_MOST : report->most))
		return NULL;
	group->kept++;
	finding.column = place->column == NULL ? NULL : show(place->column, strlen(place->column));
	finding.value = value == NULL ? NULL : show(value, length);
	ARRAY_APPEND(&report->findings, finding);
	return &report->findings.items[report->findings.count - 1];
}

void report_vadd(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const struct place *place, const char *value,
	size_t length, const char *format, va_list arguments)
{
	struct camtrapdp_finding *finding =
		new_finding(report, rule, severity, place, value, length);
	char *raw;

	if (finding == NULL)
		return;
	raw = xvasprintf(format, arguments);
	finding->message = text_escape(raw);
	free(raw);
}

void report_add(struct camtrapdp_report *report, const char *rule, enum camtrapdp_severity severity,
	const struct place *place, const char *value, size_t length, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_vadd(report, rule, severity, place, value, length, format, arguments);
	va_end(arguments);
}

void camtrapdp_report_add(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const char *value, const char *format, ...)
{
	const struct place nowhere = {0};
	va_list arguments;

	va_start(arguments, format);
	report_vadd(report, rule, severity, &nowhere, value, value == NULL ? 0 : strlen(value),
		format, arguments);
	va_end(arguments);
}

void camtrapdp_report_release(struct camtrapdp_report *report)
{
	for (size_t i = 0; i < report->findings.count; i++) {
		free(report->findings.items[i].column);
		free(report->findings.items[i].value);
		free(report->findings.items[i].message);
	}
	free(report->findings.items);
	free(report->groups.items);
	*report = (struct camtrapdp_report){0};
}
