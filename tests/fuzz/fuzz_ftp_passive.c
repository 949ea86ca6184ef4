/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server answers to EPSV, PASV, PWD and SIZE: any text, and ports and sizes in range. */
#include "../../lib/transfer/ftp_reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	uint8_t address[4];
	char *path;

	if (text == NULL)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (reply_epsv_port(text) > 65535 || reply_pasv(text, address) > 65535 ||
		reply_size(text) < -1)
		abort();
	path = reply_quoted_path(text);
	if (path != NULL && strlen(path) > size)
		abort();
	free(path);
	free(text);
	return 0;
}
