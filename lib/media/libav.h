/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of FFmpeg's libraries under their own names, found when first needed. */
#ifndef TRAPKIT_MEDIA_LIBAV_H
#define TRAPKIT_MEDIA_LIBAV_H

/* Their headers are not clean under our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#pragma GCC diagnostic pop

struct error;

/* Each member has the type that the library declares for the function of that name. */
struct libav {
	__typeof__(av_frame_alloc) *av_frame_alloc;
	__typeof__(av_frame_free) *av_frame_free;
	__typeof__(av_frame_unref) *av_frame_unref;
	__typeof__(av_frame_get_buffer) *av_frame_get_buffer;
	__typeof__(av_frame_get_side_data) *av_frame_get_side_data;
	__typeof__(av_frame_copy_props) *av_frame_copy_props;
	__typeof__(av_dict_set) *av_dict_set;
	__typeof__(av_dict_get) *av_dict_get;
	__typeof__(av_dict_copy) *av_dict_copy;
	__typeof__(av_dict_free) *av_dict_free;
	__typeof__(av_opt_set) *av_opt_set;
	__typeof__(av_strerror) *av_strerror;
	__typeof__(av_version_info) *av_version_info;
	__typeof__(av_rescale_q) *av_rescale_q;
	__typeof__(av_rescale_rnd) *av_rescale_rnd;
	__typeof__(av_compare_ts) *av_compare_ts;
	__typeof__(av_log_set_level) *av_log_set_level;
	__typeof__(av_pix_fmt_desc_get) *av_pix_fmt_desc_get;
	__typeof__(av_malloc) *av_malloc;
	__typeof__(av_free) *av_free;
	__typeof__(av_freep) *av_freep;
	__typeof__(av_channel_layout_default) *av_channel_layout_default;
	__typeof__(av_channel_layout_copy) *av_channel_layout_copy;
	__typeof__(av_channel_layout_uninit) *av_channel_layout_uninit;
	__typeof__(av_audio_fifo_alloc) *av_audio_fifo_alloc;
	__typeof__(av_audio_fifo_free) *av_audio_fifo_free;
	__typeof__(av_audio_fifo_write) *av_audio_fifo_write;
	__typeof__(av_audio_fifo_read) *av_audio_fifo_read;
	__typeof__(av_audio_fifo_size) *av_audio_fifo_size;
	__typeof__(av_samples_set_silence) *av_samples_set_silence;
	__typeof__(av_samples_alloc_array_and_samples) *av_samples_alloc_array_and_samples;
	__typeof__(avcodec_find_decoder) *avcodec_find_decoder;
	__typeof__(avcodec_find_encoder) *avcodec_find_encoder;
	__typeof__(avcodec_find_encoder_by_name) *avcodec_find_encoder_by_name;
	__typeof__(avcodec_alloc_context3) *avcodec_alloc_context3;
	__typeof__(avcodec_free_context) *avcodec_free_context;
	__typeof__(avcodec_open2) *avcodec_open2;
	__typeof__(avcodec_parameters_to_context) *avcodec_parameters_to_context;
	__typeof__(avcodec_parameters_from_context) *avcodec_parameters_from_context;
	__typeof__(avcodec_parameters_copy) *avcodec_parameters_copy;
	__typeof__(avcodec_send_packet) *avcodec_send_packet;
	__typeof__(avcodec_receive_frame) *avcodec_receive_frame;
	__typeof__(avcodec_send_frame) *avcodec_send_frame;
	__typeof__(avcodec_receive_packet) *avcodec_receive_packet;
	__typeof__(avcodec_flush_buffers) *avcodec_flush_buffers;
	__typeof__(av_packet_alloc) *av_packet_alloc;
	__typeof__(av_packet_free) *av_packet_free;
	__typeof__(av_packet_unref) *av_packet_unref;
	__typeof__(av_packet_rescale_ts) *av_packet_rescale_ts;
	__typeof__(av_new_packet) *av_new_packet;
	__typeof__(avformat_open_input) *avformat_open_input;
	__typeof__(avformat_close_input) *avformat_close_input;
	__typeof__(avformat_find_stream_info) *avformat_find_stream_info;
	__typeof__(av_read_frame) *av_read_frame;
	__typeof__(av_seek_frame) *av_seek_frame;
	__typeof__(avformat_alloc_context) *avformat_alloc_context;
	__typeof__(avformat_alloc_output_context2) *avformat_alloc_output_context2;
	__typeof__(avformat_new_stream) *avformat_new_stream;
	__typeof__(avformat_write_header) *avformat_write_header;
	__typeof__(av_interleaved_write_frame) *av_interleaved_write_frame;
	__typeof__(av_write_trailer) *av_write_trailer;
	__typeof__(avformat_free_context) *avformat_free_context;
	__typeof__(avio_open2) *avio_open2;
	__typeof__(avio_closep) *avio_closep;
	__typeof__(sws_getContext) *sws_getContext;
	__typeof__(sws_freeContext) *sws_freeContext;
	__typeof__(sws_scale) *sws_scale;
	__typeof__(sws_setColorspaceDetails) *sws_setColorspaceDetails;
	__typeof__(sws_getCoefficients) *sws_getCoefficients;
	__typeof__(swr_alloc_set_opts2) *swr_alloc_set_opts2;
	__typeof__(swr_init) *swr_init;
	__typeof__(swr_convert) *swr_convert;
	__typeof__(swr_free) *swr_free;
	__typeof__(swr_get_delay) *swr_get_delay;
	/* A stream's side data went from one place to another in FFmpeg 6.1. */
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
	__typeof__(av_packet_side_data_get) *av_packet_side_data_get;
	__typeof__(av_packet_side_data_new) *av_packet_side_data_new;
#else
	__typeof__(av_stream_get_side_data) *av_stream_get_side_data;
	__typeof__(av_stream_new_side_data) *av_stream_new_side_data;
#endif
};
extern struct libav libav;

