/* Products of activations that are 0 where their rectifier closed, half of them as a rule; compiled once per instruction set
 * (kernel.h). A row of A is a list of its values that are not 0 and of their depths:
 *
 *   c[0..7] += value * b[depth][0..7]      for each of the list, eight vectors wide
 *
 * The eight sums stay in registers while the list goes by. They are as many as the multipliers need to be busy, so one row is
 * enough, and b is small enough for the first-level cache, from which every multiply-add reads its vector. Leaving out the
 * zeros changes no sum: the order of the others stays (but for the sign of a sum that is nothing, where one underflows). */
#include "engine/tensor/kernel_variant.h"

#include <string.h>

#ifdef __AVX2__
enum { DEPTH = 64 };
#else
enum { DEPTH = 32 };
#endif
enum { FOUR = 4 };

#define SPARSE OF_KERNEL(kernel_sparse_)

/* ---- what the instruction sets differ in ---- */

/* FOUR values of a list, and one of them in all lanes. Loading each so would take a third of the loads' time: they are what
 * limits the products. */
#if defined(__AVX512F__)
typedef __m512 four_values;
ALWAYS_INLINE four_values load_four(const float *values) { return _mm512_broadcast_f32x4(_mm_loadu_ps(values)); }
#define VALUE_OF(four, i) ((vector)_mm512_permute_ps(four, (i) * 0x55))
#elif defined(__AVX2__)
typedef __m256 four_values;
ALWAYS_INLINE four_values load_four(const float *values) { return _mm256_broadcast_ps((const __m128 *)values); }
#define VALUE_OF(four, i) ((vector)_mm256_permute_ps(four, (i) * 0x55))
#else
typedef const float *four_values;
ALWAYS_INLINE four_values load_four(const float *values) { return values; }
#define VALUE_OF(four, i) ((vector){(four)[i], (four)[i], (four)[i], (four)[i]})
#endif

/* Appends those of LANES values from depth k on that are not 0; returns how many. What lies behind them is spoilt, within as
 * many places. */
#if defined(__AVX512F__)
ALWAYS_INLINE int list_lanes(const float *from, int k, float *values, uint8_t *depths)
{
	const __m512 all = _mm512_loadu_ps(from);
	const __mmask16 open = _mm512_cmp_ps_mask(all, _mm512_setzero_ps(), _CMP_NEQ_UQ);
	const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m512i listed = _mm512_maskz_compress_epi32(open, _mm512_add_epi32(lanes, _mm512_set1_epi32(k)));
	_mm512_storeu_ps(values, _mm512_maskz_compress_ps(open, all));
	_mm_storeu_si128((__m128i *)depths, _mm512_cvtepi32_epi8(listed));
	return __builtin_popcount(open);
}
#elif defined(__AVX2__)
/* For every set of eight lanes: its lanes, a byte each, from the lowest on. */
#define PLACE(set, i) (((uint64_t)((set) >> (i) & 1) * (i)) << 8 * __builtin_popcount((set) & ((1 << (i)) - 1)))
#define LANES_OF(set) \
	PLACE(set, 1) | PLACE(set, 2) | PLACE(set, 3) | PLACE(set, 4) | PLACE(set, 5) | PLACE(set, 6) | PLACE(set, 7)
#define FOUR_SETS(set) LANES_OF(set), LANES_OF((set) + 1), LANES_OF((set) + 2), LANES_OF((set) + 3)
#define SIXTEEN_SETS(set) FOUR_SETS(set), FOUR_SETS((set) + 4), FOUR_SETS((set) + 8), FOUR_SETS((set) + 12)
#define SETS(set) SIXTEEN_SETS(set), SIXTEEN_SETS((set) + 16), SIXTEEN_SETS((set) + 32), SIXTEEN_SETS((set) + 48)
static const uint64_t lanes_of_set[256] = {SETS(0), SETS(64), SETS(128), SETS(192)};

