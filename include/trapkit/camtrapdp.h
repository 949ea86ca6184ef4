/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Camtrap DP packages (1.0, 1.0.1, 1.0.2), checked offline in one pass over each table. */
#ifndef TRAPKIT_CAMTRAPDP_H
#define TRAPKIT_CAMTRAPDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;

enum camtrapdp_severity { CAMTRAPDP_ERROR, CAMTRAPDP_WARNING, CAMTRAPDP_INFO };

/* One thing that was found. Texts are owned UTF-8, fit to show; NULL = does not apply. */
struct camtrapdp_finding {
	const char *rule; /* "T05"; static */
	enum camtrapdp_severity severity;
	const char *table; /* "deployments", "media", "observations"; static */
	uint64_t row;      /* 1 = first data row; 0 = none */
	char *column;      /* of the table, or the property in datapackage.json */
	char *value;       /* at most about 200 bytes of it */
	char *message;     /* what is wrong, and what to do */
};

/* How many of one rule there were in one column; the findings kept of it stand in `findings`. */
struct camtrapdp_group {
	const char *rule, *title; /* static */
	enum camtrapdp_severity severity;
	const char *table;  /* static or NULL */
	const char *column; /* static or NULL */
	uint64_t count;     /* all of them */
	size_t kept;
};

struct camtrapdp_report {
	struct {
		struct camtrapdp_finding *items; /* in the order in which they were found */
		size_t count, capacity;
	} findings;
	struct {
		struct camtrapdp_group *items;
		size_t count, capacity;
	} groups;
	size_t most;         /* findings kept of a group; set it before the first is added */
	uint64_t counts[3];  /* of each severity, those not kept too */
	uint64_t rows[3];    /* data rows of deployments, media, observations */
	const char *version; /* "1.0.2"; NULL = not known; static */
};

/* `{ 0 }` is valid and releasable. */
void camtrapdp_report_release(struct camtrapdp_report *report);

/*
 * Adds a finding, or only counts it when `most` of its group are there. `rule` is one of the
 * identifiers of camtrapdp_rule_title. `table` and `column` (of a table) must be static.
 */
void camtrapdp_report_add(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const char *value, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* What a rule is about, "keys are unique"; NULL for an unknown one. */
const char *camtrapdp_rule_title(const char *rule);

struct camtrapdp_settings {
	int64_t now;      /* seconds since 1970, for dates in the future */
	bool check_media; /* read local files: missing ones are errors, types are compared */
};

/*
 * Checks a package: a folder, its datapackage.json, or a ZIP. What is wrong goes to the report and
 * is no failure. -1 only when it cannot be read at all: ERROR_INPUT, ERROR_SYSTEM,
 * ERROR_CANCELLED, ERROR_UNAVAILABLE. Keys must be unique, so that memory grows with the rows: 22
 * to 32 bytes for each of media and for each observation with a box, 11 to 16 for another, 60 to 90
 * more for each event, about 300 for each deployment, and some 10 MiB for what is being read, more
 * only for longer rows, which may have 16 MiB. Keys are known by 64 bits: of ten million, two pass
 * for the same once in 370,000 packages.
 */
int camtrapdp_validate(const char *path, const struct camtrapdp_settings *settings,
	struct camtrapdp_report *report, const struct progress *progress, struct error *err);

/*
 * Checks the directory of any ZIP archive: names that lead out of it, links, names that are there
 * twice, entries that overlap; with `read_all` every entry is unpacked and its CRC compared. Adds
 * rule S07. *has_descriptor (may be NULL) = it holds a datapackage.json at its root or in its only
 * folder.
 */
int camtrapdp_check_zip(const char *path, bool read_all, struct camtrapdp_report *report,
	bool *has_descriptor, struct error *err);

/*
 * Unpacks a package's ZIP into `folder`, which is there and empty; the only folder around all of
 * it is left away. Every file is flushed to the disk. An archive of which camtrapdp_check_zip says
 * an error is refused (ERROR_INPUT) before anything is written, as is one that does not fit.
 */
int camtrapdp_unpack(
	const char *zip, const char *folder, const struct progress *progress, struct error *err);

/* What a repair changed. Texts are static; table and column NULL = does not apply. */
struct camtrapdp_change {
	const char *table, *column, *what;
	uint64_t count;
};
struct camtrapdp_repair {
	struct {
		struct camtrapdp_change *items; /* in the order in which they were first made */
		size_t count, capacity;
	} changes;
	uint64_t rows[3];     /* written, of deployments, media, observations */
	uint64_t local_files; /* media rows whose file lies in the package: those are not copied */
};
/* `{ 0 }` is valid and releasable. */
void camtrapdp_repair_release(struct camtrapdp_repair *repair);

/*
 * Writes a package anew, as Camtrap DP 1.0.2, into `folder`, which is there and empty:
 * datapackage.json and the three tables (.csv.gz where they were), columns in the standard's order,
 * without columns and resources that the standard does not know, such as TRAPPER's own `_id` and
 * metadata.json; cells mended where it is plain what they mean; scopes computed from the rows.
 * What cannot be mended is written as it is. ERROR_INPUT when the package cannot be read.
 */
int camtrapdp_repair(const char *path, const char *folder, struct camtrapdp_repair *repair,
	const struct progress *progress, struct error *err);

/* ---- for tests and fuzzing: the same checks on bytes in memory ---- */

/* The descriptor alone. */
void camtrapdp_check_descriptor_bytes(
	const uint8_t *bytes, size_t size, struct camtrapdp_report *report);
/* One table (0 deployments, 1 media, 2 observations) of version 1.0.2 alone. */
void camtrapdp_check_table_bytes(
	const uint8_t *bytes, size_t size, int table, struct camtrapdp_report *report);
/* The directory of an archive, and each entry's bytes. */
int camtrapdp_check_zip_bytes(
	const uint8_t *bytes, size_t size, struct camtrapdp_report *report, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
