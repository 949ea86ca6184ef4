/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Destinations as URLs: `--to ftps://user@host:21/folder`, `file:///folder`. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/transfer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *prefix;
	enum remote_scheme scheme;
} schemes[] = {{"ftps://", REMOTE_FTPS}, {"ftp://", REMOTE_FTP}, {"file://", REMOTE_FILE}};

/* RFC 3986 unreserved characters and what reads well in a path. */
static void encode(FILE *stream, const char *text, const char *also)
{
	for (; *text != '\0'; text++)
		if (isalnum((unsigned char)*text) || strchr(also, *text) != NULL)
			fputc(*text, stream);
		else
			fprintf(stream, "%%%02X", (unsigned char)*text);
}

char *remote_url(const struct remote_settings *settings)
{
	char *url = NULL;
	size_t size;
	FILE *stream = open_memstream(&url, &size);
	const char *folder = settings->folder == NULL ? "" : settings->folder;

	if (stream == NULL)
		return xstrdup("");
	if (settings->scheme == REMOTE_FILE) {
		fputs("file://", stream);
	} else {
		const char *host = settings->host == NULL ? "" : settings->host;

		fputs(settings->scheme == REMOTE_FTPS ? "ftps://" : "ftp://", stream);
		if (settings->user != NULL) {
			encode(stream, settings->user, "-._~+");
			fputc('@', stream);
		}
		fprintf(stream, strchr(host, ':') == NULL ? "%s" : "[%s]", host);
		if (settings->port != 0)
			fprintf(stream, ":%u", settings->port);
		if (*folder != '\0' && *folder != '/')
			fputc('/', stream);
	}
	encode(stream, folder, "/-._~+,=:@");
	fclose(stream);
	return url;
}

static int hex(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *at = strchr(digits, tolower((unsigned char)digit));

	return digit == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/* Percent-decoded copy, or NULL when that would hold NUL or a line break, or is no encoding. */
static char *decode(const char *text, size_t length)
{
	char *decoded = xmalloc(length + 1);
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		char byte = text[i];

		if (byte == '%') {
			int high = i + 1 < length ? hex(text[i + 1]) : -1;
			int low = i + 2 < length ? hex(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				goto bad;
			byte = (char)(high * 16 + low);
			i += 2;
		}
		if (byte == '\0' || byte == '\r' || byte == '\n')
			goto bad;
		decoded[count++] = byte;
	}
	decoded[count] = '\0';
	return decoded;
bad:
	free(decoded);
	return NULL;
}

static int bad_url(const char *url, const char *why, struct error *err)
{
	return error_set(err, ERROR_USAGE, "'%s' is no destination: %s", url, why);
}

/* "host", "host:21", "[::1]:21" in [at, end). */
static int parse_host(const char *url, const char *at, const char *end,
	struct remote_address *address, struct error *err)
{
	const char *close = *at == '[' ? memchr(at, ']', (size_t)(end - at)) : NULL;
	const char *colon = close != NULL ? close + 1 : memchr(at, ':', (size_t)(end - at));
	const char *stop = close != NULL ? close : colon == NULL ? end : colon;

	if (close != NULL)
		at++;
	if (stop <= at)
		return bad_url(url, "it names no host", err);
	if (close != NULL && colon < end && *colon != ':')
		return bad_url(url, "what follows ']' is no port", err);
	address->host = decode(at, (size_t)(stop - at));
	if (address->host == NULL)
		return bad_url(url, "its host is not readable", err);
	if (colon == NULL || colon >= end)
		return 0;
	for (at = colon + 1; at < end && isdigit((unsigned char)*at) && address->port < 65536; at++)
		address->port = address->port * 10 + (unsigned)(*at - '0');
	if (at != end || at == colon + 1 || address->port == 0 || address->port > 65535)
		return bad_url(url, "the port is not a number from 1 to 65535", err);
	return 0;
}

static int parse_network(
	const char *url, const char *rest, struct remote_address *address, struct error *err)
{
	const char *end = rest + strcspn(rest, "/");
	const char *at = NULL;

	for (const char *look = rest; look < end; look++)
		if (*look == '@')
			at = look;
	if (at != NULL) {
		/* Not even quoted in the message. */
		if (memchr(rest, ':', (size_t)(at - rest)) != NULL)
			return error_set(err, ERROR_USAGE,
				"a password in a URL would be seen by everybody; take it out and "
				"set UPLOAD.ftp_password (settings file or environment "
				"UPLOAD__FTP_PASSWORD)");
		address->user = decode(rest, (size_t)(at - rest));
		if (address->user == NULL || *address->user == '\0')
			return bad_url(url, "its user is not readable", err);
		rest = at + 1;
	}
	if (parse_host(url, rest, end, address, err) != 0)
		return -1;
	address->folder = *end == '\0' ? xstrdup("") : decode(end, strlen(end));
	if (address->folder == NULL)
		return bad_url(url, "its folder is not readable", err);
	return 0;
}

static int parse_file(
	const char *url, const char *rest, struct remote_address *address, struct error *err)
{
	/* RFC 8089: "file:///folder" or "file://localhost/folder". */
	if (strncasecmp(rest, "localhost/", 10) == 0)
		rest += 9;
	if (*rest != '/')
		return bad_url(url,
			"the folder must be absolute, with three slashes: file:///media/disk", err);
	address->folder = decode(rest, strlen(rest));
	return address->folder == NULL ? bad_url(url, "its folder is not readable", err) : 0;
}

int remote_parse(const char *url, struct remote_address *address, struct error *err)
{
	*address = (struct remote_address){0};
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t length = strlen(schemes[i].prefix);
		int result;

		if (strncasecmp(url, schemes[i].prefix, length) != 0)
			continue;
		address->scheme = schemes[i].scheme;
		result = address->scheme == REMOTE_FILE
			? parse_file(url, url + length, address, err)
			: parse_network(url, url + length, address, err);
		if (result != 0)
			remote_address_release(address);
		return result;
	}
	return bad_url(url, "it must begin with ftps://, ftp:// or file:///", err);
}

void remote_address_release(struct remote_address *address)
{
	free(address->user);
	free(address->host);
	free(address->folder);
	*address = (struct remote_address){0};
}
