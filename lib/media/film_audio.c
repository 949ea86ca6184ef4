/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sound of a film: AAC in MP4, Opus in WebM, never more than two channels. */
#include "film_job.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

/* A hole in the sound longer than this (in parts of a second) is filled with silence. */
#define HOLE_PART 5
/* No more than this many seconds of silence at once: a time stamp may be nonsense. */
#define LONGEST_HOLE 120

/* ISO/IEC 14496-3 table 1.18: what AAC can do. */
static int aac_rate(int rate)
{
	static const int rates[] = {
		8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000};

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
		if (rates[i] >= rate)
			return rates[i];
	return 48000;
}

static int open_encoder(struct film_job *job)
{
	bool webm = job->settings->format == FILM_WEBM;
	const AVCodec *codec = avcodec_find_encoder_by_name(webm ? "libopus" : "aac");
	const AVCodecContext *decoder = job->audio.decoder;
	AVCodecContext *encoder;
	int channels = decoder->ch_layout.nb_channels;

	if (codec == NULL || decoder->sample_rate <= 0 || channels <= 0)
		return AVERROR_INVALIDDATA;
	job->audio.encoder = encoder = avcodec_alloc_context3(codec);
	if (encoder == NULL)
		return AVERROR(ENOMEM);
	encoder->sample_rate = webm ? 48000 : aac_rate(decoder->sample_rate);
	encoder->sample_fmt = webm ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_FLTP;
	av_channel_layout_default(&encoder->ch_layout, channels > 2 ? 2 : channels);
	encoder->bit_rate = INT64_C(4) * encoder->sample_rate;
	if (encoder->bit_rate > 64000)
		encoder->bit_rate = 64000;
	encoder->bit_rate *= encoder->ch_layout.nb_channels;
	encoder->time_base = (AVRational){1, encoder->sample_rate};
	encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
	return avcodec_open2(encoder, codec, NULL);
}

