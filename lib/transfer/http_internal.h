/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the HTTP half of this room share. */
#ifndef TRAPKIT_TRANSFER_HTTP_INTERNAL_H
#define TRAPKIT_TRANSFER_HTTP_INTERNAL_H

#include "curl_library.h"
#include "trapkit/error.h"
#include "trapkit/transfer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest wait that a server may ask for and still be waited for, seconds. */
#define HTTP_LONGEST_WAIT 600.0

struct http {
	char *user, *password, *token, *token_scheme, *ca_file;
	bool verify;
	double connect_timeout, timeout, max_runtime;
	unsigned retries;
	const struct progress *progress;
	const struct curl_library *curl; /* NULL until the first request */
	CURLM *multi;                    /* keeps the connections */
	CURL *easy;
	double began; /* monotonic seconds of http_open: max_runtime counts from here */
	uint64_t random;
};

/* Where a URL leads: everything that decides who sees a credential. */
struct http_origin {
	bool secure;
	char host[256]; /* lower case, without brackets */
	unsigned port;
};

/* Header values of a reply, "" = absent. */
struct http_head {
	char retry_after[64], date[64];
	char etag[256], modified[64], range[96], disposition[1024];
};

/* One request on the wire and what came back. */
struct http_exchange {
	struct http *http;
	const struct http_request *request;
	const char *url;           /* of this hop */
	struct http_origin origin; /* of this hop */
	char *body;
	size_t size, capacity, limit;
	char *content_type;
	struct http_head head;
	bool placed;          /* the reply's body goes to request->download */
	struct error trouble; /* of our own, which ended the transfer */
	long status;
	bool connected; /* the request may have left from here on */
	bool strayed;   /* plain http that did not end on this machine */
	bool too_large;
	bool stalled, expired; /* ended by our own clocks */
	double began, last_activity;
	char detail[CURL_ERROR_SIZE];
};

/* Monotonic seconds. */
double http_clock(void);
/* The stall limit of a request, seconds. */
double http_stall_limit(const struct http_exchange *exchange);

/* url.c */
int http_origin_parse(const char *url, struct http_origin *origin, struct error *err);
bool http_origin_equal(const struct http_origin *a, const struct http_origin *b);
bool http_is_loopback(const char *host);
/* ERROR_SETTINGS when `origin` is plain http to another machine. */
int http_origin_check(const struct http_origin *origin, struct error *err);
/* "https://host:8443/path" without query and fragment, which may hold tokens. Owned. */
char *http_url_shown(const char *url);

/* explain.c: what libcurl's code means to a person. *again: trying again makes sense; *quick: it
 * failed at once, so short waits do. Returns -1. */
int http_explain(const struct http_exchange *exchange, CURLcode code, bool *again, bool *quick,
	struct error *err);

/* retry.c */
/* Seconds that Retry-After asks for, judged by the server's own Date; -1 when it says nothing. */
double http_retry_after(time_t (*getdate)(const char *, const time_t *), const char *value,
	const char *date, time_t now);
/* Seconds before attempt `attempt` + 1, jitter included, never below `asked`. */
double http_delay(uint64_t *random, unsigned attempt, bool quick, double asked);
/* Sleeps, asking `progress` five times a second whether to stop. */
int http_sleep(const struct progress *progress, double seconds, struct error *err);

/* exchange.c: one request over the wire, no redirects, no second try. *code tells how it went;
 * -1 only for ERROR_CANCELLED and for libcurl's own troubles. */
int http_exchange_run(
	struct http_exchange *exchange, bool credentials, CURLcode *code, struct error *err);
void http_exchange_release(struct http_exchange *exchange);

/* download.c */
/* Adds what asks for the rest of a file. */
struct curl_slist *http_download_ask(
	const struct http_exchange *exchange, struct curl_slist *headers);
/* Bytes of a body. *taken = false: they are no file's, and for memory. -1 sets exchange->trouble.
 */
int http_download_take(struct http_exchange *exchange, const char *bytes, size_t size, bool *taken);
/* A reply came whole. 0 = it is what was asked for; -1: it is to be asked for once more. */
int http_download_end(struct http_exchange *exchange, struct error *err);
/* The file name that Content-Disposition (RFC 6266) gives, fit to be used; owned, or NULL. */
char *http_file_name(const char *disposition);

#endif
