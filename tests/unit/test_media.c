/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts of files built byte by byte: dates and their rule, positions, names, damage. */
#include "trapkit/media.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
/* 2024-07-03T09:46:40Z */
#define NOW INT64_C(1720000000)

/* ---- a writer of EXIF ---- */

struct bytes {
	uint8_t at[8192];
	size_t used;
	bool big;
};

struct tag {
	uint16_t tag, type;
	uint32_t count;
	const void *data; /* in the file's byte order when wider than a byte */
	size_t size;
};

static void put(struct bytes *out, const void *data, size_t size)
{
	assert_true(out->used + size <= sizeof out->at);
	memcpy(out->at + out->used, data, size);
	out->used += size;
}

static void put_number(struct bytes *out, uint32_t value, int width)
{
	for (int i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * (out->big ? width - 1 - i : i));

		put(out, &byte, 1);
	}
}

/* A directory whose first byte is `base` bytes behind the TIFF header. */
static void put_directory(struct bytes *out, size_t tiff, const struct tag *tags, size_t count)
{
	size_t values = out->used - tiff + 2 + 12 * count + 4;
	static const uint8_t zeros[4];

	put_number(out, (uint32_t)count, 2);
	for (size_t i = 0; i < count; i++) {
		put_number(out, tags[i].tag, 2);
		put_number(out, tags[i].type, 2);
		put_number(out, tags[i].count, 4);
		if (tags[i].size <= 4) {
			put(out, tags[i].data, tags[i].size);
			put(out, zeros, 4 - tags[i].size);
		} else {
			put_number(out, (uint32_t)values, 4);
			values += tags[i].size;
		}
	}
	put_number(out, 0, 4);
	for (size_t i = 0; i < count; i++)
		if (tags[i].size > 4)
			put(out, tags[i].data, tags[i].size);
}

static struct tag text_tag(uint16_t tag, const char *text)
{
	return (struct tag){tag, 2, (uint32_t)strlen(text) + 1, text, strlen(text) + 1};
}

struct picture {
	const char *make, *original, *created, *modified;
	const char *latitude_ref, *longitude_ref;
	uint32_t latitude[6], longitude[6]; /* three rationals; all 0: none */
	bool big, no_values;
};

static struct tag pointer_tag(struct bytes *scratch, uint16_t tag, uint32_t value)
{
	size_t at = scratch->used;

	put_number(scratch, value, 4);
	return (struct tag){tag, 4, 1, scratch->at + at, 4};
}

static struct tag rational_tag(struct bytes *scratch, uint16_t tag, const uint32_t *values)
{
	size_t at = scratch->used;

	for (int i = 0; i < 6; i++)
		put_number(scratch, values[i], 4);
	return (struct tag){tag, 5, 3, scratch->at + at, 24};
}

static size_t directory_size(const struct tag *tags, size_t count)
{
	size_t size = 2 + 12 * count + 4;

	for (size_t i = 0; i < count; i++)
		size += tags[i].size > 4 ? tags[i].size : 0;
	return size;
}

static void put_tiff(struct bytes *out, const struct picture *picture)
{
	struct bytes scratch = {.big = picture->big};
	struct tag image[4], photo[2], gps[4];
	size_t images = 0, photos = 0, positions = 0, tiff = out->used, at;

	if (picture->make != NULL)
		image[images++] = text_tag(0x010F, picture->make);
	if (picture->modified != NULL)
		image[images++] = text_tag(0x0132, picture->modified);
	if (picture->original != NULL)
		photo[photos++] = text_tag(0x9003, picture->original);
	if (picture->created != NULL)
		photo[photos++] = text_tag(0x9004, picture->created);
	if (picture->latitude_ref != NULL)
		gps[positions++] = text_tag(1, picture->latitude_ref);
	if (!picture->no_values)
		gps[positions++] = rational_tag(&scratch, 2, picture->latitude);
	if (picture->longitude_ref != NULL)
		gps[positions++] = text_tag(3, picture->longitude_ref);
	if (!picture->no_values)
		gps[positions++] = rational_tag(&scratch, 4, picture->longitude);
	at = 8 + directory_size(image, images) + 12 + (positions != 0 ? 12 : 0);
	image[images++] = pointer_tag(&scratch, 0x8769, (uint32_t)at);
	if (positions != 0)
		image[images++] = pointer_tag(
			&scratch, 0x8825, (uint32_t)(at + directory_size(photo, photos)));
	out->big = picture->big;
	put(out, picture->big ? "MM\0*" : "II*\0", 4);
	put_number(out, 8, 4);
	put_directory(out, tiff, image, images);
	put_directory(out, tiff, photo, photos);
	if (positions != 0)
		put_directory(out, tiff, gps, positions);
}

