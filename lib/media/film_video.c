/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pictures of a film: brought to yuv420p in video range, and encoded. */
#include "cover.h"
#include "film_job.h"

#include <string.h>

/* ---- the encoder ---- */

static void set_quality(const struct film_job *job, AVCodecContext *encoder)
{
	if (job->settings->format == FILM_WEBM) {
		av_opt_set(encoder->priv_data, "crf", "33", 0);
		av_opt_set(encoder->priv_data, "deadline", "good", 0);
		av_opt_set(encoder->priv_data, "cpu-used", "5", 0);
		av_opt_set(encoder->priv_data, "row-mt", "1", 0);
		/* Each picture that it looks ahead is held in memory. */
		av_opt_set(encoder->priv_data, "lag-in-frames", "8", 0);
		encoder->bit_rate = 0;
		return;
	}
	av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
	av_opt_set(encoder->priv_data, "crf", "23", 0);
	av_opt_set(encoder->priv_data, "profile", "high", 0);
	/* Else what its memory held before shows in the bytes, and the kind of processor. */
	av_opt_set(encoder->priv_data, "x264-params", "cpu-independent=1", 0);
}

/* Matrices that both the scaler and players know; an RGB source gets that of its size. */
static enum AVColorSpace matrix_of(int pixels, int height, enum AVColorSpace told)
{
	const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)pixels);
	bool rgb = format != NULL && (format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));

	if (rgb)
		return height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	return told == AVCOL_SPC_RGB ? AVCOL_SPC_UNSPECIFIED : told;
}

static void describe_colours(AVCodecContext *encoder, const AVCodecParameters *source)
{
	encoder->color_range = AVCOL_RANGE_MPEG;
	encoder->colorspace = matrix_of(source->format, source->height, source->color_space);
	encoder->color_primaries = source->color_primaries;
	encoder->color_trc = source->color_trc;
	encoder->chroma_sample_location = AVCHROMA_LOC_LEFT;
}

int film_begin_video(struct film_job *job, struct error *err)
{
	bool webm = job->settings->format == FILM_WEBM;
	const AVCodec *codec = avcodec_find_encoder_by_name(webm ? "libvpx-vp9" : "libx264");
	AVCodecContext *encoder;
	const AVCodecParameters *source = job->video.in->codecpar;
	int code;

	if (codec == NULL)
		return error_set(err, ERROR_UNAVAILABLE,
			"the installed libavcodec cannot encode %s; install Debian's own: apt "
			"install libavcodec%d",
			webm ? "VP9" : "H.264", LIBAVCODEC_VERSION_MAJOR);
	if (source->width < 16 || source->height < 16 || source->width > 16384 ||
		source->height > 16384)
		return error_set(err, ERROR_INPUT,
			"a video of %d x %d pixels cannot be encoded; 16 to 16384 each can",
			source->width, source->height);
	job->video.encoder = encoder = avcodec_alloc_context3(codec);
	if (encoder == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	encoder->width = source->width & ~1;
	encoder->height = source->height & ~1;
	encoder->pix_fmt = AV_PIX_FMT_YUV420P;
	encoder->sample_aspect_ratio = job->video.in->sample_aspect_ratio;
	encoder->time_base = job->video.in->time_base;
	encoder->framerate = job->rate;
	encoder->thread_count = (int)job->settings->threads;
	encoder->flags |= AV_CODEC_FLAG_BITEXACT;
	if (!webm || (codec->capabilities & AV_CODEC_CAP_ENCODER_REORDERED_OPAQUE) != 0)
		encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	describe_colours(encoder, source);
	set_quality(job, encoder);
	code = avcodec_open2(encoder, codec, NULL);
	if (code != 0)
		return libav_fail(err, code, "cannot begin encoding");
	return 0;
}

/* ---- pixels ---- */

static bool is_full_range(const AVFrame *frame)
{
	const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);

	switch (frame->format) {
	case AV_PIX_FMT_YUVJ420P:
	case AV_PIX_FMT_YUVJ422P:
	case AV_PIX_FMT_YUVJ444P:
	case AV_PIX_FMT_YUVJ440P:
	case AV_PIX_FMT_YUVJ411P:
		return true;
	default:
		return frame->color_range == AVCOL_RANGE_JPEG ||
			(format != NULL && (format->flags & AV_PIX_FMT_FLAG_RGB) != 0);
	}
}

static int swscale_matrix(enum AVColorSpace matrix)
{
	switch (matrix) {
	case AVCOL_SPC_BT709:
		return SWS_CS_ITU709;
	case AVCOL_SPC_FCC:
		return SWS_CS_FCC;
	case AVCOL_SPC_SMPTE240M:
		return SWS_CS_SMPTE240M;
	case AVCOL_SPC_BT2020_NCL:
		return SWS_CS_BT2020;
	default:
		return SWS_CS_ITU601;
	}
}

