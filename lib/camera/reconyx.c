/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reconyx: five layouts of maker note, and the comment segment of RapidFire; BuckEye's beside it.
 */
#include "readers.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Byte offsets, numbers little-endian whatever the block's order. Source: the maker's papers
 * (RCNX_MN10, UltraFire makernote, Reconyx Metadata 1.4) as told in contracts/camera-models 1.
 */
struct layout {
	enum camera_reader reader;
	const char *magic;
	uint8_t magic_size;
	uint8_t trigger, sequence, event, date, moon, celsius, battery, label, label_size, serial;
	bool wide_sequence;    /* two 16-bit numbers, else two bytes */
	bool event_high_first; /* two 16-bit numbers, else one of 32 bits */
	bool wide_date;        /* six 16-bit numbers, else five bytes and a year */
	bool month_first;      /* month before day */
};

static const struct layout layouts[] = {
	{CAMERA_HYPERFIRE, "\x01\xF1", 2, 0x0C, 0x0E, 0x12, 0x16, 0x24, 0x28, 0x54, 0x56, 22, 0x2A,
		true, true, true, true},
	{CAMERA_ULTRAFIRE, "RECONYXUF", 10, 0x34, 0x35, 0x37, 0x3B, 0x43, 0x46, 0x49, 0x5A, 21,
		0x4B, false, false, false, false},
	{CAMERA_HYPERFIRE2, "RECONYXH2", 10, 0x34, 0x36, 0x3A, 0x3E, 0x4C, 0x50, 0x62, 0x68, 22,
		0x7E, true, true, true, true},
	{CAMERA_MICROFIRE, "RECONYXMF", 10, 0x44, 0x46, 0x4A, 0x4E, 0x5C, 0x60, 0x72, 0x76, 22,
		0x8C, true, true, true, true},
	{CAMERA_HYPERFIRE4K, "RECONYXHF4K", 12, 0x28, 0x29, 0x2B, 0x2F, 0x37, 0x3A, 0x4B, 0x51, 51,
		0x84, false, false, false, false},
};

/* A field of the note; false when it is cut off before. */
static bool field(const struct tags *tags, size_t at, size_t size, const uint8_t **bytes)
{
	if (at > tags->note_size || size > tags->note_size - at)
		return false;
	*bytes = tags->note + at;
	return true;
}

static bool number(const struct tags *tags, size_t at, int *value)
{
	const uint8_t *bytes;

	if (!field(tags, at, 2, &bytes))
		return false;
	*value = bytes_u16(bytes, false);
	return true;
}

static enum camera_trigger trigger_of(char letter)
{
	switch (letter) {
	case 'M':
		return CAMERA_MOTION;
	case 'T':
		return CAMERA_TIME_LAPSE;
	case 'C':
		return CAMERA_CODE_LOC;
	case 'E':
		return CAMERA_EXTERNAL;
	case 'P':
		return CAMERA_POINT;
	case 'S':
		return CAMERA_STATUS;
	case 'L':
		return CAMERA_LIVE_VIEW;
	default:
		return CAMERA_TRIGGER_UNKNOWN;
	}
}

void take_own_date(
	struct camera_facts *facts, int year, int month, int day, int hour, int minute, int second)
{
	struct wall_time wall = {.year = year,
		.month = month,
		.day = day,
		.hour = hour,
		.minute = minute,
		.second = second};

	/* Day and month stand in either order among the models and firmwares. */
	if (month > 12 && day <= 12) {
		wall.month = day;
		wall.day = month;
	}
	if (!wall_is_valid(&wall))
		return;
	facts->has_own_date = true;
	facts->own_date = wall;
}

