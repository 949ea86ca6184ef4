/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What there is to deliver: packages of the ledger, or two files that somebody named. */
#include "delivery.h"

#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A package that `package` made lies at FOLDER/NAME.yaml and .zip. One of other names was named by
 * the user: its fingerprint is this prefix, the path of the YAML, a line feed, the path of the ZIP.
 */
#define NAMED "files:"

void deliver_item_list_release(struct deliver_item_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		deliver_item_release(&list->items[i]);
	free(list->items);
	*list = (struct deliver_item_list){0};
}

void deliver_paths(const struct ledger_package *package, char **yaml, char **zip)
{
	const char *fingerprint = package->fingerprint != NULL ? package->fingerprint : "";
	const char *line = strchr(fingerprint, '\n');

	if (strncmp(fingerprint, NAMED, strlen(NAMED)) == 0 && line != NULL) {
		fingerprint += strlen(NAMED);
		*yaml = xstrndup(fingerprint, (size_t)(line - fingerprint));
		*zip = xstrdup(line + 1);
	} else {
		*yaml = xasprintf("%s/%s.yaml", package->folder, package->name);
		*zip = xasprintf("%s/%s.zip", package->folder, package->name);
	}
}

/* ---- what the ledger has ---- */

static bool is_sent(const struct ledger_package *package)
{
	return package->delivery != DELIVERY_NONE || package->trigger != TRIGGER_NONE;
}

static bool equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Under the name of a set, another may have been made anew (--overwrite). */
static bool same_set(const struct ledger_package *a, const struct ledger_package *b)
{
	return equal(a->set, b->set) && equal(a->folder, b->folder) &&
		equal(a->fingerprint, b->fingerprint);
}

/* Some part of its set was sent: the others belong to it, whatever else holds their files. */
static bool is_begun(const struct ledger_package_list *list, const struct ledger_package *package)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_sent(&list->items[i]) && same_set(&list->items[i], package))
			return true;
	return false;
}

/* Every file of the package is in others, the same; *set (owned) is the one with most of them. */
static bool is_covered(struct ledger *ledger, const struct ledger_package *package,
	enum ledger_others others, char **set)
{
	struct error ignored = {0};
	uint64_t files = 0;

	return ledger_packaged_twice(ledger, package->id, others, set, &files, &ignored) == 1 &&
		files == package->files;
}

bool deliver_is_superseded(struct ledger *ledger, const struct ledger_package *package)
{
	char *later = NULL, *begun = NULL;
	bool superseded = package->trigger == TRIGGER_NONE && package->recorded &&
		is_covered(ledger, package, LEDGER_LATER, &later) &&
		is_covered(ledger, package, LEDGER_BEGUN, &begun);

	free(later);
	free(begun);
	return superseded;
}

/*
 * 1 = packages that were made later hold files of this one again: *set (owned) is the set with most
 * of them, *files how many they are, 0 when that is not known. 0 = none.
 */
static int find_later(struct ledger *ledger, const struct ledger_package_list *list, size_t index,
	char **set, uint64_t *files, struct error *err)
{
	const struct ledger_package *package = &list->items[index];
	int found;

	/* What was begun is gone on with, unless all of it comes with a later one. */
	if (is_begun(list, package)) {
		if (package->trigger == TRIGGER_NONE &&
			is_covered(ledger, package, LEDGER_LATER, set)) {
			*files = package->files;
			return 1;
		}
		free(*set);
		*set = NULL;
		return 0;
	}
	found = ledger_packaged_twice(ledger, package->id, LEDGER_LATER, set, files, err);
	for (size_t i = index + 1; i < list->count && found == 0; i++) {
		const struct ledger_package *later = &list->items[i];

		if (later->state == PACKAGE_WRITTEN && !same_set(later, package) &&
			(!later->recorded || !package->recorded) &&
			ledger_shares_collection(later->collections, package->collections)) {
			*set = xstrdup(later->set);
			found = 1;
		}
	}
	return found;
}

/* Whether a package is sent: what it is not sent for is told now, or by `refusal` in its turn. */
struct judgement {
	bool wanted;
	struct error refusal;
};

static void refuse(struct judgement *judgement, const struct ledger_package *package,
	const char *later, uint64_t files)
{
	judgement->wanted = true;
	if (files == 0)
		error_set(&judgement->refusal, ERROR_INPUT,
			"'%s' is not sent: '%s' was made after it of the same collection, and "
			"nothing tells whether they hold the same files; name the files of the one "
			"to send with --file-yaml and --file-zip",
			package->name, later);
	else
		error_set(&judgement->refusal, ERROR_INPUT,
			"'%s' is not sent: %llu of its %llu files are in '%s', too, and TRAPPER "
			"would show them twice; run 'trapkit package' once more for the others, "
			"then upload again",
			package->name, (unsigned long long)files,
			(unsigned long long)package->files, later);
}

