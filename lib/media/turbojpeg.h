/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libturbojpeg's functions under their own names, found when first needed. */
#ifndef TRAPKIT_MEDIA_TURBOJPEG_H
#define TRAPKIT_MEDIA_TURBOJPEG_H

#include <turbojpeg.h>

struct error;

/* Each member has the type that <turbojpeg.h> declares for the function of that name. */
struct turbojpeg {
	__typeof__(tjInitDecompress) *init_decompress;
	__typeof__(tjInitCompress) *init_compress;
	__typeof__(tjDestroy) *destroy;
	__typeof__(tjFree) *free;
	__typeof__(tjDecompressHeader3) *decompress_header;
	__typeof__(tjDecompressToYUVPlanes) *decompress_to_planes;
	__typeof__(tjDecompress2) *decompress;
	__typeof__(tjCompressFromYUVPlanes) *compress_from_planes;
	__typeof__(tjGetScalingFactors) *get_scaling_factors;
	__typeof__(tjGetErrorStr2) *get_error_text;
	__typeof__(tjGetErrorCode) *get_error_code;
	__typeof__(tjPlaneWidth) *plane_width;
	__typeof__(tjPlaneHeight) *plane_height;
};
extern struct turbojpeg turbojpeg;

/* Loads it once, from any thread; to be called before any of the functions. */
int turbojpeg_load(struct error *err);

struct turbojpeg_header {
	int width, height, subsampling, colorspace;
};

/* Of a picture that may be decoded: ERROR_INPUT when it has no size, or one that no camera makes.
 */
int turbojpeg_read_header(tjhandle decoder, const uint8_t *bytes, size_t size,
	struct turbojpeg_header *header, struct error *err);

#define tjInitDecompress turbojpeg.init_decompress
#define tjInitCompress turbojpeg.init_compress
#define tjDestroy turbojpeg.destroy
#define tjFree turbojpeg.free
#define tjDecompressHeader3 turbojpeg.decompress_header
#define tjDecompressToYUVPlanes turbojpeg.decompress_to_planes
#define tjDecompress2 turbojpeg.decompress
#define tjCompressFromYUVPlanes turbojpeg.compress_from_planes
#define tjGetScalingFactors turbojpeg.get_scaling_factors
#define tjGetErrorStr2 turbojpeg.get_error_text
#define tjGetErrorCode turbojpeg.get_error_code
#define tjPlaneWidth turbojpeg.plane_width
#define tjPlaneHeight turbojpeg.plane_height

#endif
