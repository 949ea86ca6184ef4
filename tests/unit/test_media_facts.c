/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a file on disk tells: with arguments, prints one JSON line of facts per file, for the tests
 * that compare with exiftool and ffprobe; without, checks reading against parsing from memory.
 */
#include "trapkit/error.h"
#include "trapkit/media.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void print_number(const char *key, double value)
{
	if (isnan(value))
		printf(", \"%s\": null", key);
	else
		printf(", \"%s\": %.17g", key, value);
}

static void print_text(const char *key, const char *text)
{
	printf(", \"%s\": \"", key);
	for (; *text != '\0'; text++)
		printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	printf("\"");
}

static void print_facts(const char *path, const struct media_facts *facts)
{
	printf("{\"type\": %d, \"trouble\": %u, \"width\": %" PRIu32 ", \"height\": %" PRIu32,
		(int)facts->type, facts->trouble, facts->width, facts->height);
	print_number("fps", facts->fps);
	print_number("duration", facts->duration);
	print_number("latitude", facts->latitude);
	print_number("longitude", facts->longitude);
	printf(", \"orientation\": %d, \"source\": %d, \"taken\": \"", facts->orientation,
		(int)facts->taken_source);
	printf("%04d:%02d:%02d %02d:%02d:%02d", facts->taken.year, facts->taken.month,
		facts->taken.day, facts->taken.hour, facts->taken.minute, facts->taken.second);
	printf("\"");
	print_text("make", facts->make);
	print_text("model", facts->model);
	print_text("serial", facts->serial);
	print_text("file", path);
	printf("}\n");
}

static int read_path(const char *path, struct media_facts *facts)
{
	const char *slash = strrchr(path, '/');
	struct error err = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0) {
		perror(path);
		return -1;
	}
	result = media_read_facts(
		fd, slash == NULL ? path : slash + 1, (int64_t)time(NULL), facts, &err);
	if (result != 0)
		fprintf(stderr, "%s\n", err.message);
	close(fd);
	return result;
}

static bool same_number(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b;
}

static bool same_facts(const struct media_facts *a, const struct media_facts *b)
{
	return a->type == b->type && a->trouble == b->trouble && a->width == b->width &&
		a->height == b->height && same_number(a->fps, b->fps) &&
		same_number(a->duration, b->duration) && same_number(a->latitude, b->latitude) &&
		same_number(a->longitude, b->longitude) && a->taken_source == b->taken_source &&
		wall_seconds(&a->taken) == wall_seconds(&b->taken) &&
		a->orientation == b->orientation && strcmp(a->make, b->make) == 0 &&
		strcmp(a->model, b->model) == 0 && strcmp(a->serial, b->serial) == 0;
}

/* The same file as a whole from memory: what the window does must not show. */
static bool same_from_memory(const char *path, const struct media_facts *facts)
{
	const size_t room = (size_t)64 << 20;
	const char *slash = strrchr(path, '/');
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(room);
	struct media_facts again;
	size_t size = 0;
	bool same;

	if (file != NULL && bytes != NULL)
		size = fread(bytes, 1, room, file);
	if (file != NULL)
		fclose(file);
	media_parse_facts(
		bytes, size, slash == NULL ? path : slash + 1, (int64_t)time(NULL), &again);
	same = file != NULL && (size == room || same_facts(facts, &again));
	free(bytes);
	return same;
}

/* --time FILE…: how long the plain 64 KiB reads take and how long ours, on standard output. */
static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Bytes that this process has read so far. */
static long long bytes_read(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	long long value = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "rchar: %lld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static int measure(int count, char **paths)
{
	static char buffer[65536];
	struct media_facts facts;
	double began, plain = 1e9, ours = 1e9;
	long long before = 0, after = 0;

	for (int round = 0; round < 5; round++) {
		began = seconds_now();
		for (int i = 0; i < count; i++) {
			int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

			if (fd < 0 || pread(fd, buffer, sizeof buffer, 0) < 0)
				return 1;
			close(fd);
		}
		plain = fmin(plain, seconds_now() - began);
		before = bytes_read();
		began = seconds_now();
		for (int i = 0; i < count; i++)
			if (read_path(paths[i], &facts) != 0)
				return 1;
		ours = fmin(ours, seconds_now() - began);
		after = bytes_read();
	}
	printf("{\"files\": %d, \"plain_64k_s\": %.6f, \"facts_s\": %.6f, \"bytes\": %lld}\n",
		count, plain, ours, after - before);
	return 0;
}

static int print_all(int count, char **paths)
{
	struct media_facts facts;
	int result = 0;

	for (int i = 0; i < count; i++) {
		if (read_path(paths[i], &facts) != 0) {
			result = 1;
			continue;
		}
		print_facts(paths[i], &facts);
		if (!same_from_memory(paths[i], &facts)) {
			fprintf(stderr, "%s: other facts from memory than from the file\n",
				paths[i]);
			result = 1;
		}
	}
	return result;
}

/* ---- without arguments ---- */

static void a_folder_is_an_error(void **state)
{
	struct media_facts facts;
	struct error err = {0};
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(media_read_facts(fd, "a.jpg", 0, &facts, &err), -1);
	close(fd);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_string_equal(err.message, "cannot read 'a.jpg': Is a directory");
	assert_int_equal(facts.trouble, TROUBLE_UNREADABLE | TROUBLE_NO_DATE);
	assert_int_equal(facts.type, MEDIA_JPEG);
}

static void an_empty_file_is_no_media(void **state)
{
	struct media_facts facts;
	struct error err = {0};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(media_read_facts(fd, "a.jpg", 0, &facts, &err), 0);
	close(fd);
	assert_int_equal(facts.type, MEDIA_UNKNOWN);
	assert_int_equal(facts.trouble, TROUBLE_NOT_MEDIA | TROUBLE_TRUNCATED | TROUBLE_NO_DATE);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_is_an_error),
		cmocka_unit_test(an_empty_file_is_no_media),
	};

	if (argc > 2 && strcmp(argv[1], "--time") == 0)
		return measure(argc - 2, argv + 2);
	if (argc > 1)
		return print_all(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
