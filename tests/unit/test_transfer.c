/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses and FTP replies taken apart. With arguments it is a small client, so that the tests
 * below tests/faults can drive a session with a real or a misbehaving server:
 *     test_transfer URL [KEY=VALUE]… OPERATION…
 * One line of JSON for each operation; the exit status is the kind of the first error.
 */
#include "../../lib/transfer/ftp_reply.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/transfer.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

/* ---- the small client ---- */

static atomic_int stop; /* set by a signal, read by the threads */
static bool talkative = true;
static unsigned threads = 1;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int report(void *context, const struct progress_event *event)
{
	(void)context;
	if (event->kind == PROGRESS_DETAIL && talkative)
		fprintf(stderr, "detail: %s\n", event->message);
	return stop;
}

static void print_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 32)
			fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
		else
			fputc(*text, out);
	fputc('"', out);
}

static bool setting(struct remote_settings *settings, char *word)
{
	char *value = strchr(word, '=');

	/* "store:a=b:c" is an operation, "ca=/a:b" is a setting. */
	if (value == NULL || strcspn(word, ":") < strcspn(word, "="))
		return false;
	*value++ = '\0';
	if (strcmp(word, "password") == 0)
		settings->password = value;
	else if (strcmp(word, "alternative") == 0)
		settings->user_alternative = value;
	else if (strcmp(word, "ca") == 0)
		settings->ca_file = value;
	else if (strcmp(word, "pin") == 0)
		settings->pin_sha256 = value;
	else if (strcmp(word, "verify") == 0)
		settings->verify = *value == '1';
	else if (strcmp(word, "passive") == 0)
		settings->passive = *value == '1';
	else if (strcmp(word, "timeout") == 0)
		settings->timeout = strtod(value, NULL);
	else if (strcmp(word, "max_runtime") == 0)
		settings->max_runtime = strtod(value, NULL);
	else if (strcmp(word, "rate") == 0)
		settings->rate = strtoull(value, NULL, 10);
	else if (strcmp(word, "threads") == 0 && *value >= '1' && *value <= '8')
		threads = (unsigned)(*value - '0');
	else if (strcmp(word, "quiet") == 0)
		talkative = *value != '1';
	else
		exit(2);
	return true;
}

static int store(FILE *out, struct remote *remote, const char *mode, const char *local,
	const char *name, struct error *err)
{
	struct remote_source source = {.path = local, .may_vanish = strcmp(mode, "vanish") == 0};
	struct stat status;
	uint64_t sent = 0;
	int result = 0;

	if (stat(local, &status) == 0)
		source.size = (uint64_t)status.st_size;
	if (strcmp(mode, "resume") == 0) {
		int64_t size;

		result = remote_size(remote, name, &size, err);
		source.offset = size > 0 ? (uint64_t)size : 0;
	} else if (strncmp(mode, "at", 2) == 0) {
		source.offset = strtoull(mode + 2, NULL, 10);
	}
	if (result == 0)
		result = remote_store(remote, name, &source, &sent, err);
	fprintf(out, ", \"offset\": %llu, \"sent\": %llu", (unsigned long long)source.offset,
		(unsigned long long)sent);
	return result;
}

