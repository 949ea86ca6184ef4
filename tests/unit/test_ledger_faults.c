/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger when processes are killed, files damaged, disks shared, and two come at once. */
#include "ledger_help.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* ---- the lock ---- */

/* Holds the ledger until told to stop through `stop`; writes one byte to `ready` when it has it. */
static void hold(int ready, int stop)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	char byte = ledger != NULL ? 'y' : 'n';

	if (write(ready, &byte, 1) == 1 && read(stop, &byte, 1) >= 0)
		ledger_close(ledger);
	_exit(0);
}

static pid_t start_holder(int *stop)
{
	int ready[2], end[2];
	char byte = 'n';
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(end[1]);
		hold(ready[1], end[0]);
	}
	close(ready[1]);
	close(end[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(ready[0]);
	*stop = end[1];
	return child;
}

static void the_second_writer_is_told_who_holds_it(void **state)
{
	char expected[512], host[256] = "";
	struct error err = {0};
	struct ledger *reader;
	int stop;
	pid_t child = start_holder(&stop);

	(void)state;
	assert_int_equal(gethostname(host, sizeof host - 1), 0);
	assert_null(ledger_open(below("data/.trapkit"), LEDGER_WRITE, 0, NULL, NULL, &err));
	assert_int_equal(err.kind, ERROR_BUSY);
	snprintf(expected, sizeof expected, "'%s' is in use by pid %ld on %s since 20",
		below("data"), (long)child, host);
	assert_memory_equal(err.message, expected, strlen(expected));
	assert_non_null(strstr(err.message, "; wait for it or use --wait-lock SECONDS"));
	/* Readers need no lock. */
	reader = open_it(LEDGER_READ);
	assert_non_null(reader);
	ledger_close(reader);
	close(stop);
	assert_int_equal(waitpid(child, NULL, 0), child);
	reader = open_it(LEDGER_WRITE);
	assert_non_null(reader);
	ledger_close(reader);
	assert_int_equal(warnings, 0);
}

static void the_lock_ends_with_its_holder(void **state)
{
	struct ledger *ledger;
	struct error err = {0};
	struct timespec before, after;
	int stop;
	pid_t child = start_holder(&stop);

	(void)state;
	/* It waits as long as it was told, not longer. */
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_null(ledger_open(below("data/.trapkit"), LEDGER_WRITE, 0.3, NULL, NULL, &err));
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((double)(after.tv_sec - before.tv_sec) +
			(double)(after.tv_nsec - before.tv_nsec) / 1e9 >=
		0.29);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(stop);
	ledger = ledger_open(below("data/.trapkit"), LEDGER_WRITE, 0, count_warning, NULL, &err);
	assert_non_null(ledger);
	ledger_close(ledger);
	assert_int_equal(warnings, 0);
}

/* ---- faults ---- */

/* Commits batches of 50 until it is killed; tells of each commit only after it. */
static void commit_for_ever(int told)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct error err = {0};

	if (ledger == NULL)
		_exit(1);
	for (unsigned batch = 0;; batch++) {
		if (ledger_begin(ledger, &err) != 0)
			_exit(1);
		for (unsigned i = 0; i < 50; i++) {
			char path[64];
			struct resource resource;

			snprintf(path, sizeof path, "w/a/%08u.jpg", batch * 50 + i);
			resource = file_of(path, "w", "a", path + 4);
			if (ledger_put_file(ledger, &resource, &err) != 0)
				_exit(1);
		}
		if (ledger_commit(ledger, &err) != 0 ||
			write(told, &batch, sizeof batch) != sizeof batch)
			_exit(1);
	}
	_exit(1);
}

