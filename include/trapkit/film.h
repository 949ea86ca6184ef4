/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Web-friendly renditions of videos: H.264 and AAC in MP4, or VP9 and Opus in WebM. */
#ifndef TRAPKIT_FILM_H
#define TRAPKIT_FILM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct blur_list;
struct error;
struct progress;

enum film_format { FILM_MP4, FILM_WEBM };

struct film_settings {
	enum film_format format;
	bool dated;
	int64_t created;  /* what goes to creation_time: seconds since 1970 */
	unsigned threads; /* for encoding, at least 1 */
	/* Areas to cover; with any, the video is encoded in every case. NULL = none. */
	const struct blur_list *blur;
};

struct film {
	uint32_t width, height; /* pixels */
	double duration;        /* seconds */
	uint64_t frames;
	bool remuxed;    /* the streams were fit and are the source's, bit by bit */
	bool damaged;    /* the source ends early, or pieces of it could not be decoded */
	double promised; /* seconds that the source's header tells; 0 = it does not */
};

/*
 * Makes `target` (an empty file that is there, of any name) of `source`, both paths. Video becomes
 * H.264 High (libx264, veryfast, CRF 23), yuv420p in video range with the source's matrix told,
 * even dimensions (an odd edge loses a row or column of pixels), the source's own frame times;
 * sound becomes AAC with at most two channels; the index lies before the data. WebM: VP9 and Opus.
 * Streams that are so already are not encoded again. Quarter turns are carried over. The result
 * does not depend on anything but source, settings and libraries. What was written is read back:
 * ERROR_INPUT when its frames are not all there, or its duration is more than one frame off what
 * could be decoded. ERROR_INPUT when nothing can be decoded, ERROR_UNAVAILABLE without the
 * libraries, ERROR_SYSTEM when it cannot be written.
 */
int film_make(const char *source, const char *target, const struct film_settings *settings,
	struct film *film, const struct progress *progress, struct error *err);

/* Of FFmpeg's libraries, as "5.1.6"; NULL with ERROR_UNAVAILABLE. */
const char *film_library_version(struct error *err);

#ifdef __cplusplus
}
#endif

#endif
