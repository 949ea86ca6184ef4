/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MD5, written from RFC 1321; its constants are floor(2^32 * |sin(i)|). */
#include "md5.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static uint32_t constants[64];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_constants(void)
{
	for (int i = 0; i < 64; i++)
		constants[i] = (uint32_t)floor(fabs(sin(i + 1)) * 4294967296.0);
}

void md5_init(struct md5 *md5)
{
	pthread_once(&once, make_constants);
	*md5 = (struct md5){.state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476}};
}

static uint32_t word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

static void take_block(struct md5 *md5, const uint8_t *block)
{
	static const unsigned shifts[4][4] = {
		{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
	uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

	for (unsigned i = 0; i < 64; i++) {
		unsigned round = i / 16;
		unsigned shift = shifts[round][i % 4];
		unsigned word = round == 0 ? i
			: round == 1       ? 5 * i + 1
			: round == 2       ? 3 * i + 5
					   : 7 * i;
		uint32_t mixed = round == 0 ? (b & c) | (~b & d)
			: round == 1        ? (d & b) | (~d & c)
			: round == 2        ? b ^ c ^ d
					    : c ^ (b | ~d);
		uint32_t sum = a + mixed + constants[i] + word_at(block + 4 * (word % 16));

		a = d;
		d = c;
		c = b;
		b += sum << shift | sum >> (32 - shift);
	}
	md5->state[0] += a;
	md5->state[1] += b;
	md5->state[2] += c;
	md5->state[3] += d;
}

void md5_update(struct md5 *md5, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		size_t held = md5->size % 64;
		size_t taken = size < 64 - held ? size : 64 - held;

		memcpy(md5->block + held, bytes, taken);
		md5->size += taken;
		bytes += taken;
		size -= taken;
		if (held + taken == 64)
			take_block(md5, md5->block);
	}
}

void md5_finish(struct md5 *md5, uint8_t out[16])
{
	static const uint8_t padding[64] = {0x80};
	uint64_t bits = md5->size * 8;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (8 * i));
	md5_update(md5, padding, 1 + (119 - md5->size % 64) % 64);
	md5_update(md5, length, 8);
	for (int i = 0; i < 16; i++)
		out[i] = (uint8_t)(md5->state[i / 4] >> (8 * (i % 4)));
}
