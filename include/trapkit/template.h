/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The deployments table that TRAPPER imports, made from what the files say. */
#ifndef TRAPKIT_TEMPLATE_H
#define TRAPKIT_TEMPLATE_H

#include "trapkit/memory.h"
#include "trapkit/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct ledger;
struct progress;

enum template_times {
	TEMPLATE_OFFSET, /* 2024-07-01T10:00:00+0200 */
	TEMPLATE_NAIVE,  /* 2024-07-01T10:00:00, by the clock of the zone: TRAPPER's import form */
	TEMPLATE_UTC     /* 2024-07-01T08:00:00Z */
};

enum template_columns {
	TEMPLATE_MINIMAL, /* trapper-tools' five (contracts/trapper.md 5.1), positions if known */
	TEMPLATE_FULL     /* the 24 of Camtrap DP 1.0.2 */
};

/* Everything is borrowed. */
struct template_settings {
	const struct string_list *collections; /* NULL or empty: all */
	const struct zone *zone;
	bool ignore_dst;
	bool split_cameras; /* a folder in which several cameras left pictures: one row for each */
	bool refuse_mtime;  /* leave files out whose only date is their mtime */
	enum template_times times;
	enum template_columns columns;
	const char *merge;     /* path of an earlier table, or NULL */
	const char *locations; /* path of a .csv or .gpx with locations, or NULL */
};

/* What is said of one deployment folder. Texts are owned. */
struct template_deployment {
	char *id;            /* slug of the folder's name, and of the camera's number; "" = none */
	char *location;      /* "" = none in the name */
	char *folder;        /* "collection/deployment" */
	uint64_t files;      /* all that the ledger knows of it */
	uint64_t undated;    /* of them without a date but mtime */
	bool dated;          /* first and last are set, and it has a row */
	int64_t first, last; /* instants of its first and last file, seconds since 1970 */
	int first_offset, last_offset; /* seconds east of UTC */
	double latitude, longitude;    /* as in its row; both NaN when not known */
	struct string_list cameras;    /* "bushnell 119975", with the serial number if known */
	struct string_list warnings;   /* sentences; no capital, no full stop */
};

/* `{ 0 }` is valid and releasable. */
struct template_result {
	struct {
		struct template_deployment *items;
		size_t count, capacity;
	} deployments;
	struct string_list warnings; /* of the whole: rows kept, locations not found */
	size_t rows;                 /* in the table */
	size_t failed;               /* deployments without a row for which there should be one */
	char *table;                 /* the CSV, owned */
	size_t table_size;           /* bytes */
};
void template_result_release(struct template_result *result);

/*
 * Makes the table from the files that the ledger knows (survey_run first). One row per deployment
 * folder with a dated file, in bytewise order of collections and folders:
 * - deploymentID: slug of the folder's name; locationID: what follows its first `-`, in the
 *   spelling of `locations` when that has it; start and end: the first and last instant. Files with
 *   TROUBLE_CLOCK_RESET count only when there are no others;
 * - cameraModel: lower-case make and model as trapper-tools writes it; cameraID: its number;
 * - split by cameras, a file that names none belongs to the camera of the file before it;
 * - a position from `locations`, else from the pictures.
 * With `merge` a cell that the old table has filled in stays, but deploymentStart and deploymentEnd
 * only while the files lie between them, and a cameraModel of "(unknown)" gives way. Columns and
 * rows that only the old table has are kept, behind ours.
 * Warnings also go out through `progress`. Memory: 16 bytes a file of the biggest deployment.
 */
int template_make(struct ledger *ledger, const struct template_settings *settings,
	struct template_result *result, const struct progress *progress, struct error *err);

/* The same in pieces, for files from elsewhere: begin, add them deployment by deployment, finish
 * (which always frees the maker). */
struct template_maker;
struct template_maker *template_begin(const struct template_settings *settings,
	struct template_result *result, const struct progress *progress, struct error *err);
void template_add(struct template_maker *maker, const struct resource *resource);
int template_finish(struct template_maker *maker, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
