/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures made into tensors, run, and the model's numbers made into boxes. */
#include "detector.h"

#include "half.h"

#include "trapkit/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- into the model ---- */

static uint8_t *split_planes(const struct pixels *rectangle)
{
	size_t count = (size_t)rectangle->width * rectangle->height;
	uint8_t *planes = xmalloc(count * 3);

	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < 3; c++)
			planes[c * count + i] = rectangle->rgb[i * 3 + c];
	return planes;
}

/* Where a box of the tensor lies in the picture. */
static void place_picture(
	const struct detector *detector, const struct letterbox *box, struct detector_input *input)
{
	double width = input->picture_width, height = input->picture_height;

	if (detector->takes_size) {
		/* The model knows the picture's size. */
		input->gain_x = input->gain_y = 1;
		return;
	}
	if (detector->letterbox.stretch || detector->modern) {
		input->gain_x = box->picture_width / width;
		input->gain_y = box->picture_height / height;
		input->pad_x = (box->width - box->picture_width) / 2.0;
		input->pad_y = (box->height - box->picture_height) / 2.0;
		return;
	}
	/* MegaDetector's real numbers, not the whole ones that the picture was placed by. */
	input->gain_x = input->gain_y = fmin(box->height / height, box->width / width);
	input->pad_x = (box->width - width * input->gain_x) / 2;
	input->pad_y = (box->height - height * input->gain_y) / 2;
}

void detector_prepare(
	const struct detector *detector, const struct pixels *pixels, struct detector_input *input)
{
	struct letterbox box;
	struct pixels rectangle;

	letterbox_plan(pixels->width, pixels->height, &detector->letterbox, &box);
	letterbox_fill(pixels, &box, &rectangle);
	*input = (struct detector_input){.width = box.width,
		.height = box.height,
		.picture_width = pixels->width,
		.picture_height = pixels->height};
	input->planes = split_planes(&rectangle);
	place_picture(detector, &box, input);
	pixels_release(&rectangle);
}

void detector_input_release(struct detector_input *input)
{
	free(input->planes);
	*input = (struct detector_input){0};
}

/* Levels to numbers from 0 to 1. */
static void fill_tensor(const struct detector *detector, const uint8_t *levels, size_t count,
	void *tensor, size_t from)
{
	uint16_t *halves = (uint16_t *)tensor + from;
	float *floats = (float *)tensor + from;

	if (detector->half)
		for (size_t i = 0; i < count; i++)
			halves[i] = detector->half_shares[levels[i]];
	else
		for (size_t i = 0; i < count; i++)
			floats[i] = detector->shares[levels[i]];
}

/*
 * The pictures one after the other in the model's numbers, four times as big as what waits for it.
 * What a fixed batch has too many is left as it is.
 */
static const void *join_pictures(struct detector *detector,
	const struct detector_input *const *inputs, size_t count, size_t bytes)
{
	size_t numbers = (size_t)inputs[0]->width * inputs[0]->height * 3;

	if (bytes > detector->tensor_size) {
		free(detector->tensor);
		detector->tensor_size = bytes;
		detector->tensor = xcalloc(1, bytes);
	}
	for (size_t i = 0; i < count; i++)
		fill_tensor(detector, inputs[i]->planes, numbers, detector->tensor, i * numbers);
	return detector->tensor;
}

static const void *join_sizes(struct detector *detector, const struct detector_input *const *inputs,
	size_t count, size_t batch)
{
	detector->sizes = xreallocarray(detector->sizes, batch * 2, sizeof *detector->sizes);
	for (size_t i = 0; i < batch; i++) {
		const struct detector_input *input = inputs[i < count ? i : 0];

		detector->sizes[i * 2] = input->picture_width;
		detector->sizes[i * 2 + 1] = input->picture_height;
	}
	return detector->sizes;
}

/* ---- out of the model ---- */

static float *make_room(struct detector *detector, size_t count)
{
	if (count > detector->number_count) {
		detector->numbers =
			xreallocarray(detector->numbers, count, sizeof *detector->numbers);
		detector->number_count = count;
	}
	return detector->numbers;
}

