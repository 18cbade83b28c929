/* Products of activations that are 0 where their rectifier closed, half of them as a rule; compiled once per instruction set
 * (kernel.h). A row of A is a list of its values that are not 0, and a mask that says of which depths they are:
 *
 *   c[0..7] += value * b[depth][0..7]      for each of the list, eight vectors wide
 *
 * The eight sums stay in registers while the list goes by. They are as many as the multipliers need to be busy, so one row is
 * enough (of fewer vectors two rows go side by side), and b is small enough for the first-level cache, from which every
 * multiply-add reads its vector. That keeps the loads busy too: where a row of b lies is therefore worked out from the mask, in
 * registers; a list of depths in memory would cost a sixth of the time. Leaving out the zeros changes no sum: the order of the
 * others stays (but for the sign of a sum that is nothing, where one underflows). */
#include "engine/tensor/kernel_variant.h"

#ifdef __AVX2__
enum { DEPTH = 64 };
#else
enum { DEPTH = 32 };
#endif
enum { FOUR = 4, FEW = SPARSE_VECTORS / 2 };

#define SPARSE OF_KERNEL(kernel_sparse_)

/* ---- what the instruction sets differ in ---- */

/* FOUR values of a list, and one of them in all lanes: loading each so would take a ninth of the loads' time. */
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
#define VALUE_OF(four, i) in_all_lanes((four)[i])
#endif

/* Which of LANES values are not 0, and how many: they become the first of `values`. What lies behind them is spoilt, within LANES
 * places. */
#if defined(__AVX512F__)
ALWAYS_INLINE int list_lanes(const float *from, float *values, uint32_t *open)
{
	const __m512 all = _mm512_loadu_ps(from);
	*open = _mm512_cmp_ps_mask(all, _mm512_setzero_ps(), _CMP_NEQ_UQ);
	_mm512_storeu_ps(values, _mm512_maskz_compress_ps((__mmask16)*open, all));
	return __builtin_popcount(*open);
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

ALWAYS_INLINE int list_lanes(const float *from, float *values, uint32_t *open)
{
	const __m256 all = _mm256_loadu_ps(from);
	*open = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(all, _mm256_setzero_ps(), _CMP_NEQ_UQ));
	const __m256i lanes = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)lanes_of_set[*open]));
	_mm256_storeu_ps(values, _mm256_permutevar8x32_ps(all, lanes));
	return __builtin_popcount(*open);
}
#else
ALWAYS_INLINE int list_lanes(const float *from, float *values, uint32_t *open)
{
	int count = 0;
	*open = 0;
	UNROLL for (int l = 0; l < LANES; l++) {
		values[count] = from[l];
		*open |= (uint32_t)(from[l] != 0) << l;
		count += from[l] != 0;
	}
	return count;
}
#endif

/* ---- products ---- */

/* The row of b of the mask's first depth, which leaves the mask. */
ALWAYS_INLINE const float *next_row(uint64_t *mask, const float *b, const int vectors)
{
	const size_t depth = (unsigned)__builtin_ctzll(*mask);
	*mask &= *mask - 1;
	return (const float *)((const char *)b + depth * (size_t)(vectors * VECTOR_BYTES));
}

ALWAYS_INLINE void add_value(const vector value, const float *row, vector *sum, const int vectors)
{
	UNROLL for (int v = 0; v < vectors; v++)
		sum[v] += value * load(row + v * LANES);
}

ALWAYS_INLINE void load_sums(const float *c, vector *sum, const int vectors)
{
	UNROLL for (int v = 0; v < vectors; v++)
		sum[v] = load(c + v * LANES);
}

ALWAYS_INLINE void store_sums(float *c, const vector *sum, const int vectors)
{
	UNROLL for (int v = 0; v < vectors; v++)
		store(c + v * LANES, sum[v]);
}

ALWAYS_INLINE void add_list(const float *values, uint64_t mask, const float *b, vector *sum, const int vectors)
{
	for (; mask; values += FOUR) {
		const four_values four = load_four(values);
		add_value(VALUE_OF(four, 0), next_row(&mask, b, vectors), sum, vectors);
		if (!mask)
			break;
		add_value(VALUE_OF(four, 1), next_row(&mask, b, vectors), sum, vectors);
		if (!mask)
			break;
		add_value(VALUE_OF(four, 2), next_row(&mask, b, vectors), sum, vectors);
		if (!mask)
			break;
		add_value(VALUE_OF(four, 3), next_row(&mask, b, vectors), sum, vectors);
	}
}

