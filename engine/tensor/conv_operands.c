/* Activations and weights as a kernel reads them: copied, transposed, and for pairs rounded to bf16 on the way. */
#include <string.h>

#include "engine/tensor/conv_plan.h"

enum { LINE = 16 }; /* elements of a cache line */

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* target[i][j] = from[j][i] for i, j < 4; the steps are elements from row to row. */
static inline void transpose_four(const float *from, size_t from_step, float *target, size_t target_step)
{
	const four a = *(const four *)from, b = *(const four *)(from + from_step);
	const four c = *(const four *)(from + 2 * from_step), d = *(const four *)(from + 3 * from_step);
	const four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
	const four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
	*(four *)target = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
	*(four *)(target + target_step) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
	*(four *)(target + 2 * target_step) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
	*(four *)(target + 3 * target_step) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/* target[rows][width] = transpose of from[used][rows], the rest of the width 0; from_step, target_step: elements from row to row. In
 * blocks of one cache line of `from` times four: a walk down whole columns would throw every line out before its second use. */
static void transpose(const float *from, size_t from_step, int rows, int used, int width, float *target, size_t target_step)
{
	const int whole_rows = rows / 4 * 4, whole_columns = used / 4 * 4;
	for (int line = 0; line < whole_rows; line += LINE) {
		const int end = conv_at_most(line + LINE, whole_rows);
		for (int c = 0; c < whole_columns; c += 4) {
			for (int r = line; r < end; r += 4)
				transpose_four(from + (size_t)c * from_step + (size_t)r, from_step,
				               target + (size_t)r * target_step + (size_t)c, target_step);
		}
	}
	for (int r = 0; r < rows; r++) {
		for (int c = r < whole_rows ? whole_columns : 0; c < width; c++)
			target[(size_t)r * target_step + (size_t)c] = c < used ? from[(size_t)c * from_step + (size_t)r] : 0;
	}
}

void conv_fetch(const float *values, size_t count)
{
	for (size_t i = 0; i < count; i += LINE)
		(void)*(const volatile float *)(values + i);
}

static void zero(float *target, int count) { memset(target, 0, (size_t)count * sizeof *target); }

void conv_pack_panel(const struct kernel *kernel, int part, const float *matrix, int rows, int columns, int panel, float *target)
{
	const int width = conv_panel_width(kernel, columns, panel), used = conv_panel_columns(kernel, columns, panel);
	const int depth = conv_depth(kernel, rows), filled = kernel->pairs ? (rows + 1) / 2 : rows;
	const float *from = matrix + (size_t)panel * (size_t)kernel->panel;
	if (kernel->pairs)
		kernel->pointwise->zip_rows((size_t)rows, (size_t)used, part, from, (size_t)columns, target, (size_t)width);
	for (int k = 0; k < rows && !kernel->pairs; k++)
		memcpy(target + k * width, from + (size_t)k * (size_t)columns, (size_t)used * sizeof *target);
	for (int k = 0; k < filled && used < width; k++)
		zero(target + k * width + used, width - used);
	zero(target + filled * width, (depth - filled) * width);
}

void conv_pack_transposed_panel(const struct kernel *kernel, int part, const float *matrix, int rows, int columns, int panel,
                                float *target)
{
	const int width = conv_panel_width(kernel, columns, panel), used = conv_panel_columns(kernel, columns, panel);
	const size_t step = (size_t)rows;
	const float *from = matrix + (size_t)panel * (size_t)kernel->panel * step;
	if (!kernel->pairs) {
		transpose(from, step, rows, used, width, target, (size_t)width);
		return;
	}
	for (int first = 0, depth = conv_depth(kernel, rows); first < depth; first += LINE, target += LINE * width) {
		float pairs[CONV_WIDEST_PANEL][LINE];
		const int count = conv_at_most(2 * LINE, rows - 2 * first), filled = (count + 1) / 2;
		kernel->pointwise->join_rows((size_t)used, (size_t)count, part, from + 2 * first, step, pairs[0], LINE);
		for (int c = 0; c < used && filled < LINE; c++)
			zero(pairs[c] + filled, LINE - filled);
		transpose(pairs[0], LINE, conv_at_most(LINE, depth - first), used, width, target, (size_t)width);
	}
}

void conv_pack_rows(const struct kernel *kernel, int part, const float *matrix, int rows, int depth, float *target)
{
	const int step = conv_depth(kernel, depth), filled = (depth + 1) / 2;
	if (2 * step == depth) { /* one run */
		kernel->pointwise->join_rows(1, (size_t)rows * (size_t)depth, part, matrix, 0, target, 0);
		return;
	}
	kernel->pointwise->join_rows((size_t)rows, (size_t)depth, part, matrix, (size_t)depth, target, (size_t)step);
	for (int r = 0; r < rows && filled < step; r++)
		zero(target + r * step + filled, step - filled);
}

void conv_pack_columns(const struct kernel *kernel, int part, const float *matrix, int rows, int columns, float *target)
{
	const int step = conv_depth(kernel, rows);
	for (int first = 0; first < step; first += LINE) {
		const int depth = conv_at_most(LINE, step - first), used = conv_at_most(2 * depth, rows - 2 * first);
		for (int column = 0; column < columns; column += LINE) {
			float pairs[LINE][LINE];
			const int count = conv_at_most(LINE, columns - column);
			if (used > 0)
				kernel->pointwise->zip_rows((size_t)used, (size_t)count, part, matrix + (size_t)(2 * first) * (size_t)columns + column,
				                            (size_t)columns, pairs[0], LINE);
			for (int k = used > 0 ? (used + 1) / 2 : 0; k < depth; k++)
				zero(pairs[k], count);
			transpose(pairs[0], LINE, count, depth, depth, target + (size_t)column * (size_t)step + first, (size_t)step);
		}
	}
}