/* The batches that the child told of before it was killed. */
static unsigned run_and_kill(unsigned microseconds)
{
	struct timespec pause = {.tv_nsec = (long)microseconds * 1000};
	unsigned batch, batches = 0;
	int told[2];
	pid_t child;

	assert_int_equal(pipe(told), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		commit_for_ever(told[1]);
	close(told[1]);
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	while (read(told[0], &batch, sizeof batch) == sizeof batch)
		batches = batch + 1;
	close(told[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return batches;
}

static void killed_between_and_during_commits(void **state)
{
	unsigned most = 0;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		unsigned batches = run_and_kill(1000 + round * 7919);
		struct ledger_deployment_list list = {0};
		struct error err = {0};
		struct ledger *ledger = open_it(LEDGER_WRITE);
		uint64_t files;

		assert_non_null(ledger);
		assert_int_equal(ledger_deployments(ledger, NULL, &list, &err), 0);
		files = list.count == 0 ? 0 : list.items[0].files;
		/* Every commit that was told of is there; only whole batches are. Rounds before
		   this one wrote the same names. */
		assert_true(files >= batches * 50 && files % 50 == 0);
		ledger_deployment_list_release(&list);
		ledger_close(ledger);
		most = batches > most ? batches : most;
	}
	assert_true(most > 0);
	assert_int_equal(warnings, 0);
}

static void fill_some(void)
{
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct error err = {0};

	assert_non_null(ledger);
	assert_int_equal(ledger_begin(ledger, &err), 0);
	for (unsigned i = 0; i < 500; i++) {
		char path[64];

		snprintf(path, sizeof path, "w/a/%08u.jpg", i);
		put(ledger, path, "w", "a", path + 4);
	}
	assert_int_equal(ledger_commit(ledger, &err), 0);
	ledger_close(ledger);
}

static uint64_t count_files(enum ledger_mode mode)
{
	struct ledger_deployment_list list = {0};
	struct error err = {0};
	struct ledger *ledger = open_it(mode);
	uint64_t files = 0;

	assert_non_null(ledger);
	assert_int_equal(ledger_deployments(ledger, NULL, &list, &err), 0);
	for (size_t i = 0; i < list.count; i++)
		files += list.items[i].files;
	ledger_deployment_list_release(&list);
	ledger_close(ledger);
	return files;
}

static uint64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : UINT64_MAX;
}

static void damaged_is_set_aside(void **state)
{
	const char *path = "data/.trapkit/ledger.sqlite3";
	FILE *stream;

	(void)state;
	fill_some();
	assert_int_equal(count_files(LEDGER_READ), 500);

	/* F44: zero bytes, as a crash without fsync leaves it. */
	assert_int_equal(truncate(below(path), 0), 0);
	assert_int_equal(count_files(LEDGER_READ), 0);
	assert_int_equal(warnings, 1);
	assert_int_equal(size_of(below(path)), 0); /* reading moved nothing */
	assert_int_equal(count_files(LEDGER_WRITE), 0);
	assert_int_equal(warnings, 2);
	assert_non_null(strstr(last_warning, "ledger.sqlite3.damaged-1'"));
	assert_int_equal(size_of(below("data/.trapkit/ledger.sqlite3.damaged-1")), 0);

	/* Cut in the middle. */
	fill_some();
	assert_int_equal(truncate(below(path), (off_t)(size_of(below(path)) * 6 / 10)), 0);
	assert_int_equal(count_files(LEDGER_SCRATCH), 0);
	assert_int_equal(count_files(LEDGER_WRITE), 0);
	assert_non_null(strstr(last_warning, "ledger.sqlite3.damaged-2'"));

	/* Something else under its name. */
	stream = fopen(below(path), "w");
	assert_non_null(stream);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", stream);
	assert_int_equal(fclose(stream), 0);
	warnings = 0;
	assert_int_equal(count_files(LEDGER_WRITE), 0);
	assert_int_equal(warnings, 1);
	fill_some();
	assert_int_equal(count_files(LEDGER_WRITE), 500);
	assert_int_equal(warnings, 1);
}

/* Pages overwritten, and a lock file that tells of a crash: the next run looks closely. */
static void damaged_inside_is_found_after_a_crash(void **state)
{
	char junk[4096];
	FILE *lock;
	int fd;

	(void)state;
	fill_some();
	memset(junk, 0x5A, sizeof junk);
	fd = open(below("data/.trapkit/ledger.sqlite3"), O_WRONLY);
	assert_true(fd >= 0);
	for (off_t page = 8; page < 16; page++)
		assert_int_equal(pwrite(fd, junk, sizeof junk, page * 4096), sizeof junk);
	close(fd);
	lock = fopen(below("data/.trapkit/lock"), "w");
	assert_non_null(lock);
	fputs("host elsewhere\npid 1\nstart 2026-01-01T00:00:00Z\n", lock);
	fclose(lock);
	assert_int_equal(count_files(LEDGER_WRITE), 0);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(last_warning, "ledger.sqlite3.damaged-1'"));
}

