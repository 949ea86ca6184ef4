/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resampling and turning of one component of a picture. */
#include "plane.h"

#include "trapkit/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Weights are fixed point with 14 bits, so that two of them with a sample each fit 32 bits. */
#define WEIGHT_BITS 14
#define LOBES 3.0

void plane_init(struct plane *plane, uint32_t width, uint32_t height)
{
	plane->width = width;
	plane->height = height;
	plane->samples = xmalloc((size_t)width * height);
}

void plane_release(struct plane *plane)
{
	free(plane->samples);
	*plane = (struct plane){0};
}

/* For each place of one axis: where its window begins, and `taps` weights that add up to 1. */
struct kernel {
	uint32_t *first;
	int16_t *weights;
	uint32_t taps, count;
};

static double lanczos(double x)
{
	const double pi = 3.14159265358979323846;

	if (fabs(x) < 1e-9)
		return 1.0;
	if (fabs(x) >= LOBES)
		return 0.0;
	return LOBES * sin(pi * x) * sin(pi * x / LOBES) / (pi * pi * x * x);
}

/* Rounding must not change the sum: the largest weight takes up what is left. */
static void store_weights(const double *exact, double sum, int16_t *weights, uint32_t taps)
{
	int total = 0;
	uint32_t largest = 0;

	for (uint32_t i = 0; i < taps; i++) {
		weights[i] = (int16_t)lround(exact[i] / sum * (1 << WEIGHT_BITS));
		total += weights[i];
		if (exact[i] > exact[largest])
			largest = i;
	}
	weights[largest] = (int16_t)(weights[largest] + (1 << WEIGHT_BITS) - total);
}

static void kernel_init(struct kernel *kernel, uint32_t from, double cover, uint32_t to)
{
	double step = cover / to;
	double stretch = step > 1.0 ? step : 1.0;
	uint32_t taps = (uint32_t)ceil(2.0 * LOBES * stretch) + 1;
	double *exact;

	kernel->taps = taps < from ? taps : from;
	kernel->count = to;
	kernel->first = xcalloc(to, sizeof *kernel->first);
	kernel->weights = xcalloc((size_t)to * kernel->taps, sizeof *kernel->weights);
	exact = xcalloc(kernel->taps, sizeof *exact);
	for (uint32_t i = 0; i < to; i++) {
		double center = (i + 0.5) * step - 0.5;
		double begin = floor(center - LOBES * stretch) + 1;
		double sum = 0;
		uint32_t last = from - kernel->taps;

		if (begin < 0)
			begin = 0;
		kernel->first[i] = begin > last ? last : (uint32_t)begin;
		for (uint32_t j = 0; j < kernel->taps; j++) {
			exact[j] = lanczos((kernel->first[i] + j - center) / stretch);
			sum += exact[j];
		}
		store_weights(exact, sum, kernel->weights + (size_t)i * kernel->taps, kernel->taps);
	}
	free(exact);
}

static void kernel_release(struct kernel *kernel)
{
	free(kernel->first);
	free(kernel->weights);
}

static uint8_t clamp_sample(int32_t sum)
{
	int32_t value = (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;

	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

#define BLOCK 64

/* A block of sums stays in registers or next to them; of a whole one the compiler knows the length.
 */
static void add_line(const uint8_t *line, int32_t weight, uint32_t count, int32_t sums[BLOCK])
{
	if (count == BLOCK)
		for (int i = 0; i < BLOCK; i++)
			sums[i] += weight * line[i];
	else
		for (uint32_t i = 0; i < count; i++)
			sums[i] += weight * line[i];
}

/* Samples from `from` on of one row of the result. */
static void mix_part(const struct plane *source, const struct kernel *kernel, uint32_t row,
	uint32_t from, uint8_t *out)
{
	const int16_t *weights = kernel->weights + (size_t)row * kernel->taps;
	const uint8_t *lines = source->samples + (size_t)kernel->first[row] * source->width;

	for (uint32_t x = from; x < source->width; x += BLOCK) {
		uint32_t count = source->width - x < BLOCK ? source->width - x : BLOCK;
		int32_t sums[BLOCK] = {0};

		for (uint32_t j = 0; j < kernel->taps; j++)
			add_line(lines + (size_t)j * source->width + x, weights[j], count, sums);
		for (uint32_t i = 0; i < count; i++)
			out[x + i] = clamp_sample(sums[i]);
	}
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2")))

/* Two samples, one from each line, times their two weights, summed: what vpmaddwd is made for. */
AVX2 static inline void add_lines(
	const uint8_t *one, const uint8_t *other, __m256i weights, __m256i sums[4])
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)one);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)other);
	__m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);

	sums[0] = _mm256_add_epi32(
		sums[0], _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), weights));
	sums[1] = _mm256_add_epi32(
		sums[1], _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), weights));
	sums[2] = _mm256_add_epi32(
		sums[2], _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), weights));
	sums[3] = _mm256_add_epi32(
		sums[3], _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), weights));
}

