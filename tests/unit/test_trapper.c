/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's replies: envelopes, exports, error bodies. With arguments: a client for other tests. */
#include "../../lib/trapper/trapper_internal.h"
#include "http_driver.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_message(const char *body, const char *expected)
{
	char *said = trapper_message(body, strlen(body));

	assert_string_equal(said, expected);
	free(said);
}

/* The forms of contract 1.12. */
static void error_bodies(void **state)
{
	(void)state;
	check_message("", "");
	check_message("{\"data\":{\"message\":\"The YAML collection definition file is invalid.\","
		      "\"errors\":\"Deployment x does not exist.\",\"task_id\":null}}",
		"The YAML collection definition file is invalid.; Deployment x does not exist.");
	check_message("{\"data\":{\"message\":\"No.\",\"errors\":[\"a\",\"b\"]}}", "No.; a; b");
	check_message("{\"data\":{\"message\":\"No.\",\"errors\":{\"yaml_file\":[\"missing\"]}}}",
		"No.; yaml_file: missing");
	check_message("{\"detail\":\"Invalid token.\"}", "Invalid token.");
	check_message("{\"zip_file\":[\"This field is required.\"]}",
		"zip_file: This field is required.");
	check_message("{\"_error\":{\"message\":\"broken\"}}", "broken");
	check_message(
		"<html><head><title>Bad</title><style>p{}</style></head>\n<!-- x -->"
		"<body><script>var a='<b>';</script><h1>Forbidden</h1>\n  by the proxy</body>",
		"Bad Forbidden by the proxy");
	check_message("just\n text", "just text");
	check_message("{\"detail\":\"a\\u0007b\"}", "a\\x07b");
}

static void long_bodies_are_cut(void **state)
{
	char body[2001];
	char *said;

	(void)state;
	memset(body, 'x', sizeof body - 1);
	body[2000] = '\0';
	/* Two-byte letters from 1 on: the cut at 300 must not split one. */
	for (size_t i = 1; i + 1 < 2000; i += 2)
		memcpy(body + i, "\xC5\x81", 2);
	said = trapper_message(body, 2000);
	assert_int_equal(strlen(said), 299);
	free(said);
}

static void check_page(const char *text, int64_t number, int items, bool more, int64_t count)
{
	struct trapper_page page;
	struct error err = {0};

	assert_int_equal(trapper_page_parse(text, strlen(text), number, "x", &page, &err), 0);
	assert_int_equal(cJSON_GetArraySize(page.items), items);
	assert_int_equal(page.more, more);
	assert_int_equal(page.count, count);
	trapper_page_release(&page);
}

static void envelopes(void **state)
{
	(void)state;
	check_page("{\"pagination\":{\"page\":1,\"page_size\":2,\"pages\":3,\"count\":5},"
		   "\"results\":[{},{}]}",
		1, 2, true, 5);
	check_page("{\"pagination\":{\"page\":3,\"page_size\":2,\"pages\":3,\"count\":5},"
		   "\"results\":[{}]}",
		3, 1, false, 5);
	check_page("{\"pagination\":{\"current\":1,\"size\":2,\"total\":9,\"filtered\":3},"
		   "\"results\":[{},{}]}",
		1, 2, true, 3);
	check_page("{\"results\":[{},{}]}", 1, 2, false, -1);
	check_page("[{},{},{}]", 1, 3, false, 3);
	check_page("{\"count\":9,\"next\":\"https://x/?page=2\",\"results\":[{}]}", 1, 1, true, 9);
	check_page("{\"count\":9,\"next\":null,\"results\":[{}]}", 1, 1, false, 9);
	/* Numbers as text, and a count of pages that is a lie. */
	check_page("{\"pagination\":{\"pages\":\"2\",\"count\":\"3\"},\"results\":[{}]}", 1, 1,
		true, 3);
	check_page("{\"pagination\":{\"pages\":1000000},\"results\":[]}", 4, 0, false, -1);
}

static void check_no_list(const char *text, enum error_kind kind)
{
	struct trapper_page page;
	struct error err = {0};

	assert_int_equal(trapper_page_parse(text, strlen(text), 1, "x", &page, &err), -1);
	assert_int_equal(err.kind, kind);
}

static void no_lists(void **state)
{
	char deep[100];

	(void)state;
	check_no_list("", ERROR_NETWORK);
	check_no_list("<html>", ERROR_NETWORK);
	check_no_list("{\"results\":[{\"pk\":1},", ERROR_NETWORK);
	check_no_list("{\"results\":{}}", ERROR_NETWORK);
	check_no_list("42", ERROR_NETWORK);
	memset(deep, '[', sizeof deep);
	deep[99] = '\0';
	check_no_list(deep, ERROR_REMOTE);
}

