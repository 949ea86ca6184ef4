/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ZIP directory of a foreign archive (APPNOTE 6.3.10), bounded, and what is unsafe in it. */
#include "zip_directory.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_DIRECTORY (256u << 20) /* bytes: about two million files */
#define END_RECORD 22u              /* APPNOTE 4.3.16 */
#define END64_RECORD 56u            /* 4.3.14 */
#define END64_LOCATOR 20u           /* 4.3.15 */
#define CENTRAL_ENTRY 46u           /* 4.3.12 */
#define LOCAL_ENTRY 30u             /* 4.3.7 */
#define LONGEST_COMMENT 65535u

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t read32(const uint8_t *bytes)
{
	return (uint32_t)read16(bytes) | (uint32_t)read16(bytes + 2) << 16;
}

static uint64_t read64(const uint8_t *bytes)
{
	return (uint64_t)read32(bytes) | (uint64_t)read32(bytes + 4) << 32;
}

int bytes_read(
	const struct bytes_at *from, uint64_t offset, void *out, size_t size, struct error *err)
{
	uint8_t *at = out;

	if (offset > from->size || size > from->size - offset)
		return error_set(err, ERROR_INPUT, "the file ends too early; fetch it again");
	if (from->fd < 0) {
		memcpy(out, from->bytes + offset, size);
		return 0;
	}
	while (size > 0) {
		ssize_t got = pread(from->fd, at, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot read");
		if (got == 0)
			return error_set(
				err, ERROR_INPUT, "the file ends too early; fetch it again");
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

struct ending {
	uint64_t entries, size, offset;
};

/* The zip64 record, where the usual one says that its numbers do not fit. */
static int read_ending64(
	const struct bytes_at *from, uint64_t end_at, struct ending *ending, struct error *err)
{
	uint8_t locator[END64_LOCATOR], record[END64_RECORD];

	if (end_at < END64_LOCATOR)
		return 0;
	if (bytes_read(from, end_at - END64_LOCATOR, locator, sizeof locator, err) != 0)
		return -1;
	if (read32(locator) != 0x07064b50)
		return 0;
	if (bytes_read(from, read64(locator + 8), record, sizeof record, err) != 0)
		return -1;
	if (read32(record) != 0x06064b50)
		return error_set(err, ERROR_INPUT, "the ZIP directory is damaged; fetch it again");
	ending->entries = read64(record + 32);
	ending->size = read64(record + 40);
	ending->offset = read64(record + 48);
	return 0;
}

static int find_ending(const struct bytes_at *from, struct ending *ending, struct error *err)
{
	size_t size = from->size < END_RECORD + LONGEST_COMMENT ? (size_t)from->size
								: END_RECORD + LONGEST_COMMENT;
	uint8_t *tail = xmalloc(size + 1);
	int result = -1;

	if (bytes_read(from, from->size - size, tail, size, err) != 0)
		goto done;
	for (size_t at = size >= END_RECORD ? size - END_RECORD + 1 : 0; at-- > 0;) {
		const uint8_t *record = tail + at;

		if (read32(record) != 0x06054b50 || at + END_RECORD + read16(record + 20) > size)
			continue;
		*ending = (struct ending){
			read16(record + 10), read32(record + 12), read32(record + 16)};
		if (read16(record + 4) != 0 && read16(record + 4) != 0xFFFF) {
			error_set(err, ERROR_INPUT, "the ZIP is in several volumes; join them");
			goto done;
		}
		result = ending->entries != 0xFFFF && ending->size != UINT32_MAX &&
				ending->offset != UINT32_MAX
			? 0
			: read_ending64(from, from->size - size + at, ending, err);
		goto done;
	}
	error_set(err, ERROR_INPUT, "is no ZIP archive, or its end is missing; fetch it again");
done:
	free(tail);
	return result;
}

/* APPNOTE 4.5.3: the numbers that did not fit, in their fixed order. */
static void read_extra64(const uint8_t *extra, size_t size, struct zip_member *member)
{
	while (size >= 4) {
		size_t length = read16(extra + 2);
		const uint8_t *at = extra + 4;

		if (length > size - 4)
			return;
		if (read16(extra) == 1) {
			if (member->size == UINT32_MAX && length >= 8) {
				member->size = read64(at);
				at += 8;
				length -= 8;
			}
			if (member->packed == UINT32_MAX && length >= 8) {
				member->packed = read64(at);
				at += 8;
				length -= 8;
			}
			if (member->offset == UINT32_MAX && length >= 8)
				member->offset = read64(at);
			return;
		}
		extra += 4 + length;
		size -= 4 + length;
	}
}

/* One entry of the directory; *used = its bytes. The name is made to end with NUL in place. */
static bool read_member(uint8_t *at, size_t left, struct zip_member *member, size_t *used)
{
	size_t name, extra, comment;

	if (left < CENTRAL_ENTRY || read32(at) != 0x02014b50)
		return false;
	name = read16(at + 28);
	extra = read16(at + 30);
	comment = read16(at + 32);
	*used = CENTRAL_ENTRY + name + extra + comment;
	if (*used > left)
		return false;
	*member = (struct zip_member){.offset = read32(at + 42),
		.packed = read32(at + 20),
		.size = read32(at + 24),
		.crc = read32(at + 16),
		.method = read16(at + 10),
		.flags = read16(at + 8),
		/* Made on Unix: the mode is in the high half of the attributes. */
		.is_link = at[5] == 3 && (read32(at + 38) >> 16 & 0170000) == 0120000};
	read_extra64(at + CENTRAL_ENTRY + name, extra, member);
	/* The name moves one to the left: its end stays inside this entry. */
	member->name = (char *)at + CENTRAL_ENTRY - 1;
	memmove(member->name, member->name + 1, name);
	member->name[name] = '\0';
	if (memchr(member->name, '\0', name) != NULL)
		return false;
	return true;
}

static int by_name(const void *left, const void *right)
{
	const struct zip_member *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

int zip_directory_read(
	const struct bytes_at *from, struct zip_directory *directory, struct error *err)
{
	struct ending ending = {0};
	size_t at = 0;

	*directory = (struct zip_directory){0};
	if (find_ending(from, &ending, err) != 0)
		return -1;
	if (ending.size > MOST_DIRECTORY)
		return error_set(err, ERROR_INPUT, "the ZIP lists too many files");
	if (ending.offset > from->size || ending.size > from->size - ending.offset ||
		ending.entries > ending.size / CENTRAL_ENTRY)
		return error_set(err, ERROR_INPUT, "the ZIP directory is damaged; fetch it again");
	directory->start = ending.offset;
	directory->names = xmalloc((size_t)ending.size + 1);
	directory->items = xcalloc((size_t)ending.entries + 1, sizeof *directory->items);
	if (bytes_read(from, ending.offset, directory->names, (size_t)ending.size, err) != 0)
		return -1;
	for (uint64_t i = 0; i < ending.entries; i++) {
		size_t used = 0;

		if (!read_member((uint8_t *)directory->names + at, (size_t)ending.size - at,
			    &directory->items[directory->count], &used))
			return error_set(
				err, ERROR_INPUT, "the ZIP directory is damaged; fetch it again");
		directory->count++;
		at += used;
	}
	qsort(directory->items, directory->count, sizeof *directory->items, by_name);
	return 0;
}

void zip_directory_release(struct zip_directory *directory)
{
	free(directory->items);
	free(directory->names);
	*directory = (struct zip_directory){0};
}

const struct zip_member *zip_directory_find(const struct zip_directory *directory, const char *name)
{
	size_t low = 0, high = directory->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(directory->items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < directory->count && strcmp(directory->items[low].name, name) == 0
		? &directory->items[low]
		: NULL;
}

/* ---- what is unsafe ---- */

static bool leads_out(const char *name)
{
	if (name[0] == '/' || name[0] == '\\' || (name[0] != '\0' && name[1] == ':'))
		return true;
	for (const char *at = name; *at != '\0'; at += strcspn(at, "/\\"), at += *at != '\0')
		if (at[0] == '.' && at[1] == '.' &&
			(at[2] == '/' || at[2] == '\\' || at[2] == '\0'))
			return true;
	return false;
}

static void complain(
	struct camtrapdp_report *report, const struct zip_member *member, const char *what)
{
	const struct place nowhere = {0};

	report_add(report, "S07", CAMTRAPDP_ERROR, &nowhere, member->name, strlen(member->name),
		"the ZIP entry %s; do not unpack this archive, make it anew", what);
}

static int by_offset(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (a[0] > b[0]) - (a[0] < b[0]);
}

/* Entries that share bytes are how a small archive unpacks to petabytes. */
static void check_overlaps(const struct zip_directory *directory, struct camtrapdp_report *report)
{
	uint64_t(*spans)[3] = xcalloc(directory->count + 1, sizeof *spans);

	for (size_t i = 0; i < directory->count; i++) {
		const struct zip_member *member = &directory->items[i];

		spans[i][0] = member->offset;
		spans[i][1] = member->packed + LOCAL_ENTRY + strlen(member->name);
		spans[i][2] = i;
	}
	qsort(spans, directory->count, sizeof *spans, by_offset);
	for (size_t i = 0; i < directory->count; i++) {
		uint64_t limit = i + 1 < directory->count ? spans[i + 1][0] : directory->start;

		if (spans[i][0] > limit || spans[i][1] > limit - spans[i][0])
			complain(report, &directory->items[spans[i][2]],
				"shares its bytes with another");
	}
	free(spans);
}

void zip_directory_check(const struct zip_directory *directory, struct camtrapdp_report *report)
{
	for (size_t i = 0; i < directory->count; i++) {
		const struct zip_member *member = &directory->items[i];

		if (member->name[0] == '\0' || leads_out(member->name))
			complain(report, member, "has a name that leads out of the archive");
		else if (strchr(member->name, '\\') != NULL)
			complain(report, member, "has a backslash in its name");
		if (member->is_link)
			complain(report, member, "is a link");
		if (member->flags & 1)
			complain(report, member, "is encrypted");
		if (i > 0 && strcmp(member->name, directory->items[i - 1].name) == 0)
			complain(report, member, "is there twice");
	}
	check_overlaps(directory, report);
}

int zip_member_data(const struct bytes_at *from, const struct zip_directory *directory,
	const struct zip_member *member, uint64_t *offset, struct error *err)
{
	uint8_t header[LOCAL_ENTRY];
	size_t length = strlen(member->name);
	char *name;
	bool same;

	if (bytes_read(from, member->offset, header, sizeof header, err) != 0)
		return -1;
	if (read32(header) != 0x04034b50 || read16(header + 26) != length)
		return error_set(err, ERROR_INPUT,
			"the ZIP entry's own header differs from the directory; make the ZIP anew");
	name = xmalloc(length + 1);
	same = bytes_read(from, member->offset + LOCAL_ENTRY, name, length, err) == 0 &&
		memcmp(name, member->name, length) == 0;
	free(name);
	if (!same)
		return error_set(err, ERROR_INPUT,
			"the ZIP entry's own header has another name; make the ZIP anew");
	*offset = member->offset + LOCAL_ENTRY + length + read16(header + 28);
	if (*offset > directory->start || member->packed > directory->start - *offset)
		return error_set(
			err, ERROR_INPUT, "the ZIP entry is not whole; fetch the archive again");
	return 0;
}
