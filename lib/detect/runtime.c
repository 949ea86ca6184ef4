/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ONNX Runtime: found and loaded when first used, sessions opened, run and closed. */
#include "runtime.h"

#include "model_file.h"
#include "runtime_api.h"

#include "trapkit/error.h"
#include "trapkit/lazy_library.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* The names under which distributions have shipped it: libonnxruntime.so.1.21. */
#define OLDEST_MINOR 14
#define NEWEST_MINOR 60
#define OPTIMIZE_ALL 99
#define LOG_FATAL 4

struct runtime_session {
	struct runtime_object *session, *memory;
	size_t input_count, output_count; /* of the model */
	char *input_names[RUNTIME_MOST_INPUTS], *output_names[RUNTIME_MOST_OUTPUTS];
	struct tensor_shape inputs[RUNTIME_MOST_INPUTS], outputs[RUNTIME_MOST_OUTPUTS];
	bool cuda;
	char *refusal; /* owned; why not CUDA */
};

static struct {
	pthread_mutex_t guard;
	bool loaded;
	struct runtime_api api;
	struct runtime_object *env, *allocator;
	const char *version;
} runtime = {.guard = PTHREAD_MUTEX_INITIALIZER};

/* ---- loading ---- */

static void swallow_log(void *context, int level, const char *category, const char *id,
	const char *place, const char *message)
{
	(void)context, (void)level, (void)category, (void)id, (void)place, (void)message;
}

static const struct runtime_base *load_base(const char *library)
{
	const struct runtime_base *(*get_base)(void) = NULL;
	const struct lazy_symbol symbol = {"OrtGetApiBase", &get_base};
	struct error ignored = {0};

	if (lazy_library_load(library, "libonnxruntime-dev", &symbol, 1, &ignored) != 0)
		return NULL;
	return get_base();
}

static const struct runtime_base *find_base(const struct runtime_settings *settings)
{
	const struct runtime_base *base = NULL;

	if (settings->library != NULL)
		return load_base(settings->library);
	if (settings->folder != NULL) {
		char *path = text_join_path(settings->folder, "libonnxruntime.so.1");

		base = load_base(path);
		free(path);
	}
	if (base == NULL)
		base = load_base("libonnxruntime.so.1");
	for (int minor = NEWEST_MINOR; base == NULL && minor >= OLDEST_MINOR; minor--) {
		char *name = xasprintf("libonnxruntime.so.1.%d", minor);

		base = load_base(name);
		free(name);
	}
	return base != NULL ? base : load_base("libonnxruntime.so");
}

/* Copies, because ISO C casts no object pointer to a function's; POSIX gives both one form. */
static void take_functions(void *const *table)
{
#define TAKE(type, name, place, arguments)                                                         \
	memcpy(&runtime.api.name, &table[place], sizeof runtime.api.name);
	RUNTIME_FUNCTIONS(TAKE)
#undef TAKE
}

/*
 * Takes the status over. The runtime's sentences begin with places in its source and may go on for
 * pages: what it says, of that the first line, is told.
 */
static int check(runtime_call status, struct error *err, const char *what)
{
	static const char introduction[] = " : FAIL : ";
	const char *message, *begin;
	int length;

	if (status == NULL)
		return 0;
	message = runtime.api.GetErrorMessage(status);
	begin = strstr(message, introduction);
	if (begin != NULL)
		message = begin + sizeof introduction - 1;
	length = (int)strcspn(message, "\r\n");
	error_set(err, ERROR_INPUT, "%s: %.*s", what, length > 400 ? 400 : length, message);
	runtime.api.ReleaseStatus(status);
	return -1;
}

