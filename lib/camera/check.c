/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdict on a file, step by step as an AddaxAI Connect server takes them. */
#include "profiles.h"
#include "trapkit/error.h"
#include "trapkit/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char *camera_verdict_name(enum camera_verdict verdict)
{
	return verdict == CAMERA_OK ? "ok" : verdict == CAMERA_REFUSED ? "refused" : "skipped";
}

const char *camera_reason_name(enum camera_reason reason)
{
	static const char *const names[] = {NULL, "ignored", "not_a_file", "deleted_by_server",
		"unreadable", "unsupported_file_type", "validation_failed", "no_camera_exif",
		"unsupported_camera", "crashes_server", "missing_device_id", "missing_datetime",
		"invalid_gps", "missing_gps", "unknown_camera", "parse_failed"};

	return reason < sizeof names / sizeof *names ? names[reason] : NULL;
}

static void clear(struct camera_check *check)
{
	*check = (struct camera_check){.latitude = NAN, .longitude = NAN};
	facts_clear(&check->facts);
}

static void say(struct camera_check *check, enum camera_verdict verdict, enum camera_reason reason,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct camera_check *check, enum camera_verdict verdict, enum camera_reason reason,
	const char *format, ...)
{
	va_list arguments;
	char *whole;

	va_start(arguments, format);
	whole = xvasprintf(format, arguments);
	va_end(arguments);
	if (strlen(whole) >= sizeof check->details) {
		size_t length = sizeof check->details - 1;

		/* Not in the middle of a character. */
		while (length > 0 && ((unsigned char)whole[length] & 0xC0) == 0x80)
			length--;
		whole[length] = '\0';
	}
	memcpy(check->details, whole, strlen(whole) + 1);
	free(whole);
	check->verdict = verdict;
	check->reason = reason;
}

/* ---- the name ---- */

static bool all_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

char *camera_clean_name(const char *path)
{
	char *name = xstrdup(text_base_name(path));
	char *dot = strrchr(name, '.');

	if (dot != NULL && all_digits(dot + 1))
		*dot = '\0';
	return name;
}

/* `IMG.JPG.1` → "JPG", `x.1` → "1", `noext` → "". Owned by the caller. */
static char *extension_of(const char *path)
{
	char *name = xstrdup(text_base_name(path));
	char *dot = strrchr(name, '.');
	char *extension;

	if (dot != NULL && all_digits(dot + 1)) {
		*dot = '\0';
		if (strrchr(name, '.') != NULL)
			dot = strrchr(name, '.');
		else
			*dot = '.';
	}
	extension = xstrdup(dot == NULL ? "" : dot + 1);
	free(name);
	return extension;
}

static unsigned name_warnings(const char *path)
{
	const char *name = text_base_name(path);
	const char *dot = strrchr(name, '.');
	size_t length = strlen(name);
	unsigned warnings = 0;

	if (dot != NULL && all_digits(dot + 1))
		warnings |= CAMERA_COUNTED_NAME;
	if (length > 0 && (name[0] == ' ' || name[length - 1] == ' '))
		warnings |= CAMERA_NAME_CHANGES;
	for (const char *at = path; *at != '\0'; at++)
		if (*at == '\\' || (unsigned char)*at < ' ' || *at == 0x7F)
			warnings |= CAMERA_NAME_CHANGES;
	return warnings;
}

bool camera_check_name(const char *path, struct camera_check *check)
{
	const char *name = text_base_name(path);
	char *extension;
	bool final = true;

	clear(check);
	if (name[0] == '.' || strncmp(path, "rejected/", 9) == 0) {
		say(check, CAMERA_SKIPPED, CAMERA_IGNORED, "%s",
			name[0] == '.' ? "hidden: the server never looks at it"
				       : "below 'rejected', where the server does not look");
		return true;
	}
	extension = extension_of(path);
	check->is_report = strcasecmp(extension, "txt") == 0;
	if (strcasecmp(extension, "mp4") == 0)
		say(check, CAMERA_SKIPPED, CAMERA_DELETED_BY_SERVER,
			"the server deletes videos without a word");
	else if (!check->is_report && strcasecmp(extension, "jpg") != 0 &&
		strcasecmp(extension, "jpeg") != 0)
		say(check, CAMERA_REFUSED, CAMERA_UNSUPPORTED_FILE_TYPE,
			"only .jpg, .jpeg and .txt are taken");
	else
		final = false;
	check->facts.warnings |= name_warnings(path);
	free(extension);
	return final;
}

