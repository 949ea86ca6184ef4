/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every way into an open ledger: one thread at a time, and a transaction is one thread's alone. */
#include "store.h"

int ledger_begin(struct ledger *ledger, struct error *err)
{
	pthread_mutex_lock(&ledger->guard);
	if (store_begin(ledger, err) == 0) {
		ledger->in_transaction = true;
		return 0;
	}
	pthread_mutex_unlock(&ledger->guard);
	return -1;
}

static void end_transaction(struct ledger *ledger)
{
	if (!ledger->in_transaction)
		return;
	ledger->in_transaction = false;
	pthread_mutex_unlock(&ledger->guard);
}

/* A commit that fails leaves the transaction open for ledger_rollback. */
int ledger_commit(struct ledger *ledger, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_commit(ledger, err);
	if (result == 0)
		end_transaction(ledger);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

void ledger_rollback(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->guard);
	store_rollback(ledger);
	end_transaction(ledger);
	pthread_mutex_unlock(&ledger->guard);
}

static struct ledger_files *open_files(struct ledger *ledger, const char *collection,
	const char *deployment, bool brief, struct error *err)
{
	struct ledger_files *files;

	pthread_mutex_lock(&ledger->guard);
	files = store_files_open(ledger, collection, deployment, brief, err);
	pthread_mutex_unlock(&ledger->guard);
	return files;
}

struct ledger_files *ledger_files_open(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err)
{
	return open_files(ledger, collection, deployment, false, err);
}

struct ledger_files *ledger_files_open_brief(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err)
{
	return open_files(ledger, collection, deployment, true, err);
}

void ledger_files_close(struct ledger_files *files)
{
	struct ledger *ledger;

	if (files == NULL)
		return;
	ledger = store_files_ledger(files);
	pthread_mutex_lock(&ledger->guard);
	store_files_close(files);
	pthread_mutex_unlock(&ledger->guard);
}

int ledger_files_next(struct ledger_files *files, struct resource *resource, struct error *err)
{
	struct ledger *ledger = store_files_ledger(files);
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_files_next(files, resource, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_deployments(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_deployments(ledger, collection, list, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_folders(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_folders(ledger, collection, list, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_file(struct ledger *ledger, const struct resource *resource, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_file(ledger, resource, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_sha256(struct ledger *ledger, const char *path, const uint8_t sha256[SHA256_SIZE],
	struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_sha256(ledger, path, sha256, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_remove_file(struct ledger *ledger, const char *path, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_remove_file(ledger, path, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_remove_deployment(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_remove_deployment(ledger, collection, deployment, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_get_file(
	struct ledger *ledger, const char *path, struct resource *resource, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_get_file(ledger, path, resource, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_package(struct ledger *ledger, struct ledger_package *package, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_package(ledger, package, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_remove_package(struct ledger *ledger, int64_t id, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_remove_package(ledger, id, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_get_package(
	struct ledger *ledger, int64_t id, struct ledger_package *package, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_get_package(ledger, id, package, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_is_set_begun(
	struct ledger *ledger, const struct ledger_package *package, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_is_set_begun(ledger, package, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_packages(struct ledger *ledger, struct ledger_package_list *list, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_packages(ledger, list, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_packaged(struct ledger *ledger, int64_t package, const struct ledger_packaged *file,
	struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_packaged(ledger, package, file, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_forget_packaged(struct ledger *ledger, int64_t package, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_forget_packaged(ledger, package, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_packaged(struct ledger *ledger, const char *collection, const char *deployment,
	struct ledger_packaged_list *list, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_packaged(ledger, collection, deployment, list, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_packaged_twice(struct ledger *ledger, int64_t package, enum ledger_others others,
	char **set, uint64_t *files, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_packaged_twice(ledger, package, others, set, files, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_upload(struct ledger *ledger, const struct ledger_upload *upload, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_upload(ledger, upload, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_get_upload(struct ledger *ledger, const char *destination, const char *remote_name,
	struct ledger_upload *upload, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_get_upload(ledger, destination, remote_name, upload, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_remove_upload(
	struct ledger *ledger, const char *destination, const char *remote_name, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_remove_upload(ledger, destination, remote_name, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_camera_file(
	struct ledger *ledger, const struct ledger_camera_file *file, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_camera_file(ledger, file, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_get_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct ledger_camera_file *file, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_get_camera_file(ledger, destination, sha256, place, file, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_remove_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_remove_camera_file(ledger, destination, sha256, place, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_get_note(struct ledger *ledger, const char *key, char **value, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_get_note(ledger, key, value, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_note(struct ledger *ledger, const char *key, const char *value, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_note(ledger, key, value, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_put_rendition(
	struct ledger *ledger, const struct ledger_rendition *rendition, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_put_rendition(ledger, rendition, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_get_rendition(struct ledger *ledger, const char *path,
	struct ledger_rendition *rendition, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_get_rendition(ledger, path, rendition, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_next_rendition(struct ledger *ledger, const char *after, const char *part, bool with,
	struct ledger_rendition *rendition, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_next_rendition(ledger, after, part, with, rendition, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}

int ledger_remove_rendition(struct ledger *ledger, const char *path, struct error *err)
{
	int result;

	pthread_mutex_lock(&ledger->guard);
	result = store_remove_rendition(ledger, path, err);
	pthread_mutex_unlock(&ledger->guard);
	return result;
}
