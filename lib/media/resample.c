/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resampling of one component of a picture with a Lanczos kernel, a row of the result at a time. */
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
#define LOBES 3
/* Samples of a row are weighed so many at a time; weights of zero fill the last group. */
#define GROUP 8u

/* ---- the kernel ---- */

/* For each place of one axis: where its window begins, and `taps` weights that add up to 1. */
struct kernel {
	uint32_t *first;
	int16_t *weights;
	uint32_t taps, stride; /* weights that count, and from one place to the next */
	uint32_t count;
};

/* sinc(x) sinc(x / 3) by the sine of a third of the angle: sin 3a = sin a (3 - 4 sin² a). */
static double lanczos(double x)
{
	double angle = x * 3.14159265358979323846 / LOBES;
	double sine = sin(angle), square = sine * sine;

	if (fabs(x) < 1e-9)
		return 1.0;
	if (fabs(x) >= LOBES)
		return 0.0;
	return square * (3 - 4 * square) / (3 * angle * angle);
}

/* Rounding must not change the sum: the largest weight takes up what is left. */
static void store_weights(const double *exact, double sum, int16_t *weights, uint32_t taps)
{
	int total = 0;
	uint32_t largest = 0;

	for (uint32_t i = 0; i < taps; i++) {
		double weight = exact[i] / sum * (1 << WEIGHT_BITS);

		weights[i] = (int16_t)(weight < 0 ? weight - 0.5 : weight + 0.5);
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
	kernel->stride = (kernel->taps + GROUP - 1) / GROUP * GROUP;
	kernel->count = to;
	kernel->first = xcalloc(to, sizeof *kernel->first);
	kernel->weights = xcalloc((size_t)to * kernel->stride, sizeof *kernel->weights);
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
		store_weights(
			exact, sum, kernel->weights + (size_t)i * kernel->stride, kernel->taps);
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

/* ---- with AVX2: vpmaddwd is made for this, two samples times two weights, summed ---- */

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2")))

static bool has_wide(void)
{
	return __builtin_cpu_supports("avx2");
}

/* Samples of two lines, times the weight of each. */
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

/* 32 columns at a time, their sums in registers. Returns how many were done. */
AVX2 static uint32_t mix_rows_wide(
	const uint8_t *lines, uint32_t width, const int16_t *weights, uint32_t taps, uint8_t *out)
{
	const __m256i half = _mm256_set1_epi32(1 << (WEIGHT_BITS - 1));
	uint32_t x = 0;

	for (; x + 32 <= width; x += 32) {
		__m256i sums[4] = {half, half, half, half};

		for (uint32_t j = 0; j < taps; j += 2) {
			/* An odd last line is paired with itself, weighing nothing. */
			bool pair = j + 1 < taps;
			const uint8_t *one = lines + (size_t)j * width + x;
			uint32_t both = (uint16_t)weights[j] |
				(pair ? (uint32_t)(uint16_t)weights[j + 1] << 16 : 0);

			add_lines(one, pair ? one + width : one, _mm256_set1_epi32((int32_t)both),
				sums);
		}
		for (int i = 0; i < 4; i++)
			sums[i] = _mm256_srai_epi32(sums[i], WEIGHT_BITS);
		_mm256_storeu_si256((__m256i *)(void *)(out + x),
			_mm256_packus_epi16(_mm256_packs_epi32(sums[0], sums[1]),
				_mm256_packs_epi32(sums[2], sums[3])));
	}
	return x;
}

/* Eight samples of each of two windows, one in each half. */
AVX2 static inline __m256i load_windows(const uint8_t *one, const uint8_t *other)
{
	return _mm256_cvtepu8_epi16(
		_mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)one),
			_mm_loadl_epi64((const __m128i *)(const void *)other)));
}

/* Place x and the one four further on, weighed: in each half four sums yet to be added up. */
AVX2 static inline __m256i weigh(const uint8_t *line, const struct kernel *kernel, uint32_t x)
{
	const uint8_t *one = line + kernel->first[x], *other = line + kernel->first[x + 4];
	const int16_t *weights = kernel->weights + (size_t)x * kernel->stride;
	const int16_t *others = weights + 4 * (size_t)kernel->stride;
	__m256i sums = _mm256_setzero_si256();

	for (uint32_t j = 0; j < kernel->stride; j += GROUP) {
		__m256i both = _mm256_loadu2_m128i((const __m128i *)(const void *)(others + j),
			(const __m128i *)(const void *)(weights + j));

		sums = _mm256_add_epi32(
			sums, _mm256_madd_epi16(load_windows(one + j, other + j), both));
	}
	return sums;
}

