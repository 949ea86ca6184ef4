/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables from anywhere: read whole, written, and read to be the same again. */
#include "trapkit/csv.h"
#include "trapkit/error.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Reads everything; writes it to `out` when that is not NULL. */
static int read_all(const void *bytes, size_t size, bool any_bytes, char delimiter, FILE *out)
{
	struct csv_settings settings = {.any_bytes = any_bytes, .delimiter = delimiter};
	struct csv_reader *reader = csv_open_memory(bytes, size, &settings);
	struct csv_record record;
	struct error err = {0};
	int result;

	while ((result = csv_next(reader, &record, &err)) > 0) {
		csv_cell(&record, csv_find(&record, "deploymentID"));
		if (out != NULL)
			csv_write(out, (const char *const *)record.cells, record.count);
	}
	csv_close(reader);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *once = NULL, *twice = NULL;
	size_t once_size = 0, twice_size = 0;
	FILE *out = open_memstream(&once, &once_size);
	int result;

	read_all(bytes, size, false, '\0', NULL);
	result = read_all(bytes, size, true, ',', out);
	fclose(out);
	if (result == 0 && !(once_size >= 3 && memcmp(once, "\xEF\xBB\xBF", 3) == 0)) {
		out = open_memstream(&twice, &twice_size);
		if (read_all(once, once_size, true, ',', out) != 0)
			abort();
		fclose(out);
		if (twice_size != once_size || memcmp(once, twice, once_size) != 0)
			abort();
	}
	free(once);
	free(twice);
	return 0;
}
