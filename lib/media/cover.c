/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Areas of a picture or a frame filled with grey. */
#include "cover.h"

#include "picture.h"

#include <math.h>
#include <string.h>

/* In luma, and in chroma no colour: not even what somebody wore is left. */
#define GREY 128

static uint32_t sample_at(double share, uint32_t size, double (*rounded)(double))
{
	double at = rounded(share * size);

	return at <= 0 ? 0 : at >= size ? size : (uint32_t)at;
}

void cover_area(uint8_t *samples, size_t stride, uint32_t width, uint32_t height,
	const struct blur_area *area)
{
	uint32_t left = sample_at(area->x, width, floor);
	uint32_t right = sample_at(area->x + area->width, width, ceil);
	uint32_t top = sample_at(area->y, height, floor);
	uint32_t bottom = sample_at(area->y + area->height, height, ceil);

	for (uint32_t y = top; y < bottom && left < right; y++)
		memset(samples + y * stride + left, GREY, right - left);
}

/* Where an area of the picture as it is stored comes to lie in the upright one. */
static struct blur_area turned_area(const struct blur_area *area, unsigned orientation)
{
	double right = 1 - area->x - area->width, below = 1 - area->y - area->height;
	bool lying = orientation >= 5;
	struct blur_area turned = *area;

	if (lying) {
		turned.width = area->height;
		turned.height = area->width;
	}
	switch (orientation) {
	case 2:
		turned.x = right;
		break;
	case 3:
		turned.x = right;
		turned.y = below;
		break;
	case 4:
		turned.y = below;
		break;
	case 5:
		turned.x = area->y;
		turned.y = area->x;
		break;
	case 6:
		turned.x = below;
		turned.y = area->x;
		break;
	case 7:
		turned.x = below;
		turned.y = right;
		break;
	case 8:
		turned.x = area->y;
		turned.y = right;
		break;
	default:
		break;
	}
	return turned;
}

static void cover_planes(struct picture *picture, const struct blur_area *area)
{
	for (int i = 0; i < picture->count; i++) {
		struct plane *plane = &picture->planes[i];

		cover_area(plane->samples, plane->width, plane->width, plane->height, area);
	}
}

void cover_picture(struct picture *picture, const struct blur_list *blur, unsigned orientation)
{
	bool mirrored =
		orientation == 2 || orientation == 4 || orientation == 5 || orientation == 7;
	bool doubtful = blur->doubtful || mirrored || (picture->count == 1 && orientation != 1);

	for (size_t i = 0; i < blur->count; i++) {
		struct blur_area other = turned_area(&blur->items[i], orientation);

		cover_planes(picture, &blur->items[i]);
		if (doubtful)
			cover_planes(picture, &other);
	}
}

void cover_frame(uint8_t *const planes[3], const int strides[3], uint32_t width, uint32_t height,
	const struct blur_list *blur, int64_t frame, bool turned)
{
	/* As it is, and turned by one, two and three quarters. */
	static const unsigned orientations[] = {1, 6, 3, 8};

	for (size_t i = 0; i < blur->count; i++) {
		if (frame < blur->items[i].first || frame > blur->items[i].last)
			continue;
		for (int turn = 0; turn < (turned ? 4 : 1); turn++) {
			struct blur_area area = turned_area(&blur->items[i], orientations[turn]);

			for (int k = 0; k < 3; k++)
				cover_area(planes[k], (size_t)strides[k],
					k == 0 ? width : (width + 1) / 2,
					k == 0 ? height : (height + 1) / 2, &area);
		}
	}
}
