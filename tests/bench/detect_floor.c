/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The least that detecting takes: `detect_floor MODEL THREADS RUNS FOLDER` runs the model on a
 * ready tensor.
 */
#include "../../lib/detect/runtime.h"

#include "trapkit/error.h"

#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words)
{
	struct runtime_settings settings = {.cpu = true};
	struct runtime_session *session;
	struct tensor_shape shape;
	struct error err = {0};
	float *tensor;
	size_t numbers;

	if (count != 5)
		return 2;
	settings.model = words[1];
	settings.threads = (unsigned)strtoul(words[2], NULL, 10);
	settings.folder = words[4];
	session = runtime_open(&settings, &err);
	if (session == NULL) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	shape = *runtime_input(session);
	numbers = (size_t)(shape.sizes[1] * shape.sizes[2] * shape.sizes[3]);
	tensor = calloc(numbers, sizeof *tensor);
	for (unsigned long i = strtoul(words[3], NULL, 10); i > 0; i--) {
		struct runtime_result result;

		if (runtime_run(session, tensor, numbers * sizeof *tensor, &shape, &result, &err) !=
			0) {
			fprintf(stderr, "%s\n", err.message);
			return 1;
		}
		runtime_result_release(&result);
	}
	free(tensor);
	runtime_close(session);
	return 0;
}
