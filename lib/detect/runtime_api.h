/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of ONNX Runtime's C API that is called here, declared by its place in the table. */
#ifndef TRAPKIT_DETECT_RUNTIME_API_H
#define TRAPKIT_DETECT_RUNTIME_API_H

#include <stddef.h>
#include <stdint.h>

/*
 * The table of functions only grows (onnxruntime_c_api.h: "new functions go to the end"), so a
 * function's place in it is its name for ever. Version 11 is the first that has them all; asking
 * for no more lets old runtimes serve. tests/rules/test_runtime_api.sh compares the places with the
 * distribution's header where that is installed.
 */
#define RUNTIME_API_VERSION 11

struct runtime_status;
struct runtime_object;

/* Functions give NULL or a status that must be released. */
typedef struct runtime_status *runtime_call;

#define RUNTIME_FUNCTIONS(X)                                                                       \
	X(const char *, GetErrorMessage, 2, (const struct runtime_status *))                       \
	X(runtime_call, CreateEnvWithCustomLogger, 4,                                              \
		(runtime_log *, void *context, int level, const char *id,                          \
			struct runtime_object **))                                                 \
	X(runtime_call, CreateSession, 7,                                                          \
		(const struct runtime_object *env, const char *path,                               \
			const struct runtime_object *options, struct runtime_object **))           \
	X(runtime_call, Run, 9,                                                                    \
		(struct runtime_object * session, const struct runtime_object *options,            \
			const char *const *input_names,                                            \
			const struct runtime_object *const *inputs, size_t input_count,            \
			const char *const *output_names, size_t output_count,                      \
			struct runtime_object **outputs))                                          \
	X(runtime_call, CreateSessionOptions, 10, (struct runtime_object **))                      \
	X(runtime_call, DisableMemPattern, 17, (struct runtime_object *))                          \
	X(runtime_call, SetSessionGraphOptimizationLevel, 23, (struct runtime_object *, int))      \
	X(runtime_call, SetIntraOpNumThreads, 24, (struct runtime_object *, int))                  \
	X(runtime_call, SessionGetInputCount, 30, (const struct runtime_object *, size_t *))       \
	X(runtime_call, SessionGetOutputCount, 31, (const struct runtime_object *, size_t *))      \
	X(runtime_call, SessionGetInputTypeInfo, 33,                                               \
		(const struct runtime_object *, size_t, struct runtime_object **))                 \
	X(runtime_call, SessionGetOutputTypeInfo, 34,                                              \
		(const struct runtime_object *, size_t, struct runtime_object **))                 \
	X(runtime_call, SessionGetInputName, 36,                                                   \
		(const struct runtime_object *, size_t, struct runtime_object *allocator,          \
			char **))                                                                  \
	X(runtime_call, SessionGetOutputName, 37,                                                  \
		(const struct runtime_object *, size_t, struct runtime_object *allocator,          \
			char **))                                                                  \
	X(runtime_call, CreateTensorWithDataAsOrtValue, 49,                                        \
		(const struct runtime_object *memory, void *data, size_t bytes,                    \
			const int64_t *shape, size_t count, int type, struct runtime_object **))   \
	X(runtime_call, GetTensorMutableData, 51, (struct runtime_object *, void **))              \
	X(runtime_call, CastTypeInfoToTensorInfo, 55,                                              \
		(const struct runtime_object *, const struct runtime_object **))                   \
	X(runtime_call, GetTensorElementType, 60, (const struct runtime_object *, int *))          \
	X(runtime_call, GetDimensionsCount, 61, (const struct runtime_object *, size_t *))         \
	X(runtime_call, GetDimensions, 62, (const struct runtime_object *, int64_t *, size_t))     \
	X(runtime_call, GetTensorTypeAndShape, 65,                                                 \
		(const struct runtime_object *, struct runtime_object **))                         \
	X(runtime_call, CreateCpuMemoryInfo, 69, (int type, int kind, struct runtime_object **))   \
	X(runtime_call, AllocatorFree, 76, (struct runtime_object *, void *))                      \
	X(runtime_call, GetAllocatorWithDefaultOptions, 78, (struct runtime_object **))            \
	X(void, ReleaseEnv, 92, (struct runtime_object *))                                         \
	X(void, ReleaseStatus, 93, (struct runtime_status *))                                      \
	X(void, ReleaseMemoryInfo, 94, (struct runtime_object *))                                  \
	X(void, ReleaseSession, 95, (struct runtime_object *))                                     \
	X(void, ReleaseValue, 96, (struct runtime_object *))                                       \
	X(void, ReleaseTypeInfo, 98, (struct runtime_object *))                                    \
	X(void, ReleaseTensorTypeAndShapeInfo, 99, (struct runtime_object *))                      \
	X(void, ReleaseSessionOptions, 100, (struct runtime_object *))                             \
	X(runtime_call, SessionGetModelMetadata, 111,                                              \
		(const struct runtime_object *, struct runtime_object **))                         \
	X(runtime_call, ModelMetadataLookupCustomMetadataMap, 116,                                 \
		(const struct runtime_object *, struct runtime_object *allocator, const char *key, \
			char **))                                                                  \
	X(void, ReleaseModelMetadata, 118, (struct runtime_object *))                              \
	X(runtime_call, AddSessionConfigEntry, 130,                                                \
		(struct runtime_object *, const char *key, const char *value))                     \
	X(runtime_call, SessionOptionsAppendExecutionProvider_CUDA_V2, 204,                        \
		(struct runtime_object *, const struct runtime_object *))                          \
	X(runtime_call, CreateCUDAProviderOptions, 205, (struct runtime_object **))                \
	X(runtime_call, UpdateCUDAProviderOptions, 206,                                            \
		(struct runtime_object *, const char *const *keys, const char *const *values,      \
			size_t))                                                                   \
	X(void, ReleaseCUDAProviderOptions, 208, (struct runtime_object *))

typedef void runtime_log(void *context, int level, const char *category, const char *id,
	const char *place, const char *message);

#define RUNTIME_MEMBER(type, name, place, arguments) type(*name) arguments;
struct runtime_api {
	RUNTIME_FUNCTIONS(RUNTIME_MEMBER)
};
#undef RUNTIME_MEMBER

/* What the library's one exported function gives. */
struct runtime_base {
	void *const *(*get_api)(uint32_t version); /* NULL: the runtime is older than that */
	const char *(*get_version)(void);
};

#endif
