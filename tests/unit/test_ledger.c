/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger: what is put comes back, in order, as it was. */
#include "ledger_help.h"

static void a_file_comes_back(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_files *files;
	struct resource got;
	struct error err = {0};

	(void)state;
	assert_non_null(ledger);
	put(ledger, "winter/R1/100RECNX/I.JPG", "winter", "R1", "100RECNX_I.JPG");
	ledger_close(ledger);
	ledger = open_it(LEDGER_WRITE);
	files = ledger_files_open(ledger, NULL, NULL, &err);
	assert_int_equal(ledger_files_next(files, &got, &err), 1);
	assert_string_equal(got.path, "winter/R1/100RECNX/I.JPG");
	assert_string_equal(got.collection, "winter");
	assert_string_equal(got.deployment, "R1");
	assert_string_equal(got.name, "100RECNX_I.JPG");
	assert_true(got.size == 2500000 && got.mtime_ns == INT64_C(1719820800123456789));
	assert_int_equal(got.facts.type, MEDIA_JPEG);
	assert_int_equal(got.facts.trouble, TROUBLE_BAD_GPS);
	assert_int_equal(got.facts.width, 4032);
	assert_true(isnan(got.facts.fps) && isnan(got.facts.longitude));
	assert_true(got.facts.latitude == -41.5);
	assert_int_equal(got.facts.taken.year, 2024);
	assert_int_equal(got.facts.taken.month, 7);
	assert_int_equal(got.facts.taken.day, 1);
	assert_int_equal(got.facts.taken.hour, 8);
	assert_int_equal(got.facts.taken.minute, 0);
	assert_int_equal(got.facts.taken.second, 59);
	assert_false(got.facts.taken.has_offset || got.has_sha256 || got.racy);
	assert_string_equal(got.facts.make, "RECONYX");
	assert_string_equal(got.facts.serial, "");
	assert_int_equal(ledger_files_next(files, &got, &err), 0);
	ledger_files_close(files);
	ledger_close(ledger);
}

/* Bytes that are no UTF-8 are names like others; order is that of bytes, not of any language. */
static void names_are_bytes(void **state)
{
	static char *names[] = {"Jon\xE1s.jpg", "B.jpg", "a.jpg", "\xFF\xFE.jpg", "Z\xC5\x81.jpg"};
	static const char *const sorted[] = {
		"B.jpg", "Jon\xE1s.jpg", "Z\xC5\x81.jpg", "a.jpg", "\xFF\xFE.jpg"};
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_files *files;
	struct resource got;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		char path[64];

		snprintf(path, sizeof path, "\xE9t\xE9/d/%s", names[i]);
		put(ledger, path, "\xE9t\xE9", "d", names[i]);
	}
	files = ledger_files_open(ledger, "\xE9t\xE9", "d", &err);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(ledger_files_next(files, &got, &err), 1);
		assert_string_equal(got.name, sorted[i]);
	}
	assert_int_equal(ledger_files_next(files, &got, &err), 0);
	ledger_files_close(files);
	ledger_close(ledger);
}

static void order_is_by_folder_then_name(void **state)
{
	static const char *const sorted[] = {
		"a/x/1.jpg", "a/x/100AB/1.jpg", "a/x/100AB/2.jpg", "a/y/0.jpg", "a.b/x/9.jpg"};
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_files *files;
	struct resource got;
	struct error err = {0};

	(void)state;
	put(ledger, "a.b/x/9.jpg", "a.b", "x", "9.jpg");
	put(ledger, "a/x/100AB/2.jpg", "a", "x", "100AB_2.jpg");
	put(ledger, "a/y/0.jpg", "a", "y", "0.jpg");
	put(ledger, "a/x/1.jpg", "a", "x", "1.jpg");
	put(ledger, "a/x/100AB/1.jpg", "a", "x", "100AB_1.jpg");
	files = ledger_files_open(ledger, NULL, NULL, &err);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(ledger_files_next(files, &got, &err), 1);
		assert_string_equal(got.path, sorted[i]);
		/* Changes under the walk, also of the very file, neither repeat nor lose one. */
		assert_int_equal(ledger_put_sha256(ledger, got.path,
					 (const uint8_t *)"0123456789abcdef0123456789abcdef", &err),
			0);
		if (i == 2)
			assert_int_equal(ledger_remove_file(ledger, got.path, &err), 0);
	}
	assert_int_equal(ledger_files_next(files, &got, &err), 0);
	ledger_files_close(files);
	ledger_close(ledger);
}

/* Returns whether the stored file has a SHA-256. */
static bool has_digest(struct ledger *ledger, const char *path)
{
	struct resource got = {0};
	struct error err = {0};
	bool has;

	assert_int_equal(ledger_get_file(ledger, path, &got, &err), 1);
	has = got.has_sha256;
	free(got.path);
	free(got.collection);
	free(got.deployment);
	free(got.name);
	return has;
}