/* Cameras change pixel format, and even size, within a clip: a new scaler then. */
static int renew_scaler(struct film_job *job, struct error *err)
{
	const AVFrame *frame = job->frame;
	const AVCodecContext *encoder = job->video.encoder;
	bool full = is_full_range(frame);
	bool same_size =
		(frame->width & ~1) == encoder->width && (frame->height & ~1) == encoder->height;
	const int *from, *to;

	if (job->scaler != NULL && job->from_format == frame->format &&
		job->from_width == frame->width && job->from_height == frame->height &&
		job->from_range == full)
		return 0;
	sws_freeContext(job->scaler);
	/* An odd edge is cut off, not squeezed in. */
	job->scaler = sws_getContext(same_size ? encoder->width : frame->width,
		same_size ? encoder->height : frame->height, (enum AVPixelFormat)frame->format,
		encoder->width, encoder->height, AV_PIX_FMT_YUV420P,
		SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
	if (job->scaler == NULL)
		return error_set(err, ERROR_INPUT, "the video's kind of pixels is not known");
	from = sws_getCoefficients(
		swscale_matrix(matrix_of(frame->format, frame->height, frame->colorspace)));
	to = sws_getCoefficients(swscale_matrix(encoder->colorspace));
	sws_setColorspaceDetails(job->scaler, from, full, to, 0, 0, 1 << 16, 1 << 16);
	job->from_format = frame->format;
	job->from_width = frame->width;
	job->from_height = frame->height;
	job->from_range = full;
	return 0;
}

static int get_buffer(struct film_job *job, struct error *err)
{
	const AVCodecContext *encoder = job->video.encoder;
	int code;

	/* The encoder may hold on to the one before. */
	av_frame_unref(job->fitted);
	job->fitted->format = AV_PIX_FMT_YUV420P;
	job->fitted->width = encoder->width;
	job->fitted->height = encoder->height;
	job->fitted->color_range = AVCOL_RANGE_MPEG;
	job->fitted->colorspace = encoder->colorspace;
	code = av_frame_get_buffer(job->fitted, 0);
	return code == 0 ? 0 : libav_fail(err, code, "cannot hold a picture");
}

static int convert(struct film_job *job, AVFrame **out, struct error *err)
{
	const AVCodecContext *encoder = job->video.encoder;
	AVFrame *frame = job->frame;
	int code;

	/* What is covered must not be the decoder's own picture, which others are made from. */
	if (!film_is_blurred(job) && frame->format == AV_PIX_FMT_YUV420P && !is_full_range(frame) &&
		frame->width == encoder->width && frame->height == encoder->height) {
		*out = frame;
		return 0;
	}
	if (renew_scaler(job, err) != 0 || get_buffer(job, err) != 0)
		return -1;
	code = sws_scale(job->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
		(frame->height & ~1) == encoder->height ? encoder->height : frame->height,
		job->fitted->data, job->fitted->linesize);
	*out = job->fitted;
	return code > 0 ? 0 : libav_fail(err, code, "cannot convert a picture");
}

/* ---- frames ---- */

int film_encode(struct film_job *job, struct film_stream *stream, const AVFrame *frame,
	int64_t duration, struct error *err)
{
	int code = avcodec_send_frame(stream->encoder, frame);

	if (code != 0 && code != AVERROR_EOF)
		return libav_fail(err, code, "cannot encode");
	while ((code = avcodec_receive_packet(stream->encoder, job->coded)) == 0) {
		if (job->coded->duration == 0)
			job->coded->duration = duration;
		job->coded->stream_index = stream->out->index;
		av_packet_rescale_ts(
			job->coded, stream->encoder->time_base, stream->out->time_base);
		code = av_interleaved_write_frame(job->output, job->coded);
		if (code < 0)
			return libav_fail(err, code, "cannot write its rendition");
	}
	return code == AVERROR(EAGAIN) || code == AVERROR_EOF
		? 0
		: libav_fail(err, code, "cannot encode");
}

/* Times must grow; a frame without one follows its predecessor. */
static int64_t time_of(struct film_job *job)
{
	int64_t base = av_rescale_q(job->base, (AVRational){1, AV_TIME_BASE}, job->clock);
	int64_t time = job->frame->best_effort_timestamp;

	if (time == AV_NOPTS_VALUE)
		return job->film->frames == 0 ? 0 : job->last + job->step;
	time -= base;
	if (job->film->frames > 0 && time <= job->last)
		time = job->last + 1;
	return time;
}

int film_put_frame(struct film_job *job, struct error *err)
{
	AVFrame *frame = NULL;
	int64_t time = time_of(job);

	if (convert(job, &frame, err) != 0)
		return -1;
	if (film_is_blurred(job))
		cover_frame(frame->data, frame->linesize, (uint32_t)frame->width,
			(uint32_t)frame->height, job->settings->blur, (int64_t)job->film->frames,
			film_turn(job->video.in) != 1);
	if (job->film->frames == 0)
		job->first = time;
	job->last = time;
	job->film->frames++;
	frame->pts = time;
	frame->pict_type = AV_PICTURE_TYPE_NONE;
	frame->sample_aspect_ratio = job->video.encoder->sample_aspect_ratio;
	return film_encode(job, &job->video, frame, job->step, err);
}

int film_end_video(struct film_job *job, struct error *err)
{
	return film_encode(job, &job->video, NULL, job->step, err);
}
