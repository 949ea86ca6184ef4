/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `--blur`: whose pictures may only leave a data path covered. */
#include "blur.h"

#include "../stages.h"

#include "console.h"
#include "detection.h"
#include "options.h"

#include "trapkit/ledger.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY "blur" /* the file in the work folder */

static const char *const kinds_known[] = {"human", "vehicle", "none", NULL};
enum { HUMAN = 1, VEHICLE = 2, NONE = 4 };
/* By the bits of both. */
static const char *const kinds_text[] = {NULL, "human", "vehicle", "human,vehicle"};

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

void blur_rule_release(struct blur_rule *rule)
{
	free(rule->kinds);
	free(rule->detections);
	*rule = (struct blur_rule){0};
}

/* ---- what is remembered ---- */

struct memory {
	unsigned kinds;
	double threshold; /* NaN = not told */
	char *detections; /* owned; NULL = not told */
};

static unsigned kinds_of(const char *text)
{
	unsigned kinds = 0;

	for (unsigned i = 0; text != NULL && kinds_known[i] != NULL; i++)
		if (strstr(text, kinds_known[i]) != NULL)
			kinds |= 1u << i;
	return kinds;
}

static void read_line(char *line, struct memory *memory)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (value == NULL)
		return;
	*value++ = '\0';
	if (strcmp(line, "blur") == 0)
		memory->kinds = kinds_of(value) & (HUMAN | VEHICLE);
	if (strcmp(line, "threshold") == 0 && !text_parse_number(value, &memory->threshold))
		memory->threshold = NAN;
	if (strcmp(line, "detections") == 0) {
		free(memory->detections);
		memory->detections = xstrdup(value);
	}
}

/* A memory that cannot be read must not count as none. */
static int read_memory(const char *work_folder, struct memory *memory, struct error *err)
{
	char *path = text_join_path(work_folder, MEMORY), *line = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0;
	int result = 0;

	*memory = (struct memory){.threshold = NAN};
	if (file == NULL && errno != ENOENT && errno != ENOTDIR)
		result = error_errno(
			err, "cannot read '%s', which tells what must be covered", path);
	while (file != NULL && getline(&line, &size, file) > 0)
		read_line(line, memory);
	if (file != NULL && memory->kinds == 0)
		result = error_set(err, ERROR_INPUT,
			"'%s' does not tell what must be covered; 'trapkit convert --blur human' "
			"writes it anew",
			path);
	if (file != NULL)
		fclose(file);
	free(line);
	free(path);
	return result;
}

static int write_memory(const char *work_folder, const struct memory *memory, struct error *err)
{
	char *path = text_join_path(work_folder, MEMORY), *text;
	int result;

	if (memory->kinds == 0) {
		result = unlink(path) == 0 || errno == ENOENT
			? 0
			: error_errno(err, "cannot remove '%s'", path);
		free(path);
		return result;
	}
	text = xasprintf("blur %s\nthreshold %.9g\n%s%s%s", kinds_text[memory->kinds],
		memory->threshold, memory->detections == NULL ? "" : "detections ",
		memory->detections == NULL ? "" : memory->detections,
		memory->detections == NULL ? "" : "\n");
	result = output_file_write(path, text, strlen(text), false, err);
	free(text);
	free(path);
	return result;
}

/*
 * What all work folders at or above `path` but one remember, as one; *where, owned, is the last
 * that does. Files of detections are each folder's own.
 */
static int look_above(
	const char *path, const char *but, struct memory *above, char **where, struct error *err)
{
	char *folder = realpath(path, NULL), *own = but == NULL ? NULL : realpath(but, NULL), *end;
	int result = folder == NULL ? error_errno(err, "cannot open '%s'", path) : 0;

	*above = (struct memory){.threshold = NAN};
	*where = NULL;
	while (result == 0) {
		char *work = text_join_path(folder, ".trapkit");
		struct memory memory = {.threshold = NAN};

		if (own == NULL || strcmp(work, own) != 0)
			result = read_memory(work, &memory, err);
		if (memory.kinds != 0) {
			above->kinds |= memory.kinds;
			above->threshold = fmin(above->threshold, memory.threshold);
			free(*where);
			*where = xstrdup(folder);
		}
		free(memory.detections);
		free(work);
		end = strrchr(folder, '/');
		if (folder[1] == '\0')
			break;
		end[end == folder] = '\0';
	}
	free(folder);
	free(own);
	return result;
}

int blur_above(const char *path, char **kinds, struct error *err)
{
	struct memory above;
	char *where;
	int result = look_above(path, NULL, &above, &where, err);

	*kinds = result == 0 && above.kinds != 0 ? xstrdup(kinds_text[above.kinds]) : NULL;
	free(where);
	return result;
}

/* ---- what is asked ---- */

/* Only what stands on the command line may weaken what an earlier run was told. */
static bool is_said(const char *key)
{
	return option_level(option_find_setting("PIPELINE", key, 0)) >= ORIGIN_SET;
}

static int asked_kinds(unsigned *kinds, struct error *err)
{
	*kinds = 0;
	for (size_t i = 0; i < settings.kinds.count; i++)
		*kinds |= kinds_of(settings.kinds.items[i]);
	if ((*kinds & NONE) != 0 && *kinds != NONE)
		return error_set(
			err, ERROR_USAGE, "--blur: 'none' cannot stand beside another word");
	return 0;
}

