/* The product of kernel.h in AMX tiles, for pairs of bf16 (Sapphire Rapids and later).
 *
 * A tile is up to 16 rows of 64 bytes. One instruction multiplies a tile of A (16 rows x 16 pairs) by one of B (16 pairs x
 * 16 columns, its pairs side by side exactly as a panel has them) onto a tile of C (16 x 16 floats):
 *
 *                  B  6    B  7
 *        A  4      C  0    C  1        four multiplications for four loads; C stays in its tiles while all
 *        A  5      C  2    C  3        terms and all depths go by, and is touched once
 *
 * Fewer rows or columns are no special case: the tiles are configured to be as small as C's rest. */
#include "engine/tensor/kernel_variant.h"

#include <stdint.h>
#ifdef AMX_TILES
#include AMX_TILES /* tests bring what plays the tiles on any processor */
#endif

#define KERNEL OF_KERNEL(kernel_)
#define POINTWISE OF_FLOATS(kernel_pointwise_)

enum { SIDE = 16, ROWS = 2 * SIDE, PANEL = 2 * SIDE, TILES = 8 }; /* SIDE: pairs of a row too */

/* What LDTILECFG reads (Intel's manual, volume 1, chapter 18). */
struct configuration {
	uint8_t palette, start_row, reserved[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};

/* `rows` and `columns` of C in two tiles each way; where the second one is not used it is as the first. */
static void configure(int rows, int columns)
{
	struct configuration tiles = {.palette = 1};
	const int height[2] = {rows < SIDE ? rows : SIDE, rows > SIDE ? rows - SIDE : rows};
	const int width[2] = {columns < SIDE ? columns : SIDE, columns > SIDE ? columns - SIDE : columns};
	for (int tile = 0; tile < TILES; tile++) {
		const bool of_b = tile >= 6, of_a = !of_b && tile >= 4;
		const int down = tile < 4 ? tile / 2 : tile % 2, across = tile % 2;
		tiles.rows[tile] = (uint8_t)(of_b ? SIDE : height[down]);
		tiles.row_bytes[tile] = (uint16_t)(4 * (of_a ? SIDE : width[across]));
	}
	__asm__ volatile("" ::: "memory"); /* compilers do not know that the next line reads all of it */
	_tile_loadconfig(&tiles);
}

/* `tall`, `wide`: two tiles of rows, of columns; constants, so that each copy is a straight run of instructions. */
ALWAYS_INLINE void block(const struct product *p, ptrdiff_t row, const bool tall, const bool wide)
{
	const size_t c_step = (size_t)p->c_row * sizeof(float), a_step = (size_t)p->a_row * sizeof(float);
	const size_t b_step = (size_t)(wide ? PANEL : SIDE) * sizeof(float);
	float *c = p->c + row * p->c_row, *below = c + SIDE * p->c_row;
	_tile_zero(0);
	_tile_zero(1);
	_tile_zero(2);
	_tile_zero(3);
	if (p->add) {
		_tile_loadd(0, c, c_step);
		if (wide)
			_tile_loadd(1, c + SIDE, c_step);
		if (tall)
			_tile_loadd(2, below, c_step);
		if (tall && wide)
			_tile_loadd(3, below + SIDE, c_step);
	}
	for (int t = 0; t < p->terms; t++) {
		const float *a = p->a[t] + row * p->a_row, *b = p->b[t];
		for (int k = 0; k < p->depth; k += SIDE, a += SIDE, b += (wide ? PANEL : SIDE) * SIDE) {
			_tile_loadd(4, a, a_step);
			_tile_loadd(6, b, b_step);
			_tile_dpbf16ps(0, 4, 6);
			if (wide) {
				_tile_loadd(7, b + SIDE, b_step);
				_tile_dpbf16ps(1, 4, 7);
			}
			if (tall) {
				_tile_loadd(5, a + SIDE * p->a_row, a_step);
				_tile_dpbf16ps(2, 5, 6);
			}
			if (tall && wide)
				_tile_dpbf16ps(3, 5, 7);
		}
	}
	_tile_stored(0, c, c_step);
	if (wide)
		_tile_stored(1, c + SIDE, c_step);
	if (tall)
		_tile_stored(2, below, c_step);
	if (tall && wide)
		_tile_stored(3, below + SIDE, c_step);
}

static void block_low_narrow(const struct product *p, ptrdiff_t row) { block(p, row, false, false); }
static void block_low_wide(const struct product *p, ptrdiff_t row) { block(p, row, false, true); }
static void block_tall_narrow(const struct product *p, ptrdiff_t row) { block(p, row, true, false); }
static void block_tall_wide(const struct product *p, ptrdiff_t row) { block(p, row, true, true); }

/* Rows are cut evenly, so that heights differ by one at most and the tiles are seldom configured anew. */
static void product(const struct product *p)
{
	static void (*const blocks[2][2])(const struct product *p, ptrdiff_t row) = {
		{block_low_narrow, block_low_wide}, {block_tall_narrow, block_tall_wide},
	};
	const int passes = (p->rows + ROWS - 1) / ROWS;
	for (int pass = 0, configured = 0; pass < passes; pass++) {
		const int first = (int)((long)p->rows * pass / passes), rows = (int)((long)p->rows * (pass + 1) / passes) - first;
		if (rows != configured)
			configure(rows, p->columns);
		configured = rows;
		blocks[rows > SIDE][p->columns > SIDE](p, first);
	}
	_tile_release();
}

extern const struct kernel KERNEL;
extern const struct kernel_pointwise POINTWISE;
const struct kernel KERNEL = {
	.name = KERNEL_NAME,
	.pairs = true,
	.splits = true,
	.lanes = SIDE,
	.panel = PANEL,
	.depth_step = SIDE,
	.rows = ROWS,
	.product = product,
	.pointwise = &POINTWISE,
};
