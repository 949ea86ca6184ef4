/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads libturbojpeg when first used. */
#include "trapkit/error.h"
#include "trapkit/lazy_library.h"

#include <pthread.h>

#include "picture.h"
#include "turbojpeg.h"

struct turbojpeg turbojpeg;
static struct error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	static const struct lazy_symbol symbols[] = {
		{"tjInitDecompress", &turbojpeg.init_decompress},
		{"tjInitCompress", &turbojpeg.init_compress},
		{"tjDestroy", &turbojpeg.destroy},
		{"tjFree", &turbojpeg.free},
		{"tjDecompressHeader3", &turbojpeg.decompress_header},
		{"tjDecompressToYUVPlanes", &turbojpeg.decompress_to_planes},
		{"tjDecompress2", &turbojpeg.decompress},
		{"tjCompressFromYUVPlanes", &turbojpeg.compress_from_planes},
		{"tjGetScalingFactors", &turbojpeg.get_scaling_factors},
		{"tjGetErrorStr2", &turbojpeg.get_error_text},
		{"tjGetErrorCode", &turbojpeg.get_error_code},
		{"tjPlaneWidth", &turbojpeg.plane_width},
		{"tjPlaneHeight", &turbojpeg.plane_height},
	};

	lazy_library_load("libturbojpeg.so.0", "libturbojpeg0", symbols,
		sizeof symbols / sizeof *symbols, &load_error);
}

int turbojpeg_load(struct error *err)
{
	pthread_once(&once, load);
	if (load_error.kind == ERROR_NONE)
		return 0;
	*err = load_error;
	return -1;
}

int turbojpeg_read_header(tjhandle decoder, const uint8_t *bytes, size_t size,
	struct turbojpeg_header *header, struct error *err)
{
	*header = (struct turbojpeg_header){0};
	if (tjDecompressHeader3(decoder, bytes, size, &header->width, &header->height,
		    &header->subsampling, &header->colorspace) != 0)
		return error_set(err, ERROR_INPUT, "not a JPEG that can be read: %s",
			tjGetErrorStr2(decoder));
	/* Of one that ends before its frame begins nothing is told, and that is no error to it. */
	if (header->width <= 0 || header->height <= 0)
		return error_set(err, ERROR_INPUT, "it is cut short: its beginning is not whole");
	if ((uint64_t)header->width * (uint64_t)header->height > PICTURE_MOST_PIXELS)
		return error_set(err, ERROR_INPUT,
			"it says that it has %d x %d pixels, which no camera takes: it is damaged",
			header->width, header->height);
	return 0;
}
