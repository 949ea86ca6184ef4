/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The least that any reader of a card must do: `floor stat DIR` or `floor read DIR` (64 KiB each).
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int reading;
static long files;

static int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	static char bytes[65536];
	int fd;

	(void)status;
	(void)where;
	if (kind != FTW_F)
		return 0;
	files++;
	if (!reading)
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	if (pread(fd, bytes, sizeof bytes, 0) < 0)
		perror(path);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	reading = strcmp(argv[1], "read") == 0;
	if (nftw(argv[2], visit, 20, FTW_PHYS) != 0)
		return 1;
	printf("%ld files\n", files);
	return 0;
}