/* ---- pictures ---- */

static const struct camera_profile *choose(
	const struct camera_checking *checking, const struct picture *picture, bool by_path)
{
	for (size_t i = 0; i < checking->profiles->count; i++) {
		const struct camera_profile *profile = checking->profiles->items[i];

		if (by_path ? profile_matches_path(profile, picture->path)
			    : profile_matches_exif(profile, picture->tags))
			return profile;
	}
	return NULL;
}

/* Steps 2b to 2d. */
static bool choose_by_exif(const struct camera_checking *checking, const struct picture *picture,
	struct camera_check *check)
{
	const char *make = picture->tags->texts[TAG_MAKE].text;
	const char *model = picture->tags->texts[TAG_MODEL].text;

	if (picture->tags->cut) {
		say(check, CAMERA_REFUSED, CAMERA_NO_EXIF,
			"the file ends so early that the server does not read its EXIF");
		return false;
	}
	if (*make == '\0' && *model == '\0') {
		say(check, CAMERA_REFUSED, CAMERA_NO_EXIF,
			"EXIF names neither make nor model of a camera");
		return false;
	}
	if (prints_bare(make) || prints_bare(model)) {
		say(check, CAMERA_REFUSED, CAMERA_CRASHES_SERVER,
			"make '%s' or model '%s' is a bare number or truth value, which stops the "
			"server",
			make, model);
		return false;
	}
	check->profile = choose(checking, picture, false);
	if (check->profile != NULL)
		return true;
	say(check, CAMERA_REFUSED, CAMERA_UNSUPPORTED,
		"no camera profile fits make '%s', model '%s'; 'trapkit profile draft' writes one",
		make, model);
	return false;
}

/* Steps 3b to 3d of an EXIF profile: what exiftool prints bare is no text for the server. */
static bool times_are_text(const struct tags *tags, struct camera_check *check)
{
	static const enum tag_slot slots[] = {TAG_ORIGINAL, TAG_OFFSET_ORIGINAL, TAG_OFFSET};

	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
		const char *text = tags->texts[slots[i]].text;

		if (!prints_bare(text))
			continue;
		say(check, CAMERA_REFUSED, CAMERA_CRASHES_SERVER,
			"%s '%s' is a bare number, which stops the server", tag_names[slots[i]],
			text);
		return false;
	}
	return true;
}

static bool take_id(const struct picture *picture, struct camera_check *check)
{
	char *id = profile_id(check->profile, picture);

	if (id == NULL) {
		char *where = camera_source_text(check->profile->id_from, check->profile->id_key);

		say(check, CAMERA_REFUSED, CAMERA_MISSING_DEVICE_ID,
			"the camera's id is not where profile '%s' looks for it: %s",
			check->profile->name, where);
		free(where);
		return false;
	}
	check->has_id = true;
	exif_clean_text((const uint8_t *)id, strlen(id), check->id, sizeof check->id);
	/* Blanks at its ends belong to it for the server. */
	if (strlen(id) < sizeof check->id && text_is_utf8(id, strlen(id)))
		memcpy(check->id, id, strlen(id) + 1);
	free(id);
	return true;
}

static bool take_date(const struct picture *picture, struct camera_check *check)
{
	const struct camera_profile *profile = check->profile;
	struct wall_time wall = {0};
	enum time_source source = TIME_NONE;

	if (profile_date(profile, picture, &wall, &source)) {
		check->date = wall;
		check->date_source = source;
		return true;
	}
	if (!profile->needs_date)
		return true;
	if (profile->date_from == CAMERA_FROM_EXIF && !picture->tags->texts[TAG_ORIGINAL].there)
		say(check, CAMERA_REFUSED, CAMERA_MISSING_DATETIME, "DateTimeOriginal is missing");
	else
		say(check, CAMERA_REFUSED, CAMERA_MISSING_DATETIME, "%s '%s' holds no date",
			profile->date_from == CAMERA_FROM_EXIF ? "DateTimeOriginal" : "the name",
			profile->date_from == CAMERA_FROM_EXIF
				? picture->tags->texts[TAG_ORIGINAL].text
				: text_base_name(picture->path));
	return false;
}