/* Loads all of them once, from any thread, and silences their log. */
int libav_load(struct error *err);
/* "WHAT: " and what the library says to `code`. Returns -1. */
int libav_fail(struct error *err, int code, const char *what);

#define av_frame_alloc libav.av_frame_alloc
#define av_frame_free libav.av_frame_free
#define av_frame_unref libav.av_frame_unref
#define av_frame_get_buffer libav.av_frame_get_buffer
#define av_frame_get_side_data libav.av_frame_get_side_data
#define av_frame_copy_props libav.av_frame_copy_props
#define av_dict_set libav.av_dict_set
#define av_dict_get libav.av_dict_get
#define av_dict_copy libav.av_dict_copy
#define av_dict_free libav.av_dict_free
#define av_opt_set libav.av_opt_set
#define av_strerror libav.av_strerror
#define av_version_info libav.av_version_info
#define av_rescale_q libav.av_rescale_q
#define av_rescale_rnd libav.av_rescale_rnd
#define av_compare_ts libav.av_compare_ts
#define av_log_set_level libav.av_log_set_level
#define av_pix_fmt_desc_get libav.av_pix_fmt_desc_get
#define av_malloc libav.av_malloc
#define av_free libav.av_free
#define av_freep libav.av_freep
#define av_channel_layout_default libav.av_channel_layout_default
#define av_channel_layout_copy libav.av_channel_layout_copy
#define av_channel_layout_uninit libav.av_channel_layout_uninit
#define av_audio_fifo_alloc libav.av_audio_fifo_alloc
#define av_audio_fifo_free libav.av_audio_fifo_free
#define av_audio_fifo_write libav.av_audio_fifo_write
#define av_audio_fifo_read libav.av_audio_fifo_read
#define av_audio_fifo_size libav.av_audio_fifo_size
#define av_samples_set_silence libav.av_samples_set_silence
#define av_samples_alloc_array_and_samples libav.av_samples_alloc_array_and_samples
#define avcodec_find_decoder libav.avcodec_find_decoder
#define avcodec_find_encoder libav.avcodec_find_encoder
#define avcodec_find_encoder_by_name libav.avcodec_find_encoder_by_name
#define avcodec_alloc_context3 libav.avcodec_alloc_context3
#define avcodec_free_context libav.avcodec_free_context
#define avcodec_open2 libav.avcodec_open2
#define avcodec_parameters_to_context libav.avcodec_parameters_to_context
#define avcodec_parameters_from_context libav.avcodec_parameters_from_context
#define avcodec_parameters_copy libav.avcodec_parameters_copy
#define avcodec_send_packet libav.avcodec_send_packet
#define avcodec_receive_frame libav.avcodec_receive_frame
#define avcodec_send_frame libav.avcodec_send_frame
#define avcodec_receive_packet libav.avcodec_receive_packet
#define avcodec_flush_buffers libav.avcodec_flush_buffers
#define av_packet_alloc libav.av_packet_alloc
#define av_packet_free libav.av_packet_free
#define av_packet_unref libav.av_packet_unref
#define av_packet_rescale_ts libav.av_packet_rescale_ts
#define av_new_packet libav.av_new_packet
#define avformat_open_input libav.avformat_open_input
#define avformat_close_input libav.avformat_close_input
#define avformat_find_stream_info libav.avformat_find_stream_info
#define av_read_frame libav.av_read_frame
#define av_seek_frame libav.av_seek_frame
#define avformat_alloc_context libav.avformat_alloc_context
#define avformat_alloc_output_context2 libav.avformat_alloc_output_context2
#define avformat_new_stream libav.avformat_new_stream
#define avformat_write_header libav.avformat_write_header
#define av_interleaved_write_frame libav.av_interleaved_write_frame
#define av_write_trailer libav.av_write_trailer
#define avformat_free_context libav.avformat_free_context
#define avio_open2 libav.avio_open2
#define avio_closep libav.avio_closep
#define sws_getContext libav.sws_getContext
#define sws_freeContext libav.sws_freeContext
#define sws_scale libav.sws_scale
#define sws_setColorspaceDetails libav.sws_setColorspaceDetails
#define sws_getCoefficients libav.sws_getCoefficients
#define swr_alloc_set_opts2 libav.swr_alloc_set_opts2
#define swr_init libav.swr_init
#define swr_convert libav.swr_convert
#define swr_free libav.swr_free
#define swr_get_delay libav.swr_get_delay
#define av_packet_side_data_get libav.av_packet_side_data_get
#define av_packet_side_data_new libav.av_packet_side_data_new
#define av_stream_get_side_data libav.av_stream_get_side_data
#define av_stream_new_side_data libav.av_stream_new_side_data

#endif
