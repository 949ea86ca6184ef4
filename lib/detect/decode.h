/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a model's numbers to boxes in the pixels it saw, without doubles. */
#ifndef TRAPKIT_DETECT_DECODE_H
#define TRAPKIT_DETECT_DECODE_H

#include "runtime.h"

#include "trapkit/detect.h"

/* Corners in pixels of the network's input. */
struct candidate {
	float x1, y1, x2, y2, confidence;
	unsigned class;
};

struct candidate_list {
	struct candidate *items;
	size_t count, capacity;
};

/* One picture's part of an output: `rows` of `columns` numbers. */
struct output_rows {
	const float *values;
	size_t rows, columns;
	bool transposed;        /* the numbers of a row lie `rows` apart */
	uint32_t width, height; /* of the network's input */
	float floor;
};

/*
 * What the shape [B,a,b] must be, `classes` 0 = not known: a layout; DETECTOR_AUTO when sizes are
 * not told or two layouts share them (the values then decide: decode_layout_by_values); -1 when it
 * is none of them.
 */
int decode_layout_by_shape(const struct tensor_shape *output, size_t classes);
/* END_TO_END or RTDETR_TOP by the rows of an output; AUTO when all are empty. */
enum detector_layout decode_layout_by_values(const float *values, size_t rows);

/* The three outputs of DETECTOR_RTDETR_V2: [B,N], [B,N,4] and [B,N]. */
enum decode_part { PART_LABELS, PART_BOXES, PART_SCORES, PART_COUNT };
/* -1 when it is none of them. */
int decode_part(const struct tensor_shape *output);

/* Appends what is surer than the floor. */
void decode_rows(
	const struct output_rows *output, enum detector_layout layout, struct candidate_list *list);

/*
 * Greedy, within each class: of two boxes whose overlap is more than `most_overlap` of their union
 * the surer stays. What stays lies at the beginning, surest first, at most DETECTOR_MOST_BOXES.
 */
void suppress_doubles(struct candidate_list *list, float most_overlap);
/* Only sorted and cut: models that give no doubles. */
void keep_surest(struct candidate_list *list);

#endif
