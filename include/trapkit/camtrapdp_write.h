/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Camtrap DP 1.0.2 packages made: the three tables, and datapackage.json. */
#ifndef TRAPKIT_CAMTRAPDP_WRITE_H
#define TRAPKIT_CAMTRAPDP_WRITE_H

#include "trapkit/digest.h"
#include "trapkit/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct zone;

/* The standard: contracts/camtrap-dp.md; columns, order and constraints are sections 4 to 8. */

enum camtrapdp_table { CAMTRAPDP_DEPLOYMENTS, CAMTRAPDP_MEDIA, CAMTRAPDP_OBSERVATIONS };
#define CAMTRAPDP_TABLES 3
#define CAMTRAPDP_DEPLOYMENT_COLUMNS 24

/* "deployments", "media", "observations". */
const char *camtrapdp_table_name(enum camtrapdp_table table);

/* ---- tables ---- */

/* Writes rows with every column, in the standard's order; `.csv` or, compressed, `.csv.gz`. */
struct camtrapdp_writer;

/*
 * The stream stays the caller's; NULL writes nothing and only counts. ERROR_UNAVAILABLE when libz
 * or libcrypto is not there. The same rows give the same bytes.
 */
struct camtrapdp_writer *camtrapdp_writer_open(
	enum camtrapdp_table table, FILE *stream, bool gzip, struct error *err);

struct camtrapdp_media_row {
	const char *media_id, *deployment_id, *timestamp, *file_path, *file_name, *media_type;
	const char *capture_method; /* NULL = not known */
	bool is_public;
};

enum camtrapdp_level { CAMTRAPDP_LEVEL_MEDIA, CAMTRAPDP_LEVEL_EVENT };
enum camtrapdp_type {
	CAMTRAPDP_ANIMAL,
	CAMTRAPDP_HUMAN,
	CAMTRAPDP_VEHICLE,
	CAMTRAPDP_BLANK,
	CAMTRAPDP_UNKNOWN,
	CAMTRAPDP_UNCLASSIFIED
};

/* Texts may be NULL = empty where the standard allows it. */
struct camtrapdp_observation_row {
	const char *observation_id, *deployment_id, *media_id, *event_id, *start, *end;
	enum camtrapdp_level level;
	enum camtrapdp_type type;
	const char *scientific_name;
	uint64_t count; /* 0 = empty */
	bool has_box;
	double x, y, width, height; /* fractions of the picture; clamped to it when written */
	const char *classified_by;  /* a model: the method is "machine"; NULL = not classified */
	const char *classified_at;
	double probability; /* 0 to 1; NaN = empty */
};

int camtrapdp_write_media(
	struct camtrapdp_writer *writer, const struct camtrapdp_media_row *row, struct error *err);
int camtrapdp_write_observation(struct camtrapdp_writer *writer,
	const struct camtrapdp_observation_row *row, struct error *err);
/* Cells in the order of the standard, as many as the table has. */
int camtrapdp_write_cells(
	struct camtrapdp_writer *writer, const char *const *cells, struct error *err);

/* What a table came to, for datapackage.json. */
struct camtrapdp_written {
	uint64_t rows, bytes;
	char sha256[SHA256_HEX_SIZE];
};
/* Ends the table and flushes the stream. */
int camtrapdp_writer_finish(
	struct camtrapdp_writer *writer, struct camtrapdp_written *written, struct error *err);
/* Always, also after a failure. NULL is fine. */
void camtrapdp_writer_close(struct camtrapdp_writer *writer);

/* ---- deployments ---- */

/* One deployment, its cells as they are written. */
struct camtrapdp_deployment {
	char *cells[CAMTRAPDP_DEPLOYMENT_COLUMNS]; /* owned, never NULL */
	const char *id;                            /* cells[0] */
	uint64_t line;                             /* in the table that was read */
	int64_t start, end;                        /* seconds since 1970 */
	double latitude, longitude;                /* WGS84 degrees, rounded if so asked */
};

struct camtrapdp_deployment_list {
	struct camtrapdp_deployment *items;
	size_t count, capacity;
};
void camtrapdp_deployment_list_release(struct camtrapdp_deployment_list *list);

/*
 * Reads a deployments table as people fill it in: any of the columns in any order, times with or
 * without offset (then by the clock of the zone). `precision` (degrees, 0 = none) rounds positions
 * to a multiple of it, and widens coordinateUncertainty by what that may move them (30 m where none
 * is told). What is wrong goes to `problems`, "'FILE', line N, COLUMN: …"; -1 with ERROR_INPUT when
 * there is any, or when it cannot be read.
 */
int camtrapdp_read_deployments(const char *path, const struct zone *zone, bool ignore_dst,
	double precision, struct camtrapdp_deployment_list *list, struct string_list *problems,
	struct error *err);

/* ---- datapackage.json ---- */

/* A TOML file whose keys are the descriptor's, and `[classes]`. */
struct camtrapdp_metadata;

/*
 * ERROR_INPUT with file and line: not TOML. What breaks the standard is found, with file, line and
 * key, by camtrapdp_check_metadata.
 */
struct camtrapdp_metadata *camtrapdp_read_metadata(const char *path, struct error *err);
void camtrapdp_metadata_free(struct camtrapdp_metadata *metadata);

/* Sets a top-level property, whatever the file says: a text ("title"), a list ("keywords"). */
void camtrapdp_metadata_set_text(
	struct camtrapdp_metadata *metadata, const char *key, const char *text);
void camtrapdp_metadata_set_list(
	struct camtrapdp_metadata *metadata, const char *key, const struct string_list *texts);

/*
 * Errors go to `problems` and make it -1, warnings to `warnings`: sentences that begin with file
 * and line.
 */
int camtrapdp_check_metadata(const struct camtrapdp_metadata *metadata,
	struct string_list *problems, struct string_list *warnings, struct error *err);

/* The name that `[classes]` gives to a detector's word, letter case ignored; NULL = none. */
const char *camtrapdp_metadata_class(const struct camtrapdp_metadata *metadata, const char *word);

/* The method of all media: project.captureMethod when that is only one; else NULL. */
const char *camtrapdp_metadata_capture_method(const struct camtrapdp_metadata *metadata);

/* A name that observations use, and what a detector's taxonomy tells of it. Texts: NULL = none. */
struct camtrapdp_taxon {
	char *name;       /* "Cervus elaphus" */
	const char *rank; /* "species"; static */
	char *ranks[6];   /* kingdom, phylum, class, order, family, genus */
	char *vernacular; /* English */
};

/* What is computed of the rows. All borrowed. */
struct camtrapdp_summary {
	const struct camtrapdp_deployment_list *deployments;
	const struct camtrapdp_taxon *taxa; /* in the order in which they are to be listed */
	size_t taxon_count;
	bool has_level[2]; /* which levels the observations have */
	double precision;  /* of coordinates, degrees; 0 = not rounded */
	int64_t created;   /* seconds since 1970 */
	bool gzip;
	struct camtrapdp_written written[CAMTRAPDP_TABLES];
};

/* The text of datapackage.json; owned by the caller. What the TOML says of a taxon goes first. */
char *camtrapdp_descriptor(
	const struct camtrapdp_metadata *metadata, const struct camtrapdp_summary *summary);

/* A commented TOML file to begin with. */
extern const char camtrapdp_metadata_template[];

#ifdef __cplusplus
}
#endif

#endif