static void values(void **state)
{
	cJSON *object = cJSON_Parse("{\"a\":5,\"b\":\"7\",\"c\":5.5,\"d\":null,\"e\":1e300,"
				    "\"f\":true,\"g\":\"x\",\"h\":\"\"}");
	int64_t value = 0;
	char *text;

	(void)state;
	assert_true(trapper_integer(object, "a", &value) && value == 5);
	assert_true(trapper_integer(object, "b", &value) && value == 7);
	assert_false(trapper_integer(object, "c", &value));
	assert_false(trapper_integer(object, "d", &value));
	assert_false(trapper_integer(object, "e", &value));
	assert_false(trapper_integer(object, "g", &value));
	assert_false(trapper_integer(object, "h", &value));
	assert_false(trapper_integer(object, "none", &value));
	assert_true(trapper_bool(object, "f", false));
	assert_true(trapper_bool(object, "none", true));
	text = trapper_text(object, "a");
	assert_string_equal(text, "5");
	free(text);
	text = trapper_text(object, "d");
	assert_string_equal(text, "");
	free(text);
	cJSON_Delete(object);
}

static const char export[] =
	"\xEF\xBB\xBF_id,locationID,longitude,latitude,country,timezone,ignoreDST,comments,"
	"researchProject\r\n"
	"1,32_01,23.5,52.7,,Europe/Warsaw,False,\"a \"\"b\"\",\r\nc\",5.0\r\n"
	"\r\n"
	"2,32_02,,,,UTC,True,,5.5";

static void check_locations(const char *bytes, size_t size)
{
	struct trapper_location_list list = {0};
	struct error err = {0};

	if (trapper_read_locations(bytes, size, &list, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].id, "32_01");
	assert_string_equal(list.items[0].timezone, "Europe/Warsaw");
	assert_string_equal(list.items[0].longitude, "23.5");
	assert_string_equal(list.items[0].project, "5");
	assert_string_equal(list.items[0].name, "");
	assert_false(list.items[0].ignore_dst);
	assert_string_equal(list.items[1].id, "32_02");
	assert_string_equal(list.items[1].project, "5.5");
	assert_true(list.items[1].ignore_dst);
	trapper_location_list_release(&list);
}

static size_t gzip(const char *bytes, size_t size, uint8_t *out, size_t room)
{
	struct libdeflate_compressor *deflater = libdeflate_alloc_compressor(6);
	size_t used = libdeflate_gzip_compress(deflater, bytes, size, out, room);

	libdeflate_free_compressor(deflater);
	assert_true(used > 0);
	return used;
}

static void packed_exports(void **state)
{
	uint8_t packed[4096];
	size_t half = sizeof export / 2, used;
	struct trapper_location_list list = {0};
	struct error err = {0};

	(void)state;
	check_locations(export, sizeof export - 1);
	used = gzip(export, sizeof export - 1, packed, sizeof packed);
	check_locations((char *)packed, used);
	/* Two members, one after the other: RFC 1952. */
	used = gzip(export, half, packed, sizeof packed);
	used += gzip(export + half, sizeof export - 1 - half, packed + used, sizeof packed - used);
	check_locations((char *)packed, used);
	assert_int_equal(trapper_read_locations((char *)packed, used - 1, &list, &err), -1);
	assert_int_equal(err.kind, ERROR_NETWORK);
	trapper_location_list_release(&list);
}

/* 2 GiB of zeros in 2 MB of gzip must end at the limit, not in memory. */
static void bomb(void **state)
{
	size_t zeros = (size_t)8 << 20, used = 0, one;
	char *plain = xcalloc(zeros, 1);
	uint8_t *packed = xmalloc(zeros);
	char *text = NULL;
	size_t length = 0;
	struct error err = {0};

	(void)state;
	one = gzip(plain, zeros, packed, zeros);
	for (used = one; used < one * 64; used += one)
		memcpy(packed + used, packed, one);
	assert_int_equal(trapper_unpack((char *)packed, used, &text, &length, "x", &err), -1);
	assert_int_equal(err.kind, ERROR_REMOTE);
	free(packed);
	free(plain);
}

static void answers(void **state)
{
	static const char good[] = "{\"data\":{\"message\":\"Started.\",\"errors\":null,"
				   "\"task_id\":\"t\"}}";
	static const char no[] = "{\"data\":{\"message\":\"Bad.\",\"errors\":[\"x\"],"
				 "\"task_id\":null}}";
	struct error err = {0};
	char *answer = NULL;
	bool maybe = false;

	(void)state;
	assert_int_equal(trapper_read_answer(good, sizeof good - 1, &answer, &maybe, &err), 0);
	assert_string_equal(answer, "Started.");
	free(answer);
	assert_int_equal(trapper_read_answer(no, sizeof no - 1, &answer, &maybe, &err), -1);
	assert_int_equal(err.kind, ERROR_REMOTE);
	assert_false(maybe);
	assert_int_equal(trapper_read_answer("<p>", 3, &answer, &maybe, &err), -1);
	assert_true(maybe);
}

