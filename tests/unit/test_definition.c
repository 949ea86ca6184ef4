/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The YAML definition: bytes as PyYAML writes them, texts as PyYAML reads them, and reading back.
 */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct definition_resource picture = {.name = "IMG_0001.JPG",
	.utc = 1719824400, /* 2024-07-01T09:00:00Z */
	.mime_type = "image/jpeg",
	.size = 123456,
	.width = 1920,
	.height = 1080,
	.fps = NAN,
	.duration = NAN};

static struct definition_writer *begin(FILE *stream, const char *name, const char *zone)
{
	const struct definition_collection collection = {
		.name = name, .project_id = 7, .timezone = zone, .ignore_dst = true};
	struct error err = {0};
	struct definition_writer *writer = definition_open(stream, &err);

	assert_non_null(writer);
	assert_int_equal(definition_collection(writer, &collection, &err), 0);
	return writer;
}

/* The form of contracts/trapper.md section 2.1, with the values of its own sample. */
static void bytes_of_trapper_tools(void **state)
{
	static const char expected[] = "collections:\n"
				       "- name: winter\n"
				       "  project_id: 7\n"
				       "  timezone: Europe/Warsaw\n"
				       "  timezone_ignore_dst: true\n"
				       "  resources_dir: winter\n"
				       "  deployments:\n"
				       "  - deployment_id: r1-32_01\n"
				       "    resources:\n"
				       "    - name: IMG_0001.JPG\n"
				       "      file: IMG_0001.JPG\n"
				       "      date_recorded: 2024-07-01T09:00:00+0000\n"
				       "      mime_type: image/jpeg\n"
				       "      file_width: 1920\n"
				       "      file_height: 1080\n"
				       "      file_size: 123456\n"
				       "      file_fps: null\n"
				       "      file_duration: null\n"
				       "    - name: a.mp4\n"
				       "      file: a.mp4\n"
				       "      date_recorded: 2024-07-01T09:00:00+0000\n"
				       "      mime_type: null\n"
				       "      file_width: null\n"
				       "      file_height: null\n"
				       "      file_size: 0\n"
				       "      file_fps: 25\n"
				       "      file_duration: 10.04\n"
				       "  - deployment_id: empty\n"
				       "    resources: []\n";
	struct definition_resource video = {
		.name = "a.mp4", .utc = 1719824400, .fps = 25.0, .duration = 10.04};
	struct error err = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct definition_writer *writer = begin(stream, "winter", "Europe/Warsaw");

	(void)state;
	assert_int_equal(definition_deployment(writer, "r1-32_01", &err), 0);
	assert_int_equal(definition_resource(writer, &picture, &err), 0);
	assert_int_equal(definition_resource(writer, &video, &err), 0);
	assert_int_equal(definition_deployment(writer, "empty", &err), 0);
	assert_int_equal(definition_finish(writer, &err), 0);
	definition_close(writer);
	fclose(stream);
	assert_string_equal(text, expected);
	free(text);
}

/* Python compares every text and number that PyYAML loads with what we meant. */
static const char check[] =
	"import yaml, sys\n"
	"doc = yaml.safe_load(open('definition.yaml', 'rb'))\n"
	"names = [bytes.fromhex(l).decode() for l in open('names.txt').read().split('\\n')[:-1]]\n"
	"collections = doc['collections']\n"
	"assert [c['name'] for c in collections] == names, [c['name'] for c in collections]\n"
	"assert [c['resources_dir'] for c in collections] == names\n"
	"numbers = [float(l) for l in open('numbers.txt')]\n"
	"found = [r for c in collections for d in c['deployments'] for r in d['resources']]\n"
	"assert [float(r['file_duration']) for r in found] == numbers, found\n"
	"assert [type(r['file_duration']) for r in found] == [int if n.is_integer() and\n"
	"    abs(n) < 1e16 else float for n in numbers]\n"
	"assert all(type(r['date_recorded']) is str for r in found)\n"
	"again = yaml.safe_load(yaml.dump(doc))\n"
	"assert again == doc\n";

