/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rows of the traplinked database are shown, in what form, and where. */
#include "sync_view.h"

#include "console.h"
#include "sync_report.h"
#include "trapkit/output_file.h"

#include <stdlib.h>
#include <string.h>

static int64_t since_of(const struct sync_view *view, const struct sync_result *result)
{
	if (view->since_run >= 0)
		return view->since_run;
	if (!view->since_last)
		return 0;
	/* Without a run of its own, the last one is what is new. */
	return result->run.id > 0 ? result->last_run : result->last_run - 1;
}

/* True when the file holds exactly these bytes already. */
static bool is_same(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	char *bytes = xmalloc(size + 1);
	bool same = file != NULL && fread(bytes, 1, size + 1, file) == size &&
		memcmp(bytes, text, size) == 0;

	if (file != NULL)
		fclose(file);
	free(bytes);
	return same;
}

static int write_file(struct session *session, struct sync_view *view, const char *text,
	size_t size, struct error *err)
{
	struct output_file file = {0};
	bool replace = view->overwrite || view->wrote;

	if (is_same(view->output, text, size)) {
		console_print(session->console, "'%s' is up to date\n", view->output);
		return 0;
	}
	if (session->dry_run) {
		console_print(session->console, "Would write '%s'\n", view->output);
		return 0;
	}
	if (output_file_open(&file, view->output, false, err) != 0)
		return -1;
	if (fwrite(text, 1, size, file.stream) != size) {
		error_errno(err, "cannot write '%s'", view->output);
		output_file_discard(&file);
		return -1;
	}
	if (output_file_publish(&file, replace ? OUTPUT_REPLACE : OUTPUT_REFUSE, err) != 0)
		return replace ? -1 : error_context(err, "give --overwrite to replace it");
	view->wrote = true;
	console_print(session->console, "Wrote '%s'\n", view->output);
	return 0;
}

/* Rows as text, owned. */
static int make_text(struct sync *sync, enum traplinked_table table, enum sync_format format,
	int64_t since_run, char **text, size_t *size, struct error *err)
{
	FILE *out = open_memstream(text, size);
	int result;

	if (out == NULL)
		return error_errno(err, "cannot make the output");
	result = sync_write(sync, table, format, since_run, out, err);
	if (fclose(out) != 0 && result == 0)
		result = error_errno(err, "cannot make the output");
	return result;
}

int sync_view_show(struct session *session, struct sync_view *view, struct sync *sync,
	const struct sync_result *result, struct error *err)
{
	bool to_file = view->output != NULL && strcmp(view->output, "-") != 0;
	int64_t since_run = since_of(view, result);
	char *text = NULL;
	size_t size = 0;
	int status;

	if (!view->show || (session->json && !to_file))
		return 0;
	if (view->format == SYNC_TABLE)
		return sync_report_table(session, sync, view->table, since_run, err);
	status = make_text(sync, view->table, view->format, since_run, &text, &size, err);
	if (status == 0 && to_file)
		status = write_file(session, view, text, size, err);
	else if (status == 0)
		console_write(session->console, text, size);
	free(text);
	return status;
}

static int fill_rows(struct session *session, struct sync *sync, const char *name,
	enum traplinked_table table, int64_t since_run, struct error *err)
{
	char *text = NULL;
	size_t size = 0;

	if (make_text(sync, table, SYNC_JSON, since_run, &text, &size, err) == 0)
		cJSON_AddRawToObject(session->result, name, text);
	free(text);
	return err->kind == ERROR_NONE ? 0 : -1;
}

/* Devices as they are (or changed, with --since-run), reports that are new. */
int sync_view_document(struct session *session, const struct sync_view *view, struct sync *sync,
	const struct sync_result *result, struct error *err)
{
	int64_t since_run = since_of(view, result);
	int64_t new_since = view->since_run >= 0 ? view->since_run
		: result->run.id > 0             ? result->last_run
						 : result->last_run - 1;

	if (!session->json)
		return 0;
	sync_report_json(session->result, result);
	if (fill_rows(session, sync, "devices", TRAPLINKED_DEVICES, since_run, err) != 0 ||
		fill_rows(session, sync, "reports", TRAPLINKED_REPORTS, new_since, err) != 0)
		return -1;
	return !view->network ? 0
			      : fill_rows(session, sync, "network_devices",
					TRAPLINKED_NETWORK_DEVICES, since_run, err);
}