/* "MODE:A[:B]" */
static int operate(FILE *out, struct remote *remote, char *word, struct error *err)
{
	char *first = strchr(word, ':');
	char *second = first == NULL ? NULL : strchr(first + 1, ':');
	int result = -1;

	if (first != NULL)
		*first++ = '\0';
	if (second != NULL)
		*second++ = '\0';
	fprintf(out, "{\"operation\": \"%s\"", word);
	if (strcmp(word, "login") == 0) {
		result = remote_login(remote, err);
		fprintf(out, ", \"description\": ");
		print_text(out, remote_description(remote));
	} else if (first == NULL) {
		exit(2);
	} else if (strcmp(word, "size") == 0) {
		int64_t size;

		result = remote_size(remote, first, &size, err);
		fprintf(out, ", \"size\": %lld", (long long)size);
	} else if (strcmp(word, "rename") == 0 && second != NULL) {
		result = remote_rename(remote, first, second, err);
	} else if (strcmp(word, "delete") == 0) {
		result = remote_delete(remote, first, err);
	} else if (strcmp(word, "mkdir") == 0) {
		result = remote_make_folder(remote, first, err);
	} else if (strcmp(word, "fetch") == 0) {
		char *bytes;
		size_t size;

		result = remote_fetch(remote, first, 1 << 20, &bytes, &size, err);
		fprintf(out, ", \"size\": %zu, \"text\": ", size);
		print_text(out, bytes == NULL ? "" : bytes);
		free(bytes);
	} else if (strcmp(word, "list") == 0) {
		struct remote_entry_list list = {0};

		result = remote_list(remote, first, &list, err);
		fprintf(out, ", \"entries\": {");
		for (size_t i = 0; i < list.count; i++) {
			fprintf(out, i > 0 ? ", " : "");
			print_text(out, list.items[i].name);
			fprintf(out, ": %lld",
				list.items[i].is_folder ? -1 : (long long)list.items[i].size);
		}
		fprintf(out, "}");
		remote_entry_list_release(&list);
	} else if (strcmp(word, "wait") == 0) {
		struct timespec pause = {.tv_sec = strtol(first, NULL, 10)};

		nanosleep(&pause, NULL);
		result = 0;
	} else if (second != NULL) {
		result = store(out, remote, word, first, second, err);
	}
	fprintf(out, ", \"result\": %d, \"kind\": %d, \"message\": ", result, (int)err->kind);
	print_text(out, err->message);
	fprintf(out, "}\n");
	return result;
}

struct client {
	const struct remote_settings *settings;
	const struct progress *progress;
	char **operations; /* ends with NULL */
	unsigned number;
	int status;
};

/* A "%" in an operation is the number of the thread. */
static void *work(void *context)
{
	struct client *client = context;
	struct remote *remote = remote_open(client->settings, client->progress);

	for (char **at = client->operations; *at != NULL && !stop; at++) {
		struct error failure = {0};
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		char *word = xstrdup(*at);

		for (char *mark = word; (mark = strchr(mark, '%')) != NULL;)
			*mark = (char)('0' + client->number);
		if (operate(out, remote, word, &failure) != 0 && client->status == 0)
			client->status = (int)failure.kind;
		fclose(out);
		fputs(text, stdout);
		fflush(stdout);
		free(text);
		free(word);
	}
	remote_close(remote);
	return NULL;
}

