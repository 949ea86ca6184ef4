/* SPDX-License-Identifier: GPL-3.0-or-later */
/* [[CAMERA]] sections: what they can say, what is wrong with them, and in which line. */
#include "camera_help.h"
#include "trapkit/error.h"
#include "trapkit/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct camera_profiles *load(const char *text, struct error *err)
{
	struct camera_profiles *profiles = camera_profiles_new();
	struct toml_value *root = NULL;

	assert_int_equal(toml_parse(text, strlen(text), "x.toml", &root, err), 0);
	if (camera_profiles_add(profiles, root, "x.toml", err) != 0) {
		/* Nothing of it is added. */
		assert_int_equal(profiles->count, 3);
		camera_profiles_free(profiles);
		profiles = NULL;
	}
	toml_free(root);
	return profiles;
}

static void test_built_in(void **state)
{
	struct camera_profiles *profiles = camera_profiles_new();

	(void)state;
	assert_int_equal(profiles->count, 3);
	assert_string_equal(profiles->items[0]->name, "INSTAR");
	assert_string_equal(profiles->items[1]->name, "Willfine-2025");
	assert_string_equal(profiles->items[2]->name, "Swift Enduro");
	for (size_t i = 0; i < 3; i++) {
		assert_true(profiles->items[i]->needs_date && profiles->items[i]->needs_gps);
		assert_string_equal(profiles->items[i]->origin, "built in");
	}
	assert_non_null(camera_profile_find(profiles, "swift enduro"));
	assert_null(camera_profile_find(profiles, "swift"));
	camera_profiles_free(profiles);
	camera_profiles_free(NULL);
}

/* What is shown is a section that means the same. */
static void test_show_again(void **state)
{
	struct camera_profiles *profiles = camera_profiles_new();

	(void)state;
	for (size_t i = 0; i < profiles->count; i++) {
		char *text = camera_profile_show(profiles->items[i]);
		struct error err = {0};
		struct camera_profiles *again = load(text, &err);
		char *same;

		assert_non_null(again);
		same = camera_profile_show(again->items[i]);
		assert_string_equal(same, text);
		assert_string_equal(again->items[i]->origin, "x.toml:1");
		free(same);
		free(text);
		camera_profiles_free(again);
	}
	camera_profiles_free(profiles);
}

#define HEAD "[[CAMERA]]\nname = 'mine'\n"

