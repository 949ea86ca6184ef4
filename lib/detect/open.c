/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opens a model and finds out what it takes and what it gives. */
#include "detector.h"

#include "half.h"
#include "known.h"
#include "names.h"

#include "trapkit/error.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

#define MOST_IMAGE_SIZE 8192

const char *const detector_layout_names[] = {
	"auto", "yolov5", "ultralytics", "end-to-end", "rtdetr", "rtdetr-top", "rtdetr-v2", NULL};

/* ---- what the model takes ---- */

static int refuse_shape(const struct detector *detector, const char *what, struct error *err)
{
	return error_set(err, ERROR_INPUT,
		"%s is not known: it takes %s and gives %s; 'trapkit detect' runs YOLOv5, "
		"Ultralytics (YOLOv8 to 11), YOLOv10, RT-DETR and RT-DETRv2 exports (--layout "
		"names one)",
		what, detector->input_text, detector->output_text);
}

static bool is_picture_size(const struct tensor_shape *input)
{
	return input->type == TENSOR_INT64 && input->count == 2 &&
		(input->sizes[1] == 2 || input->sizes[1] < 0);
}

static int read_input(struct detector *detector, struct error *err)
{
	const struct tensor_shape *input = runtime_input(detector->session, 0);
	const int64_t *sizes = input->sizes;
	struct detector_info *info = &detector->info;
	size_t inputs = runtime_input_count(detector->session);

	detector->takes_size = inputs == 2 && is_picture_size(runtime_input(detector->session, 1));
	if ((inputs != 1 && !detector->takes_size) || input->count != 4 ||
		(sizes[1] != 3 && sizes[1] >= 0) ||
		(input->type != TENSOR_FLOAT && input->type != TENSOR_HALF))
		return refuse_shape(detector, "this model's input", err);
	for (int i = 0; i < 4; i++)
		if (sizes[i] == 0 || sizes[i] > MOST_IMAGE_SIZE)
			return refuse_shape(detector, "this model's input", err);
	detector->half = input->type == TENSOR_HALF;
	info->precision = detector->half ? "fp16" : "fp32";
	info->batch = sizes[0] > 0 ? (uint32_t)sizes[0] : 0;
	if (sizes[2] > 0 && sizes[3] > 0) {
		info->fixed_height = (uint32_t)sizes[2];
		info->fixed_width = (uint32_t)sizes[3];
	}
	return 0;
}

static uint32_t read_number(struct detector *detector, const char *key)
{
	char *text = runtime_metadata(detector->session, key);
	uint32_t number = text == NULL ? 0 : parse_greatest(text);

	free(text);
	return number;
}

/* Of MegaDetectors, those with a stride of 64 were made for 1280 pixels, the others for 640. */
static int choose_size(
	struct detector *detector, const struct detector_settings *settings, struct error *err)
{
	struct detector_info *info = &detector->info;
	uint32_t fixed =
		info->fixed_width > info->fixed_height ? info->fixed_width : info->fixed_height;
	uint32_t size = settings->image_size;

	info->stride = read_number(detector, "stride");
	if (info->stride == 0 || info->stride > 256)
		info->stride = 32;
	if (fixed != 0 && size != 0 && size != fixed)
		return error_set(err, ERROR_INPUT,
			"this model sees pictures of %ux%u and nothing else; leave --image-size "
			"out, or export it with dynamic shapes",
			info->fixed_width, info->fixed_height);
	if (fixed != 0)
		size = fixed;
	if (size == 0)
		size = read_number(detector, "imgsz");
	if (size == 0)
		size = info->stride >= 64 ? 1280 : 640;
	if (fixed == 0 && (size % info->stride != 0 || size > MOST_IMAGE_SIZE))
		return error_set(err, ERROR_INPUT,
			"an image size of %u does not suit this model: it must be a multiple of "
			"%u, at most %d",
			size, info->stride, MOST_IMAGE_SIZE);
	info->image_size = size;
	detector->letterbox = (struct letterbox_settings){.image_size = size,
		.stride = info->stride,
		.fixed_width = info->fixed_width,
		.fixed_height = info->fixed_height,
		.modern = settings->modern};
	return 0;
}

static void read_classes(struct detector *detector)
{
	char *names = runtime_metadata(detector->session, "names");

	if (names != NULL)
		parse_class_names(names, &detector->classes);
	free(names);
}

