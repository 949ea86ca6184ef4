/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs: whom they lead to, whether credentials may go there, and percent-encoding. */
#include "http_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int malformed(const char *url, struct error *err)
{
	char *shown = http_url_shown(url);

	error_set(err, ERROR_SETTINGS,
		"'%s' is not a web address: it must look like https://trapper.example.org", shown);
	free(shown);
	return -1;
}

static int parse_port(const char *text, const char *end, unsigned *port)
{
	unsigned value = 0;

	if (text == end)
		return -1;
	for (; text < end; text++) {
		if (!isdigit((unsigned char)*text))
			return -1;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > 65535)
			return -1;
	}
	*port = value;
	return value == 0 ? -1 : 0;
}

/* Only what cannot be read in two ways passes, so that libcurl and we never mean two hosts. */
static bool host_character(char c, bool brackets)
{
	unsigned char byte = (unsigned char)c;

	if (brackets)
		return isxdigit(byte) || c == ':' || c == '.';
	return isalnum(byte) || c == '.' || c == '-' || c == '_' || byte >= 0x80;
}

static int parse_host(const char *start, const char *end, struct http_origin *origin)
{
	bool brackets = start < end && *start == '[';
	size_t length = 0;

	if (brackets)
		start++;
	while (start < end && host_character(*start, brackets)) {
		if (length + 1 >= sizeof origin->host)
			return -1;
		origin->host[length++] = (char)tolower((unsigned char)*start++);
	}
	origin->host[length] = '\0';
	if (length == 0)
		return -1;
	if (brackets && (start == end || *start++ != ']'))
		return -1;
	origin->port = origin->secure ? 443 : 80;
	if (start < end)
		return *start == ':' ? parse_port(start + 1, end, &origin->port) : -1;
	return 0;
}

int http_origin_parse(const char *url, struct http_origin *origin, struct error *err)
{
	const char *rest;
	const char *end;

	*origin = (struct http_origin){0};
	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7F || *p == '\\')
			return malformed(url, err);
	if (strncasecmp(url, "https://", 8) == 0) {
		origin->secure = true;
		rest = url + 8;
	} else if (strncasecmp(url, "http://", 7) == 0) {
		rest = url + 7;
	} else {
		return malformed(url, err);
	}
	end = rest + strcspn(rest, "/?#");
	if (memchr(rest, '@', (size_t)(end - rest)) != NULL)
		return error_set(err, ERROR_SETTINGS,
			"a web address must not hold a login or password: use the settings");
	if (parse_host(rest, end, origin) != 0)
		return malformed(url, err);
	return 0;
}

bool http_origin_equal(const struct http_origin *a, const struct http_origin *b)
{
	return a->secure == b->secure && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool http_is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return false;
}

int http_origin_check(const struct http_origin *origin, struct error *err)
{
	if (origin->secure || http_is_loopback(origin->host))
		return 0;
	return error_set(err, ERROR_SETTINGS,
		"'http://%s' would send the password unencrypted: write https://%s", origin->host,
		origin->host);
}

int http_check_base(const char *url, struct error *err)
{
	struct http_origin origin;

	if (http_origin_parse(url, &origin, err) != 0)
		return -1;
	return http_origin_check(&origin, err);
}

char *http_url_shown(const char *url)
{
	size_t length = strcspn(url, "?#");
	const char *authority = strstr(url, "://");
	const char *start = authority == NULL ? url : authority + 3;
	size_t span = (size_t)(start - url) + strcspn(start, "/?#");
	char *shown = xstrndup(url, length);

	/* A login and password before the host are for nobody's eyes. */
	for (size_t i = 0; shown[i] != '\0'; i++) {
		if (i < span && i >= (size_t)(start - url) &&
			memchr(url + i, '@', span - i) != NULL)
			shown[i] = '*';
		if ((unsigned char)shown[i] < ' ' || shown[i] == 0x7F)
			shown[i] = '?';
	}
	return shown;
}

char *http_escape(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *escaped = xmalloc(strlen(text) * 3 + 1);
	size_t used = 0;

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			(byte >= '0' && byte <= '9') || strchr("-._~", byte) != NULL;

		if (plain) {
			escaped[used++] = (char)byte;
			continue;
		}
		escaped[used++] = '%';
		escaped[used++] = hex[byte >> 4];
		escaped[used++] = hex[byte & 15];
	}
	escaped[used] = '\0';
	return escaped;
}