static void test_errors(void **state)
{
	static const char *const rows[][2] = {
		{"[CAMERA]\nname = 'x'\n", "x.toml:1: camera profiles are written [[CAMERA]]"},
		{"CAMERA = ['x']\n", "[[CAMERA]], in double brackets"},
		{"[[CAMERA]]\nmake = 'x'\nid = 'path'\n", "a camera profile needs a name"},
		{HEAD "id = 'path'\n", "must provide either"},
		{HEAD "make = 'x'\npath = 'y'\nid = 'path'\n",
			"x.toml:4: a camera profile cannot be both"},
		{HEAD "make = 'x'\n", "needs 'id'"},
		{HEAD "make = 'x'\nid = 'none'\n", "needs 'id'"},
		{HEAD "make = '('\nid = 'path'\n",
			"x.toml:3: CAMERA.make: '(' is no regular expression"},
		{HEAD "make = 3\nid = 'path'\n", "x.toml:3: CAMERA.make must be a text"},
		{HEAD "maker = 'x'\nid = 'path'\n",
			"x.toml:3: unknown key 'maker': did you mean 'make'?"},
		{HEAD "make = 'x'\nid = 'exif:Nonsense'\n",
			"x.toml:4: CAMERA.id names no EXIF tag"},
		{HEAD "make = 'x'\nid = 'maker-note:colour'\n",
			"x.toml:4: CAMERA.id of a maker note"},
		{HEAD "make = 'x'\nid = 'exfi'\n", "x.toml:4: CAMERA.id must be"},
		{HEAD "make = 'x'\nid = 'path'\nid_group = 1\n", "x.toml:5: CAMERA.id_group"},
		{HEAD "make = 'x'\nid = 'path'\nid_pattern = 'a(b)'\nid_group = 2\n",
			"x.toml:6: CAMERA.id_group"},
		{HEAD "make = 'x'\nid = 'path'\ndate = 'file-name'\n", "'date_pattern' goes with"},
		{HEAD "make = 'x'\nid = 'path'\ndate_pattern = 'x'\n", "'date_pattern' goes with"},
		{HEAD "make = 'x'\nid = 'path'\ndate = 'path'\ndate_pattern = '(.)(.)'\n",
			"x.toml:6: 'date_pattern' has fewer groups"},
		{HEAD "make = 'x'\nid = 'path'\ndate = 'path'\ndate_pattern = '(.)(.)'\ndate_order "
		      "= 'YM'\n",
			"x.toml:7: CAMERA.date_order"},
		{HEAD "make = 'x'\nid = 'path'\ndate = 'mtime'\n", "x.toml:5: CAMERA.date must be"},
		{HEAD "make = 'x'\nid = 'path'\ngps = 'path'\ngps_pattern = '(.)'\n",
			"x.toml:6: 'gps_pattern' goes with"},
		{HEAD "make = 'x'\nid = 'path'\nrequires = ['name']\n",
			"x.toml:5: CAMERA.requires"},
		{HEAD "make = 'x'\nid = 'path'\nrequires = 'gps'\n", "x.toml:5: CAMERA.requires"},
		{HEAD "make = 'x'\nid = 'path'\nmax_size = 'big'\n", "x.toml:5: CAMERA.max_size"},
		{HEAD "make = 'x'\nid = 'path'\nmax_size = 0\n", "x.toml:5: CAMERA.max_size"},
		{HEAD "make = 'x'\nid = 'path'\n" HEAD "make = 'y'\nid = 'path'\n",
			"x.toml:5: there is a camera profile 'mine' already, at x.toml:1"},
		{HEAD "make = '((a{200}){200}){200}'\nid = 'path'\n", "repeats too often"},
		{HEAD "make = '(a)\\1'\nid = 'path'\n", "refers back"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error err = {0};

		assert_null(load(rows[i][0], &err));
		assert_int_equal(err.kind, ERROR_SETTINGS);
		if (strstr(err.message, rows[i][1]) == NULL)
			fail_msg("'%s' does not say '%s'", err.message, rows[i][1]);
	}
}

static void check(
	const char *toml, const struct spec *spec, const char *path, struct camera_check *result)
{
	static struct bytes bytes;
	struct error err = {0};
	struct camera_profiles *profiles = load(toml, &err);
	struct camera_checking checking = {.profiles = profiles, .now = NOW};

	if (profiles == NULL)
		fail_msg("%s", err.message);
	make_picture(spec, &bytes);
	camera_check_bytes(&checking, path, bytes.data, bytes.size, result);
	result->profile = NULL; /* it goes with the list */
	camera_profiles_free(profiles);
}

static void test_sources(void **state)
{
	static const char comment[] = "\0\0\0\0\0\0\0\0MR=C.1,ID=CC0147,BP=50%";
	static const struct {
		const char *toml, *path, *id;
	} rows[] = {
		{"id = 'exif:Model'", "a.jpg", "M 1"},
		{"id = 'exif:0x0110'", "a.jpg", "M 1"},
		{"id = 'exif:Model'\nid_pattern = '[0-9]+'", "a.jpg", "1"},
		{"id = 'exif:Model'\nid_pattern = '(M) ([0-9])'\nid_group = 2", "a.jpg", "1"},
		{"id = 'exif:SerialNumber'", "a.jpg", NULL},
		{"id = 'file-name'\nid_pattern = '^([^_]*)_'", "x/CAM7_0001.jpg.1", "CAM7"},
		{"id = 'path'\nid_pattern = '^([^/]*)/'", "site 3/IMG.jpg", "site 3"},
		{"id = 'user-comment:ID'", "a.jpg", "CC0147"},
		{"id = 'user-comment:XX'", "a.jpg", NULL},
		{"id = 'maker-note:serial'", "a.jpg", NULL},
		{"id = 'maker-note:label'", "a.jpg", "CC0147"},
		{"id = 'description:Camera'", "a.jpg", "K9"},
	};
	struct spec spec = {.make = "CUDDEBACK",
		.model = "M 1",
		.original = "2025:12:05 15:46:07",
		.description = "x=1\r\nCamera= K9\r\n",
		.comment = comment,
		.comment_size = sizeof comment - 1};
	struct camera_check result;
	char toml[300];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(toml, sizeof toml, HEAD "make = 'cudde'\n%s\n", rows[i].toml);
		check(toml, &spec, rows[i].path, &result);
		if (rows[i].id == NULL) {
			assert_string_equal(camera_reason_name(result.reason), "missing_device_id");
			continue;
		}
		if (result.verdict != CAMERA_OK)
			fail_msg("%s: %s", rows[i].toml, result.details);
		assert_string_equal(result.id, rows[i].id);
	}
}

