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
	float shares[256];         /* of a byte */
	uint16_t half_shares[256]; /* the same in binary16 */
	void *batch;               /* pictures side by side */
	size_t batch_size;
	struct candidate_list candidates;
	float *numbers; /* an output in float, when it is not */
	size_t number_count;
};

/*
 * The tensors one after the other, as many as a run takes: *batch. What a fixed batch has too many
 * is not cleared.
 */
const void *detector_join(struct detector *detector, const struct detector_input *const *inputs,
	size_t count, uint32_t *batch);

/* One run over `count` tensors that lie one after the other; the values as floats. */
int detector_raw_run(struct detector *detector, const void *tensors, uint32_t count, uint32_t width,
	uint32_t height, struct runtime_result *result, const float **values, struct error *err);

#endif
