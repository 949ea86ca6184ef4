/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Web-friendly renditions of videos: read, decoded or copied, encoded, written, read back. */
#include "film_job.h"

#include <math.h>

/* ---- copying ---- */

static int copy_packet(struct film_job *job, struct film_stream *stream, struct error *err)
{
	AVPacket *packet = job->packet;
	int64_t base =
		av_rescale_q(job->base, (AVRational){1, AV_TIME_BASE}, stream->in->time_base);
	int code;

	if (packet->dts != AV_NOPTS_VALUE)
		packet->dts -= base;
	if (packet->pts != AV_NOPTS_VALUE)
		packet->pts -= base;
	else
		packet->pts = packet->dts;
	if (stream == &job->video) {
		int64_t end = packet->pts + (packet->duration > 0 ? packet->duration : job->step);

		if (job->film->frames++ == 0 || packet->pts < job->first)
			job->first = packet->pts;
		if (job->film->frames == 1 || end - job->step > job->last)
			job->last = end - job->step;
		job->film->damaged |= (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
	}
	packet->stream_index = stream->out->index;
	packet->pos = -1;
	av_packet_rescale_ts(packet, stream->in->time_base, stream->out->time_base);
	code = av_interleaved_write_frame(job->output, packet);
	return code >= 0 ? 0 : libav_fail(err, code, "cannot write its rendition");
}

/* ---- decoding ---- */

static int begin_output(struct film_job *job, const char *target, struct error *err)
{
	job->clock = job->video.in->time_base;
	job->step = av_rescale_q(1, (AVRational){job->rate.den, job->rate.num}, job->clock);
	if (job->step < 1)
		job->step = 1;
	if (!job->video.copy && film_begin_video(job, err) != 0)
		return -1;
	if (job->audio.in != NULL && !job->audio.copy && film_begin_audio(job, err) != 0)
		return -1;
	return film_open_output(job, target, err);
}

static int take_frames(struct film_job *job, struct film_stream *stream, struct error *err)
{
	int code;

	while ((code = avcodec_receive_frame(stream->decoder, job->frame)) == 0) {
		int result;

		job->film->damaged |= job->frame->decode_error_flags != 0 ||
			(job->frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
		if (stream == &job->video)
			result = film_put_frame(job, err);
		else
			result = film_put_sound(job, err);
		av_frame_unref(job->frame);
		if (result != 0)
			return -1;
	}
	/* What cannot be decoded is left out; the rest goes on. */
	job->film->damaged |= code != AVERROR(EAGAIN) && code != AVERROR_EOF;
	return 0;
}

static int decode_packet(
	struct film_job *job, struct film_stream *stream, const AVPacket *packet, struct error *err)
{
	int code = avcodec_send_packet(stream->decoder, packet);

	if (code == AVERROR(EAGAIN)) {
		if (take_frames(job, stream, err) != 0)
			return -1;
		code = avcodec_send_packet(stream->decoder, packet);
	}
	if (code != 0 && code != AVERROR_EOF)
		job->film->damaged = true;
	return take_frames(job, stream, err);
}

static int take_packet(struct film_job *job, struct error *err)
{
	struct film_stream *stream = NULL;

	if (job->packet->stream_index == job->video.in->index)
		stream = &job->video;
	else if (job->audio.in != NULL && job->packet->stream_index == job->audio.in->index)
		stream = &job->audio;
	if (stream == NULL)
		return 0;
	if (stream->copy)
		return copy_packet(job, stream, err);
	return decode_packet(job, stream, job->packet, err);
}

static int read_all(struct film_job *job, struct error *err)
{
	int code = 0, result = 0;

	while (result == 0 && (code = av_read_frame(job->input, job->packet)) >= 0) {
		result = progress_check(job->progress, err);
		if (result == 0)
			result = take_packet(job, err);
		av_packet_unref(job->packet);
	}
	if (result != 0 || progress_check(job->progress, err) != 0)
		return -1;
	job->film->damaged |= code != AVERROR_EOF;
	return 0;
}

/* What decoders and encoders still hold. */
static int finish_streams(struct film_job *job, struct error *err)
{
	struct film_stream *video = &job->video, *audio = &job->audio;

	if (!video->copy && (decode_packet(job, video, NULL, err) != 0))
		return -1;
	if (job->film->frames == 0)
		return error_set(err, ERROR_INPUT, "no picture of the video can be decoded");
	if (!video->copy && film_end_video(job, err) != 0)
		return -1;
	if (audio->in == NULL || audio->copy)
		return 0;
	return decode_packet(job, audio, NULL, err) != 0 ? -1 : film_end_audio(job, err);
}

static int finish_file(struct film_job *job, struct error *err)
{
	int code = av_write_trailer(job->output);

	if (code >= 0)
		code = avio_closep(&job->output->pb);
	return code >= 0 ? 0 : libav_fail(err, code, "cannot write its rendition");
}

static void describe(struct film_job *job)
{
	const AVCodecParameters *video = job->video.out->codecpar;
	struct film *film = job->film;

	film->width = (uint32_t)video->width;
	film->height = (uint32_t)video->height;
	film->duration = (double)(job->last + job->step - job->first) * av_q2d(job->clock);
	film->remuxed = job->video.copy && (job->audio.in == NULL || job->audio.copy);
	/* Less than the header tells, by more than cameras get their own headers wrong. */
	if (film->promised > film->duration + fmax(0.5, 2.0 / av_q2d(job->rate)))
		film->damaged = true;
}

static void release(struct film_job *job)
{
	sws_freeContext(job->scaler);
	swr_free(&job->resampler);
	if (job->queue != NULL)
		av_audio_fifo_free(job->queue);
	avcodec_free_context(&job->video.decoder);
	avcodec_free_context(&job->video.encoder);
	avcodec_free_context(&job->audio.decoder);
	avcodec_free_context(&job->audio.encoder);
	av_packet_free(&job->packet);
	av_packet_free(&job->coded);
	av_frame_free(&job->frame);
	av_frame_free(&job->fitted);
	av_frame_free(&job->sound);
	avformat_close_input(&job->input);
	if (job->output != NULL) {
		avio_closep(&job->output->pb);
		avformat_free_context(job->output);
	}
}

static int allocate(struct film_job *job, struct error *err)
{
	job->packet = av_packet_alloc();
	job->coded = av_packet_alloc();
	job->frame = av_frame_alloc();
	job->fitted = av_frame_alloc();
	job->sound = av_frame_alloc();
	if (job->packet == NULL || job->coded == NULL || job->frame == NULL ||
		job->fitted == NULL || job->sound == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	return 0;
}

int film_make(const char *source, const char *target, const struct film_settings *settings,
	struct film *film, const struct progress *progress, struct error *err)
{
	struct film_job job = {.settings = settings, .film = film, .progress = progress};
	int result = -1;

	*film = (struct film){0};
	if (libav_load(err) != 0)
		return -1;
	if (allocate(&job, err) != 0 || film_open_input(&job, source, err) != 0 ||
		begin_output(&job, target, err) != 0 || read_all(&job, err) != 0 ||
		finish_streams(&job, err) != 0 || finish_file(&job, err) != 0)
		goto done;
	describe(&job);
	result = film_check(&job, target, err);
done:
	/* Reads that were broken off to stop look like damage. */
	if (result != 0 && err->kind == ERROR_INPUT)
		progress_check(progress, err);
	release(&job);
	return result;
}
