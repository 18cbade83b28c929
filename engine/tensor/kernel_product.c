/* The one matrix product that every convolution is made of; compiled once per instruction set (kernel.h), and with
 * KERNEL_PAIRS for pairs of bf16: an element is a pair then and a multiply-add two of them, everything else is the same.
 *
 * A tile of C, up to KERNEL_ROWS rows by two vectors, stays in registers while all terms and all depths go by: per
 * depth two vectors of B are read (contiguous: it streams from the second-level cache) and each row costs one broadcast
 * of A and two multiply-adds. The rows are as many as the register file holds beside two vectors of B and one broadcast,
 * so loads are far fewer than multiply-adds. C is touched once. B is one long stream, which the machine fetches ahead by
 * itself; A is many short ones, whose lines are asked for here, across the border to the next term (a fifth of the time).
 *
 * The tile is written once as an inline function of its row and vector counts; KERNEL_ROWS x 2 x 2 copies of it are made
 * with these as constants, because only a fully unrolled tile stays in registers. */
#include "engine/tensor/kernel_variant.h"

/* Rows: what 32 or 16 registers hold; on aarch64 the compiler also keeps the broadcasts of all rows at once. */
#if defined(__AVX512F__)
#define KERNEL_ROWS 13
#elif defined(__aarch64__)
#define KERNEL_ROWS 8
#else
#define KERNEL_ROWS 6
#endif
enum {
	PANEL = 2 * LANES,
	LINE = 16,  /* elements of a cache line */
	AHEAD = 64, /* depths: A is asked for so long before its use (measured) */
	NEAR = 8,
};

#define KERNEL OF_KERNEL(kernel_)
#define POINTWISE OF_FLOATS(kernel_pointwise_)
#define LOOKUP OF_FLOATS(kernel_lookup_)
#define SPARSE OF_FLOATS(kernel_sparse_)

typedef int mask __attribute__((vector_size(VECTOR_BYTES)));

/* Negative values become 0; NaN stays. */
ALWAYS_INLINE vector rectified(vector value)
{
	return (vector)((mask)value & ~(value < 0));
}

#ifdef KERNEL_PAIRS
#ifdef __AVX512BF16__
enum { PAIRS = true, SPLITS = false, DEPTH_STEP = 1 }; /* twice as fast as floats at best */
#else
enum { PAIRS = true, SPLITS = true, DEPTH_STEP = 16 }; /* as AMX has it, so that it can be tested anywhere */
#endif

/* As integers: arithmetic on floats would touch what only looks like a NaN or a zero. */
ALWAYS_INLINE vector everywhere(const float *element)
{
	int bits;
	__builtin_memcpy(&bits, element, sizeof bits);
	return (vector)(bits - (mask){0});
}

