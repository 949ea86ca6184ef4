/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures that are no JPEG: whatever libavcodec decodes, told by its first bytes. */
#include "picture.h"

#include "libav.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

static enum AVCodecID codec_of(const uint8_t *bytes, size_t size)
{
	static const struct {
		const char *magic;
		size_t size, at;
		enum AVCodecID codec;
	} known[] = {
		{"\x89PNG\r\n\x1A\n", 8, 0, AV_CODEC_ID_PNG},
		{"\xFF\xD8\xFF", 3, 0, AV_CODEC_ID_MJPEG},
		{"II*\0", 4, 0, AV_CODEC_ID_TIFF},
		{"MM\0*", 4, 0, AV_CODEC_ID_TIFF},
		{"WEBP", 4, 8, AV_CODEC_ID_WEBP},
		{"BM", 2, 0, AV_CODEC_ID_BMP},
		{"GIF8", 4, 0, AV_CODEC_ID_GIF},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (size >= known[i].at + known[i].size &&
			memcmp(bytes + known[i].at, known[i].magic, known[i].size) == 0)
			return known[i].codec;
	return AV_CODEC_ID_NONE;
}

static int decode(
	AVCodecContext *decoder, AVPacket *packet, AVFrame *frame, bool *cut, struct error *err)
{
	int code = avcodec_send_packet(decoder, packet);

	if (code == 0)
		code = avcodec_send_packet(decoder, NULL);
	*cut = code != 0;
	if (code == 0 || code == AVERROR_INVALIDDATA)
		code = avcodec_receive_frame(decoder, frame);
	if (code == AVERROR_EOF || code == AVERROR(EAGAIN))
		return error_set(
			err, ERROR_INPUT, "cannot decode the picture: it is cut short or damaged");
	return code == 0 ? 0 : libav_fail(err, code, "cannot decode the picture");
}

static bool is_grey(const AVFrame *frame)
{
	const AVPixFmtDescriptor *format = av_pix_fmt_desc_get((enum AVPixelFormat)frame->format);

	return format != NULL && format->nb_components <= 2 &&
		(format->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_RGB)) == 0;
}

static void take_profile(const AVFrame *frame, struct picture *picture)
{
	const AVFrameSideData *data = av_frame_get_side_data(frame, AV_FRAME_DATA_ICC_PROFILE);

	/* A JPEG can hold 255 pieces of 65,519 bytes. */
	if (data == NULL || data->size == 0 || data->size > (size_t)255 * 65519)
		return;
	picture->profile = xmalloc(data->size);
	memcpy(picture->profile, data->data, data->size);
	picture->profile_size = data->size;
}

/* From the frame's own kind of pixels to another, nothing resampled but chroma. */
static struct SwsContext *open_scaler(const AVFrame *frame, enum AVPixelFormat to)
{
	struct SwsContext *scaler = sws_getContext(frame->width, frame->height,
		(enum AVPixelFormat)frame->format, frame->width, frame->height, to,
		SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, NULL, NULL,
		NULL);
	const int *matrix;

	if (scaler == NULL)
		return NULL;
	matrix = sws_getCoefficients(SWS_CS_ITU601);
	sws_setColorspaceDetails(scaler, matrix, frame->color_range != AVCOL_RANGE_MPEG, matrix, 1,
		0, 1 << 16, 1 << 16);
	return scaler;
}

