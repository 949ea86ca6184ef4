/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letterboxing, layouts, suppression and the small readers of detect, without a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/detect/decode.h"
#include "../../lib/detect/half.h"
#include "../../lib/detect/known.h"
#include "../../lib/detect/letterbox.h"
#include "../../lib/detect/names.h"
#include "trapkit/detect.h"
#include "trapkit/memory.h"

/* ---- resizing ---- */

static void fill_noise(struct pixels *pixels)
{
	uint32_t state = 1;

	for (size_t i = 0; i < (size_t)pixels->width * pixels->height * 3; i++) {
		state = state * 1664525u + 1013904223u;
		pixels->rgb[i] = (uint8_t)(state >> 24);
	}
}

/* The documented arithmetic in doubles: half-pixel centres, edge repeated, no antialiasing. */
static double sample(const struct pixels *source, double x, double y, int component)
{
	double left = floor(x), top = floor(y), sum = 0;

	for (int dy = 0; dy < 2; dy++)
		for (int dx = 0; dx < 2; dx++) {
			double column = fmin(fmax(left + dx, 0), source->width - 1.0);
			double row = fmin(fmax(top + dy, 0), source->height - 1.0);
			double share = (dx == 0 ? 1 - (x - left) : x - left) *
				(dy == 0 ? 1 - (y - top) : y - top);

			sum += share *
				source->rgb[((size_t)row * source->width + (size_t)column) * 3 +
					(size_t)component];
		}
	return sum;
}

static void resizing_is_bilinear(void **state)
{
	static const uint32_t sizes[][4] = {{64, 48, 20, 15}, {64, 48, 64, 48}, {30, 20, 91, 60},
		{400, 300, 64, 48}, {1, 1, 7, 5}, {5, 3, 1, 1}, {100, 75, 50, 37}};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct pixels source, out;

		pixels_init(&source, sizes[i][0], sizes[i][1]);
		pixels_init(&out, sizes[i][2], sizes[i][3]);
		fill_noise(&source);
		resize_linear(&source, out.width, out.height, out.rgb, (size_t)out.width * 3);
		for (uint32_t y = 0; y < out.height; y++)
			for (uint32_t x = 0; x < out.width; x++)
				for (int c = 0; c < 3; c++) {
					double wanted = sample(&source,
						(x + 0.5) * source.width / out.width - 0.5,
						(y + 0.5) * source.height / out.height - 0.5, c);
					double got = out.rgb[((size_t)y * out.width + x) * 3 +
						(size_t)c];

					assert_true(fabs(got - wanted) <= 1.0);
				}
		pixels_release(&source);
		pixels_release(&out);
	}
}

/* What Pillow 9.4 makes of the same noise: Image.resize(size, Image.BILINEAR). */
static void smooth_resizing_is_pillows(void **state)
{
	static const uint8_t smaller[] = {125, 125, 123, 134, 166, 78, 130, 127, 74, 97, 105, 155,
		163, 143, 154, 146, 112, 131, 126, 126, 111, 132, 151, 143, 109, 127, 111, 109, 136,
		129, 125, 104, 103, 146, 114, 128, 179, 129, 128, 128, 136, 107, 124, 89, 162, 141,
		114, 136, 146, 176, 142, 128, 137, 155, 145, 149, 97, 159, 105, 148};
	static const uint8_t larger[] = {60, 94, 129, 135, 43, 107, 187, 61, 60, 198, 142, 4, 112,
		79, 119, 146, 101, 93, 188, 139, 65, 225, 181, 44, 163, 64, 108, 156, 158, 78, 189,
		216, 69, 251, 220, 83};
	struct pixels source;
	uint8_t out[5 * 4 * 3];

	(void)state;
	pixels_init(&source, 13, 9);
	fill_noise(&source);
	resize_smooth(&source, 5, 4, out);
	assert_memory_equal(out, smaller, sizeof smaller);
	pixels_release(&source);
	pixels_init(&source, 3, 2);
	fill_noise(&source);
	resize_smooth(&source, 4, 3, out);
	assert_memory_equal(out, larger, sizeof larger);
	pixels_release(&source);
}

