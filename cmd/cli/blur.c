/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `--blur`: whose pictures may only leave a data path covered. */
#include "blur.h"

#include "console.h"
#include "detection.h"
#include "trapkit/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds_known[] = {"human", "vehicle", "none", NULL};

static struct {
	struct string_list kinds;
	char *threshold;
} settings;

const struct option blur_options[] = {
	{.name = "blur",
		.section = "PIPELINE",
		.value = "KINDS",
		.list = &settings.kinds,
		.choices = kinds_known,
		.help = "Cover whom or what 'detect' found, human or vehicle or both, and let "
			"nothing leave uncovered; 'none' ends that."},
	{.name = "blur-threshold",
		.section = "PIPELINE",
		.value = "T",
		.text = &settings.threshold,
		.fallback = "0.1",
		.help = "Cover what is at least this sure, 0 to 1."},
	{0},
};

static bool is_asked(const char *kind)
{
	for (size_t i = 0; i < settings.kinds.count; i++)
		if (strcmp(settings.kinds.items[i], kind) == 0)
			return true;
	return false;
}

int blur_note(struct session *session, struct ledger *ledger, char **kinds, struct error *err)
{
	const char *asked = is_asked("human") ? is_asked("vehicle") ? "human,vehicle" : "human"
		: is_asked("vehicle")         ? "vehicle"
					      : NULL;

	char *known = NULL;

	if (kinds != NULL)
		*kinds = NULL;
	if (asked != NULL && is_asked("none"))
		return error_set(
			err, ERROR_USAGE, "--blur: 'none' cannot stand beside another word");
	if ((settings.kinds.count > 0 && ledger_put_note(ledger, LEDGER_BLUR, asked, err) != 0) ||
		ledger_get_note(ledger, LEDGER_BLUR, &known, err) != 0)
		return -1;
	if (known != NULL && settings.kinds.count == 0)
		console_note(session->console,
			"%s: nothing leaves this data path uncovered, as an earlier run was told "
			"('trapkit convert --blur none' ends that)",
			known);
	if (kinds != NULL)
		*kinds = known;
	else
		free(known);
	return 0;
}

int blur_settings(const char *work_folder, const char *kinds, struct convert_blur *blur,
	char **detections, struct error *err)
{
	*detections = detection_file(work_folder);
	*blur = (struct convert_blur){.detections = *detections, .kinds = kinds};
	if (access(*detections, R_OK) != 0)
		return error_set(err, ERROR_INPUT,
			"there is no '%s', which tells where people are: run 'trapkit detect' "
			"first, or "
			"name such a file with --detections",
			*detections);
	return detection_share(
		"PIPELINE", "blur_threshold", settings.threshold, &blur->threshold, err);
}
