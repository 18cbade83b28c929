/* Registers of floats for the instruction set that uniform_kernels.c is compiled for: AVX-512, AVX2, or four floats of whatever
 * there is. larger, smaller: b where a is NaN. fused: a b + c, rounded once where the machine can. looked_up: entries of a
 * table of up to TABLE floats, by the last bits of each place; in_first_half: all places are below half of it. */
#ifndef QGAN_ENGINE_QUANT_UNIFORM_VECTORS_H
#define QGAN_ENGINE_QUANT_UNIFORM_VECTORS_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
enum { WIDTH = 16 };
typedef __m512 vector;
typedef __m512d wide_vector; /* of doubles: half as many */
INLINE wide_vector low_half(vector a) { return _mm512_cvtps_pd(_mm512_castps512_ps256(a)); }
INLINE wide_vector high_half(vector a) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)); }
INLINE vector larger(vector a, vector b) { return _mm512_max_ps(a, b); }
INLINE vector smaller(vector a, vector b) { return _mm512_min_ps(a, b); }
INLINE vector fused(vector a, vector b, vector c) { return _mm512_fmadd_ps(a, b, c); }
INLINE bool any_above(vector a, vector limit) { return _mm512_cmp_ps_mask(a, limit, _CMP_GT_OQ) != 0; }
enum { TABLE = 16 };
INLINE vector looked_up(const float table[TABLE], vector place, bool in_first_half)
{
	(void)in_first_half;
	return _mm512_permutexvar_ps(_mm512_castps_si512(place), _mm512_loadu_ps(table));
}
#elif defined(__AVX2__)
enum { WIDTH = 8 };
typedef __m256 vector;
typedef __m256d wide_vector;
INLINE wide_vector low_half(vector a) { return _mm256_cvtps_pd(_mm256_castps256_ps128(a)); }
INLINE wide_vector high_half(vector a) { return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)); }
INLINE vector larger(vector a, vector b) { return _mm256_max_ps(a, b); }
INLINE vector smaller(vector a, vector b) { return _mm256_min_ps(a, b); }
INLINE vector fused(vector a, vector b, vector c) { return _mm256_fmadd_ps(a, b, c); }
INLINE bool any_above(vector a, vector limit) { return _mm256_movemask_ps(_mm256_cmp_ps(a, limit, _CMP_GT_OQ)) != 0; }
enum { TABLE = 16 };
INLINE vector looked_up(const float table[TABLE], vector place, bool in_first_half) /* bit 3 of the place tells the half */
{
	__m256i index = _mm256_castps_si256(place);
	vector first = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
	if (in_first_half)
		return first;
	return _mm256_blendv_ps(first, _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), index),
	                        _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}
#else
enum { WIDTH = 4 };
typedef float vector __attribute__((vector_size(16)));
typedef double wide_vector __attribute__((vector_size(16)));
typedef int32_t mask __attribute__((vector_size(16)));
INLINE wide_vector low_half(vector a) { return (wide_vector){a[0], a[1]}; }
INLINE wide_vector high_half(vector a) { return (wide_vector){a[2], a[3]}; }
INLINE vector chosen(mask which, vector a, vector b) { return (vector)((which & (mask)a) | (~which & (mask)b)); }
INLINE vector larger(vector a, vector b) { return chosen(a > b, a, b); }
INLINE vector smaller(vector a, vector b) { return chosen(a < b, a, b); }
#ifdef __FP_FAST_FMAF
INLINE vector fused(vector a, vector b, vector c)
{
	for (int l = 0; l < WIDTH; l++)
		c[l] = __builtin_fmaf(a[l], b[l], c[l]);
	return c;
}
#else
INLINE vector fused(vector a, vector b, vector c) { return a * b + c; }
#endif
INLINE bool any_above(vector a, vector limit)
{
	mask above = a > limit;
	return (above[0] | above[1] | above[2] | above[3]) != 0;
}
enum { TABLE = 1 }; /* registers look nothing up here: no table is small enough */
INLINE vector looked_up(const float table[TABLE], vector place, bool in_first_half)
{
	(void)place;
	(void)in_first_half;
	return table[0] - (vector){0};
}
#endif
typedef float loose_vector __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias)); /* at any address */

INLINE vector load(const float *source) { return (vector)*(const loose_vector *)source; }
INLINE void store(float *target, vector value) { *(loose_vector *)target = (loose_vector)value; }
INLINE vector all(float value) { return value - (vector){0}; }

#endif
