/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One HTTP request over the wire: can be stopped within a fraction of a second, never hangs. */
#include "http_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_LIMIT ((size_t)64 << 20)
/* Longest that a stop or one of our own time limits goes unseen, milliseconds. */
#define POLL_INTERVAL 200

static size_t take_body(char *bytes, size_t one, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	size_t length = one * count;
	bool taken = false;

	exchange->last_activity = http_clock();
	if (exchange->request->download != NULL &&
		http_download_take(exchange, bytes, length, &taken) != 0)
		return CURL_WRITEFUNC_ERROR;
	if (taken)
		return length;
	if (length > exchange->limit - exchange->size) {
		exchange->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (exchange->size + length + 1 > exchange->capacity) {
		size_t capacity = exchange->size + length + 1;

		capacity += capacity / 2;
		exchange->body = xreallocarray(exchange->body, capacity, 1);
		exchange->capacity = capacity;
	}
	memcpy(exchange->body + exchange->size, bytes, length);
	exchange->size += length;
	exchange->body[exchange->size] = '\0';
	return length;
}

static void keep_header(
	char *target, size_t size, const char *name, const char *line, size_t length)
{
	size_t prefix = strlen(name);

	if (length <= prefix || strncasecmp(line, name, prefix) != 0)
		return;
	line += prefix;
	length -= prefix;
	while (length > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	while (length > 0 && (unsigned char)line[length - 1] <= ' ')
		length--;
	if (length >= size)
		return;
	memcpy(target, line, length);
	target[length] = '\0';
}

static size_t take_header(char *line, size_t one, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	struct http_head *head = &exchange->head;
	size_t length = one * count;

	exchange->last_activity = http_clock();
	/* A 100 Continue comes with headers of its own. */
	if (length >= 5 && strncasecmp(line, "HTTP/", 5) == 0)
		*head = (struct http_head){0};
	keep_header(head->retry_after, sizeof head->retry_after, "Retry-After:", line, length);
	keep_header(head->date, sizeof head->date, "Date:", line, length);
	keep_header(head->etag, sizeof head->etag, "ETag:", line, length);
	keep_header(head->modified, sizeof head->modified, "Last-Modified:", line, length);
	keep_header(head->range, sizeof head->range, "Content-Range:", line, length);
	keep_header(
		head->disposition, sizeof head->disposition, "Content-Disposition:", line, length);
	return length;
}

/* Called when the connection stands, before the first byte of the request goes out. */
static int before_request(
	void *context, char *remote_address, char *local_address, int remote_port, int local_port)
{
	struct http_exchange *exchange = context;

	(void)local_address;
	(void)remote_port;
	(void)local_port;
	if (!exchange->origin.secure && !http_is_loopback(remote_address)) {
		exchange->strayed = true;
		return CURL_PREREQFUNC_ABORT;
	}
	exchange->connected = true;
	exchange->last_activity = http_clock();
	return CURL_PREREQFUNC_OK;
}

double http_stall_limit(const struct http_exchange *exchange)
{
	return exchange->request->timeout > 0 ? exchange->request->timeout
					      : exchange->http->timeout;
}

static long milliseconds(double seconds)
{
	return seconds < 0.001 ? 1 : seconds > 1e6 ? 1000000000 : (long)(seconds * 1000);
}

static void set_callbacks(struct http_exchange *exchange)
{
	const struct curl_library *curl = exchange->http->curl;
	CURL *easy = exchange->http->easy;

	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl->easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl->easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl->easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
	curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->detail);
}

static void set_connection(struct http_exchange *exchange)
{
	const struct http *http = exchange->http;
	const struct curl_library *curl = http->curl;
	CURL *easy = http->easy;

	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that hangs must not hold up the end of the program. */
	curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (http->connect_timeout > 0)
		curl->easy_setopt(
			easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(http->connect_timeout));
	curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, http->verify ? 1L : 0L);
	curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, http->verify ? 2L : 0L);
	curl->easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (http->ca_file != NULL) {
		const curl_version_info_data *info = curl->version_info(CURLVERSION_NOW);
		const char *system = info->age >= CURLVERSION_SEVENTH ? info->capath : NULL;

		/* The file replaces libcurl's bundle; the folder holds the same authorities. */
		curl->easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
		curl->easy_setopt(easy, CURLOPT_CAPATH, system != NULL ? system : "/etc/ssl/certs");
	}
	if (!exchange->origin.secure)
		curl->easy_setopt(easy, CURLOPT_PROXY, "");
	if (exchange->request->only_once) {
		/* libcurl sends again by itself what a kept connection lost. */
		curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
		curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	}
}

/* Returns the headers, which must live until the transfer is over. */
static struct curl_slist *set_request(struct http_exchange *exchange, bool credentials)
{
	const struct http *http = exchange->http;
	const struct http_request *request = exchange->request;
	const struct curl_library *curl = http->curl;
	CURL *easy = http->easy;
	struct curl_slist *headers = NULL;
	char *line = NULL;

