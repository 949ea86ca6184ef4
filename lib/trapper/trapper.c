/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions with a TRAPPER server: addresses, requests, and what a refusal means. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

struct trapper *trapper_open(const char *host, const struct http_settings *settings,
	const struct progress *progress, struct error *err)
{
	struct trapper *trapper;
	size_t length;

	if (host == NULL || *host == '\0') {
		error_set(err, ERROR_SETTINGS,
			"no TRAPPER server is set: set GENERAL.host to its address, for example "
			"https://trapper.example.org");
		return NULL;
	}
	if (http_check_base(host, err) != 0) {
		error_context(err, "GENERAL.host");
		return NULL;
	}
	if (strpbrk(host, "?#") != NULL) {
		error_set(err, ERROR_SETTINGS,
			"GENERAL.host must be the server's address only, without '?' and '#'");
		return NULL;
	}
	trapper = xcalloc(1, sizeof *trapper);
	trapper->base = xstrdup(host);
	length = strlen(trapper->base);
	while (length > 0 && trapper->base[length - 1] == '/')
		trapper->base[--length] = '\0';
	trapper->http = http_open(settings, progress);
	trapper->progress = progress;
	trapper->token = settings->token != NULL && *settings->token != '\0';
	return trapper;
}

void trapper_close(struct trapper *trapper)
{
	if (trapper == NULL)
		return;
	http_close(trapper->http);
	free(trapper->base);
	free(trapper);
}

static int refusal_of_login(const struct trapper *trapper, const char *said, struct error *err)
{
	const char *advice = trapper->token ? "check GENERAL.token, or make a new token on the web "
					      "site (User Profile, API Tokens)"
					    : "check GENERAL.login (the e-mail address) and "
					      "GENERAL.password";

	return error_set(err, ERROR_REFUSED, "the server '%s' does not accept the login: %s%s%s%s",
		trapper->base, advice, *said == '\0' ? "" : " (it says: ", said,
		*said == '\0' ? "" : ")");
}

static int refusal_later(
	const struct http_reply *reply, const char *what, const char *said, struct error *err)
{
	char *wait = NULL;

	if (reply->retry_after >= 0)
		wait = text_duration(reply->retry_after);
	error_set(err, ERROR_NETWORK, "%s: the server %s (status %ld%s%s, %u %s)%s%s%s", what,
		reply->status == 429 ? "has too many requests just now" : "is in trouble",
		reply->status, *said == '\0' ? "" : ": ", said, reply->attempts,
		reply->attempts == 1 ? "attempt" : "attempts",
		wait == NULL ? "; try again later" : "; it asks to wait ", wait == NULL ? "" : wait,
		"");
	free(wait);
	return -1;
}

int trapper_refusal(const struct trapper *trapper, const struct http_reply *reply, const char *what,
	struct error *err)
{
	char *said = trapper_message(reply->body, reply->size);
	const char *colon = *said == '\0' ? "" : ": ";

	if (reply->status == 401)
		refusal_of_login(trapper, said, err);
	else if (reply->status == 403)
		error_set(err, ERROR_REFUSED,
			"%s: the server does not permit it to this login (status 403%s%s); ask the "
			"project's owner or the server's administrator for the right",
			what, colon, said);
	else if (reply->status == 404)
		error_set(err, ERROR_REMOTE,
			"%s: the server '%s' does not know it (status 404%s%s); check GENERAL.host "
			"and the ids",
			what, trapper->base, colon, said);
	else if (reply->status == 408 || reply->status == 429 || reply->status >= 500)
		refusal_later(reply, what, said, err);
	else if (reply->status >= 300 && reply->status < 400)
		error_set(err, ERROR_REMOTE,
			"%s: the server '%s' sends us elsewhere (status %ld); set GENERAL.host to "
			"the address that a browser shows there",
			what, trapper->base, reply->status);
	else
		error_set(err, ERROR_REMOTE, "%s: the server says no (status %ld%s%s)", what,
			reply->status, colon, said);
	free(said);
	return -1;
}

int trapper_get(struct trapper *trapper, const char *path, size_t limit, const char *what,
	struct http_reply *reply, struct error *err)
{
	char *url = xasprintf("%s%s", trapper->base, path);
	struct http_request request = {
		.method = "GET", .url = url, .home = trapper->base, .limit = limit};
	int result = -1;

	if (http_perform(trapper->http, &request, reply, err) != 0) {
		error_context(err, "%s", what);
		goto done;
	}
	if (reply->status < 200 || reply->status > 299) {
		trapper_refusal(trapper, reply, what, err);
		goto done;
	}
	result = 0;
done:
	if (result != 0)
		http_reply_release(reply);
	free(url);
	return result;
}

int trapper_check_login(struct trapper *trapper, struct error *err)
{
	static const char what[] = "the login at TRAPPER";
	struct http_reply reply = {0};
	struct trapper_page page = {0};
	int result = -1;

	if (trapper_get(trapper, "/research/api/projects?page_size=1&psize=1", TRAPPER_JSON_LIMIT,
		    what, &reply, err) != 0)
		return -1;
	result = trapper_page_parse(reply.body, reply.size, 1, what, &page, err);
	trapper_page_release(&page);
	http_reply_release(&reply);
	return result;
}
