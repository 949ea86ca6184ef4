/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The five layouts of detectors' outputs (contracts/detector.md 1.4 to 1.7). */
#include "decode.h"

#include "trapkit/memory.h"

#include <math.h>

/* End-to-end heads give a few hundred rows, grids thousands. */
#define MOST_TOP_ROWS 1000
#define TOP_COLUMNS 6
/* Shares of the picture may overshoot 1 a little; pixels of any box are far beyond. */
#define MOST_SHARE 1.5F

/* ---- which layout ---- */

/* Without names: the few columns are a row's numbers, the many are rows. */
static int layout_by_length(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return DETECTOR_AUTO;
	if (a < b)
		return DETECTOR_ULTRALYTICS;
	return a <= MOST_TOP_ROWS ? DETECTOR_RTDETR : DETECTOR_YOLOV5;
}

int decode_layout_by_shape(const struct tensor_shape *output, size_t classes)
{
	int64_t a = output->sizes[1], b = output->sizes[2], count = (int64_t)classes;

	if (output->count != 3)
		return -1;
	if (b == TOP_COLUMNS && a > 0 && a <= MOST_TOP_ROWS)
		return DETECTOR_AUTO;
	if (classes == 0)
		return layout_by_length(a, b);
	if (b == 5 + count)
		return a < 0 && count == 1 ? DETECTOR_AUTO : DETECTOR_YOLOV5;
	if (a == 4 + count)
		return DETECTOR_ULTRALYTICS;
	if (b == 4 + count && a > 0)
		return a <= MOST_TOP_ROWS ? DETECTOR_RTDETR : -1;
	return a < 0 || b < 0 ? DETECTOR_AUTO : -1;
}

int decode_part(const struct tensor_shape *output)
{
	bool real = output->type == TENSOR_FLOAT || output->type == TENSOR_HALF;

	if (output->count == 3 && real)
		return output->sizes[2] == 4 || output->sizes[2] < 0 ? PART_BOXES : -1;
	if (output->count != 2)
		return -1;
	return real ? PART_SCORES : output->type == TENSOR_INT64 ? PART_LABELS : -1;
}

enum detector_layout decode_layout_by_values(const float *values, size_t rows)
{
	bool any = false;

	for (size_t i = 0; i < rows; i++) {
		const float *row = values + i * TOP_COLUMNS;

		for (int k = 0; k < 4; k++) {
			if (fabsf(row[k]) > MOST_SHARE)
				return DETECTOR_END_TO_END;
			any |= row[k] != 0;
		}
	}
	return any ? DETECTOR_RTDETR_TOP : DETECTOR_AUTO;
}

/* ---- the rows ---- */

static float value_at(const struct output_rows *output, size_t row, size_t column)
{
	return output->transposed ? output->values[column * output->rows + row]
				  : output->values[row * output->columns + column];
}

/* The first of the greatest. */
static unsigned best_class(const struct output_rows *output, size_t row, size_t first, float *score)
{
	size_t best = first;

	for (size_t column = first + 1; column < output->columns; column++)
		if (value_at(output, row, column) > value_at(output, row, best))
			best = column;
	*score = value_at(output, row, best);
	return (unsigned)(best - first);
}

static void put_centre(const struct output_rows *output, size_t row, float scale_x, float scale_y,
	struct candidate *candidate)
{
	float x = value_at(output, row, 0) * scale_x, y = value_at(output, row, 1) * scale_y;
	float width = value_at(output, row, 2) * scale_x;
	float height = value_at(output, row, 3) * scale_y;

	candidate->x1 = x - width / 2;
	candidate->y1 = y - height / 2;
	candidate->x2 = x + width / 2;
	candidate->y2 = y + height / 2;
}

static void decode_row(const struct output_rows *output, size_t row, enum detector_layout layout,
	struct candidate *candidate)
{
	bool shares = layout == DETECTOR_RTDETR || layout == DETECTOR_RTDETR_TOP;
	bool corners = layout == DETECTOR_END_TO_END || layout == DETECTOR_RTDETR_V2;
	float scale_x = shares ? (float)output->width : 1;
	float scale_y = shares ? (float)output->height : 1;

	if (corners || layout == DETECTOR_RTDETR_TOP) {
		float class = value_at(output, row, 5);

		candidate->confidence = value_at(output, row, 4);
		candidate->class = class >= 0 && class < DETECTOR_MOST_CLASSES
			? (unsigned)lrintf(class)
			: DETECTOR_MOST_CLASSES;
	} else if (layout == DETECTOR_YOLOV5) {
		float object = value_at(output, row, 4);

		if (!(object > output->floor))
			return;
		candidate->class = best_class(output, row, 5, &candidate->confidence);
		candidate->confidence *= object;
	} else {
		candidate->class = best_class(output, row, 4, &candidate->confidence);
	}
	if (corners) {
		candidate->x1 = value_at(output, row, 0);
		candidate->y1 = value_at(output, row, 1);
		candidate->x2 = value_at(output, row, 2);
		candidate->y2 = value_at(output, row, 3);
	} else {
		put_centre(output, row, scale_x, scale_y, candidate);
	}
}

void decode_rows(
	const struct output_rows *output, enum detector_layout layout, struct candidate_list *list)
{
	for (size_t row = 0; row < output->rows; row++) {
		struct candidate candidate = {0};

		decode_row(output, row, layout, &candidate);
		/* Written so that what is no number fails. */
		if (candidate.confidence > output->floor &&
			candidate.class < DETECTOR_MOST_CLASSES &&
			isfinite(candidate.x1 + candidate.y1 + candidate.x2 + candidate.y2))
			ARRAY_APPEND(list, candidate);
	}
}
