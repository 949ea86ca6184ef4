/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opens a film, chooses its streams, and decides which of them are fit as they are. */
#include "film_job.h"

#include "trapkit/memory.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>

/* ITU-T H.264 annex A: profile_idc of High; all profiles below it are subsets that browsers play.
 */
#define H264_HIGH 100

/* Called from inside a read that may take long. */
static int is_stopped(void *context)
{
	struct error ignored = {0};

	return progress_check(context, &ignored) != 0;
}

static AVStream *find_stream(const AVFormatContext *input, enum AVMediaType type)
{
	for (unsigned i = 0; i < input->nb_streams; i++) {
		AVStream *stream = input->streams[i];

		if (stream->codecpar->codec_type == type &&
			(stream->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0 &&
			stream->codecpar->codec_id != AV_CODEC_ID_NONE)
			return stream;
	}
	return NULL;
}

static bool from_container(const AVFormatContext *input, const char *name)
{
	return strstr(input->iformat->name, name) != NULL;
}

static bool is_fit_video(const struct film_job *job, const AVCodecParameters *video)
{
	bool plain = video->format == AV_PIX_FMT_YUV420P &&
		video->color_range != AVCOL_RANGE_JPEG && video->width % 2 == 0 &&
		video->height % 2 == 0;

	if (job->settings->format == FILM_WEBM)
		return plain && video->codec_id == AV_CODEC_ID_VP9 &&
			from_container(job->input, "matroska");
	/* Out of an AVI it would lack its order of times. */
	return plain && video->codec_id == AV_CODEC_ID_H264 && video->profile > 0 &&
		video->profile <= H264_HIGH && video->extradata_size > 0 &&
		(from_container(job->input, "mp4") || from_container(job->input, "matroska"));
}

static bool is_fit_audio(const struct film_job *job, const AVCodecParameters *audio)
{
	if (job->settings->format == FILM_WEBM)
		return audio->codec_id == AV_CODEC_ID_OPUS &&
			from_container(job->input, "matroska");
	return audio->codec_id == AV_CODEC_ID_AAC && audio->ch_layout.nb_channels <= 2 &&
		audio->extradata_size > 0;
}

int film_open_decoder(struct film_job *job, struct film_stream *stream)
{
	const AVCodec *codec = avcodec_find_decoder(stream->in->codecpar->codec_id);
	int code;

	if (codec == NULL)
		return AVERROR_DECODER_NOT_FOUND;
	stream->decoder = avcodec_alloc_context3(codec);
	if (stream->decoder == NULL)
		return AVERROR(ENOMEM);
	code = avcodec_parameters_to_context(stream->decoder, stream->in->codecpar);
	if (code < 0)
		return code;
	stream->decoder->pkt_timebase = stream->in->time_base;
	stream->decoder->thread_count = (int)job->settings->threads;
	stream->decoder->max_pixels = INT64_C(64) << 20;
	return avcodec_open2(stream->decoder, codec, NULL);
}

static AVRational rate_of(const AVStream *stream)
{
	AVRational rate = stream->avg_frame_rate;

	if (rate.num <= 0 || rate.den <= 0)
		rate = stream->r_frame_rate;
	if (rate.num <= 0 || rate.den <= 0 || (int64_t)rate.num > (int64_t)rate.den * 1000)
		rate = (AVRational){25, 1};
	return rate;
}

static void choose_streams(struct film_job *job)
{
	struct film_stream *video = &job->video, *audio = &job->audio;

	video->in = find_stream(job->input, AVMEDIA_TYPE_VIDEO);
	audio->in = find_stream(job->input, AVMEDIA_TYPE_AUDIO);
	if (video->in == NULL)
		return;
	video->copy = !film_is_blurred(job) && is_fit_video(job, video->in->codecpar);
	if (audio->in != NULL)
		audio->copy = is_fit_audio(job, audio->in->codecpar);
	for (unsigned i = 0; i < job->input->nb_streams; i++)
		if (job->input->streams[i] != video->in && job->input->streams[i] != audio->in)
			job->input->streams[i]->discard = AVDISCARD_ALL;
	job->rate = rate_of(video->in);
	if (job->input->start_time != AV_NOPTS_VALUE)
		job->base = job->input->start_time;
	if (video->in->duration > 0)
		job->film->promised = (double)video->in->duration * av_q2d(video->in->time_base);
}

int film_open_input(struct film_job *job, const char *path, struct error *err)
{
	char *url = xasprintf("file:%s", path);
	int code;

	job->input = avformat_alloc_context();
	if (job->input == NULL) {
		free(url);
		return error_set(err, ERROR_SYSTEM, "out of memory");
	}
	job->input->interrupt_callback =
		(AVIOInterruptCB){is_stopped, (void *)(uintptr_t)job->progress};
	code = avformat_open_input(&job->input, url, NULL, NULL);
	free(url);
	if (code == 0)
		code = avformat_find_stream_info(job->input, NULL);
	if (code < 0)
		return libav_fail(err, code, "not a video that can be read");
	choose_streams(job);
	if (job->video.in == NULL)
		return error_set(err, ERROR_INPUT, "there is no picture in the video");
	if (!job->video.copy) {
		code = film_open_decoder(job, &job->video);
		if (code != 0)
			return libav_fail(err, code, "the video cannot be decoded");
	}
	if (job->audio.in != NULL && !job->audio.copy && film_open_decoder(job, &job->audio) != 0) {
		/* Better without its sound than not at all. */
		job->audio.in->discard = AVDISCARD_ALL;
		job->audio.in = NULL;
		job->film->damaged = true;
	}
	return 0;
}

/* What the source tells of itself goes along; its dates are those that the survey chose. */
static void set_metadata(struct film_job *job)
{
	char created[TIMESTAMP_SIZE] = "";

	av_dict_copy(&job->output->metadata, job->input->metadata, 0);
	av_dict_set(&job->output->metadata, "creation_time", NULL, 0);
	av_dict_set(&job->output->metadata, "encoder", NULL, 0);
	av_dict_set(&job->output->metadata, "major_brand", NULL, 0);
	av_dict_set(&job->output->metadata, "minor_version", NULL, 0);
	av_dict_set(&job->output->metadata, "compatible_brands", NULL, 0);
	if (!job->settings->dated)
		return;
	format_utc(job->settings->created, created);
	av_dict_set(&job->output->metadata, "creation_time", created, 0);
}

/* The quarter turn that players apply. */
static void carry_turn(const AVStream *in, AVStream *out)
{
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
	const AVPacketSideData *turn = av_packet_side_data_get(in->codecpar->coded_side_data,
		in->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
	AVPacketSideData *copy;

	if (turn == NULL)
		return;
	copy = av_packet_side_data_new(&out->codecpar->coded_side_data,
		&out->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX, turn->size, 0);
	if (copy != NULL)
		memcpy(copy->data, turn->data, turn->size);
#else
	size_t size = 0;
	const uint8_t *turn = av_stream_get_side_data(in, AV_PKT_DATA_DISPLAYMATRIX, &size);
	uint8_t *copy;

	if (turn == NULL)
		return;
	copy = av_stream_new_side_data(out, AV_PKT_DATA_DISPLAYMATRIX, size);
	if (copy != NULL)
		memcpy(copy, turn, size);
#endif
}

static int add_stream(struct film_job *job, struct film_stream *stream, struct error *err)
{
	int code;

	stream->out = avformat_new_stream(job->output, NULL);
	if (stream->out == NULL)
		return error_set(err, ERROR_SYSTEM, "out of memory");
	if (stream->copy) {
		code = avcodec_parameters_copy(stream->out->codecpar, stream->in->codecpar);
		stream->out->codecpar->codec_tag = 0;
		stream->out->time_base = stream->in->time_base;
		stream->last_dts = AV_NOPTS_VALUE;
	} else {
		code = avcodec_parameters_from_context(stream->out->codecpar, stream->encoder);
		stream->out->time_base = stream->encoder->time_base;
	}
	if (code < 0)
		return libav_fail(err, code, "cannot describe the rendition");
	if (stream == &job->video) {
		stream->out->avg_frame_rate = job->rate;
		stream->out->sample_aspect_ratio = stream->in->sample_aspect_ratio;
		carry_turn(stream->in, stream->out);
	}
	return 0;
}

int film_open_output(struct film_job *job, const char *path, struct error *err)
{
	bool webm = job->settings->format == FILM_WEBM;
	char *url = xasprintf("file:%s", path);
	AVDictionary *options = NULL;
	int code = avformat_alloc_output_context2(&job->output, NULL, webm ? "webm" : "mp4", url);
	int result = -1;

	if (code < 0) {
		libav_fail(err, code, "cannot begin the rendition");
		goto done;
	}
	/* No version and no time of today in it: the same source gives the same bytes. */
	job->output->flags |= AVFMT_FLAG_BITEXACT;
	set_metadata(job);
	if (add_stream(job, &job->video, err) != 0 ||
		(job->audio.in != NULL && add_stream(job, &job->audio, err) != 0))
		goto done;
	av_dict_set(&options, webm ? "cues_to_front" : "movflags", webm ? "1" : "+faststart", 0);
	code = avio_open2(&job->output->pb, url, AVIO_FLAG_WRITE, NULL, NULL);
	if (code >= 0)
		code = avformat_write_header(job->output, &options);
	result = code >= 0 ? 0 : libav_fail(err, code, "cannot write its rendition");
done:
	av_dict_free(&options);
	free(url);
	return result;
}
