/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the checks of the tables need to know from datapackage.json. */
#ifndef TRAPKIT_CAMTRAPDP_DESCRIPTOR_H
#define TRAPKIT_CAMTRAPDP_DESCRIPTOR_H

#include "findings.h"
#include "schema.h"
#include "trapkit/memory.h"

#include <cjson/cJSON.h>

enum version { VERSION_UNKNOWN, VERSION_1_0, VERSION_1_0_1, VERSION_1_0_2 };

struct table_resource {
	bool present;
	struct string_list paths; /* relative and safe ones only */
	char delimiter, quote;
	bool declared; /* the dialect was: no guessing */
	bool latin1;   /* an encoding other than UTF-8 was declared */
	bool no_header, parquet;
};

struct descriptor {
	cJSON *json;
	enum version version;
	struct table_resource tables[TABLES];
	struct string_list taxa;
	bool has_taxonomic, has_levels, has_methods;
	bool levels[2], methods[2]; /* project.observationLevel, captureMethod */
	bool gbif_media;            /* gbifIngestion.observationLevel is "media" */
	bool has_box;               /* of spatial */
	double west, south, east, north;
	bool has_temporal;
	int64_t first_day, last_day;
	double precision; /* coordinatePrecision, 0 = none */
};

/* Reads and checks it. -1: no JSON object, which is found S01, and nothing else can be said. */
int descriptor_read(const char *bytes, size_t size, struct descriptor *descriptor,
	struct camtrapdp_report *report);
void descriptor_release(struct descriptor *descriptor);

/* ---- between the files of it ---- */

/* Adds a finding about a property; `where` is "project.title". */
void descriptor_say(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const char *where, const cJSON *value, const char *format,
	...) __attribute__((format(printf, 6, 7)));
void check_resources(struct descriptor *descriptor, struct camtrapdp_report *report);
void check_properties(struct descriptor *descriptor, struct camtrapdp_report *report);
void check_spatial(struct descriptor *descriptor, struct camtrapdp_report *report);
const char *version_text(enum version version);
/* The version that an URL of a profile or a schema names. */
enum version version_of(const char *url);
bool is_absolute_uri(const char *text);
/* The string of a property, or NULL. */
const char *string_of(const cJSON *object, const char *name);
/* Member by name, letter case counting; NULL. */
const cJSON *member(const cJSON *object, const char *name);

#endif
