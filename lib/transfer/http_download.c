/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files by HTTP: the rest of what is there already, or all of it anew (RFC 9110 section 14). */
#include "http_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LONGEST_NAME 200u

void http_download_release(struct http_download *download)
{
	free(download->validator);
	free(download->file_name);
	download->validator = download->file_name = NULL;
}

/* What is there belongs to nothing that can be asked for. */
static void forget(struct http_download *download)
{
	download->have = download->total = 0;
	free(download->validator);
	download->validator = NULL;
}

struct curl_slist *http_download_ask(
	const struct http_exchange *exchange, struct curl_slist *headers)
{
	const struct curl_library *curl = exchange->http->curl;
	struct http_download *download = exchange->request->download;
	char *line;

	if (download->validator == NULL && download->total == 0)
		forget(download);
	if (download->have == 0)
		return headers;
	line = xasprintf("Range: bytes=%llu-", (unsigned long long)download->have);
	headers = curl->slist_append(headers, line);
	free(line);
	if (download->validator != NULL) {
		line = xasprintf("If-Range: %s", download->validator);
		headers = curl->slist_append(headers, line);
		free(line);
	}
	return headers;
}

/* "bytes 100-199/200": true when all three are there; "*" as the total is 0. */
static bool read_range(const char *text, uint64_t *first, uint64_t *total)
{
	char *end;

	if (strncasecmp(text, "bytes ", 6) != 0)
		return false;
	errno = 0;
	*first = strtoull(text + 6, &end, 10);
	if (*end != '-' || errno != 0)
		return false;
	strtoull(end + 1, &end, 10);
	if (*end != '/' || errno != 0)
		return false;
	*total = end[1] == '*' ? 0 : strtoull(end + 1, &end, 10);
	return errno == 0;
}

/* A weak tag says "much the same", which is not enough to join bytes (RFC 9110 section 13.1.5). */
static char *validator_of(const struct http_head *head)
{
	if (head->etag[0] == '"')
		return xstrdup(head->etag);
	return head->modified[0] == '\0' ? NULL : xstrdup(head->modified);
}

/* The part that comes is the one that was asked for. */
static bool continues(const struct http_exchange *exchange)
{
	const struct http_download *download = exchange->request->download;
	uint64_t first, total;

	return read_range(exchange->head.range, &first, &total) && first == download->have &&
		(download->total == 0 || total == 0 || total == download->total);
}

