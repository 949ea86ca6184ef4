/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Camera profiles as the settings have them, and what `trapkit profile` does with files. */
#ifndef TRAPKIT_CMD_CAMERAS_H
#define TRAPKIT_CMD_CAMERAS_H

#include "command.h"
#include "trapkit/camera.h"

/* Fits the options of `profile check` and `profile report`. */
struct camera_options {
	char *profiles;   /* --profiles DIR */
	char *registered; /* --registered FILE.csv */
	bool csv, fleet, convert;
};
extern struct camera_options camera_options;

extern const struct option camera_profile_options[]; /* --profiles */
extern const struct option camera_list_options[];    /* --registered */

/*
 * The built-in profiles, those of the settings file, and those of *.toml in the profiles folder
 * (`folder`, or `profiles` beside the settings). NULL with ERROR_SETTINGS "FILE:LINE: …".
 */
struct camera_profiles *cameras_load(const char *folder, struct error *err);

/* Adds what is wrong with the profiles of the settings, a sentence for each file. */
void cameras_find_errors(struct string_list *errors);

/* The ids of column CameraID of a CSV file, in bytewise order. */
int cameras_registered(const char *path, struct string_list *ids, struct error *err);

/* What a verdict needs, from --profiles, --registered, --timezone. `{ 0 }` is releasable. */
struct camera_context {
	struct camera_checking checking; /* borrows from the rest */
	struct camera_profiles *profiles;
	struct string_list registered;
	struct zone *zone;
};
int camera_context_open(struct camera_context *context, struct error *err);
void camera_context_release(struct camera_context *context);

/* Opens a file for reading without following the last link or disturbing its times; -1. */
int camera_open(int folder_fd, const char *path);

/* The subcommands. */
int cameras_check(struct session *session, struct error *err);
int cameras_report(struct session *session, struct error *err);

/* NaN and CAMERA_NO_NUMBER become null. */
void cameras_add_number(cJSON *object, const char *name, double value);
void cameras_add_text(cJSON *object, const char *name, const char *text);
/* The sentences of enum camera_warning bits. */
void cameras_add_warnings(cJSON *array, unsigned warnings);
void cameras_add_position(cJSON *object, double latitude, double longitude);

#endif
