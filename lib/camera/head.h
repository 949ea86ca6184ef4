/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The head of a JPEG and the tags of its EXIF, as they stand in the file. */
#ifndef TRAPKIT_CAMERA_HEAD_H
#define TRAPKIT_CAMERA_HEAD_H

#include "trapkit/camera.h"
#include "trapkit/exif.h"

#define HEAD_FIRST_READ ((size_t)16 * 1024)
#define HEAD_COMMENT 2048

/* A file, in memory or not, of which a window is kept. */
struct head {
	int fd; /* -1: `memory` is the file */
	const uint8_t *memory;
	size_t memory_size;
	uint64_t size;   /* of the file; UINT64_MAX when it cannot be told */
	int failure;     /* errno of a read that failed */
	size_t budget;   /* bytes that may still be read */
	uint8_t *buffer; /* CAMERA_MOST_READ bytes */
	uint64_t start;  /* of the window */
	size_t length;
	uint64_t next; /* where the next segment begins */
	bool ended;    /* no more segments */
};

/* Reads the beginning. */
void head_open(struct head *head, int fd, const uint8_t *memory, size_t size, uint8_t *buffer);
/* Goes on to the next EXIF (`com` false) or comment segment: place and length of its contents. */
bool head_find(struct head *head, bool com, uint64_t *offset, size_t *length);
/* Up to `want` bytes at `offset`, moving the window when they are not in it; *have tells. */
const uint8_t *head_view(struct head *head, uint64_t offset, size_t want, size_t *have);
/* What of it is in the window already. */
size_t head_buffered(const struct head *head, uint64_t offset);
/* Copies without touching the window. Returns how many there were. */
size_t head_copy(struct head *head, uint64_t offset, uint8_t *out, size_t want);

/* A text as exiftool prints it: to the first NUL, not trimmed. */
struct tag_text {
	bool there;
	char text[256];
};

enum tag_slot {
	TAG_MAKE,
	TAG_MODEL,
	TAG_SERIAL,
	TAG_ORIGINAL,
	TAG_CREATED,
	TAG_MODIFIED,
	TAG_OFFSET_ORIGINAL,
	TAG_OFFSET,
	TAG_SOFTWARE,
	TAG_DESCRIPTION,
	TAG_OWNER,
	TAG_ARTIST,
	TAG_UNIQUE_ID,
	TAG_TEXTS
};

struct tag_degrees {
	bool there, number; /* number: all its values are */
	double value;       /* degrees, without sign */
	bool has_letter;
	char letter; /* of the reference, as it stands; NUL when empty */
};

struct tags {
	bool exif, damaged;
	bool cut; /* the file ends so early that exiftool leaves the EXIF unread */
	struct tag_text texts[TAG_TEXTS];
	char description[1024]; /* ImageDescription with its line breaks */
	char comment[2048];     /* UserComment, decoded and clean */
	const uint8_t *note;    /* maker note, in the head's window */
	size_t note_size;       /* what of it is there */
	struct tag_degrees latitude, longitude;
	char com[HEAD_COMMENT]; /* comment segment, with its line breaks */
};

/* Reads the tags of the EXIF segment; `tags` is cleared. The window stays with the EXIF block. */
void tags_read(struct head *head, struct tags *tags);
/* Reads the first comment segment into tags->com. */
void tags_read_com(struct head *head, struct tags *tags);

/* EXIF tag by exiftool's name or `0xA431`; -1 when it is none that is kept. */
int tag_slot_by_name(const char *name);
extern const char *const tag_names[TAG_TEXTS];

#endif