static float number_at(const struct runtime_result *result, size_t index)
{
	if (result->shape.type == TENSOR_HALF)
		return half_to_float(((const uint16_t *)result->data)[index]);
	return ((const float *)result->data)[index];
}

static int refuse_result(const struct tensor_shape *shape, struct error *err)
{
	char text[TENSOR_SHAPE_TEXT_SIZE];

	tensor_shape_text(shape, text);
	return error_set(err, ERROR_INPUT,
		"the model gave a result of the shape %s, which cannot be read", text);
}

static int take_rows(
	struct detector *detector, int64_t batch, struct detector_output *output, struct error *err)
{
	const struct runtime_result *result = &output->results[0];
	const int64_t *sizes = result->shape.sizes;
	size_t count;

	if (result->shape.count != 3 || sizes[0] != batch || sizes[1] <= 0 || sizes[2] < 5 ||
		(result->shape.type != TENSOR_FLOAT && result->shape.type != TENSOR_HALF))
		return refuse_result(&result->shape, err);
	output->rows = (size_t)sizes[1];
	output->columns = (size_t)sizes[2];
	output->values = result->data;
	if (result->shape.type == TENSOR_FLOAT)
		return 0;
	count = (size_t)batch * output->rows * output->columns;
	output->values = make_room(detector, count);
	for (size_t i = 0; i < count; i++)
		detector->numbers[i] = number_at(result, i);
	return 0;
}

/* Labels, boxes and scores become rows as DETECTOR_END_TO_END has them. */
static int join_parts(
	struct detector *detector, int64_t batch, struct detector_output *output, struct error *err)
{
	const struct runtime_result *parts[PART_COUNT] = {NULL};
	float *row;

	for (size_t i = 0; i < PART_COUNT; i++) {
		const struct runtime_result *result = &output->results[i];
		int part = decode_part(&result->shape);

		if (part < 0 || parts[part] != NULL || result->shape.sizes[0] != batch ||
			result->shape.sizes[1] != output->results[0].shape.sizes[1])
			return refuse_result(&result->shape, err);
		parts[part] = result;
	}
	output->rows = (size_t)parts[PART_SCORES]->shape.sizes[1];
	output->columns = 6;
	output->values = row = make_room(detector, (size_t)batch * output->rows * output->columns);
	for (size_t i = 0; i < (size_t)batch * output->rows; i++, row += output->columns) {
		for (size_t c = 0; c < 4; c++)
			row[c] = number_at(parts[PART_BOXES], i * 4 + c);
		row[4] = number_at(parts[PART_SCORES], i);
		row[5] = (float)((const int64_t *)parts[PART_LABELS]->data)[i];
	}
	return 0;
}

void detector_output_release(struct detector_output *output)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		runtime_result_release(&output->results[i]);
}

int detector_raw_run(struct detector *detector, const struct detector_input *const *inputs,
	size_t count, struct detector_output *output, struct error *err)
{
	size_t batch = detector->info.batch > 0 ? detector->info.batch : count;
	size_t numbers = batch * 3 * inputs[0]->height * inputs[0]->width;
	int64_t pictures = (int64_t)batch;
	struct tensor tensors[2] = {
		{.bytes = numbers * (detector->half ? sizeof(uint16_t) : sizeof(float)),
			.shape = {.sizes = {pictures, 3, inputs[0]->height, inputs[0]->width},
				.count = 4,
				.type = detector->half ? TENSOR_HALF : TENSOR_FLOAT}}};
	bool parts = detector->takes_size;
	int result;

	*output = (struct detector_output){0};
	tensors[0].data = join_pictures(detector, inputs, count, tensors[0].bytes);
	if (parts)
		tensors[1] = (struct tensor){.data = join_sizes(detector, inputs, count, batch),
			.bytes = batch * 2 * sizeof *detector->sizes,
			.shape = {.sizes = {pictures, 2}, .count = 2, .type = TENSOR_INT64}};
	if (runtime_run(detector->session, tensors, parts ? 2 : 1, output->results,
		    parts ? PART_COUNT : 1, err) != 0)
		return -1;
	result = parts ? join_parts(detector, pictures, output, err)
		       : take_rows(detector, pictures, output, err);
	if (result != 0)
		detector_output_release(output);
	return result;
}

