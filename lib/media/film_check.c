/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a written film back: a rendition that lost something is never published. */
#include "film_job.h"

#include "trapkit/memory.h"

#include <math.h>
#include <stdlib.h>

struct seen {
	uint64_t frames;
	int64_t first, end; /* in the stream's time base */
};

static int count(AVFormatContext *file, const AVStream *stream, struct seen *seen)
{
	AVPacket *packet = av_packet_alloc();
	int code = packet == NULL ? AVERROR(ENOMEM) : 0;

	while (code >= 0 && (code = av_read_frame(file, packet)) >= 0) {
		if (packet->stream_index == stream->index) {
			if (seen->frames++ == 0 || packet->pts < seen->first)
				seen->first = packet->pts;
			if (packet->pts + packet->duration > seen->end)
				seen->end = packet->pts + packet->duration;
		}
		av_packet_unref(packet);
	}
	av_packet_free(&packet);
	return code == AVERROR_EOF ? 0 : code;
}

static int compare(const struct film_job *job, const AVStream *stream, const struct seen *seen,
	struct error *err)
{
	double duration = (double)(seen->end - seen->first) * av_q2d(stream->time_base);
	double frame = av_q2d((AVRational){job->rate.den, job->rate.num});

	if (seen->frames != job->film->frames)
		return error_set(err, ERROR_INPUT,
			"its rendition has %llu frames instead of %llu and was thrown away",
			(unsigned long long)seen->frames, (unsigned long long)job->film->frames);
	/* A hundredth of a second for containers that count in milliseconds. */
	if (fabs(duration - job->film->duration) > frame + 0.01)
		return error_set(err, ERROR_INPUT,
			"its rendition lasts %.2f s instead of %.2f s and was thrown away",
			duration, job->film->duration);
	return 0;
}

int film_check(const struct film_job *job, const char *path, struct error *err)
{
	char *url = xasprintf("file:%s", path);
	AVFormatContext *file = NULL;
	struct seen seen = {0};
	AVStream *stream = NULL;
	int code = avformat_open_input(&file, url, NULL, NULL), result = -1;

	if (code == 0)
		code = avformat_find_stream_info(file, NULL);
	if (code >= 0) {
		for (unsigned i = 0; i < file->nb_streams && stream == NULL; i++)
			if (file->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
				stream = file->streams[i];
		code = stream == NULL ? AVERROR_INVALIDDATA : count(file, stream, &seen);
	}
	if (code < 0)
		libav_fail(err, code, "its rendition cannot be read back");
	else
		result = compare(job, stream, &seen, err);
	avformat_close_input(&file);
	free(url);
	return result;
}