static void digest_stays_while_the_file_does(void **state)
{
	static const uint8_t digest[SHA256_SIZE] = {1, 2, 3};
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct resource resource = file_of("a/b/c.jpg", "a", "b", "c.jpg");
	struct error err = {0};

	(void)state;
	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
	assert_int_equal(ledger_put_sha256(ledger, "a/b/c.jpg", digest, &err), 0);
	resource.facts.trouble = 0;
	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
	assert_true(has_digest(ledger, "a/b/c.jpg"));
	resource.mtime_ns++;
	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
	assert_false(has_digest(ledger, "a/b/c.jpg"));

	/* A racy file may have changed behind equal size and mtime. */
	resource.racy = true;
	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
	assert_int_equal(ledger_put_sha256(ledger, "a/b/c.jpg", digest, &err), 0);
	resource.racy = false;
	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
	assert_false(has_digest(ledger, "a/b/c.jpg"));
	resource.size++;
	assert_int_equal(ledger_put_sha256(ledger, "a/b/c.jpg", digest, &err), 0);
	assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
	assert_false(has_digest(ledger, "a/b/c.jpg"));

	assert_int_equal(ledger_put_sha256(ledger, "a/b/d.jpg", digest, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	ledger_close(ledger);
}

static void a_name_must_agree_with_its_path(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct resource resource = file_of("a/b/100AB/c.jpg", "a", "b", "c.jpg");
	struct error err = {0};

	(void)state;
	assert_int_equal(ledger_put_file(ledger, &resource, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	resource.path = "a/c.jpg";
	assert_int_equal(ledger_put_file(ledger, &resource, &err), -1);
	ledger_close(ledger);
}

static void deployments_are_listed_and_forgotten(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_deployment_list list = {0};
	struct error err = {0};

	(void)state;
	put(ledger, "w/b/1.jpg", "w", "b", "1.jpg");
	put(ledger, "w/a/1.jpg", "w", "a", "1.jpg");
	put(ledger, "w/a/2.jpg", "w", "a", "2.jpg");
	put(ledger, "s/a/1.jpg", "s", "a", "1.jpg");
	assert_int_equal(ledger_deployments(ledger, "w", &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].deployment, "a");
	assert_int_equal(list.items[0].files, 2);
	assert_int_equal(list.items[0].bytes, 5000000);
	ledger_deployment_list_release(&list);
	assert_int_equal(ledger_remove_deployment(ledger, "w", "a", &err), 0);
	assert_int_equal(ledger_remove_deployment(ledger, "w", "none", &err), 0);
	assert_int_equal(ledger_deployments(ledger, NULL, &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].collection, "s");
	assert_string_equal(list.items[1].deployment, "b");
	ledger_deployment_list_release(&list);
	/* The folder that was used last is gone: a file in it must find a new one. */
	put(ledger, "w/a/3.jpg", "w", "a", "3.jpg");
	assert_int_equal(ledger_deployments(ledger, "w", &list, &err), 0);
	assert_int_equal(list.count, 2);
	ledger_deployment_list_release(&list);
	ledger_close(ledger);
}

static void rollback_forgets(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_deployment_list list = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(ledger_begin(ledger, &err), 0);
	put(ledger, "w/a/1.jpg", "w", "a", "1.jpg");
	ledger_rollback(ledger);
	put(ledger, "w/a/2.jpg", "w", "a", "2.jpg");
	assert_int_equal(ledger_begin(ledger, &err), 0);
	put(ledger, "w/a/3.jpg", "w", "a", "3.jpg");
	ledger_close(ledger);
	ledger = open_it(LEDGER_WRITE);
	assert_int_equal(ledger_deployments(ledger, NULL, &list, &err), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].files, 1);
	ledger_deployment_list_release(&list);
	ledger_close(ledger);
}

static void packages_and_uploads(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_package package = {
		.name = "w_part002", .set = "w", .part = 2, .parts = 2, .folder = "/mnt/Jon\xE1s"};
	struct ledger_package first = {.name = "w_part001",
		.set = "w",
		.part = 1,
		.parts = 2,
		.folder = "/mnt/Jon\xE1s",
		.zip_size = 5000000000,
		.trigger = TRIGGER_POSTING};
	struct ledger_package_list list = {0};
	struct ledger_upload upload = {.destination = "ftps://h/c",
		.remote_name = "w.zip",
		.size = 5000000000,
		.renaming = true};
	struct ledger_upload got = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(ledger_put_package(ledger, &package, &err), 0);
	assert_int_equal(ledger_put_package(ledger, &first, &err), 0);
	assert_true(package.id > 0 && first.id > package.id);
	package.task = "42";
	assert_int_equal(ledger_put_package(ledger, &package, &err), 0);
	assert_int_equal(ledger_packages(ledger, &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].name, "w_part001");
	assert_string_equal(list.items[0].folder, "/mnt/Jon\xE1s");
	assert_true(list.items[0].zip_size == 5000000000);
	assert_int_equal(list.items[0].trigger, TRIGGER_POSTING);
	assert_null(list.items[0].task);
	assert_string_equal(list.items[1].task, "42");
	ledger_package_list_release(&list);
	assert_int_equal(ledger_remove_package(ledger, first.id, &err), 0);
	assert_int_equal(ledger_put_package(ledger, &first, &err), -1);

	assert_int_equal(ledger_get_upload(ledger, "ftps://h/c", "w.zip", &got, &err), 0);
	assert_int_equal(ledger_put_upload(ledger, &upload, &err), 0);
	upload.done = true;
	assert_int_equal(ledger_put_upload(ledger, &upload, &err), 0);
	assert_int_equal(ledger_get_upload(ledger, "ftps://h/c", "w.zip", &got, &err), 1);
	assert_true(got.size == 5000000000 && got.renaming && got.done);
	assert_null(got.temporary);
	ledger_upload_release(&got);
	assert_int_equal(ledger_remove_upload(ledger, "ftps://h/c", "w.zip", &err), 0);
	assert_int_equal(ledger_get_upload(ledger, "ftps://h/c", "w.zip", &got, &err), 0);
	ledger_close(ledger);
}

static void renditions(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_rendition rendition = {.path = "a/b/\xE1.avi",
		.size = 7,
		.mtime_ns = -5,
		.settings = "1920x1920",
		.rendition = "renditions/a/b/\xE1.mp4",
		.rendition_size = 3,
		.has_sha256 = true,
		.sha256 = {1, 0, 255}};
	struct ledger_rendition got = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(ledger_put_rendition(ledger, &rendition, &err), 0);
	assert_int_equal(ledger_get_rendition(ledger, "a/b/\xE1.avi", &got, &err), 1);
	assert_string_equal(got.rendition, "renditions/a/b/\xE1.mp4");
	assert_true(got.mtime_ns == -5 && got.size == 7 && got.rendition_size == 3);
	assert_true(got.has_sha256);
	assert_memory_equal(got.sha256, rendition.sha256, SHA256_SIZE);
	ledger_rendition_release(&got);
	assert_int_equal(ledger_remove_rendition(ledger, "a/b/\xE1.avi", &err), 0);
	assert_int_equal(ledger_get_rendition(ledger, "a/b/\xE1.avi", &got, &err), 0);
	ledger_close(ledger);
}

static int camera_state(struct ledger *ledger, const char *sha256, const char *place)
{
	struct ledger_camera_file file = {0};
	struct error err = {0};
	int found = ledger_get_camera_file(ledger, "ftps://c@h:21/", sha256, place, &file, &err);
	int state = found == 1 ? (int)file.state : -1;

	if (found == 1) {
		assert_string_equal(file.remote, "E\xE1.JPG");
		assert_string_equal(file.place, place);
		assert_true(file.size == 10485760 && file.changed == 1766000000);
		assert_string_equal(file.sha256, sha256);
	}
	ledger_camera_file_release(&file);
	return state;
}

static void camera_files_are_known_by_contents_and_place(void **state)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct ledger_camera_file file = {.destination = "ftps://c@h:21/",
		.sha256 = "0100ff",
		.place = "",
		.remote = "E\xE1.JPG",
		.size = 10485760,
		.state = CAMERA_FILE_SENDING,
		.changed = 1766000000};
	struct error err = {0};

	(void)state;
	assert_int_equal(ledger_put_camera_file(ledger, &file, &err), 0);
	file.state = CAMERA_FILE_SENT;
	file.place = "INSTAR/a.jpg";
	assert_int_equal(ledger_put_camera_file(ledger, &file, &err), 0);
	assert_int_equal(camera_state(ledger, file.sha256, ""), CAMERA_FILE_SENDING);
	assert_int_equal(camera_state(ledger, file.sha256, "INSTAR/a.jpg"), CAMERA_FILE_SENT);
	assert_int_equal(camera_state(ledger, file.sha256, "INSTAR/b.jpg"), -1);
	assert_int_equal(camera_state(ledger, "0100fe", ""), -1);
	file.place = "";
	assert_int_equal(ledger_put_camera_file(ledger, &file, &err), 0);
	ledger_close(ledger);
	ledger = open_it(LEDGER_READ);
	assert_int_equal(camera_state(ledger, file.sha256, ""), CAMERA_FILE_SENT);
	ledger_close(ledger);
	ledger = open_it(LEDGER_WRITE);
	assert_int_equal(
		ledger_remove_camera_file(ledger, file.destination, file.sha256, "", &err), 0);
	assert_int_equal(camera_state(ledger, file.sha256, ""), -1);
	assert_int_equal(camera_state(ledger, file.sha256, "INSTAR/a.jpg"), CAMERA_FILE_SENT);
	ledger_close(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_comes_back),
		TEST(names_are_bytes),
		TEST(order_is_by_folder_then_name),
		TEST(digest_stays_while_the_file_does),
		TEST(a_name_must_agree_with_its_path),
		TEST(deployments_are_listed_and_forgotten),
		TEST(rollback_forgets),
		TEST(packages_and_uploads),
		TEST(renditions),
		TEST(camera_files_are_known_by_contents_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
