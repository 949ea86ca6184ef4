/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk: bytewise order, nothing followed, nothing opened that could hang, no half folders. */
#include "trapkit/find_files.h"

#include "tree_help.h"

#include <errno.h>

struct seen {
	char text[1 << 20];
	enum find_answer folder_answer;
	const char *stop_at, *leave_at;
	unsigned left;
};

static void add(struct seen *seen, const char *format, ...)
{
	size_t used = strlen(seen->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(seen->text + used, sizeof seen->text - used, format, arguments);
	va_end(arguments);
}

static enum find_answer note(void *context, const struct found *found, struct error *err)
{
	static const char letters[] = "fdlsu";
	struct seen *seen = context;

	add(seen, "%c%u %s\n", letters[found->kind], found->depth, found->path);
	if (seen->stop_at != NULL && strcmp(found->name, seen->stop_at) == 0) {
		error_set(err, ERROR_INPUT, "enough");
		return FIND_STOP;
	}
	if (seen->leave_at != NULL && strcmp(found->name, seen->leave_at) == 0)
		return FIND_LEAVE;
	return seen->folder_answer;
}

static int note_leave(void *context, const char *path, unsigned depth, struct error *err)
{
	(void)err;
	add(context, "<%u %s\n", depth, path);
	return 0;
}

static int walk(struct seen *seen, struct error *err)
{
	struct find_files settings = {.visit = note, .leave = note_leave, .context = seen};

	return find_files(scratch, &settings, err);
}

static void order_is_bytewise(void **state)
{
	static struct seen seen = {.folder_answer = FIND_ENTER};
	struct error err = {0};

	(void)state;
	make_file("b/2.jpg", "x");
	make_file("b/10.jpg", "x");
	make_file("B/\xFF.jpg", "x");
	make_file("B/a.jpg", "x");
	make_file("b-.jpg", "x");
	assert_int_equal(walk(&seen, &err), 0);
	/* LC_ALL=C sort of each folder's names. */
	assert_string_equal(seen.text,
		"d0 B\nf1 B/a.jpg\nf1 B/\xFF.jpg\n<0 B\n"
		"d0 b\nf1 b/10.jpg\nf1 b/2.jpg\n<0 b\nf0 b-.jpg\n");
}

static void nothing_is_followed_or_opened(void **state)
{
	static struct seen seen = {.folder_answer = FIND_ENTER};
	struct error err = {0};

	(void)state;
	make_file("d/1.jpg", "x");
	assert_int_equal(symlink(".", in_scratch("d/loop")), 0);
	assert_int_equal(symlink("1.jpg", in_scratch("d/link.jpg")), 0);
	assert_int_equal(symlink("nowhere", in_scratch("d/dangling")), 0);
	/* Opening a pipe that nobody writes to would wait for ever. */
	assert_int_equal(mkfifo(in_scratch("d/pipe.jpg"), 0600), 0);
	assert_int_equal(walk(&seen, &err), 0);
	assert_string_equal(seen.text,
		"d0 d\nf1 d/1.jpg\nl1 d/dangling\nl1 d/link.jpg\n"
		"l1 d/loop\ns1 d/pipe.jpg\n<0 d\n");
}

static void answers_are_obeyed(void **state)
{
	static struct seen on = {.folder_answer = FIND_ON};
	static struct seen leave = {.folder_answer = FIND_ENTER, .leave_at = "2"};
	static struct seen stop = {.folder_answer = FIND_ENTER, .stop_at = "2"};
	struct error err = {0};

	(void)state;
	make_file("a/1", "x");
	make_file("a/2", "x");
	make_file("a/3", "x");
	make_file("b", "x");
	assert_int_equal(walk(&on, &err), 0);
	assert_string_equal(on.text, "d0 a\nf0 b\n");
	assert_int_equal(walk(&leave, &err), 0);
	assert_string_equal(leave.text, "d0 a\nf1 a/1\nf1 a/2\n<0 a\nf0 b\n");
	assert_int_equal(walk(&stop, &err), -1);
	assert_string_equal(stop.text, "d0 a\nf1 a/1\nf1 a/2\n");
	assert_string_equal(err.message, "enough");
}

/* 80 folders below each other: told at the 64th, and no path is too long to be walked. */
static void too_deep_is_told(void **state)
{
	static struct seen seen = {.folder_answer = FIND_ENTER};
	char name[256];
	struct error err = {0};
	int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	memset(name, 'n', 255); /* the longest name there is; 64 of them pass PATH_MAX */
	name[255] = '\0';
	for (int i = 0; i < 80; i++) {
		int next;

		assert_int_equal(mkdirat(fd, name, 0700), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(walk(&seen, &err), 0);
	assert_non_null(strstr(seen.text, "d63 "));
	assert_non_null(strstr(seen.text, "u63 "));
	assert_null(strstr(seen.text, "d64 "));
}

/* Root may read everything: it walks as somebody else, from within, where paths need no right. */
static void a_folder_that_cannot_be_read_is_told(void **state)
{
	static struct seen seen = {.folder_answer = FIND_ENTER};
	struct find_files settings = {.visit = note, .leave = note_leave, .context = &seen};
	struct error err = {0};
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uid_t user = geteuid();
	int result;

	(void)state;
	make_file("shut/1.jpg", "x");
	make_file("z.jpg", "x");
	assert_int_equal(chmod(in_scratch("shut"), 0), 0);
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(user == 0 ? seteuid(65534) : 0, 0);
	result = find_files(".", &settings, &err);
	assert_int_equal(user == 0 ? seteuid(0) : 0, 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(result, 0);
	assert_string_equal(seen.text, "d0 shut\nu0 shut\nf0 z.jpg\n");
}

static void a_missing_root_is_an_error(void **state)
{
	static struct seen seen;
	struct find_files settings = {.visit = note, .context = &seen};
	struct error err = {0};

	(void)state;
	assert_int_equal(find_files(in_scratch("none"), &settings, &err), -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_non_null(strstr(err.message, "none': No such file or directory"));
}

static void names(void **state)
{
	static const char *const junk[] = {".", ".trapkit", "._IMG_1.JPG", ".DS_Store", "Thumbs.db",
		"THUMBS.DB", "desktop.ini", "System Volume Information", "IMG_1.JPG_exiftool_tmp"};
	static const char *const kept[] = {"IMG_1.JPG", "Thumbs.db.jpg", "a.b", "exiftool_tmp"};
	/* DCF 2.0 names folders by three digits and five characters; cameras take liberties. */
	static const char *const camera[] = {
		"DCIM", "dcim", "100RECNX", "101_BTCF", "100EK113", "999", "10012345678"};
	static const char *const other[] = {"DCIM2", "10RECNX", "100RECNX-1", "100RECNX ",
		"100ABCDEFGHI", "R1-32_01", "", "1O0RECNX", "100R\xC3\x89"};

	(void)state;
	for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++)
		assert_true(find_is_junk(junk[i]));
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		assert_false(find_is_junk(kept[i]));
	for (size_t i = 0; i < sizeof camera / sizeof camera[0]; i++)
		assert_true(find_is_camera_folder(camera[i]));
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		assert_false(find_is_camera_folder(other[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(order_is_bytewise),
		TREE_TEST(nothing_is_followed_or_opened),
		TREE_TEST(answers_are_obeyed),
		TREE_TEST(too_deep_is_told),
		TREE_TEST(a_folder_that_cannot_be_read_is_told),
		TREE_TEST(a_missing_root_is_an_error),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
