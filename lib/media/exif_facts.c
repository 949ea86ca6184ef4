/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From EXIF tags to facts: make, model, serial, dates, orientation, position. */
#include "scan.h"

#include "trapkit/exif.h"

#include <math.h>
#include <string.h>

enum wanted_tag {
	TAG_MAKE,
	TAG_MODEL,
	TAG_SERIAL,
	TAG_ORIENTATION,
	TAG_ORIGINAL,
	TAG_CREATED,
	TAG_MODIFIED,
	TAG_LATITUDE_REF,
	TAG_LATITUDE,
	TAG_LONGITUDE_REF,
	TAG_LONGITUDE,
	TAG_COUNT
};

struct found {
	struct exif_entry tags[TAG_COUNT]; /* count 0: absent */
	size_t wanted;                     /* end of the furthest value that was not there */
};

static int slot_of(const struct exif_entry *entry)
{
	if (entry->directory == EXIF_GPS) {
		if (entry->tag >= EXIF_GPS_LATITUDE_REF && entry->tag <= EXIF_GPS_LONGITUDE)
			return TAG_LATITUDE_REF + entry->tag - EXIF_GPS_LATITUDE_REF;
		return -1;
	}
	switch (entry->tag) {
	case EXIF_MAKE:
		return TAG_MAKE;
	case EXIF_MODEL:
		return TAG_MODEL;
	case EXIF_BODY_SERIAL:
		return TAG_SERIAL;
	case EXIF_ORIENTATION:
		return TAG_ORIENTATION;
	case EXIF_DATE_ORIGINAL:
		return TAG_ORIGINAL;
	case EXIF_DATE_CREATED:
		return TAG_CREATED;
	case EXIF_MODIFY_DATE:
		return TAG_MODIFIED;
	default:
		return -1;
	}
}

static void visit(const struct exif_entry *entry, void *context)
{
	struct found *found = context;
	int slot = slot_of(entry);

	if (slot < 0 || entry->count == 0 || found->tags[slot].count != 0)
		return;
	found->tags[slot] = *entry;
	if (entry->data == NULL && entry->offset + entry->size > found->wanted)
		found->wanted = entry->offset + entry->size;
}

/* Degrees, minutes, seconds of which the latter may be missing. NaN when it is no number. */
static double degrees(const struct exif_entry *entry, const struct exif_entry *reference,
	char positive, char negative, double limit)
{
	double value, sum = 0, unit = 1;
	size_t count = entry->count < 3 ? entry->count : 3;
	char letter;

	if (count == 0 || entry->data == NULL || reference->data == NULL || reference->size < 1)
		return NAN;
	letter = (char)(reference->data[0] & ~0x20);
	if (letter != positive && letter != negative)
		return NAN;
	for (size_t i = 0; i < count; i++, unit *= 60) {
		if (!exif_number(entry, i, &value))
			return NAN;
		sum += value / unit;
	}
	/* Also false for NaN. */
	if (!(sum >= 0 && sum <= limit))
		return NAN;
	return letter == negative ? -sum : sum;
}

static void take_position(struct media_facts *facts, const struct found *found)
{
	double latitude, longitude;
	bool placeholder;

	if (found->tags[TAG_LATITUDE_REF].count == 0 && found->tags[TAG_LATITUDE].count == 0 &&
		found->tags[TAG_LONGITUDE_REF].count == 0 && found->tags[TAG_LONGITUDE].count == 0)
		return;
	latitude =
		degrees(&found->tags[TAG_LATITUDE], &found->tags[TAG_LATITUDE_REF], 'N', 'S', 90);
	longitude = degrees(
		&found->tags[TAG_LONGITUDE], &found->tags[TAG_LONGITUDE_REF], 'E', 'W', 180);
	/* Null island, and what some ZEISS firmware writes into every picture. */
	placeholder = (latitude == 0 && longitude == 0) ||
		(fabs(latitude - 1.0225) < 1e-6 && fabs(longitude - 1.0225) < 1e-6);
	if (isnan(latitude) || isnan(longitude) || placeholder) {
		facts->trouble |= TROUBLE_BAD_GPS;
		return;
	}
	if (!isnan(facts->latitude))
		return;
	facts->latitude = latitude;
	facts->longitude = longitude;
}

static void take_text(const struct exif_entry *entry, char *out, size_t size)
{
	if (out[0] == '\0' && entry->count != 0)
		exif_text(entry, out, size);
}

static void take(struct scan *scan, const struct found *found)
{
	static const enum wanted_tag dates[] = {TAG_ORIGINAL, TAG_CREATED, TAG_MODIFIED};
	struct media_facts *facts = scan->facts;
	uint32_t orientation;

	take_text(&found->tags[TAG_MAKE], facts->make, sizeof facts->make);
	take_text(&found->tags[TAG_MODEL], facts->model, sizeof facts->model);
	take_text(&found->tags[TAG_SERIAL], facts->serial, sizeof facts->serial);
	if (facts->orientation == 0 &&
		exif_unsigned(&found->tags[TAG_ORIENTATION], 0, &orientation) && orientation >= 1 &&
		orientation <= 8)
		facts->orientation = (uint8_t)orientation;
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		const struct exif_entry *entry = &found->tags[dates[i]];

		if (entry->count != 0 && entry->data != NULL)
			scan_date(
				scan, DATE_ORIGINAL + (enum date_place)i, entry->data, entry->size);
	}
	take_position(facts, found);
	for (size_t i = 0; i < TAG_COUNT; i++)
		if (found->tags[i].count != 0 && found->tags[i].data == NULL)
			facts->trouble |= TROUBLE_BAD_EXIF;
}

void scan_exif(struct scan *scan, uint64_t offset, size_t length)
{
	struct exif_block block;
	struct found found = {0};
	const uint8_t *bytes;
	size_t have = source_buffered(&scan->source, offset);

	/* First with what is in the window: most cameras put all that matters in front. */
	bytes = source_view(
		&scan->source, offset, have >= 8 && have < length ? have : length, &have);
	if (bytes == NULL || !exif_open(&block, bytes, have)) {
		scan->facts->trouble |= TROUBLE_BAD_EXIF;
		return;
	}
	exif_walk(&block, visit, &found);
	if (have < length && (found.wanted > have || block.wanted > have)) {
		found = (struct found){0};
		bytes = source_view(&scan->source, offset, length, &have);
		if (bytes == NULL || !exif_open(&block, bytes, have)) {
			scan->facts->trouble |= TROUBLE_BAD_EXIF;
			return;
		}
		exif_walk(&block, visit, &found);
	}
	if (block.damaged)
		scan->facts->trouble |= TROUBLE_BAD_EXIF;
	take(scan, &found);
}