#ifdef __AVX512BF16__
ALWAYS_INLINE vector multiply_add(vector a, vector b, vector sum)
{
	return (vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#else
/* A bf16 is the upper half of a float. */
ALWAYS_INLINE vector multiply_add(vector a, vector b, vector sum)
{
	const mask upper = (mask){0} - 65536;
	sum += (vector)((mask)a << 16) * (vector)((mask)b << 16);
	return sum + (vector)((mask)a & upper) * (vector)((mask)b & upper);
}
#endif
#else
enum { PAIRS = false, SPLITS = false, DEPTH_STEP = 1 };
ALWAYS_INLINE vector everywhere(const float *element) { return in_all_lanes(*element); }
ALWAYS_INLINE vector multiply_add(vector a, vector b, vector sum) { return sum + a * b; }
#endif

/* across: A's rows are neighbours in memory (a_row is 1), else its depths are. `sum` must end up in registers, which
 * takes constant rows, vectors and across. */
ALWAYS_INLINE void add_depth(const float *a, ptrdiff_t a_row, const float *b, vector (*sum)[2], const int rows, const int vectors)
{
	const vector first = load(b), second = load(b + (vectors - 1) * LANES);
	UNROLL for (int r = 0; r < rows; r++) {
		const vector value = everywhere(a + r * a_row);
		sum[r][0] = multiply_add(value, first, sum[r][0]);
		if (vectors == 2)
			sum[r][1] = multiply_add(value, second, sum[r][1]);
	}
}

/* A's lines of one block of depths. Across, they come with each depth instead: a depth is a piece of one or two lines. */
ALWAYS_INLINE void prefetch_rows(const float *a, ptrdiff_t a_row, const int rows)
{
	UNROLL for (int r = 0; r < rows; r++)
		__builtin_prefetch(a + r * a_row);
}

ALWAYS_INLINE void prefetch_ends(const float *a, const int rows)
{
	__builtin_prefetch(a);
	__builtin_prefetch(a + rows - 1);
}

ALWAYS_INLINE void add_term(const struct product *p, const float *a, const float *next, const float *b, vector (*sum)[2],
                            const int rows, const int vectors, const bool across)
{
	const ptrdiff_t a_row = across ? 1 : p->a_row, a_depth = across ? p->a_depth : 1;
	for (int k = 0; k < p->depth; k += LINE) {
		const int end = p->depth - k < LINE ? p->depth - k : LINE;
		const float *ahead = k + AHEAD < p->depth ? a + AHEAD * a_depth : next + (k + AHEAD - p->depth) * a_depth;
		if (!across)
			prefetch_rows(ahead, a_row, rows);
		for (int i = 0; i < end; i++, a += a_depth, b += vectors * LANES) {
			if (across) {
				prefetch_ends(ahead + i * a_depth, rows);
				if (KERNEL_ROWS < LINE / 2) /* few rows: a line comes by so often that it pays to have it nearer still */
					prefetch_ends(a + NEAR * a_depth, rows);
			}
			add_depth(a, a_row, b, sum, rows, vectors);
		}
	}
}

ALWAYS_INLINE void store_rows(float *c, ptrdiff_t c_row, vector (*sum)[2], bool add, const int rows, const int vectors)
{
	UNROLL for (int r = 0; r < rows; r++) {
		float *target = c + r * c_row;
		store(target, add ? sum[r][0] + load(target) : sum[r][0]);
		if (vectors == 2)
			store(target + LANES, add ? sum[r][1] + load(target + LANES) : sum[r][1]);
	}
}

ALWAYS_INLINE void tile(const struct product *p, ptrdiff_t row, float *c, ptrdiff_t c_row, bool add, bool copies,
                        const int rows, const int vectors, const bool across)
{
	const ptrdiff_t first = row * (across ? 1 : p->a_row);
	const vector begin[2] = {p->bias ? load(p->bias) : (vector){0}, p->bias && vectors == 2 ? load(p->bias + LANES) : (vector){0}};
	vector sum[KERNEL_ROWS][2];
	UNROLL for (int r = 0; r < rows; r++) {
		sum[r][0] = begin[0];
		sum[r][1] = begin[1];
	}
	for (int t = 0; t < p->terms; t++) {
		const float *next = p->a[t + 1 < p->terms ? t + 1 : t];
		add_term(p, p->a[t] + first, next + first, p->b[t], sum, rows, vectors, across);
	}
	if (p->rectify) {
		UNROLL for (int r = 0; r < rows; r++) {
			sum[r][0] = rectified(sum[r][0]);
			sum[r][1] = rectified(sum[r][1]);
		}
	}
	store_rows(c, c_row, sum, add, rows, vectors);
	if (!copies)
		return;
	for (int i = 0; i < p->copies; i++)
		store_rows(c + p->copy[i], c_row, sum, add, rows, vectors);
	UNROLL for (int r = 0; r < rows; r++) {
		sum[r][0] = -sum[r][0];
		sum[r][1] = -sum[r][1];
	}
	for (int i = p->copies; i < p->copies + p->less; i++)
		store_rows(c + p->copy[i], c_row, sum, true, rows, vectors);
}

typedef void tile_function(const struct product *p, ptrdiff_t row, float *c, ptrdiff_t c_row, bool add, bool copies);

#define TILE(rows, vectors, across) \
	static void tile_##rows##_##vectors##_##across(const struct product *p, ptrdiff_t row, float *c, ptrdiff_t c_row, bool add, bool copies) \
	{ \
		tile(p, row, c, c_row, add, copies, rows, vectors, across); \
	}
#define TILES(rows) TILE(rows, 1, 0) TILE(rows, 2, 0) TILE(rows, 1, 1) TILE(rows, 2, 1)
#define TILE_ROW(rows) \
	[rows] = {{tile_##rows##_1_0, tile_##rows##_1_1}, {tile_##rows##_2_0, tile_##rows##_2_1}}

TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if KERNEL_ROWS > 6
TILES(7) TILES(8)
#endif
#if KERNEL_ROWS > 8
TILES(9) TILES(10) TILES(11) TILES(12) TILES(13)
#endif

/* By rows, vectors - 1, across. */
static tile_function *const tiles[KERNEL_ROWS + 1][2][2] = {
	TILE_ROW(1), TILE_ROW(2), TILE_ROW(3), TILE_ROW(4), TILE_ROW(5), TILE_ROW(6),
#if KERNEL_ROWS > 6
	TILE_ROW(7), TILE_ROW(8),
#endif
#if KERNEL_ROWS > 8
	TILE_ROW(9), TILE_ROW(10), TILE_ROW(11), TILE_ROW(12), TILE_ROW(13),
#endif
};

/* A panel with fewer columns than lanes is computed aside, so that nothing beyond C's columns is touched. */
static void tile_narrow(tile_function *function, const struct product *p, ptrdiff_t row, int rows)
{
	float aside[KERNEL_ROWS * PANEL];
	function(p, row, aside, PANEL, false, false);
	for (int r = 0; r < rows; r++) {
		float *c = p->c + (row + r) * p->c_row;
		for (int j = 0; j < p->columns; j++) {
			const float sum = aside[r * PANEL + j];
			c[j] = sum + (p->add ? c[j] : 0);
			for (int i = 0; i < p->copies; i++)
				c[p->copy[i] + j] = sum + (p->add ? c[p->copy[i] + j] : 0);
			for (int i = p->copies; i < p->copies + p->less; i++)
				c[p->copy[i] + j] -= sum;
		}
	}
}

/* Rows are cut evenly: 64 become 13 + 13 + 13 + 13 + 12. */
static void product(const struct product *p)
{
	const int vectors = p->columns > LANES ? 2 : 1, passes = (p->rows + KERNEL_ROWS - 1) / KERNEL_ROWS;
	const bool across = p->a_row == 1 && p->a_depth != 1;
	for (int pass = 0; pass < passes; pass++) {
		int first = (int)((long)p->rows * pass / passes), rows = (int)((long)p->rows * (pass + 1) / passes) - first;
		tile_function *function = tiles[rows][vectors - 1][across];
		if (p->columns == vectors * LANES)
			function(p, first, p->c + first * p->c_row, p->c_row, p->add, true);
		else
			tile_narrow(function, p, first, rows);
	}
}

extern const struct kernel KERNEL;
extern const struct kernel_pointwise POINTWISE;
extern const struct kernel_lookup LOOKUP;
extern const struct kernel_sparse SPARSE;
const struct kernel KERNEL = {
	.name = KERNEL_NAME,
	.pairs = PAIRS,
	.splits = SPLITS,
	.copies = true,
	.lanes = LANES,
	.panel = PANEL,
	.depth_step = DEPTH_STEP,
	.rows = KERNEL_ROWS,
	.product = product,
	.lookup = &LOOKUP,
	.sparse = &SPARSE,
	.pointwise = &POINTWISE,
};