/* 640x480, one scan byte. */
static const char frame[] = "\xFF\xC0\0\x0B\x08\x01\xE0\x02\x80\x01\x01\x11\0";
static const char scan[] = "\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x55\xFF\xD9";

static void put_exif(struct bytes *out, const struct picture *picture)
{
	size_t at = out->used;

	put(out, "\xFF\xE1\0\0Exif\0\0", 10);
	put_tiff(out, picture);
	out->at[at + 2] = (uint8_t)((out->used - at - 2) >> 8);
	out->at[at + 3] = (uint8_t)(out->used - at - 2);
}

static void put_jpeg(struct bytes *out, const struct picture *picture)
{
	put(out, "\xFF\xD8", 2);
	put_exif(out, picture);
	put(out, frame, sizeof frame - 1);
	put(out, scan, sizeof scan - 1);
}

/* From an allocation that ends where the bytes do, so that a sanitizer sees one read too far. */
static struct media_facts parse(const void *bytes, size_t size, const char *name)
{
	struct media_facts facts;
	uint8_t *exact = malloc(size == 0 ? 1 : size);

	assert_non_null(exact);
	memcpy(exact, bytes, size);
	media_parse_facts(exact, size, name, NOW, &facts);
	free(exact);
	return facts;
}

static struct media_facts facts_of(const struct picture *picture, const char *name)
{
	struct bytes bytes = {0};

	put_jpeg(&bytes, picture);
	return parse(bytes.at, bytes.used, name);
}

static void assert_taken(const struct media_facts *facts, const char *want, enum time_source source)
{
	char text[TIMESTAMP_SIZE];

	format_wall(&facts->taken, text);
	assert_string_equal(text, want);
	assert_int_equal(facts->taken_source, source);
}

/* ---- dates ---- */

static void the_best_date_counts(void **state)
{
	struct picture picture = {.no_values = true,
		.original = "2024:07:01 10:00:00",
		.created = "2024:07:01 11:00:00",
		.modified = "2024:07:01 12:00:00"};
	struct media_facts facts;

	(void)state;
	for (int big = 0; big < 2; big++) {
		picture.big = big != 0;
		facts = facts_of(&picture, "2020-01-01_00-00-00.jpg");
		assert_taken(&facts, "2024-07-01T10:00:00", TIME_EXIF);
		assert_int_equal(facts.trouble, 0);
		assert_int_equal(facts.width, 640);
		assert_int_equal(facts.height, 480);
	}
	picture.original = NULL;
	facts = facts_of(&picture, "a.jpg");
	assert_taken(&facts, "2024-07-01T11:00:00", TIME_EXIF_OTHER);
	picture.created = NULL;
	facts = facts_of(&picture, "a.jpg");
	assert_taken(&facts, "2024-07-01T12:00:00", TIME_EXIF_OTHER);
	picture.modified = NULL;
	facts = facts_of(&picture, "2020-01-01_00-00-00.jpg");
	assert_taken(&facts, "2020-01-01T00:00:00", TIME_FILE_NAME);
	assert_int_equal(facts.trouble, 0);
	facts = facts_of(&picture, "IMG_0001.JPG");
	assert_int_equal(facts.taken_source, TIME_NONE);
	assert_int_equal(facts.trouble, TROUBLE_NO_DATE);
}

/* F60 */
static void bad_dates_are_told_and_passed_over(void **state)
{
	static const char *const bad[] = {"0000:00:00 00:00:00", "    :  :     :  :  ", "",
		"0000006655555555", "2024:13:01 10:00:00", "2023:02:29 10:00:00",
		"2024:07:01 24:00:00", "2024:07:01"};
	struct picture picture = {.no_values = true, .created = "2024:07:01 11:00:00"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct media_facts facts;

		picture.original = bad[i];
		facts = facts_of(&picture, "a.jpg");
		assert_taken(&facts, "2024-07-01T11:00:00", TIME_EXIF_OTHER);
		assert_int_equal(facts.trouble, TROUBLE_BAD_DATE);
	}
	/* One that is not needed is not complained of (Stealth Cam). */
	picture.original = "2024:07:01 10:00:00";
	picture.created = "0000006655555555";
	assert_int_equal(facts_of(&picture, "a.jpg").trouble, 0);
}