static int open_resampler(struct film_job *job)
{
	AVCodecContext *encoder = job->audio.encoder, *decoder = job->audio.decoder;
	AVChannelLayout layout = {0};
	int code;

	/* Many AVI files tell a number of channels and no more. */
	if (decoder->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
		av_channel_layout_default(&layout, decoder->ch_layout.nb_channels);
	else
		av_channel_layout_copy(&layout, &decoder->ch_layout);
	code = swr_alloc_set_opts2(&job->resampler, &encoder->ch_layout, encoder->sample_fmt,
		encoder->sample_rate, &layout, decoder->sample_fmt, decoder->sample_rate, 0, NULL);
	av_channel_layout_uninit(&layout);
	if (code >= 0)
		code = swr_init(job->resampler);
	job->queue = av_audio_fifo_alloc(
		encoder->sample_fmt, encoder->ch_layout.nb_channels, encoder->sample_rate);
	return code < 0 ? code : job->queue == NULL ? AVERROR(ENOMEM) : 0;
}

int film_begin_audio(struct film_job *job, struct error *err)
{
	(void)err;
	if (open_encoder(job) == 0 && open_resampler(job) == 0)
		return 0;
	/* Better without its sound than not at all. */
	avcodec_free_context(&job->audio.encoder);
	job->audio.in->discard = AVDISCARD_ALL;
	job->audio.in = NULL;
	job->film->damaged = true;
	return 0;
}

/* A frame of the encoder's kind with room for so many samples. */
static int renew_sound(struct film_job *job, int samples, struct error *err)
{
	const AVCodecContext *encoder = job->audio.encoder;
	int code;

	av_frame_unref(job->sound);
	job->sound->format = encoder->sample_fmt;
	job->sound->sample_rate = encoder->sample_rate;
	job->sound->nb_samples = samples;
	code = av_channel_layout_copy(&job->sound->ch_layout, &encoder->ch_layout);
	if (code == 0)
		code = av_frame_get_buffer(job->sound, 0);
	return code == 0 ? 0 : libav_fail(err, code, "cannot hold the sound");
}

static int drain(struct film_job *job, bool all, struct error *err)
{
	AVCodecContext *encoder = job->audio.encoder;
	int whole = encoder->frame_size > 0 ? encoder->frame_size : 1024;
	int waiting;

	while ((waiting = av_audio_fifo_size(job->queue)) >= whole || (all && waiting > 0)) {
		int samples = waiting < whole ? waiting : whole;

		if (renew_sound(job, samples, err) != 0)
			return -1;
		av_audio_fifo_read(job->queue, (void **)job->sound->data, samples);
		job->sound->pts = job->next_sample;
		job->next_sample += samples;
		if (film_encode(job, &job->audio, job->sound, 0, err) != 0)
			return -1;
	}
	return 0;
}

static int put_silence(struct film_job *job, int64_t samples, struct error *err)
{
	while (samples > 0) {
		int part = samples < 4096 ? (int)samples : 4096;

		if (renew_sound(job, part, err) != 0)
			return -1;
		av_samples_set_silence(job->sound->data, 0, part,
			job->audio.encoder->ch_layout.nb_channels, job->audio.encoder->sample_fmt);
		if (av_audio_fifo_write(job->queue, (void **)job->sound->data, part) < part)
			return error_set(err, ERROR_SYSTEM, "out of memory");
		if (drain(job, false, err) != 0)
			return -1;
		samples -= part;
	}
	return 0;
}

/* The first sample may begin after the first picture, and a camera may lose some on the way. */
static int keep_time(struct film_job *job, struct error *err)
{
	int rate = job->audio.encoder->sample_rate;
	int64_t time = job->frame->best_effort_timestamp, hole;

	if (time == AV_NOPTS_VALUE)
		return 0;
	time = av_rescale_q(time, job->audio.in->time_base, (AVRational){1, rate}) -
		av_rescale_q(job->base, (AVRational){1, AV_TIME_BASE}, (AVRational){1, rate});
	if (!job->sounding) {
		job->sounding = true;
		if (time > 0 && time < (int64_t)rate * LONGEST_HOLE)
			job->next_sample = time;
		return 0;
	}
	hole = time - job->next_sample - av_audio_fifo_size(job->queue) -
		swr_get_delay(job->resampler, rate);
	if (hole <= rate / HOLE_PART || hole > (int64_t)rate * LONGEST_HOLE)
		return 0;
	return put_silence(job, hole, err);
}

static int resample(struct film_job *job, const AVFrame *frame, struct error *err)
{
	int rate = job->audio.encoder->sample_rate;
	int64_t waiting = swr_get_delay(job->resampler, rate);
	int64_t room = waiting + 32;
	int got;

	if (frame != NULL)
		room += (int64_t)frame->nb_samples * rate / job->audio.decoder->sample_rate + 32;
	if (renew_sound(job, (int)room, err) != 0)
		return -1;
	got = swr_convert(job->resampler, job->sound->data, (int)room,
		frame == NULL ? NULL : (const uint8_t **)(uintptr_t)frame->extended_data,
		frame == NULL ? 0 : frame->nb_samples);
	if (got < 0)
		return libav_fail(err, got, "cannot convert the sound");
	if (got > 0 && av_audio_fifo_write(job->queue, (void **)job->sound->data, got) < got)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	return 0;
}

int film_put_sound(struct film_job *job, struct error *err)
{
	/* A change of rate or format in mid-stream would need a new resampler: left out. */
	if (job->frame->sample_rate != job->audio.decoder->sample_rate ||
		job->frame->nb_samples <= 0) {
		job->film->damaged = true;
		return 0;
	}
	if (keep_time(job, err) != 0 || resample(job, job->frame, err) != 0)
		return -1;
	return drain(job, false, err);
}

int film_end_audio(struct film_job *job, struct error *err)
{
	if (job->sounding && resample(job, NULL, err) != 0)
		return -1;
	if (drain(job, true, err) != 0)
		return -1;
	return film_encode(job, &job->audio, NULL, 0, err);
}
