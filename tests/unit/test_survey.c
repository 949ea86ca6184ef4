/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The survey: what belongs is found and read once, what does not is told, nothing is forgotten. */
#include "trapkit/survey.h"

#include "tree_help.h"

#include "trapkit/ledger.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

/* A picture as far as names go: the start of a JPEG. Dates come from the files' names. */
#define PICTURE "\xFF\xD8\xFF\xD9"
/* 2026-01-01T00:00:00Z: 20454 days */
#define NOW (INT64_C(20454) * 86400)

static struct ledger *ledger;
static struct survey_result result;
static struct survey_settings settings;

/* ---- reads that fail, and counting them: stands before libc's ---- */

static unsigned opened, failures;
static const char *failing; /* in the path of files that fail with EIO */

int openat64(int folder, const char *path, int flags, ...);
int openat64(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;
	bool media = strlen(path) > 4 && strchr("gGiI4", path[strlen(path) - 1]) != NULL &&
		(flags & O_DIRECTORY) == 0;

	if (flags & O_CREAT) {
		va_list arguments;

		va_start(arguments, flags);
		mode = (mode_t)va_arg(arguments, unsigned);
		va_end(arguments);
	}
	if (media)
		__atomic_add_fetch(&opened, 1, __ATOMIC_RELAXED);
	if (media && failing != NULL && strstr(path, failing) != NULL &&
		__atomic_load_n(&failures, __ATOMIC_RELAXED) > 0) {
		__atomic_sub_fetch(&failures, 1, __ATOMIC_RELAXED);
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static int set_up(void **state)
{
	static char data[512];
	struct error err = {0};

	if (make_scratch(state) != 0)
		return -1;
	snprintf(data, sizeof data, "%s/data", scratch);
	if (mkdir(data, 0700) != 0)
		return -1;
	settings = (struct survey_settings){.data_path = data, .jobs = 2, .now = NOW};
	failing = NULL;
	failures = 0;
	ledger = ledger_open(in_scratch("work"), LEDGER_WRITE, 0, NULL, NULL, &err);
	return ledger == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	survey_result_release(&result);
	ledger_close(ledger);
	return remove_scratch(state);
}

static void survey(void)
{
	struct error err = {0};

	survey_result_release(&result);
	opened = 0;
	if (survey_run(&settings, ledger, &result, NULL, &err) != 0)
		fail_msg("%s", err.message);
}

/* The ledger's paths, one a line, in its order. */
static const char *known(void)
{
	static char text[8192];
	struct error err = {0};
	struct ledger_files *files = ledger_files_open(ledger, NULL, NULL, &err);
	struct resource file;

	text[0] = '\0';
	assert_non_null(files);
	while (ledger_files_next(files, &file, &err) == 1)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", file.path);
	ledger_files_close(files);
	return text;
}

/* The reason why the path was left out; "" when it was not. `failed` must be as told. */
static const char *reason_of(const char *path, bool failed)
{
	for (size_t i = 0; i < result.problems.count; i++)
		if (strcmp(result.problems.items[i].path, path) == 0) {
			assert_int_equal(result.problems.items[i].failed, failed);
			return result.problems.items[i].reason;
		}
	return "";
}

static void assert_reason(const char *path, bool failed, const char *part)
{
	if (strstr(reason_of(path, failed), part) == NULL)
		fail_msg("'%s' is not in the reason of '%s': '%s'", part, path,
			reason_of(path, failed));
}

static void the_tree_is_found(void **state)
{
	(void)state;
	make_file("data/winter/R1/100RECNX/20240701_080000.JPG", PICTURE);
	make_file("data/winter/R1/DCIM/101RECNX/20240630_235959.JPG", PICTURE);
	make_file("data/winter/R1/20240702_000000.avi", "RIFF");
	make_file("data/winter/R2/no_date.png", PICTURE);
	make_file("data/summer.2/A/1.jpeg", PICTURE);
	make_file("data/summer/A/1.mp4", PICTURE);
	survey();
	assert_string_equal(known(),
		"summer/A/1.mp4\nsummer.2/A/1.jpeg\n"
		"winter/R1/100RECNX/20240701_080000.JPG\n"
		"winter/R1/20240702_000000.avi\n"
		"winter/R1/DCIM/101RECNX/20240630_235959.JPG\n"
		"winter/R2/no_date.png\n");
	assert_int_equal(result.files, 6);
	assert_int_equal(result.read, 6);
	assert_int_equal(result.bytes, 24);
	assert_int_equal(result.failed + result.skipped + result.junk, 0);
	assert_int_equal(result.deployments.count, 4);
	assert_string_equal(result.deployments.items[2].collection, "winter");
	assert_string_equal(result.deployments.items[2].deployment, "R1");
	assert_int_equal(result.deployments.items[2].files, 3);
	assert_int_equal(result.deployments.items[2].undated, 0);
	assert_true(result.deployments.items[2].dated);
	assert_int_equal(result.deployments.items[2].first.month, 6);
	assert_int_equal(result.deployments.items[2].first.second, 59);
	assert_int_equal(result.deployments.items[2].last.day, 2);
	assert_int_equal(result.deployments.items[3].undated, 1);
	assert_false(result.deployments.items[3].dated);
}

/* F52 */
static void what_does_not_belong_is_told(void **state)
{
	(void)state;
	make_file("data/lost.jpg", PICTURE);
	make_file("data/deployments.csv", "a");
	make_file("data/c/lost.jpg", PICTURE);
	make_file("data/c/notes.txt", "a");
	make_file("data/c/d/ok.jpg", PICTURE);
	make_file("data/c/d/empty.jpg", "");
	make_file("data/c/d/report.txt", "a");
	make_file("data/c/d/.hidden.jpg", PICTURE);
	make_file("data/c/d/._ok.jpg", PICTURE);
	make_file("data/c/d/Thumbs.db", "a");
	make_file("data/c/d/new\nline.jpg", PICTURE);
	make_file("data/c/d/back\\slash.jpg", PICTURE);
	make_file("data/c/d/Jon\xE1s.jpg", PICTURE);
	make_file("data/c/d/sorted/deer/1.jpg", PICTURE);
	make_file("data/c/d/papers/notes.txt", "a");
	make_file("data/c/\xFF/1.jpg", PICTURE);
	make_file("data/.trapkit/x/1.jpg", PICTURE);
	make_file("data/System Volume Information/x/1.jpg", PICTURE);
	assert_int_equal(symlink("ok.jpg", in_scratch("data/c/d/link.jpg")), 0);
	assert_int_equal(symlink("d", in_scratch("data/c/other")), 0);
	assert_int_equal(symlink("notes.txt", in_scratch("data/c/text")), 0);
	assert_int_equal(mkfifo(in_scratch("data/c/d/pipe.jpg"), 0600), 0);
	survey();
	assert_string_equal(known(), "c/d/ok.jpg\n");
	assert_reason("lost.jpg", true, "not lie in a deployment folder");
	assert_reason("c/lost.jpg", true, "not lie in a deployment folder");
	assert_reason("c/notes.txt", false, "not a picture or video");
	assert_reason("c/d/empty.jpg", false, "empty file");
	assert_reason("c/d/report.txt", false, "not a picture or video");
	assert_reason("c/d/new\nline.jpg", true, "line break");
	assert_reason("c/d/back\\slash.jpg", true, "backslash");
	assert_reason("c/d/Jon\xE1s.jpg", true, "not UTF-8");
	assert_reason("c/d/sorted", true, "no camera makes");
	assert_reason("c/d/papers", false, "no camera makes");
	assert_reason("c/\xFF", true, "not UTF-8");
	assert_reason("c/d/link.jpg", true, "symbolic link");
	assert_reason("c/other", true, "symbolic link");
	assert_reason("c/text", false, "symbolic link");
	assert_reason("c/d/pipe.jpg", false, "pipe");
	assert_int_equal(result.failed, 9);
	assert_int_equal(result.skipped, 6);
	assert_int_equal(result.junk, 5);
	assert_int_equal(result.empty, 1);
	assert_int_equal(result.problems.count, 15);
	assert_int_equal(result.deployments.count, 1);
	assert_int_equal(result.deployments.items[0].failed, 5);
	assert_int_equal(result.deployments.items[0].skipped, 4);
}

/* F53 */
static void equal_names_are_told(void **state)
{
	(void)state;
	make_file("data/c/d/100AB/1.jpg", PICTURE);
	make_file("data/c/d/100AB_1.jpg", PICTURE);
	make_file("data/c/d/100AB_0.jpg", PICTURE);
	make_file("data/c/d/100AB/2.jpg", PICTURE);
	survey();
	assert_string_equal(known(), "c/d/100AB_0.jpg\nc/d/100AB/1.jpg\nc/d/100AB/2.jpg\n");
	assert_reason("c/d/100AB_1.jpg", true, "same name as '100AB/1.jpg'");
	survey();
	assert_int_equal(opened, 0);
	assert_int_equal(result.failed, 1);
}

static void the_second_survey_opens_nothing(void **state)
{
	(void)state;
	make_file("data/c/d/100AB/1.jpg", PICTURE);
	make_file("data/c/d/20240701_080000.jpg", PICTURE);
	make_file("data/c/e/3.jpg", PICTURE);
	survey();
	assert_int_equal(opened, 3);
	survey();
	assert_int_equal(opened, 0);
	assert_int_equal(result.files, 3);
	assert_int_equal(result.read, 0);
	assert_int_equal(result.bytes, 12);
	/* What is known of them comes from the ledger. */
	assert_true(result.deployments.items[0].dated);
	assert_int_equal(result.deployments.items[0].first.hour, 8);

	/* Changed, new, gone, and moved to where it comes to the same name. */
	make_file("data/c/e/3.jpg", PICTURE "more");
	make_file("data/c/e/4.jpg", PICTURE);
	assert_int_equal(unlink(in_scratch("data/c/d/20240701_080000.jpg")), 0);
	assert_int_equal(
		rename(in_scratch("data/c/d/100AB/1.jpg"), in_scratch("data/c/d/100AB_1.jpg")), 0);
	survey();
	assert_int_equal(opened, 3);
	assert_int_equal(result.removed, 1);
	assert_string_equal(known(), "c/d/100AB_1.jpg\nc/e/3.jpg\nc/e/4.jpg\n");
}

static void what_is_gone_is_forgotten(void **state)
{
	struct string_list only_a = {0};

	(void)state;
	make_file("data/a/d/1.jpg", PICTURE);
	make_file("data/a/e/1.jpg", PICTURE);
	make_file("data/a/e/2.jpg", PICTURE);
	make_file("data/b/d/1.jpg", PICTURE);
	survey();
	remove_tree_at(AT_FDCWD, in_scratch("data/a/e"));
	remove_tree_at(AT_FDCWD, in_scratch("data/b"));
	/* Collections that are not asked for are left alone. */
	string_list_add(&only_a, "a/");
	string_list_add(&only_a, "a");
	settings.collections = &only_a;
	survey();
	assert_int_equal(result.collections.count, 1);
	assert_int_equal(result.removed, 2);
	assert_string_equal(known(), "a/d/1.jpg\nb/d/1.jpg\n");
	settings.collections = NULL;
	survey();
	assert_int_equal(result.removed, 1);
	assert_string_equal(known(), "a/d/1.jpg\n");
	string_list_release(&only_a);
}

static void collections_come_in_the_order_given(void **state)
{
	struct string_list wanted = {0};
	struct error err = {0};

	(void)state;
	make_file("data/winter/d/1.jpg", PICTURE);
	make_file("data/autumn/d/1.jpg", PICTURE);
	make_folder("data/autumn/e");
	make_folder("data/empty/d");
	make_file("data/stray.jpg", PICTURE);
	string_list_add(&wanted, "winter");
	string_list_add(&wanted, "empty");
	string_list_add(&wanted, "autumn");
	settings.collections = &wanted;
	survey();
	assert_string_equal(result.deployments.items[0].collection, "winter");
	assert_string_equal(result.deployments.items[1].collection, "autumn");
	assert_int_equal(result.deployments.count, 2);
	assert_int_equal(result.empty_collections.count, 1);
	assert_string_equal(result.empty_collections.items[0], "empty");
	assert_int_equal(result.empty_deployments.count, 2);
	assert_string_equal(result.empty_deployments.items[0], "empty/d");
	assert_string_equal(result.empty_deployments.items[1], "autumn/e");
	assert_int_equal(result.failed, 0);

	string_list_add(&wanted, "wintre");
	survey_result_release(&result);
	assert_int_equal(survey_run(&settings, ledger, &result, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.message, "collection 'wintre' is not in"));
	assert_non_null(strstr(err.message, "did you mean 'winter'?"));
	string_list_release(&wanted);
	settings.data_path = in_scratch("none");
	assert_int_equal(survey_run(&settings, ledger, &result, NULL, &err), -1);
	assert_non_null(strstr(err.message, "cannot open data path"));
}

static void extensions_are_settings(void **state)
{
	struct string_list images = {0}, videos = {0};

	(void)state;
	make_file("data/c/d/1.jpg", PICTURE);
	make_file("data/c/d/2.WEBP", PICTURE);
	make_file("data/c/d/3.gif", PICTURE);
	make_file("data/c/d/4.mp4", PICTURE);
	make_file("data/c/d/gif", PICTURE);
	string_list_add(&images, ".webp");
	string_list_add(&images, "gif");
	settings.image_extensions = &images;
	settings.video_extensions = &videos;
	survey();
	assert_string_equal(known(), "c/d/2.WEBP\nc/d/3.gif\n");
	assert_int_equal(result.skipped, 3);
	string_list_release(&images);
}

static void a_racy_file_is_read_again(void **state)
{
	const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	const struct timespec future[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};

	(void)state;
	make_file("data/c/d/1.jpg", PICTURE);
	make_file("data/c/d/2.jpg", PICTURE);
	assert_int_equal(utimensat(AT_FDCWD, in_scratch("data/c/d/1.jpg"), now, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, in_scratch("data/c/d/2.jpg"), future, 0), 0);
	survey();
	assert_int_equal(opened, 2);
	survey();
	assert_int_equal(opened, 1);
	make_file("data/c/d/1.jpg", PICTURE);
	survey();
	assert_int_equal(opened, 1);
	survey();
	assert_int_equal(opened, 0);
}

static void a_read_error_is_tried_again(void **state)
{
	(void)state;
	make_file("data/c/d/bad.jpg", PICTURE);
	make_file("data/c/d/good.jpg", PICTURE);
	failing = "bad";
	failures = 1;
	survey();
	assert_int_equal(failures, 0);
	assert_int_equal(result.failed, 0);
	assert_int_equal(result.files, 2);

	/* Fails for good: told, and what was known of it before is no longer claimed. */
	make_file("data/c/d/bad.jpg", PICTURE "more");
	failures = 100;
	survey();
	assert_int_equal(failures, 98);
	assert_int_equal(result.failed, 1);
	assert_reason("c/d/bad.jpg", true, "Input/output error");
	assert_string_equal(known(), "c/d/good.jpg\n");
	assert_int_equal(result.deployments.items[0].failed, 1);
	assert_int_equal(result.deployments.items[0].files, 1);
	failing = NULL;
	survey();
	assert_string_equal(known(), "c/d/bad.jpg\nc/d/good.jpg\n");
}

static void fail_fast_stops(void **state)
{
	struct error err = {0};

	(void)state;
	make_file("data/a/d/1.jpg", PICTURE);
	make_file("data/b/stray.jpg", PICTURE);
	make_file("data/c/d/1.jpg", PICTURE);
	settings.fail_fast = true;
	assert_int_equal(survey_run(&settings, ledger, &result, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.message, "'b/stray.jpg': does not lie in"));
	assert_string_equal(known(), "a/d/1.jpg\n");
}

static int stop_after_some(void *context, const struct progress_event *event)
{
	(void)context;
	return event->files_done >= 3;
}

static void stopping_keeps_what_was_read(void **state)
{
	const struct progress progress = {.report = stop_after_some};
	struct error err = {0};
	unsigned before;

	(void)state;
	for (int i = 0; i < 50; i++) {
		char name[64];

		snprintf(name, sizeof name, "data/c/d/%02d.jpg", i);
		make_file(name, PICTURE);
	}
	settings.jobs = 1;
	assert_int_equal(survey_run(&settings, ledger, &result, &progress, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	before = opened;
	assert_true(before > 0 && before < 50);
	survey();
	assert_int_equal(result.files, 50);
	assert_int_equal(result.read, 47);
}

static void problems_are_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < SURVEY_MOST_PROBLEMS + 5; i++) {
		char name[64];

		snprintf(name, sizeof name, "data/c/d/%04d.txt", i);
		make_file(name, "a");
	}
	survey();
	assert_int_equal(result.skipped, SURVEY_MOST_PROBLEMS + 5);
	assert_int_equal(result.problems.count, SURVEY_MOST_PROBLEMS);
}

static void a_scratch_ledger_leaves_no_trace(void **state)
{
	struct error err = {0};

	(void)state;
	make_file("data/c/d/1.jpg", PICTURE);
	ledger_close(ledger);
	remove_tree_at(AT_FDCWD, in_scratch("work"));
	ledger = ledger_open(in_scratch("work"), LEDGER_SCRATCH, 0, NULL, NULL, &err);
	assert_non_null(ledger);
	survey();
	assert_string_equal(known(), "c/d/1.jpg\n");
	assert_int_equal(access(in_scratch("work"), F_OK), -1);
}

#define SURVEY_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

/* test_survey DATA WORK: surveys, as the commands do; for measuring and for other tests. */
static int survey_folder(const char *data, const char *work)
{
	struct survey_settings given = {.data_path = data, .now = (int64_t)time(NULL)};
	struct error err = {0};
	struct timespec began;
	int outcome;

	clock_gettime(CLOCK_MONOTONIC, &began);
	ledger = ledger_open(work, LEDGER_WRITE, 0, NULL, NULL, &err);
	outcome = ledger == NULL ? -1 : survey_run(&given, ledger, &result, NULL, &err);
	ledger_close(ledger);
	if (outcome != 0)
		printf("%s\n", err.message);
	else
		printf("files %llu read %llu removed %llu failed %llu skipped %llu seconds %.4f\n",
			(unsigned long long)result.files, (unsigned long long)result.read,
			(unsigned long long)result.removed, (unsigned long long)result.failed,
			(unsigned long long)result.skipped, seconds_since(&began));
	survey_result_release(&result);
	return outcome == 0 ? 0 : 1;
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		SURVEY_TEST(the_tree_is_found),
		SURVEY_TEST(what_does_not_belong_is_told),
		SURVEY_TEST(equal_names_are_told),
		SURVEY_TEST(the_second_survey_opens_nothing),
		SURVEY_TEST(what_is_gone_is_forgotten),
		SURVEY_TEST(collections_come_in_the_order_given),
		SURVEY_TEST(extensions_are_settings),
		SURVEY_TEST(a_racy_file_is_read_again),
		SURVEY_TEST(a_read_error_is_tried_again),
		SURVEY_TEST(fail_fast_stops),
		SURVEY_TEST(stopping_keeps_what_was_read),
		SURVEY_TEST(problems_are_bounded),
		SURVEY_TEST(a_scratch_ledger_leaves_no_trace),
	};

	if (count == 3)
		return survey_folder(arguments[1], arguments[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
