/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker loop: order, bounds, failures, stops; and the default number of jobs. */
#include "trapkit/workers.h"

#include "../../lib/base/cpu_quota.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct item {
	unsigned number;
	unsigned square;
	char *owned;
};

struct run {
	unsigned total;      /* items that `next` hands out */
	unsigned next_fails; /* number at which it fails, 0 = never */
	unsigned take_fails;
	atomic_uint read, working, most_in_flight, taken, dropped, failures;
	atomic_uint in_next;
	pthread_t caller;
	bool wrong;
};

static int next(void *context, void *item, struct error *err)
{
	struct run *run = context;
	struct item *fill = item;
	unsigned number = atomic_load(&run->read) + 1;
	unsigned flying;

	if (atomic_fetch_add(&run->in_next, 1) != 0 || fill->number != 0 || fill->owned != NULL)
		run->wrong = true;
	atomic_fetch_sub(&run->in_next, 1);
	if (run->next_fails != 0 && number == run->next_fails)
		return error_set(err, ERROR_SYSTEM, "the card is gone");
	if (number > run->total)
		return 0;
	fill->number = number;
	fill->owned = xasprintf("%u", number);
	atomic_store(&run->read, number);
	flying = number - atomic_load(&run->taken);
	if (flying > atomic_load(&run->most_in_flight))
		atomic_store(&run->most_in_flight, flying);
	return 1;
}

/* Every seventh item fails; some take longer, so that they finish out of order. */
static int work(void *context, void *item, struct error *err)
{
	struct item *of = item;

	(void)context;
	if (of->number % 5 == 0)
		usleep(300);
	of->square = of->number * of->number;
	if (of->number % 7 == 0)
		return error_set(err, ERROR_INPUT, "item %u is bad", of->number);
	return 0;
}

static int take(void *context, void *item, const struct error *failure, struct error *err)
{
	struct run *run = context;
	struct item *of = item;
	unsigned number = atomic_load(&run->taken) + 1;
	char text[64];

	snprintf(text, sizeof text, "%u", number);
	if (of->number != number || of->square != number * number || strcmp(of->owned, text) != 0 ||
		!pthread_equal(run->caller, pthread_self()))
		run->wrong = true;
	snprintf(text, sizeof text, "item %u is bad", number);
	if ((number % 7 == 0) != (failure != NULL) ||
		(failure != NULL && strcmp(failure->message, text) != 0))
		run->wrong = true;
	if (failure != NULL)
		atomic_fetch_add(&run->failures, 1);
	free(of->owned);
	atomic_store(&run->taken, number);
	if (run->take_fails == number)
		return error_set(err, ERROR_CANCELLED, "stopped");
	return 0;
}

static void drop(void *context, void *item)
{
	struct run *run = context;
	struct item *of = item;

	free(of->owned);
	atomic_fetch_add(&run->dropped, 1);
}

static const unsigned job_counts[] = {1, 2, 5};
#define JOB_COUNTS (sizeof job_counts / sizeof job_counts[0])

static int run_with(struct run *run, unsigned jobs, size_t in_flight, struct error *err)
{
	struct workers workers = {.next = next,
		.work = work,
		.take = take,
		.drop = drop,
		.context = run,
		.item_size = sizeof(struct item),
		.in_flight = in_flight};
	int result;

	run->caller = pthread_self();
	result = workers_run(&workers, jobs, err);
	assert_false(run->wrong);
	assert_int_equal(run->read, run->taken + run->dropped);
	return result;
}

static void in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < JOB_COUNTS; i++) {
		struct run run = {.total = 3000};
		struct error err = {0};

		assert_int_equal(run_with(&run, job_counts[i], 0, &err), 0);
		assert_int_equal(run.taken, 3000);
		assert_int_equal(run.failures, 3000 / 7);
		assert_int_equal(run.dropped, 0);
		assert_true(run.most_in_flight <= 8 * job_counts[i]);
	}
}

