/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ONNX Runtime behind four functions: the only file that knows it is runtime.c. */
#ifndef TRAPKIT_DETECT_RUNTIME_H
#define TRAPKIT_DETECT_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* Element types as ONNX numbers them (onnx.proto, TensorProto.DataType). */
enum tensor_type { TENSOR_FLOAT = 1, TENSOR_INT64 = 7, TENSOR_HALF = 10 };

/* YOLO's raw heads have five. */
#define TENSOR_MOST_SIZES 8

struct tensor_shape {
	int64_t sizes[TENSOR_MOST_SIZES]; /* -1 = any */
	size_t count;
	int type; /* enum tensor_type, or another number of ONNX */
};
/* "[1,3,640,any]" */
#define TENSOR_SHAPE_TEXT_SIZE 96
void tensor_shape_text(const struct tensor_shape *shape, char text[TENSOR_SHAPE_TEXT_SIZE]);

struct runtime_settings {
	const char *model;   /* path */
	const char *library; /* file of the runtime; NULL = search */
	const char *folder;  /* where to look first when searching; NULL = nowhere */
	unsigned threads;
	bool cuda, cpu; /* which devices may be used; CUDA is tried first */
};

/* A model ready to run. */
struct runtime_session;

/*
 * ERROR_UNAVAILABLE when the runtime, the model file or the only device asked for is not there,
 * ERROR_INPUT when the file is no model that this runtime can run.
 */
struct runtime_session *runtime_open(const struct runtime_settings *settings, struct error *err);
void runtime_close(struct runtime_session *session);

/* Loads it when that is not done yet; NULL with ERROR_UNAVAILABLE. */
const char *runtime_version(const struct runtime_settings *settings, struct error *err);
bool runtime_on_cuda(const struct runtime_session *session);
/* Why CUDA is not used although it was allowed; "" when it is. */
const char *runtime_cuda_refusal(const struct runtime_session *session);
/* A model may have more inputs and outputs than these, which are those that anybody asks for. */
#define RUNTIME_MOST_INPUTS 2
#define RUNTIME_MOST_OUTPUTS 3
size_t runtime_input_count(const struct runtime_session *session);
size_t runtime_output_count(const struct runtime_session *session);
const struct tensor_shape *runtime_input(const struct runtime_session *session, size_t number);
const struct tensor_shape *runtime_output(const struct runtime_session *session, size_t number);
/* What the exporter wrote into the model under this key; owned, NULL when nothing. */
char *runtime_metadata(struct runtime_session *session, const char *key);

/* Borrowed numbers that lie one after the other. */
struct tensor {
	const void *data;
	size_t bytes;
	struct tensor_shape shape; /* without any -1 */
};

/* What a run gave; `{ 0 }` is releasable. */
struct runtime_result {
	const void *data;
	struct tensor_shape shape;
	void *value;
};

/*
 * Fills `results` with the first outputs, as many as are asked for. Not from two threads at once.
 * `inputs` are all that the model has, of their types.
 */
int runtime_run(struct runtime_session *session, const struct tensor *inputs, size_t input_count,
	struct runtime_result *results, size_t result_count, struct error *err);
void runtime_result_release(struct runtime_result *result);

#endif