static void test_date_and_position(void **state)
{
	struct spec spec = {.make = "X"};
	struct camera_check result;
	char date[TIMESTAMP_SIZE];

	(void)state;
	check(HEAD "path = '^cams/'\nid = 'path'\nid_pattern = '/([^/]*)/'\ndate = 'path'\n"
		   "date_pattern = '/([0-9]{2})([0-9]{2})([0-9]{4})/([0-9]{2})h([0-9]{2})'\n"
		   "date_order = 'DMYhm'\ngps = 'path'\ngps_pattern = "
		   "'@(-?[0-9]+.[0-9]+),(-?[0-9]+.[0-9]+)'\n"
		   "requires = ['gps', 'date']\n",
		&spec, "cams/one/31122025/23h59@-1.5,2.25.jpg", &result);
	assert_int_equal(result.verdict, CAMERA_OK);
	assert_string_equal(result.id, "one");
	format_wall(&result.date, date);
	assert_string_equal(date, "2025-12-31T23:59:00");
	assert_true(result.latitude == -1.5 && result.longitude == 2.25);
	/* Neither is needed. */
	check(HEAD "make = 'x'\nid = 'exif:Make'\nrequires = []\n", &spec, "a.jpg", &result);
	assert_int_equal(result.verdict, CAMERA_OK);
	assert_int_equal(result.date_source, TIME_NONE);
	/* A date is needed when nothing is said. */
	check(HEAD "make = 'x'\nid = 'exif:Make'\n", &spec, "a.jpg", &result);
	assert_string_equal(camera_reason_name(result.reason), "missing_datetime");
	check(HEAD "make = 'x'\nid = 'exif:Make'\nrequires = []\nmax_size = 10\n", &spec, "a.jpg",
		&result);
	assert_string_equal(camera_reason_name(result.reason), "validation_failed");
}

/* The order of the list: path profiles, then EXIF ones, the built-in before one's own. */
static void test_precedence(void **state)
{
	struct spec spec = {.make = "Willfine",
		.model = "4.0T CG",
		.serial = "1 2",
		.original = "2025:12:05 15:46:07"};
	struct camera_check result;

	(void)state;
	check(HEAD "make = 'willfine'\nid = 'exif:Model'\n", &spec, "a.jpg", &result);
	assert_string_equal(camera_reason_name(result.reason), "missing_gps");
	/* One's own of the same name takes the place of the built-in one. */
	check("[[CAMERA]]\nname = 'willfine-2025'\nmake = 'willfine'\nid = 'exif:Model'\n", &spec,
		"a.jpg", &result);
	assert_int_equal(result.verdict, CAMERA_OK);
	assert_string_equal(result.id, "4.0T CG");
	check(HEAD "path = 'a'\nid = 'file-name'\ndate = 'none'\nrequires = []\n", &spec, "a.jpg",
		&result);
	assert_string_equal(result.id, "a.jpg");
	/* From the beginning of the path only. */
	check(HEAD "path = 'a'\nid = 'file-name'\ndate = 'none'\nrequires = []\n", &spec,
		"x/ba.jpg", &result);
	assert_string_equal(camera_reason_name(result.reason), "missing_gps");
}

static void test_draft(void **state)
{
	char name[] = "/tmp/trapkit-draft-XXXXXX";
	static struct bytes bytes;
	struct spec spec = {
		.make = "A.B (C)", .model = "X", .serial = "S1", .original = "2025:12:05 15:46:07"};
	struct camera_draft *draft = camera_draft_new();
	struct error err = {0};
	int fd = mkstemp(name);
	FILE *file = fdopen(fd, "w+");
	struct camera_check result;
	char *text;

	(void)state;
	make_picture(&spec, &bytes);
	fwrite(bytes.data, 1, bytes.size, file);
	fflush(file);
	assert_int_equal(camera_draft_add(draft, "a\nb.jpg", fd, &err), 0);
	fclose(file);
	remove(name);
	text = camera_draft_finish(draft);
	/* What is drafted is a good section that takes the sample. */
	check(text, &spec, "a.jpg", &result);
	assert_int_equal(result.verdict, CAMERA_OK);
	assert_string_equal(result.id, "S1");
	spec.make = "AxB C";
	check(text, &spec, "a.jpg", &result);
	assert_string_equal(camera_reason_name(result.reason), "unsupported_camera");
	free(text);
	camera_draft_free(draft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_show_again),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_date_and_position),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_draft),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