/* F60 */
static void a_reset_clock_is_told(void **state)
{
	static const struct {
		const char *date;
		unsigned trouble;
	} cases[] = {
		{"1970:01:01 00:00:00", TROUBLE_CLOCK_RESET},
		{"2000:12:31 23:59:59", TROUBLE_CLOCK_RESET},
		{"2001:01:01 00:00:00", 0},
		/* A day on from NOW: the zone may be ahead. */
		{"2024:07:04 09:46:40", 0},
		{"2024:07:04 09:46:41", TROUBLE_CLOCK_RESET},
		{"2079:01:01 00:00:00", TROUBLE_CLOCK_RESET},
	};
	struct picture picture = {.no_values = true};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct media_facts facts;

		picture.original = cases[i].date;
		facts = facts_of(&picture, "a.jpg");
		assert_int_equal(facts.trouble, cases[i].trouble);
		assert_int_equal(facts.taken_source, TIME_EXIF);
	}
}

static void names_tell_dates(void **state)
{
	static const struct {
		const char *name, *date;
	} cases[] = {
		{"20240701_101112.jpg", "2024-07-01T10:11:12"},
		{"IMG20240701-101112.jpg", "2024-07-01T10:11:12"},
		{"cam_20240701T101112_x.avi", "2024-07-01T10:11:12"},
		{"20240701101112.jpg", "2024-07-01T10:11:12"},
		{"A_2026-04-09_16-04-05.jpeg", "2026-04-09T16:04:05"},
		{"GRID5-2015-07-22_13-44-07-CAM41978.jpg", "2015-07-22T13:44:07"},
		{"2025-12-24T21_58_40.934128-1.jpeg", "2025-12-24T21:58:40"},
		{"2024-07-01 10.11.12.png", "2024-07-01T10:11:12"},
		{"868020035314870-30032026102652-4-SYPR0260.JPG", "2026-03-30T10:26:52"},
		{"WBC398      -868020035314870-10032026090126-4-SYPR0067.JPG",
			"2026-03-10T09:01:26"},
		{"2024-02-29_00-00-00.jpg", "2024-02-29T00:00:00"},
		{"2023-02-29_00-00-00.jpg", NULL},
		{"20240701_1011123.jpg", NULL},
		{"20240701.jpg", NULL},
		{"20240701_1011.jpg", NULL},
		{"2024-07-01_10-11.jpg", NULL},
		{"120240701101112.jpg", NULL},
		{"31132026102652.jpg", NULL},
		{"18990101_101112.jpg", NULL},
		{"IMG_0001.JPG", NULL},
		{"07160020.JPG", NULL},
	};
	static const struct picture picture = {.no_values = true};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct media_facts facts = facts_of(&picture, cases[i].name);

		if (cases[i].date != NULL)
			assert_taken(&facts, cases[i].date, TIME_FILE_NAME);
		else
			assert_int_equal(facts.taken_source, TIME_NONE);
	}
}

/* An AVI with nothing but the chunk of a date in its header. */
static struct media_facts avi_dated(const char *text, size_t length)
{
	struct bytes bytes = {0};
	uint32_t padded = (uint32_t)(length + (length & 1));

	put(&bytes, "RIFF", 4);
	put_number(&bytes, 12 + 12 + padded, 4);
	put(&bytes, "AVI LIST", 8);
	put_number(&bytes, 12 + padded, 4);
	put(&bytes, "hdrlIDIT", 8);
	put_number(&bytes, (uint32_t)length, 4);
	put(&bytes, text, length);
	put(&bytes, "", length & 1);
	return parse(bytes.at, bytes.used, "a.avi");
}