/* Of a package that is not yet where it belongs. */
static int judge_overlap(struct ledger *ledger, const struct ledger_package_list *list,
	size_t index, const struct progress *progress, struct judgement *judgement,
	struct error *err)
{
	const struct ledger_package *package = &list->items[index];
	char *later = NULL;
	uint64_t files = 0;
	int found = find_later(ledger, list, index, &later, &files, err);

	if (found == 0)
		judgement->wanted = true;
	else if (found > 0 && files == package->files)
		progress_note(progress,
			"package '%s' is left out: '%s' holds its files again (name its files with "
			"--file-yaml and --file-zip to send it all the same)",
			package->name, later);
	else if (found > 0)
		refuse(judgement, package, later, files);
	free(later);
	return found < 0 ? -1 : 0;
}

static int judge(struct ledger *ledger, const struct ledger_package_list *list, size_t index,
	const char *destination, bool trigger, const struct progress *progress, size_t *done,
	struct judgement *judgement, struct error *err)
{
	const struct ledger_package *package = &list->items[index];
	char *yaml, *zip;
	bool finished;

	if (package->state != PACKAGE_WRITTEN) {
		progress_warning(progress, NULL,
			"package '%s' was begun but not finished: run package again",
			package->name);
		return 0;
	}
	deliver_paths(package, &yaml, &zip);
	finished = deliver_is_done(
		ledger, package, text_base_name(yaml), text_base_name(zip), destination, trigger);
	free(yaml);
	free(zip);
	if (finished) {
		(*done)++;
		return 0;
	}
	return judge_overlap(ledger, list, index, progress, judgement, err);
}

int deliver_plan(struct ledger *ledger, const char *destination, bool trigger,
	const struct progress *progress, struct deliver_item_list *list, size_t *done,
	struct error *err)
{
	struct ledger_package_list packages = {0};
	struct judgement *judgements = NULL;
	size_t finished = 0;
	int result = -1;

	if (ledger_packages(ledger, &packages, err) != 0)
		goto done;
	judgements = xcalloc(packages.count + 1, sizeof *judgements);
	for (size_t i = 0; i < packages.count; i++)
		if (judge(ledger, &packages, i, destination, trigger, progress, &finished,
			    &judgements[i], err) != 0)
			goto done;
	for (size_t i = 0; i < packages.count; i++) {
		struct deliver_item item = {
			.package = packages.items[i], .error = judgements[i].refusal};

		if (!judgements[i].wanted)
			continue;
		packages.items[i] = (struct ledger_package){0};
		deliver_paths(&item.package, &item.yaml, &item.zip);
		ARRAY_APPEND(list, item);
	}
	if (done != NULL)
		*done = finished;
	result = 0;
done:
	free(judgements);
	ledger_package_list_release(&packages);
	return result;
}

/* A package that was sent after that one holds what there was of the collection, and tells so. */
static bool is_settled(const struct ledger_package_list *list, size_t index, const char *collection)
{
	for (size_t i = index + 1; i < list->count; i++)
		if (is_sent(&list->items[i]) && list->items[i].recorded &&
			ledger_shares_collection(list->items[i].collections, collection))
			return true;
	return false;
}

/* Some collection of `package` is in that one, too, and what it holds of it is not known. */
static bool is_doubtful(
	const struct ledger_package_list *list, size_t index, const struct ledger_package *package)
{
	const struct ledger_package *other = &list->items[index];
	bool doubtful = false;

	if (!is_sent(other) || (other->recorded && package->recorded))
		return false;
	for (const char *line = package->collections; line != NULL && *line != '\0' && !doubtful;) {
		size_t length = strcspn(line, "\n");
		char *collection = xstrndup(line, length);

		doubtful = ledger_shares_collection(other->collections, collection) &&
			!is_settled(list, index, collection);
		free(collection);
		line += length + (line[length] == '\n');
	}
	return doubtful;
}

char *deliver_overlap(struct ledger *ledger, const struct ledger_package *package)
{
	struct ledger_package_list list = {0};
	struct error ignored = {0};
	uint64_t files;
	char *name = NULL;

	/* Asked of each of many parts: no list of all packages is made for most of them. */
	if (ledger_is_set_begun(ledger, package, &ignored) == 1)
		return NULL;
	if (ledger_packages(ledger, &list, &ignored) != 0)
		list.count = 0;
	for (size_t i = 0; i < list.count && name == NULL; i++)
		if (is_doubtful(&list, i, package))
			name = xstrdup(list.items[i].set);
	if (name == NULL && package->recorded)
		ledger_packaged_twice(ledger, package->id, LEDGER_BEGUN, &name, &files, &ignored);
	ledger_package_list_release(&list);
	return name;
}

