/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTPS requests: redirects, retries, and credentials for nobody but the server they belong to. */
#include "http_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_REDIRECTS 10

enum outcome { OUTCOME_REPLY, OUTCOME_AGAIN, OUTCOME_FINAL };

static char *copy(const char *text)
{
	return text == NULL || *text == '\0' ? NULL : xstrdup(text);
}

static void forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

struct http *http_open(const struct http_settings *settings, const struct progress *progress)
{
	struct http *http = xcalloc(1, sizeof *http);

	http->user = copy(settings->user);
	http->password = copy(settings->password);
	http->token = copy(settings->token);
	http->token_scheme =
		xstrdup(settings->token_scheme == NULL ? "Token" : settings->token_scheme);
	http->ca_file = copy(settings->ca_file);
	http->verify = settings->verify;
	http->connect_timeout = settings->connect_timeout;
	http->timeout = settings->timeout;
	http->max_runtime = settings->max_runtime;
	http->retries = settings->retries;
	http->progress = progress;
	http->began = http_clock();
	if (getentropy(&http->random, sizeof http->random) != 0 || http->random == 0)
		http->random = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	return http;
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	if (http->easy != NULL)
		http->curl->easy_cleanup(http->easy);
	if (http->multi != NULL)
		http->curl->multi_cleanup(http->multi);
	free(http->user);
	forget(http->password);
	forget(http->token);
	free(http->token_scheme);
	free(http->ca_file);
	free(http);
}

/* A line end inside a secret would let it write headers of its own. */
static int check_secrets(const struct http *http, struct error *err)
{
	const char *texts[] = {http->token, http->user, http->password};

	for (size_t i = 0; i < 3; i++)
		if (texts[i] != NULL && strpbrk(texts[i], "\r\n") != NULL)
			return error_set(err, ERROR_SETTINGS,
				"the login, password or token holds a line end: remove it");
	if (http->token == NULL && http->user != NULL && strchr(http->user, ':') != NULL)
		return error_set(err, ERROR_SETTINGS, "a login must not hold a colon");
	if (http->ca_file != NULL && access(http->ca_file, R_OK) != 0) {
		error_errno(err, "cannot read the certificates in '%s' (ca_file)", http->ca_file);
		err->kind = ERROR_SETTINGS;
		return -1;
	}
	return 0;
}

static int prepare(struct http *http, struct error *err)
{
	if (http->easy != NULL)
		return 0;
	http->curl = curl_library(err);
	if (http->curl == NULL || check_secrets(http, err) != 0)
		return -1;
	http->multi = http->curl->multi_init();
	http->easy = http->multi == NULL ? NULL : http->curl->easy_init();
	if (http->easy == NULL)
		return error_set(err, ERROR_SYSTEM, "libcurl could not be started");
	return 0;
}

/* Credentials go to the one server that `home` names, by scheme, host and port. */
static bool may_see_credentials(const struct http_exchange *exchange)
{
	struct http_origin home;
	struct error ignored = {0};

	if (exchange->request->home == NULL)
		return false;
	if (http_origin_parse(exchange->request->home, &home, &ignored) != 0)
		return false;
	return http_origin_equal(&home, &exchange->origin);
}

/* A redirect's goal, owned, or NULL when the reply is none that is followed. */
static char *redirect_goal(const struct http_exchange *exchange)
{
	const struct http *http = exchange->http;
	const char *goal = NULL;
	long status = exchange->status;

	if (strcmp(exchange->request->method, "GET") != 0)
		return NULL;
	if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
		return NULL;
	http->curl->easy_getinfo(http->easy, CURLINFO_REDIRECT_URL, &goal);
	return goal == NULL ? NULL : xstrdup(goal);
}

static int check_hop(struct http_exchange *exchange, bool must_be_secure, struct error *err)
{
	if (http_origin_parse(exchange->url, &exchange->origin, err) != 0)
		return -1;
	if (must_be_secure && !exchange->origin.secure)
		return error_set(err, ERROR_REFUSED,
			"the server sends us on to 'http://%s', which is not encrypted: not "
			"followed",
			exchange->origin.host);
	return http_origin_check(&exchange->origin, err);
}

static void report(const struct http_exchange *exchange)
{
	char *shown = http_url_shown(exchange->url);

	progress_detail(exchange->http->progress, "%s %s: status %ld, %zu bytes, %.2f s",
		exchange->request->method, shown, exchange->status, exchange->size,
		http_clock() - exchange->began);
	free(shown);
}

static enum outcome failure(
	const struct http_exchange *exchange, CURLcode code, bool *quick, struct error *err)
{
	bool again;

	http_explain(exchange, code, &again, quick, err);
	return again ? OUTCOME_AGAIN : OUTCOME_FINAL;
}

/*
 * One attempt, redirects included. `exchange` holds the last hop. OUTCOME_REPLY: a reply came
 * whole; otherwise err is set.
 */
static enum outcome attempt(
	struct http_exchange *exchange, bool repeated, bool *quick, struct error *err)
{
	const struct http_request *request = exchange->request;
	struct http_exchange start = *exchange;
	char *url =
		xstrdup(repeated && request->url_again != NULL ? request->url_again : request->url);
	enum outcome outcome = OUTCOME_FINAL;
	bool secure = false, left = false;

