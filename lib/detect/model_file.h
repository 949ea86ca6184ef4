/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a file may be a model, before the runtime says something less helpful. */
#ifndef TRAPKIT_DETECT_MODEL_FILE_H
#define TRAPKIT_DETECT_MODEL_FILE_H

struct error;

/* ERROR_UNAVAILABLE when it cannot be read, ERROR_INPUT for what people take for a model. */
int model_file_check(const char *path, struct error *err);

#endif