/* Debian 13's library registers its operators twice, and says so of each on standard error. */
static int mute(void)
{
	int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (kept >= 0 && nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	if (nowhere >= 0)
		close(nowhere);
	return kept;
}

static void unmute(int kept)
{
	if (kept < 0)
		return;
	dup2(kept, STDERR_FILENO);
	close(kept);
}

static int load_locked(const struct runtime_settings *settings, struct error *err)
{
	const struct runtime_base *base;
	void *const *table;

	/* Before the library is loaded: its later switch comes after the first upload. */
	setenv("ORT_DISABLE_TELEMETRY", "1", 1);
	base = find_base(settings);
	if (base == NULL)
		return error_set(err, ERROR_UNAVAILABLE,
			"the model runtime (ONNX Runtime) %s%s%s; %s",
			settings->library == NULL ? "is not installed" : "'",
			settings->library == NULL ? "" : settings->library,
			settings->library == NULL ? "" : "' cannot be loaded",
			"install it: apt install libonnxruntime-dev (Debian 13 and later), or "
			"'make deps' in trapkit's source, or set DETECT.runtime to its library "
			"file");
	table = base->get_api(RUNTIME_API_VERSION);
	if (table == NULL)
		return error_set(err, ERROR_UNAVAILABLE,
			"the installed model runtime (ONNX Runtime %s) is too old; 1.%d or later "
			"is needed",
			base->get_version(), RUNTIME_API_VERSION);
	take_functions(table);
	runtime.version = base->get_version();
	if (check(runtime.api.CreateEnvWithCustomLogger(
			  swallow_log, NULL, LOG_FATAL, "trapkit", &runtime.env),
		    err, "cannot start the model runtime") != 0 ||
		check(runtime.api.GetAllocatorWithDefaultOptions(&runtime.allocator), err,
			"cannot start the model runtime") != 0)
		return -1;
	runtime.loaded = true;
	return 0;
}

/* Once for all sessions; a failure is tried again, with another library perhaps. */
static int load(const struct runtime_settings *settings, struct error *err)
{
	int result = 0;

	pthread_mutex_lock(&runtime.guard);
	if (!runtime.loaded)
		result = load_locked(settings, err);
	pthread_mutex_unlock(&runtime.guard);
	return result;
}

/* ---- shapes ---- */

void tensor_shape_text(const struct tensor_shape *shape, char text[TENSOR_SHAPE_TEXT_SIZE])
{
	size_t used = 0;

	text[used++] = '[';
	for (size_t i = 0; i < shape->count && used < TENSOR_SHAPE_TEXT_SIZE - 24; i++) {
		if (i > 0)
			text[used++] = ',';
		used += (size_t)(shape->sizes[i] < 0
				? snprintf(text + used, TENSOR_SHAPE_TEXT_SIZE - used, "any")
				: snprintf(text + used, TENSOR_SHAPE_TEXT_SIZE - used, "%lld",
					  (long long)shape->sizes[i]));
	}
	text[used++] = ']';
	text[used] = '\0';
}

static int read_shape(
	const struct runtime_object *info, struct tensor_shape *shape, struct error *err)
{
	/* A list or a table, as no detector has: a tensor without sizes fits nothing. */
	if (info == NULL)
		return 0;
	if (check(runtime.api.GetTensorElementType(info, &shape->type), err, "no type") != 0 ||
		check(runtime.api.GetDimensionsCount(info, &shape->count), err, "no shape") != 0)
		return -1;
	if (shape->count > TENSOR_MOST_SIZES)
		return error_set(err, ERROR_INPUT, "a tensor of %zu dimensions; %d are the most",
			shape->count, TENSOR_MOST_SIZES);
	return check(runtime.api.GetDimensions(info, shape->sizes, shape->count), err, "no shape");
}

/* Takes the type information over. */
static int read_type(struct runtime_object *type, struct tensor_shape *shape, struct error *err)
{
	const struct runtime_object *info = NULL;
	int result = check(runtime.api.CastTypeInfoToTensorInfo(type, &info), err, "no tensor");

	if (result == 0)
		result = read_shape(info, shape, err);
	runtime.api.ReleaseTypeInfo(type);
	return result;
}

/* The runtime's own text made ours. */
static char *take_text(char *text)
{
	char *copy = text == NULL ? NULL : xstrdup(text);

	struct error ignored = {0};

	if (text != NULL)
		check(runtime.api.AllocatorFree(runtime.allocator, text), &ignored, "");
	return copy;
}

/* ---- sessions ---- */

static int append_cuda(struct runtime_object *options, struct error *err)
{
	/* The default search tries every algorithm anew for every new shape. */
	static const char *const keys[] = {"cudnn_conv_algo_search", "arena_extend_strategy"};
	static const char *const values[] = {"HEURISTIC", "kSameAsRequested"};
	struct runtime_object *cuda = NULL;
	int result = -1;

	if (check(runtime.api.CreateCUDAProviderOptions(&cuda), err, "no CUDA") != 0)
		return -1;
	if (check(runtime.api.UpdateCUDAProviderOptions(
			  cuda, keys, values, sizeof keys / sizeof keys[0]),
		    err, "no CUDA") == 0)
		result = check(
			runtime.api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda),
			err, "no CUDA");
	runtime.api.ReleaseCUDAProviderOptions(cuda);
	return result;
}

