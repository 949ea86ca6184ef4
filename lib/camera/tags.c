/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the EXIF block to the few tags that readers and profiles look at. */
#include "head.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Enough of a maker note for every layout known; some are 33 kB of zeros. */
#define NOTE_ENOUGH 256

const char *const tag_names[TAG_TEXTS] = {"Make", "Model", "SerialNumber", "DateTimeOriginal",
	"CreateDate", "ModifyDate", "OffsetTimeOriginal", "OffsetTime", "Software",
	"ImageDescription", "OwnerName", "Artist", "ImageUniqueID"};

static const uint16_t tag_numbers[TAG_TEXTS] = {EXIF_MAKE, EXIF_MODEL, EXIF_BODY_SERIAL,
	EXIF_DATE_ORIGINAL, EXIF_DATE_CREATED, EXIF_MODIFY_DATE, EXIF_OFFSET_ORIGINAL, 0x9010,
	EXIF_SOFTWARE, EXIF_IMAGE_DESCRIPTION, 0xA430, 0x013B, 0xA420};

int tag_slot_by_name(const char *name)
{
	for (int i = 0; i < TAG_TEXTS; i++) {
		if (strcasecmp(name, tag_names[i]) == 0)
			return i;
		if (strncasecmp(name, "0x", 2) == 0 &&
			strtoul(name + 2, NULL, 16) == tag_numbers[i])
			return i;
	}
	return -1;
}

struct found {
	struct exif_entry texts[TAG_TEXTS];
	struct exif_entry note, comment, latitude, latitude_ref, longitude, longitude_ref;
	size_t wanted;
};

static struct exif_entry *place_of(struct found *found, const struct exif_entry *entry)
{
	if (entry->directory == EXIF_GPS)
		switch (entry->tag) {
		case EXIF_GPS_LATITUDE_REF:
			return &found->latitude_ref;
		case EXIF_GPS_LATITUDE:
			return &found->latitude;
		case EXIF_GPS_LONGITUDE_REF:
			return &found->longitude_ref;
		case EXIF_GPS_LONGITUDE:
			return &found->longitude;
		default:
			return NULL;
		}
	if (entry->tag == EXIF_MAKER_NOTE)
		return &found->note;
	if (entry->tag == EXIF_USER_COMMENT)
		return &found->comment;
	for (int i = 0; i < TAG_TEXTS; i++)
		if (entry->tag == tag_numbers[i])
			return &found->texts[i];
	return NULL;
}

static void visit(const struct exif_entry *entry, void *context)
{
	struct found *found = context;
	struct exif_entry *place = place_of(found, entry);
	size_t enough;

	if (place == NULL || entry->count == 0 || place->count != 0)
		return;
	*place = *entry;
	if (entry->data != NULL)
		return;
	enough = entry->tag == EXIF_MAKER_NOTE && entry->size > NOTE_ENOUGH ? NOTE_ENOUGH
									    : entry->size;
	if (entry->offset + enough > found->wanted)
		found->wanted = entry->offset + enough;
}

/* exiftool's JSON has a question mark for what is not UTF-8. */
static void take_text(const struct exif_entry *entry, struct tag_text *out)
{
	size_t length = 0, most = sizeof out->text - 1;

	if (entry->count == 0 || entry->data == NULL ||
		(entry->type != EXIF_ASCII && entry->type != EXIF_BYTE &&
			entry->type != EXIF_UNDEFINED))
		return;
	out->there = true;
	while (length < entry->size && length < most && entry->data[length] != 0)
		length++;
	memcpy(out->text, entry->data, length);
	/* Not in the middle of a character. */
	if (length == most)
		while (length > 0 && ((unsigned char)out->text[length - 1] & 0x80) != 0)
			length--;
	out->text[length] = '\0';
	if (!text_is_utf8(out->text, length))
		for (size_t i = 0; i < length; i++)
			if ((unsigned char)out->text[i] >= 0x80)
				out->text[i] = '?';
}

/* exiftool trims these two at the end. */
static void trim_end(struct tag_text *text)
{
	size_t length = strlen(text->text);

	while (length > 0 && strchr(" \t\r\n\f\v", text->text[length - 1]) != NULL)
		length--;
	text->text[length] = '\0';
}

/* Clean text that keeps its line breaks, as '\n'. */
static void take_lines(const uint8_t *bytes, size_t length, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	while (length > 0 && bytes[length - 1] == 0)
		length--;
	for (size_t begin = 0, end; begin < length && used + 2 < size; begin = end + 1) {
		for (end = begin; end < length && bytes[end] != '\n' && bytes[end] != '\r' &&
			bytes[end] != 0;)
			end++;
		if (end == begin)
			continue;
		used += exif_clean_text(bytes + begin, end - begin, out + used, size - used - 1);
		out[used++] = '\n';
		out[used] = '\0';
	}
}

static bool looks_wide(const uint8_t *bytes, size_t length, bool *big)
{
	size_t even = 0, odd = 0;

	for (size_t i = 0; i + 1 < length && i < 64; i += 2) {
		even += bytes[i] == 0;
		odd += bytes[i + 1] == 0;
	}
	*big = even > odd;
	return even != odd;
}

/* UTF-16 to clean UTF-8, the Basic Multilingual Plane only: names of sites, not poems. */
static void take_wide(const uint8_t *bytes, size_t length, bool big, char *out, size_t size)
{
	uint8_t plain[1024];
	size_t used = 0;

	for (size_t i = 0; i + 1 < length && used + 3 < sizeof plain; i += 2) {
		unsigned unit = bytes_u16(bytes + i, big);

		if (unit == 0 || (unit >= 0xD800 && unit < 0xE000))
			break;
		if (unit < 0x80) {
			plain[used++] = (uint8_t)unit;
		} else if (unit < 0x800) {
			plain[used++] = (uint8_t)(0xC0 | unit >> 6);
			plain[used++] = (uint8_t)(0x80 | (unit & 0x3F));
		} else {
			plain[used++] = (uint8_t)(0xE0 | unit >> 12);
			plain[used++] = (uint8_t)(0x80 | (unit >> 6 & 0x3F));
			plain[used++] = (uint8_t)(0x80 | (unit & 0x3F));
		}
	}
	exif_clean_text(plain, used, out, size);
}

