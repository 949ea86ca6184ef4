/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are given for models and are none, told by how they begin. */
#include "model_file.h"

#include "trapkit/error.h"
#include "trapkit/text.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *beginning, *words;
} strangers[] = {
	{"PK\003\004",
		"is in PyTorch's own form and must be exported: with YOLOv5's 'export.py --include "
		"onnx --dynamic', or for Ultralytics' models with 'yolo export format=onnx "
		"dynamic=True'"},
	{"<", "is a web page: its download went wrong, fetch it again"},
	{"version https://git-lfs", "only tells where the model is: run 'git lfs pull'"},
	{"", "is empty; download or export it again"},
};

static int judge(const char *path, const char *begin, size_t length, struct error *err)
{
	for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
		size_t wanted = strlen(strangers[i].beginning);

		if (wanted == 0 ? length == 0
				: length >= wanted &&
					memcmp(begin, strangers[i].beginning, wanted) == 0)
			return error_set(err, ERROR_INPUT, "the model '%s' %s",
				text_base_name(path), strangers[i].words);
	}
	return 0;
}

int model_file_check(const char *path, struct error *err)
{
	FILE *stream = fopen(path, "re");
	char begin[64];
	size_t length = stream == NULL ? 0 : fread(begin, 1, sizeof begin, stream);
	int result;

	if (stream == NULL || ferror(stream)) {
		error_errno(
			err, "cannot read the model '%s' (--model or DETECT.model names it)", path);
		err->kind = ERROR_UNAVAILABLE;
		result = -1;
	} else {
		result = judge(path, begin, length, err);
	}
	if (stream != NULL)
		fclose(stream);
	return result;
}