ALWAYS_INLINE int list_lanes(const float *from, int k, float *values, uint8_t *depths)
{
	const __m256 all = _mm256_loadu_ps(from);
	const int open = _mm256_movemask_ps(_mm256_cmp_ps(all, _mm256_setzero_ps(), _CMP_NEQ_UQ));
	const uint64_t lanes = lanes_of_set[open], listed = lanes + (uint64_t)k * 0x0101010101010101;
	_mm256_storeu_ps(values, _mm256_permutevar8x32_ps(all, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes))));
	memcpy(depths, &listed, sizeof listed);
	return __builtin_popcount((unsigned)open);
}
#else
ALWAYS_INLINE int list_lanes(const float *from, int k, float *values, uint8_t *depths)
{
	int count = 0;
	UNROLL for (int l = 0; l < LANES; l++) {
		values[count] = from[l];
		depths[count] = (uint8_t)(k + l);
		count += from[l] != 0;
	}
	return count;
}
#endif

/* ---- products ---- */

ALWAYS_INLINE void add_value(const vector value, const float *row, vector *sum, const int vectors)
{
	UNROLL for (int v = 0; v < vectors; v++)
		sum[v] += value * *(const loose_vector *)(row + v * LANES);
}

/* A list is followed by zeros up to a multiple of FOUR. */
ALWAYS_INLINE void add_row(const float *values, const uint8_t *depths, int count, const float *b, float *c, const int vectors)
{
	const size_t step = (size_t)(vectors * LANES);
	vector sum[SPARSE_VECTORS];
	UNROLL for (int v = 0; v < vectors; v++)
		sum[v] = *(const loose_vector *)(c + v * LANES);
	for (int i = 0; i < count; i += FOUR) {
		const four_values four = load_four(values + i);
		uint32_t rows;
		memcpy(&rows, depths + i, sizeof rows);
		add_value(VALUE_OF(four, 0), b + (rows & 255) * step, sum, vectors);
		add_value(VALUE_OF(four, 1), b + (rows >> 8 & 255) * step, sum, vectors);
		add_value(VALUE_OF(four, 2), b + (rows >> 16 & 255) * step, sum, vectors);
		add_value(VALUE_OF(four, 3), b + (rows >> 24) * step, sum, vectors);
	}
	UNROLL for (int v = 0; v < vectors; v++)
		*(loose_vector *)(c + v * LANES) = sum[v];
}

ALWAYS_INLINE void add_rows(const struct sparse_product *p, const int vectors)
{
	const float *values = p->values;
	const uint8_t *depths = p->depths, *counts = p->counts;
	for (int run = 0; run < p->runs; run++) {
		float *c = p->c + run * p->c_run;
		for (int row = 0; row < p->rows; row++, values += DEPTH, depths += DEPTH, c += p->c_row)
			add_row(values, depths, *counts++, p->b, c, vectors);
	}
}

#define WIDTH(vectors) static void add_##vectors(const struct sparse_product *p) { add_rows(p, vectors); }
WIDTH(1) WIDTH(2) WIDTH(3) WIDTH(4) WIDTH(5) WIDTH(6) WIDTH(7) WIDTH(8)

static void (*const widths[SPARSE_VECTORS + 1])(const struct sparse_product *p) = {
	NULL, add_1, add_2, add_3, add_4, add_5, add_6, add_7, add_8,
};

static void add(const struct sparse_product *p)
{
	widths[p->vectors](p);
}

/* ---- making lists ---- */

static int list_row(const float *from, int length, float *values, uint8_t *depths)
{
	int count = 0, k = 0;
	for (; k + LANES <= length; k += LANES)
		count += list_lanes(from + k, k, values + count, depths + count);
	for (; k < length; k++) {
		values[count] = from[k];
		depths[count] = (uint8_t)k;
		count += from[k] != 0;
	}
	for (int i = count; i % FOUR; i++) {
		values[i] = 0;
		depths[i] = 0;
	}
	return count;
}

static void list(size_t rows, int length, const float *from, ptrdiff_t from_row, float *values, uint8_t *depths, uint8_t *counts)
{
	for (; rows; rows--, from += from_row, values += DEPTH, depths += DEPTH)
		*counts++ = (uint8_t)list_row(from, length, values, depths);
}

extern const struct kernel_sparse SPARSE;
const struct kernel_sparse SPARSE = {.depth = DEPTH, .add = add, .list = list};
