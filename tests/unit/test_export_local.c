/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packages of many files, in bounded memory. TRAPKIT_EXPORT_FILES=5000000 is the size that the
 * memory is promised for; in the usual size the same bound stands, and the counts.
 */
#include "trapkit/camtrapdp_write.h"
#include "trapkit/error.h"
#include "trapkit/export_local.h"
#include "trapkit/ledger.h"
#include "trapkit/timestamp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define USUAL_FILES 20000
#define FILES_EACH 10000         /* in a deployment */
#define MOST_MEMORY (256u << 10) /* KiB */

static const char metadata[] =
	"title = \"Many\"\n[[contributors]]\ntitle = \"A\"\n[[licenses]]\nscope = \"data\"\n"
	"name = \"CC0-1.0\"\n[[licenses]]\nscope = \"media\"\nname = \"CC0-1.0\"\n[project]\n"
	"title = \"Many\"\nsamplingDesign = \"targeted\"\ncaptureMethod = [\"timeLapse\"]\n";

static char folder[] = "export-local-XXXXXX";

static FILE *begin_file(const char *name, char path[300])
{
	FILE *file;

	snprintf(path, 300, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

/* One file a minute: every third with an animal, every tenth of these with a person too. */
static void put_files(struct ledger *ledger, long count, FILE *detections)
{
	struct error err = {0};
	char path[100], deployment[20];
	struct resource resource = {
		.path = path, .collection = (char *)"c", .deployment = deployment};

	resource.facts.type = MEDIA_JPEG;
	resource.facts.taken_source = TIME_EXIF;
	resource.size = 1000;
	assert_non_null(ledger);
	assert_int_equal(ledger_begin(ledger, &err), 0);
	for (long i = 0; i < count; i++) {
		snprintf(deployment, sizeof deployment, "d%04ld", i / FILES_EACH);
		snprintf(path, sizeof path, "c/%s/IMG_%06ld.JPG", deployment, i % FILES_EACH);
		resource.name = path + 8;
		wall_from_seconds(1700000000 + 60 * (i % FILES_EACH), &resource.facts.taken);
		assert_int_equal(ledger_put_file(ledger, &resource, &err), 0);
		fprintf(detections, "%s{\"file\":\"%s\",\"detections\":[", i == 0 ? "" : ",\n",
			path);
		if (i % 3 == 0)
			fputs("{\"category\":\"1\",\"conf\":0.9,\"bbox\":[0.1,0.2,0.3,0.4]}",
				detections);
		if (i % 30 == 0)
			fputs(",{\"category\":\"2\",\"conf\":0.9,\"bbox\":[0.1,0.2,0.3,0.4]}",
				detections);
		fputs("]}", detections);
	}
	assert_int_equal(ledger_commit(ledger, &err), 0);
}

/* In a process of its own, whose memory does not count. */
static void make_inputs(long count)
{
	struct error err = {0};
	struct ledger *ledger = ledger_open(folder, LEDGER_WRITE, 0, NULL, NULL, &err);
	char path[300];
	FILE *detections = begin_file("md.json", path), *table;

	fputs("{\"detection_categories\":{\"1\":\"animal\",\"2\":\"person\"},\"images\":[",
		detections);
	put_files(ledger, count, detections);
	fputs("]}", detections);
	assert_int_equal(fclose(detections), 0);
	table = begin_file("deployments.csv", path);
	fputs("deploymentID,latitude,longitude,deploymentStart,deploymentEnd\n", table);
	for (long i = 0; i <= (count - 1) / FILES_EACH; i++)
		fprintf(table, "d%04ld,52.5,23.25,2023-11-14,2023-12-31\n", i);
	assert_int_equal(fclose(table), 0);
	table = begin_file("metadata.toml", path);
	fputs(metadata, table);
	assert_int_equal(fclose(table), 0);
	ledger_close(ledger);
}

static void make_inputs_apart(long count)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		make_inputs(count);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_many(void **state)
{
	const char *wanted = getenv("TRAPKIT_EXPORT_FILES");
	long count = wanted == NULL ? USUAL_FILES : strtol(wanted, NULL, 10);
	struct error err = {0};
	struct ledger *ledger;
	struct string_list detections = {0}, collections = {0};
	struct zone *zone = zone_open("UTC", &err);
	char table[300], results[300], output[300], toml[300];
	struct export_local_settings settings = {.data_path = folder,
		.collections = &collections,
		.deployments = table,
		.detections = &detections,
		.metadata_path = toml,
		.output = output,
		.zone = zone,
		.gzip = true,
		.media = EXPORT_MEDIA_NONE,
		.event_interval = 121, /* seconds: animals come every three minutes */
		.threshold = NAN,
		.created = 1};
	struct export_local_result result = {0};
	struct rusage usage;

	(void)state;
	make_inputs_apart(count);
	ledger = ledger_open(folder, LEDGER_WRITE, 0, NULL, NULL, &err);
	assert_non_null(ledger);
	snprintf(table, sizeof table, "%s/deployments.csv", folder);
	snprintf(results, sizeof results, "%s/md.json", folder);
	snprintf(output, sizeof output, "%s/package.zip", folder);
	snprintf(toml, sizeof toml, "%s/metadata.toml", folder);
	string_list_add(&detections, results);
	string_list_add(&collections, "c");
	settings.metadata = camtrapdp_read_metadata(toml, &err);
	assert_non_null(settings.metadata);
	if (export_local_run(&settings, ledger, &result, NULL, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(result.media, count);
	assert_int_equal(result.animals, (count + 2) / 3);
	assert_int_equal(result.humans, (count + 29) / 30);
	assert_int_equal(result.unmatched + result.undetected + result.outside, 0);
	getrusage(RUSAGE_SELF, &usage);
	print_message("%ld files: %ld KiB\n", count, usage.ru_maxrss);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(usage.ru_maxrss < MOST_MEMORY);
#endif
	export_local_result_release(&result);
	camtrapdp_metadata_free(settings.metadata);
	string_list_release(&detections);
	string_list_release(&collections);
	zone_free(zone);
	ledger_close(ledger);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"deployments.csv", "md.json", "metadata.toml",
		"package.zip", "ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm",
		"lock"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[300];

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_many)};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
