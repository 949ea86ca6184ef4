/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Camtrap DP packages that TRAPPER puts together: asked for, and fetched (contract 1.10). */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char what[] = "the Camtrap DP package";

char *trapper_package_route(int64_t project, bool newer)
{
	return xasprintf(newer ? "/api/media-classifications/package/%lld/"
			       : "/media_classification/api/package/%lld/",
		(long long)project);
}

/* ---- the query ---- */

static void add_text(FILE *out, const char *name, const char *text)
{
	char *escaped;

	if (text == NULL)
		return;
	escaped = http_escape(text);
	fprintf(out, "%s%s=%s", ftell(out) > 0 ? "&" : "", name, escaped);
	free(escaped);
}

static void add_bool(FILE *out, const char *name, bool value)
{
	add_text(out, name, value ? "true" : "false");
}

/* One value with commas between, which is the documented form of a list. */
static void add_list(FILE *out, const char *name, const struct string_list *list)
{
	char *joined = NULL;
	size_t length = 0;
	FILE *text;

	if (list == NULL || list->count == 0 || (text = open_memstream(&joined, &length)) == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		fprintf(text, "%s%s", i > 0 ? "," : "", list->items[i]);
	if (fclose(text) == 0)
		add_text(out, name, joined);
	free(joined);
}

/* What the package holds: all of it is said, so that a server's other default does not count. */
static void add_contents(FILE *out, const struct trapper_package *package)
{
	bool filtered = package->deployments != NULL && package->deployments->count > 0;

	add_text(out, "export_format", package->format);
	add_text(out, "export_filetype", package->filetype);
	add_bool(out, "approved_only", package->approved_only);
	add_bool(out, "exclude_blank", package->exclude_blank);
	/* The filter is heeded only without all of them. */
	add_bool(out, "all_deployments", package->all_deployments && !filtered);
	add_list(out, "filter_deployments", package->deployments);
	add_bool(out, "include_events", package->include_events);
	if (package->include_events)
		add_text(out, "events_count_var", package->events_count_var);
	add_bool(out, "trapper_url_token", package->url_token);
	add_bool(out, "private_human", package->private_human);
	add_bool(out, "private_vehicle", package->private_vehicle);
	/* Of this list every item is a parameter of its own. */
	for (size_t i = 0; package->private_species != NULL && i < package->private_species->count;
		i++)
		add_text(out, "private_species", package->private_species->items[i]);
}

char *trapper_package_query(const struct trapper_package *package)
{
	char *query = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&query, &length);

	if (out == NULL)
		return xstrdup("");
	add_contents(out, package);
	add_text(out, "name", package->name);
	add_text(out, "version", package->version);
	add_text(out, "title", package->title);
	add_text(out, "description", package->description);
	add_list(out, "keywords", package->keywords);
	add_list(out, "licenses", package->licenses);
	if (package->clear_cache)
		add_bool(out, "clear_cache", true);
	if (package->release)
		add_bool(out, "release", true);
	if (package->get_released)
		add_bool(out, "get_released", true);
	if (fclose(out) != 0 || query == NULL) {
		free(query);
		return xstrdup("");
	}
	return query;
}

/* ---- asking for it ---- */

int trapper_read_package(
	const char *bytes, size_t size, char **url, char **answer, struct error *err)
{
	cJSON *document = trapper_parse(bytes, size, what, err);
	const cJSON *data;
	char *said = NULL;
	int result = -1;

	*url = *answer = NULL;
	if (document == NULL)
		return -1;
	data = cJSON_GetObjectItemCaseSensitive(document, "data");
	said = trapper_message(bytes, size);
	*url = trapper_text(data, "package");
	if (**url == '\0') {
		error_set(err, ERROR_REMOTE, "%s: the server made none (%s)", what,
			*said == '\0' ? "and does not say why" : said);
		goto done;
	}
	*answer = said;
	said = NULL;
	result = 0;
done:
	if (result != 0) {
		free(*url);
		*url = NULL;
	}
	free(said);
	cJSON_Delete(document);
	return result;
}

static char *address(const struct trapper *trapper, const struct trapper_package *package,
	bool newer, bool again)
{
	struct trapper_package same = *package;
	char *route = trapper_package_route(package->project, newer);
	char *query, *url;

	/* What the first request began must not be thrown away by the second. */
	same.clear_cache = package->clear_cache && !again;
	query = trapper_package_query(&same);
	url = xasprintf("%s%s?%s", trapper->base, route, query);
	free(query);
	free(route);
	return url;
}