static double shorten(double value, double steps, bool modern)
{
	return (modern ? nearbyint(value * steps) : floor(value * steps)) / steps;
}

static float to_picture(float position, double pad, double gain, uint32_t most)
{
	float moved = (position - (float)pad) / (float)gain;

	moved = moved < 0 ? 0 : moved > (float)most ? (float)most : moved;
	return nearbyintf(moved);
}

/* contracts/detector.md 1.4, steps 6 to 9, with the float and double of the original. */
static void finish_box(const struct detector *detector, const struct detector_input *input,
	const struct candidate *candidate, struct detector_box *box)
{
	uint32_t width = input->picture_width, height = input->picture_height;
	float x1 = to_picture(candidate->x1, input->pad_x, input->gain_x, width);
	float x2 = to_picture(candidate->x2, input->pad_x, input->gain_x, width);
	float y1 = to_picture(candidate->y1, input->pad_y, input->gain_y, height);
	float y2 = to_picture(candidate->y2, input->pad_y, input->gain_y, height);
	float centre_x = (x1 + x2) / 2 / (float)width, wide = (x2 - x1) / (float)width;
	float centre_y = (y1 + y2) / 2 / (float)height, high = (y2 - y1) / (float)height;

	box->kind = candidate->class;
	box->confidence = shorten(candidate->confidence, 1e3, detector->modern);
	box->x = shorten(fmax(0, (double)centre_x - (double)wide / 2), 1e4, detector->modern);
	box->y = shorten(fmax(0, (double)centre_y - (double)high / 2), 1e4, detector->modern);
	box->width = shorten(wide, 1e4, detector->modern);
	box->height = shorten(high, 1e4, detector->modern);
}

static void read_picture(struct detector *detector, const struct detector_input *input,
	const struct detector_output *output, size_t number, struct detector_result *result)
{
	enum detector_layout layout = detector->info.layout;
	bool transposed = layout == DETECTOR_ULTRALYTICS;
	const struct output_rows rows = {
		.values = output->values + number * output->rows * output->columns,
		.rows = transposed ? output->columns : output->rows,
		.columns = transposed ? output->rows : output->columns,
		.transposed = transposed,
		.width = input->width,
		.height = input->height,
		.floor = detector->floor};
	struct candidate_list *list = &detector->candidates;

	list->count = 0;
	decode_rows(&rows, layout, list);
	if (layout == DETECTOR_YOLOV5 || layout == DETECTOR_ULTRALYTICS)
		suppress_doubles(list, detector->most_overlap);
	else
		keep_surest(list);
	result->count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].class < detector->info.class_count)
			finish_box(
				detector, input, &list->items[i], &result->boxes[result->count++]);
}

static int check_columns(
	const struct detector *detector, const struct detector_output *output, struct error *err)
{
	static const size_t least[] = {[DETECTOR_YOLOV5] = 6,
		[DETECTOR_ULTRALYTICS] = 5,
		[DETECTOR_END_TO_END] = 6,
		[DETECTOR_RTDETR] = 5,
		[DETECTOR_RTDETR_TOP] = 6,
		[DETECTOR_RTDETR_V2] = 6};
	enum detector_layout layout = detector->info.layout;
	size_t columns = layout == DETECTOR_ULTRALYTICS ? output->rows : output->columns;

	if (columns >= least[layout] && columns <= DETECTOR_MOST_CLASSES + 5)
		return 0;
	return error_set(err, ERROR_INPUT,
		"the model gave a result of the shape [%zu,%zu], which is not the layout '%s'",
		output->rows, output->columns, detector_layout_names[layout]);
}

int detector_run(struct detector *detector, const struct detector_input *const *inputs,
	size_t count, struct detector_result *results, struct error *err)
{
	struct detector_output output;
	int result;

	if (detector_raw_run(detector, inputs, count, &output, err) != 0)
		return -1;
	result = check_columns(detector, &output, err);
	for (size_t i = 0; i < count && result == 0; i++)
		read_picture(detector, inputs[i], &output, i, &results[i]);
	detector_output_release(&output);
	return result;
}
