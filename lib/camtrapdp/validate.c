/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks a package from its container to its last row. */
#include "check.h"
#include "stored.h"

#include "trapkit/error.h"
#include "trapkit/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_DESCRIPTOR (16u << 20)

static int read_descriptor(const struct container *container, struct descriptor *descriptor,
	struct camtrapdp_report *report, bool *understood, struct error *err)
{
	size_t size = 0;
	char *text =
		container_read_all(container, container->descriptor, MOST_DESCRIPTOR, &size, err);

	if (text == NULL)
		return error_context(err, "'%s'", container->descriptor);
	*understood = descriptor_read(text, size, descriptor, report) == 0;
	free(text);
	return 0;
}

static int read_tables(struct check *check, struct error *err)
{
	for (enum table_kind kind = DEPLOYMENTS; kind < TABLES; kind++)
		if (check_table_read(check, kind, err) != 0)
			return -1;
	check_end(check);
	return 0;
}

int camtrapdp_validate(const char *path, const struct camtrapdp_settings *settings,
	struct camtrapdp_report *report, const struct progress *progress, struct error *err)
{
	struct container container = {.archive.fd = -1};
	struct descriptor descriptor = {0};
	struct check check = {.settings = settings,
		.report = report,
		.container = &container,
		.descriptor = &descriptor,
		.progress = progress};
	bool understood = false;
	int result = -1;

	if (container_open(path, &container, err) != 0)
		goto done;
	if (container.folder == NULL) {
		zip_directory_check(&container.directory, report);
		if (settings->check_media &&
			check_members(&container.archive, &container.directory, report, err) != 0)
			goto done;
	}
	if (read_descriptor(&container, &descriptor, report, &understood, err) != 0)
		goto done;
	check.missing_words = descriptor.version == VERSION_1_0_2;
	if (understood &&
		(check_stored(&container, &descriptor, report, err) != 0 ||
			read_tables(&check, err) != 0))
		goto done;
	result = 0;
done:
	check_release(&check);
	descriptor_release(&descriptor);
	container_close(&container);
	return result;
}

/* ---- parts of it ---- */

int camtrapdp_check_zip(const char *path, bool read_all, struct camtrapdp_report *report,
	bool *has_descriptor, struct error *err)
{
	struct bytes_at archive = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	struct zip_directory directory = {0};
	struct stat status;
	char *root = NULL;
	int result = -1;

	if (archive.fd < 0 || fstat(archive.fd, &status) != 0) {
		error_errno(err, "cannot open '%s'", path);
		goto done;
	}
	archive.size = (uint64_t)status.st_size;
	if (zip_directory_read(&archive, &directory, err) != 0) {
		error_context(err, "'%s'", path);
		goto done;
	}
	root = container_zip_root(&directory);
	if (has_descriptor != NULL)
		*has_descriptor = root != NULL;
	zip_directory_check(&directory, report);
	result = read_all ? check_members(&archive, &directory, report, err) : 0;
done:
	free(root);
	zip_directory_release(&directory);
	if (archive.fd >= 0)
		close(archive.fd);
	return result;
}

int camtrapdp_check_zip_bytes(
	const uint8_t *bytes, size_t size, struct camtrapdp_report *report, struct error *err)
{
	struct bytes_at archive = {.fd = -1, .bytes = bytes, .size = size};
	struct zip_directory directory = {0};
	int result = zip_directory_read(&archive, &directory, err);

	if (result == 0) {
		free(container_zip_root(&directory));
		zip_directory_check(&directory, report);
		result = check_members(&archive, &directory, report, err);
	}
	zip_directory_release(&directory);
	return result;
}

void camtrapdp_check_descriptor_bytes(
	const uint8_t *bytes, size_t size, struct camtrapdp_report *report)
{
	struct descriptor descriptor = {0};

	descriptor_read((const char *)bytes, size, &descriptor, report);
	descriptor_release(&descriptor);
}

void camtrapdp_check_table_bytes(
	const uint8_t *bytes, size_t size, int table, struct camtrapdp_report *report)
{
	const struct camtrapdp_settings settings = {0};
	const struct bytes_at from = {.fd = -1, .bytes = bytes, .size = size};
	const struct source_range range = {.from = &from, .packed = size};
	struct descriptor descriptor = {.version = VERSION_1_0_2};
	struct check check = {.settings = &settings,
		.report = report,
		.descriptor = &descriptor,
		.missing_words = true};
	struct error err = {0};
	struct source *source = bytes_source_new(&range, false, &err);
	bool failed = false;

	for (int i = 0; i < TABLES; i++) {
		descriptor.tables[i].delimiter = ',';
		descriptor.tables[i].quote = '"';
	}
	if (source != NULL)
		check_table_source(&check, (enum table_kind)table, source, "table", &failed, &err);
	check_end(&check);
	check_release(&check);
	bytes_source_free(source);
}