/* Whole factors: the mean of blocks. */
static void shrinking_by_area_is_the_mean(void **state)
{
	struct pixels source, out = {0};

	(void)state;
	pixels_init(&source, 12, 9);
	fill_noise(&source);
	resize_area(&source, 4, 3, &out);
	for (uint32_t y = 0; y < 3; y++)
		for (uint32_t x = 0; x < 4; x++)
			for (uint32_t c = 0; c < 3; c++) {
				double sum = 0;

				for (uint32_t k = 0; k < 9; k++)
					sum += source.rgb[((y * 3 + k / 3) * 12 + x * 3 + k % 3) *
							3 +
						c];
				assert_true(fabs(out.rgb[(y * 4 + x) * 3 + c] - sum / 9) <= 0.51);
			}
	pixels_release(&source);
	pixels_release(&out);
}

/* ---- letterboxing: sizes from contracts/detector.md 1.3 ---- */

static struct letterbox plan(uint32_t width, uint32_t height, struct letterbox_settings settings)
{
	struct letterbox box;

	letterbox_plan(width, height, &settings, &box);
	return box;
}

static void classic_rectangles(void **state)
{
	struct letterbox_settings md5 = {.image_size = 1280, .stride = 64};
	struct letterbox_settings fixed = {
		.image_size = 640, .stride = 32, .fixed_width = 640, .fixed_height = 640};
	struct letterbox box = plan(4000, 3000, md5);

	(void)state;
	assert_int_equal(box.width, 1280);
	assert_int_equal(box.height, 960);
	box = plan(3000, 2000, md5);
	assert_int_equal(box.height, 896);
	/* 853 rows of picture, 43 of padding: 21 above (round(21.5 - 0.1)), 22 below. */
	assert_int_equal(box.picture_height, 853);
	assert_int_equal(box.top, 21);
	box = plan(1920, 1080, md5);
	assert_int_equal(box.height, 768);
	assert_int_equal(box.top, 24);
	/* Small pictures are enlarged. */
	box = plan(100, 75, md5);
	assert_int_equal(box.picture_width, 1280);
	/* 1366 * 1280 / 2049 = 853.33; 1365 * … half-way cases go to the even number. */
	box = plan(1280, 641, (struct letterbox_settings){.image_size = 640, .stride = 32});
	assert_int_equal(box.picture_height, 320);
	box = plan(1280, 643, (struct letterbox_settings){.image_size = 640, .stride = 32});
	assert_int_equal(box.picture_height, 322);
	/* A fixed square is padded in full. */
	box = plan(1600, 1200, fixed);
	assert_int_equal(box.height, 640);
	assert_int_equal(box.picture_height, 480);
	assert_int_equal(box.top, 80);
	assert_int_equal(box.left, 0);
}

/* ceil(shape / longer * size / stride + 0.5) * stride: 1344 x 1024 for 4:3. */
static void modern_rectangles(void **state)
{
	struct letterbox box = plan(4000, 3000,
		(struct letterbox_settings){.image_size = 1280, .stride = 64, .modern = true});

	(void)state;
	assert_int_equal(box.first_width, 1280);
	assert_int_equal(box.first_height, 960);
	assert_int_equal(box.width, 1344);
	assert_int_equal(box.height, 1024);
	assert_int_equal(box.picture_width, 1280);
	assert_int_equal(box.left, 32);
	assert_int_equal(box.top, 32);
}

static void padding_is_grey(void **state)
{
	struct letterbox box = plan(4, 2,
		(struct letterbox_settings){
			.image_size = 8, .stride = 8, .fixed_width = 8, .fixed_height = 8});
	struct pixels source, out;

	(void)state;
	pixels_init(&source, 4, 2);
	memset(source.rgb, 200, 4 * 2 * 3);
	letterbox_fill(&source, &box, &out);
	for (uint32_t y = 0; y < 8; y++)
		for (uint32_t i = 0; i < 8 * 3; i++)
			assert_int_equal(out.rgb[y * 8 * 3 + i], y < 2 || y >= 6 ? 114 : 200);
	pixels_release(&source);
	pixels_release(&out);
}

/* ---- layouts ---- */

static int layout_of(int64_t a, int64_t b, size_t classes)
{
	return decode_layout_by_shape(
		&(struct tensor_shape){.sizes = {1, a, b}, .count = 3}, classes);
}