int deliver_take(struct ledger *ledger, int64_t id, struct deliver_item *item, struct error *err)
{
	int found = ledger_get_package(ledger, id, &item->package, err);

	if (found == 0)
		return error_set(
			err, ERROR_INPUT, "package %lld is not in the ledger", (long long)id);
	if (found == 1)
		deliver_paths(&item->package, &item->yaml, &item->zip);
	return found == 1 ? 0 : -1;
}

/* ---- files that the user named ---- */

static char *real_path(const char *path, struct error *err)
{
	char *resolved = realpath(path, NULL);

	if (resolved == NULL)
		error_errno(err, "cannot open '%s'", path);
	return resolved;
}

/* Takes the row of the ZIP out of the list; false when there is none. */
static bool take_row(struct ledger_package_list *list, const char *zip, struct ledger_package *out)
{
	size_t i;

	for (i = list->count; i-- > 0;) {
		char *row_yaml, *row_zip;
		bool same;

		if (list->items[i].id == 0)
			continue;
		deliver_paths(&list->items[i], &row_yaml, &row_zip);
		same = strcmp(row_zip, zip) == 0;
		free(row_yaml);
		free(row_zip);
		if (same) {
			*out = list->items[i];
			list->items[i] = (struct ledger_package){0};
			return true;
		}
	}
	return false;
}

/* The same: the row of a package with these contents, which lies there under other names. */
static bool take_twin(struct ledger_package_list *list, const struct ledger_package *package,
	struct ledger_package *out)
{
	size_t i;

	for (i = list->count; i-- > 0;) {
		const struct ledger_package *row = &list->items[i];

		if (row->id != 0 && row->zip_sha256 != NULL && row->yaml_sha256 != NULL &&
			strcmp(row->zip_sha256, package->zip_sha256) == 0 &&
			strcmp(row->yaml_sha256, package->yaml_sha256) == 0) {
			*out = list->items[i];
			list->items[i] = (struct ledger_package){0};
			return true;
		}
	}
	return false;
}

bool deliver_knows(struct ledger *ledger, const char *zip)
{
	struct ledger_package_list list = {0};
	struct ledger_package package = {0};
	struct error ignored = {0};
	bool found = false;

	if (ledger_packages(ledger, &list, &ignored) == 0)
		found = take_row(&list, zip, &package);
	ledger_package_release(&package);
	ledger_package_list_release(&list);
	return found;
}

/* A ZIP begins with an entry, or with its end when it is empty (PKWARE APPNOTE 4.3). */
static int check_zip(const char *path, struct error *err)
{
	unsigned char head[4] = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	int result = -1;

	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		error_set(err, ERROR_INPUT, "'%s' is not a file", path);
	else if (read(fd, head, sizeof head) != (ssize_t)sizeof head || head[0] != 'P' ||
		head[1] != 'K' || (head[2] != 3 && head[2] != 5))
		error_set(err, ERROR_INPUT,
			"'%s' is not a ZIP archive; --file-yaml takes the definition, --file-zip "
			"the archive",
			path);
	else
		result = 0;
	close(fd);
	return result;
}

int deliver_identify(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err)
{
	FILE *file = fopen(path, "rb");
	char magic[4] = "";
	bool zip;

	if (file == NULL)
		return error_errno(err, "cannot open '%s'", path);
	zip = fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "PK", 2) == 0;
	fclose(file);
	return zip ? zip_identity(path, hex, progress, err) : file_sha256(path, hex, progress, err);
}

/*
 * 1 = as the ledger knows it, 0 = new or changed: size and digest are set anew. `known` is up to
 * when a change of this path is covered by the ledger's digest, 0 = none; *changed grows to when it
 * changed.
 */
static int digest_file(const char *path, int64_t known, uint64_t *size, char **sha256,
	int64_t *changed, const struct progress *progress, struct error *err)
{
	char hex[2 * SHA256_SIZE + 1];
	struct stat status;
	int64_t changed_ns;
	bool same;

	if (stat(path, &status) != 0)
		return error_errno(err, "cannot look at '%s'", path);
	changed_ns = timespec_ns(&status.st_ctim);
	if (*changed < changed_ns)
		*changed = changed_ns;
	if (*sha256 != NULL && *size == (uint64_t)status.st_size && changed_ns <= known)
		return 1;
	if (deliver_identify(path, hex, progress, err) != 0)
		return -1;
	same = *sha256 != NULL && strcmp(*sha256, hex) == 0;
	free(*sha256);
	*sha256 = xstrdup(hex);
	*size = (uint64_t)status.st_size;
	return same;
}

