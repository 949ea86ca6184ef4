/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the parts of export --local: what is seen on files, events, and where files go. */
#ifndef TRAPKIT_FLOW_EXPORT_JOB_H
#define TRAPKIT_FLOW_EXPORT_JOB_H

#include "trapkit/camtrapdp_write.h"
#include "trapkit/detections.h"
#include "trapkit/error.h"
#include "trapkit/export_local.h"
#include "trapkit/ledger.h"
#include "trapkit/package.h"
#include "trapkit/progress.h"
#include "trapkit/timestamp.h"

#define EXPORT_STAGE "export"

/* ---- names of what is seen (export_taxa.c) ---- */

#define NO_TAXON UINT16_MAX
#define MOST_TAXA 60000

/* All names that were used; observations hold the index. `{ 0 }` is empty. */
struct taxa {
	struct camtrapdp_taxon *items;
	size_t count, capacity;
	bool *used;
};
void taxa_release(struct taxa *taxa);

/* What a category or class of a results file stands for. */
struct meaning {
	bool counts; /* it is an animal, a person or a vehicle */
	enum camtrapdp_type type;
	uint16_t taxon; /* NO_TAXON = no name */
};

/* The meaning of each category or class; owned by the caller. */
int taxa_meanings(struct taxa *taxa, const struct camtrapdp_metadata *metadata,
	const struct detections_category_list *list, struct meaning **meanings, struct error *err);

/* ---- what was seen on files (export_seen.c) ---- */

/* Bits; they are also what is remembered of a file between its two readings. */
enum seen {
	SEEN_LOOKED = 1, /* a detector looked at it */
	SEEN_ANIMAL = 2,
	SEEN_HUMAN = 4,
	SEEN_VEHICLE = 8,
	SEEN_SECRET = 16, /* a species that is to be kept private */
	SEEN_LISTED = 32, /* a results file has an entry of it */
	SEEN_TAKEN = 64,  /* the entry belongs to a file */
	SEEN_UNSURE = 128 /* nothing is sure enough to count, but something may be there */
};
#define SEEN_SOMETHING (SEEN_ANIMAL | SEEN_HUMAN | SEEN_VEHICLE)

/* One box that counts. */
struct sighting {
	enum camtrapdp_type type;
	uint16_t taxon;
	bool named; /* by the classifier */
	double probability;
	const struct detection *detection;
};

struct sighting_list {
	struct sighting *items;
	size_t count, capacity;
};

/* The results files, found by path. */
struct seen_files;

int seen_open(const struct export_local_settings *settings, struct ledger *ledger,
	struct taxa *taxa, struct seen_files **seen, const struct progress *progress,
	struct error *err);
void seen_close(struct seen_files *seen);

/*
 * enum seen bits of the file with this path below the data path; 0 = no results file knows it. Its
 * entry is matched from then on.
 */
unsigned seen_bits(struct seen_files *seen, const char *path);

/* What one results file says of one file. Valid until the next call. */
struct sight {
	struct sighting_list sightings;
	double frame_rate; /* of a video; NaN = not told */
	double doubt;      /* confidence of the surest box that does not count; NaN = none */
	unsigned source;   /* which results file */
	bool looked;       /* false: unclassified */
};
/* `{ 0 }` to begin with; used again for the next file. */
int seen_read(struct seen_files *seen, const char *path, struct sight *sight, struct error *err);

/* "MegaDetector v5a.0.1", with the classifier's name when it gave the name. Borrowed. */
const char *seen_by(const struct seen_files *seen, unsigned source, bool named);
/* When it was looked at, with offset; NULL = not told. Borrowed. */
const char *seen_at(const struct seen_files *seen, unsigned source, bool named);

/* How many entries belong to no file; *example (owned, NULL = none) is the first of them. */
int seen_unmatched(struct seen_files *seen, uint64_t *count, char **example, struct error *err);

/* ---- events (export_events.c) ---- */

/* One file of a deployment. */
struct moment {
	int64_t start;     /* seconds since 1970 */
	uint32_t duration; /* seconds, of a video */
	uint32_t bits;     /* enum seen */
};

struct event {
	int64_t start, end;
	bool occupied;      /* something is on one of its files */
	bool unlooked;      /* nobody looked at one of its files */
	bool unsure;        /* something may be on one of its files */
	uint32_t first_row; /* index into rows; NO_ROW = none */
};
#define NO_ROW UINT32_MAX

struct event_row {
	uint32_t next; /* of the same event; NO_ROW = the last */
	uint32_t count;
	enum camtrapdp_type type;
	uint16_t taxon;
	uint8_t source;
	bool named;
};

/* The events of one deployment. `{ 0 }` is empty. */
struct events {
	struct {
		struct moment *items; /* in the order of the files */
		size_t count, capacity;
	} moments;
	uint32_t *event_of; /* of each moment */
	struct {
		struct event *items; /* in the order of time */
		size_t count, capacity;
	} list;
	struct {
		struct event_row *items;
		size_t count, capacity;
	} rows;
};
/* Forgets all of it, for the next deployment. */
void events_release(struct events *events);
/* Makes the events of the moments. None reaches beyond `latest` but for its last file's start. */
void events_make(struct events *events, int64_t interval, int64_t latest);
/* Adds what one file shows at once to its event. */
void events_add(struct events *events, uint32_t event, const struct sighting_list *sightings,
	unsigned source);

/* ---- where the package and its files go (export_place.c, export_output.c) ---- */

struct export_place {
	bool zip;
	char *folder; /* of the package; owned */
	char *prefix; /* of filePath: "media/", or the way to the data path; owned */
	enum export_media media;
	char *made; /* the folder of media made last; owned */
};
void export_place_release(struct export_place *place);
int export_place_find(const struct export_local_settings *settings, struct export_place *place,
	struct error *err);
/* filePath of a file; owned by the caller; NULL: the standard has no way to write it. */
char *export_place_path(const struct export_place *place, const struct resource *resource);
/* Links or copies the file as settled. */
int export_place_put(
	struct export_place *place, const char *source, const char *file_path, struct error *err);

/* ---- the job ---- */

struct export_job {
	const struct export_local_settings *settings;
	struct ledger *ledger;
	const struct progress *progress;
	struct export_local_result *result;
	struct export_place place;
	struct blur_finder *finder; /* NULL = media go as they are */
	struct taxa taxa;
	struct seen_files *seen;
	struct camtrapdp_deployment_list deployments;
	struct ledger_deployment_list folders;
	size_t *deployment_of; /* of each folder */
	struct zip_plan media; /* copied into a ZIP */
	struct sha256 *digest;
	int64_t newest; /* mtime of any input, seconds since 1970 */
	uint64_t files_done, files_total;
	struct camtrapdp_writer *writers[CAMTRAPDP_TABLES];
};

/* Rows of all media and observations (export_rows.c). */
int export_write_rows(struct export_job *job, struct error *err);

/* The files of the package: opened before the rows, published after them (export_output.c). */
struct export_files;
int export_files_open(struct export_job *job, struct export_files **files, struct error *err);
int export_files_publish(struct export_job *job, struct export_files *files, struct error *err);
void export_files_close(struct export_files *files);

#endif