static int begin_anew(struct http_exchange *exchange)
{
	const struct curl_library *curl = exchange->http->curl;
	struct http_download *download = exchange->request->download;
	curl_off_t length = -1;

	if (ftruncate(download->fd, 0) != 0)
		return error_errno(&exchange->trouble, "cannot write the download");
	forget(download);
	curl->easy_getinfo(exchange->http->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	download->total = length > 0 ? (uint64_t)length : 0;
	download->validator = validator_of(&exchange->head);
	return 0;
}

/* The head of a good reply is there: what comes after it goes to the file. */
static int place(struct http_exchange *exchange, long status)
{
	struct http_download *download = exchange->request->download;
	char *name = http_file_name(exchange->head.disposition);
	uint64_t unused;

	exchange->placed = true;
	if (name != NULL) {
		free(download->file_name);
		download->file_name = name;
	}
	if (status == 200 && begin_anew(exchange) != 0)
		return -1;
	if (status == 206 && download->total == 0)
		read_range(exchange->head.range, &unused, &download->total);
	return download->begin == NULL
		? 0
		: download->begin(download->context, download, &exchange->trouble);
}

static int write_all(int fd, uint64_t offset, const char *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t written = pwrite(fd, bytes, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_errno(err, "cannot write the download");
		bytes += written;
		offset += (uint64_t)written;
		size -= (size_t)written;
	}
	return 0;
}

int http_download_take(struct http_exchange *exchange, const char *bytes, size_t size, bool *taken)
{
	struct http_download *download = exchange->request->download;
	struct progress_event event = {.kind = PROGRESS_ADVANCE, .stage = download->stage};
	long status = 0;

	exchange->http->curl->easy_getinfo(exchange->http->easy, CURLINFO_RESPONSE_CODE, &status);
	*taken = status == 200 || (status == 206 && continues(exchange)) || exchange->placed;
	if (!*taken)
		return 0;
	if (!exchange->placed && place(exchange, status) != 0)
		return -1;
	if (write_all(download->fd, download->have, bytes, size, &exchange->trouble) != 0)
		return -1;
	download->have += size;
	event.bytes_done = download->have;
	event.bytes_total = download->total;
	if (progress_send(exchange->http->progress, &event) != 0)
		return error_set(&exchange->trouble, ERROR_CANCELLED, "stopped");
	return 0;
}

/* There is no more of it: "bytes * /200" of one that has 200 here. */
static bool whole(const struct http_exchange *exchange)
{
	const char *range = exchange->head.range;
	char *end;

	return strncasecmp(range, "bytes */", 8) == 0 &&
		strtoull(range + 8, &end, 10) == exchange->request->download->have &&
		end > range + 8 && *end == '\0';
}

int http_download_end(struct http_exchange *exchange, struct error *err)
{
	struct http_download *download = exchange->request->download;
	long status = exchange->status;

	if (download == NULL || (status != 200 && status != 206 && status != 416))
		return 0;
	if (status == 200 && !exchange->placed && place(exchange, status) != 0) {
		*err = exchange->trouble;
		return -1;
	}
	if (status == 200 || exchange->placed) {
		if (download->total == 0 || download->have == download->total)
			return 0;
		return error_set(err, ERROR_NETWORK,
			"%llu bytes of the file came, the server said %llu",
			(unsigned long long)download->have, (unsigned long long)download->total);
	}
	if (status == 416 && whole(exchange)) {
		exchange->status = 200;
		return 0;
	}
	/* Another part than the one asked for, or none there: what is here is of another file. */
	forget(download);
	return error_set(
		err, ERROR_NETWORK, "the server has another file than the one begun (%ld)", status);
}

/* ---- its name ---- */

/* The value of a parameter of Content-Disposition; owned, NULL = not there. */
static char *parameter(const char *text, const char *name)
{
	size_t length = strlen(name);

	while ((text = strchr(text, ';')) != NULL) {
		char *value;
		size_t used = 0;
		bool quoted;

		text += 1 + strspn(text + 1, " \t");
		if (strncasecmp(text, name, length) != 0 || text[length] != '=')
			continue;
		text += length + 1;
		quoted = *text == '"';
		text += quoted;
		value = xmalloc(strlen(text) + 1);
		for (; *text != '\0' && (quoted ? *text != '"' : *text != ';'); text++) {
			if (quoted && *text == '\\' && text[1] != '\0')
				text++;
			value[used++] = *text;
		}
		value[used] = '\0';
		return value;
	}
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 8187: UTF-8''na%C3%AFve.zip. In place; false when it is in another character set. */
static bool decode(char *text)
{
	size_t used = 0;
	const char *at = strchr(text, '\'');

	if (at == NULL || strncasecmp(text, "UTF-8", 5) != 0 || (at = strchr(at + 1, '\'')) == NULL)
		return false;
	for (at++; *at != '\0'; at++) {
		bool coded = *at == '%' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0;

		if (coded) {
			text[used++] = (char)(hex_digit(at[1]) << 4 | hex_digit(at[2]));
			at += 2;
		} else {
			text[used++] = *at;
		}
	}
	text[used] = '\0';
	return true;
}

static bool fit_to_use(const char *name)
{
	if (name[0] == '\0' || name[0] == '.' || strlen(name) > LONGEST_NAME ||
		!text_is_utf8(name, strlen(name)))
		return false;
	for (const char *at = name; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7F)
			return false;
	return true;
}

char *http_file_name(const char *disposition)
{
	char *value = parameter(disposition, "filename*");
	char *name = NULL;
	const char *base;

	if (value == NULL || !decode(value)) {
		free(value);
		value = parameter(disposition, "filename");
	}
	if (value == NULL)
		return NULL;
	base = strrchr(value, '\\');
	base = text_base_name(base == NULL ? value : base + 1);
	if (fit_to_use(base))
		name = xstrdup(base);
	free(value);
	return name;
}