	for (int hops = 0;; hops++) {
		CURLcode code = CURLE_OK;
		char *goal;

		http_exchange_release(exchange);
		*exchange = start;
		exchange->url = url;
		if (check_hop(exchange, secure, err) != 0)
			break;
		secure = exchange->origin.secure;
		if (http_exchange_run(exchange, may_see_credentials(exchange), &code, err) != 0)
			break;
		if (exchange->trouble.kind != ERROR_NONE) {
			*err = exchange->trouble;
			break;
		}
		if (code != CURLE_OK) {
			outcome = failure(exchange, code, quick, err);
			break;
		}
		report(exchange);
		goal = redirect_goal(exchange);
		if (goal == NULL) {
			if (http_download_end(exchange, err) == 0)
				outcome = OUTCOME_REPLY;
			else if (exchange->trouble.kind == ERROR_NONE)
				outcome = OUTCOME_AGAIN;
			break;
		}
		left = true;
		free(url);
		url = goal;
		if (hops == MOST_REDIRECTS) {
			error_set(err, ERROR_REMOTE, "the server sends us on in a circle");
			break;
		}
	}
	exchange->connected = exchange->connected || left;
	exchange->url = NULL;
	free(url);
	return outcome;
}

/* 501 and 505 to 511 are a no that stays. */
static bool status_may_pass(long status)
{
	return status == 429 || (status >= 500 && status <= 504 && status != 501);
}

/* Waits for the next attempt. 0, or -1 when it must not be waited for, or the user stopped it. */
static int pause_before_next(struct http *http, const struct http_reply *reply, bool quick,
	const char *reason, struct error *err)
{
	double delay = http_delay(&http->random, reply->attempts, quick, reply->retry_after);

	if (reply->retry_after > HTTP_LONGEST_WAIT)
		return -1;
	if (http->max_runtime > 0 && http_clock() - http->began + delay > http->max_runtime)
		return -1;
	if (delay >= 5)
		progress_note(http->progress, "%s: trying again in %.0f s", reason, delay);
	else
		progress_detail(http->progress, "%s: trying again in %.1f s", reason, delay);
	return http_sleep(http->progress, delay, err);
}

static void hand_over(struct http_exchange *exchange, struct http_reply *reply)
{
	reply->status = exchange->status;
	reply->body = exchange->body;
	reply->size = exchange->size;
	reply->content_type = exchange->content_type;
	exchange->body = exchange->content_type = NULL;
}

/* "503 from 'https://host/path'", owned. */
static char *status_reason(const struct http_request *request, long status)
{
	char *shown = http_url_shown(request->url);
	char *reason = xasprintf("status %ld from '%s'", status, shown);

	free(shown);
	return reason;
}

/* A bad line that brings some of the file each time will bring all of it. */
static bool came_further(struct http_download *download)
{
	if (download == NULL || download->have <= download->furthest)
		return false;
	download->furthest = download->have;
	return true;
}

/* One attempt and, when another makes sense, the wait before it. True: try again. */
static bool step(
	struct http_exchange *exchange, struct http_reply *reply, int *result, struct error *err)
{
	struct http *http = exchange->http;
	bool only_once = exchange->request->only_once;
	bool quick = false, again;
	enum outcome outcome = attempt(exchange, reply->maybe_sent, &quick, err);
	char *reason;
	struct error stop = {0};

	*result = outcome == OUTCOME_REPLY ? 0 : -1;
	reply->maybe_sent = reply->maybe_sent || exchange->connected;
	reply->retry_after = -1;
	if (outcome == OUTCOME_REPLY)
		reply->retry_after = http_retry_after(http->curl->getdate,
			exchange->head.retry_after, exchange->head.date, time(NULL));
	if (came_further(exchange->request->download))
		reply->attempts = 1;
	again = outcome == OUTCOME_AGAIN ||
		(outcome == OUTCOME_REPLY && status_may_pass(exchange->status));
	if (!again || reply->attempts > http->retries || (only_once && reply->maybe_sent))
		return false;
	reason = outcome == OUTCOME_REPLY ? status_reason(exchange->request, exchange->status)
					  : xstrdup(err->message);
	if (pause_before_next(http, reply, quick, reason, &stop) != 0) {
		if (stop.kind == ERROR_CANCELLED) {
			*err = stop;
			*result = -1;
		}
		again = false;
	}
	free(reason);
	return again;
}

int http_perform(struct http *http, const struct http_request *request, struct http_reply *reply,
	struct error *err)
{
	struct http_exchange exchange = {.http = http, .request = request};
	struct http_origin origin;
	int result = -1;

	*reply = (struct http_reply){.retry_after = -1};
	/* The address first: a wrong one is not libcurl's fault. */
	if (http_origin_parse(request->url, &origin, err) != 0 ||
		http_origin_check(&origin, err) != 0 || prepare(http, err) != 0)
		return -1;
	do {
		http_exchange_release(&exchange);
		exchange = (struct http_exchange){.http = http, .request = request};
		reply->attempts++;
	} while (step(&exchange, reply, &result, err));
	if (result == 0) {
		error_clear(err);
		hand_over(&exchange, reply);
	} else if (reply->attempts > 1 && err->kind != ERROR_CANCELLED) {
		error_context(err, "%u attempts", reply->attempts);
	}
	http_exchange_release(&exchange);
	return result;
}

void http_reply_release(struct http_reply *reply)
{
	free(reply->body);
	free(reply->content_type);
	*reply = (struct http_reply){0};
}
