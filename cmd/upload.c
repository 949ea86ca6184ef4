/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit upload: packages to the server or an outbox, each once, each proven whole. */
#include "cli/blur.h"
#include "cli/camera_upload.h"
#include "cli/cameras.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/file_list.h"
#include "cli/general.h"
#include "trapkit/ledger.h"
#include "trapkit/text.h"
#include "trapkit/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct {
	struct string_list yaml, zip;
	bool overwrite, again;
} settings;

static const struct option options[] = {
	{.name = "file-yaml",
		.value = "FILE",
		.list = &settings.yaml,
		.help = "Send this package definition, together with a --file-zip; repeatable."},
	{.name = "file-zip",
		.value = "FILE",
		.list = &settings.zip,
		.help = "Send this archive, together with a --file-yaml; repeatable."},
	{.name = "data-path",
		.value = "DIR",
		.directory = &general.data_path,
		.help = "Send the packages made of DIR, or keep the memory of FILEs there."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Replace files of the same name that came from elsewhere."},
	{.name = "again",
		.flag = &settings.again,
		.fallback = "false",
		.help = "Send once more what was sent before: packages that the server lost; with "
			"--camera, all files."},
	{0},
};

static const struct option *const tables[] = {options, camera_upload_options, file_list_options,
	camera_list_options, camera_profile_options, timezone_options, destination_options,
	delivery_options, general_options, network_options, NULL};

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int check_arguments(const struct session *session, struct error *err)
{
	bool camera = camera_upload_wanted();

	if (settings.yaml.count != settings.zip.count)
		return error_set(err, ERROR_USAGE,
			"%zu --file-yaml and %zu --file-zip: they go in pairs, definition and "
			"archive",
			settings.yaml.count, settings.zip.count);
	if (camera && settings.yaml.count > 0)
		return error_set(err, ERROR_USAGE,
			"--camera sends single pictures, --file-yaml and --file-zip a package: one "
			"after the other, please");
	if (!camera && session->argument_count > 0)
		return error_set(err, ERROR_USAGE,
			"'%s' stands alone: packages are named with --file-yaml and --file-zip, "
			"single pictures are sent with --camera",
			session->arguments[0]);
	if (!camera && settings.yaml.count == 0 && general.data_path == NULL)
		return error_set(err, ERROR_USAGE,
			"nothing to upload is named: give --file-yaml and --file-zip, or "
			"--data-path for what was packaged there");
	if (general.data_path != NULL && !is_folder(general.data_path))
		return error_set(err, ERROR_INPUT, "there is no folder '%s'", general.data_path);
	return 0;
}

/* ---- whose memory ---- */

static bool ledger_knows(const char *work_folder, const char *zip)
{
	struct error ignored = {0};
	struct ledger *ledger;
	bool known;

	if (!is_folder(work_folder))
		return false;
	ledger = ledger_open(work_folder, LEDGER_READ, 0, NULL, NULL, &ignored);
	known = ledger != NULL && deliver_knows(ledger, zip);
	ledger_close(ledger);
	return known;
}

/*
 * The ledger beside the archive, or of the data path further up whose package it is; else one
 * beside the archive is begun. Owned; NULL with `err` when there is no such file.
 */
static char *work_folder_of(struct session *session, const char *zip, struct error *err)
{
	char *real, *folder, *work, *slash;

	if (session->work_dir != NULL || general.data_path != NULL)
		return delivery_work_folder(session, general.data_path);
	real = realpath(zip, NULL);
	if (real == NULL) {
		if (errno == ENOENT)
			error_set(err, ERROR_INPUT,
				"there is no '%s'; 'trapkit package' tells the names that it gave, "
				"and 'trapkit upload --data-path DIR' finds them by itself",
				zip);
		else
			error_errno(err, "cannot open '%s'", zip);
		return NULL;
	}
	folder = xstrdup(real);
	*strrchr(folder, '/') = '\0';
	work = text_join_path(folder, ".trapkit");
	if (!is_folder(work)) {
		while ((slash = strrchr(folder, '/')) != NULL) {
			char *above;

			*slash = '\0';
			above = xasprintf("%s/.trapkit", folder);
			if (ledger_knows(above, real)) {
				free(work);
				work = above;
				break;
			}
			free(above);
		}
	}
	free(real);
	free(folder);
	return work;
}

/* ---- --again ---- */

/* What the destination no longer has is sent as if it never had been. */
static int forget_lost(struct session *session, struct delivery *delivery, struct ledger *ledger,
	struct error *err)
{
	struct ledger_package_list list = {0};
	struct remote *remote = NULL;
	int result = ledger_packages(ledger, &list, err);

	if (result == 0 && list.count > 0)
		result = destination_need_password(session, &delivery->remote, err);
	if (result == 0)
		remote = remote_open(&delivery->remote, session->progress);
	for (size_t i = 0; i < list.count && result >= 0; i++) {
		result = deliver_forget_lost(ledger, &list.items[i], remote, delivery->url, err);
		if (result == 1)
			console_note(session->console, "'%s' is no longer at %s: sent once more",
				list.items[i].name, delivery->url);
	}
	remote_close(remote);
	ledger_package_list_release(&list);
	return result < 0 ? -1 : 0;
}

/* ---- one ledger's packages ---- */

/* Also what the folders above the archive remember holds for it, whatever ledger knows it. */
static int obey_folders(struct deliver_item *item, struct error *err)
{
	char *kinds;
	int result = blur_above(item->zip, &kinds, err);

	if (result == 0 && kinds != NULL)
		deliver_check_blur(item, kinds);
	free(kinds);
	return result;
}

static int collect(struct session *session, const struct delivery *delivery, struct ledger *ledger,
	const char *work_folder, struct deliver_item_list *list, size_t *done, struct error *err)
{
	size_t i;

	if (settings.yaml.count == 0) {
		return deliver_plan(ledger, delivery->url,
			delivery->settings.trigger && !delivery->outbox, session->progress, list,
			done, err);
	}
	for (i = 0; i < settings.zip.count; i++) {
		struct deliver_item item = {0};
		char *work = work_folder_of(session, settings.zip.items[i], err);
		bool mine = work != NULL && strcmp(work, work_folder) == 0;

		free(work);
		if (work == NULL)
			return -1;
		if (!mine)
			continue;
		if (deliver_adopt(ledger, settings.yaml.items[i], settings.zip.items[i],
			    session->progress, &item, err) != 0 ||
			obey_folders(&item, err) != 0) {
			deliver_item_release(&item);
			return -1;
		}
		item.trigger_again = delivery->settings.force_trigger;
		ARRAY_APPEND(list, item);
	}
	return 0;
}

static int send_all(struct session *session, struct delivery *delivery, struct ledger *ledger,
	struct deliver_item_list *list, cJSON *parent, struct error *err)
{
	struct deliver *deliver;
	int result;
	size_t i;

	if (delivery_connect(session, delivery, err) != 0)
		return -1;
	deliver = deliver_open(&delivery->settings, ledger, delivery->server, session->progress);
	for (i = 0; i < list->count; i++)
		deliver_add(deliver, &list->items[i]);
	result = deliver_finish(deliver, err);
	delivery_conclude(session, delivery, deliver, parent, err);
	deliver_close(deliver);
	return result;
}

static int upload_from(struct session *session, struct delivery *delivery, const char *work_folder,
	cJSON *parent, struct error *err)
{
	struct ledger *ledger =
		ledger_open(work_folder, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
			session->wait_lock, ledger_warning, session, err);
	struct deliver_item_list list = {0};
	struct blur_rule rule = {0};
	size_t done = 0;
	int result = -1;

	if (ledger == NULL)
		return -1;
	if (blur_rule_open(session, ledger, work_folder, general.data_path, &rule, err) != 0 ||
		(settings.again && forget_lost(session, delivery, ledger, err) != 0) ||
		collect(session, delivery, ledger, work_folder, &list, &done, err) != 0)
		goto done;
	result = 0;
	if (list.count == 0)
		delivery_up_to_date(session, delivery, done, parent);
	else if (session->dry_run)
		result = delivery_foretell(session, delivery, ledger, &list, parent, err);
	else
		result = send_all(session, delivery, ledger, &list, parent, err);
done:
	deliver_item_list_release(&list);
	blur_rule_release(&rule);
	ledger_close(ledger);
	return result;
}

/* Files of several folders have several ledgers: one after the other. */
static int upload_files(struct session *session, struct delivery *delivery, struct error *err)
{
	struct string_list seen = {0};
	size_t i, k;
	int result = 0;

	for (i = 0; i < settings.zip.count && result == 0; i++) {
		char *work = work_folder_of(session, settings.zip.items[i], err);

		if (work == NULL) {
			result = -1;
			break;
		}
		for (k = 0; k < seen.count && strcmp(seen.items[k], work) != 0; k++)
			;
		if (k == seen.count) {
			cJSON *part = cJSON_CreateObject();

			string_list_add(&seen, work);
			result = upload_from(session, delivery, work, part, err);
			merge_results(session->result, part);
		}
		free(work);
	}
	string_list_release(&seen);
	return result;
}

static int run(struct session *session, struct error *err)
{
	struct delivery delivery = {0};
	char *work;
	int result = -1;

	if (check_arguments(session, err) != 0)
		return -1;
	if (camera_upload_wanted())
		return camera_upload_run(session, settings.again, err);
	if (delivery_prepare(&delivery, true, err) != 0)
		goto done;
	delivery.settings.overwrite = settings.overwrite;
	if (settings.zip.count > 0) {
		result = upload_files(session, &delivery, err);
		goto done;
	}
	work = delivery_work_folder(session, general.data_path);
	result = upload_from(session, &delivery, work, session->result, err);
	free(work);
done:
	delivery_release(&delivery);
	return result;
}

static const char description[] =
	"Brings packages to the TRAPPER server over FTPS, or into an outbox folder to be carried "
	"there: the ZIP first, the YAML last, each under a temporary name until the size is "
	"verified. What broke off is gone on with at the byte where it broke, also after a "
	"restart; what is there already is not sent again.\n"
	"\n"
	"Without files, every package that 'trapkit package' made of --data-path and that is not "
	"yet delivered is sent. With --trigger the server is asked to process each package, once: "
	"when the answer is lost, the server is asked what it shows, and only --force-trigger "
	"sends the request again. TRAPPER looks for no duplicates: a package that was never sent "
	"and whose files all are in newer ones is left out, and one of which some are is not sent, "
	"with the exit status 1; another 'trapkit package' then makes one of the others. From a "
	"data path where 'convert --blur' holds, only packages of covered copies are sent, and a "
	"package that was copied elsewhere is known again only with --data-path.\n"
	"\n"
	"--again looks at the destination first, and sends once more what was delivered and is no "
	"longer there, as after a server was set up anew.\n"
	"\n"
	"The destination is the server of the settings, or --to: ftps://USER@HOST/FOLDER, or "
	"file:///FOLDER for an outbox on a disk, with the same guarantees.\n"
	"\n"
	"With --camera, pictures and daily reports go to an AddaxAI Connect server one by one, as "
	"a camera sends them. Before a byte leaves, each file is checked as that server would "
	"('trapkit profile check'): what it would refuse, or what would stop it, stays here with "
	"the reason. A file goes under a hidden name, is verified by its size and renamed, so that "
	"the server never sees a part of one. Its folders are kept only where the path tells the "
	"camera; 'IMG.JPG.1' is sent as 'IMG.JPG', and a name that is taken gets a few letters "
	"added. Contents that were sent are not sent again, whatever they are called now: that is "
	"remembered in the folder .trapkit of the first FILE or DIR (or of a folder above it that "
	"has one), or in --work-dir. Files that --verify finds rejected are sent again by the next "
	"run.\n"
	"\n"
	"A DIR stands for the server's upload folder. The user is 'camera' and the folder the "
	"account's home unless --to or the settings say otherwise. Exits 1 when files were "
	"refused, failed, or were not taken in.";

static const char examples[] =
	"# Send what was packaged and have it processed\n"
	"$ trapkit upload --data-path /data/winter --trigger\n"
	"# Send two files\n"
	"$ trapkit upload --file-yaml winter.yaml --file-zip winter.zip --trigger\n"
	"# Fill a disk that somebody carries to the office\n"
	"$ trapkit upload --data-path /data/winter --to file:///media/usb/outbox\n"
	"# Send a camera's card to an AddaxAI Connect server, and hear what it says\n"
	"$ trapkit upload --camera /media/card --to ftps://camera@addaxai.example.org --verify "
	"60\n";

const struct command command_upload = {
	.name = "upload",
	.summary = "Send packages to the TRAPPER server or an outbox, or pictures as a camera",
	.arguments = "[FILE|DIR…]",
	.maximum = SIZE_MAX,
	.description = description,
	.examples = examples,
	.related = "trapkit-package 1, trapkit-pipeline 1, trapkit-profile 1, trapkit-cron 7",
	.options = tables,
	.run = run,
};