static int choose_threshold(struct memory *memory, struct error *err)
{
	double given;

	if (detection_share("PIPELINE", "blur_threshold", settings.threshold, &given, err) != 0)
		return -1;
	if (isnan(memory->threshold) || is_said("blur_threshold") ||
		(option_is_set(option_find_setting("PIPELINE", "blur_threshold", 0)) &&
			given < memory->threshold))
		memory->threshold = given;
	return 0;
}

static void choose_detections(const char *work_folder, struct memory *memory)
{
	char *file, *usual;

	if (!option_is_set(option_find_setting("PIPELINE", "detections", 0)))
		return;
	file = detection_file(work_folder);
	usual = detection_output(work_folder);
	free(memory->detections);
	memory->detections = stage_absolute(file);
	/* The data path's own goes where the data path goes. */
	if (strcmp(memory->detections, usual) == 0) {
		free(memory->detections);
		memory->detections = NULL;
	}
	free(file);
	free(usual);
}

/* What the data path remembers, made into what holds from now on. */
static int settle(struct session *session, const char *work_folder, const char *place,
	struct memory *memory, struct error *err)
{
	struct memory above = {.threshold = NAN};
	unsigned asked, known;
	char *where = NULL;
	bool said = is_said("blur");
	int result = -1;

	if (asked_kinds(&asked, err) != 0 ||
		(place != NULL && look_above(place, work_folder, &above, &where, err) != 0))
		goto done;
	known = memory->kinds | above.kinds;
	if (said && asked == NONE && above.kinds != 0) {
		error_set(err, ERROR_INPUT,
			"nothing may leave '%s' without covering '%s', so it holds here, too: "
			"'trapkit convert --data-path %s --blur none' ends it",
			where, kinds_text[above.kinds], where);
		goto done;
	}
	memory->kinds = ((said ? 0 : memory->kinds) | above.kinds | asked) & (HUMAN | VEHICLE);
	if (memory->kinds != 0 && choose_threshold(memory, err) != 0)
		goto done;
	if (memory->kinds != 0)
		choose_detections(work_folder, memory);
	memory->threshold = fmin(memory->threshold, above.threshold);
	if (memory->kinds != 0 && memory->kinds == known && asked != known)
		console_note(session->console,
			"%s: nothing leaves this data path uncovered, as an earlier run was told "
			"('trapkit convert --blur none' ends that)",
			kinds_text[known]);
	if (memory->kinds != 0 && memory->detections != NULL)
		console_note(session->console,
			"where they are is read from '%s'; --detections names another file",
			memory->detections);
	result = 0;
done:
	free(where);
	return result;
}

static int load(
	struct ledger *ledger, const char *work_folder, struct memory *memory, struct error *err)
{
	char *note = NULL;
	int result = ledger_get_note(ledger, LEDGER_BLUR, &note, err);

	*memory = (struct memory){.threshold = NAN};
	if (result == 0 && read_memory(work_folder, memory, err) != 0) {
		/* Said anew, it need not be known what it was. */
		result = err->kind == ERROR_INPUT && is_said("blur") ? 0 : -1;
		if (result == 0)
			error_clear(err);
	}
	memory->kinds |= kinds_of(note);
	free(note);
	return result;
}

/* The file comes first and goes last: whatever stops a run in between, it still holds. */
static int keep(struct session *session, struct ledger *ledger, const char *work_folder,
	const struct memory *memory, struct error *err)
{
	const char *kinds = kinds_text[memory->kinds];
	char *note = NULL;
	bool noted;

	if (ledger_get_note(ledger, LEDGER_BLUR, &note, err) != 0)
		return -1;
	noted = kinds == NULL ? note == NULL : note != NULL && strcmp(note, kinds) == 0;
	free(note);
	if (!session->dry_run && kinds != NULL && write_memory(work_folder, memory, err) != 0)
		return -1;
	if (!noted && ledger_put_note(ledger, LEDGER_BLUR, kinds, err) != 0)
		return -1;
	return session->dry_run || kinds != NULL ? 0 : write_memory(work_folder, memory, err);
}

int blur_rule_open(struct session *session, struct ledger *ledger, const char *work_folder,
	const char *place, struct blur_rule *rule, struct error *err)
{
	struct memory memory = {0};
	int result = -1;

	*rule = (struct blur_rule){0};
	if (load(ledger, work_folder, &memory, err) != 0 ||
		settle(session, work_folder, place, &memory, err) != 0 ||
		keep(session, ledger, work_folder, &memory, err) != 0)
		goto done;
	if (memory.kinds != 0) {
		rule->kinds = xstrdup(kinds_text[memory.kinds]);
		rule->detections = memory.detections != NULL ? xstrdup(memory.detections)
							     : detection_file(work_folder);
		rule->flow = (struct convert_blur){.detections = rule->detections,
			.kinds = rule->kinds,
			.threshold = memory.threshold};
	}
	result = 0;
done:
	free(memory.detections);
	return result;
}

int blur_rule_check(const struct blur_rule *rule, struct error *err)
{
	if (rule->kinds == NULL || access(rule->detections, R_OK) == 0)
		return 0;
	return error_set(err, ERROR_INPUT,
		"there is no '%s', which tells where people are: run 'trapkit detect' first, or "
		"name such a file with --detections",
		rule->detections);
}
