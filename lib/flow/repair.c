/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A package written anew where it is asked for: a folder or a ZIP, whole or not at all. */
#include "trapkit/validate.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/output_folder.h"
#include "trapkit/package.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_zip(const char *output)
{
	static const char *const zip[] = {".zip", NULL};

	return text_has_suffix(output, zip);
}

static int check_output(const char *output, enum output_existing existing, struct error *err)
{
	struct stat status;

	if (!is_zip(output))
		return output_folder_check(output, existing, err);
	if (existing == OUTPUT_REPLACE || lstat(output, &status) != 0)
		return 0;
	return error_set(
		err, ERROR_INPUT, "'%s' exists already; remove it or use --overwrite", output);
}

static void add_entry(struct zip_plan *plan, const char *folder, const char *name)
{
	/* The same package gives the same bytes, whenever it is mended: 1980-01-01, the first day.
	 */
	struct zip_entry entry = {.name = xstrdup(name), .mode = 0644, .dos_time = 0x210000};
	struct stat status;
	char *path = text_join_path(folder, name);

	if (stat(path, &status) != 0) {
		free(entry.name);
		free(path);
		return;
	}
	entry.source = path;
	entry.size = (uint64_t)status.st_size;
	entry.mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	ARRAY_APPEND(plan, entry);
}

/* The tables are packed already, or were not wanted so: they are stored. */
static int put_zip(const char *folder, const char *output, enum output_existing existing,
	const struct progress *progress, struct error *err)
{
	static const char *const names[] = {"datapackage.json", "deployments.csv", "media.csv",
		"observations.csv", "deployments.csv.gz", "media.csv.gz", "observations.csv.gz"};
	struct zip_plan plan = {0};
	struct output_file zip = {0};
	char *real = realpath(folder, NULL);
	int result = real == NULL ? error_errno(err, "cannot find '%s'", folder) : 0;

	for (size_t i = 0; result == 0 && i < sizeof names / sizeof *names; i++)
		add_entry(&plan, real, names[i]);
	if (result == 0)
		result = output_file_open(&zip, output, false, err);
	if (result == 0)
		result = zip_write(&plan, real, zip.fd, output, progress, NULL, NULL, err);
	if (result == 0)
		result = zip_verify(zip.temporary, &plan, false, progress, err);
	if (result == 0)
		result = output_file_publish(&zip, existing, err);
	output_file_discard(&zip);
	zip_plan_release(&plan);
	free(real);
	return result;
}

int validate_repair(const char *path, const char *output, bool overwrite,
	struct camtrapdp_repair *repair, const struct progress *progress, struct error *err)
{
	static const char *const yaml[] = {".yaml", ".yml", NULL};
	enum output_existing existing = overwrite ? OUTPUT_REPLACE : OUTPUT_REFUSE;
	struct output_folder folder = {0};
	int result;

	if (text_has_suffix(path, yaml))
		return error_set(err, ERROR_INPUT,
			"'%s' is of a TRAPPER package, only Camtrap DP packages are mended; "
			"'trapkit package' makes it anew",
			path);
	result = check_output(output, existing, err);
	if (result == 0)
		result = output_folder_open(&folder, output, err);
	if (result == 0)
		result = camtrapdp_repair(path, folder.temporary, repair, progress, err);
	if (result == 0)
		result = is_zip(output) ? put_zip(folder.temporary, output, existing, progress, err)
					: output_folder_publish(&folder, existing, err);
	output_folder_discard(&folder);
	return result;
}
