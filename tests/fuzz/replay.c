/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feeds every file of the named corpus folders to a fuzz target, where no fuzzer is there. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define LARGEST (16u << 20)

static int replay(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;
	uint8_t *bytes;
	size_t size;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		return -1;
	}
	bytes = malloc(LARGEST);
	size = bytes == NULL ? 0 : fread(bytes, 1, LARGEST, file);
	fclose(file);
	/* An exact allocation, so that reading one byte too far is seen by the sanitizers. */
	if (bytes != NULL) {
		uint8_t *exact = malloc(size == 0 ? 1 : size);

		if (exact != NULL) {
			memcpy(exact, bytes, size);
			LLVMFuzzerTestOneInput(exact, size);
		}
		free(exact);
	}
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *directory = opendir(argv[i]);
		struct dirent *entry;

		if (directory == NULL) {
			perror(argv[i]);
			return 1;
		}
		while ((entry = readdir(directory)) != NULL)
			if (entry->d_name[0] != '.') {
				if (replay(argv[i], entry->d_name) != 0)
					return 1;
				count++;
			}
		closedir(directory);
	}
	printf("%zu inputs\n", count);
	return count == 0;
}