static bool take_position(const struct picture *picture, struct camera_check *check)
{
	double latitude = NAN, longitude = NAN;

	if (profile_position(check->profile, picture, &latitude, &longitude)) {
		if (!position_is_valid(latitude, longitude)) {
			check->latitude = check->longitude = NAN;
			say(check, CAMERA_REFUSED, CAMERA_INVALID_GPS,
				"the position %.5f, %.5f is none", latitude, longitude);
			return false;
		}
		check->latitude = latitude;
		check->longitude = longitude;
		return true;
	}
	if (!check->profile->needs_gps)
		return true;
	say(check, CAMERA_REFUSED, CAMERA_MISSING_GPS, "%s",
		picture->tags->latitude.number && picture->tags->longitude.number
			? "the GPS position lacks its references N or S, E or W"
			: "there is no GPS position");
	return false;
}

static int compare_ids(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool is_registered(const struct string_list *registered, const char *id)
{
	char *key = (char *)id;

	return registered->count > 0 &&
		bsearch(&key, registered->items, registered->count, sizeof *registered->items,
			compare_ids) != NULL;
}

/* A log line on the server, no more: the file is taken. */
static void check_offset(
	const struct camera_checking *checking, const struct tags *tags, struct camera_check *check)
{
	const char *text = tags->texts[TAG_OFFSET_ORIGINAL].text;
	int seconds;

	if (*text == '\0')
		text = tags->texts[TAG_OFFSET].text;
	if (*text == '\0' || check->date_source == TIME_NONE)
		return;
	if (!server_offset(text, &seconds))
		check->facts.warnings |= CAMERA_ZONE_UNREADABLE;
	else if (checking->zone != NULL &&
		zone_resolve(checking->zone, &check->date, false).offset != seconds)
		check->facts.warnings |= CAMERA_ZONE_DIFFERS;
}

static void check_picture(const struct camera_checking *checking, const struct picture *picture,
	struct camera_check *check)
{
	bool by_path;

	check->profile = choose(checking, picture, true);
	by_path = check->profile != NULL;
	if (!by_path && !choose_by_exif(checking, picture, check))
		return;
	/* A path profile is asked for the date before its id counts. */
	if (!take_id(picture, check) || (!by_path && !times_are_text(picture->tags, check)) ||
		!take_date(picture, check))
		return;
	if (!by_path)
		check_offset(checking, picture->tags, check);
	if (!take_position(picture, check))
		return;
	if (checking->registered != NULL && !is_registered(checking->registered, check->id))
		say(check, CAMERA_REFUSED, CAMERA_UNKNOWN,
			"camera '%s' is not registered on the server", check->id);
}

/* Step 1: the magic bytes before the size. */
static bool is_valid_image(const struct head *head, uint64_t size, struct camera_check *check)
{
	if (head->length < 3 || memcmp(head->buffer, "\xFF\xD8\xFF", 3) != 0) {
		say(check, CAMERA_REFUSED, CAMERA_VALIDATION_FAILED, "%s",
			size == 0 ? "the file is empty" : "it does not begin as a JPEG");
		return false;
	}
	if (size > CAMERA_LARGEST_IMAGE) {
		say(check, CAMERA_REFUSED, CAMERA_VALIDATION_FAILED, "%.2f MB are more than 10 MB",
			(double)size / (1024 * 1024));
		return false;
	}
	return true;
}

static void check_image(const struct camera_checking *checking, const char *path, struct head *head,
	uint64_t size, struct camera_check *check)
{
	struct tags tags;
	struct picture picture = {.path = path, .tags = &tags, .facts = &check->facts};
	unsigned warnings = check->facts.warnings;

	if (!is_valid_image(head, size, check))
		return;
	facts_from_head(head, &tags, checking->now, &check->facts);
	check->facts.warnings |= warnings;
	check->date = check->facts.taken;
	check->date_source = check->facts.taken_source;
	check->latitude = check->facts.latitude;
	check->longitude = check->facts.longitude;
	picture.clean_name = camera_clean_name(path);
	check_picture(checking, &picture, check);
	if (check->profile != NULL && size > check->profile->most_bytes)
		say(check, CAMERA_REFUSED, CAMERA_VALIDATION_FAILED,
			"%llu bytes are more than profile '%s' allows", (unsigned long long)size,
			check->profile->name);
	free(picture.clean_name);
}

/* ---- reports ---- */

static void check_report(const struct camera_checking *checking, const uint8_t *bytes, size_t size,
	struct camera_check *check)
{
	struct camera_report report = {0};

	if (size > CAMERA_LARGEST_REPORT) {
		say(check, CAMERA_REFUSED, CAMERA_VALIDATION_FAILED,
			"the report is larger than 1 MB");
		return;
	}
	camera_report_parse((const char *)bytes, size, checking->registered, &report);
	check->verdict = report.verdict;
	check->reason = report.reason;
	memcpy(check->details, report.details, sizeof report.details);
	check->has_id = report.id != NULL && *report.id != '\0';
	if (check->has_id)
		exif_clean_text(
			(const uint8_t *)report.id, strlen(report.id), check->id, sizeof check->id);
	check->date = report.date;
	/* The camera's clock, in a text of its own. */
	check->date_source = report.has_date ? TIME_MAKER_NOTE : TIME_NONE;
	check->latitude = report.latitude;
	check->longitude = report.longitude;
	if (report.temperature != CAMERA_NO_NUMBER)
		check->facts.temperature = (double)report.temperature;
	if (report.battery_percent != CAMERA_NO_NUMBER)
		check->facts.battery_percent = (double)report.battery_percent;
	camera_report_release(&report);
}

/* One byte more than allowed is enough to know. */
static int read_report(int fd, uint8_t *bytes, size_t *size, struct error *err)
{
	size_t room = (size_t)CAMERA_LARGEST_REPORT + 1;

	for (*size = 0; *size < room;) {
		ssize_t got = pread(fd, bytes + *size, room - *size, (off_t)*size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot be read");
		if (got == 0)
			break;
		*size += (size_t)got;
	}
	return 0;
}

static int check_report_file(const struct camera_checking *checking, int fd, uint64_t size,
	struct camera_check *check, struct error *err)
{
	uint8_t *bytes;
	size_t length = 0;
	int status = 0;

	if (size > CAMERA_LARGEST_REPORT) {
		check_report(checking, NULL, (size_t)CAMERA_LARGEST_REPORT + 1, check);
		return 0;
	}
	bytes = xmalloc((size_t)CAMERA_LARGEST_REPORT + 1);
	status = read_report(fd, bytes, &length, err);
	if (status == 0)
		check_report(checking, bytes, length, check);
	free(bytes);
	return status;
}

/* ---- files ---- */

void camera_check_bytes(const struct camera_checking *checking, const char *path,
	const uint8_t *bytes, size_t size, struct camera_check *check)
{
	uint8_t buffer[CAMERA_MOST_READ];
	struct head head;

	if (camera_check_name(path, check))
		return;
	if (check->is_report) {
		check_report(checking, bytes, size, check);
		return;
	}
	head_open(&head, -1, bytes, size, buffer);
	check_image(checking, path, &head, size, check);
}

int camera_check_file(const struct camera_checking *checking, const char *path, int fd,
	uint64_t size, struct camera_check *check, struct error *err)
{
	uint8_t buffer[CAMERA_MOST_READ];
	struct head head;
	int status = 0;

	if (camera_check_name(path, check))
		return 0;
	if (check->is_report) {
		status = check_report_file(checking, fd, size, check, err);
	} else {
		head_open(&head, fd, NULL, 0, buffer);
		check_image(checking, path, &head, size, check);
		errno = head.failure;
		if (head.failure != 0)
			status = error_errno(err, "cannot be read");
	}
	if (status != 0)
		say(check, CAMERA_REFUSED, CAMERA_UNREADABLE, "%s", err->message);
	return status;
}