static char *stem_of(const char *path)
{
	const char *name = text_base_name(path), *dot = strrchr(name, '.');

	return dot != NULL && dot != name ? xstrndup(name, (size_t)(dot - name)) : xstrdup(name);
}

static char *names_of(const struct definition_summary *summary)
{
	char *names = xstrdup("");
	size_t i;

	for (i = 0; i < summary->count; i++) {
		char *longer =
			xasprintf("%s%s%s", names, i > 0 ? "\n" : "", summary->items[i].name);

		free(names);
		names = longer;
	}
	return names;
}

/* What is known of a package that is new, or not what it was. */
static void describe(struct ledger_package *package, const char *yaml, const char *zip,
	const struct definition_summary *summary)
{
	size_t i;

	if (package->id == 0) {
		package->name = stem_of(zip);
		package->set = xstrdup(package->name);
		package->part = package->parts = 1;
		package->folder = xstrndup(zip, (size_t)(text_base_name(zip) - zip - 1));
	}
	free(package->fingerprint);
	package->fingerprint = xasprintf(NAMED "%s\n%s", yaml, zip);
	free(package->collections);
	package->collections = names_of(summary);
	free(package->destination);
	package->destination = NULL;
	free(package->task);
	package->task = NULL;
	/* Of what is new under this name, nobody knows whether people are covered in it. */
	free(package->blur);
	package->blur = NULL;
	package->state = PACKAGE_WRITTEN;
	package->files = 0;
	for (i = 0; i < summary->count; i++)
		package->files += summary->items[i].resources;
	package->media_bytes = package->zip_size;
	package->delivery = DELIVERY_NONE;
	package->trigger = TRIGGER_NONE;
	package->delivered = package->triggered = 0;
}

static int adopt(struct ledger *ledger, struct ledger_package_list *list, const char *yaml,
	const char *zip, const struct progress *progress, struct ledger_package *package,
	struct error *err)
{
	struct ledger_package twin = {0};
	struct definition_summary summary = {0};
	char *known_yaml = NULL, *known_zip = NULL;
	int64_t known = package->changed_ns, changed = 0;
	int zip_same, yaml_same = 0, result = -1;

	if (definition_read(yaml, &summary, err) != 0) {
		error_context(err, "'%s' is not a package definition", yaml);
		goto done;
	}
	if (package->id != 0)
		deliver_paths(package, &known_yaml, &known_zip);
	zip_same = digest_file(
		zip, known, &package->zip_size, &package->zip_sha256, &changed, progress, err);
	if (known_yaml == NULL || strcmp(known_yaml, yaml) != 0)
		known = 0;
	if (zip_same >= 0)
		yaml_same = digest_file(yaml, known, &package->yaml_size, &package->yaml_sha256,
			&changed, progress, err);
	if (zip_same < 0 || yaml_same < 0)
		goto done;
	if (package->id == 0 && take_twin(list, package, &twin)) {
		ledger_package_release(package);
		*package = twin;
	} else if (!zip_same || !yaml_same) {
		describe(package, yaml, zip, &summary);
		package->changed_ns = changed;
		if (ledger_put_package(ledger, package, err) != 0)
			goto done;
	}
	result = 0;
done:
	free(known_yaml);
	free(known_zip);
	definition_summary_release(&summary);
	return result;
}

int deliver_adopt(struct ledger *ledger, const char *yaml, const char *zip,
	const struct progress *progress, struct deliver_item *item, struct error *err)
{
	struct ledger_package_list list = {0};
	struct ledger_package package = {0};
	char *real_yaml = real_path(yaml, err);
	char *real_zip = real_yaml != NULL ? real_path(zip, err) : NULL;
	int result = -1;

	if (real_zip == NULL || check_zip(real_zip, err) != 0 ||
		ledger_packages(ledger, &list, err) != 0)
		goto done;
	take_row(&list, real_zip, &package);
	if (adopt(ledger, &list, real_yaml, real_zip, progress, &package, err) != 0)
		goto done;
	item->package = package;
	item->yaml = real_yaml;
	item->zip = real_zip;
	package = (struct ledger_package){0};
	real_yaml = real_zip = NULL;
	result = 0;
done:
	ledger_package_release(&package);
	ledger_package_list_release(&list);
	free(real_yaml);
	free(real_zip);
	return result;
}
