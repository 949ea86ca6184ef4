/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Camtrap DP package built from folders: what survey found, a table, detections, metadata. */
#ifndef TRAPKIT_EXPORT_LOCAL_H
#define TRAPKIT_EXPORT_LOCAL_H

#include "trapkit/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct camtrapdp_metadata;
struct convert_blur;
struct error;
struct ledger;
struct progress;
struct zone;

/* What becomes of the media files, and where filePath leads. */
enum export_media {
	/*
	 * Of a ZIP as EXPORT_MEDIA_NONE. Of a folder that holds the data path: they stay, and paths
	 * lead to them. Of any other folder as EXPORT_MEDIA_LINK.
	 */
	EXPORT_MEDIA_AUTO,
	EXPORT_MEDIA_COPY, /* to media/ in the package */
	EXPORT_MEDIA_LINK, /* hard links in media/, for a folder on the same disk */
	EXPORT_MEDIA_NONE  /* paths below media/, no files */
};

/* Everything is borrowed. */
struct export_local_settings {
	const char *data_path;
	const struct string_list *collections; /* as surveyed */
	const char *deployments;               /* the table: camtrapdp_read_deployments() */
	const struct string_list *detections;  /* results files; NULL or empty: none */
	struct camtrapdp_metadata *metadata;
	const char *metadata_path; /* its file, for `created` */
	const char *output;        /* a folder, or the ZIP when it ends with ".zip" */
	const struct zone *zone;
	bool ignore_dst;
	bool gzip; /* tables as .csv.gz */
	enum export_media media;
	double event_interval; /* seconds between files of one event, at most */
	double threshold;      /* of detections; NaN: what the file recommends, else 0.2 */
	double class_threshold;
	double precision; /* of coordinates, in degrees; 0 = as they are */
	bool exclude_human, exclude_blank;
	bool private_human;                        /* filePublic is false; of unknown files, too */
	bool private_vehicle;                      /* likewise */
	const struct string_list *private_species; /* likewise; NULL = none */
	int64_t created;                           /* seconds since 1970; -1: the newest input's */
	bool overwrite, dry_run;
	/*
	 * Not NULL: media are linked and copied from the renditions (convert.h) in which all that
	 * this names is covered, and files without one are left out. A folder that holds the data
	 * path is no place for such a package.
	 */
	const struct convert_blur *blur;
	const char *work_folder; /* absolute: where the renditions lie */
};

/* `{ 0 }` is valid and releasable. */
struct export_local_result {
	uint64_t deployments, media, observations, events; /* rows; events are event rows' events */
	uint64_t bytes; /* of the package, without linked and copied media */
	uint64_t animals, humans, vehicles, blanks, unknown, unclassified; /* files with or as */
	uint64_t excluded_humans, excluded_blanks; /* files left out as asked */
	uint64_t by_mtime;                         /* files dated by the file's time */
	uint64_t outside;                          /* files dated outside their deployment */
	uint64_t undetected;          /* files that no results file knows, where there are any */
	uint64_t unmatched;           /* entries of results files for which there is no file */
	uint64_t failed;              /* files left out: exit 1 */
	enum export_media media_mode; /* what AUTO came to */
	bool up_to_date;              /* exactly this package was there already */
	struct string_list problems;  /* in the tables and metadata, each a sentence */
};
void export_local_result_release(struct export_local_result *result);

/*
 * Survey comes first: no media file is read here but to be copied. Deployments are matched to
 * folders by their id as TRAPPER writes it; a folder without one is ERROR_INPUT. Detections are
 * matched by path, whatever folder the detector was started in.
 *
 * Media-level rows: one for each box of an animal, person or vehicle at or over the threshold;
 * where there is none, one `unknown` when a box reaches the detector's conservative threshold (half
 * of the usual one where it tells none), else one `blank`; one `unclassified` where the detector
 * failed or did not look. An event without any box that counts is what its files are:
 * `unclassified` when one of them is, else `unknown` when one is, else `blank`. Events: files of a
 * deployment with something on them, and those within 10 seconds of these (one burst), belong
 * together as long as less than the interval lies between one and the next; those without, between
 * them, make events of their own, so that events never overlap. An event has one row for each type
 * and name, with the greatest number seen at once.
 *
 * The same input gives the same bytes. What is written appears whole or not at all; what is there
 * and differs is ERROR_INPUT without `overwrite`. Memory: 16 bytes for each entry of the results
 * files, and 24 for each file of the biggest deployment; in a ZIP, 200 more for each copied file.
 */
int export_local_run(const struct export_local_settings *settings, struct ledger *ledger,
	struct export_local_result *result, const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