/* The eight bytes of a character set may be missing: Cuddeback writes none. */
static void take_comment(const struct exif_entry *entry, char *out, size_t size)
{
	const uint8_t *bytes = entry->data;
	size_t length = entry->size;
	bool big = entry->big_endian;

	out[0] = '\0';
	if (entry->count == 0 || bytes == NULL)
		return;
	if (length >= 8 && memcmp(bytes, "UNICODE\0", 8) == 0) {
		/* Written in either order, whatever the block's. */
		looks_wide(bytes + 8, length - 8, &big);
		take_wide(bytes + 8, length - 8, big, out, size);
		return;
	}
	if (length >= 8 &&
		(memcmp(bytes, "ASCII\0\0\0", 8) == 0 ||
			memcmp(bytes, "\0\0\0\0\0\0\0\0", 8) == 0)) {
		bytes += 8;
		length -= 8;
	}
	exif_clean_text(bytes, length, out, size);
}

/* As exiftool puts degrees together: a value that is none makes the whole no coordinate. */
static bool take_degrees(const struct exif_entry *entry, double *degrees)
{
	size_t count = entry->count < 3 ? entry->count : 3;
	double parts[3] = {0};

	for (size_t i = 0; i < count; i++)
		if (!exif_number(entry, i, &parts[i]))
			return false;
	*degrees = parts[0] + (parts[1] + parts[2] / 60) / 60;
	return count > 0;
}

static void take_letter(const struct exif_entry *entry, bool *there, char *letter)
{
	*there = entry->count != 0 && entry->data != NULL;
	*letter = *there && entry->size > 0 ? (char)entry->data[0] : '\0';
}

static void take_all(const struct exif_block *block, const struct found *found, struct tags *tags)
{
	const struct exif_entry *note = &found->note;

	for (int i = 0; i < TAG_TEXTS; i++)
		take_text(&found->texts[i], &tags->texts[i]);
	trim_end(&tags->texts[TAG_MAKE]);
	trim_end(&tags->texts[TAG_MODEL]);
	if (found->texts[TAG_DESCRIPTION].data != NULL)
		take_lines(found->texts[TAG_DESCRIPTION].data, found->texts[TAG_DESCRIPTION].size,
			tags->description, sizeof tags->description);
	take_comment(&found->comment, tags->comment, sizeof tags->comment);
	if (note->count != 0 && note->offset < block->size) {
		tags->note = block->bytes + note->offset;
		tags->note_size = note->size < block->size - note->offset
			? note->size
			: block->size - note->offset;
	}
	tags->latitude.there = found->latitude.count != 0;
	tags->latitude.number = take_degrees(&found->latitude, &tags->latitude.value);
	tags->longitude.there = found->longitude.count != 0;
	tags->longitude.number = take_degrees(&found->longitude, &tags->longitude.value);
	take_letter(&found->latitude_ref, &tags->latitude.has_letter, &tags->latitude.letter);
	take_letter(&found->longitude_ref, &tags->longitude.has_letter, &tags->longitude.letter);
}

/* exiftool looks at a segment when it has the next one whole, of SOS and those without length the
 * marker; otherwise it tells nothing of either. Tried with 12.57. */
static bool next_is_whole(struct head *head)
{
	uint8_t bytes[64];
	struct jpeg_segment segment = {0};
	size_t have = head_copy(head, head->next, bytes, sizeof bytes);
	enum jpeg_step step = jpeg_segment_at(bytes, have, &segment);

	if (segment.marker == JPEG_SOS)
		return true;
	return step == JPEG_SEGMENT && head->next + segment.header + segment.payload <= head->size;
}

void tags_read(struct head *head, struct tags *tags)
{
	struct exif_block block;
	struct found found = {0};
	uint64_t offset;
	size_t length, have;
	const uint8_t *bytes;

	memset(tags, 0, sizeof *tags);
	if (!head_find(head, false, &offset, &length))
		return;
	tags->cut = !next_is_whole(head);
	offset += JPEG_EXIF_PREFIX;
	length -= JPEG_EXIF_PREFIX;
	have = head_buffered(head, offset);
	/* First with what is here: most cameras put all that matters in front. */
	bytes = head_view(head, offset, have >= 8 && have < length ? have : length, &have);
	if (bytes == NULL || !exif_open(&block, bytes, have)) {
		tags->damaged = true;
		return;
	}
	exif_walk(&block, visit, &found);
	if (have < length && (found.wanted > have || block.wanted > have)) {
		found = (struct found){0};
		bytes = head_view(head, offset, length, &have);
		if (bytes == NULL || !exif_open(&block, bytes, have)) {
			tags->damaged = true;
			return;
		}
		exif_walk(&block, visit, &found);
	}
	tags->exif = true;
	tags->damaged = block.damaged;
	take_all(&block, &found, tags);
}

void tags_read_com(struct head *head, struct tags *tags)
{
	uint8_t bytes[HEAD_COMMENT];
	uint64_t offset;
	size_t length;

	if (!head_find(head, true, &offset, &length))
		return;
	if (length > sizeof bytes)
		length = sizeof bytes;
	length = head_copy(head, offset, bytes, length);
	take_lines(bytes, length, tags->com, sizeof tags->com);
}