	curl->easy_setopt(easy, CURLOPT_URL, exchange->url);
	curl->easy_setopt(easy, CURLOPT_USERAGENT, "trapkit/" TRAPKIT_VERSION);
	/* Parts of a file are parts of its own bytes, not of a compressed form. */
	curl->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, request->download == NULL ? "" : NULL);
	curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	if (strcmp(request->method, "GET") != 0) {
		const char *body = request->body == NULL ? "" : request->body;

		curl->easy_setopt(easy, CURLOPT_POST, 1L);
		curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
		curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		curl->easy_setopt(easy, CURLOPT_POSTFIELDS, body);
		headers = curl->slist_append(headers, "Expect:");
		line = xasprintf("Content-Type: %s",
			request->content_type != NULL ? request->content_type
						      : "application/octet-stream");
		headers = curl->slist_append(headers, line);
		free(line);
	}
	if (request->accept != NULL) {
		line = xasprintf("Accept: %s", request->accept);
		headers = curl->slist_append(headers, line);
		free(line);
	}
	if (credentials && http->token != NULL) {
		line = xasprintf("Authorization: %s %s", http->token_scheme, http->token);
		headers = curl->slist_append(headers, line);
		explicit_bzero(line, strlen(line));
		free(line);
	} else if (credentials && http->user != NULL) {
		curl->easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl->easy_setopt(easy, CURLOPT_USERNAME, http->user);
		curl->easy_setopt(
			easy, CURLOPT_PASSWORD, http->password == NULL ? "" : http->password);
	}
	if (request->download != NULL)
		headers = http_download_ask(exchange, headers);
	curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	return headers;
}

/* True when one of our own clocks ran out. */
static bool over(struct http_exchange *exchange)
{
	const struct http *http = exchange->http;
	double now = http_clock();
	double stall = http_stall_limit(exchange);

	exchange->expired = http->max_runtime > 0 && now - http->began > http->max_runtime;
	/* Before that, connect_timeout watches. */
	exchange->stalled =
		exchange->connected && stall > 0 && now - exchange->last_activity > stall;
	return exchange->expired || exchange->stalled;
}

/* Runs what was added to the multi handle to its end. */
static int pump(struct http_exchange *exchange, CURLcode *code, struct error *err)
{
	struct http *http = exchange->http;
	const struct curl_library *curl = http->curl;

	for (;;) {
		int running = 0, queued = 0;
		CURLMcode trouble = curl->multi_perform(http->multi, &running);
		const CURLMsg *message;

		if (trouble != CURLM_OK)
			return error_set(err, ERROR_NETWORK, "libcurl failed: %s",
				curl->multi_strerror(trouble));
		while ((message = curl->multi_info_read(http->multi, &queued)) != NULL)
			if (message->msg == CURLMSG_DONE) {
				*code = message->data.result;
				return 0;
			}
		if (progress_check(http->progress, err) != 0)
			return -1;
		if (over(exchange)) {
			*code = CURLE_OPERATION_TIMEDOUT;
			return 0;
		}
		curl->multi_poll(http->multi, NULL, 0, POLL_INTERVAL, NULL);
	}
}

static void keep_reply(struct http_exchange *exchange)
{
	const struct curl_library *curl = exchange->http->curl;
	const char *type = NULL;

	curl->easy_getinfo(exchange->http->easy, CURLINFO_RESPONSE_CODE, &exchange->status);
	curl->easy_getinfo(exchange->http->easy, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL)
		exchange->content_type = xstrdup(type);
	if (exchange->body == NULL)
		exchange->body = xstrdup("");
}

int http_exchange_run(
	struct http_exchange *exchange, bool credentials, CURLcode *code, struct error *err)
{
	struct http *http = exchange->http;
	const struct curl_library *curl = http->curl;
	struct curl_slist *headers;
	CURLMcode trouble;
	int result = -1;

	exchange->limit = exchange->request->limit == 0 ? DEFAULT_LIMIT : exchange->request->limit;
	exchange->began = exchange->last_activity = http_clock();
	curl->easy_reset(http->easy);
	set_callbacks(exchange);
	set_connection(exchange);
	headers = set_request(exchange, credentials);
	trouble = curl->multi_add_handle(http->multi, http->easy);
	if (trouble != CURLM_OK) {
		error_set(err, ERROR_NETWORK, "libcurl failed: %s", curl->multi_strerror(trouble));
		goto done;
	}
	result = pump(exchange, code, err);
	if (result == 0 && *code == CURLE_OK)
		keep_reply(exchange);
	curl->multi_remove_handle(http->multi, http->easy);
done:
	curl->slist_free_all(headers);
	return result;
}

void http_exchange_release(struct http_exchange *exchange)
{
	free(exchange->body);
	free(exchange->content_type);
	exchange->body = exchange->content_type = NULL;
}