/* Into planes of full-range BT.601, which is what a JPEG is made of. */
static int take_planes(const AVFrame *frame, struct picture *picture, struct error *err)
{
	bool grey = is_grey(frame);
	struct SwsContext *scaler =
		open_scaler(frame, grey ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_YUV444P);
	uint8_t *planes[4] = {NULL};
	int strides[4] = {0}, code;

	if (scaler == NULL)
		return error_set(err, ERROR_INPUT, "the picture's kind of pixels is not known");
	picture->count = grey ? 1 : 3;
	picture->across = picture->down = 1;
	picture->full_width = picture->width = (uint32_t)frame->width;
	picture->full_height = picture->height = (uint32_t)frame->height;
	picture->cover_width = frame->width;
	picture->cover_height = frame->height;
	for (int i = 0; i < picture->count; i++) {
		plane_init(&picture->planes[i], picture->width, picture->height);
		planes[i] = picture->planes[i].samples;
		strides[i] = frame->width;
	}
	code = sws_scale(scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
		frame->height, planes, strides);
	sws_freeContext(scaler);
	return code > 0 ? 0 : libav_fail(err, code, "cannot read the picture's pixels");
}

int picture_take_rgb(const AVFrame *frame, struct pixels *pixels, struct error *err)
{
	struct SwsContext *scaler = open_scaler(frame, AV_PIX_FMT_RGB24);
	uint8_t *rows[4] = {NULL};
	int strides[4] = {0}, code;

	if (scaler == NULL)
		return error_set(err, ERROR_INPUT, "the picture's kind of pixels is not known");
	pixels_renew(pixels, (uint32_t)frame->width, (uint32_t)frame->height);
	rows[0] = pixels->rgb;
	strides[0] = frame->width * 3;
	code = sws_scale(scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
		frame->height, rows, strides);
	sws_freeContext(scaler);
	return code > 0 ? 0 : libav_fail(err, code, "cannot read the picture's pixels");
}

/* The one frame of a picture file; the caller frees it. */
static AVFrame *decode_frame(const uint8_t *bytes, size_t size, bool *truncated, struct error *err)
{
	enum AVCodecID id = codec_of(bytes, size);
	const AVCodec *codec = NULL;
	AVCodecContext *decoder = NULL;
	AVPacket *packet = NULL;
	AVFrame *frame = NULL;
	int result = -1;

	if (id == AV_CODEC_ID_NONE || size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) {
		error_set(err, ERROR_INPUT,
			"not a picture of a kind that can be decoded here: JPEG, PNG, TIFF, WebP, "
			"BMP or GIF");
		return NULL;
	}
	if (libav_load(err) != 0)
		return NULL;
	codec = avcodec_find_decoder(id);
	if (codec == NULL) {
		error_set(
			err, ERROR_INPUT, "the installed libavcodec does not decode such pictures");
		return NULL;
	}
	decoder = avcodec_alloc_context3(codec);
	packet = av_packet_alloc();
	frame = av_frame_alloc();
	if (decoder == NULL || packet == NULL || frame == NULL ||
		av_new_packet(packet, (int)size) != 0) {
		error_set(err, ERROR_SYSTEM, "out of memory");
		goto done;
	}
	memcpy(packet->data, bytes, size);
	decoder->max_pixels = PICTURE_MOST_PIXELS;
	decoder->thread_count = 1;
	if (avcodec_open2(decoder, codec, NULL) != 0) {
		error_set(err, ERROR_INPUT, "cannot begin decoding");
		goto done;
	}
	result = decode(decoder, packet, frame, truncated, err);
done:
	if (result != 0)
		av_frame_free(&frame);
	av_packet_free(&packet);
	avcodec_free_context(&decoder);
	return frame;
}

int picture_decode_libav(
	const uint8_t *bytes, size_t size, struct picture *picture, struct error *err)
{
	AVFrame *frame = decode_frame(bytes, size, &picture->truncated, err);
	int result;

	if (frame == NULL)
		return -1;
	take_profile(frame, picture);
	result = take_planes(frame, picture, err);
	av_frame_free(&frame);
	return result;
}

int picture_decode_rgb(const uint8_t *bytes, size_t size, struct pixels *pixels, struct error *err)
{
	bool truncated = false;
	AVFrame *frame = decode_frame(bytes, size, &truncated, err);
	int result;

	if (frame == NULL)
		return -1;
	result = picture_take_rgb(frame, pixels, err);
	pixels->truncated = truncated;
	av_frame_free(&frame);
	return result;
}