static int make_options(
	const struct runtime_settings *settings, struct runtime_object **options, struct error *err)
{
	static const char what[] = "cannot set up the model runtime";

	if (check(runtime.api.CreateSessionOptions(options), err, what) != 0 ||
		check(runtime.api.SetIntraOpNumThreads(*options, (int)settings->threads), err,
			what) != 0 ||
		check(runtime.api.SetSessionGraphOptimizationLevel(*options, OPTIMIZE_ALL), err,
			what) != 0 ||
		/* Cheaper by hundreds of megabytes, at the same speed. */
		check(runtime.api.DisableMemPattern(*options), err, what) != 0)
		return -1;
	/* Threads that wait leave the processors to the decoders. */
	return check(
		runtime.api.AddSessionConfigEntry(*options, "session.intra_op.allow_spinning", "0"),
		err, what);
}

static int create_session(const struct runtime_settings *settings, bool cuda,
	struct runtime_session *session, struct error *err)
{
	struct runtime_object *options = NULL;
	int result = make_options(settings, &options, err);

	if (result == 0 && cuda)
		result = append_cuda(options, err);
	if (result == 0)
		result = check(runtime.api.CreateSession(
				       runtime.env, settings->model, options, &session->session),
			err, "it is damaged or not for this runtime (download or export it again)");
	if (options != NULL)
		runtime.api.ReleaseSessionOptions(options);
	return result;
}

static int choose_device(
	const struct runtime_settings *settings, struct runtime_session *session, struct error *err)
{
	struct error refusal = {0};

	if (settings->cuda) {
		session->cuda = create_session(settings, true, session, &refusal) == 0;
		if (session->cuda)
			return 0;
		if (!settings->cpu) {
			*err = refusal;
			err->kind = ERROR_UNAVAILABLE;
			return error_context(err,
				"the graphics processor cannot be used (leave --device cuda out, "
				"or set DETECT.runtime to a runtime built for CUDA)");
		}
		session->refusal = xstrdup(refusal.message);
	}
	return create_session(settings, false, session, err);
}

static const char unreadable[] = "cannot read the model's inputs and outputs";

/* Of an input or output: its shape, and its name (owned). */
static int describe_one(const struct runtime_session *session, bool input, size_t number,
	struct tensor_shape *shape, char **name, struct error *err)
{
	runtime_call (*get_type)(const struct runtime_object *, size_t, struct runtime_object **) =
		input ? runtime.api.SessionGetInputTypeInfo : runtime.api.SessionGetOutputTypeInfo;
	runtime_call (*get_name)(
		const struct runtime_object *, size_t, struct runtime_object *, char **) =
		input ? runtime.api.SessionGetInputName : runtime.api.SessionGetOutputName;
	struct runtime_object *type = NULL;
	char *text = NULL;

	if (check(get_type(session->session, number, &type), err, unreadable) != 0 ||
		read_type(type, shape, err) != 0 ||
		check(get_name(session->session, number, runtime.allocator, &text), err,
			unreadable) != 0)
		return -1;
	*name = take_text(text);
	return 0;
}

static int describe(struct runtime_session *session, struct error *err)
{
	if (check(runtime.api.SessionGetInputCount(session->session, &session->input_count), err,
		    unreadable) != 0 ||
		check(runtime.api.SessionGetOutputCount(session->session, &session->output_count),
			err, unreadable) != 0)
		return -1;
	if (session->input_count == 0 || session->output_count == 0)
		return error_set(err, ERROR_INPUT, "the model has no input or no output");
	for (size_t i = 0; i < session->input_count && i < RUNTIME_MOST_INPUTS; i++)
		if (describe_one(session, true, i, &session->inputs[i], &session->input_names[i],
			    err) != 0)
			return -1;
	for (size_t i = 0; i < session->output_count && i < RUNTIME_MOST_OUTPUTS; i++)
		if (describe_one(session, false, i, &session->outputs[i], &session->output_names[i],
			    err) != 0)
			return -1;
	return check(runtime.api.CreateCpuMemoryInfo(0, 0, &session->memory), err, unreadable);
}

