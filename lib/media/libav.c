/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads FFmpeg's libraries when first used: of the version whose headers this was compiled with. */
#include "trapkit/error.h"
#include "trapkit/film.h"
#include "trapkit/lazy_library.h"
#include "trapkit/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "libav.h"

struct libav libav;
static struct error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The name as text, and, by the macro of that name, its place in `libav`. */
#define FOUND(name)                                                                                \
	{                                                                                          \
#name, &name                                                                       \
	}

static const struct lazy_symbol avutil_symbols[] = {
	FOUND(av_frame_alloc),
	FOUND(av_frame_free),
	FOUND(av_frame_unref),
	FOUND(av_frame_get_buffer),
	FOUND(av_frame_get_side_data),
	FOUND(av_frame_copy_props),
	FOUND(av_dict_set),
	FOUND(av_dict_get),
	FOUND(av_dict_copy),
	FOUND(av_dict_free),
	FOUND(av_opt_set),
	FOUND(av_strerror),
	FOUND(av_version_info),
	FOUND(av_rescale_q),
	FOUND(av_rescale_rnd),
	FOUND(av_compare_ts),
	FOUND(av_log_set_level),
	FOUND(av_pix_fmt_desc_get),
	FOUND(av_malloc),
	FOUND(av_free),
	FOUND(av_freep),
	FOUND(av_channel_layout_default),
	FOUND(av_channel_layout_copy),
	FOUND(av_channel_layout_uninit),
	FOUND(av_audio_fifo_alloc),
	FOUND(av_audio_fifo_free),
	FOUND(av_audio_fifo_write),
	FOUND(av_audio_fifo_read),
	FOUND(av_audio_fifo_size),
	FOUND(av_samples_set_silence),
	FOUND(av_samples_alloc_array_and_samples),
};

static const struct lazy_symbol avcodec_symbols[] = {
	FOUND(avcodec_find_decoder),
	FOUND(avcodec_find_encoder),
	FOUND(avcodec_find_encoder_by_name),
	FOUND(avcodec_alloc_context3),
	FOUND(avcodec_free_context),
	FOUND(avcodec_open2),
	FOUND(avcodec_parameters_to_context),
	FOUND(avcodec_parameters_from_context),
	FOUND(avcodec_parameters_copy),
	FOUND(avcodec_send_packet),
	FOUND(avcodec_receive_frame),
	FOUND(avcodec_send_frame),
	FOUND(avcodec_receive_packet),
	FOUND(avcodec_flush_buffers),
	FOUND(av_packet_alloc),
	FOUND(av_packet_free),
	FOUND(av_packet_unref),
	FOUND(av_packet_rescale_ts),
	FOUND(av_new_packet),
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
	FOUND(av_packet_side_data_get),
	FOUND(av_packet_side_data_new),
#endif
};

static const struct lazy_symbol avformat_symbols[] = {
	FOUND(avformat_open_input),
	FOUND(avformat_close_input),
	FOUND(avformat_find_stream_info),
	FOUND(av_read_frame),
	FOUND(av_seek_frame),
	FOUND(avformat_alloc_context),
	FOUND(avformat_alloc_output_context2),
	FOUND(avformat_new_stream),
	FOUND(avformat_write_header),
	FOUND(av_interleaved_write_frame),
	FOUND(av_write_trailer),
	FOUND(avformat_free_context),
	FOUND(avio_open2),
	FOUND(avio_closep),
#if LIBAVFORMAT_VERSION_INT < AV_VERSION_INT(60, 15, 100)
	FOUND(av_stream_get_side_data),
	FOUND(av_stream_new_side_data),
#endif
};

static const struct lazy_symbol swscale_symbols[] = {
	FOUND(sws_getContext),
	FOUND(sws_freeContext),
	FOUND(sws_scale),
	FOUND(sws_setColorspaceDetails),
	FOUND(sws_getCoefficients),
};

static const struct lazy_symbol swresample_symbols[] = {
	FOUND(swr_alloc_set_opts2),
	FOUND(swr_init),
	FOUND(swr_convert),
	FOUND(swr_free),
	FOUND(swr_get_delay),
};

static int load_one(
	const char *name, unsigned version, const struct lazy_symbol *symbols, size_t count)
{
	char *soname = xasprintf("lib%s.so.%u", name, version);
	char *package = xasprintf("lib%s%u", name, version);
	int result = lazy_library_load(soname, package, symbols, count, &load_error);

	free(soname);
	free(package);
	return result;
}

#define COUNT(symbols) (sizeof(symbols) / sizeof *(symbols))

static void load(void)
{
	if (load_one("avutil", LIBAVUTIL_VERSION_MAJOR, avutil_symbols, COUNT(avutil_symbols)) !=
			0 ||
		load_one("avcodec", LIBAVCODEC_VERSION_MAJOR, avcodec_symbols,
			COUNT(avcodec_symbols)) != 0 ||
		load_one("avformat", LIBAVFORMAT_VERSION_MAJOR, avformat_symbols,
			COUNT(avformat_symbols)) != 0 ||
		load_one("swscale", LIBSWSCALE_VERSION_MAJOR, swscale_symbols,
			COUNT(swscale_symbols)) != 0 ||
		load_one("swresample", LIBSWRESAMPLE_VERSION_MAJOR, swresample_symbols,
			COUNT(swresample_symbols)) != 0)
		return;
	av_log_set_level(AV_LOG_QUIET);
}

int libav_load(struct error *err)
{
	pthread_once(&once, load);
	if (load_error.kind == ERROR_NONE)
		return 0;
	*err = load_error;
	return -1;
}

const char *film_library_version(struct error *err)
{
	return libav_load(err) == 0 ? av_version_info() : NULL;
}

int libav_fail(struct error *err, int code, const char *what)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	av_strerror(code, text, sizeof text);
	return error_set(err,
		code == AVERROR(ENOSPC) || code == AVERROR(EIO) || code == AVERROR(EACCES)
			? ERROR_SYSTEM
			: ERROR_INPUT,
		"%s: %s", what, text);
}