/* Every class gets a name; three without any are MegaDetector's. */
static void complete_classes(struct detector *detector, int64_t columns)
{
	static const char *const usual[] = {"animal", "person", "vehicle"};
	enum detector_layout layout = detector->info.layout;
	int64_t count = layout == DETECTOR_YOLOV5 ? columns - 5 : columns - 4;
	struct string_list *classes = &detector->classes;

	if (layout == DETECTOR_END_TO_END || layout == DETECTOR_RTDETR_TOP || count < 1)
		count = 3;
	if (classes->count == 0 && count == 3)
		for (size_t i = 0; i < 3; i++)
			string_list_add(classes, usual[i]);
	while (classes->count == 0 || (int64_t)classes->count < count)
		string_list_add(classes, "");
	for (size_t i = 0; i < classes->count; i++) {
		if (*classes->items[i] != '\0')
			continue;
		free(classes->items[i]);
		classes->items[i] = xasprintf("class %zu", i);
	}
	detector->info.classes = (const char *const *)classes->items;
	detector->info.class_count = classes->count;
}

/* ---- what it gives ---- */

static bool says(struct detector *detector, const char *key, const char *word)
{
	char *text = runtime_metadata(detector->session, key);
	bool found = text != NULL && strstr(text, word) != NULL;

	free(text);
	return found;
}

/* Of the two with six numbers a row. */
static enum detector_layout top_layout_by_metadata(struct detector *detector)
{
	static const char *const keys[] = {"head", "description", "task"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (says(detector, keys[i], "rtdetr") || says(detector, keys[i], "RTDETR") ||
			says(detector, keys[i], "RT-DETR"))
			return DETECTOR_RTDETR_TOP;
	if (says(detector, "head", "v10") || says(detector, "end2end", "True"))
		return DETECTOR_END_TO_END;
	return DETECTOR_AUTO;
}

/* A made-up scene: even to untrained eyes there is something in it. */
static void draw_probe(const struct detector *detector, struct detector_input *input)
{
	struct pixels scene;
	uint32_t size = detector->info.image_size, cell = size / 8 == 0 ? 1 : size / 8;

	pixels_init(&scene, size, size);
	for (uint32_t y = 0; y < size; y++)
		for (uint32_t x = 0; x < size; x++)
			if (x / cell % 2 == 1 && y / cell % 2 == 1)
				scene.rgb[((size_t)y * size + x) * 3 + x / cell / 2 % 3] = 255;
	detector_prepare(detector, &scene, input);
	pixels_release(&scene);
}

/* Where shape and metadata leave it open, a run tells. */
static int probe_layout(struct detector *detector, int *layout, struct error *err)
{
	struct detector_input input = {0};
	const struct detector_input *inputs[] = {&input};
	struct detector_output output = {0};
	int result;

	draw_probe(detector, &input);
	result = detector_raw_run(detector, inputs, 1, &output, err);
	if (result == 0)
		*layout = decode_layout_by_shape(&output.results[0].shape, detector->classes.count);
	if (result == 0 && *layout == DETECTOR_AUTO)
		*layout = (int)top_layout_by_metadata(detector);
	if (result == 0 && *layout == DETECTOR_AUTO)
		*layout = (int)decode_layout_by_values(output.values, output.rows);
	detector_output_release(&output);
	detector_input_release(&input);
	return result;
}

static bool gives_rows(const struct tensor_shape *output)
{
	return output->count == 3 && (output->type == TENSOR_FLOAT || output->type == TENSOR_HALF);
}

/* Each of the three once, in whatever order. */
static bool gives_parts(const struct detector *detector)
{
	unsigned found = 0;

	if (runtime_output_count(detector->session) != PART_COUNT)
		return false;
	for (size_t i = 0; i < PART_COUNT; i++) {
		int part = decode_part(runtime_output(detector->session, i));

		if (part >= 0)
			found |= 1u << part;
	}
	return found == (1u << PART_COUNT) - 1;
}

static int choose_layout(
	struct detector *detector, const struct detector_settings *settings, struct error *err)
{
	const struct tensor_shape *output = runtime_output(detector->session, 0);
	int layout = (int)settings->layout;

