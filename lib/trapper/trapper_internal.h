/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this room share: requests with TRAPPER's manners, and readers of its replies.
 */
#ifndef TRAPKIT_TRAPPER_INTERNAL_H
#define TRAPKIT_TRAPPER_INTERNAL_H

#include "trapkit/csv.h"
#include "trapkit/memory.h"
#include "trapkit/transfer.h"
#include "trapkit/trapper.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trapper {
	char *base; /* "https://trapper.example.org", no slash at the end */
	struct http *http;
	const struct progress *progress;
	bool token; /* a token is used: what a refusal advises */
	/* Whether /storage/api/resources heeds its filter: 0 = not asked yet, 1 = yes, -1 = no. */
	int counts_resources;
};

/* Largest JSON reply and CSV export taken, bytes. A page of 200 items has about 300 KB. */
#define TRAPPER_JSON_LIMIT ((size_t)32 << 20)
#define TRAPPER_CSV_LIMIT ((size_t)256 << 20)
#define TRAPPER_PAGE_SIZE 200

/*
 * GETs base + path (which begins with a slash and may hold a query). 0 for 2xx; every other status
 * becomes an error that says `what` failed: "the list of projects".
 */
int trapper_get(struct trapper *trapper, const char *path, size_t limit, const char *what,
	struct http_reply *reply, struct error *err);

/* Turns a reply that is not 2xx into an error. Returns -1. */
int trapper_refusal(const struct trapper *trapper, const struct http_reply *reply, const char *what,
	struct error *err);

/* ---- json.c: no network ---- */

/* ERROR_NETWORK when the bytes are no JSON (a page of a proxy, a cut reply) or too deep. */
cJSON *trapper_parse(const char *bytes, size_t size, const char *what, struct error *err);
/* Any scalar as text, "" when absent or null. Owned. */
char *trapper_text(const cJSON *object, const char *name);
/* An integer, also when written as text or as 5.0. Returns false when it is none. */
bool trapper_integer(const cJSON *object, const char *name, int64_t *value);
bool trapper_bool(const cJSON *object, const char *name, bool fallback);
/*
 * What the server says in a body of whatever form (contract 1.12): one line of at most about 300
 * characters, "" when it says nothing. Owned.
 */
char *trapper_message(const char *body, size_t size);

/* ---- pages.c ---- */

struct trapper_page {
	cJSON *document;
	const cJSON *items; /* array inside the document */
	bool more;          /* another page should be asked for */
	int64_t count;      /* over all pages, -1 when not told */
};
/* Reads one reply of a list endpoint; `number` is the page that was asked for, from 1. */
int trapper_page_parse(const char *bytes, size_t size, int64_t number, const char *what,
	struct trapper_page *page, struct error *err);
void trapper_page_release(struct trapper_page *page);
/* Calls `take` for every item of every page of base + path. `take` returns 0 or -1 with err. */
int trapper_each(struct trapper *trapper, const char *path, const char *what,
	int (*take)(void *context, const cJSON *item, struct error *err), void *context,
	struct error *err);

/* ---- unpack.c, table.c, exports.c: no network ---- */

/* Undoes gzip and ZIP, told by their first bytes. *text is NUL-terminated and owned. */
int trapper_unpack(const char *bytes, size_t size, char **text, size_t *length, const char *what,
	struct error *err);

/* A CSV export being read. After open the header is known; next goes to the next row. */
struct trapper_table {
	char *text;
	struct csv_reader *reader;
	struct string_list header;
	struct csv_record record;
};
int trapper_table_open(struct trapper_table *table, const char *bytes, size_t size,
	const char *what, struct error *err);
void trapper_table_close(struct trapper_table *table);
/* 1 = a row, 0 = the end, -1 = ERROR_NETWORK. */
int trapper_table_next(struct trapper_table *table, struct error *err);
/* ERROR_REMOTE when there is no such column. */
int trapper_table_need(
	const struct trapper_table *table, const char *name, const char *what, struct error *err);
/* The row's cell as UTF-8, "" when there is none. Owned. */
char *trapper_table_text(const struct trapper_table *table, const char *name);

/* Append to the list; on failure it may hold a part. */
int trapper_read_locations(
	const char *bytes, size_t size, struct trapper_location_list *list, struct error *err);
int trapper_read_deployments(
	const char *bytes, size_t size, struct trapper_deployment_list *list, struct error *err);

/* ---- items of replies ---- */

int trapper_take_project(void *context, const cJSON *item, struct error *err);
/* context = struct trapper_collection_filter */
struct trapper_collection_filter {
	const char *name;
	struct trapper_collection_list *list;
};
int trapper_take_collection(void *context, const cJSON *item, struct error *err);
/* What the reply to the processing request says. */
int trapper_read_answer(
	const char *bytes, size_t size, char **answer, bool *maybe_done, struct error *err);
/* The same of the request for a package; *url is owned. */
int trapper_read_package(
	const char *bytes, size_t size, char **url, char **answer, struct error *err);

#endif