/* What loading took beside the model itself goes back to the system: as much again. */
static void give_back_memory(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

struct runtime_session *runtime_open(const struct runtime_settings *settings, struct error *err)
{
	struct runtime_session *session;
	int kept, result;

	if (model_file_check(settings->model, err) != 0)
		return NULL;
	session = xcalloc(1, sizeof *session);
	kept = mute();
	result = load(settings, err);
	if (result == 0)
		result = choose_device(settings, session, err);
	unmute(kept);
	if (result == 0 && describe(session, err) == 0) {
		give_back_memory();
		return session;
	}
	if (err->kind == ERROR_INPUT)
		error_context(err, "model '%s'", text_base_name(settings->model));
	runtime_close(session);
	return NULL;
}

void runtime_close(struct runtime_session *session)
{
	if (session == NULL)
		return;
	if (session->session != NULL)
		runtime.api.ReleaseSession(session->session);
	if (session->memory != NULL)
		runtime.api.ReleaseMemoryInfo(session->memory);
	for (size_t i = 0; i < RUNTIME_MOST_INPUTS; i++)
		free(session->input_names[i]);
	for (size_t i = 0; i < RUNTIME_MOST_OUTPUTS; i++)
		free(session->output_names[i]);
	free(session->refusal);
	free(session);
}

const char *runtime_version(const struct runtime_settings *settings, struct error *err)
{
	return load(settings, err) == 0 ? runtime.version : NULL;
}

bool runtime_on_cuda(const struct runtime_session *session)
{
	return session->cuda;
}

const char *runtime_cuda_refusal(const struct runtime_session *session)
{
	return session->refusal == NULL ? "" : session->refusal;
}

size_t runtime_input_count(const struct runtime_session *session)
{
	return session->input_count;
}

size_t runtime_output_count(const struct runtime_session *session)
{
	return session->output_count;
}

const struct tensor_shape *runtime_input(const struct runtime_session *session, size_t number)
{
	return &session->inputs[number];
}

const struct tensor_shape *runtime_output(const struct runtime_session *session, size_t number)
{
	return &session->outputs[number];
}

char *runtime_metadata(struct runtime_session *session, const char *key)
{
	struct runtime_object *metadata = NULL;
	struct error ignored = {0};
	char *value = NULL;

	if (check(runtime.api.SessionGetModelMetadata(session->session, &metadata), &ignored,
		    "no metadata") != 0)
		return NULL;
	if (check(runtime.api.ModelMetadataLookupCustomMetadataMap(
			  metadata, runtime.allocator, key, &value),
		    &ignored, "no metadata") != 0)
		value = NULL;
	runtime.api.ReleaseModelMetadata(metadata);
	return take_text(value);
}

/* ---- running ---- */

static int read_result(struct runtime_result *result, struct error *err)
{
	struct runtime_object *info = NULL;
	void *data = NULL;
	int outcome = -1;

	if (check(runtime.api.GetTensorTypeAndShape(result->value, &info), err, "no result") != 0)
		return -1;
	if (read_shape(info, &result->shape, err) == 0)
		outcome = check(
			runtime.api.GetTensorMutableData(result->value, &data), err, "no result");
	runtime.api.ReleaseTensorTypeAndShapeInfo(info);
	result->data = data;
	return outcome;
}

static int make_value(struct runtime_session *session, const struct tensor *tensor,
	struct runtime_object **value, struct error *err)
{
	const struct tensor_shape *shape = &tensor->shape;

	/* The API takes no const; the runtime does not write into inputs. */
	return check(runtime.api.CreateTensorWithDataAsOrtValue(session->memory,
			     (void *)(uintptr_t)tensor->data, tensor->bytes, shape->sizes,
			     shape->count, shape->type, value),
		err, "cannot hand a picture to the model");
}

int runtime_run(struct runtime_session *session, const struct tensor *inputs, size_t input_count,
	struct runtime_result *results, size_t result_count, struct error *err)
{
	const char *const *input_names = (const char *const *)session->input_names;
	const char *const *output_names = (const char *const *)session->output_names;
	struct runtime_object *values[RUNTIME_MOST_INPUTS] = {NULL};
	struct runtime_object *outputs[RUNTIME_MOST_OUTPUTS] = {NULL};
	int outcome = 0;

	for (size_t i = 0; i < input_count && outcome == 0; i++)
		outcome = make_value(session, &inputs[i], &values[i], err);
	if (outcome == 0)
		outcome = check(runtime.api.Run(session->session, NULL, input_names,
					(const struct runtime_object *const *)values, input_count,
					output_names, result_count, outputs),
			err, "the model failed");
	for (size_t i = 0; i < input_count; i++)
		if (values[i] != NULL)
			runtime.api.ReleaseValue(values[i]);
	for (size_t i = 0; i < result_count; i++)
		results[i] = (struct runtime_result){.value = outputs[i]};
	for (size_t i = 0; i < result_count && outcome == 0; i++)
		outcome = read_result(&results[i], err);
	for (size_t i = 0; i < result_count && outcome != 0; i++)
		runtime_result_release(&results[i]);
	return outcome;
}

void runtime_result_release(struct runtime_result *result)
{
	if (result->value != NULL)
		runtime.api.ReleaseValue(result->value);
	*result = (struct runtime_result){0};
}
