/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MegaDetector-class models on this machine: pictures in, boxes of animals and people out. */
#ifndef TRAPKIT_DETECT_H
#define TRAPKIT_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct pixels;

/*
 * Preprocessing, layouts and post-processing are those of contracts/detector.md section 1, which
 * names the programs they were found in. ONNX Runtime is loaded by the first detector_open().
 */

/* What a model's output means. */
enum detector_layout {
	DETECTOR_AUTO,        /* found out */
	DETECTOR_YOLOV5,      /* [B,N,5+C]: centre and size in pixels, objectness, classes */
	DETECTOR_ULTRALYTICS, /* [B,4+C,N]: centre and size in pixels, classes */
	DETECTOR_END_TO_END,  /* [B,N,6]: corners in pixels, confidence, class; nothing double */
	DETECTOR_RTDETR,      /* [B,N,4+C]: centre and size as shares, classes */
	DETECTOR_RTDETR_TOP,  /* [B,N,6]: centre and size as shares, confidence, class */
	DETECTOR_RTDETR_V2    /* [B,N], [B,N,4], [B,N]: labels, corners in the picture, scores */
};
/* "auto", "yolov5", "ultralytics", "end-to-end", "rtdetr", "rtdetr-top", "rtdetr-v2", NULL. */
extern const char *const detector_layout_names[];

enum detector_device { DETECTOR_ANY_DEVICE, DETECTOR_CPU, DETECTOR_CUDA };

/* All borrowed. */
struct detector_settings {
	const char *model;          /* path of an .onnx file */
	const char *runtime;        /* library file of ONNX Runtime; NULL = search */
	const char *runtime_folder; /* where the search begins; NULL = the system's places */
	enum detector_layout layout;
	enum detector_device device;
	unsigned threads;    /* that the model runs with, at least 1 */
	uint32_t image_size; /* longer side of what the model sees; 0 = as the model tells */
	bool modern;         /* MegaDetector's compatibility mode "modern" instead of "classic" */
	double floor;        /* confidence of what is left out altogether */
};

#define DETECTOR_MOST_CLASSES 1000

/* What is known of an open model. Texts are the detector's. */
struct detector_info {
	const char *runtime;                /* version */
	const char *device;                 /* "CUDA" or "CPU" */
	const char *refusal;                /* why CUDA is not used although it might; "" */
	const char *model;                  /* the file's name */
	const char *input, *output;         /* shapes as text */
	const char *precision;              /* "fp32" or "fp16", of what goes in and out */
	enum detector_layout layout;        /* never AUTO */
	uint32_t image_size;                /* longer side of what the model sees */
	uint32_t fixed_width, fixed_height; /* 0 = takes any multiple of the stride */
	uint32_t stride, batch;             /* batch 0 = takes any number at once */
	const char *const *classes;         /* names by class number */
	size_t class_count;                 /* at least 1 */
	double typical, conservative;       /* thresholds that users of the model choose */
	const char *version;                /* "v5a.0.0" …, "" = not a known MegaDetector */
};

/* Loads the runtime alone and tells its version: ERROR_UNAVAILABLE when that cannot be. */
int detector_runtime(
	const struct detector_settings *settings, const char **version, struct error *err);

/* One model, ready. */
struct detector;

/* ERROR_UNAVAILABLE without runtime, model file or device; ERROR_INPUT for no such model. */
struct detector *detector_open(const struct detector_settings *settings, struct error *err);
void detector_close(struct detector *detector);
const struct detector_info *detector_info(const struct detector *detector);

/* A picture as the model takes it. `{ 0 }` is releasable. */
struct detector_input {
	uint8_t *planes;        /* owned: of red, green and blue, one after the other */
	uint32_t width, height; /* of each plane */
	uint32_t picture_width, picture_height;
	double gain_x, gain_y; /* of the picture's pixels in the planes */
	double pad_x, pad_y;   /* of the planes, left and above the picture */
};

/* From any thread. */
void detector_prepare(
	const struct detector *detector, const struct pixels *pixels, struct detector_input *input);
void detector_input_release(struct detector_input *input);

/* Relative to the picture's width and height, as MegaDetector rounds them. */
struct detector_box {
	unsigned kind;              /* class, numbered from 0 */
	double confidence;          /* three digits */
	double x, y, width, height; /* 0 to 1, four digits; upper left corner */
};

#define DETECTOR_MOST_BOXES 300

/* Surest first. */
struct detector_result {
	struct detector_box boxes[DETECTOR_MOST_BOXES];
	size_t count;
};

/*
 * Runs the model over `count` pictures at once; all of one width and height, and no more than
 * info->batch unless that is 0. One call at a time. ERROR_INPUT when the model failed.
 */
int detector_run(struct detector *detector, const struct detector_input *const *inputs,
	size_t count, struct detector_result *results, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
