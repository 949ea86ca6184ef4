/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP: addresses, escaping, Retry-After, back-off. With arguments: a client for the fault tests.
 */
#include "../../lib/transfer/http_internal.h"
#include "http_driver.h"

#include "trapkit/error.h"
#include "trapkit/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 6266 section 5 and RFC 8187 section 3.2.2; names that would lead elsewhere give none. */
static void file_names(void **state)
{
	static const struct {
		const char *disposition, *name;
	} cases[] = {{"attachment; filename=\"package_7.zip\"", "package_7.zip"},
		{"attachment; filename=package.zip", "package.zip"},
		{"Attachment; size=3; FileName=\"a b\\\"c.zip\"; x=y", "a b\"c.zip"},
		{"attachment; filename=\"EURO.zip\"; filename*=UTF-8''%e2%82%ac%20rates.zip",
			"\xE2\x82\xAC rates.zip"},
		{"attachment; filename=\"plain.zip\"; filename*=iso-8859-1''%A3.zip", "plain.zip"},
		{"attachment; filename=\"../../etc/passwd\"", "passwd"},
		{"attachment; filename=\"C:\\\\x\\\\y.zip\"", "y.zip"},
		{"attachment; filename*=UTF-8''a%2Fb%00c.zip", "b"},
		{"attachment; filename=\".bashrc\"", NULL}, {"attachment; filename=\"\"", NULL},
		{"attachment; filename=\"a/\"", NULL}, {"attachment; filename=\"\xff.zip\"", NULL},
		{"attachment; filename=\"a\nb.zip\"", NULL}, {"inline", NULL}, {"", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *name = http_file_name(cases[i].disposition);

		if (cases[i].name == NULL)
			assert_null(name);
		else
			assert_string_equal(name, cases[i].name);
		free(name);
	}
}

static void addresses(void **state)
{
	static const char *const good[] = {"https://trapper.example.org",
		"https://trapper.example.org/", "HTTPS://Trapper.Example.org:8443/x?y#z",
		"https://10.0.0.1", "https://[2001:db8::1]:444/", "http://localhost:8000",
		"http://127.0.0.1", "http://127.9.8.7:1/", "http://[::1]:80"};
	static const char *const bad[] = {"", "trapper.example.org", "ftp://a", "https://",
		"https:///x", "https://a b", "https://a\tb", "https://user@host",
		"https://user:secret@host/x", "https://host:0", "https://host:70000",
		"https://host:", "https://host:8a", "https://a\\@b", "https://[::1",
		"https://[::1]x", "https://a%2eb", "http://trapper.example.org",
		"http://localhost.evil.org", "http://127.0.0.1.evil.org", "http://128.0.0.1",
		"http://[::2]", "file:///etc/passwd"};
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (http_check_base(good[i], &err) != 0)
			fail_msg("'%s' refused: %s", good[i], err.message);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err = (struct error){0};
		if (http_check_base(bad[i], &err) == 0)
			fail_msg("'%s' taken", bad[i]);
		assert_int_equal(err.kind, ERROR_SETTINGS);
		assert_null(strstr(err.message, "secret"));
	}
}

static void origins(void **state)
{
	struct http_origin a, b;
	struct error err = {0};

	(void)state;
	assert_int_equal(http_origin_parse("https://Host.org", &a, &err), 0);
	assert_string_equal(a.host, "host.org");
	assert_int_equal(a.port, 443);
	assert_int_equal(http_origin_parse("https://hosT.org:443/a?b", &b, &err), 0);
	assert_true(http_origin_equal(&a, &b));
	assert_int_equal(http_origin_parse("https://host.org:444/", &b, &err), 0);
	assert_false(http_origin_equal(&a, &b));
	assert_int_equal(http_origin_parse("http://host.org:443/", &b, &err), 0);
	assert_false(http_origin_equal(&a, &b));
	assert_int_equal(http_origin_parse("https://host.org.evil/", &b, &err), 0);
	assert_false(http_origin_equal(&a, &b));
}

static void shown_without_secrets(void **state)
{
	char *text;

	(void)state;
	text = http_url_shown("https://h/x?rt=secret#y");
	assert_string_equal(text, "https://h/x");
	free(text);
	text = http_url_shown("https://user:secret@h/x");
	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, "user"));
	free(text);
}

static void escaping(void **state)
{
	char *text = http_escape("a b/\xC5\x81&=~-._%");

	(void)state;
	/* RFC 3986: unreserved stay, all other bytes become %XX. */
	assert_string_equal(text, "a%20b%2F%C5%81%26%3D~-._%25");
	free(text);
}