/* contracts/detector.md 1.1 and 1.7. */
static void layouts_by_shape(void **state)
{
	(void)state;
	assert_int_equal(layout_of(102000, 8, 3), DETECTOR_YOLOV5);
	assert_int_equal(layout_of(-1, 8, 3), DETECTOR_YOLOV5);
	assert_int_equal(layout_of(7, 8400, 3), DETECTOR_ULTRALYTICS);
	assert_int_equal(layout_of(7, -1, 3), DETECTOR_ULTRALYTICS);
	assert_int_equal(layout_of(300, 7, 3), DETECTOR_RTDETR);
	assert_int_equal(layout_of(300, 6, 3), DETECTOR_AUTO);
	assert_int_equal(layout_of(-1, -1, 3), DETECTOR_AUTO);
	/* One class: YOLOv5's rows are six wide, two classes: Ultralytics' columns are six high. */
	assert_int_equal(layout_of(25200, 6, 1), DETECTOR_YOLOV5);
	assert_int_equal(layout_of(6, 8400, 2), DETECTOR_ULTRALYTICS);
	/* Without names. */
	assert_int_equal(layout_of(25200, 85, 0), DETECTOR_YOLOV5);
	assert_int_equal(layout_of(84, 8400, 0), DETECTOR_ULTRALYTICS);
	assert_int_equal(layout_of(300, 84, 0), DETECTOR_RTDETR);
	/* Nothing known. */
	assert_int_equal(layout_of(1000, 1000, 3), -1);
	assert_int_equal(
		decode_layout_by_shape(&(struct tensor_shape){.sizes = {1, 1000}, .count = 2}, 3),
		-1);
}

static void layouts_by_values(void **state)
{
	const float pixels[] = {0, 0, 0, 0, 0, 0, 12, 5, 300, 200, 0.9F, 1};
	const float shares[] = {0.5F, 0.5F, 0.2F, 1.01F, 0.9F, 0, 0, 0, 0, 0, 0, 0};
	const float nothing[12] = {0};

	(void)state;
	assert_int_equal(decode_layout_by_values(pixels, 2), DETECTOR_END_TO_END);
	assert_int_equal(decode_layout_by_values(shares, 2), DETECTOR_RTDETR_TOP);
	assert_int_equal(decode_layout_by_values(nothing, 2), DETECTOR_AUTO);
}

/* contracts/detector.md 1.6: RT-DETRv2's labels, boxes and scores. */
static void parts_by_shape(void **state)
{
	static const struct {
		struct tensor_shape shape;
		int part;
	} outputs[] = {
		{{{1, 300}, 2, TENSOR_INT64}, PART_LABELS},
		{{{-1, 300}, 2, TENSOR_FLOAT}, PART_SCORES},
		{{{1, 300}, 2, TENSOR_HALF}, PART_SCORES},
		{{{1, 300, 4}, 3, TENSOR_FLOAT}, PART_BOXES},
		{{{1, -1, -1}, 3, TENSOR_FLOAT}, PART_BOXES},
		{{{1, 300, 6}, 3, TENSOR_FLOAT}, -1},
		{{{1, 300, 4}, 3, TENSOR_INT64}, -1},
		{{{300}, 1, TENSOR_FLOAT}, -1},
		{{{1, 3, 80, 80, 85}, 5, TENSOR_FLOAT}, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
		assert_int_equal(decode_part(&outputs[i].shape), outputs[i].part);
}

/* Numbers that are none, and classes that do not exist, are passed over. */
static void odd_rows_are_left_out(void **state)
{
	const float rows[] = {NAN, 1, 2, 2, 0.9F, 0, 1, 1, 2, 2, NAN, 0, 1, 1, 2, 2, 0.9F, -3, 1, 1,
		2, 2, 0.9F, 1e9F, 1, 1, 2, INFINITY, 0.9F, 0, 1, 1, 2, 2, 0.9F, 2};
	const struct output_rows output = {
		.values = rows, .rows = 6, .columns = 6, .width = 64, .height = 64, .floor = 0.1F};
	struct candidate_list list = {0};

	(void)state;
	decode_rows(&output, DETECTOR_END_TO_END, &list);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].class, 2);
	free(list.items);
}

/* ---- suppression ---- */

static void put(struct candidate_list *list, float x, float size, float sure, unsigned class)
{
	struct candidate candidate = {x, 0, x + size, size, sure, class};

	ARRAY_APPEND(list, candidate);
}

