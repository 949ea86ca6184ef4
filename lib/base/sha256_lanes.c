/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 (FIPS 180-4, section 6.2) of eight messages at once, in vectors of eight words. */
#include "sha256_lanes.h"

#include <string.h>

#if defined(__x86_64__)

#include <cpuid.h>

typedef uint32_t lanes __attribute__((vector_size(32)));
typedef uint8_t lane_bytes __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

/* FIPS 180-4, section 4.2.2. */
static const uint32_t constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define ROTATE(x, count) ((x) >> (count) | (x) << (32 - (count)))

/* Half a block of each message, from big-endian rows to a vector for each word of all messages. */
INLINE void load_half(const uint8_t *const bytes[SHA256_LANES], size_t offset, lanes words[8])
{
	lanes rows[8], pairs[8], quads[8];

	for (int i = 0; i < 8; i++) {
		lane_bytes row;

		memcpy(&row, bytes[i] + offset, sizeof row);
		rows[i] = (lanes)__builtin_shufflevector(row, row, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10,
			9, 8, 15, 14, 13, 12, 19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31,
			30, 29, 28);
	}
	for (int i = 0; i < 8; i += 2) {
		pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		pairs[i + 1] =
			__builtin_shufflevector(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (int i = 0; i < 8; i += 4)
		for (int k = 0; k < 2; k++) {
			lanes left = pairs[i + k], right = pairs[i + k + 2];

			quads[i + 2 * k] =
				__builtin_shufflevector(left, right, 0, 1, 8, 9, 4, 5, 12, 13);
			quads[i + 2 * k + 1] =
				__builtin_shufflevector(left, right, 2, 3, 10, 11, 6, 7, 14, 15);
		}
	for (int i = 0; i < 4; i++) {
		words[i] =
			__builtin_shufflevector(quads[i], quads[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		words[i + 4] =
			__builtin_shufflevector(quads[i], quads[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
}

/* The next word of the schedule takes the place of the one sixteen before it. */
INLINE void make_word(lanes words[16], int i)
{
	lanes w1 = words[(i + 1) & 15], w14 = words[(i + 14) & 15];

	words[i & 15] += (ROTATE(w1, 7) ^ ROTATE(w1, 18) ^ w1 >> 3) + words[(i + 9) & 15] +
		(ROTATE(w14, 17) ^ ROTATE(w14, 19) ^ w14 >> 10);
}

INLINE void take_block(lanes state[SHA256_WORDS], lanes words[16])
{
	lanes a = state[0], b = state[1], c = state[2], d = state[3];
	lanes e = state[4], f = state[5], g = state[6], h = state[7];

	/* Whole, so that every word has a register or an address of its own. */
#pragma GCC unroll 64
	for (int i = 0; i < 64; i++) {
		lanes t1, t2;

		if (i >= 16)
			make_word(words, i);
		t1 = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + (g ^ (e & (f ^ g))) +
			constants[i] + words[i & 15];
		t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) | (c & (a | b)));
		h = g, g = f, f = e, e = d + t1;
		d = c, c = b, b = a, a = t1 + t2;
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d;
	state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

INLINE void take_blocks(uint32_t *const states[SHA256_LANES],
	const uint8_t *const bytes[SHA256_LANES], size_t blocks)
{
	lanes state[SHA256_WORDS], words[16];

	for (unsigned word = 0; word < SHA256_WORDS; word++)
		for (unsigned lane = 0; lane < SHA256_LANES; lane++)
			state[word][lane] = states[lane][word];
	for (size_t block = 0; block < blocks; block++) {
		load_half(bytes, block * SHA256_BLOCK, words);
		load_half(bytes, block * SHA256_BLOCK + SHA256_BLOCK / 2, words + 8);
		take_block(state, words);
	}
	for (unsigned word = 0; word < SHA256_WORDS; word++)
		for (unsigned lane = 0; lane < SHA256_LANES; lane++)
			states[lane][word] = state[word][lane];
}

__attribute__((target("avx2"))) static void with_avx2(uint32_t *const states[SHA256_LANES],
	const uint8_t *const bytes[SHA256_LANES], size_t blocks)
{
	take_blocks(states, bytes, blocks);
}

/* Rotates in one step, and has registers for all of it. */
__attribute__((target("avx2,avx512f,avx512vl"))) static void with_avx512(
	uint32_t *const states[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
	size_t blocks)
{
	take_blocks(states, bytes, blocks);
}

static bool has_sha_instructions(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

bool sha256_lanes_pay(void)
{
	return __builtin_cpu_supports("avx2") && !has_sha_instructions();
}

void sha256_lanes(uint32_t *const states[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
	size_t blocks)
{
	if (__builtin_cpu_supports("avx512vl"))
		with_avx512(states, bytes, blocks);
	else
		with_avx2(states, bytes, blocks);
}

#else

bool sha256_lanes_pay(void)
{
	return false;
}

void sha256_lanes(uint32_t *const states[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
	size_t blocks)
{
	(void)states;
	(void)bytes;
	(void)blocks;
}

#endif
