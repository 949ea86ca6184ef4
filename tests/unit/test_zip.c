/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ZIP writer: layout, dates, digests, what changes on the way, and full disks. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/progress.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct timespec stamp = {1719824400, 123456789};

static void make_file(const char *path, size_t size)
{
	struct timespec times[2] = {stamp, stamp};
	FILE *file = fopen(path, "wb");
	unsigned value = 12345;

	for (size_t i = 0; i < size; i++) {
		value = value * 1103515245u + 12345u;
		fputc((int)(value >> 16 & 0xFF), file);
	}
	fclose(file);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void plan_file(struct zip_plan *plan, const char *name, const char *source, uint64_t size)
{
	const struct wall_time wall = {2024, 7, 1, 10, 20, 31, 0, false};
	struct zip_entry entry = {.name = xstrdup(name),
		.source = xstrdup(source),
		.size = size,
		.mtime_ns = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec,
		.dos_time = zip_dos_time(&wall),
		.mode = 0644};

	ARRAY_APPEND(plan, entry);
}

static int write_plan(struct zip_plan *plan, const char *output, uint8_t sha256[SHA256_SIZE],
	size_t *failed, struct error *err)
{
	int fd = open(output, O_RDWR | O_CREAT | O_TRUNC, 0644);
	int result;

	assert_true(fd >= 0);
	result = zip_write(plan, "source", fd, output, NULL, sha256, failed, err);
	close(fd);
	return result;
}

static void dates_are_clamped(void **state)
{
	/* Date: year-1980 << 9 | month << 5 | day; time: hour << 11 | minute << 5 | second / 2. */
	const struct wall_time plain = {2024, 7, 1, 10, 20, 31, 0, false};
	const struct wall_time early = {1979, 12, 31, 23, 59, 59, 0, false};
	const struct wall_time late = {2108, 1, 1, 0, 0, 0, 0, false};

	(void)state;
	assert_int_equal(zip_dos_time(&plain), 0x58E1528F);
	assert_int_equal(zip_dos_time(&early), 0x00210000);
	assert_int_equal(zip_dos_time(&late), 0xFF9FBF7D);
}

/* Sizes around the slot of 8 MiB, names with and without UTF-8, checked by unzip and zipfile. */
static const char check[] =
	"import zipfile, hashlib, sys\n"
	"z = zipfile.ZipFile('out.zip')\n"
	"assert z.testzip() is None\n"
	"for i in z.infolist():\n"
	"    assert i.compress_type == 0 and i.create_system == 3, i\n"
	"    assert i.external_attr == 0o100644 << 16, i\n"
	"    assert i.date_time == (2024, 7, 1, 10, 20, 30), i\n"
	"    assert bool(i.flag_bits & 0x800) == (not i.filename.isascii()), i\n"
	"lines = [l.split(' ', 3) for l in open('list.txt', "
	"encoding='utf-8').read().split('\\n')[:-1]]\n"
	"assert [i.filename for i in z.infolist()] == [l[3] for l in lines]\n"
	"for size, crc, sha, name in lines:\n"
	"    data = z.read(name)\n"
	"    assert len(data) == int(size) and z.getinfo(name).CRC == int(crc)\n"
	"    assert hashlib.sha256(data).hexdigest() == sha\n"
	"whole = open('out.zip', 'rb').read()\n"
	"end = whole.rindex(b'PK\\5\\6')\n"
	"size, begin = (int.from_bytes(whole[end + at:end + at + 4], 'little') for at in (12, "
	"16))\n"
	"assert hashlib.sha256(whole[begin:begin + size]).hexdigest() == open('whole.txt').read()\n"
	"assert len(whole) == int(open('size.txt').read())\n";

static void note(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void peers_read_it(void **state)
{
	static const size_t sizes[] = {
		0, 1, 1000, 262144, 262145, 8388608, 8388570, 8388540, 20000001};
	static const char *const names[] = {"c/d/empty.jpg", "c/d/one.jpg",
		"c/d/\305\201\303\263d\305\272.jpg", "c/d/x y.jpg", "c/d/q.jpg", "c/d/slot.avi",
		"c/d/near.avi", "c/d/fits.avi", "c/d/big.mp4"};
	struct zip_plan plan = {0};
	struct error err = {0};
	uint8_t sha256[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE], text[SHA256_HEX_SIZE];
	FILE *list = fopen("list.txt", "w");

	(void)state;
	mkdir("source", 0755);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *path = xasprintf("source/%zu", i);

		make_file(path, sizes[i]);
		plan_file(&plan, names[i], path + 7, sizes[i]);
		free(path);
	}
	assert_int_equal(write_plan(&plan, "out.zip", sha256, NULL, &err), 0);
	for (size_t i = 0; i < plan.count; i++) {
		sha256_hex(plan.items[i].sha256, hex);
		fprintf(list, "%llu %u %s %s\n", (unsigned long long)plan.items[i].size,
			plan.items[i].crc, hex, plan.items[i].name);
	}
	fclose(list);
	sha256_hex(sha256, hex);
	note("whole.txt", hex);
	assert_int_equal(zip_identity("out.zip", text, NULL, &err), 0);
	assert_string_equal(text, hex);
	snprintf(text, sizeof text, "%llu", (unsigned long long)zip_plan_size(&plan));
	note("size.txt", text);
	note("check.py", check);
	assert_int_equal(system("unzip -tqq out.zip"), 0);
	assert_int_equal(system("/usr/bin/python3 check.py"), 0);
	assert_int_equal(zip_verify("out.zip", &plan, true, NULL, &err), 0);
	zip_plan_release(&plan);
}

static void more_files_than_16_bits_count(void **state)
{
	struct zip_plan plan = {0};
	struct error err = {0};
	char name[32];

	(void)state;
	mkdir("source", 0755);
	make_file("source/tiny", 3);
	for (int i = 0; i < 65540; i++) {
		snprintf(name, sizeof name, "c/d/%05d.jpg", i);
		plan_file(&plan, name, "tiny", 3);
	}
	assert_int_equal(write_plan(&plan, "many.zip", NULL, NULL, &err), 0);
	assert_int_equal(zip_verify("many.zip", &plan, false, NULL, &err), 0);
	assert_int_equal(system("unzip -tqq many.zip"), 0);
	note("many.py",
		"import zipfile, os\n"
		"z = zipfile.ZipFile('many.zip')\n"
		"assert len(z.namelist()) == 65540 and z.namelist()[-1] == 'c/d/65539.jpg'\n");
	assert_int_equal(system("/usr/bin/python3 many.py"), 0);
	zip_plan_release(&plan);
}

static void an_empty_plan_is_an_archive(void **state)
{
	struct zip_plan plan = {0};
	struct error err = {0};

	(void)state;
	mkdir("source", 0755);
	assert_int_equal(write_plan(&plan, "empty.zip", NULL, NULL, &err), 0);
	/* The end record alone: 22 bytes (APPNOTE 4.3.16). */
	assert_int_equal(zip_plan_size(&plan), 22);
	assert_int_equal(system("/usr/bin/python3 -c \"import zipfile; "
				"assert zipfile.ZipFile('empty.zip').namelist() == []\""),
		0);
}

static void expect_change(const char *output, uint64_t size, int64_t shift)
{
	struct zip_plan plan = {0};
	struct error err = {0};
	size_t failed = 99;
	uint8_t sha256[SHA256_SIZE];

	plan_file(&plan, "c/d/good.jpg", "good", 10);
	plan_file(&plan, "c/d/bad.jpg", "bad", size);
	plan.items[1].mtime_ns += shift;
	assert_int_equal(write_plan(&plan, output, sha256, &failed, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.message, "'bad'"));
	assert_int_equal(failed, 1);
	zip_plan_release(&plan);
}

static void files_that_changed_are_named(void **state)
{
	(void)state;
	mkdir("source", 0755);
	make_file("source/good", 10);
	make_file("source/bad", 1000);
	expect_change("changed.zip", 999, 0);
	expect_change("changed.zip", 1001, 0);
	expect_change("changed.zip", 1000, 1);
	unlink("source/bad");
	expect_change("changed.zip", 1000, 0);
	assert_int_equal(mkfifo("source/bad", 0644), 0);
	expect_change("changed.zip", 1000, 0);
	unlink("source/bad");
	mkdir("source/bad", 0755);
	expect_change("changed.zip", 4096, 0);
	rmdir("source/bad");
}

static int accept(void *context, size_t index, const struct error *why)
{
	size_t *sum = context;

	assert_int_equal(why->kind, ERROR_INPUT);
	*sum += index;
	return 0;
}

static void files_may_be_left_out(void **state)
{
	struct zip_plan plan = {.leave_out = accept};
	struct error err = {0};
	size_t sum = 0, failed = 99;

	(void)state;
	mkdir("source", 0755);
	make_file("source/good", 10);
	make_file("source/large", 9000000);
	plan_file(&plan, "c/d/gone.jpg", "gone", 5);
	plan_file(&plan, "c/d/good.jpg", "good", 10);
	plan_file(&plan, "c/d/short.jpg", "good", 11);
	plan_file(&plan, "c/d/large.avi", "large", 9000001);
	plan_file(&plan, "c/d/last.jpg", "good", 10);
	plan.context = &sum;
	assert_int_equal(write_plan(&plan, "left.zip", NULL, &failed, &err), 0);
	assert_int_equal(sum, 0 + 2 + 3);
	assert_true(failed == SIZE_MAX);
	assert_int_equal(zip_verify("left.zip", &plan, true, NULL, &err), 0);
	assert_int_equal(system("unzip -tqq left.zip"), 0);
	assert_int_equal(
		system("/usr/bin/python3 -c \"import zipfile, os; z = zipfile.ZipFile('left.zip'); "
		       "assert z.namelist() == ['c/d/good.jpg', 'c/d/last.jpg'], z.namelist(); "
		       "assert os.path.getsize('left.zip') < 400\""),
		0);
	zip_plan_release(&plan);
}

struct grower {
	const char *path;
	bool done;
};

/* Grows the file behind the reader's back once the first bytes of it were reported. */
static int grow(void *context, const struct progress_event *event)
{
	struct grower *grower = context;
	int fd;

	if (event->kind != PROGRESS_ADVANCE || grower->done)
		return 0;
	grower->done = true;
	fd = open(grower->path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	return 0;
}

static void a_file_that_grows_meanwhile(void **state)
{
	struct zip_plan plan = {0};
	struct error err = {0};
	struct grower grower = {"source/grows", false};
	const struct progress progress = {grow, &grower};
	size_t failed = 99;
	int fd = open("grow.zip", O_RDWR | O_CREAT | O_TRUNC, 0644);

	(void)state;
	mkdir("source", 0755);
	make_file("source/grows", 9000000);
	plan_file(&plan, "c/d/grows.avi", "grows", 9000000);
	assert_int_equal(
		zip_write(&plan, "source", fd, "grow.zip", &progress, NULL, &failed, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.message, "changed while it was packaged"));
	assert_int_equal(failed, 0);
	close(fd);
	zip_plan_release(&plan);
}

static int stop(void *context, const struct progress_event *event)
{
	(void)context;
	return event->bytes_done > 0;
}

static void stopping(void **state)
{
	const struct progress progress = {stop, NULL};
	struct zip_plan plan = {0};
	struct error err = {0};
	int fd = open("stop.zip", O_RDWR | O_CREAT | O_TRUNC, 0644);

	(void)state;
	mkdir("source", 0755);
	make_file("source/good", 10);
	for (int i = 0; i < 100; i++)
		plan_file(&plan, "c/d/good.jpg", "good", 10);
	assert_int_equal(
		zip_write(&plan, "source", fd, "stop.zip", &progress, NULL, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_CANCELLED);
	close(fd);
	zip_plan_release(&plan);
}

/* F43: with a limit on file sizes the write ends with EFBIG, never with a short file. */
static void a_full_disk_is_found_out(void **state)
{
	struct zip_plan plan = {0};
	struct error err = {0};
	struct rlimit old, small;
	size_t failed = 99;
	int result;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	mkdir("source", 0755);
	make_file("source/big", 3000000);
	plan_file(&plan, "c/d/big.jpg", "big", 3000000);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 1000000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	result = write_plan(&plan, "limit.zip", NULL, &failed, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_non_null(strstr(err.message, "limit.zip"));
	assert_true(failed == SIZE_MAX);
	zip_plan_release(&plan);
}

static void damage_is_found(void **state)
{
	struct zip_plan plan = {0};
	struct error err = {0};
	char hex[SHA256_HEX_SIZE];
	int fd;

	(void)state;
	mkdir("source", 0755);
	make_file("source/a", 1000);
	plan_file(&plan, "c/d/a.jpg", "a", 1000);
	assert_int_equal(write_plan(&plan, "damage.zip", NULL, NULL, &err), 0);
	fd = open("damage.zip", O_RDWR);
	/* Byte 30 + 9 (the name) + 500 is in the middle of the file's bytes. */
	assert_int_equal(pwrite(fd, "\xFF\x00\xFF", 3, 539), 3);
	close(fd);
	assert_int_equal(zip_verify("damage.zip", &plan, true, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_int_equal(zip_identity("damage.zip", hex, NULL, &err), -1);
	assert_non_null(strstr(err.message, "damaged at 'c/d/a.jpg'"));
	assert_int_equal(truncate("damage.zip", 900), 0);
	assert_int_equal(zip_verify("damage.zip", &plan, false, NULL, &err), -1);
	zip_plan_release(&plan);
}

/* Not of our making: compressed, and with sizes in zip64 fields; whole first, then damaged. */
static void others_are_identified_too(void **state)
{
	static const char make[] =
		"import zipfile, random, sys\n"
		"noise = random.Random(1).randbytes(5000)\n"
		"with zipfile.ZipFile('other.zip', 'w', zipfile.ZIP_DEFLATED) as z:\n"
		"    z.writestr('c/d/plain.txt', 'x' * 5000)\n"
		"    z.writestr('c/d/noise.bin', noise)\n"
		"with zipfile.ZipFile('wide.zip', 'w') as z:\n"
		"    with z.open('c/d/wide.bin', 'w', force_zip64=True) as entry:\n"
		"        entry.write(noise)\n"
		"for name in 'other.zip', 'wide.zip':\n"
		"    data = bytearray(open(name, 'rb').read())\n"
		"    data[data.index(noise[1000:1100])] ^= 1\n"
		"    open('bad-' + name, 'wb').write(data)\n";
	struct error err = {0};
	char hex[SHA256_HEX_SIZE];

	(void)state;
	note("other.py", make);
	assert_int_equal(system("/usr/bin/python3 other.py"), 0);
	assert_int_equal(zip_identity("other.zip", hex, NULL, &err), 0);
	assert_int_equal(zip_identity("wide.zip", hex, NULL, &err), 0);
	assert_int_equal(zip_identity("bad-other.zip", hex, NULL, &err), -1);
	assert_non_null(strstr(err.message, "'bad-other.zip' is damaged at 'c/d/noise.bin'"));
	assert_int_equal(zip_identity("bad-wide.zip", hex, NULL, &err), -1);
	assert_non_null(strstr(err.message, "'bad-wide.zip' is damaged at 'c/d/wide.bin'"));
}

static int count_kind(void *context, enum package_mismatch kind, const char *subject, size_t line)
{
	int *kinds = context;

	(void)line;
	kinds[kind]++;
	if (kind == PACKAGE_FILE_EXTRA)
		assert_string_equal(subject, "c/d/extra.jpg");
	if (kind == PACKAGE_FILE_MISSING)
		assert_string_equal(subject, "c/d/none.jpg");
	return 0;
}

static void definition_and_archive_are_compared(void **state)
{
	struct zip_plan plan = {0};
	struct error err = {0};
	int kinds[8] = {0};
	uint64_t mismatches = 0;

	(void)state;
	mkdir("source", 0755);
	make_file("source/a", 1000);
	plan_file(&plan, "c/d/a.jpg", "a", 1000);
	plan_file(&plan, "c/d/b.jpg", "a", 1000);
	plan_file(&plan, "c/d/extra.jpg", "a", 1000);
	assert_int_equal(write_plan(&plan, "pair.zip", NULL, NULL, &err), 0);
	note("pair.yaml",
		"collections:\n- deployments:\n  - deployment_id: d\n    resources:\n"
		"    - {file: a.jpg, file_size: 1000}\n    - {file: b.jpg, file_size: 999}\n"
		"    - {file: none.jpg}\n    - {file: a.jpg}\n  name: c\n");
	assert_int_equal(
		package_compare("pair.yaml", "pair.zip", count_kind, kinds, &mismatches, &err), 0);
	assert_int_equal(mismatches, 4);
	assert_int_equal(kinds[PACKAGE_FILE_MISSING], 1);
	assert_int_equal(kinds[PACKAGE_FILE_EXTRA], 1);
	assert_int_equal(kinds[PACKAGE_FILE_SIZE], 1);
	assert_int_equal(kinds[PACKAGE_FILE_TWICE], 1);
	zip_plan_release(&plan);
}

/* FIPS 180-2's "abc". */
static void digest_of_a_file(void **state)
{
	struct error err = {0};
	char hex[2 * SHA256_SIZE + 1];

	(void)state;
	note("abc.txt", "abc");
	assert_int_equal(file_sha256("abc.txt", hex, NULL, &err), 0);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(file_sha256("missing.txt", hex, NULL, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_clamped),
		cmocka_unit_test(peers_read_it),
		cmocka_unit_test(more_files_than_16_bits_count),
		cmocka_unit_test(an_empty_plan_is_an_archive),
		cmocka_unit_test(files_that_changed_are_named),
		cmocka_unit_test(files_may_be_left_out),
		cmocka_unit_test(a_file_that_grows_meanwhile),
		cmocka_unit_test(stopping),
		cmocka_unit_test(a_full_disk_is_found_out),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(others_are_identified_too),
		cmocka_unit_test(definition_and_archive_are_compared),
		cmocka_unit_test(digest_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