/* 32 samples at a time, all lines of the window in registers. Returns how many were done. */
AVX2 static uint32_t mix_wide(
	const struct plane *source, const struct kernel *kernel, uint32_t row, uint8_t *out)
{
	const int16_t *weights = kernel->weights + (size_t)row * kernel->taps;
	const uint8_t *lines = source->samples + (size_t)kernel->first[row] * source->width;
	const __m256i half = _mm256_set1_epi32(1 << (WEIGHT_BITS - 1));
	uint32_t x = 0;

	for (; x + 32 <= source->width; x += 32) {
		__m256i sums[4] = {half, half, half, half};

		for (uint32_t j = 0; j < kernel->taps; j += 2) {
			/* An odd last line is paired with itself, weighing nothing. */
			bool pair = j + 1 < kernel->taps;
			const uint8_t *one = lines + (size_t)j * source->width + x;
			uint32_t both = (uint16_t)weights[j] |
				(pair ? (uint32_t)(uint16_t)weights[j + 1] << 16 : 0);

			add_lines(one, pair ? one + source->width : one,
				_mm256_set1_epi32((int32_t)both), sums);
		}
		for (int i = 0; i < 4; i++)
			sums[i] = _mm256_srai_epi32(sums[i], WEIGHT_BITS);
		_mm256_storeu_si256((__m256i *)(void *)(out + x),
			_mm256_packus_epi16(_mm256_packs_epi32(sums[0], sums[1]),
				_mm256_packs_epi32(sums[2], sums[3])));
	}
	return x;
}

static bool has_wide(void)
{
	return __builtin_cpu_supports("avx2");
}

#else

static uint32_t mix_wide(
	const struct plane *source, const struct kernel *kernel, uint32_t row, uint8_t *out)
{
	(void)source;
	(void)kernel;
	(void)row;
	(void)out;
	return 0;
}

static bool has_wide(void)
{
	return false;
}

#endif

/* One row of the result from the rows it is made of. */
static void mix_rows(
	const struct plane *source, const struct kernel *kernel, uint32_t row, uint8_t *out)
{
	uint32_t done = has_wide() ? mix_wide(source, kernel, row, out) : 0;

	mix_part(source, kernel, row, done, out);
}

/* Swaps the parts of a and b that `mask` selects, b's being `shift` bits further up in a. */
static void swap_parts(uint64_t *a, uint64_t *b, unsigned shift, uint64_t mask)
{
	uint64_t difference = ((*a >> shift) ^ *b) & mask;

	*b ^= difference;
	*a ^= difference << shift;
}

/* Eight by eight samples in eight machine words: quarters change places, then their quarters. */
static void transpose_square(const uint8_t *from, size_t from_width, uint8_t *to, size_t to_width)
{
	uint64_t row[8];

	for (size_t i = 0; i < 8; i++)
		memcpy(&row[i], from + i * from_width, 8);
	for (int i = 0; i < 4; i++)
		swap_parts(&row[i], &row[i + 4], 32, 0x00000000FFFFFFFFu);
	for (int i = 0; i < 8; i += i % 4 == 1 ? 3 : 1)
		swap_parts(&row[i], &row[i + 2], 16, 0x0000FFFF0000FFFFu);
	for (int i = 0; i < 8; i += 2)
		swap_parts(&row[i], &row[i + 1], 8, 0x00FF00FF00FF00FFu);
	for (size_t i = 0; i < 8; i++)
		memcpy(to + i * to_width, &row[i], 8);
}

