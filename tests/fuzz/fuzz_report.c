/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a daily report: values within their limits; converted, it says the same again. */
#include "trapkit/camera.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	struct camera_report report, again;
	char *converted;

	camera_report_parse(text, size, NULL, &report);
	if (report.verdict == CAMERA_SKIPPED ||
		(report.verdict == CAMERA_OK && (report.id == NULL || *report.id == '\0')))
		abort();
	if (report.signal != CAMERA_NO_NUMBER && (report.signal < 0 || report.signal > 31))
		abort();
	if (report.battery_percent != CAMERA_NO_NUMBER &&
		(report.battery_percent < 0 || report.battery_percent > 100))
		abort();
	if (isnan(report.latitude) != isnan(report.longitude))
		abort();
	if (report.has_date && !wall_is_valid(&report.date))
		abort();
	converted = camera_report_convert(text, size);
	if (converted != NULL) {
		camera_report_parse(converted, strlen(converted), NULL, &again);
		if (report.id != NULL && (again.id == NULL || strcmp(again.id, report.id) != 0))
			abort();
		camera_report_release(&again);
	}
	free(converted);
	camera_report_release(&report);
	return 0;
}
