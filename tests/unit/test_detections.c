/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results files: what the versions of the format allow, and what is refused. The expected values
 * are the format's own text and MegaDetector's habits (contracts/detector.md section 2). */
#include "trapkit/detections.h"
#include "trapkit/error.h"
#include "trapkit/json_reader.h"
#include "trapkit/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CATEGORIES "\"detection_categories\":{\"1\":\"animal\",\"2\":\"person\",\"3\":\"vehicle\"}"

static struct detections_reader *open_text(const char *text)
{
	struct error err = {0};
	struct detections_reader *reader =
		detections_open_memory(text, strlen(text), "md.json", &err);

	if (reader == NULL)
		fail_msg("%s", err.message);
	return reader;
}

static void next(struct detections_reader *reader, struct detected_image *image)
{
	struct error err = {0};

	if (detections_next(reader, image, &err) != 1)
		fail_msg("no image: %s", err.message);
}

static void at_end(struct detections_reader *reader)
{
	struct detected_image image;
	struct error err = {0};

	assert_int_equal(detections_next(reader, &image, &err), 0);
	assert_int_equal(detections_next(reader, &image, &err), 0);
	detections_close(reader);
}

/* As MegaDetector writes: images first, indented, the header last. */
static const char usual[] =
	"{\n \"images\": [\n"
	"  {\n   \"file\": \"R1/IMG_0001.JPG\",\n   \"detections\": [\n"
	"    {\n     \"category\": \"1\",\n     \"conf\": 0.926,\n"
	"     \"bbox\": [\n      0.1204,\n      0.2762,\n      0.1539,\n      0.2825\n     ],\n"
	"     \"classifications\": [[\"10\", 0.8], [\"9\", 0.15]]\n    },\n"
	"    {\"category\": \"2\", \"conf\": -0.5, \"bbox\": [0, 0, 1, 1]}\n   ]\n  },\n"
	"  {\"file\": \"R1/IMG_0002.JPG\", \"detections\": []},\n"
	"  {\"file\": \"R1/IMG_0003.JPG\", \"failure\": \"image access failure\","
	" \"detections\": null},\n"
	"  {\"file\": \"R1/CLIP.MP4\", \"frame_rate\": 29.97, \"frames_processed\": [0, 30],"
	" \"failure\": null,\n   \"detections\": [{\"category\": \"3\", \"conf\": 0.5,"
	" \"bbox\": [0.5, 0.5, 0.25, 0.25], \"frame_number\": 30}]}\n ],\n " CATEGORIES
	",\n \"classification_category_descriptions\": {\"9\": \";mammalia;;;;;mammal\"},\n"
	" \"classification_categories\": {\"9\": \"mammal\", \"10\": \"red deer\"},\n"
	" \"info\": {\"format_version\": \"1.6\", \"detector\": \"md_v5a.0.1.pt\",\n"
	"  \"detection_completion_time\": \"2024-06-02 09:30:00\","
	" \"custom_metadata\": {\"shard\": [0, 2]},\n"
	"  \"detector_metadata\": {\"megadetector_version\": \"v5a.0.1\","
	" \"typical_detection_threshold\": 0.2, \"image_size\": 1280}}\n}\n";

static void check_usual_header(const struct detections_header *header)
{
	assert_int_equal(header->images, 4);
	assert_string_equal(header->format_version, "1.6");
	assert_string_equal(header->detector, "md_v5a.0.1.pt");
	assert_string_equal(header->detector_version, "v5a.0.1");
	assert_string_equal(header->completed, "2024-06-02 09:30:00");
	assert_null(header->classifier);
	assert_string_equal(header->custom_metadata, "{\"shard\": [0, 2]}");
	assert_true(header->typical_threshold == 0.2);
	assert_true(isnan(header->conservative_threshold));
	assert_int_equal(header->categories.count, 3);
	assert_int_equal(header->classes.count, 2);
	assert_string_equal(header->classes.items[0].name, "red deer"); /* "10" before "9" */
	assert_null(header->classes.items[0].description);
	assert_string_equal(header->classes.items[1].description, ";mammalia;;;;;mammal");
}

static void check_usual_first(const struct detected_image *image)
{
	const struct detection *box = &image->items[0];

	assert_string_equal(image->file, "R1/IMG_0001.JPG");
	assert_null(image->failure);
	assert_true(isnan(image->frame_rate));
	assert_int_equal(image->count, 2);
	assert_int_equal(box->category, 0);
	assert_true(box->confidence == 0.926);
	assert_true(box->x == 0.1204 && box->y == 0.2762);
	assert_true(box->width == 0.1539 && box->height == 0.2825);
	assert_int_equal(box->frame, -1);
	assert_int_equal(box->class_count, 2);
	assert_int_equal(box->classes[0].index, 0);
	assert_true(box->classes[1].index == 1 && box->classes[1].confidence == 0.15);
	assert_true(image->items[1].confidence == -0.5);
	assert_int_equal(image->items[1].class_count, 0);
}