static void a_newer_one_is_refused(void **state)
{
	struct error err = {0};
	sqlite3 *db;

	(void)state;
	fill_some();
	assert_int_equal(sqlite3_open(below("data/.trapkit/ledger.sqlite3"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "PRAGMA user_version = 1000", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (int mode = LEDGER_WRITE; mode <= LEDGER_SCRATCH; mode++) {
		assert_null(ledger_open(below("data/.trapkit"), (enum ledger_mode)mode, 0,
			count_warning, NULL, &err));
		assert_int_equal(err.kind, ERROR_INPUT);
		assert_non_null(strstr(err.message, "newer trapkit"));
	}
	assert_int_equal(warnings, 0);
}

/* As version 3 left it: what was there stays, and what came since works. */
static void an_older_one_grows(void **state)
{
	struct ledger_camera_file file = {.destination = "d", .place = "", .remote = "r"};
	struct ledger *ledger;
	struct error err = {0};
	sqlite3 *db;

	(void)state;
	fill_some();
	assert_int_equal(sqlite3_open(below("data/.trapkit/ledger.sqlite3"), &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			"DROP TABLE notes; DROP TABLE camera_files; DROP INDEX packaged_of; "
			"ALTER TABLE packages DROP COLUMN blur; "
			"PRAGMA user_version = 3",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_true(count_files(LEDGER_READ) > 0);
	assert_true(count_files(LEDGER_WRITE) > 0);
	ledger = open_it(LEDGER_WRITE);
	assert_int_equal(ledger_put_camera_file(ledger, &file, &err), 0);
	assert_int_equal(ledger_get_camera_file(ledger, "d", "", "", &file, &err), 1);
	ledger_camera_file_release(&file);
	ledger_close(ledger);
	assert_int_equal(warnings, 0);
}

/* Room for 400 KB and no more, as on a full disk: 0 when the failure was told as it should be. */
static int fill_up(void)
{
	const struct rlimit limit = {.rlim_cur = 400 * 1024, .rlim_max = 400 * 1024};
	struct ledger *ledger = open_it(LEDGER_WRITE);
	struct error err = {0};
	int result = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (ledger == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	for (unsigned batch = 0; batch < 100 && result == 0; batch++) {
		result = ledger_begin(ledger, &err);
		for (unsigned i = 0; i < 500 && result == 0; i++) {
			char path[64];
			struct resource resource;

			snprintf(path, sizeof path, "w/b/%08u.jpg", batch * 500 + i);
			resource = file_of(path, "w", "b", path + 4);
			result = ledger_put_file(ledger, &resource, &err);
		}
		if (result == 0)
			result = ledger_commit(ledger, &err);
	}
	ledger_rollback(ledger);
	ledger_close(ledger);
	return result == -1 && err.kind == ERROR_SYSTEM &&
			strstr(err.message, "cannot write ledger '") != NULL
		? 0
		: 2;
}

static void no_room_is_told_and_harmless(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	fill_some();
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(fill_up());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Whole batches, and what was there before. */
	assert_true(count_files(LEDGER_WRITE) >= 500);
	assert_int_equal(count_files(LEDGER_WRITE) % 500, 0);
	assert_int_equal(warnings, 0);
}

/* ---- nothing is written ---- */

/* One line a file: name, size, mtime and every byte, sorted enough for one folder. */
static char *picture_of(const char *path)
{
	struct dirent **entries;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char name[1024];
		struct stat status;
		FILE *file;
		int byte;

		snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
		if (stat(name, &status) == 0 && S_ISREG(status.st_mode) &&
			(file = fopen(name, "r")) != NULL) {
			fprintf(stream, "%s %ld.%ld ", entries[i]->d_name,
				(long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
			while ((byte = getc(file)) != EOF)
				fprintf(stream, "%02x", (unsigned)byte);
			putc('\n', stream);
			fclose(file);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	fclose(stream);
	return text;
}

static void scratch_and_read_change_nothing(void **state)
{
	char *before, *after;
	struct ledger *ledger;
	struct error err = {0};

	(void)state;
	assert_int_equal(count_files(LEDGER_SCRATCH), 0);
	assert_int_equal(count_files(LEDGER_READ), 0);
	assert_int_equal(access(below("data"), F_OK), -1);
	fill_some();
	before = picture_of(below("data/.trapkit"));
	ledger = open_it(LEDGER_SCRATCH);
	assert_non_null(ledger);
	put(ledger, "w/a/new.jpg", "w", "a", "new.jpg");
	assert_int_equal(ledger_begin(ledger, &err), 0);
	put(ledger, "w/b/new.jpg", "w", "b", "new.jpg");
	assert_int_equal(ledger_remove_file(ledger, "w/a/00000000.jpg", &err), 0);
	assert_int_equal(ledger_commit(ledger, &err), 0);
	ledger_close(ledger);
	assert_int_equal(count_files(LEDGER_READ), 500);
	after = picture_of(below("data/.trapkit"));
	assert_string_equal(before, after);
	free(before);
	free(after);
	/* Writing through a reading ledger is an error, not silence. */
	ledger = open_it(LEDGER_READ);
	assert_non_null(ledger);
	assert_int_equal(ledger_remove_file(ledger, "w/a/00000000.jpg", &err), -1);
	ledger_close(ledger);
}

/* What a killed run left in its log is seen by a reader, and left where it is. */
static void a_reader_sees_the_log_of_a_crash(void **state)
{
	char *before, *after;
	unsigned batches;

	(void)state;
	fill_some();
	batches = run_and_kill(150000);
	if (batches < 11)
		batches = 10; /* the first ten batches are those of fill_some */
	before = picture_of(below("data/.trapkit"));
	assert_true(size_of(below("data/.trapkit/ledger.sqlite3-wal")) > 0);
	assert_true(count_files(LEDGER_SCRATCH) >= batches * 50);
	assert_true(count_files(LEDGER_READ) >= batches * 50);
	after = picture_of(below("data/.trapkit"));
	/* The shared memory beside the log is SQLite's own and holds nothing to keep. */
	assert_memory_equal(before, after, (size_t)(strstr(before, "ledger.sqlite3-shm") - before));
	assert_string_equal(
		strstr(before, "ledger.sqlite3-wal"), strstr(after, "ledger.sqlite3-wal"));
	free(before);
	free(after);
	assert_true(count_files(LEDGER_WRITE) >= batches * 50);
	assert_int_equal(warnings, 0);
}

/* ---- network file systems ---- */

static int journal_version(void)
{
	unsigned char header[20] = {0};
	int fd = open(below("data/.trapkit/ledger.sqlite3"), O_RDONLY);

	assert_int_equal(read(fd, header, sizeof header), sizeof header);
	close(fd);
	/* sqlite.org/fileformat2.html 1.3.3: 1 = rollback journal, 2 = write-ahead log. */
	return header[18];
}

static void no_log_on_network_disks(void **state)
{
	(void)state;
	fill_some();
	assert_int_equal(journal_version(), 2);
	pretended_type = 0x6969; /* NFS */
	assert_int_equal(count_files(LEDGER_WRITE), 500);
	assert_int_equal(journal_version(), 1);
	fill_some();
	assert_int_equal(count_files(LEDGER_READ), 500);
	pretended_type = (long)0xFF534D42; /* CIFS */
	assert_int_equal(count_files(LEDGER_WRITE), 500);
	assert_int_equal(journal_version(), 1);
	/* The killed run's journal is rolled back. */
	(void)run_and_kill(100000);
	assert_true(count_files(LEDGER_WRITE) % 50 == 0);
	assert_int_equal(warnings, 0);
}

static void a_folder_that_cannot_be_written_names_the_way_out(void **state)
{
	struct error err = {0};
	FILE *stream = fopen(below("data"), "w");

	(void)state;
	assert_non_null(stream);
	fclose(stream);
	assert_null(ledger_open(below("data/.trapkit"), LEDGER_WRITE, 0, NULL, NULL, &err));
	assert_non_null(strstr(err.message, "--work-dir DIR"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_second_writer_is_told_who_holds_it),
		TEST(the_lock_ends_with_its_holder),
		TEST(killed_between_and_during_commits),
		TEST(damaged_is_set_aside),
		TEST(damaged_inside_is_found_after_a_crash),
		TEST(a_newer_one_is_refused),
		TEST(an_older_one_grows),
		TEST(no_room_is_told_and_harmless),
		TEST(scratch_and_read_change_nothing),
		TEST(a_reader_sees_the_log_of_a_crash),
		TEST(no_log_on_network_disks),
		TEST(a_folder_that_cannot_be_written_names_the_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