ALWAYS_INLINE void add_row(const float *values, uint64_t mask, const float *b, float *c, const int vectors)
{
	vector sum[SPARSE_VECTORS];
	load_sums(c, sum, vectors);
	add_list(values, mask, b, sum, vectors);
	store_sums(c, sum, vectors);
}

/* Few vectors: one row's sums would have to wait for themselves, so two go side by side while both have values. */
ALWAYS_INLINE void add_two_rows(const float *values, const uint64_t *masks, const float *b, float *c, ptrdiff_t c_row, const int vectors)
{
	const float *other = values + DEPTH;
	uint64_t mask = masks[0], other_mask = masks[1];
	vector sum[FEW], other_sum[FEW];
	load_sums(c, sum, vectors);
	load_sums(c + c_row, other_sum, vectors);
	const int count = __builtin_popcountll(mask), other_count = __builtin_popcountll(other_mask);
	for (int i = count < other_count ? count : other_count; i >= FOUR; i -= FOUR, values += FOUR, other += FOUR) {
		const four_values four = load_four(values), other_four = load_four(other);
		add_value(VALUE_OF(four, 0), next_row(&mask, b, vectors), sum, vectors);
		add_value(VALUE_OF(other_four, 0), next_row(&other_mask, b, vectors), other_sum, vectors);
		add_value(VALUE_OF(four, 1), next_row(&mask, b, vectors), sum, vectors);
		add_value(VALUE_OF(other_four, 1), next_row(&other_mask, b, vectors), other_sum, vectors);
		add_value(VALUE_OF(four, 2), next_row(&mask, b, vectors), sum, vectors);
		add_value(VALUE_OF(other_four, 2), next_row(&other_mask, b, vectors), other_sum, vectors);
		add_value(VALUE_OF(four, 3), next_row(&mask, b, vectors), sum, vectors);
		add_value(VALUE_OF(other_four, 3), next_row(&other_mask, b, vectors), other_sum, vectors);
	}
	add_list(values, mask, b, sum, vectors);
	add_list(other, other_mask, b, other_sum, vectors);
	store_sums(c, sum, vectors);
	store_sums(c + c_row, other_sum, vectors);
}

ALWAYS_INLINE void add_rows(const float *values, const uint64_t *masks, int rows, const float *b, float *c, ptrdiff_t c_row,
                            const int vectors)
{
	int row = 0;
	for (; vectors <= FEW && row + 2 <= rows; row += 2, values += 2 * DEPTH, masks += 2, c += 2 * c_row)
		add_two_rows(values, masks, b, c, c_row, vectors);
	for (; row < rows; row++, values += DEPTH, c += c_row)
		add_row(values, *masks++, b, c, vectors);
}

ALWAYS_INLINE void add_runs(const struct sparse_product *p, const int vectors)
{
	if (p->rows == 1)
		add_rows(p->values, p->masks, p->runs, p->b, p->c, p->c_run, vectors);
	for (int run = 0; p->rows > 1 && run < p->runs; run++)
		add_rows(p->values + (ptrdiff_t)run * p->rows * DEPTH, p->masks + (ptrdiff_t)run * p->rows, p->rows, p->b,
		         p->c + run * p->c_run, p->c_row, vectors);
}

#define WIDTH(vectors) static void add_##vectors(const struct sparse_product *p) { add_runs(p, vectors); }
WIDTH(1) WIDTH(2) WIDTH(3) WIDTH(4) WIDTH(5) WIDTH(6) WIDTH(7) WIDTH(8)

static void (*const widths[SPARSE_VECTORS + 1])(const struct sparse_product *p) = {
	NULL, add_1, add_2, add_3, add_4, add_5, add_6, add_7, add_8,
};

static void add(const struct sparse_product *p)
{
	widths[p->vectors](p);
}

/* ---- making lists ---- */

static uint64_t list_row(const float *from, int length, float *values)
{
	uint64_t mask = 0;
	int k = 0;
	for (; k + LANES <= length; k += LANES) {
		uint32_t open;
		values += list_lanes(from + k, values, &open);
		mask |= (uint64_t)open << k;
	}
	for (; k < length; k++) {
		if (from[k] != 0) {
			mask |= (uint64_t)1 << k;
			*values++ = from[k];
		}
	}
	return mask;
}

static void list(size_t rows, int length, const float *from, ptrdiff_t from_row, float *values, uint64_t *masks)
{
	for (; rows; rows--, from += from_row, values += DEPTH)
		*masks++ = list_row(from, length, values);
}

extern const struct kernel_sparse SPARSE;
const struct kernel_sparse SPARSE = {.depth = DEPTH, .add = add, .list = list};
