/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The database as a file: is it whole, what disk is it on, out of the way with it when damaged. */
#include "store.h"

#include "trapkit/memory.h"
#include "trapkit/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

bool disk_is_remote(const char *folder)
{
	/* statfs(2): file systems shared between machines, and FUSE, which may hide one. */
	static const unsigned long magics[] = {
		0x6969,     /* NFS */
		0x517B,     /* SMB */
		0xFF534D42, /* CIFS */
		0xFE534D42, /* SMB2 */
		0x65735546, /* FUSE */
		0x01021997, /* 9P */
		0x5346414F, /* AFS */
		0x73757245, /* Coda */
		0x0BD00BD0, /* Lustre */
		0x00C36400, /* Ceph */
		0x47504653, /* GPFS */
		0x7461636F, /* OCFS2 */
		0x01161970, /* GFS2 */
		0x786F4256, /* VirtualBox shared folder */
	};
	struct statfs status;

	if (statfs(folder, &status) != 0)
		return false;
	/* f_type is signed on some machines: only its low 32 bits are the number. */
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if (((unsigned long)status.f_type & 0xFFFFFFFFUL) == magics[i])
			return true;
	return false;
}

uint64_t disk_size(const char *path, const char *suffix)
{
	char *name = xasprintf("%s%s", path, suffix);
	struct stat status;
	uint64_t size = stat(name, &status) == 0 ? (uint64_t)status.st_size : 0;

	free(name);
	return size;
}

static uint32_t big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		bytes[3];
}

/* Header of an SQLite database: sqlite.org/fileformat2.html section 1.3. */
const char *disk_damage(const char *path)
{
	uint8_t header[100];
	uint64_t page, pages, size;
	ssize_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return NULL; /* no damage to see: opening it will say what is wrong */
	length = pread(fd, header, sizeof header, 0);
	close(fd);
	if (length == 0)
		return "empty";
	if (length < 0)
		return NULL;
	if (length < (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
		return "not a database";
	page = (uint64_t)header[16] << 8 | header[17];
	page = page == 1 ? 65536 : page;
	pages = big_endian(header + 28);
	size = disk_size(path, "");
	/* With a log beside it, the file may rightly be shorter: the log holds the rest. The number
	   of pages is only valid when the two counters agree. */
	if (big_endian(header + 24) == big_endian(header + 92) && size < page * pages &&
		disk_size(path, "-wal") == 0 && disk_size(path, "-journal") == 0)
		return "cut short";
	return NULL;
}

/* The journals go with their database under its new name: together they may still be of use. */
static int rename_all(const char *path, const char *aside, struct error *err)
{
	static const char *const suffixes[] = {"-wal", "-shm", "-journal", ""};
	int result = 0;

	for (size_t i = 0; i < 4 && result == 0; i++) {
		char *from = xasprintf("%s%s", path, suffixes[i]);
		char *to = xasprintf("%s%s", aside, suffixes[i]);

		if (rename(from, to) != 0 && errno != ENOENT)
			result = error_errno(err, "cannot rename '%s' to '%s'", from, to);
		free(from);
		free(to);
	}
	return result != 0 ? result : sync_parent(path, err);
}

int disk_set_aside(const char *path, const char *why,
	void (*warning)(void *context, const char *message), void *context, struct error *err)
{
	char *aside = NULL, *message;
	struct stat status;
	unsigned number = 0;
	int result;

	do {
		free(aside);
		aside = xasprintf("%s.damaged-%u", path, ++number);
	} while (lstat(aside, &status) == 0);
	result = rename_all(path, aside, err);
	if (result == 0 && warning != NULL) {
		message = xasprintf("ledger '%s' is damaged (%s): set aside as '%s' and begun "
				    "anew; what was uploaded before is no longer known here",
			path, why, aside);
		warning(context, message);
		free(message);
	}
	free(aside);
	return result;
}