static void take_date(
	const struct tags *tags, const struct layout *layout, struct camera_facts *facts)
{
	const uint8_t *bytes;
	int part[6]; /* second, minute, hour, and so on as they stand */
	size_t size = layout->wide_date ? 12 : 7;
	bool big = false;

	if (!field(tags, layout->date, size, &bytes))
		return;
	/* A few units write these numbers big-endian: the year tells. */
	if (layout->wide_date)
		big = bytes_u16(bytes + 10, false) > 9999 && bytes_u16(bytes + 10, true) <= 9999;
	for (size_t i = 0; i < 5; i++)
		part[i] = layout->wide_date ? bytes_u16(bytes + i * 2, big) : bytes[i];
	part[5] = layout->wide_date ? bytes_u16(bytes + 10, big) : bytes_u16(bytes + 5, false);
	take_own_date(facts, part[5], part[layout->month_first ? 3 : 4],
		part[layout->month_first ? 4 : 3], part[2], part[1], part[0]);
}

static void take_sequence(
	const struct tags *tags, const struct layout *layout, struct camera_facts *facts)
{
	const uint8_t *bytes;
	unsigned index, count;

	if (!field(tags, layout->sequence, layout->wide_sequence ? 4 : 2, &bytes))
		return;
	index = layout->wide_sequence ? bytes_u16(bytes, false) : bytes[0];
	count = layout->wide_sequence ? bytes_u16(bytes + 2, false) : bytes[1];
	/* 0 of 0 is a picture of no sequence: time lapse. */
	if (index == 0 || count == 0 || index > count || count > 999)
		return;
	facts->sequence_index = index;
	facts->sequence_count = count;
}

static void take_event(
	const struct tags *tags, const struct layout *layout, struct camera_facts *facts)
{
	const uint8_t *bytes;

	if (!field(tags, layout->event, 4, &bytes))
		return;
	facts->event = layout->event_high_first
		? (int64_t)bytes_u16(bytes, false) << 16 | bytes_u16(bytes + 2, false)
		: bytes_u32(bytes, false);
}

/* Fifteen characters of one byte or of two. */
static void take_serial(
	const struct tags *tags, const struct layout *layout, struct camera_facts *facts)
{
	const uint8_t *bytes;
	uint8_t plain[15];
	bool wide;

	if (!field(tags, layout->serial, 15, &bytes))
		return;
	wide = bytes[0] != 0 && bytes[1] == 0 && field(tags, layout->serial, 30, &bytes);
	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = bytes[wide ? i * 2 : i];
	exif_clean_text(plain, sizeof plain, facts->serial, sizeof facts->serial);
}

static void take_numbers(
	const struct tags *tags, const struct layout *layout, struct camera_facts *facts)
{
	const uint8_t *bytes;
	int value;

	if (field(tags, layout->trigger, 1, &bytes))
		facts->trigger = trigger_of((char)*bytes);
	if (field(tags, layout->moon, 1, &bytes) && *bytes <= 7)
		facts->moon = *bytes;
	if (number(tags, layout->celsius, &value)) {
		value = (int16_t)value;
		if (value >= -90 && value <= 90)
			facts->temperature = value;
	}
	if (number(tags, layout->battery, &value) && value > 0 && value < 50000)
		facts->battery_volts = value / 1000.0;
}

static const struct layout *layout_of(const struct tags *tags)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (tags->note_size >= layouts[i].magic_size &&
			memcmp(tags->note, layouts[i].magic, layouts[i].magic_size) == 0)
			return &layouts[i];
	return NULL;
}

/* 01 F1 alone is little to go by: a version number or the make has to agree. */
static bool is_hyperfire(const struct tags *tags)
{
	return tags->note_size >= 0x30 &&
		((tags->note[2] >= 2 && tags->note[2] <= 4 && tags->note[3] == 0) ||
			strcasecmp(tags->texts[TAG_MAKE].text, "RECONYX") == 0);
}

bool read_reconyx(const struct tags *tags, struct camera_facts *facts)
{
	const struct layout *layout = layout_of(tags);
	const uint8_t *bytes;

	if (layout == NULL || (layout->reader == CAMERA_HYPERFIRE && !is_hyperfire(tags)))
		return false;
	facts->reader = layout->reader;
	if (facts->make[0] == '\0')
		exif_clean_text((const uint8_t *)"RECONYX", 7, facts->make, sizeof facts->make);
	take_numbers(tags, layout, facts);
	take_sequence(tags, layout, facts);
	take_event(tags, layout, facts);
	take_date(tags, layout, facts);
	take_serial(tags, layout, facts);
	if (field(tags, layout->label, layout->label_size, &bytes))
		exif_clean_text(bytes, layout->label_size, facts->label, sizeof facts->label);
	return true;
}