static void doubles_go(void **state)
{
	struct candidate_list list = {0};

	(void)state;
	put(&list, 0, 100, 0.5F, 0);
	put(&list, 10, 100, 0.9F, 0);  /* overlap with the first 90 / 110 = 0.82 */
	put(&list, 10, 100, 0.7F, 1);  /* another class stays */
	put(&list, 300, 100, 0.3F, 0); /* apart */
	put(&list, 50, 100, 0.2F, 0);  /* 60 / 140 = 0.43 with the surest: below 0.45 */
	suppress_doubles(&list, 0.45F);
	assert_int_equal(list.count, 4);
	assert_true(list.items[0].confidence == 0.9F && list.items[1].confidence == 0.7F &&
		list.items[2].confidence == 0.3F && list.items[3].confidence == 0.2F);
	free(list.items);
}

static void most_boxes(void **state)
{
	struct candidate_list list = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		put(&list, (float)i * 200, 100, 0.001F * (float)i, i % 3);
	suppress_doubles(&list, 0.45F);
	assert_int_equal(list.count, DETECTOR_MOST_BOXES);
	assert_true(list.items[0].confidence == 0.001F * 999);
	free(list.items);
}

/* ---- small readers ---- */

static void half_numbers(void **state)
{
	(void)state;
	/* IEEE 754-2008 table 3.5 and its examples. */
	assert_int_equal(half_from_share(0.0F), 0);
	assert_int_equal(half_from_share(1.0F), 0x3C00);
	assert_int_equal(half_from_share(0.5F), 0x3800);
	assert_int_equal(half_from_share(1.0F / 3), 0x3555);
	assert_int_equal(half_from_share(ldexpf(1, -24)), 1);
	assert_true(half_to_float(0xC000) == -2.0F);
	assert_true(half_to_float(0x7BFF) == 65504.0F);
	assert_true(half_to_float(1) == ldexpf(1, -24));
	assert_true(isinf(half_to_float(0x7C00)) && isnan(half_to_float(0x7C01)));
	for (unsigned i = 0; i < 256; i++)
		assert_true(fabsf(half_to_float(half_from_share((float)i / 255)) -
				    (float)i / 255) <= ldexpf(1, -12));
}

static void class_names(void **state)
{
	static const char *const wrong[] = {"", "animal", "{0: 'animal'", "[1, 2]", "{'a': 'b'}",
		"{99999999999: 'x'}", "['\xff']", "{0 'a'}"};
	struct string_list names = {0};

	(void)state;
	assert_int_equal(
		parse_class_names("{0: 'animal', 1: \"park ranger's\", 3: 'x'}", &names), 0);
	assert_int_equal(names.count, 4);
	assert_string_equal(names.items[1], "park ranger's");
	assert_string_equal(names.items[2], "");
	string_list_release(&names);
	assert_int_equal(parse_class_names("['animal', 'it\\'s']", &names), 0);
	assert_string_equal(names.items[1], "it's");
	string_list_release(&names);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(parse_class_names(wrong[i], &names), -1);
		assert_int_equal(names.count, 0);
	}
	assert_int_equal(parse_greatest("[640, 1280]"), 1280);
	assert_int_equal(parse_greatest("64"), 64);
	assert_int_equal(parse_greatest("none"), 0);
	assert_int_equal(parse_greatest("99999999999999999999"), 0);
}

/* contracts/detector.md 3.1. */
static void known_thresholds(void **state)
{
	(void)state;
	assert_true(known_model("md_v5a.0.1.onnx")->typical == 0.2);
	assert_true(known_model("md_v1000.0.0-redwood.onnx")->typical == 0.3);
	assert_true(known_model("MDV6-yolov9-c.onnx")->typical == 0.2);
	assert_true(known_model("md_v4.1.0.onnx")->typical == 0.8);
	assert_true(known_model("other.onnx")->conservative == 0.1);
	assert_string_equal(known_model("other.onnx")->version, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resizing_is_bilinear),
		cmocka_unit_test(smooth_resizing_is_pillows),
		cmocka_unit_test(shrinking_by_area_is_the_mean),
		cmocka_unit_test(classic_rectangles),
		cmocka_unit_test(modern_rectangles),
		cmocka_unit_test(padding_is_grey),
		cmocka_unit_test(layouts_by_shape),
		cmocka_unit_test(layouts_by_values),
		cmocka_unit_test(parts_by_shape),
		cmocka_unit_test(odd_rows_are_left_out),
		cmocka_unit_test(doubles_go),
		cmocka_unit_test(most_boxes),
		cmocka_unit_test(half_numbers),
		cmocka_unit_test(class_names),
		cmocka_unit_test(known_thresholds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
