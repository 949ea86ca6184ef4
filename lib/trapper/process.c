/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The request to process a package: sent once, because sending it twice doubles every picture. */
#include "trapper_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

static char *request_body(const char *yaml_name, const char *zip_name, bool remove_zip)
{
	cJSON *object = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(object, "yaml_file", yaml_name);
	cJSON_AddStringToObject(object, "zip_file", zip_name);
	cJSON_AddBoolToObject(object, "remove_zip", remove_zip);
	text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	if (text == NULL)
		return xstrdup("{}");
	return text;
}

static bool says_something(const cJSON *item)
{
	if (cJSON_IsString(item))
		return item->valuestring[0] != '\0';
	if (cJSON_IsArray(item) || cJSON_IsObject(item))
		return cJSON_GetArraySize(item) > 0;
	return cJSON_IsTrue(item);
}

int trapper_read_answer(
	const char *bytes, size_t size, char **answer, bool *maybe_done, struct error *err)
{
	const char *what = "the request to process the package";
	cJSON *document = trapper_parse(bytes, size, what, err);
	const cJSON *data, *task;
	char *said;

	*answer = NULL;
	*maybe_done = true;
	if (document == NULL)
		return error_context(err, "the server's answer came, but");
	data = cJSON_GetObjectItemCaseSensitive(document, "data");
	if (!cJSON_IsObject(data))
		data = document;
	task = cJSON_GetObjectItemCaseSensitive(data, "task_id");
	said = trapper_message(bytes, size);
	/* Without a task nothing was begun: the errors are a no. */
	if (says_something(cJSON_GetObjectItemCaseSensitive(data, "errors")) &&
		!says_something(task) && !cJSON_IsNumber(task)) {
		*maybe_done = false;
		error_set(err, ERROR_REMOTE, "%s: the server says no (%s)", what, said);
		free(said);
		cJSON_Delete(document);
		return -1;
	}
	*answer = said;
	cJSON_Delete(document);
	return 0;
}

int trapper_process(struct trapper *trapper, const char *yaml_name, const char *zip_name,
	bool remove_zip, char **answer, bool *maybe_sent, struct error *err)
{
	static const char what[] = "the request to process the package";
	char *url = xasprintf("%s/storage/api/collection/process/", trapper->base);
	char *body = request_body(yaml_name, zip_name, remove_zip);
	struct http_request request = {.method = "POST",
		.url = url,
		.home = trapper->base,
		.content_type = "application/json",
		.body = body,
		.only_once = true,
		.limit = TRAPPER_JSON_LIMIT};
	struct http_reply reply = {0};
	int result = -1;

	*answer = NULL;
	*maybe_sent = false;
	if (http_perform(trapper->http, &request, &reply, err) != 0) {
		*maybe_sent = reply.maybe_sent;
		error_context(err, "%s", what);
	} else if (reply.status >= 200 && reply.status < 300) {
		result = trapper_read_answer(reply.body, reply.size, answer, maybe_sent, err);
	} else {
		/* A proxy's 502 or 504 may hide that the server did the work all the same. */
		*maybe_sent = reply.status >= 500 || reply.status == 408;
		trapper_refusal(trapper, &reply, what, err);
	}
	http_reply_release(&reply);
	free(body);
	free(url);
	return result;
}