static int ask(struct trapper *trapper, const struct trapper_package *package, bool newer,
	double timeout, struct http_reply *reply, struct error *err)
{
	char *url = address(trapper, package, newer, false);
	char *again = address(trapper, package, newer, true);
	const struct http_request request = {.method = "GET",
		.url = url,
		.url_again = again,
		.home = trapper->base,
		.timeout = timeout,
		.only_once = package->release,
		.limit = TRAPPER_JSON_LIMIT};
	int result = http_perform(trapper->http, &request, reply, err);

	free(url);
	free(again);
	return result;
}

/* A request that died in silence: what a large project needs. */
static int too_long(const struct trapper_package *package, bool maybe_sent, struct error *err)
{
	struct error cause = *err;

	if (!maybe_sent || err->kind != ERROR_NETWORK)
		return -1;
	return error_set(err, ERROR_NETWORK, "%.600s; %s", cause.message,
		package->release
			? "the release may have been made: look for it with --get-released before "
			  "asking for another"
			: "a large project takes the server many minutes: run it again, give "
			  "--build-timeout more, or ask for less (--filter-deployments, "
			  "--exclude-blank)");
}

static int refused(const struct trapper *trapper, const struct trapper_package *package,
	const struct http_reply *reply, struct error *err)
{
	char *said;

	switch (reply->status) {
	case 403:
	case 404:
		said = trapper_message(reply->body, reply->size);
		error_set(err, reply->status == 403 ? ERROR_REFUSED : ERROR_REMOTE,
			reply->status == 403
				? "%s: this login may not see classification project %lld (status "
				  "403%s%s); ask its owner to add you, or use a login or token "
				  "that has access"
				: "%s: the server knows no classification project %lld (status "
				  "404%s%s); 'trapkit helpers classification_projects' lists those "
				  "that you may see",
			what, (long long)package->project, *said == '\0' ? "" : ": ", said);
		free(said);
		return -1;
	case 502:
	case 504:
		trapper_refusal(trapper, reply, what, err);
		return too_long(package, true, err);
	default:
		return trapper_refusal(trapper, reply, what, err);
	}
}

int trapper_package_make(struct trapper *trapper, const struct trapper_package *package,
	double timeout, char **url, char **answer, struct error *err)
{
	struct http_reply reply = {0};
	int result = -1;

	*url = *answer = NULL;
	for (int newer = 0; newer < 2; newer++) {
		http_reply_release(&reply);
		if (ask(trapper, package, newer == 1, timeout, &reply, err) != 0) {
			error_context(err, "%s", what);
			too_long(package, reply.maybe_sent, err);
			goto done;
		}
		if (reply.status != 404)
			break;
	}
	result = reply.status == 200
		? trapper_read_package(reply.body, reply.size, url, answer, err)
		: refused(trapper, package, &reply, err);
done:
	http_reply_release(&reply);
	return result;
}

/*
 * A server behind a proxy that ends TLS may call itself http://, and some give only the path: both
 * mean the server that was asked. Owned.
 */
static char *absolute(const struct trapper *trapper, const char *url)
{
	const char *host = strstr(trapper->base, "://");
	size_t length = host == NULL ? 0 : strcspn(host + 3, ":/");

	if (url[0] == '/')
		return xasprintf("%s%s", trapper->base, url);
	if (strncmp(trapper->base, "https://", 8) == 0 && strncasecmp(url, "http://", 7) == 0 &&
		strncasecmp(url + 7, host + 3, length) == 0 &&
		strchr(":/", url[7 + length]) != NULL)
		return xasprintf("%.*s%s", (int)(8 + strcspn(trapper->base + 8, "/")),
			trapper->base, url + 7 + strcspn(url + 7, "/"));
	return xstrdup(url);
}

int trapper_package_fetch(struct trapper *trapper, const char *url, struct http_download *download,
	bool *gone, struct error *err)
{
	char *whole = absolute(trapper, url);
	const struct http_request request = {.method = "GET",
		.url = whole,
		.home = trapper->base,
		.limit = TRAPPER_JSON_LIMIT,
		.download = download};
	struct http_reply reply = {0};
	int result = -1;

	*gone = false;
	if (http_perform(trapper->http, &request, &reply, err) != 0) {
		error_context(err, "%s", what);
	} else if (reply.status == 200 || reply.status == 206) {
		result = 0;
	} else {
		*gone = reply.status == 401 || reply.status == 403 || reply.status == 404 ||
			reply.status == 410;
		trapper_refusal(trapper, &reply, what, err);
	}
	http_reply_release(&reply);
	free(whole);
	return result;
}
