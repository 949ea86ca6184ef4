/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection test: login, project, upload, certificate, a probe file; each told in one line. */
#include "console.h"
#include "destination.h"
#include "general.h"
#include "server.h"
#include "trapkit/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char probe_text[] = "trapkit wrote this to test the connection; it may be deleted\n";

struct checks {
	struct session *session;
	cJSON *array;
	unsigned count, failed;
	struct error first; /* failure */
	bool cancelled;
};

static void tell(struct checks *checks, const char *status, const char *name, const char *text)
{
	cJSON *check = cJSON_CreateObject();

	cJSON_AddStringToObject(check, "name", name);
	cJSON_AddStringToObject(check, "status", status);
	cJSON_AddStringToObject(check, "message", text);
	cJSON_AddItemToArray(checks->array, check);
	console_result(checks->session->console, "%-8s %-16s %s\n", status, name, text);
	checks->count += strcmp(status, "skipped") != 0;
}

static void passed(struct checks *checks, const char *name, char *text)
{
	tell(checks, "ok", name, text);
	free(text);
}

static void failed(struct checks *checks, const char *name, const struct error *err)
{
	tell(checks, "FAILED", name, err->message);
	checks->cancelled = checks->cancelled || err->kind == ERROR_CANCELLED;
	if (checks->failed++ == 0 || err->kind == ERROR_CANCELLED)
		checks->first = *err;
}

static const char *find_project(const struct trapper_project_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pk == general.project_id)
			return list->items[i].name;
	return NULL;
}

/* Which kind of project the number means differs between servers: both are looked at. */
static void check_project(struct checks *checks, struct trapper *trapper)
{
	struct trapper_project_list research = {0}, classification = {0};
	struct error err = {0};
	const char *name;

	if (general.project_id == 0) {
		tell(checks, "skipped", "project",
			"GENERAL.project_id is not set; 'trapkit helpers research_projects' lists "
			"them");
		return;
	}
	if (trapper_projects(trapper, TRAPPER_RESEARCH, &research, &err) != 0 ||
		trapper_projects(trapper, TRAPPER_CLASSIFICATION, &classification, &err) != 0) {
		failed(checks, "project", &err);
	} else if ((name = find_project(&research)) != NULL) {
		passed(checks, "project",
			xasprintf("%ld is the research project '%s'", general.project_id, name));
	} else if ((name = find_project(&classification)) != NULL) {
		passed(checks, "project",
			xasprintf("%ld is the classification project '%s'", general.project_id,
				name));
	} else {
		error_set(&err, ERROR_SETTINGS,
			"this login sees no project %ld: set GENERAL.project_id to one that "
			"'trapkit helpers research_projects' lists; a new project must first be "
			"approved by the server's administrator",
			general.project_id);
		failed(checks, "project", &err);
	}
	trapper_project_list_release(&research);
	trapper_project_list_release(&classification);
}

static void check_api(struct checks *checks)
{
	struct error err = {0};
	struct trapper *trapper = server_open(checks->session, &err);

	if (trapper == NULL || trapper_check_login(trapper, &err) != 0) {
		failed(checks, "TRAPPER login", &err);
		tell(checks, "skipped", "project", "needs the TRAPPER login");
	} else {
		passed(checks, "TRAPPER login",
			general.token != NULL
				? xasprintf("'%s' accepts the token", general.host)
				: xasprintf("'%s' accepts '%s'", general.host, general.login));
		check_project(checks, trapper);
	}
	trapper_close(trapper);
}

static int write_probe(char *path, struct error *err)
{
	int fd = mkstemp(path);
	ssize_t written;

	if (fd < 0)
		return error_errno(err, "cannot make the probe file '%s'", path);
	written = write(fd, probe_text, sizeof probe_text - 1);
	if (close(fd) != 0 || written != (ssize_t)(sizeof probe_text - 1)) {
		error_errno(err, "cannot write the probe file '%s'", path);
		unlink(path);
		return -1;
	}
	return 0;
}

static void check_probe(struct checks *checks, struct remote *remote, const char *folder)
{
	const char *temporary = getenv("TMPDIR");
	char *path = xasprintf("%s/trapkit-probe-XXXXXX", temporary == NULL ? "/tmp" : temporary);
	char *name = xasprintf("trapkit-probe-%ld-%lld.tmp", (long)getpid(), (long long)time(NULL));
	struct remote_source source = {.path = path, .size = sizeof probe_text - 1};
	struct error err = {0};
	uint64_t sent;

	if (write_probe(path, &err) != 0) {
		failed(checks, "upload folder", &err);
		goto done;
	}
	if (remote_store(remote, name, &source, &sent, &err) != 0) {
		struct error ignored = {0};

		/* A part of it may be there. */
		if (err.kind != ERROR_CANCELLED)
			remote_delete(remote, name, &ignored);
		failed(checks, "upload folder", &err);
	} else if (remote_delete(remote, name, &err) != 0) {
		error_context(&err, "the probe file '%s' was written but not deleted", name);
		failed(checks, "upload folder", &err);
	} else {
		passed(checks, "upload folder",
			xasprintf("a probe file was written to '%s' and deleted", folder));
	}
	unlink(path);
done:
	free(path);
	free(name);
}

static void check_certificate(
	struct checks *checks, const struct remote_settings *settings, struct remote *remote)
{
	if (settings->scheme == REMOTE_FTP)
		tell(checks, "warning", "TLS certificate",
			"plain FTP, by your consent: password and pictures go unencrypted");
	else if (settings->scheme == REMOTE_FTPS && !settings->verify &&
		settings->pin_sha256 == NULL)
		tell(checks, "warning", "TLS certificate",
			"not verified (verify_ssl = false): anybody on the way can read the "
			"password");
	else if (settings->scheme == REMOTE_FTPS)
		passed(checks, "TLS certificate", xstrdup(remote_description(remote)));
}

static void skip_upload(struct checks *checks, const char *why)
{
	tell(checks, "skipped", "TLS certificate", why);
	tell(checks, "skipped", "upload folder", why);
}

static void check_upload(struct checks *checks)
{
	struct remote_settings settings;
	struct remote *remote = NULL;
	struct error err = {0};
	char *url = NULL;

	if (destination_fill(&settings, NULL, false, &err) != 0)
		goto no;
	url = remote_url(&settings);
	if (checks->session->dry_run) {
		char *text = xasprintf("would log in at %s and write and delete a file", url);

		tell(checks, "skipped", "upload login", text);
		free(text);
		goto done;
	}
	if (destination_need_password(checks->session, &settings, &err) != 0)
		goto no;
	remote = remote_open(&settings, checks->session->progress);
	if (remote_login(remote, &err) != 0)
		goto no;
	passed(checks, "upload login", xstrdup(url));
	check_certificate(checks, &settings, remote);
	check_probe(checks, remote, settings.folder);
	goto done;
no:
	failed(checks, "upload login", &err);
	skip_upload(checks, "needs the upload login");
done:
	remote_close(remote);
	free(url);
}

int connection_check(struct session *session, struct error *err)
{
	struct checks checks = {.session = session};

	checks.array = cJSON_AddArrayToObject(session->result, "checks");
	check_api(&checks);
	if (!checks.cancelled)
		check_upload(&checks);
	if (checks.failed == 0)
		return 0;
	if (checks.cancelled) {
		*err = checks.first;
		return -1;
	}
	return error_set(
		err, checks.first.kind, "%u of %u checks failed", checks.failed, checks.count);
}