static void test_usual(void **state)
{
	struct detections_reader *reader = open_text(usual);
	struct detected_image image;
	struct error err = {0};

	(void)state;
	check_usual_header(detections_header(reader));
	next(reader, &image);
	check_usual_first(&image);
	assert_memory_equal(usual + image.offset, image.json, image.json_size);
	assert_true(image.json[0] == '{' && image.json[image.json_size - 1] == '}');
	next(reader, &image);
	assert_true(image.failure == NULL && image.count == 0);
	next(reader, &image);
	assert_string_equal(image.failure, "image access failure");
	assert_int_equal(detections_at(reader, (size_t)(strstr(usual, "{\n   \"file\"") - usual),
				 &image, &err),
		0);
	check_usual_first(&image);
	next(reader, &image);
	assert_true(image.frame_rate == 29.97);
	assert_int_equal(image.items[0].frame, 30);
	at_end(reader);
}

/* The same through a file with more than one buffer of images. */
static void test_file(void **state)
{
	char path[] = "detections-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	struct detections_reader *reader;
	struct detected_image image;
	struct error err = {0};
	uint64_t offset = 0;

	(void)state;
	fputs("{\"info\":{}," CATEGORIES ",\"images\":[", file);
	for (int i = 0; i < 5000; i++)
		fprintf(file,
			"%s{\"file\":\"a/%d.jpg\",\"max_detection_conf\":\"\",\"detections\":[{"
			"\"category\":\"1\",\"conf\":0.%03d,\"bbox\":[0,0,0.5,1]}]}",
			i == 0 ? "" : ",\n", i, i % 1000);
	fputs("]}", file);
	assert_int_equal(fclose(file), 0);
	reader = detections_open(path, &err);
	assert_non_null(reader);
	for (int i = 0; i < 5000; i++) {
		char name[32];

		next(reader, &image);
		snprintf(name, sizeof name, "a/%d.jpg", i);
		assert_string_equal(image.file, name);
		if (i == 4321)
			offset = image.offset;
	}
	assert_int_equal(detections_at(reader, offset, &image, &err), 0);
	assert_string_equal(image.file, "a/4321.jpg");
	assert_true(image.items[0].confidence == 0.321);
	at_end(reader);
	unlink(path);
}

static void test_old_versions(void **state)
{
	/* 1.0: a number for the version, max_detection_conf, failure without detections. */
	struct detections_reader *reader = open_text(
		"{\"info\":{\"format_version\":1.0}," CATEGORIES ",\"images\":["
		"{\"file\":\"D:\\\\data\\\\a.jpg\",\"max_detection_conf\":0.9,\"detections\":"
		"[{\"category\":\"1\",\"conf\":0.9,\"bbox\":[0.1,0.1,0.1,0.1],\"extra\":[{}]}]},"
		"{\"file\":\"b.jpg\",\"failure\":\"Failure image access\"},"
		"{\"file\":\"c.jpg\",\"max_detection_conf\":null,\"detections\":null}]}");
	struct detected_image image;

	(void)state;
	assert_string_equal(detections_header(reader)->format_version, "1.0");
	next(reader, &image);
	assert_string_equal(image.file, "D:\\data\\a.jpg");
	assert_int_equal(image.count, 1);
	next(reader, &image);
	assert_string_equal(image.failure, "Failure image access");
	next(reader, &image);
	assert_string_equal(image.failure, "no detections are told of it");
	at_end(reader);
}

/* Escapes, among them half a surrogate pair as Python writes for a name that is no UTF-8. */
static void test_names(void **state)
{
	struct detections_reader *reader =
		open_text("\xEF\xBB\xBF{" CATEGORIES ",\"images\":["
			  "{\"file\":\"\\u017b\\ud83e\\udd8a/a\\/b\\\"\\u00e9.jpg\","
			  "\"detections\":[]},"
			  "{\"file\":\"x\\udce9.jpg\",\"detections\":[]},"
			  "{\"file\":\"y\\ud800z\",\"detections\":[]}]}");
	struct detected_image image;

	(void)state;
	next(reader, &image);
	assert_string_equal(image.file, "\xC5\xBB\xF0\x9F\xA6\x8A/a/b\"\xC3\xA9.jpg");
	next(reader, &image);
	assert_string_equal(image.file, "x\xEF\xBF\xBD.jpg");
	next(reader, &image);
	assert_string_equal(image.file, "y\xEF\xBF\xBDz");
	at_end(reader);
}

static void refuse(const char *text, const char *complaint)
{
	struct error err = {0};
	struct detected_image image;
	struct detections_reader *reader =
		detections_open_memory(text, strlen(text), "md.json", &err);
	int result = -1;

	while (reader != NULL && (result = detections_next(reader, &image, &err)) == 1)
		;
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	if (strstr(err.message, complaint) == NULL)
		fail_msg("'%s' is not in: %s", complaint, err.message);
	detections_close(reader);
}

