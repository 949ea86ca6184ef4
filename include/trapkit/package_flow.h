/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the ledger's files to packages on disk: chosen, dated, checked, split, written whole. */
#ifndef TRAPKIT_PACKAGE_FLOW_H
#define TRAPKIT_PACKAGE_FLOW_H

#include "trapkit/memory.h"
#include "trapkit/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct ledger;
struct progress;
struct convert_blur;
struct zone;
struct trapper_deployment_list;
struct trapper_location_list;

/* Where one part ends and the next begins; `max_size` holds for all of them. */
enum package_split {
	PACKAGE_SPLIT_SIZE,
	PACKAGE_SPLIT_DEPLOYMENT,
	PACKAGE_SPLIT_COLLECTION,
	PACKAGE_SPLIT_CAMERA /* at deployments, after package_split_cameras() */
};

struct package_part;

/* All borrowed. */
struct package_settings {
	const char *data_path;
	const char *work_folder;   /* absolute: where relative paths of renditions begin */
	const char *output_folder; /* made when missing */
	/*
	 * "collection/deployment": every folder to list, those without files too; with "/id" behind
	 * it only the files of the camera that has this deployment id. Collections stay in the
	 * order of their first folder, deployments are sorted.
	 */
	const struct string_list *folders;
	/* ".jpg" or "jpg", ASCII case ignored; NULL: .jpg .jpeg .png and .mp4 .avi .mov. */
	const struct string_list *image_extensions, *video_extensions;
	const char *package_name; /* exactly this; NULL: package_{project}_{YYYYmmddHHMMSS} */
	int64_t project_id;
	const struct zone *zone;
	bool ignore_dst;
	enum package_split split;
	uint64_t max_size; /* bytes of a ZIP, 0 = no limit; a bigger file goes alone */
	bool no_slug;      /* deployment ids are the folders' names as they are */
	bool originals;    /* never take renditions */
	bool refuse_mtime; /* files without a date of their own are left out, not dated by mtime */
	bool skip_damaged; /* damaged files are left out, which does not count as failed */
	bool overwrite;    /* make it anew, replace what is there */
	bool again;        /* take files that were delivered earlier, too */
	bool verify;       /* read every byte back before publishing */
	bool fail_fast;    /* the first file that must be left out is an error */
	bool dry_run;      /* plan and check all, write nothing */
	int64_t now;       /* seconds since 1970, for the default name */
	/*
	 * Called in the caller's thread as soon as a part is there, written now or earlier, in
	 * order: it may be delivered while the next one is written. Not in a dry run. NULL = none.
	 */
	void (*ready)(void *context, const struct package_part *part);
	void *ready_context;
	/* Files to leave out on purpose (blank pictures); NULL = none. */
	bool (*exclude)(void *context, const struct resource *resource);
	void *exclude_context;
	/*
	 * Where the ledger's LEDGER_BLUR stands: what tells which renditions cover all that they
	 * must; NULL = nothing does, and nothing is packaged.
	 */
	const struct convert_blur *blur;
};

/* One YAML and ZIP. */
struct package_part {
	char *name, *yaml, *zip; /* yaml and zip: paths, output folder included */
	unsigned part, parts;
	uint64_t files, media_bytes;
	uint64_t yaml_size, zip_size; /* yaml_size 0 in a dry run */
	char yaml_sha256[2 * SHA256_SIZE + 1], zip_sha256[2 * SHA256_SIZE + 1]; /* "" likewise */
	bool written; /* by this run; false: it was there already */
	bool earlier; /* in result->earlier */
	int64_t id;   /* in the ledger; 0 in a dry run */
};

/* A file that is not in the package. */
struct package_skipped {
	char *path;   /* below the data path, bytes as on disk */
	char *reason; /* no capital, no full stop */
	bool failed;  /* it should be in: exit 1 */
};

#define PACKAGE_MOST_SKIPPED 1000

