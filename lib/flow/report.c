/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One page on a data path, for the person who brought the cards. */
#include "trapkit/report.h"

#include "report_parts.h"
#include "trapkit/error.h"

#include <stdlib.h>

void report_result_release(struct report_result *result)
{
	free(result->page);
	string_list_release(&result->warnings);
	*result = (struct report_result){0};
}

static void fill_result(const struct report *report, struct report_result *result)
{
	result->deployments = report->deployments.count;
	result->files = report->files;
	result->bytes = report->bytes;
	result->delivered = report->delivered;
	for (size_t i = 0; i < report->checks.deployments.count; i++) {
		const struct template_deployment *check = &report->checks.deployments.items[i];

		for (size_t j = 0; j < check->warnings.count; j++) {
			char *text = xasprintf("%s: %s", check->folder, check->warnings.items[j]);

			string_list_add(&result->warnings, text);
			free(text);
		}
	}
}

int report_make(struct ledger *ledger, const struct report_settings *settings,
	struct report_result *result, const struct progress *progress, struct error *err)
{
	struct report report = {.settings = settings};
	FILE *out = open_memstream(&result->page, &result->size);
	int status = -1;

	if (out == NULL)
		return error_errno(err, "cannot make the report");
	if (report_gather(&report, ledger, progress, err) != 0 ||
		report_read_pictures(&report, progress, err) != 0)
		goto done;
	report_page(out, &report);
	fill_result(&report, result);
	status = 0;
done:
	if (fclose(out) != 0 && status == 0)
		status = error_errno(err, "cannot make the report");
	report_release(&report);
	return status;
}
