/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of an FTP server in pieces of any size: the same whole or split, and always bounded. */
#include "../../lib/transfer/ftp_reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Number of whole replies in the bytes, fed at most `step` at a time; *sum mixes what they say. */
static int feed(const char *bytes, size_t size, size_t step, unsigned *sum)
{
	struct reply_parser parser = {0};
	int count = 0;

	*sum = 0;
	while (size > 0) {
		size_t used = 0;
		size_t piece = size < step ? size : step;
		int result = reply_feed(&parser, bytes, piece, &used);

		if (result < 0)
			return -1 - count;
		if (used == 0 || used > piece)
			abort();
		bytes += used;
		size -= used;
		if (result > 0) {
			if (parser.reply.code < 100 || parser.reply.code > 599 ||
				memchr(parser.reply.text, '\0', sizeof parser.reply.text) == NULL)
				abort();
			for (const char *at = parser.reply.text; *at != '\0'; at++) {
				if ((unsigned char)*at < 32)
					abort();
				*sum = *sum * 31 + (unsigned char)*at;
			}
			count++;
		}
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unsigned whole_sum, split_sum;
	int whole = feed((const char *)bytes, size, size + 1, &whole_sum);
	int split = feed((const char *)bytes, size, 1, &split_sum);

	if (whole != split || whole_sum != split_sum)
		abort();
	return 0;
}
