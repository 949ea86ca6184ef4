/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER packages: the YAML definition and the stored ZIP, written and read back. */
#ifndef TRAPKIT_PACKAGE_H
#define TRAPKIT_PACKAGE_H

#include "trapkit/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;

/* ---- YAML definition (contracts/trapper.md section 2) ---- */

/*
 * Writes the document event by event; memory does not grow with the number of resources. The caller
 * keeps the order: collection, deployment, its resources, next deployment … The stream stays the
 * caller's.
 */
struct definition_writer;

struct definition_collection {
	const char *name; /* also resources_dir; UTF-8 */
	int64_t project_id;
	const char *timezone; /* IANA name */
	bool ignore_dst;
};

struct definition_resource {
	const char *name;      /* file name with extension: both `name` and `file` */
	int64_t utc;           /* date_recorded */
	const char *mime_type; /* NULL = null */
	uint64_t size;
	uint32_t width, height; /* 0 = null */
	double fps, duration;   /* NaN = null */
};

struct definition_writer *definition_open(FILE *stream, struct error *err);
int definition_collection(struct definition_writer *writer,
	const struct definition_collection *collection, struct error *err);
int definition_deployment(
	struct definition_writer *writer, const char *deployment_id, struct error *err);
int definition_resource(struct definition_writer *writer,
	const struct definition_resource *resource, struct error *err);
/* Ends the document and flushes the stream. */
int definition_finish(struct definition_writer *writer, struct error *err);
/* Always, also after a failure. */
void definition_close(struct definition_writer *writer);

/* ---- ZIP (contracts/trapper.md section 3) ---- */

/*
 * A ZIP of stored entries in the order given, its layout known before the first byte: names, sizes
 * and dates alone decide every offset, so the size is known from the start and the same input gives
 * the same bytes. zip64 where needed, UTF-8 names with bit 11 where non-ASCII, create system Unix.
 */
struct zip_entry {
	char *name;        /* "collection/deployment/file", UTF-8, owned */
	char *source;      /* path to read from, relative to the source folder, owned */
	uint64_t size;     /* bytes that the source must have */
	int64_t mtime_ns;  /* that it must have, so that a file that changed is found out */
	uint32_t dos_time; /* zip_dos_time() */
	uint32_t mode;     /* permission bits, 0644 */
	uint32_t crc;      /* set by zip_write */
	bool has_sha256;   /* sha256 is known: zip_write warns when it is another now */
	bool left_out;     /* set by zip_write: see zip_plan.leave_out */
	uint8_t sha256[SHA256_SIZE]; /* set by zip_write */
};

struct zip_plan {
	struct zip_entry *items; /* append with ARRAY_APPEND */
	size_t count, capacity;
	/*
	 * Asked when an entry's source cannot be read or is not what was planned; 0 = go on without
	 * it, which sets its `left_out`. NULL = never. From any thread, one at a time.
	 */
	int (*leave_out)(void *context, size_t index, const struct error *why);
	void *context;
};
void zip_plan_release(struct zip_plan *plan);
/* Exact size in bytes of the archive of the plan's entries that are not left out. */
uint64_t zip_plan_size(const struct zip_plan *plan);

/* MS-DOS date and time (date in the high half) of a wall time, clamped to 1980-01-01 … 2107-12-31.
 */
uint32_t zip_dos_time(const struct wall_time *wall);

/*
 * Reads each source once, in up to four threads, computing CRC-32 and SHA-256 on the way, and
 * writes the archive to `fd`, a file, from its present position on, which stays. The room is
 * reserved first: a full disk is found out at once.
 * ERROR_INPUT naming the file when one changed, shrank, grew or cannot be read: the index of that
 * entry is in *failed (may be NULL; SIZE_MAX when it was not an entry's fault).
 * `identity` (may be NULL) gets what zip_identity() tells of it. A `source` may be absolute.
 * Reports PROGRESS_ADVANCE of stage "package", counted over this plan; begin and end are the
 * caller's. At most 4 MiB of buffers.
 */
int zip_write(struct zip_plan *plan, const char *source_folder, int fd, const char *output_name,
	const struct progress *progress, uint8_t identity[SHA256_SIZE], size_t *failed,
	struct error *err);

