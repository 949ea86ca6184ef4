/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is remembered between rows and tables, and the checks that use it. */
#ifndef TRAPKIT_CAMTRAPDP_CHECK_H
#define TRAPKIT_CAMTRAPDP_CHECK_H

#include "container.h"
#include "descriptor.h"
#include "keys.h"
#include "typed_rows.h"

struct progress;

struct deployment {
	char *name; /* its ID, cut */
	uint64_t row, camera, location;
	int64_t start, end;
	double latitude, longitude;
	uint64_t files, without;            /* media rows; those without any observation */
	int64_t time;                       /* of its first file */
	bool timed, placed, issues, varied; /* varied: its files have different times */
};

/* What is known of a media row, in one word that sorts by deployment, then time. */
#define NO_DEPLOYMENT 0xFFFFFFu
#define MEDIA_IS_CLIP 1u /* video or audio: it has a duration */
#define MEDIA_IS_PUBLIC 2u
#define MEDIA_IS_SEEN 4u /* an observation names it */
#define MEDIA_IS_UNDATED 8u
#define MEDIA_FLAGS 4 /* bits */
#define MEDIA_TIME 36 /* bits: seconds from the year 881 to 3058 */

/* Deployment and time without the flags. */
static inline uint64_t media_moment(uint32_t deployment, int64_t time)
{
	const int64_t half = INT64_C(1) << (MEDIA_TIME - 1);
	int64_t kept = time < -half ? 0 : time >= half ? 2 * half - 1 : time + half;

	return (uint64_t)deployment << MEDIA_TIME | (uint64_t)kept;
}

static inline int64_t media_time(uint64_t payload)
{
	return (int64_t)(payload >> MEDIA_FLAGS & ((UINT64_C(1) << MEDIA_TIME) - 1)) -
		(INT64_C(1) << (MEDIA_TIME - 1));
}

static inline uint32_t media_deployment(uint64_t payload)
{
	return (uint32_t)(payload >> (MEDIA_FLAGS + MEDIA_TIME));
}

/* A key that leads nowhere. */
struct lost_key {
	char *value;
	uint64_t row, count;
};

struct lost_keys {
	struct key_map known; /* hash to index */
	struct lost_key *items;
	size_t count, capacity;
};

struct event {
	uint64_t from, to; /* media_moment */
	uint64_t row;
};

struct check {
	const struct camtrapdp_settings *settings;
	struct camtrapdp_report *report;
	const struct container *container; /* NULL: a table alone */
	struct descriptor *descriptor;
	const struct progress *progress;
	bool missing_words;
	bool read[TABLES]; /* it was there and could be read to its end */
	struct {
		struct deployment *items;
		size_t count, capacity;
	} deployments;
	struct key_map deployment_ids, folded_ids, location_ids, media_ids, event_spans, names;
	struct key_map observation_ids, event_rows, boxes; /* sets */
	struct string_list name_list;
	struct lost_keys lost[3]; /* media.deploymentID, observations.deploymentID, .mediaID */
	struct {
		struct event *items;
		size_t count, capacity;
	} events;
	uint64_t levels[2], methods[2]; /* rows of each */
	/* The row before, in media. */
	uint64_t last_hash;
	uint32_t last_deployment;
	char last_name[64];
	size_t last_name_length;
	int64_t last_time;
	bool last_dated;
	uint32_t last_file_of;
};

/* A finding about a cell, or about the row when `field` is -1. */
void row_say(const struct row *row, const char *rule, enum camtrapdp_severity severity, int field,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Index of the row's deployment, or NO_DEPLOYMENT after noting a lost key. */
uint32_t row_deployment(struct row *row, int field, struct lost_keys *lost);
/* The row's key was noted before. */
void row_say_repeated(const struct row *row);
void lose_key(struct row *row, int field, struct lost_keys *lost);

void check_deployment_row(struct row *row);
void check_media_row(struct row *row);
/* The row will be checked soon. */
void expect_media_row(const struct check *check, const struct row *row);
void expect_observation_row(const struct check *check, const struct row *row);
void check_file(struct row *row);
void check_observation_row(struct row *row);
void check_observation_alone(struct row *row);

/* Reads one table and checks its rows. -1 only for ERROR_CANCELLED and the like. */
int check_table_read(struct check *check, enum table_kind kind, struct error *err);
/* The same, of a source that is open. *failed = it could not be read to its end. */
int check_table_source(struct check *check, enum table_kind kind, struct source *source,
	const char *name, bool *failed, struct error *err);
/* What can be said when all was read. */
void check_end(struct check *check);
void check_scopes(struct check *check);
void check_release(struct check *check);

#endif