/* A folding writer would break it at eighty columns. */
#define WORDS "many words with spaces between them and no end "
static const char long_text[] = "begin " WORDS WORDS WORDS "end";
static const char *const nasty[] = {"plain", "", " lead", "trail ", "a: b", "a:", "a #b", "#x",
	"- x", "-", "? x", "[x", "]x", "{x", "}x", ",x", "&x", "*x", "!x", "|x", ">x", "'x", "\"x",
	"%x", "@x", "`x", "null", "NULL", "~", "yes", "No", "ON", "off", "true", "FALSE", "y", "N",
	"007", "12_3", "0x1F", "0b11", "+12", "-5", "1:30", ".5", "1.", "1.0e+5", "1e5", "0o17",
	"2024-07-01", "2024-7-1 10:00:00", "2024-07-01T09:00:00Z", "=", "<<", ".inf", "-.INF",
	".NaN", "it's", "don''t", "\305\201\303\263d\305\272 5", "\xF0\x9F\xA6\x8A", "e\xCC\x81",
	"\xC3\xA9", "a\tb", "\x7F", "\xC2\x85", "\xC2\xA0x", "\xEF\xBB\xBF", "\xE2\x80\xA8", "a\\b",
	"--- x", "---", "...", "R1-32_01", "x: 'y' \"z\" # a", long_text};
static const double numbers[] = {10.04, 29.97002997002997, 25.0, 0.1, 1e-5, 1.5e-7, 123456789.125,
	1e16, 1.7976931348623157e308, 5e-324, 9007199254740993.0, 0.30000000000000004, 1e22,
	12345678901234567.0};

static void texts_as_pyyaml_reads_them(void **state)
{
	struct error err = {0};
	FILE *stream = fopen("definition.yaml", "w"), *names = fopen("names.txt", "w");
	FILE *values = fopen("numbers.txt", "w"), *program = fopen("check.py", "w");
	struct definition_writer *writer = definition_open(stream, &err);
	size_t count = sizeof nasty / sizeof *nasty;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct definition_collection collection = {
			.name = nasty[i], .project_id = 1, .timezone = nasty[count - 1 - i]};

		assert_int_equal(definition_collection(writer, &collection, &err), 0);
		for (const char *byte = nasty[i]; *byte != '\0'; byte++)
			fprintf(names, "%02x", (unsigned char)*byte);
		fputs("\n", names);
	}
	assert_int_equal(definition_deployment(writer, "numbers", &err), 0);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct definition_resource resource = picture;

		resource.duration = numbers[i];
		assert_int_equal(definition_resource(writer, &resource, &err), 0);
		fprintf(values, "%.17g\n", numbers[i]);
	}
	assert_int_equal(definition_finish(writer, &err), 0);
	definition_close(writer);
	fputs(check, program);
	fclose(stream);
	fclose(names);
	fclose(values);
	fclose(program);
	assert_int_equal(system("/usr/bin/python3 check.py"), 0);
}