static int client(int argc, char **argv)
{
	struct progress progress = {.report = report};
	struct remote_address address;
	struct remote_settings settings = {.passive = true, .verify = true};
	struct client clients[8] = {{0}};
	pthread_t ids[8];
	struct error err = {0};
	int status = 0;
	int at = 2;

	if (remote_parse(argv[1], &address, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		return (int)err.kind;
	}
	settings.scheme = address.scheme;
	settings.host = address.host;
	settings.port = address.port;
	settings.user = address.user;
	settings.folder = address.folder;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	while (at < argc && setting(&settings, argv[at]))
		at++;
	if (settings.rate > 0)
		settings.limiter = remote_limiter_new(settings.rate);
	for (unsigned i = 0; i < threads; i++) {
		clients[i] = (struct client){&settings, &progress, argv + at, i, 0};
		if (pthread_create(&ids[i], NULL, work, &clients[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		status = status == 0 ? clients[i].status : status;
	}
	remote_limiter_free(settings.limiter);
	remote_address_release(&address);
	return status;
}

/* ---- the tests ---- */

static struct ftp_reply parse(const char *bytes, int expected)
{
	struct reply_parser parser = {0};
	size_t used = 0;

	assert_int_equal(reply_feed(&parser, bytes, strlen(bytes), &used), expected);
	return parser.reply;
}

static void replies(void **state)
{
	struct ftp_reply reply = parse("220 ready\r\nrest", 1);

	(void)state;
	assert_int_equal(reply.code, 220);
	assert_string_equal(reply.text, "ready");
	/* RFC 959 4.2: other lines may begin with digits; the last one repeats code and space. */
	reply = parse("123-First line\r\nSecond line\r\n  234 A line beginning with numbers\r\n"
		      "123 The last line\r\n",
		1);
	assert_int_equal(reply.code, 123);
	assert_string_equal(reply.text,
		"First line; Second line; 234 A line beginning with numbers; The last line");
	reply = parse("451-Error during write to file\n451 done\n", 1);
	assert_string_equal(reply.text, "Error during write to file; done");
	reply = parse("230\r\n", 1);
	assert_string_equal(reply.text, "");
	reply = parse("550 a\x1b[31m\xff\xc5\x81\r\n", 1);
	assert_string_equal(reply.text, "a?[31m?\xc5\x81");
	parse("220", 0);
	parse("220-a\r\n220-b\r\n", 0);
	parse("HTTP/1.1 400 Bad Request\r\n", -1);
	parse("99 no\r\n", -1);
	parse("2200 no\r\n", -1);
	parse("\r\n", -1);
}

static void replies_are_bounded(void **state)
{
	struct reply_parser parser = {0};
	char bytes[1000];
	size_t used;
	int result = 0;
	int fed = 0;

	(void)state;
	memset(bytes, 'a', sizeof bytes);
	memcpy(bytes, "220-", 4);
	for (; result == 0 && fed < 1000; fed++)
		result = reply_feed(&parser, bytes, sizeof bytes, &used);
	assert_int_equal(result, -1);
	/* 65 536 bytes are the most: the 66th thousand is refused. */
	assert_int_equal(fed, 66);
}

static void two_replies_at_once(void **state)
{
	struct reply_parser parser = {0};
	const char *bytes = "226 done\r\n213 42\r\n";
	size_t used = 0, second = 0;

	(void)state;
	assert_int_equal(reply_feed(&parser, bytes, strlen(bytes), &used), 1);
	assert_int_equal(used, 10);
	assert_int_equal(reply_feed(&parser, bytes + used, strlen(bytes) - used, &second), 1);
	assert_int_equal(parser.reply.code, 213);
	assert_string_equal(parser.reply.text, "42");
}

static void ports(void **state)
{
	uint8_t address[4] = {0};

	(void)state;
	/* RFC 2428 section 3. */
	assert_int_equal(reply_epsv_port("Entering Extended Passive Mode (|||6446|)"), 6446);
	assert_int_equal(reply_epsv_port("ok (!!!65535!)"), 65535);
	assert_int_equal(reply_epsv_port("ok (|||65536|)"), 0);
	assert_int_equal(reply_epsv_port("ok (|||0|)"), 0);
	assert_int_equal(reply_epsv_port("ok (|||12"), 0);
	assert_int_equal(reply_epsv_port("ok (|1|10.0.0.1|12|)"), 0);
	assert_int_equal(reply_epsv_port("("), 0);
	/* 160 * 256 + 57 */
	assert_int_equal(reply_pasv("Entering Passive Mode (10,0,0,7,160,57)", address), 41017);
	assert_int_equal(address[0], 10);
	assert_int_equal(address[3], 7);
	assert_int_equal(reply_pasv("Entering Passive Mode. 192,168,1,2,4,1", address), 1025);
	assert_int_equal(address[0], 192);
	assert_int_equal(reply_pasv("Entering (1,2,3,4,256,1)", address), 0);
	assert_int_equal(reply_pasv("Entering (1,2,3,4,5", address), 0);
	assert_int_equal(reply_pasv("", address), 0);
}

static void paths_and_sizes(void **state)
{
	char *path = reply_quoted_path("\"/a \"\"b\"\"/c\" is the current directory");

	(void)state;
	/* RFC 959 appendix II: quotes in the name are doubled. */
	assert_string_equal(path, "/a \"b\"/c");
	free(path);
	assert_null(reply_quoted_path("none"));
	assert_int_equal(reply_size("1234567890123"), 1234567890123);
	assert_int_equal(reply_size("abc"), -1);
	assert_int_equal(reply_size("99999999999999999999"), -1);
}

static void check_url(const char *url, enum remote_scheme scheme, const char *user,
	const char *host, unsigned port, const char *folder)
{
	struct remote_address address;
	struct error err = {0};

	assert_int_equal(remote_parse(url, &address, &err), 0);
	assert_int_equal(address.scheme, scheme);
	assert_true(user == NULL ? address.user == NULL : strcmp(address.user, user) == 0);
	assert_true(host == NULL ? address.host == NULL : strcmp(address.host, host) == 0);
	assert_int_equal(address.port, port);
	assert_string_equal(address.folder, folder);
	remote_address_release(&address);
}

static void urls(void **state)
{
	static const char *const bad[] = {"http://host/", "host", "ftps://", "ftps://:21/",
		"ftps://host:0/", "ftps://host:65536/", "ftps://host:2x/", "ftps://host:/",
		"file://folder", "ftps://host/a%0d%0aDELE", "ftps://host/a%00b", "ftps://host/%4",
		"ftps://@host/", "ftps://[::1/", "ftps://[::1]x/"};
	struct remote_address address;
	struct error err = {0};

	(void)state;
	check_url("ftps://anna@trapper.example:2121/collections", REMOTE_FTPS, "anna",
		"trapper.example", 2121, "/collections");
	check_url("ftp://10.0.0.1", REMOTE_FTP, NULL, "10.0.0.1", 0, "");
	check_url("FTPS://anna%40uni.example@[::1]:21/a%20b/", REMOTE_FTPS, "anna@uni.example",
		"::1", 21, "/a b/");
	check_url(
		"file:///media/disk/out%25box", REMOTE_FILE, NULL, NULL, 0, "/media/disk/out%box");
	check_url("file://localhost/tmp", REMOTE_FILE, NULL, NULL, 0, "/tmp");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(remote_parse(bad[i], &address, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_null(address.host);
	}
	assert_int_equal(remote_parse("ftps://anna:s3cret@host/", &address, &err), -1);
	assert_null(strstr(err.message, "s3cret"));
}

static void url_of_settings(void **state)
{
	struct remote_settings settings = {.scheme = REMOTE_FTPS,
		.host = "::1",
		.port = 21,
		.user = "anna@uni.example",
		.password = "s3cret",
		.folder = "/a b"};
	char *url = remote_url(&settings);

	(void)state;
	assert_string_equal(url, "ftps://anna%40uni.example@[::1]:21/a%20b");
	free(url);
}

static void names(void **state)
{
	static const char *const bad[] = {"a\r\nDELE b", "a\nb", "", "/etc/passwd", "../a",
		"a/../b", "a/..", "a\xff", "a\tb"};
	struct remote_settings settings = {.scheme = REMOTE_FILE, .folder = "/nonexistent"};
	struct remote *remote = remote_open(&settings, NULL);
	int64_t size;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct error err = {0};

		assert_int_equal(remote_size(remote, bad[i], &size, &err), -1);
		assert_int_equal(err.kind, ERROR_INPUT);
	}
	remote_close(remote);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(replies_are_bounded),
		cmocka_unit_test(two_replies_at_once),
		cmocka_unit_test(ports),
		cmocka_unit_test(paths_and_sizes),
		cmocka_unit_test(urls),
		cmocka_unit_test(url_of_settings),
		cmocka_unit_test(names),
	};

	if (argc > 1)
		return client(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
