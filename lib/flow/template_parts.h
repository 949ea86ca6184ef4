/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the template share: the folder at hand, the locations, the old table. */
#ifndef TRAPKIT_FLOW_TEMPLATE_PARTS_H
#define TRAPKIT_FLOW_TEMPLATE_PARTS_H

#include "camera_list.h"
#include "trapkit/template.h"

/* ---- locations (template_locations.c) ---- */

struct location {
	char *id, *name;            /* name "" when not given */
	char *slug;                 /* of id */
	char *latitude, *longitude; /* as written; numbers in range */
	char *uncertainty;          /* "" when not given */
};

struct location_list {
	struct location *items;
	size_t count, capacity;
};

/* Reads a .csv or .gpx. */
int locations_read(const char *path, struct location_list *list, struct error *err);
void locations_release(struct location_list *list);
/* By id, else by an id with the same slug; NULL = none. */
const struct location *locations_find(const struct location_list *list, const char *id);
/* The id nearest to one that was not found, or NULL. Borrowed. */
const char *locations_nearest(const struct location_list *list, const char *id);

/* ---- the folder at hand (template_folder.c) ---- */

/* One dated file. */
struct moment {
	int64_t utc;
	int offset;
	bool reset; /* TROUBLE_CLOCK_RESET */
};

/* Everything known of the deployment that is being added: a folder, or one camera's part of it. */
struct folder {
	uint64_t files, undated, bad_gps, resets;
	uint64_t gaps, overlaps; /* files in hours that do not exist, or come twice */
	struct {
		struct moment *items;
		size_t count, capacity;
	} moments;
	struct camera_list cameras;
	bool has_position;
	double latitude, longitude; /* of the first file with one */
	double farthest;            /* metres from there to the others */
	/* Order of times and file numbers, within one run of names that differ in their number. */
	struct {
		char prefix[64];
		bool begun;
		int64_t first, last; /* as the clock showed them */
		unsigned long long number;
		unsigned steps; /* back in time, in this run */
		bool over_gap;  /* the last step was where numbers are missing */
		char *at;       /* name of the file after the first step */
		int64_t from, to;
	} run;
	unsigned steps; /* back in time that are no counters begun anew */
	char *step_at;  /* the first of them */
	int64_t step_from, step_to;
};

void folder_add(struct folder *folder, const struct template_settings *settings,
	const struct resource *resource);
/* Fills times, cameras and warnings of the deployment and sorts folder->moments. */
void folder_finish(struct folder *folder, const struct template_settings *settings,
	struct template_deployment *deployment);
void folder_release(struct folder *folder);
/* "bushnell 119975" as trapper-tools writes it. Owned by the caller. */
char *folder_camera_model(const struct folder *folder);
/* Metres between two places. */
double place_distance(double latitude, double longitude, double latitude2, double longitude2);

/* ---- the table (template_table.c) ---- */

struct row {
	char *cells[24]; /* in the order of Camtrap DP; owned; NULL = empty */
	int64_t first, last;
	char *folder; /* "collection/deployment" */
};

enum column {
	COLUMN_ID,
	COLUMN_LOCATION,
	COLUMN_LOCATION_NAME,
	COLUMN_LATITUDE,
	COLUMN_LONGITUDE,
	COLUMN_UNCERTAINTY,
	COLUMN_START,
	COLUMN_END,
	COLUMN_SETUP_BY,
	COLUMN_CAMERA_ID,
	COLUMN_CAMERA_MODEL,
	COLUMN_TIMESTAMP_ISSUES = 17,
	COLUMN_COUNT = 24
};

struct row_list {
	struct row *items;
	size_t count, capacity;
};

/* The earlier table of --merge. `{ 0 }` = none. */
struct old_table {
	struct string_list header;
	struct old_row {
		struct string_list cells; /* as many as the header has */
		char *slug;               /* of its deploymentID */
		bool used;
	} * items;
	size_t count, capacity;
};

int old_table_read(const char *path, struct old_table *table, struct error *err);
void old_table_release(struct old_table *table);

void rows_release(struct row_list *rows);
/* Writes the CSV into result->table and counts its rows. */
int table_write(const struct template_settings *settings, const struct row_list *rows,
	struct old_table *old, struct template_result *result, struct error *err);

/* A time as the settings want it. Owned by the caller. */
char *template_time(const struct template_settings *settings, int64_t utc, int offset);

#endif