static void test_refused_files(void **state)
{
	(void)state;
	refuse("[{\"file\":\"a.jpg\"}]", "Microsoft");
	refuse("{\"predictions\":[]}", "speciesnet_to_md");
	refuse("{\"checkpoint\":[]}", "unfinished run");
	refuse("{\"info\":{}}", "no 'images'");
	refuse("{\"images\":[]}", "no 'detection_categories'");
	refuse("", "ends in the middle");
	refuse("{\"images\":[{\"file\":\"a.jpg\",", "ends in the middle");
	refuse("{\"images\":[{\"file\":\"a.jpg\"]}", "not JSON: ',' or '}' expected, not ']'");
	refuse("{\"info\":{\"format_version\":\"2.0\"}}", "'2.0' is not known");
	refuse("{\"images\":{}}", "'images' is not a list");
	refuse("{\"detection_categories\":{\"1\":\"a\",\"1\":\"b\"}}", "'1' twice");
	refuse("{\"detection_categories\":{\"1\":null}}", "is not a text");
	refuse("{" CATEGORIES ",\"images\":[]} x", "the end of the file expected, not 'x'");
}

#define ENTRY(members) "{" CATEGORIES ",\n\"images\":[\n{" members "}]}"
#define BOX(members) ENTRY("\"file\":\"a.jpg\",\"detections\":[{" members "}]")

static void test_refused_images(void **state)
{
	(void)state;
	refuse(ENTRY("\"detections\":[]"), "'md.json', line 3: an image without 'file'");
	refuse(ENTRY("\"file\":null,\"detections\":[]"), "without 'file'");
	refuse(ENTRY("\"file\":\"a\\u0000b\""), "'file' is not a text");
	refuse(ENTRY("\"file\":\"a\",\"failure\":3"), "'failure' is not a text");
	refuse(ENTRY("\"file\":\"a\",\"detections\":3"), "neither a list nor null");
	refuse(BOX("\"conf\":0.5,\"bbox\":[0,0,1,1]"), "without 'category'");
	refuse(BOX("\"category\":\"1\",\"bbox\":[0,0,1,1]"), "without 'conf'");
	refuse(BOX("\"category\":\"7\",\"conf\":0.5"), "category '7' is not listed");
	refuse(BOX("\"conf\":87"), "confidence 87 is not a fraction");
	refuse(BOX("\"conf\":NaN"), "not a number");
	refuse(BOX("\"conf\":\"0.9\""), "not a number");
	refuse(BOX("\"bbox\":[0,0,1]"), "not a number");
	refuse(BOX("\"bbox\":[0,0,1,1,1]"), "four numbers");
	refuse(BOX("\"bbox\":[10,20,300,400]"), "boxes in pixels");
	refuse(BOX("\"category\":\"1\",\"classifications\":[[\"4\",0.5]]"), "'4' is not listed");
	refuse(BOX("\"category\":\"1\",\"classifications\":[\"4\"]"), "not a list of");
	refuse("{" CATEGORIES ",\"images\":[3]}", "an image that is not an object");
}

/* Numbers and words: the grammar of RFC 8259, and the three words of Python. */
static void test_json_numbers(void **state)
{
	static const char *const good[] = {
		"0", "-0", "10.25", "1e3", "-1.5E-2", "NaN", "Infinity", "-Infinity", "true"};
	static const char *const bad[] = {"01", "+1", ".5", "1.", "-", "1e", "0x10", "1e999", "nan",
		"True", "1 2", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\t\"", "\"\xFF\"",
		"{\"a\" 1}", "{a:1}", "[1,]", "{\"a\":1,}", "[1 2]", "]"};
	struct json_token token;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct json_reader *json = json_open_memory(good[i], strlen(good[i]), NULL);

		assert_int_equal(json_next(json, &token, &err), 0);
		assert_int_equal(token.kind, i == 8 ? JSON_TRUE : JSON_NUMBER);
		assert_int_equal(json_next(json, &token, &err), 0);
		assert_int_equal(token.kind, JSON_END);
		json_close(json);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct json_reader *json = json_open_memory(bad[i], strlen(bad[i]), NULL);
		int result;

		do
			result = json_next(json, &token, &err);
		while (result == 0 && token.kind != JSON_END);
		if (result != -1)
			fail_msg("taken: %s", bad[i]);
		json_close(json);
	}
}

static void test_json_limits(void **state)
{
	const struct json_settings settings = {.name = "x", .most_text = 4};
	struct json_reader *json = json_open_memory("\"12345\"", 7, &settings);
	struct json_token token;
	struct error err = {0};
	char deep[100];

	(void)state;
	assert_int_equal(json_next(json, &token, &err), -1);
	assert_non_null(strstr(err.message, "a text of more than 4 bytes"));
	assert_int_equal(json_next(json, &token, &err), -1);
	json_close(json);
	memset(deep, '[', sizeof deep);
	json = json_open_memory(deep, sizeof deep, &settings);
	for (int i = 0; i < JSON_DEEPEST; i++)
		assert_int_equal(json_next(json, &token, &err), 0);
	assert_int_equal(json_next(json, &token, &err), -1);
	assert_non_null(strstr(err.message, "nested deeper than 64"));
	json_close(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_old_versions),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_refused_images),
		cmocka_unit_test(test_json_numbers),
		cmocka_unit_test(test_json_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
