/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is the ledger's word on what was delivered to be relied on? TRAPPER looks for no duplicates. */
#include "package_job.h"

#include "trapkit/find_files.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_damage(struct package_job *job, struct error *err)
{
	char *why = NULL;

	if (ledger_get_note(job->ledger, LEDGER_LOST, &why, err) != 0)
		return -1;
	if (why == NULL)
		return 0;
	free(why);
	return error_set(err, ERROR_INPUT,
		"what was delivered from '%s' before is not known, since its ledger was damaged "
		"and begun anew: look at the server, move what is there out of the data path, and "
		"package the rest with --again",
		job->settings->data_path);
}

/* A card that is locked now may have been delivered from before it was. */
static int check_other_ledger(const struct package_job *job, struct error *err)
{
	char *other = text_join_path(job->settings->data_path, ".trapkit/ledger.sqlite3");
	char *own = text_join_path(job->settings->work_folder, "ledger.sqlite3");
	struct stat there, here;
	int result = 0;

	if (stat(other, &there) == 0 && stat(own, &here) == 0 &&
		(there.st_ino != here.st_ino || there.st_dev != here.st_dev))
		result = error_set(err, ERROR_INPUT,
			"'%s' knows what was delivered from here, and the ledger in '%s' is new: "
			"copy that file there first, or package everything with --again",
			other, job->settings->work_folder);
	free(own);
	free(other);
	return result;
}

/* A definition in the data path that lists a collection of ours, with its archive. */
struct search {
	const struct package_job *job;
	char *yaml; /* owned; NULL = none found */
};

static bool lists_ours(const struct package_job *job, const char *yaml)
{
	struct definition_summary summary = {0};
	struct error ignored = {0};
	bool ours = false;

	definition_read(yaml, &summary, &ignored);
	for (size_t i = 0; i < summary.count; i++)
		for (size_t k = 0; k < job->folders.count && !ours; k++)
			ours = strcmp(summary.items[i].name, job->folders.items[k].collection) == 0;
	definition_summary_release(&summary);
	return ours;
}

static enum find_answer visit(void *context, const struct found *found, struct error *err)
{
	struct search *search = context;
	size_t length = strlen(found->name);
	char *path, *zip;

	(void)err;
	if (found->kind != FOUND_FILE || length < 6 ||
		strcmp(found->name + length - 5, ".yaml") != 0)
		return FIND_ON;
	path = text_join_path(search->job->settings->data_path, found->name);
	zip = xasprintf("%.*s.zip", (int)(strlen(path) - 5), path);
	if (access(zip, F_OK) == 0 && lists_ours(search->job, path)) {
		search->yaml = path;
		path = NULL;
	}
	free(zip);
	free(path);
	return search->yaml == NULL ? FIND_ON : FIND_STOP;
}

static int check_left_packages(const struct package_job *job, struct error *err)
{
	struct search search = {.job = job};
	struct find_files walk = {.visit = visit, .context = &search};
	struct error ignored = {0};

	find_files(job->settings->data_path, &walk, &ignored);
	if (search.yaml == NULL)
		return 0;
	error_set(err, ERROR_INPUT,
		"'%s' is a package that the ledger does not know (was '.trapkit' removed, or did "
		"trapper-tools make it?): if it was delivered, its pictures would be in TRAPPER "
		"twice; to send it, use 'trapkit upload --file-yaml … --file-zip …'; to package "
		"everything anew, --again",
		search.yaml);
	free(search.yaml);
	return -1;
}

int package_memory_check(struct package_job *job, struct error *err)
{
	struct ledger_package_list all = {0};
	bool empty;

	/* Whoever says so takes it on himself. */
	if (job->settings->again || job->settings->overwrite)
		return ledger_put_note(job->ledger, LEDGER_LOST, NULL, err);
	if (check_damage(job, err) != 0 || ledger_packages(job->ledger, &all, err) != 0)
		return -1;
	empty = all.count == 0;
	ledger_package_list_release(&all);
	if (!empty)
		return 0;
	return check_other_ledger(job, err) != 0 ? -1 : check_left_packages(job, err);
}
