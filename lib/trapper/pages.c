/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists that come in pages, in every envelope that TRAPPER servers have used (contract 1.1). */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PAGES 10000

void trapper_page_release(struct trapper_page *page)
{
	cJSON_Delete(page->document);
	*page = (struct trapper_page){0};
}

/* Whether the envelope says, or without one the number of items suggests, that more is to come. */
static bool more_to_come(const struct trapper_page *page, int64_t number)
{
	const cJSON *frame = cJSON_GetObjectItemCaseSensitive(page->document, "pagination");
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(page->document, "next");
	int got = cJSON_GetArraySize(page->items);
	int64_t pages, size = TRAPPER_PAGE_SIZE;

	if (got == 0)
		return false;
	if (trapper_integer(frame, "pages", &pages))
		return number < pages;
	if (next != NULL)
		return cJSON_IsString(next);
	if (!trapper_integer(frame, "page_size", &size))
		trapper_integer(frame, "size", &size);
	if (size > 0 && page->count >= 0 && number <= INT64_MAX / size)
		return number * size < page->count;
	return got >= size;
}

int trapper_page_parse(const char *bytes, size_t size, int64_t number, const char *what,
	struct trapper_page *page, struct error *err)
{
	const cJSON *frame;

	*page = (struct trapper_page){.count = -1};
	page->document = trapper_parse(bytes, size, what, err);
	if (page->document == NULL)
		return -1;
	if (cJSON_IsArray(page->document)) {
		page->items = page->document;
		page->count = cJSON_GetArraySize(page->items);
		return 0;
	}
	page->items = cJSON_GetObjectItemCaseSensitive(page->document, "results");
	if (!cJSON_IsArray(page->items)) {
		trapper_page_release(page);
		return error_set(err, ERROR_NETWORK,
			"%s: the server's answer is not a list: check that GENERAL.host is the "
			"TRAPPER server",
			what);
	}
	frame = cJSON_GetObjectItemCaseSensitive(page->document, "pagination");
	if (!trapper_integer(frame, "count", &page->count) &&
		!trapper_integer(frame, "filtered", &page->count) &&
		!trapper_integer(page->document, "count", &page->count))
		page->count = -1;
	page->more = more_to_come(page, number);
	return 0;
}

static int fetch(struct trapper *trapper, const char *path, int64_t number, const char *what,
	struct trapper_page *page, struct error *err)
{
	struct http_reply reply = {0};
	/* Old servers know psize, new ones page_size; each ignores the other's. */
	char *query = xasprintf("%s%cpage=%lld&page_size=%d&psize=%d", path,
		strchr(path, '?') == NULL ? '?' : '&', (long long)number, TRAPPER_PAGE_SIZE,
		TRAPPER_PAGE_SIZE);
	int result = trapper_get(trapper, query, TRAPPER_JSON_LIMIT, what, &reply, err);

	if (result == 0)
		result = trapper_page_parse(reply.body, reply.size, number, what, page, err);
	http_reply_release(&reply);
	free(query);
	return result;
}

int trapper_each(struct trapper *trapper, const char *path, const char *what,
	int (*take)(void *context, const cJSON *item, struct error *err), void *context,
	struct error *err)
{
	int64_t first = -1, previous = -1;
	bool more = true;

	for (int64_t number = 1; more; number++) {
		struct trapper_page page = {0};
		const cJSON *item;
		int result = 0;

		if (number > MOST_PAGES)
			return error_set(err, ERROR_REMOTE,
				"%s: the server's list does not end after %d pages", what,
				MOST_PAGES);
		if (fetch(trapper, path, number, what, &page, err) != 0)
			return -1;
		more = page.more;
		/* A server that knows no pages sends the same list again and again. */
		if (trapper_integer(cJSON_GetArrayItem(page.items, 0), "pk", &first) &&
			number > 1 && first == previous) {
			trapper_page_release(&page);
			return 0;
		}
		previous = first;
		cJSON_ArrayForEach(item, page.items)
		{
			result = take(context, item, err);
			if (result != 0)
				break;
		}
		trapper_page_release(&page);
		if (result != 0)
			return -1;
	}
	return 0;
}
