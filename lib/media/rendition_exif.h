/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a camera wrote beside the picture, carried over and made true for the rendition. */
#ifndef TRAPKIT_MEDIA_RENDITION_EXIF_H
#define TRAPKIT_MEDIA_RENDITION_EXIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The marker segments to carry over, ready to be written after SOI and JFIF. Owned bytes. */
struct carried {
	uint8_t *bytes;
	size_t size, capacity;
	size_t exif;          /* where in bytes the TIFF structure begins; 0 = there is none */
	size_t exif_size;     /* of the TIFF structure */
	unsigned orientation; /* 1–8; 1 when not told */
	size_t thumbnail, thumbnail_size; /* of the TIFF structure: the preview; size 0 = none */
	size_t thumbnail_length_at;       /* where its length is written */
};

/* Collects EXIF, ICC profile, XMP, IPTC and comments of a JPEG. Damage just ends the reading. */
void carried_read(struct carried *carried, const uint8_t *jpeg, size_t size);

/* An EXIF block (a TIFF structure) from elsewhere; one that no JPEG can hold is left out. */
void carried_add_exif(struct carried *carried, const uint8_t *tiff, size_t size);

/* An ICC profile instead of the one that was carried; NULL takes that out. */
void carried_put_profile(struct carried *carried, const uint8_t *profile, size_t size);

/* Writes orientation 1 and the dimensions into the EXIF, wherever it has such tags. */
void carried_patch(struct carried *carried, uint32_t width, uint32_t height);

/*
 * Puts a new preview in the old one's place. False when it does not fit: the preview is then taken
 * out, since a wrong one (the picture unturned, or unblurred) is worse than none.
 */
bool carried_put_thumbnail(struct carried *carried, const uint8_t *jpeg, size_t size);

/* Leaves no preview but the one that carried_put_thumbnail() is going to replace. */
void carried_drop_previews(struct carried *carried);

void carried_release(struct carried *carried);

#endif
