/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The beginning of a file, or all of it. */
#include "read_head.h"

#include "trapkit/error.h"

#include <errno.h>
#include <unistd.h>

int read_head(int fd, uint8_t *bytes, size_t size, size_t *length, struct error *err)
{
	*length = 0;
	while (*length < size) {
		ssize_t got = pread(fd, bytes + *length, size - *length, (off_t)*length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot read it");
		if (got == 0)
			break;
		*length += (size_t)got;
	}
	return 0;
}
