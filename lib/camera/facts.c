/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a picture tells, from EXIF and from the reader of its maker. */
#include "readers.h"
#include "trapkit/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *camera_trigger_name(enum camera_trigger trigger)
{
	static const char *const names[] = {NULL, "motion", "time_lapse", "external", "code_loc",
		"point", "status", "live_view"};

	return trigger < sizeof names / sizeof *names ? names[trigger] : NULL;
}

const char *camera_moon_name(int phase)
{
	static const char *const names[] = {"new", "new crescent", "first quarter",
		"waxing gibbous", "full", "waning gibbous", "last quarter", "old crescent"};

	return phase >= 0 && phase <= 7 ? names[phase] : NULL;
}

const char *camera_reader_name(enum camera_reader reader)
{
	static const char *const names[] = {"generic", "reconyx-hyperfire", "reconyx-ultrafire",
		"reconyx-hyperfire2", "reconyx-microfire", "reconyx-hyperfire4k",
		"reconyx-rapidfire", "browning", "cuddeback", "cuddeback-old", "moultrie",
		"bushnell", "stealth-cam", "panthera", "buckeye"};

	_Static_assert(sizeof names / sizeof *names == CAMERA_READERS, "a reader without a name");
	return reader < CAMERA_READERS ? names[reader] : names[0];
}

const char *camera_warning_text(enum camera_warning bit)
{
	switch (bit) {
	case CAMERA_GPS_PLACEHOLDER:
		return "the GPS position 1.0225, 1.0225 is a placeholder of the firmware";
	case CAMERA_GPS_NULL_ISLAND:
		return "the GPS position is 0, 0: the camera had no fix";
	case CAMERA_CLOCK_RESET:
		return "dated before 2001: the camera's clock was reset";
	case CAMERA_IN_FUTURE:
		return "dated in the future: check the camera's clock";
	case CAMERA_ZONE_DIFFERS:
		return "the EXIF offset differs from the time zone given";
	case CAMERA_ZONE_UNREADABLE:
		return "the EXIF offset is not of the form +01:00";
	case CAMERA_BAD_EXIF:
		return "the EXIF block is damaged; what could be read was";
	case CAMERA_DATES_DIFFER:
		return "EXIF and the camera's own block have different dates";
	case CAMERA_NAME_CHANGES:
		return "the FTP server changes or refuses this name: it begins or ends with a "
		       "blank, or holds a backslash or control character";
	case CAMERA_COUNTED_NAME:
		return "the name ends with a number that an FTP server added: it collided there";
	case CAMERA_FACTORY_DATE:
		return "dated in the first hour of a year: the camera's clock may have been reset";
	default:
		return "";
	}
}

void facts_clear(struct camera_facts *facts)
{
	*facts = (struct camera_facts){.temperature = NAN,
		.moon = -1,
		.battery_percent = NAN,
		.battery_volts = NAN,
		.event = -1,
		.latitude = NAN,
		.longitude = NAN};
}

static void take_text(const struct tag_text *text, char *out, size_t size)
{
	exif_clean_text((const uint8_t *)text->text, strlen(text->text), out, size);
}

static bool parse_tag(const struct tag_text *text, struct wall_time *wall)
{
	return text->there && wall_parse(text->text, strlen(text->text), wall);
}

/* contracts/camera-models section 9, rule 1; names of files are the caller's. */
static void settle_date(const struct tags *tags, int64_t now, struct camera_facts *facts)
{
	struct wall_time original;
	bool has_original = parse_tag(&tags->texts[TAG_ORIGINAL], &original);
	int64_t seconds;

	if (has_original && facts->has_own_date &&
		llabs(wall_seconds(&original) - wall_seconds(&facts->own_date)) >= 60)
		facts->warnings |= CAMERA_DATES_DIFFER;
	if (has_original) {
		facts->taken = original;
		facts->taken_source = TIME_EXIF;
	} else if (facts->has_own_date) {
		facts->taken = facts->own_date;
		facts->taken_source = TIME_MAKER_NOTE;
	} else if (parse_tag(&tags->texts[TAG_CREATED], &facts->taken) ||
		parse_tag(&tags->texts[TAG_MODIFIED], &facts->taken)) {
		facts->taken_source = TIME_EXIF_OTHER;
	} else {
		facts->taken = (struct wall_time){0};
		return;
	}
	seconds = wall_seconds(&facts->taken);
	if (seconds < days_from_civil(2001, 1, 1) * 86400)
		facts->warnings |= CAMERA_CLOCK_RESET;
	else if (seconds > now + 86400)
		facts->warnings |= CAMERA_IN_FUTURE;
	else if (facts->taken.month == 1 && facts->taken.day == 1 && facts->taken.hour == 0)
		facts->warnings |= CAMERA_FACTORY_DATE;
}