static void hosts(void **state)
{
	struct http_settings settings = {.verify = true};
	struct error err = {0};
	struct trapper *trapper =
		trapper_open("https://trapper.example.org/x//", &settings, NULL, &err);

	(void)state;
	assert_non_null(trapper);
	assert_string_equal(trapper->base, "https://trapper.example.org/x");
	trapper_close(trapper);
	assert_null(trapper_open("http://trapper.example.org", &settings, NULL, &err));
	assert_int_equal(err.kind, ERROR_SETTINGS);
	assert_null(trapper_open("https://a/?x", &settings, NULL, &err));
	assert_null(trapper_open("", &settings, NULL, &err));
	assert_null(trapper_open(NULL, &settings, NULL, &err));
}

/* ---- the client ---- */

static int drive_lists(struct driver *driver, struct trapper *trapper, struct error *err)
{
	const char *verb = driver->words[1];
	cJSON *items = cJSON_AddArrayToObject(driver->result, "items");
	struct trapper_project_list projects = {0};
	struct trapper_location_list locations = {0};
	struct trapper_deployment_list deployments = {0};
	struct trapper_collection_list collections = {0};
	int result = -1;

	if (strcmp(verb, "research") == 0 || strcmp(verb, "classification") == 0)
		result = trapper_projects(trapper,
			*verb == 'r' ? TRAPPER_RESEARCH : TRAPPER_CLASSIFICATION, &projects, err);
	else if (strcmp(verb, "locations") == 0)
		result = trapper_locations(trapper, 0, &locations, err);
	else if (strcmp(verb, "deployments") == 0)
		result = trapper_deployments(trapper, 5, &deployments, err);
	else if (strcmp(verb, "collections") == 0)
		result = trapper_collections_named(trapper, driver->words[2], &collections, err);
	for (size_t i = 0; i < projects.count; i++)
		cJSON_AddItemToArray(items, cJSON_CreateString(projects.items[i].name));
	for (size_t i = 0; i < locations.count; i++)
		cJSON_AddItemToArray(items, cJSON_CreateString(locations.items[i].id));
	for (size_t i = 0; i < deployments.count; i++)
		cJSON_AddItemToArray(items, cJSON_CreateString(deployments.items[i].id));
	for (size_t i = 0; i < collections.count; i++)
		cJSON_AddItemToArray(items, cJSON_CreateNumber((double)collections.items[i].pk));
	trapper_project_list_release(&projects);
	trapper_location_list_release(&locations);
	trapper_deployment_list_release(&deployments);
	trapper_collection_list_release(&collections);
	return result;
}

static int drive_process(struct driver *driver, struct trapper *trapper, struct error *err)
{
	char *answer = NULL;
	bool maybe_sent = false;
	int result = trapper_process(trapper, driver->words[2], driver->words[3],
		strcmp(driver->words[4], "1") == 0, &answer, &maybe_sent, err);

	cJSON_AddStringToObject(driver->result, "answer", answer == NULL ? "" : answer);
	cJSON_AddBoolToObject(driver->result, "maybe_sent", maybe_sent);
	free(answer);
	return result;
}

/* test_trapper URL login|research|classification|locations|deployments|collections NAME|resources
 * PK| process YAML ZIP 0|1, or login-process: both over one session. */
static int drive(int argc, char **argv)
{
	struct driver driver;
	struct progress progress = {.report = driver_report, .context = &driver};
	struct trapper *trapper;
	struct error err = {0};
	double began = driver_clock();
	const char *verb;
	int64_t count = 0;
	int result = -1;

	driver_start(&driver, argc, argv);
	verb = driver.words[1];
	trapper = trapper_open(driver.words[0], &driver.settings, &progress, &err);
	if (trapper == NULL)
		return driver_end(&driver, -1, &err);
	if (strcmp(verb, "login") == 0) {
		result = trapper_check_login(trapper, &err);
	} else if (strcmp(verb, "login-process") == 0) {
		if (trapper_check_login(trapper, &err) == 0)
			result = drive_process(&driver, trapper, &err);
	} else if (strcmp(verb, "process") == 0) {
		result = drive_process(&driver, trapper, &err);
	} else if (strcmp(verb, "resources") == 0) {
		result = trapper_collection_resources(
			trapper, strtoll(driver.words[2], NULL, 10), &count, &err);
		cJSON_AddNumberToObject(driver.result, "count", (double)count);
	} else {
		result = drive_lists(&driver, trapper, &err);
	}
	cJSON_AddNumberToObject(driver.result, "seconds", driver_clock() - began);
	trapper_close(trapper);
	return driver_end(&driver, result, &err);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_bodies),
		cmocka_unit_test(long_bodies_are_cut),
		cmocka_unit_test(envelopes),
		cmocka_unit_test(no_lists),
		cmocka_unit_test(values),
		cmocka_unit_test(packed_exports),
		cmocka_unit_test(bomb),
		cmocka_unit_test(answers),
		cmocka_unit_test(hosts),
	};

	if (argc > 1)
		return drive(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