static void bounded(void **state)
{
	struct run run = {.total = 500};
	struct error err = {0};

	(void)state;
	assert_int_equal(run_with(&run, 4, 3, &err), 0);
	assert_int_equal(run.taken, 500);
	assert_true(run.most_in_flight <= 3);
}

static void nothing_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < JOB_COUNTS; i++) {
		struct run run = {0};
		struct error err = {0};

		assert_int_equal(run_with(&run, job_counts[i], 0, &err), 0);
		assert_int_equal(run.taken, 0);
	}
}

static void reading_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < JOB_COUNTS; i++) {
		struct run run = {.total = 1000, .next_fails = 333};
		struct error err = {0};

		assert_int_equal(run_with(&run, job_counts[i], 0, &err), -1);
		assert_int_equal(err.kind, ERROR_SYSTEM);
		assert_string_equal(err.message, "the card is gone");
		assert_int_equal(run.read, 332);
	}
}

static void taking_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < JOB_COUNTS; i++) {
		struct run run = {.total = 1000, .take_fails = 100};
		struct error err = {0};

		assert_int_equal(run_with(&run, job_counts[i], 0, &err), -1);
		assert_int_equal(err.kind, ERROR_CANCELLED);
		assert_int_equal(run.taken, 100);
		assert_true(run.dropped <= 8 * job_counts[i]);
	}
}

static void default_jobs(void **state)
{
	long processors = sysconf(_SC_NPROCESSORS_CONF);

	(void)state;
	assert_true(workers_default_jobs() >= 1);
	assert_true((long)workers_default_jobs() <= processors);
}

static char root[] = "/tmp/trapkit-quota-XXXXXX";

/* Makes a file below `root`, with the folder that holds it. */
static void put(const char *folder, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", root, folder);
	FILE *file;

	for (char *at = path + strlen(root); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0777);
		*at = '/';
	}
	mkdir(path, 0777);
	free(path);
	path = xasprintf("%s/%s/%s", root, folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static unsigned quota_of(const char *membership)
{
	char *path = xasprintf("%s/membership", root);
	unsigned quota;

	put(".", "membership", membership);
	quota = cpu_quota(path, root);
	free(path);
	return quota;
}

static void quotas(void **state)
{
	char *command;

	(void)state;
	assert_non_null(mkdtemp(root));
	put("two/inner", "cpu.max", "max 100000\n");
	put("two", "cpu.max", "250000 100000\n");
	put("tight", "cpu.max", "50000 100000\n");
	put("cpu,cpuacct/one", "cpu.cfs_quota_us", "400000\n");
	put("cpu,cpuacct/one", "cpu.cfs_period_us", "100000\n");
	put("cpu,cpuacct/free", "cpu.cfs_quota_us", "-1\n");
	put("cpu,cpuacct/free", "cpu.cfs_period_us", "100000\n");
	/* 2.5 processors of the group above are 3; half a processor is one. */
	assert_int_equal(quota_of("0::/two/inner\n"), 3);
	assert_int_equal(quota_of("0::/tight\n"), 1);
	assert_int_equal(quota_of("0::/\n"), 0);
	assert_int_equal(quota_of("0::/../tight\n"), 0);
	assert_int_equal(quota_of("5:memory:/two\n4:cpu,cpuacct:/one\n0::/\n"), 4);
	assert_int_equal(quota_of("4:cpu,cpuacct:/free\n"), 0);
	assert_int_equal(quota_of("4:cpuset:/one\nnonsense\n"), 0);
	/* In a container the group's own path is not to be seen: the mount's top is the group. */
	put(".", "cpu.max", "200000 100000\n");
	assert_int_equal(quota_of("0::/docker/abc\n"), 2);
	assert_int_equal(cpu_quota("/nonexistent", root), 0);
	command = xasprintf("rm -rf '%s'", root);
	assert_int_equal(system(command), 0);
	free(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(bounded),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(reading_fails),
		cmocka_unit_test(taking_fails),
		cmocka_unit_test(default_jobs),
		cmocka_unit_test(quotas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