static void retry_after(void **state)
{
	/* RFC 9110's sample date, Fri, 31 Dec 1999 23:59:59 GMT, is 946684799 seconds after 1970.
	 */
	static const char date[] = "Fri, 31 Dec 1999 23:59:59 GMT";
	struct error err = {0};
	const struct curl_library *curl = curl_library(&err);

	(void)state;
	assert_non_null(curl);
	assert_true(http_retry_after(curl->getdate, "", "", 0) < 0);
	assert_true(http_retry_after(curl->getdate, "soon", "", 0) < 0);
	assert_true(http_retry_after(curl->getdate, "12x", "", 0) < 0);
	assert_true(http_retry_after(curl->getdate, "-5", "", 0) < 0);
	assert_int_equal((int)http_retry_after(curl->getdate, " 120 ", "", 0), 120);
	assert_int_equal((int)http_retry_after(curl->getdate, date, "", 946684799 - 90), 90);
	assert_int_equal((int)http_retry_after(curl->getdate, date, "", 946684799 + 90), 0);
	/* The server's clock counts, not ours. */
	assert_int_equal(
		(int)http_retry_after(curl->getdate, date, "Fri, 31 Dec 1999 23:59:29 GMT", 5), 30);
}

static void back_off(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		/* Third attempt: 1 s doubled twice, half of it at least. */
		double delay = http_delay(&random, 3, false, -1);

		assert_true(delay >= 2 && delay < 4);
		delay = http_delay(&random, 3, true, -1);
		assert_true(delay >= 0.5 && delay < 1);
		delay = http_delay(&random, 40, false, -1);
		assert_true(delay >= 30 && delay < 60);
		delay = http_delay(&random, 1, false, 7);
		assert_true(delay >= 7 && delay < 7.71);
		delay = http_delay(&random, 9, false, 100);
		assert_true(delay >= 100 && delay < 101);
		/* A wait shorter than the back-off does not shorten it. */
		delay = http_delay(&random, 5, false, 0);
		assert_true(delay >= 8 && delay < 16);
	}
}

static void refusals_before_the_network(void **state)
{
	struct http_settings settings = {.token = "a\r\nX: y", .verify = true};
	struct http_request request = {.method = "GET", .url = "https://localhost:1/"};
	struct http *http = http_open(&settings, NULL);
	struct http_reply reply;
	struct error err = {0};

	(void)state;
	assert_int_equal(http_perform(http, &request, &reply, &err), -1);
	assert_int_equal(err.kind, ERROR_SETTINGS);
	request.url = "http://trapper.example.org/";
	assert_int_equal(http_perform(http, &request, &reply, &err), -1);
	assert_int_equal(err.kind, ERROR_SETTINGS);
	http_close(http);
	settings = (struct http_settings){.ca_file = "/nonexistent/ca.pem", .verify = true};
	http = http_open(&settings, NULL);
	request.url = "https://localhost:1/";
	assert_int_equal(http_perform(http, &request, &reply, &err), -1);
	assert_int_equal(err.kind, ERROR_SETTINGS);
	assert_non_null(strstr(err.message, "/nonexistent/ca.pem"));
	http_close(http);
}

static void versions(void **state)
{
	char *text = transfer_versions();

	(void)state;
	assert_non_null(strstr(text, "OpenSSL 3"));
	assert_non_null(strstr(text, "\nlibcurl "));
	free(text);
}

/* test_http URL [--name value]…: one request; prints what came of it as JSON. */
static int drive(int argc, char **argv)
{
	struct driver driver;
	struct progress progress = {.report = driver_report, .context = &driver};
	struct http_request request = {0};
	struct http_reply reply = {0};
	struct http *http;
	struct error err = {0};
	double began = driver_clock();
	int result;

	driver_start(&driver, argc, argv);
	request = (struct http_request){.method = driver.post == NULL ? "GET" : "POST",
		.url = driver.words[0],
		.home = driver.home,
		.body = driver.post,
		.content_type = driver.content_type,
		.only_once = driver.once,
		.limit = driver.limit};
	http = http_open(&driver.settings, &progress);
	result = http_perform(http, &request, &reply, &err);
	cJSON_AddNumberToObject(driver.result, "seconds", driver_clock() - began);
	cJSON_AddNumberToObject(driver.result, "status", (double)reply.status);
	cJSON_AddNumberToObject(driver.result, "attempts", reply.attempts);
	cJSON_AddNumberToObject(driver.result, "retry_after", reply.retry_after);
	cJSON_AddNumberToObject(driver.result, "size", (double)reply.size);
	cJSON_AddBoolToObject(driver.result, "maybe_sent", reply.maybe_sent);
	cJSON_AddStringToObject(driver.result, "body", reply.body == NULL ? "" : reply.body);
	http_reply_release(&reply);
	http_close(http);
	return driver_end(&driver, result, &err);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_names),
		cmocka_unit_test(addresses),
		cmocka_unit_test(origins),
		cmocka_unit_test(shown_without_secrets),
		cmocka_unit_test(escaping),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(back_off),
		cmocka_unit_test(refusals_before_the_network),
		cmocka_unit_test(versions),
	};

	if (argc > 1)
		return drive(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
