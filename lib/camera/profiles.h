/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Profiles inside: patterns, and what a profile makes of one picture. */
#ifndef TRAPKIT_CAMERA_PROFILES_H
#define TRAPKIT_CAMERA_PROFILES_H

#include "readers.h"

#include <regex.h>

#define PATTERN_GROUPS 10

struct camera_pattern {
	char *text;
	regex_t regex;
};

/* ERROR_INPUT with what is wrong. POSIX extended, letters of either case alike. */
struct camera_pattern *pattern_new(const char *text, struct error *err);
void pattern_free(struct camera_pattern *pattern);
bool pattern_search(
	const struct camera_pattern *pattern, const char *text, regmatch_t groups[PATTERN_GROUPS]);
/* As many groups as the pattern has. */
size_t pattern_groups(const struct camera_pattern *pattern);

void profile_free(struct camera_profile *profile);
/* One [[CAMERA]] table. NULL with ERROR_SETTINGS "FILE:LINE: …". */
struct camera_profile *profile_parse(
	const struct toml_value *table, const char *name, struct error *err);

/* A picture as a profile sees it. */
struct picture {
	const char *path; /* below the upload root */
	char *clean_name; /* owned */
	const struct tags *tags;
	const struct camera_facts *facts;
};

bool profile_matches_path(const struct camera_profile *profile, const char *path);
bool profile_matches_exif(const struct camera_profile *profile, const struct tags *tags);
/* Owned by the caller; NULL when there is none. */
char *profile_id(const struct camera_profile *profile, const struct picture *picture);
bool profile_date(const struct camera_profile *profile, const struct picture *picture,
	struct wall_time *wall, enum time_source *source);
/* False when there is no position. */
bool profile_position(const struct camera_profile *profile, const struct picture *picture,
	double *latitude, double *longitude);

/* exiftool takes a serial number and a date from these when EXIF has none. */
bool note_fills_exif(const struct camera_facts *facts);

#endif