static void refuses_bytes_that_are_no_text(void **state)
{
	const struct definition_collection collection = {.name = "Jon\xE1s", .timezone = "UTC"};
	struct error err = {0};
	FILE *stream = fopen("refused.yaml", "w");
	struct definition_writer *writer = definition_open(stream, &err);

	(void)state;
	assert_int_equal(definition_collection(writer, &collection, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	definition_close(writer);
	fclose(stream);
}

static void full_disk_is_an_error(void **state)
{
	struct error err = {0};
	FILE *stream = fopen("/dev/full", "w");
	struct definition_writer *writer = begin(stream, "c", "UTC");
	int result = definition_deployment(writer, "d", &err);

	(void)state;
	for (int i = 0; i < 100 && result == 0; i++)
		result = definition_resource(writer, &picture, &err);
	if (result == 0)
		result = definition_finish(writer, &err);
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	definition_close(writer);
	fclose(stream);
}

static int count_entry(void *context, const struct definition_entry *entry, struct error *err)
{
	size_t *count = context;

	(void)err;
	assert_true(entry->date_is_text);
	assert_true(entry->has_size);
	assert_int_equal(entry->size, 123456);
	assert_string_equal(entry->file, "IMG_0001.JPG");
	assert_string_equal(entry->deployment_id, "d1");
	(*count)++;
	return 0;
}

static void reads_what_it_wrote(void **state)
{
	size_t count = 0;
	const struct definition_visitor visitor = {.resource = count_entry, .context = &count};
	struct definition_summary summary = {0};
	struct error err = {0};
	FILE *stream = fopen("read.yaml", "w");
	struct definition_writer *writer = begin(stream, "winter", "Europe/Warsaw");

	(void)state;
	assert_int_equal(definition_deployment(writer, "d1", &err), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(definition_resource(writer, &picture, &err), 0);
	assert_int_equal(definition_deployment(writer, "d2", &err), 0);
	assert_int_equal(definition_finish(writer, &err), 0);
	definition_close(writer);
	fclose(stream);
	assert_int_equal(definition_walk("read.yaml", &visitor, &summary, &err), 0);
	assert_int_equal(count, 1000);
	assert_int_equal(summary.count, 1);
	assert_string_equal(summary.items[0].name, "winter");
	assert_string_equal(summary.items[0].resources_dir, "winter");
	assert_string_equal(summary.items[0].timezone, "Europe/Warsaw");
	assert_int_equal(summary.items[0].project_id, 7);
	assert_true(summary.items[0].ignore_dst);
	assert_int_equal(summary.items[0].deployments, 2);
	assert_int_equal(summary.items[0].resources, 1000);
	definition_summary_release(&summary);
}

static int read_text(const char *text, struct definition_summary *summary, struct error *err)
{
	error_clear(err);
	return definition_walk_bytes((const uint8_t *)text, strlen(text), NULL, summary, err);
}

static void reads_keys_in_any_order_and_old_forms(void **state)
{
	struct definition_summary summary = {0};
	struct error err = {0};

	(void)state;
	/* sort_keys of a plain dict puts `deployments` before `name`; flow style is YAML too. */
	assert_int_equal(read_text("collections: [{deployments: [{deployment_id: d, resources: ["
				   "{date_recorded: x, file: a.jpg}]}], name: n, managers: "
				   "[{username: u}], project_name: acr, resources: [{file: b}]}]\n",
				 &summary, &err),
		0);
	assert_string_equal(summary.items[0].resources_dir, "n");
	assert_int_equal(summary.items[0].resources, 2);
	assert_null(summary.items[0].timezone);
	definition_summary_release(&summary);
}

static void says_what_is_no_definition(void **state)
{
	static const char no_file[] = "collections:\n- name: a\n  deployments:\n"
				      "  - deployment_id: d\n    resources:\n    - name: x\n";
	static const char *const texts[] = {"", "a", "[]", "{}", "collections: 1\n",
		"collections: [1]\n", "collections:\n- project_id: 3\n", "a: [",
		"a: b\n---\nc: d\n", "collections:\n- name: &x a\n  resources_dir: *x\n",
		"collections:\n- name: a\n  name: b\n",
		"collections:\n- name: a\n  project_id: x\n",
		"collections:\n- name: a\n  deployments:\n  - resources: []\n", no_file};
	struct definition_summary summary = {0};
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read_text(texts[i], &summary, &err), -1);
		assert_int_equal(err.kind, ERROR_INPUT);
		assert_memory_equal(err.message, "line ", 5);
		assert_int_equal(summary.count, 0);
	}
}

static int note_date(void *context, const struct definition_entry *entry, struct error *err)
{
	char *out = context;

	(void)err;
	out[strlen(out)] = entry->date_is_text ? 't' : '-';
	return 0;
}

/* contracts/trapper.md 2.5: which forms of date_recorded load as a string. */
static void tells_dates_that_yaml_takes_for_times(void **state)
{
	static const char *const dates[] = {"2024-07-01T09:00:00+0000", "2024-07-01T09:00:00Z",
		"2024-07-01T09:00:00+00:00", "2024-07-01T09:00:00+00", "2024-07-01 09:00:00",
		"'2024-07-01 09:00:00'", "2024-07-01", "null", "2024-7-1"};
	char found[16] = "";
	const struct definition_visitor visitor = {.resource = note_date, .context = found};
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		char *text = xasprintf("collections: [{name: a, resources: [{file: f, "
				       "date_recorded: %s}]}]\n",
			dates[i]);

		assert_int_equal(definition_walk_bytes(
					 (const uint8_t *)text, strlen(text), &visitor, NULL, &err),
			0);
		free(text);
	}
	/* As PyYAML: string, time, time, time, time, string, date, None, string. */
	assert_string_equal(found, "t----t--t");
}

/* 20,000 resources in 0.4 s is 20 times the target; only a gross loss of speed fails here. */
static void is_fast(void **state)
{
	struct error err = {0};
	FILE *stream = fopen("/dev/null", "w");
	struct definition_writer *writer = begin(stream, "c", "UTC");
	clock_t began = clock();

	(void)state;
	assert_int_equal(definition_deployment(writer, "d", &err), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(definition_resource(writer, &picture, &err), 0);
	assert_int_equal(definition_finish(writer, &err), 0);
	print_message(
		"%.4f s per 1,000 resources\n", (double)(clock() - began) / CLOCKS_PER_SEC / 20.0);
	definition_close(writer);
	fclose(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_trapper_tools),
		cmocka_unit_test(texts_as_pyyaml_reads_them),
		cmocka_unit_test(refuses_bytes_that_are_no_text),
		cmocka_unit_test(full_disk_is_an_error),
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(reads_keys_in_any_order_and_old_forms),
		cmocka_unit_test(says_what_is_no_definition),
		cmocka_unit_test(tells_dates_that_yaml_takes_for_times),
		cmocka_unit_test(is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