	if (layout == DETECTOR_AUTO && detector->takes_size)
		layout = DETECTOR_RTDETR_V2;
	if ((layout == DETECTOR_RTDETR_V2) != detector->takes_size ||
		!(detector->takes_size ? gives_parts(detector) : gives_rows(output)))
		return refuse_shape(detector, "what this model gives", err);
	if (layout == DETECTOR_AUTO)
		layout = decode_layout_by_shape(output, detector->classes.count);
	if (layout == DETECTOR_AUTO && output->sizes[2] == 6)
		layout = (int)top_layout_by_metadata(detector);
	if (layout == DETECTOR_AUTO && probe_layout(detector, &layout, err) != 0)
		return -1;
	if (layout <= DETECTOR_AUTO)
		return refuse_shape(detector, "what this model gives", err);
	detector->info.layout = (enum detector_layout)layout;
	complete_classes(detector, output->sizes[layout == DETECTOR_ULTRALYTICS ? 1 : 2]);
	detector->letterbox.smooth = layout == DETECTOR_RTDETR_V2;
	detector->letterbox.stretch = layout == DETECTOR_RTDETR || layout == DETECTOR_RTDETR_TOP ||
		layout == DETECTOR_RTDETR_V2;
	return 0;
}

/* ---- the whole ---- */

static void fill_tables(struct detector *detector)
{
	for (int i = 0; i < 256; i++) {
		detector->shares[i] = (float)i / 255.0F;
		detector->half_shares[i] = half_from_share(detector->shares[i]);
	}
}

/* "[1,3,640,640]", and of several "[1,300] [1,300,4] [1,300]"; owned. */
static char *tell_shapes(const struct detector *detector,
	const struct tensor_shape *(*shape_of)(const struct runtime_session *, size_t),
	size_t count, size_t most)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < count && i <= most; i++) {
		char one[TENSOR_SHAPE_TEXT_SIZE] = "…", *longer;

		if (i < most)
			tensor_shape_text(shape_of(detector->session, i), one);
		longer = xasprintf("%s%s%s", all, i > 0 ? " " : "", one);
		free(all);
		all = longer;
	}
	return all;
}

static void describe(struct detector *detector, const struct detector_settings *settings)
{
	const struct known_model *known = known_model(text_base_name(settings->model));
	struct detector_info *info = &detector->info;

	detector->input_text = tell_shapes(detector, runtime_input,
		runtime_input_count(detector->session), RUNTIME_MOST_INPUTS);
	detector->output_text = tell_shapes(detector, runtime_output,
		runtime_output_count(detector->session), RUNTIME_MOST_OUTPUTS);
	detector->name = xstrdup(text_base_name(settings->model));
	info->device = runtime_on_cuda(detector->session) ? "CUDA" : "CPU";
	info->refusal = runtime_cuda_refusal(detector->session);
	info->model = detector->name;
	info->input = detector->input_text;
	info->output = detector->output_text;
	info->version = known->version;
	info->typical = known->typical;
	info->conservative = known->conservative;
}

static struct runtime_settings runtime_of(const struct detector_settings *settings)
{
	return (struct runtime_settings){.model = settings->model,
		.library = settings->runtime,
		.folder = settings->runtime_folder,
		.threads = settings->threads,
		.cuda = settings->device != DETECTOR_CPU,
		.cpu = settings->device != DETECTOR_CUDA};
}

int detector_runtime(
	const struct detector_settings *settings, const char **version, struct error *err)
{
	const struct runtime_settings wanted = runtime_of(settings);

	*version = runtime_version(&wanted, err);
	return *version == NULL ? -1 : 0;
}

struct detector *detector_open(const struct detector_settings *settings, struct error *err)
{
	const struct runtime_settings wanted = runtime_of(settings);
	struct detector *detector = xcalloc(1, sizeof *detector);

	detector->modern = settings->modern;
	detector->floor = (float)settings->floor;
	detector->most_overlap = settings->modern ? 0.6F : 0.45F;
	fill_tables(detector);
	detector->info.runtime = runtime_version(&wanted, err);
	if (detector->info.runtime == NULL)
		goto fail;
	detector->session = runtime_open(&wanted, err);
	if (detector->session == NULL)
		goto fail;
	describe(detector, settings);
	read_classes(detector);
	if (read_input(detector, err) != 0 || choose_size(detector, settings, err) != 0 ||
		choose_layout(detector, settings, err) != 0) {
		error_context(err, "model '%s'", detector->name);
		goto fail;
	}
	return detector;
fail:
	detector_close(detector);
	return NULL;
}

void detector_close(struct detector *detector)
{
	if (detector == NULL)
		return;
	runtime_close(detector->session);
	string_list_release(&detector->classes);
	free(detector->name);
	free(detector->input_text);
	free(detector->output_text);
	free(detector->tensor);
	free(detector->candidates.items);
	free(detector->numbers);
	free(detector->sizes);
	free(detector);
}

const struct detector_info *detector_info(const struct detector *detector)
{
	return &detector->info;
}
