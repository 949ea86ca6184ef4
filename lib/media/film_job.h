/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that make a film's rendition share. */
#ifndef TRAPKIT_MEDIA_FILM_JOB_H
#define TRAPKIT_MEDIA_FILM_JOB_H

#include "libav.h"

#include "trapkit/blur.h"
#include "trapkit/error.h"
#include "trapkit/film.h"
#include "trapkit/progress.h"

/* One stream on its way: its packets are copied, or decoded and encoded. */
struct film_stream {
	AVStream *in, *out; /* in NULL = there is none */
	bool copy;
	AVCodecContext *decoder, *encoder;
	int64_t last_dts; /* of packets copied, in the input's time base */
};

struct film_job {
	const struct film_settings *settings;
	struct film *film;
	const struct progress *progress;
	AVFormatContext *input, *output;
	AVPacket *packet, *coded;
	AVFrame *frame;
	struct film_stream video, audio;
	int64_t base; /* where all times begin, microseconds */

	/* Video: converted when it is not what the encoder takes. */
	struct SwsContext *scaler;
	AVFrame *fitted;
	int from_format, from_width, from_height, from_range;
	AVRational rate;     /* frames a second as the source tells */
	AVRational clock;    /* time base of what is counted here: of the decoder or the encoder */
	int64_t first, last; /* times of frames, in `clock` */
	int64_t step;        /* length of the last frame, in `clock` */

	/* Sound: a queue between frames of different lengths. */
	struct SwrContext *resampler;
	AVAudioFifo *queue;
	AVFrame *sound;
	int64_t next_sample; /* time of the next one that leaves the queue, in samples */
	bool sounding;
};

static inline bool film_is_blurred(const struct film_job *job)
{
	return job->settings->blur != NULL && job->settings->blur->count > 0;
}

/* The EXIF orientation by which players turn the stream: 1, 3, 6 or 8. */
unsigned film_turn(const AVStream *stream);

/* ---- film_open.c ---- */

int film_open_input(struct film_job *job, const char *path, struct error *err);
int film_open_output(struct film_job *job, const char *path, struct error *err);
/* A decoder for the stream; AVERROR code or 0. */
int film_open_decoder(struct film_job *job, struct film_stream *stream);

/* ---- film_video.c ---- */

/* Makes the encoder for what the source is told to be. */
int film_begin_video(struct film_job *job, struct error *err);
/* Encodes job->frame. */
int film_put_frame(struct film_job *job, struct error *err);
int film_end_video(struct film_job *job, struct error *err);
/* Takes what the encoder has ready to the muxer; flushes it when `frame` is NULL. */
int film_encode(struct film_job *job, struct film_stream *stream, const AVFrame *frame,
	int64_t duration, struct error *err);

/* ---- film_audio.c ---- */

/* Makes encoder, resampler and queue; the stream is dropped when that cannot be. */
int film_begin_audio(struct film_job *job, struct error *err);
int film_put_sound(struct film_job *job, struct error *err);
int film_end_audio(struct film_job *job, struct error *err);

/* ---- film_check.c ---- */

/* Reads the written file back and compares it with what job->film tells. */
int film_check(const struct film_job *job, const char *path, struct error *err);

#endif