/*
 * Opens the archive with libzip (consistency checks on) and compares names, sizes and CRCs of the
 * directory with the plan; with `read_all` every entry's bytes are read and its CRC checked.
 */
int zip_verify(const char *path, const struct zip_plan *plan, bool read_all,
	const struct progress *progress, struct error *err);

/* ---- a package read back, for upload and for validate ---- */

/* What upload needs to know of a definition that it did not write itself. Texts are owned. */
struct definition_summary {
	struct definition_summary_collection {
		char *name, *timezone; /* timezone NULL when absent */
		char *resources_dir;   /* first folder of the ZIP's paths; `name` when absent */
		int64_t project_id;    /* 0 when absent */
		bool ignore_dst;
		uint64_t deployments, resources;
	} * items;
	size_t count, capacity;
};
/* Bounded memory; ERROR_INPUT with line and what is wrong when it is not a definition. */
int definition_read(const char *path, struct definition_summary *summary, struct error *err);
void definition_summary_release(struct definition_summary *summary);

/* One resource as a definition lists it. Texts are borrowed until the next one; NULL = absent. */
struct definition_entry {
	size_t collection;         /* index into the summary */
	const char *deployment_id; /* NULL: a resource of the collection itself */
	const char *name, *file, *date_recorded;
	bool date_is_text; /* false: YAML 1.1 reads date_recorded as a time, which TRAPPER refuses
			    */
	bool has_size;     /* a size is told */
	uint64_t size;
	size_t line; /* 1-based */
};

/* Callbacks of a walk; NULL = not wanted. Non-zero with `err` set ends the walk. */
struct definition_visitor {
	int (*deployment)(void *context, size_t collection, const char *deployment_id, size_t line,
		struct error *err);
	int (*resource)(void *context, const struct definition_entry *entry, struct error *err);
	/* A key that TRAPPER does not know; `where` is "definition", "collection" … */
	int (*unknown)(
		void *context, const char *where, const char *key, size_t line, struct error *err);
	void *context;
};
/*
 * Reads the definition to its end, calling back in the order of the file. `summary` (may be NULL)
 * is filled as by definition_read. Memory does not grow with the number of resources.
 */
int definition_walk(const char *path, const struct definition_visitor *visitor,
	struct definition_summary *summary, struct error *err);
/* The same from memory, for tests and fuzzing. */
int definition_walk_bytes(const uint8_t *bytes, size_t size,
	const struct definition_visitor *visitor, struct definition_summary *summary,
	struct error *err);

/* What is wrong between a definition and its ZIP; `subject` is a path in the ZIP. */
enum package_mismatch {
	PACKAGE_FILE_MISSING,   /* listed in the YAML, not in the ZIP */
	PACKAGE_FILE_EXTRA,     /* in the ZIP, not in the YAML */
	PACKAGE_FILE_SIZE,      /* both, with different sizes */
	PACKAGE_FILE_TWICE,     /* listed twice in the YAML */
	PACKAGE_FILE_COMPRESSED /* not stored: TRAPPER reads it, but it is not of our making */
};
/*
 * Compares a definition with its ZIP file for file. `report` is called for every mismatch (non-zero
 * ends the comparison) and *mismatches counts them. -1 when one of the two cannot be read.
 */
int package_compare(const char *yaml_path, const char *zip_path,
	int (*report)(void *context, enum package_mismatch kind, const char *subject, size_t line),
	void *context, uint64_t *mismatches, struct error *err);

/*
 * What identifies an archive without hashing it: the SHA-256 of its directory (names, sizes, CRC-32
 * of every file, offsets), as lower-case hex; zip_write gives the same. Every file is read and its
 * CRC checked on the way, several times faster than a digest of all: ERROR_INPUT naming a damaged
 * one.
 */
int zip_identity(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err);

/* libzip's own version; NULL with ERROR_UNAVAILABLE when it is not installed. */
const char *zip_version(struct error *err);

/* SHA-256 of a file as lower-case hex in `hex`. */
int file_sha256(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err);

#ifdef __cplusplus
}
#endif

#endif
