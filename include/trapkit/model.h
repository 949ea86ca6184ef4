/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The nouns that rooms share: plain structs, no input or output. */
#ifndef TRAPKIT_MODEL_H
#define TRAPKIT_MODEL_H

#include "trapkit/digest.h"
#include "trapkit/timestamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum media_type {
	MEDIA_UNKNOWN = 0,
	MEDIA_JPEG,
	MEDIA_PNG,
	MEDIA_AVI,
	MEDIA_MP4,
	MEDIA_MOV,
	MEDIA_OTHER_IMAGE, /* TIFF, WebP, HEIC …: known by name only until convert reads it */
	MEDIA_OTHER_VIDEO,
	MEDIA_MKV,
	MEDIA_WEBM
};

/* "image/jpeg", "image/png", "video/x-msvideo", "video/mp4", "video/quicktime", or NULL. */
const char *media_type_mime(enum media_type type);
bool media_type_is_video(enum media_type type);

/* Trouble found while reading a header. Bits; each has a sentence in media_trouble_text(). */
enum media_trouble {
	TROUBLE_NOT_MEDIA = 1u << 0,  /* contents are not of a known type */
	TROUBLE_WRONG_NAME = 1u << 1, /* contents are another type than the name says */
	TROUBLE_TRUNCATED = 1u << 2,  /* the file ends before its headers or its container do */
	TROUBLE_BAD_EXIF = 1u << 3,   /* the EXIF block is damaged; what could be read was */
	TROUBLE_BAD_DATE =
		1u << 4, /* a date is there but is not a date (zeros, blanks, year 6655) */
	TROUBLE_BAD_GPS = 1u << 5,     /* GPS is there but placeholder or out of range */
	TROUBLE_CLOCK_RESET = 1u << 6, /* date before 2001 or in the future */
	TROUBLE_UNREADABLE = 1u << 7,  /* the operating system could not read it */
	TROUBLE_NO_DATE = 1u << 8      /* no date anywhere but the file's mtime */
};

/* Sentence for one bit, no capital, no full stop. */
const char *media_trouble_text(enum media_trouble bit);

/*
 * What the headers of one media file tell. Fixed size, no owned memory: texts are NUL-terminated,
 * stripped of padding, cut at their size, "" when absent. Numbers absent in the file are 0 (sizes)
 * or NaN (fps, duration, latitude, longitude).
 */
struct media_facts {
	enum media_type type;
	unsigned trouble;       /* enum media_trouble bits */
	uint32_t width, height; /* pixels, as stored (orientation not applied) */
	double fps;             /* frames a second */
	double duration;        /* seconds */
	struct wall_time taken; /* valid when taken_source is neither TIME_NONE nor TIME_MTIME */
	enum time_source taken_source;
	double latitude, longitude; /* WGS84 degrees */
	char make[48], model[48], serial[48];
	uint8_t orientation; /* EXIF 1–8, 0 = not told */
};

/* A media file of a deployment. Texts are owned. Paths use `/` and are relative to the data path.
 */
struct resource {
	char *path;       /* "summer/R1-32_01/100RECNX/IMG_0001.JPG" */
	char *collection; /* folder name as on disk */
	char *deployment; /* folder name as on disk */
	char *name;    /* name in the package: sub-folders joined by `_`: "100RECNX_IMG_0001.JPG" */
	uint64_t size; /* bytes */
	int64_t mtime_ns; /* nanoseconds since 1970 */
	bool racy;        /* read so soon after mtime that a later change may not show in it */
	struct media_facts facts;
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE];
};

void resource_release(struct resource *resource);

#ifdef __cplusplus
}
#endif

#endif
