/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of a video, decoded one after the other, those between the wanted ones passed over. */
#include "trapkit/pixel_source.h"

#include "film_job.h"
#include "picture.h"
#include "pixels_turn.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

struct film_frames {
	struct film_settings settings;
	struct film film;
	struct film_job job;
	uint64_t number; /* of the next frame */
	uint64_t from;   /* take none before */
	uint64_t every;  /* take one of so many */
	unsigned turn;   /* EXIF orientation that makes it upright */
	bool draining;   /* the file is at its end, the decoder not yet */
	bool sought;     /* frames before were not counted: numbers are told by times */
};

/* The quarter turn of a display matrix (libavutil/display.h: 16.16 fixed point, a b at 0 1). */
unsigned film_turn(const AVStream *stream)
{
	const int32_t *matrix;
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
	const AVPacketSideData *data = av_packet_side_data_get(stream->codecpar->coded_side_data,
		stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);

	matrix = data == NULL || data->size < 36 ? NULL : (const int32_t *)(const void *)data->data;
#else
	size_t size = 0;

	matrix = (const int32_t *)(const void *)av_stream_get_side_data(
		stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
	if (size < 36)
		matrix = NULL;
#endif
	if (matrix == NULL)
		return 1;
	if (matrix[0] == 0 && matrix[4] == 0)
		return matrix[1] > 0 ? 6 : 8;
	return matrix[0] < 0 && matrix[4] < 0 ? 3 : 1;
}

static int open_film(
	struct film_frames *frames, const char *path, double interval, struct error *err)
{
	struct film_job *job = &frames->job;
	int code;

	job->packet = av_packet_alloc();
	job->frame = av_frame_alloc();
	if (job->packet == NULL || job->frame == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	if (film_open_input(job, path, err) != 0)
		return -1;
	if (job->audio.in != NULL)
		job->audio.in->discard = AVDISCARD_ALL;
	if (job->video.decoder == NULL) {
		code = film_open_decoder(job, &job->video);
		if (code != 0)
			return libav_fail(err, code, "the video cannot be decoded");
	}
	frames->turn = film_turn(job->video.in);
	frames->every = (uint64_t)(interval * av_q2d(job->rate));
	if (frames->every == 0)
		frames->every = 1;
	return 0;
}

struct film_frames *film_frames_open(const char *path, double interval, unsigned threads,
	const struct progress *progress, struct error *err)
{
	struct film_frames *frames;

	if (libav_load(err) != 0)
		return NULL;
	frames = xcalloc(1, sizeof *frames);
	frames->settings.threads = threads;
	frames->job = (struct film_job){
		.settings = &frames->settings, .film = &frames->film, .progress = progress};
	if (open_film(frames, path, interval, err) == 0)
		return frames;
	film_frames_close(frames);
	return NULL;
}

/* A packet of the video into the decoder; at the end of the file, the order to give all it has. */
static int feed(struct film_frames *frames, struct error *err)
{
	struct film_job *job = &frames->job;
	int code;

	for (;;) {
		if (progress_check(job->progress, err) != 0)
			return -1;
		code = av_read_frame(job->input, job->packet);
		if (code < 0)
			break;
		if (job->packet->stream_index == job->video.in->index) {
			/* Damaged packets are passed over; what follows may be whole. */
			avcodec_send_packet(job->video.decoder, job->packet);
			av_packet_unref(job->packet);
			return 0;
		}
		av_packet_unref(job->packet);
	}
	/* A read that was broken off looks like the end. */
	if (progress_check(job->progress, err) != 0)
		return -1;
	frames->draining = true;
	avcodec_send_packet(job->video.decoder, NULL);
	return 0;
}

/* Frames as units of time. */
static AVRational frame_base(const struct film_frames *frames)
{
	return av_inv_q(frames->job.rate);
}

static int64_t start_time(const struct film_frames *frames)
{
	int64_t start = frames->job.video.in->start_time;

	return start == AV_NOPTS_VALUE ? 0 : start;
}

void film_frames_seek(struct film_frames *frames, uint64_t number)
{
	const AVStream *stream = frames->job.video.in;
	int64_t time = start_time(frames) +
		av_rescale_q((int64_t)number, frame_base(frames), stream->time_base);

	frames->from = number;
	/* Where there is no index it is decoded from where it stands. */
	if (av_seek_frame(frames->job.input, stream->index, time, AVSEEK_FLAG_BACKWARD) < 0)
		return;
	avcodec_flush_buffers(frames->job.video.decoder);
	frames->sought = true;
	frames->draining = false;
	frames->number = 0;
}

/* Of the frame that was decoded. */
static uint64_t number_of(const struct film_frames *frames)
{
	int64_t time = frames->job.frame->best_effort_timestamp;

	if (!frames->sought || time == AV_NOPTS_VALUE)
		return frames->number;
	time = av_rescale_q(
		time - start_time(frames), frames->job.video.in->time_base, frame_base(frames));
	return time < 0 ? 0 : (uint64_t)time;
}

int film_frames_next(
	struct film_frames *frames, struct pixels *pixels, uint64_t *number, struct error *err)
{
	struct film_job *job = &frames->job;
	int result;

	for (;;) {
		int code = avcodec_receive_frame(job->video.decoder, job->frame);

		if (code == 0) {
			*number = number_of(frames);
			frames->number = *number + 1;
			if (*number >= frames->from && *number % frames->every == 0)
				break;
			av_frame_unref(job->frame);
		} else if (frames->draining && code != AVERROR(EAGAIN)) {
			return frames->number > 0 ? 0
						  : error_set(err, ERROR_INPUT,
							    "no picture of the video can be "
							    "decoded");
		} else if (frames->draining) {
			return 0;
		} else if (feed(frames, err) != 0) {
			return -1;
		}
	}
	result = picture_take_rgb(job->frame, pixels, err);
	av_frame_unref(job->frame);
	if (result != 0)
		return -1;
	pixels_turn(pixels, frames->turn);
	return 1;
}

double film_frames_rate(const struct film_frames *frames)
{
	return av_q2d(frames->job.rate);
}

void film_frames_close(struct film_frames *frames)
{
	if (frames == NULL)
		return;
	avcodec_free_context(&frames->job.video.decoder);
	avcodec_free_context(&frames->job.audio.decoder);
	av_packet_free(&frames->job.packet);
	av_frame_free(&frames->job.frame);
	avformat_close_input(&frames->job.input);
	free(frames);
}
