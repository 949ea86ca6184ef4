/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions with the traplinked API: the path of a request, and what a refusal means. */
#include "traplinked_internal.h"

#include "trapkit/text.h"
#include "trapkit/transfer.h"

#include <stdio.h>
#include <stdlib.h>

struct traplinked {
	char *base; /* no slash at the end */
	struct http *http;
};

/* "&name=a,b": the commas that separate stay, those inside a value are encoded. */
static void put_list(FILE *out, char *mark, const char *name, const struct string_list *list)
{
	if (list == NULL || list->count == 0)
		return;
	fprintf(out, "%c%s=", *mark, name);
	for (size_t i = 0; i < list->count; i++) {
		char *escaped = http_escape(list->items[i]);

		fprintf(out, "%s%s", i == 0 ? "" : ",", escaped);
		free(escaped);
	}
	*mark = '&';
}

static void put_text(FILE *out, char *mark, const char *name, const char *text)
{
	char *escaped;

	if (text == NULL)
		return;
	escaped = http_escape(text);
	fprintf(out, "%c%s=%s", *mark, name, escaped);
	free(escaped);
	*mark = '&';
}

char *traplinked_path(const struct traplinked_query *query)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	char mark = '?';

	if (out == NULL)
		return xstrdup("");
	fputs(query->network ? "/network-devices" : "/devices", out);
	put_list(out, &mark, "ids", query->ids);
	put_text(out, &mark, "location_path", query->location_path);
	put_text(out, &mark, "location_id", query->location_id);
	/* Digits, dashes, colons and a T need no encoding, and the documentation uses none. */
	if (query->reports_since != NULL && !query->network) {
		fprintf(out, "%creports_since=%s", mark, query->reports_since);
		mark = '&';
	}
	if (query->include_sublocations) {
		fprintf(out, "%cinclude_sublocations", mark);
		mark = '&';
	}
	put_list(out, &mark, "device_fields", query->fields);
	fclose(out);
	return text;
}

struct traplinked *traplinked_open(const char *base_url, const struct http_settings *settings,
	const struct progress *progress, struct error *err)
{
	struct http_settings own = *settings;
	struct traplinked *traplinked;
	size_t length;

	if (http_check_base(base_url, err) != 0) {
		error_context(err, "TRAPLINKED.base_url");
		return NULL;
	}
	if (strpbrk(base_url, "?#") != NULL) {
		error_set(err, ERROR_SETTINGS,
			"TRAPLINKED.base_url must be an address without '?' and '#'");
		return NULL;
	}
	if (own.token == NULL || *own.token == '\0') {
		error_set(err, ERROR_SETTINGS, "no token for traplinked: set TRAPLINKED.token");
		return NULL;
	}
	own.token_scheme = "Bearer";
	own.user = own.password = NULL;
	traplinked = xcalloc(1, sizeof *traplinked);
	traplinked->base = xstrdup(base_url);
	length = strlen(traplinked->base);
	while (length > 0 && traplinked->base[length - 1] == '/')
		traplinked->base[--length] = '\0';
	traplinked->http = http_open(&own, progress);
	return traplinked;
}

void traplinked_close(struct traplinked *traplinked)
{
	if (traplinked == NULL)
		return;
	http_close(traplinked->http);
	free(traplinked->base);
	free(traplinked);
}

static int refusal(
	const struct traplinked *traplinked, const struct http_reply *reply, struct error *err)
{
	char *wait;

	switch (reply->status) {
	case 400:
		return error_set(err, ERROR_REMOTE,
			"the server '%s' does not understand the request (status 400): check ids, "
			"location, fields and time",
			traplinked->base);
	case 401:
	case 403:
		return error_set(err, ERROR_REFUSED,
			"the server '%s' does not accept the token (status %ld): check "
			"TRAPLINKED.token; an administrator of the account makes tokens in the "
			"settings of the web app",
			traplinked->base, reply->status);
	case 404:
		return error_set(err, ERROR_REMOTE,
			"the server '%s' does not know the path (status 404): check "
			"TRAPLINKED.base_url and the location",
			traplinked->base);
	case 429:
		wait = reply->retry_after >= 0 ? text_duration(reply->retry_after) : NULL;
		error_set(err, ERROR_NETWORK,
			"the server '%s' has had too many requests (status 429, %u %s); %s%s",
			traplinked->base, reply->attempts,
			reply->attempts == 1 ? "attempt" : "attempts",
			wait == NULL ? "try again later" : "it asks to wait ",
			wait == NULL ? "" : wait);
		free(wait);
		return -1;
	default:
		break;
	}
	if (reply->status == 408 || reply->status >= 500)
		return error_set(err, ERROR_NETWORK,
			"the server '%s' is in trouble (status %ld, %u %s); try again later",
			traplinked->base, reply->status, reply->attempts,
			reply->attempts == 1 ? "attempt" : "attempts");
	return error_set(err, ERROR_REMOTE,
		"the server '%s' answers with status %ld, which the API does not have: check "
		"TRAPLINKED.base_url",
		traplinked->base, reply->status);
}

int traplinked_get(struct traplinked *traplinked, const struct traplinked_query *query,
	struct http_reply *reply, struct error *err)
{
	char *path = traplinked_path(query);
	char *url = xasprintf("%s%s", traplinked->base, path);
	struct http_request request = {.method = "GET",
		.url = url,
		.home = traplinked->base,
		.accept = "application/json",
		.limit = TRAPLINKED_LIMIT};
	int result = http_perform(traplinked->http, &request, reply, err);

	if (result != 0)
		error_context(err, "traplinked");
	else if (reply->status != 200)
		result = refusal(traplinked, reply, err);
	if (result != 0) {
		double retry_after = reply->retry_after;

		http_reply_release(reply);
		reply->retry_after = retry_after;
	}
	free(url);
	free(path);
	return result;
}
