/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TRAPPER's Camtrap DP package, made there, fetched, checked, put down. */
#include "trapkit/export_fetch.h"

#include "export_part.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/output_folder.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FALLBACK_NAME "camtrap_dp_export.zip"
#define MOST_ADDRESSES 5 /* that bring nothing, one after another */

struct fetching {
	struct trapper *trapper;
	const struct export_fetch *fetch;
	const struct progress *progress;
	struct export_part part;
	struct camtrapdp_report *report;
	struct export_fetched *fetched;
};

void export_fetched_release(struct export_fetched *fetched)
{
	free(fetched->path);
	free(fetched->answer);
	*fetched = (struct export_fetched){0};
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Where the output's name is still the server's to give: a folder that is there, or none named. */
static bool server_names(const struct export_fetch *fetch)
{
	return fetch->output == NULL || (!fetch->extract && is_folder(fetch->output));
}

/* The final path; owned. `name` is the server's, or NULL. */
static char *final_path(const struct export_fetch *fetch, const char *name)
{
	static const char *const zip[] = {".zip", NULL};
	char *file, *path;

	if (!server_names(fetch))
		return xstrdup(fetch->output);
	if (name == NULL)
		name = FALLBACK_NAME;
	file = fetch->extract && text_has_suffix(name, zip) ? xstrndup(name, strlen(name) - 4)
							    : xstrdup(name);
	path = fetch->output == NULL ? xstrdup(file) : text_join_path(fetch->output, file);
	free(file);
	return path;
}

static enum output_existing existing(const struct export_fetch *fetch)
{
	return fetch->overwrite ? OUTPUT_REPLACE : OUTPUT_REFUSE;
}

static int check_path(const struct export_fetch *fetch, const char *path, struct error *err)
{
	struct stat status;

	if (fetch->extract)
		return output_folder_check(path, existing(fetch), err);
	if (fetch->overwrite || lstat(path, &status) != 0)
		return 0;
	return error_set(
		err, ERROR_INPUT, "'%s' exists already; remove it or use --overwrite", path);
}

/* The folder that the output and its part go to, with its slash; "" = the current one. Owned. */
static char *output_folder(const struct export_fetch *fetch)
{
	char *path = final_path(fetch, NULL);

	path[text_base_name(path) - path] = '\0';
	return path;
}

int export_fetch_check(const struct export_fetch *fetch, struct error *err)
{
	char *folder = output_folder(fetch);
	int result = 0;

	if (folder[0] != '\0' && !is_folder(folder))
		result = error_set(err, ERROR_INPUT,
			"there is no folder '%.*s' for --output: make it, or choose another",
			(int)strlen(folder) - 1, folder);
	free(folder);
	if (result != 0 || server_names(fetch))
		return result;
	return check_path(fetch, fetch->output, err);
}

/* ---- fetching ---- */

/* The server has begun to send, and has said what the file is called. */
static int begin(void *context, const struct http_download *download, struct error *err)
{
	struct fetching *fetching = context;
	char *path = final_path(fetching->fetch, download->file_name);
	int result = check_path(fetching->fetch, path, err);

	free(path);
	if (download->have == 0)
		fetching->part.found = 0;
	return result == 0 ? export_part_note(&fetching->part, err) : -1;
}

/* Has the package made, unless an earlier run did: then the server still has it. */
static int make(struct fetching *fetching, bool again, char **url, struct error *err)
{
	struct trapper_package package = *fetching->fetch->package;

	if (again) {
		package.clear_cache = false;
		package.get_released = package.get_released || package.release;
		package.release = false;
	}
	free(fetching->fetched->answer);
	return trapper_package_make(fetching->trapper, &package, fetching->fetch->build_timeout,
		url, &fetching->fetched->answer, err);
}

static int fetch_all(struct fetching *fetching, struct error *err)
{
	struct http_download *download = &fetching->part.download;
	bool again = download->have > 0, gone = true;
	unsigned idle = 0;
	int result = -1;

	while (result != 0 && gone) {
		uint64_t before = download->furthest;
		char *url = NULL;

		if (make(fetching, again, &url, err) != 0)
			return -1;
		again = true;
		result = trapper_package_fetch(fetching->trapper, url, download, &gone, err);
		free(url);
		idle = download->furthest > before ? 0 : idle + 1;
		if (result != 0 && gone && idle < MOST_ADDRESSES) {
			progress_note(fetching->progress,
				"the package's address is used up; asking for a new one");
			error_clear(err);
		} else {
			gone = false;
		}
	}
	return result;
}

static void promise_rest(uint64_t have, struct error *err)
{
	char *size = text_size(have);

	error_context(err,
		"the first %s of the package are here, and the same command goes on from there",
		size);
	free(size);
}

static int download(struct fetching *fetching, struct error *err)
{
	struct http_download *what = &fetching->part.download;
	struct progress_event event = {.kind = PROGRESS_BEGIN, .stage = "download"};
	int result;

	what->stage = event.stage;
	what->begin = begin;
	what->context = fetching;
	progress_send(fetching->progress, &event);
	result = fetch_all(fetching, err);
	event.kind = PROGRESS_END;
	event.bytes_done = what->have;
	event.bytes_total = what->total;
	progress_send(fetching->progress, &event);
	if (result != 0 && err->kind == ERROR_NETWORK && what->have > 0)
		promise_rest(what->have, err);
	return result;
}

/* ---- checking ---- */

/* An archive whose directory, contents or descriptor cannot be relied on. */
static bool is_broken(const struct camtrapdp_finding *finding)
{
	return finding->severity == CAMTRAPDP_ERROR &&
		(strcmp(finding->rule, "S01") == 0 || strcmp(finding->rule, "S04") == 0 ||
			strcmp(finding->rule, "S07") == 0);
}

static int refuse_broken(const struct camtrapdp_report *report, struct error *err)
{
	for (size_t i = 0; i < report->findings.count; i++) {
		const struct camtrapdp_finding *finding = &report->findings.items[i];

		if (is_broken(finding))
			return error_set(err, ERROR_INPUT, "%s%s%s",
				finding->value == NULL ? "" : finding->value,
				finding->value == NULL ? "" : ": ", finding->message);
	}
	return 0;
}

static int check(struct fetching *fetching, struct error *err)
{
	const struct camtrapdp_settings settings = {.now = (int64_t)time(NULL)};
	const char *format = fetching->fetch->package->format;
	const char *path = fetching->part.path;
	struct camtrapdp_report archive = {.most = 1};
	int result = camtrapdp_check_zip(path, true, &archive, NULL, err);

	if (result == 0)
		result = refuse_broken(&archive, err);
	camtrapdp_report_release(&archive);
	/* TRAPPER's own format has no rules to be held to. */
	if (result != 0 || (format != NULL && strcmp(format, "camtrapdp") != 0))
		return result;
	if (camtrapdp_validate(path, &settings, fetching->report, fetching->progress, err) != 0)
		return -1;
	fetching->fetched->checked = true;
	return refuse_broken(fetching->report, err);
}

/* Bytes of two runs may not belong together where the server had no way to say so: once anew. */
static int fetch_and_check(struct fetching *fetching, struct error *err)
{
	bool joined;

	if (download(fetching, err) != 0)
		return -1;
	joined = fetching->part.found > 0;
	if (check(fetching, err) == 0)
		return 0;
	if (err->kind == ERROR_INPUT && joined) {
		size_t most = fetching->report->most;

		progress_note(fetching->progress,
			"what came does not fit together (%s); fetching "
			"all of it anew",
			err->message);
		error_clear(err);
		camtrapdp_report_release(fetching->report);
		fetching->report->most = most;
		if (export_part_empty(&fetching->part, err) != 0 || download(fetching, err) != 0)
			return -1;
		if (check(fetching, err) == 0)
			return 0;
	}
	if (err->kind == ERROR_INPUT) {
		export_part_empty(&fetching->part, &(struct error){0});
		error_context(err,
			"what the server sent is no whole and safe package, and is not kept; "
			"have it made anew with --clear-cache");
	}
	return -1;
}

/* ---- putting it down ---- */

static int put_file(struct fetching *fetching, struct error *err)
{
	struct export_part *part = &fetching->part;
	struct output_file file = {.path = xstrdup(fetching->fetched->path),
		.temporary = xstrdup(part->path),
		.fd = dup(part->download.fd)};

	file.stream = file.fd < 0 ? NULL : fdopen(file.fd, "r+");
	if (file.stream == NULL) {
		free(file.path);
		free(file.temporary);
		return error_errno(err, "cannot write '%s'", fetching->fetched->path);
	}
	if (output_file_publish(&file, existing(fetching->fetch), err) != 0)
		return -1;
	unlink(part->state_path);
	return 0;
}

static int put_folder(struct fetching *fetching, struct error *err)
{
	struct output_folder folder = {0};
	int result = -1;

	if (output_folder_open(&folder, fetching->fetched->path, err) != 0)
		return -1;
	if (camtrapdp_unpack(fetching->part.path, folder.temporary, fetching->progress, err) == 0)
		result = output_folder_publish(&folder, existing(fetching->fetch), err);
	output_folder_discard(&folder);
	if (result == 0)
		export_part_remove(&fetching->part);
	return result;
}

int export_fetch(struct trapper *trapper, const struct export_fetch *fetch,
	struct camtrapdp_report *report, struct export_fetched *fetched,
	const struct progress *progress, struct error *err)
{
	struct fetching fetching = {.trapper = trapper,
		.fetch = fetch,
		.progress = progress,
		.report = report,
		.fetched = fetched};
	char *query = trapper_package_query(fetch->package);
	char *folder = output_folder(fetch);
	int result = -1;

	if (export_part_open(&fetching.part, folder, fetch->package->project, query, err) != 0)
		goto done;
	if (fetch_and_check(&fetching, err) != 0)
		goto done;
	fetched->resumed_at = fetching.part.found;
	fetched->bytes = fetching.part.download.have;
	fetched->path = final_path(fetch, fetching.part.download.file_name);
	result = fetch->extract ? put_folder(&fetching, err) : put_file(&fetching, err);
done:
	export_part_close(&fetching.part);
	free(folder);
	free(query);
	return result;
}