static void avi_dates_have_many_forms(void **state)
{
	static const struct {
		const char *text, *date;
	} cases[] = {
		{"Mon Mar 10 15:04:43 2003\n", "2003-03-10T15:04:43"},
		{"MON MAR 10 05:04:43 2003", "2003-03-10T05:04:43"},
		{"Mon Mar  3 5:04:43 2003", "2003-03-03T05:04:43"},
		{"2003:03:10 15:04:43", "2003-03-10T15:04:43"},
		{"2003/03/10 15:04:43", "2003-03-10T15:04:43"},
		{"2003/03/10/ 15:04", "2003-03-10T15:04:00"},
		{"2001/ 1/27  1:42PM", "2001-01-27T13:42:00"},
		{"2001/ 1/27 12:42PM", "2001-01-27T12:42:00"},
		{"2001/ 1/27 12:42AM", "2001-01-27T00:42:00"},
		{"2002-12-16  15:35:01", "2002-12-16T15:35:01"},
		{"0000:00:00 00:00:00", NULL},
		{"Mon Foo 10 15:04:43 2003", NULL},
		{"Mon Feb 30 15:04:43 2003", NULL},
		{"Mon Mar 10 15:04:43", NULL},
		{"12345678901234567890", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct media_facts facts = avi_dated(cases[i].text, strlen(cases[i].text) + 1);

		assert_int_equal(facts.type, MEDIA_AVI);
		if (cases[i].date != NULL) {
			assert_taken(&facts, cases[i].date, TIME_CONTAINER);
			assert_int_equal(facts.trouble, 0);
		} else {
			assert_int_equal(facts.trouble, TROUBLE_BAD_DATE | TROUBLE_NO_DATE);
		}
	}
}

/* ftyp, an empty mdat, and a moov with an mvhd of version 1. */
static struct media_facts mp4_created(uint64_t created)
{
	struct bytes bytes = {.big = true};

	put(&bytes,
		"\0\0\0\x10"
		"ftypisom\0\0\0\0\0\0\0\x08mdat\0\0\0\x34moov\0\0\0\x2Cmvhd",
		40);
	put(&bytes, "\1\0\0\0", 4);
	put_number(&bytes, (uint32_t)(created >> 32), 4);
	put_number(&bytes, (uint32_t)created, 4);
	put_number(&bytes, 0, 4);
	put_number(&bytes, 0, 4);
	put_number(&bytes, 600, 4);
	put_number(&bytes, 0, 4);
	put_number(&bytes, 900, 4);
	put_number(&bytes, 0, 4);
	return parse(bytes.at, bytes.used, "a.mp4");
}

static void film_dates_count_from_1904(void **state)
{
	struct media_facts facts;

	(void)state;
	/* 2024-07-01T08:00:00 is 1719820800 since 1970, and 2082844800 more since 1904. */
	facts = mp4_created(1719820800u + UINT64_C(2082844800));
	assert_taken(&facts, "2024-07-01T08:00:00", TIME_CONTAINER);
	assert_true(facts.duration == 1.5);
	facts = mp4_created(1719820800u);
	assert_taken(&facts, "2024-07-01T08:00:00", TIME_CONTAINER);
	facts = mp4_created(0);
	assert_int_equal(facts.taken_source, TIME_NONE);
	assert_int_equal(facts.trouble & TROUBLE_BAD_DATE, 0);
	facts = mp4_created(UINT64_MAX);
	assert_int_equal(facts.taken_source, TIME_NONE);
	assert_true((facts.trouble & TROUBLE_BAD_DATE) != 0);
}

/* ---- positions ---- */

static void positions_need_sense(void **state)
{
	static const struct {
		const char *latitude_ref, *longitude_ref;
		uint32_t latitude[6], longitude[6];
		double want_latitude, want_longitude;
	} cases[] = {
		/* 52°5'55.56" = 52 + 5/60 + 55.56/3600 = 52.098766666… */
		{"N", "E", {52, 1, 5, 1, 5556, 100}, {5, 1, 7, 1, 3123, 100}, 52.0987666667,
			5.1253416667},
		{"S", "W", {32, 1, 56, 1, 6, 1}, {117, 1, 9, 1, 36, 1}, -32.935, -117.16},
		{"N", "E", {90, 1, 0, 1, 0, 1}, {180, 1, 0, 1, 0, 1}, 90, 180},
		{"N", "E", {0, 1, 0, 1, 1, 100}, {0, 1, 0, 1, 0, 1}, 1 / 360000.0, 0},
		/* Null island, 1.0225, no references, 0/0, out of range, a letter that is none. */
		{"N", "E", {0, 1, 0, 1, 0, 1}, {0, 1, 0, 1, 0, 1}, NAN, NAN},
		{"N", "E", {10225, 10000, 0, 1, 0, 1}, {10225, 10000, 0, 1, 0, 1}, NAN, NAN},
		{"N", "E", {1, 1, 1, 1, 21, 1}, {1, 1, 1, 1, 21, 1}, NAN, NAN},
		{NULL, "E", {52, 1, 5, 1, 5556, 100}, {5, 1, 7, 1, 3123, 100}, NAN, NAN},
		{"N", NULL, {52, 1, 5, 1, 5556, 100}, {5, 1, 7, 1, 3123, 100}, NAN, NAN},
		{"N", "E", {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, NAN, NAN},
		{"N", "E", {52, 1, 5, 0, 0, 1}, {5, 1, 7, 1, 0, 1}, NAN, NAN},
		{"N", "E", {90, 1, 0, 1, 1, 1}, {5, 1, 7, 1, 0, 1}, NAN, NAN},
		{"N", "E", {52, 1, 0, 1, 1, 1}, {180, 1, 1, 1, 0, 1}, NAN, NAN},
		{"X", "E", {52, 1, 0, 1, 1, 1}, {18, 1, 1, 1, 0, 1}, NAN, NAN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 2; i++) {
		size_t which = i / 2;
		struct picture picture = {.original = "2024:07:01 10:00:00", .big = i % 2 != 0};
		struct media_facts facts;

		picture.latitude_ref = cases[which].latitude_ref;
		picture.longitude_ref = cases[which].longitude_ref;
		memcpy(picture.latitude, cases[which].latitude, sizeof picture.latitude);
		memcpy(picture.longitude, cases[which].longitude, sizeof picture.longitude);
		facts = facts_of(&picture, "a.jpg");
		if (isnan(cases[which].want_latitude)) {
			assert_true(isnan(facts.latitude) && isnan(facts.longitude));
			assert_int_equal(facts.trouble, TROUBLE_BAD_GPS);
		} else {
			assert_true(fabs(facts.latitude - cases[which].want_latitude) < 1e-9);
			assert_true(fabs(facts.longitude - cases[which].want_longitude) < 1e-9);
			assert_int_equal(facts.trouble, 0);
		}
	}
}

/* ---- segments ---- */

static void exif_may_stand_anywhere_and_twice(void **state)
{
	static const struct picture first = {.no_values = true, .make = "FIRST"};
	static const struct picture second = {.no_values = true,
		.make = "SECOND",
		.original = "2024:07:01 10:00:00",
		.big = true};
	struct bytes bytes = {0};
	struct media_facts facts;

	(void)state;
	put(&bytes, "\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 20);
	put(&bytes, "\xFF\xE1\0\x21http://ns.adobe.com/xap/1.0/\0<x", 35);
	put_exif(&bytes, &first);
	put(&bytes, frame, sizeof frame - 1);
	put_exif(&bytes, &second);
	put(&bytes, scan, sizeof scan - 1);
	facts = parse(bytes.at, bytes.used, "a.jpg");
	assert_string_equal(facts.make, "FIRST");
	assert_taken(&facts, "2024-07-01T10:00:00", TIME_EXIF);
	assert_int_equal(facts.trouble, 0);
}

static void every_cut_is_survived_and_told(void **state)
{
	static const struct picture picture = {.make = "TRAPMAKER",
		.original = "2024:07:01 10:00:00",
		.latitude_ref = "N",
		.longitude_ref = "E",
		.latitude = {52, 1, 5, 1, 5556, 100},
		.longitude = {5, 1, 7, 1, 3123, 100}};
	struct bytes bytes = {0};

	(void)state;
	put_jpeg(&bytes, &picture);
	for (size_t size = 0; size < bytes.used; size++) {
		struct media_facts facts = parse(bytes.at, size, "a.jpg");

		assert_true((facts.trouble & TROUBLE_TRUNCATED) != 0 || (size > 0 && size < 3));
		assert_true(facts.make[0] == '\0' || strcmp(facts.make, "TRAPMAKER") == 0);
		assert_true(facts.width == 0 || facts.width == 640);
		assert_true(isnan(facts.latitude) || facts.latitude > 52);
		assert_int_equal((facts.trouble & TROUBLE_NOT_MEDIA) != 0, size < 3);
	}
	assert_int_equal(parse(bytes.at, bytes.used, "a.jpg").trouble, 0);
}

static void every_changed_byte_is_survived(void **state)
{
	static const struct picture picture = {.make = "TRAPMAKER",
		.original = "2024:07:01 10:00:00",
		.latitude_ref = "N",
		.longitude_ref = "E",
		.latitude = {52, 1, 5, 1, 5556, 100},
		.longitude = {5, 1, 7, 1, 3123, 100}};
	static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
	struct bytes bytes = {0};

	(void)state;
	put_jpeg(&bytes, &picture);
	for (size_t i = 0; i < bytes.used; i++) {
		uint8_t kept = bytes.at[i];

		for (size_t v = 0; v < COUNT(values); v++) {
			struct media_facts facts;

			bytes.at[i] = values[v];
			facts = parse(bytes.at, bytes.used, "a.jpg");
			assert_true(isnan(facts.latitude) || fabs(facts.latitude) <= 90);
			assert_true(facts.taken_source == TIME_NONE || wall_is_valid(&facts.taken));
		}
		bytes.at[i] = kept;
	}
}

/* ---- types ---- */

static void names_tell_types(void **state)
{
	static const struct {
		const char *name;
		enum media_type type;
	} cases[] = {{"IMG_0001.JPG", MEDIA_JPEG}, {"a.jpeg", MEDIA_JPEG}, {"a.b.Png", MEDIA_PNG},
		{"x.AVI", MEDIA_AVI}, {"x.mp4", MEDIA_MP4}, {"x.MOV", MEDIA_MOV},
		{"x.heic", MEDIA_OTHER_IMAGE}, {"x.webm", MEDIA_WEBM}, {"x.txt", MEDIA_UNKNOWN},
		{".jpg", MEDIA_UNKNOWN}, {"jpg", MEDIA_UNKNOWN}, {"x.", MEDIA_UNKNOWN},
		{"", MEDIA_UNKNOWN}, {"IMG.JPG.1", MEDIA_UNKNOWN}, {"x.jpegs", MEDIA_UNKNOWN}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(media_type_by_name(cases[i].name), cases[i].type);
}

static void contents_win_over_names(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *name;
		enum media_type type;
		unsigned trouble;
	} cases[] = {
		{"\xFF\xD8\xFF", 3, "a.jpg", MEDIA_JPEG, 0},
		{"\xFF\xD8\xFF", 3, "a.jpg.1", MEDIA_JPEG, 0},
		{"\xFF\xD8\xFF", 3, "a.avi", MEDIA_JPEG, TROUBLE_WRONG_NAME},
		{"RIFF\4\0\0\0AVI ", 12, "a.jpg", MEDIA_AVI, TROUBLE_WRONG_NAME},
		{"RIFF\4\0\0\0WEBP", 12, "a.jpg", MEDIA_OTHER_IMAGE, TROUBLE_WRONG_NAME},
		{"\0\0\0\x10"
		 "ftypqt  ",
			12, "a.mp4", MEDIA_MOV, 0},
		{"\0\0\0\x10"
		 "ftypheic",
			12, "a.heic", MEDIA_OTHER_IMAGE, 0},
		{"\0\0\0\x10"
		 "ftypisom",
			12, "a.png", MEDIA_MP4, TROUBLE_WRONG_NAME},
		{"no picture", 10, "a.jpg", MEDIA_UNKNOWN, TROUBLE_NOT_MEDIA},
		{"no picture", 10, "a.txt", MEDIA_UNKNOWN, TROUBLE_NOT_MEDIA},
		{"one free day", 12, "a.jpg", MEDIA_UNKNOWN, TROUBLE_NOT_MEDIA},
		{"BMW", 3, "a.jpg", MEDIA_UNKNOWN, TROUBLE_NOT_MEDIA},
		{"\0\0\0\x08"
		 "wide",
			8, "a.mov", MEDIA_MOV, 0},
		{"something", 9, "a.heic", MEDIA_OTHER_IMAGE, 0},
	};
	const unsigned both = TROUBLE_WRONG_NAME | TROUBLE_NOT_MEDIA;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct media_facts facts = parse(cases[i].bytes, cases[i].size, cases[i].name);

		assert_int_equal(facts.type, cases[i].type);
		assert_int_equal(facts.trouble & both, cases[i].trouble);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_date_counts),
		cmocka_unit_test(bad_dates_are_told_and_passed_over),
		cmocka_unit_test(a_reset_clock_is_told),
		cmocka_unit_test(names_tell_dates),
		cmocka_unit_test(avi_dates_have_many_forms),
		cmocka_unit_test(film_dates_count_from_1904),
		cmocka_unit_test(positions_need_sense),
		cmocka_unit_test(exif_may_stand_anywhere_and_twice),
		cmocka_unit_test(every_cut_is_survived_and_told),
		cmocka_unit_test(every_changed_byte_is_survived),
		cmocka_unit_test(names_tell_types),
		cmocka_unit_test(contents_win_over_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
