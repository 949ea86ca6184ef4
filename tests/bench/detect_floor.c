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
	struct tensor tensor = {0};
	struct error err = {0};

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
	tensor.shape = *runtime_input(session, 0);
	tensor.bytes = sizeof(float);
	for (size_t i = 0; i < tensor.shape.count; i++)
		tensor.bytes *= (size_t)tensor.shape.sizes[i];
	tensor.data = calloc(1, tensor.bytes);
	for (unsigned long i = strtoul(words[3], NULL, 10); i > 0; i--) {
		struct runtime_result result;

		if (runtime_run(session, &tensor, 1, &result, 1, &err) != 0) {
			fprintf(stderr, "%s\n", err.message);
			return 1;
		}
		runtime_result_release(&result);
	}
	free((void *)(uintptr_t)tensor.data);
	runtime_close(session);
	return 0;
}