/* `{ 0 }` is valid and releasable. */
struct package_result {
	struct {
		struct package_part *items;
		size_t count, capacity;
	} parts;
	/*
	 * Packages of these collections whose delivery was begun by an earlier run: nothing is
	 * written for them, but `ready` gets each before any of `parts`.
	 */
	struct {
		struct package_part *items;
		size_t count, capacity;
	} earlier;
	struct {
		struct package_skipped *items; /* the first PACKAGE_MOST_SKIPPED */
		size_t count, capacity;
	} skipped;
	char *set;                  /* "winter": the name without part */
	bool up_to_date;            /* nothing had to be written */
	bool resumed;               /* an earlier run's plan was gone on with */
	uint64_t files;             /* in the package */
	uint64_t bytes;             /* their size */
	uint64_t failed;            /* left out though they should be in: exit 1 */
	uint64_t left_out;          /* left out as asked: excluded, or damaged with skip_damaged */
	uint64_t delivered_earlier; /* left out because an earlier package holds them */
	uint64_t changed;           /* of the files, in an earlier package with other contents */
	uint64_t renditions;        /* of the files, renditions taken instead of originals */
	uint64_t damaged;           /* of the files, cut short or no media, packed as they are */
	uint64_t by_mtime;          /* of the files, dated by the file's time */
	uint64_t gaps, overlaps; /* of the files, camera times that do not exist, or exist twice */
	uint64_t clock_resets;   /* of the files, dates before 2001 or in the future */
	uint64_t clamped;        /* of the files, times before 1980 shown as 1980 in the ZIP */
};
void package_result_release(struct package_result *result);

/*
 * Chooses, checks, splits and writes. Before any byte is written: no two folders of a collection
 * may give one deployment id and none an empty one; no two names of a deployment may be equal but
 * for case or composed accents; ERROR_INPUT names both. The plan, with its names, is in the ledger
 * before the first part is written: a run that was stopped goes on under the same name, and what
 * comes out is byte for byte what an undisturbed run makes. A set with the same files and settings
 * in the same folder is up to date. Outputs of other contents are ERROR_INPUT without `overwrite`.
 * A file that cannot be read, or changed, is left out and listed. 0 also when files failed.
 *
 * What an earlier package holds is left out when that package was delivered somewhere, or when the
 * delivery of its set was begun and it lies there whole; the same is what has the same name in its
 * deployment, size, and mtime or SHA-256. The rest goes into an additional package, which lists no
 * empty folders of collections that are in an earlier one. A package of which nothing was sent is
 * superseded by the next. Of `package_name` NAME, which the first set has, additional ones are
 * NAME_2, NAME_3 and so on. Without anything new all is up to date and `parts` is empty.
 * `result` is filled as far as it came; release it in any case.
 */
int package_run(const struct package_settings *settings, struct ledger *ledger,
	struct package_result *result, const struct progress *progress, struct error *err);

/*
 * Puts in place of each folder in which several cameras left pictures one
 * "collection/deployment/id" for each of them, and tells so.
 */
int package_split_cameras(struct ledger *ledger, bool no_slug, struct string_list *folders,
	const struct progress *progress, struct error *err);

/* The deployment id of a folder; owned by the caller; "" when nothing is left of the name. */
char *package_deployment_id(const char *folder, bool no_slug);

/* ---- checks against the server (contracts/trapper.md 2.6) ---- */

/*
 * Every id must exist, and zone and ignore-DST equal its location's; without a zone the first only.
 * What is wrong goes as one sentence each to `findings`. `folders`: "collection/deployment".
 */
void package_check_server(const struct string_list *folders, bool no_slug,
	const struct trapper_deployment_list *deployments,
	const struct trapper_location_list *locations, const char *timezone, bool ignore_dst,
	struct string_list *findings);

/*
 * The zone and ignore-DST that the deployments' locations have in common. *timezone is owned.
 * ERROR_SETTINGS when they have none, ERROR_INPUT when they differ; the message names two.
 */
int package_zone_from_server(const struct string_list *folders, bool no_slug,
	const struct trapper_deployment_list *deployments,
	const struct trapper_location_list *locations, char **timezone, bool *ignore_dst,
	struct error *err);

#ifdef __cplusplus
}
#endif

#endif