/* The words above are read with the first sample in the lowest byte. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SQUARE 8u
#else
#define SQUARE 0u
#endif

static void transpose_part(const struct plane *source, struct plane *out, uint32_t left,
	uint32_t top, uint32_t right, uint32_t bottom)
{
	for (uint32_t x = left; x < right; x++)
		for (uint32_t y = top; y < bottom; y++)
			out->samples[(size_t)x * out->width + y] =
				source->samples[(size_t)y * source->width + x];
}

/* Rows become columns. A stripe of 64 columns at a time stays in the cache. */
static void transpose(const struct plane *source, struct plane *out)
{
	uint32_t even_width = SQUARE == 0 ? 0 : source->width / 8 * 8;
	uint32_t even_height = SQUARE == 0 ? 0 : source->height / 8 * 8;

	plane_init(out, source->height, source->width);
	for (uint32_t left = 0; left < even_width; left += 64)
		for (uint32_t y = 0; y < even_height; y += 8)
			for (uint32_t x = left; x < left + 64 && x < even_width; x += 8)
				transpose_square(source->samples + (size_t)y * source->width + x,
					source->width, out->samples + (size_t)x * out->width + y,
					out->width);
	transpose_part(source, out, even_width, 0, source->width, source->height);
	transpose_part(source, out, 0, even_height, even_width, source->height);
}

/* Changes the height only. */
static void resample_rows(
	const struct plane *source, double cover, uint32_t height, struct plane *out)
{
	struct kernel kernel;

	plane_init(out, source->width, height);
	kernel_init(&kernel, source->height, cover, height);
	for (uint32_t y = 0; y < height; y++)
		mix_rows(source, &kernel, y, out->samples + (size_t)y * source->width);
	kernel_release(&kernel);
}

/*
 * Columns are done as rows of the turned plane: running along a row is several times faster than
 * gathering across it, and turning is cheap.
 */
void plane_resample(const struct plane *source, double cover_width, double cover_height,
	uint32_t width, uint32_t height, struct plane *out)
{
	struct plane low, turned, narrow;

	resample_rows(source, cover_height, height, &low);
	transpose(&low, &turned);
	plane_release(&low);
	resample_rows(&turned, cover_width, width, &narrow);
	plane_release(&turned);
	transpose(&narrow, out);
	plane_release(&narrow);
}

/* Orientation 1–8: whether rows become columns, and which axes of the source run backwards. */
static const struct {
	uint8_t swapped, backward_x, backward_y;
} turns[9] = {
	[1] = {0, 0, 0},
	[2] = {0, 1, 0},
	[3] = {0, 1, 1},
	[4] = {0, 0, 1},
	[5] = {1, 0, 0},
	[6] = {1, 0, 1},
	[7] = {1, 1, 1},
	[8] = {1, 1, 0},
};

static void reverse_rows(struct plane *plane)
{
	for (uint32_t y = 0; y < plane->height / 2; y++) {
		uint8_t *one = plane->samples + (size_t)y * plane->width;
		uint8_t *other = plane->samples + (size_t)(plane->height - 1 - y) * plane->width;

		for (uint32_t x = 0; x < plane->width; x++) {
			uint8_t keep = one[x];

			one[x] = other[x];
			other[x] = keep;
		}
	}
}

static void reverse_columns(struct plane *plane)
{
	for (uint32_t y = 0; y < plane->height; y++) {
		uint8_t *row = plane->samples + (size_t)y * plane->width;

		for (uint32_t x = 0; x < plane->width / 2; x++) {
			uint8_t keep = row[x];

			row[x] = row[plane->width - 1 - x];
			row[plane->width - 1 - x] = keep;
		}
	}
}

void plane_orient(struct plane *plane, unsigned orientation)
{
	struct plane out;

	if (orientation < 2 || orientation > 8)
		return;
	if (turns[orientation].backward_x)
		reverse_columns(plane);
	if (turns[orientation].backward_y)
		reverse_rows(plane);
	if (turns[orientation].swapped) {
		transpose(plane, &out);
		plane_release(plane);
		*plane = out;
	}
}