/* +1, -1, or 0 for a letter that is neither. */
static int sign_of(char letter, char positive, char negative)
{
	letter = (char)(letter & ~0x20);
	return letter == positive ? 1 : letter == negative ? -1 : 0;
}

static void settle_position(const struct tags *tags, struct camera_facts *facts)
{
	int north = sign_of(tags->latitude.letter, 'N', 'S');
	int east = sign_of(tags->longitude.letter, 'E', 'W');
	double latitude = tags->latitude.value, longitude = tags->longitude.value;

	if (!tags->latitude.number || !tags->longitude.number || north == 0 || east == 0)
		return;
	if (latitude == 0 && longitude == 0) {
		facts->warnings |= CAMERA_GPS_NULL_ISLAND;
		return;
	}
	if (fabs(latitude - 1.0225) < 1e-5 && fabs(longitude - 1.0225) < 1e-5) {
		facts->warnings |= CAMERA_GPS_PLACEHOLDER;
		return;
	}
	if (!(latitude >= 0 && latitude <= 90 && longitude >= 0 && longitude <= 180))
		return;
	facts->latitude = north * latitude;
	facts->longitude = east * longitude;
}

void facts_from_head(struct head *head, struct tags *tags, int64_t now, struct camera_facts *facts)
{
	facts_clear(facts);
	tags_read(head, tags);
	take_text(&tags->texts[TAG_MAKE], facts->make, sizeof facts->make);
	take_text(&tags->texts[TAG_MODEL], facts->model, sizeof facts->model);
	take_text(&tags->texts[TAG_SERIAL], facts->serial, sizeof facts->serial);
	if (tags->damaged)
		facts->warnings |= CAMERA_BAD_EXIF;
	/* One after the other, until one knows the picture. */
	if (!read_reconyx(tags, facts) && !read_browning(tags, facts) &&
		!read_cuddeback(tags, facts) && !read_moultrie(tags, facts))
		read_plain(tags, facts);
	if (wants_com(tags, facts)) {
		if (!tags->exif) {
			/* The first search went past every segment. */
			head->next = 2;
			head->ended = false;
		}
		tags_read_com(head, tags);
		read_com(tags, facts);
	}
	settle_date(tags, now, facts);
	settle_position(tags, facts);
}

void camera_parse_facts(const uint8_t *bytes, size_t size, int64_t now, struct camera_facts *facts)
{
	uint8_t buffer[CAMERA_MOST_READ];
	struct head head;
	struct tags tags;

	head_open(&head, -1, bytes, size, buffer);
	facts_from_head(&head, &tags, now, facts);
}

int camera_read_facts(int fd, int64_t now, struct camera_facts *facts, struct error *err)
{
	uint8_t buffer[CAMERA_MOST_READ];
	struct head head;
	struct tags tags;

	head_open(&head, fd, NULL, 0, buffer);
	facts_from_head(&head, &tags, now, facts);
	if (head.failure == 0)
		return 0;
	errno = head.failure;
	return error_errno(err, "cannot be read");
}

bool camera_may_know_more(const char *make, const char *model, bool has_date, bool has_serial)
{
	if (!has_date)
		return true;
	/* Only these have a serial number that is not in EXIF. */
	return !has_serial &&
		(strncasecmp(make, "RECONYX", 7) == 0 || strncasecmp(make, "BuckEye", 7) == 0 ||
			strcasecmp(model, "CUDDEBACK") == 0);
}