/* Eight places at a time. Returns how many were done. */
AVX2 static uint32_t mix_columns_wide(
	const uint8_t *line, const struct kernel *kernel, uint8_t *out)
{
	const __m256i half = _mm256_set1_epi32(1 << (WEIGHT_BITS - 1));
	uint32_t x = 0;

	for (; x + 8 <= kernel->count; x += 8) {
		__m256i sums = _mm256_hadd_epi32(
			_mm256_hadd_epi32(weigh(line, kernel, x), weigh(line, kernel, x + 1)),
			_mm256_hadd_epi32(weigh(line, kernel, x + 2), weigh(line, kernel, x + 3)));

		sums = _mm256_srai_epi32(_mm256_add_epi32(sums, half), WEIGHT_BITS);
		sums = _mm256_packs_epi32(sums, sums);
		sums = _mm256_packus_epi16(sums, sums);
		_mm_storeu_si32(out + x, _mm256_castsi256_si128(sums));
		_mm_storeu_si32(out + x + 4, _mm256_extracti128_si256(sums, 1));
	}
	return x;
}

#else

static bool has_wide(void)
{
	return false;
}

static uint32_t mix_rows_wide(
	const uint8_t *lines, uint32_t width, const int16_t *weights, uint32_t taps, uint8_t *out)
{
	(void)lines, (void)width, (void)weights, (void)taps, (void)out;
	return 0;
}

static uint32_t mix_columns_wide(const uint8_t *line, const struct kernel *kernel, uint8_t *out)
{
	(void)line, (void)kernel, (void)out;
	return 0;
}

#endif

/* ---- one row of the result ---- */

#define BLOCK 64u

/* `taps` lines of the source become one. Sums of a block stay in registers or next to them. */
static void mix_rows(
	const uint8_t *lines, uint32_t width, const int16_t *weights, uint32_t taps, uint8_t *out)
{
	uint32_t done = has_wide() ? mix_rows_wide(lines, width, weights, taps, out) : 0;

	for (uint32_t x = done; x < width; x += BLOCK) {
		uint32_t count = width - x < BLOCK ? width - x : BLOCK;
		int32_t sums[BLOCK] = {0};

		for (uint32_t j = 0; j < taps; j++)
			for (uint32_t i = 0; i < count; i++)
				sums[i] += weights[j] * lines[(size_t)j * width + x + i];
		for (uint32_t i = 0; i < count; i++)
			out[x + i] = clamp_sample(sums[i]);
	}
}

/* The line gets its final width. It can be read a group beyond its end. */
static void mix_columns(const uint8_t *line, const struct kernel *kernel, uint8_t *out)
{
	uint32_t done = has_wide() ? mix_columns_wide(line, kernel, out) : 0;

	for (uint32_t x = done; x < kernel->count; x++) {
		const int16_t *weights = kernel->weights + (size_t)x * kernel->stride;
		int32_t sum = 0;

		for (uint32_t j = 0; j < kernel->taps; j++)
			sum += weights[j] * line[kernel->first[x] + j];
		out[x] = clamp_sample(sum);
	}
}

void plane_resample(const struct plane *source, double cover_width, double cover_height,
	uint32_t width, uint32_t height, struct plane *out)
{
	uint8_t *line = xcalloc((size_t)source->width + GROUP, 1);
	struct kernel rows, columns;

	plane_init(out, width, height);
	kernel_init(&rows, source->height, cover_height, height);
	kernel_init(&columns, source->width, cover_width, width);
	for (uint32_t y = 0; y < height; y++) {
		mix_rows(source->samples + (size_t)rows.first[y] * source->width, source->width,
			rows.weights + (size_t)y * rows.stride, rows.taps, line);
		mix_columns(line, &columns, out->samples + (size_t)y * width);
	}
	kernel_release(&rows);
	kernel_release(&columns);
	free(line);
}
