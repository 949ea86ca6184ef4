/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of an open detector share. */
#ifndef TRAPKIT_DETECT_DETECTOR_H
#define TRAPKIT_DETECT_DETECTOR_H

#include "decode.h"
#include "letterbox.h"
#include "runtime.h"

#include "trapkit/detect.h"
#include "trapkit/memory.h"

struct detector {
	struct detector_info info;
	struct runtime_session *session;
	struct letterbox_settings letterbox;
	struct string_list classes;
	char *name, *input_text, *output_text;
	float floor, most_overlap;
	bool modern, half;
	bool takes_size;           /* RT-DETRv2: of the pictures, beside them */
	int64_t *sizes;            /* of each of a batch, width and height */
	float shares[256];         /* of a level */
	uint16_t half_shares[256]; /* the same in binary16 */
	void *tensor;              /* pictures as the model takes them, one after the other */
	size_t tensor_size;        /* bytes */
	struct candidate_list candidates;
	float *numbers; /* an output in float, when it is not, or made of several */
	size_t number_count;
};

/* What a run gave: for each picture `rows` of `columns` numbers, which lie one after the other. */
struct detector_output {
	const float *values;
	size_t rows, columns;
	struct runtime_result results[PART_COUNT];
};
void detector_output_release(struct detector_output *output);

/* One run over `count` pictures, or as many as a fixed batch has: the rest of it means nothing. */
int detector_raw_run(struct detector *detector, const struct detector_input *const *inputs,
	size_t count, struct detector_output *output, struct error *err);

#endif