/* ---- comment segments ---- */

bool wants_com(const struct tags *tags, const struct camera_facts *facts)
{
	const char *make = tags->texts[TAG_MAKE].text;

	return facts->reader == CAMERA_GENERIC &&
		(make[0] == '\0' || strcasecmp(make, "RECONYX") == 0 ||
			strncasecmp(make, "BuckEye", 7) == 0 ||
			strncasecmp(tags->texts[TAG_MODEL].text, "X80", 3) == 0 ||
			strncasecmp(tags->texts[TAG_MODEL].text, "X7D", 3) == 0);
}

/* "2010-07-21 5:27:59 PM" */
static void take_rapidfire_date(const char *text, struct camera_facts *facts)
{
	int part[6];
	const char *at = text;
	char *end;

	for (int i = 0; i < 6; i++) {
		if (*at < '0' || *at > '9')
			return;
		part[i] = (int)(strtoul(at, &end, 10) % 100000);
		at = end + (*end == '-' || *end == ':' || *end == ' ');
	}
	if (strncasecmp(at, "PM", 2) == 0 && part[3] < 12)
		part[3] += 12;
	else if (strncasecmp(at, "AM", 2) == 0 && part[3] == 12)
		part[3] = 0;
	take_own_date(facts, part[0], part[1], part[2], part[3], part[4], part[5]);
}

static void take_rapidfire_trigger(const char *text, struct camera_facts *facts)
{
	unsigned long index, count;
	char *end;

	facts->trigger = trigger_of(text[0]);
	for (text += text[0] != '\0'; *text == ' ';)
		text++;
	if (*text < '0' || *text > '9')
		return;
	index = strtoul(text, &end, 10);
	if (*end != '/' || end[1] < '0' || end[1] > '9')
		return;
	count = strtoul(end + 1, NULL, 10);
	if (index >= 1 && index <= count && count <= 999) {
		facts->sequence_index = (unsigned)index;
		facts->sequence_count = (unsigned)count;
	}
}

static bool read_rapidfire(const struct tags *tags, struct camera_facts *facts)
{
	char value[128];
	long whole;

	if (!find_value(tags->com, "Trg", ':', "\n", value, sizeof value))
		return false;
	facts->reader = CAMERA_RAPIDFIRE;
	take_rapidfire_trigger(value, facts);
	if (find_value(tags->com, "Evt", ':', "\n", value, sizeof value) &&
		parse_whole(value, &whole) && whole >= 0)
		facts->event = whole;
	if (find_value(tags->com, "Dat", ':', "\n", value, sizeof value))
		take_rapidfire_date(value, facts);
	if (find_value(tags->com, "Tmp", ':', "\n", value, sizeof value))
		parse_temperature(value, &facts->temperature);
	if (find_value(tags->com, "Bat", ':', "\n", value, sizeof value) &&
		parse_whole(value, &whole) && whole > 0 && whole < 50000)
		facts->battery_volts = (double)whole / 1000;
	find_value(tags->com, "Lbl", ':', "\n", facts->label, sizeof facts->label);
	find_value(tags->com, "SN", ':', "\n", facts->serial, sizeof facts->serial);
	if (facts->make[0] == '\0')
		exif_clean_text((const uint8_t *)"RECONYX", 7, facts->make, sizeof facts->make);
	return true;
}

bool read_com(const struct tags *tags, struct camera_facts *facts)
{
	if (tags->com[0] == '\0')
		return false;
	if (read_rapidfire(tags, facts))
		return true;
	if (!find_value(tags->com, "SN", '=', "\n", facts->serial, sizeof facts->serial))
		return false;
	facts->reader = CAMERA_BUCKEYE;
	find_value(tags->com, "TEXT1", '=', "\n", facts->label, sizeof facts->label);
	return true;
}
