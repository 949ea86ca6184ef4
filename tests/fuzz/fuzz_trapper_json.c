/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a reply of TRAPPER's API: lists, answers and error bodies. */
#include "../../lib/trapper/trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	struct trapper_project_list projects = {0};
	struct trapper_collection_list collections = {0};
	struct trapper_collection_filter filter = {.list = &collections};
	struct trapper_page page = {0};
	struct error err = {0};
	const cJSON *item;
	char *answer = NULL, *said, *url = NULL;
	bool maybe;

	if (trapper_page_parse(text, size, 1, "x", &page, &err) == 0)
		cJSON_ArrayForEach(item, page.items)
		{
			trapper_take_project(&projects, item, &err);
			trapper_take_collection(&filter, item, &err);
		}
	trapper_page_release(&page);
	trapper_project_list_release(&projects);
	trapper_collection_list_release(&collections);
	trapper_read_answer(text, size, &answer, &maybe, &err);
	free(answer);
	if (trapper_read_package(text, size, &url, &answer, &err) == 0 && *url == '\0')
		abort();
	free(url);
	free(answer);
	said = trapper_message(text, size);
	/* Three hundred bytes, each at most four when escaped. */
	if (strlen(said) > 1200 || !text_is_utf8(said, strlen(said)))
		abort();
	free(said);
	return 0;
}
