/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traplinked brought up to date: asked, stored, watched, written out. */
#ifndef TRAPKIT_SYNC_H
#define TRAPKIT_SYNC_H

#include "trapkit/traplinked.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sync_network {
	SYNC_NETWORK_NONE, /* devices only */
	SYNC_NETWORK_TOO,  /* devices, then network devices: two requests */
	SYNC_NETWORK_ONLY
};
enum sync_reports { SYNC_REPORTS_NONE, SYNC_REPORTS_LAST, SYNC_REPORTS_SINCE };

/* Texts and lists are borrowed. */
struct sync_settings {
	const char *base_url;
	const struct http_settings *http; /* with the token; its scheme is set here */
	const char *database;
	double wait_lock; /* seconds */
	bool dry_run;     /* asks the server, stores into a private copy */
	bool fetch;       /* false: only looks at what is stored */

	struct string_list ids;
	const char *location_path, *location_id;
	bool include_sublocations;
	struct string_list fields; /* serial_number is added; for the network devices with ONLY */
	enum sync_network network;
	enum sync_reports reports;
	const char *reports_since; /* UTC without zone, for SYNC_REPORTS_SINCE */
	double overlap;            /* seconds, for SYNC_REPORTS_LAST */

	const struct traplinked_rule *rules; /* one for network devices asks for them, too */
	size_t rule_count;
	double repeat_after; /* seconds, 0 = never again */
};

/* Everything here is owned: sync_result_release(). */
struct sync_result {
	struct traplinked_run run; /* id 0 without fetch */
	int64_t last_run;          /* newest run before this one; 0 = none */
	struct traplinked_alert_list alerts;
	double retry_after; /* on failure: seconds the server asks to be left alone; <= 0 = none */
};
void sync_result_release(struct sync_result *result);

/* The database, open and locked for this one turn. NULL with err. */
struct sync;
struct sync *sync_open(
	const struct sync_settings *settings, const struct progress *progress, struct error *err);
void sync_close(struct sync *sync);
/*
 * Asks, then stores everything in one transaction; on any failure the database is as it was. Errors
 * as traplinked_get and traplinked_take give them.
 */
int sync_run(struct sync *sync, struct sync_result *result, struct error *err);
/* The alerts of the result have been told. Nothing in a dry run. */
int sync_told(struct sync *sync, const struct sync_result *result, struct error *err);

enum sync_format { SYNC_TABLE, SYNC_JSON, SYNC_CSV, SYNC_GEOJSON, SYNC_JSONL };
/* Rows of runs after `since_run`; GeoJSON has devices with coordinates. Not for SYNC_TABLE. */
int sync_write(struct sync *sync, enum traplinked_table table, enum sync_format format,
	int64_t since_run, FILE *out, struct error *err);
/* For tables: the rows themselves. */
struct traplinked_rows *sync_rows(
	struct sync *sync, enum traplinked_table table, int64_t since_run, struct error *err);

/*
 * Seconds that count while the computer is suspended and do not when its clock is set.
 */
double sync_clock(void);
/* Waits until that clock shows `due`. ERROR_CANCELLED within a second of being stopped. */
int sync_wait(double due, const struct progress *progress, struct error *err);
/* The time of the next turn: a tenth of jitter, and turns that were slept through are not made up
 * for. */
double sync_next(double due, double interval);

#ifdef __cplusplus
}
#endif

#endif
