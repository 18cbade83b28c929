#include "engine/tensor/conv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/conv_plan.h"

size_t conv_weight_count(const struct conv_geometry *geometry)
{
	return (size_t)conv_taps(geometry) * (size_t)geometry->big.channels * (size_t)geometry->small.channels;
}

double conv_multiply_adds(const struct conv_geometry *geometry)
{
	return (double)conv_weight_count(geometry) * conv_pixels(geometry->small);
}

static void assert_geometry(const struct conv_geometry *g)
{
	assert(g->kernel >= 1 && g->kernel <= CONV_MAX_KERNEL && g->stride >= 1 && g->padding >= 0);
	assert(g->big.channels >= 1 && g->small.channels >= 1 && g->small.height >= 1 && g->small.width >= 1);
	assert((g->small.height - 1) * g->stride + g->kernel == g->big.height + 2 * g->padding);
	assert((g->small.width - 1) * g->stride + g->kernel == g->big.width + 2 * g->padding);
}

/* A thin layer counts the taps among its channels: one matrix [small channels][taps x big channels]. */
static int scatter_taps(const struct conv_plan *plan) { return plan->thin ? 1 : conv_taps(&plan->geometry); }

static int scatter_columns(const struct conv_plan *plan)
{
	const struct conv_geometry *g = &plan->geometry;
	return plan->thin ? conv_taps(g) * g->big.channels : g->big.channels;
}

struct conv_plan *conv_plan_create(const struct conv_geometry *geometry, int max_batch, struct error *error)
{
	assert_geometry(geometry);
	assert(max_batch >= 1);
	struct conv_plan *plan = memory_zeroed(1, sizeof *plan);
	plan->geometry = *geometry;
	plan->kernel = kernel_current();
	plan->max_batch = max_batch;
	plan->thin = geometry->big.channels <= CONV_THIN_CHANNELS;
	size_t depth = (size_t)conv_taps(geometry) * (size_t)geometry->big.channels;
	size_t scatter_depth = (size_t)scatter_taps(plan) * (size_t)geometry->small.channels;
	plan->scratch_count = plan->thin ? conv_thin_scratch(plan) : conv_gradient_scratch(plan);
	plan->gather_weights = memory_try_floats(conv_panels_count(plan->kernel, depth, geometry->small.channels),
	                                         "packed convolution weights", error);
	plan->scatter_weights = memory_try_floats(conv_panels_count(plan->kernel, scatter_depth, scatter_columns(plan)),
	                                          "packed convolution weights", error);
	plan->scratch = memory_try_floats(plan->scratch_count, "convolution scratch", error);
	if (plan->gather_weights && plan->scatter_weights && plan->scratch)
		return plan;
	conv_plan_destroy(plan);
	return NULL;
}

void conv_plan_destroy(struct conv_plan *plan)
{
	if (!plan)
		return;
	free(plan->gather_weights);
	free(plan->scatter_weights);
	free(plan->scratch);
	free(plan);
}

const struct conv_geometry *conv_plan_geometry(const struct conv_plan *plan)
{
	return &plan->geometry;
}

void conv_pack_panel(const struct kernel *kernel, const float *matrix, int rows, int columns, int panel, float *target)
{
	const int width = conv_panel_width(kernel, columns, panel), used = conv_panel_columns(kernel, columns, panel);
	const float *from = matrix + (size_t)panel * (size_t)kernel->panel;
	for (int row = 0; row < rows; row++, from += columns, target += width) {
		memcpy(target, from, (size_t)used * sizeof *target);
		if (used < width)
			memset(target + used, 0, (size_t)(width - used) * sizeof *target);
	}
}

struct pack_call {
	const struct conv_plan *plan;
	const float *weights;
};

static void pack_gather_task(void *context, int panel)
{
	const struct pack_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int depth = conv_taps(&plan->geometry) * plan->geometry.big.channels;
	conv_pack_panel(plan->kernel, call->weights, depth, plan->geometry.small.channels, panel,
	                plan->gather_weights + conv_panel_begin(plan->kernel, (size_t)depth, panel));
}

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* target[i][j] = from[j][i] for i, j < 4; the steps are floats from row to row. */
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

/* target[rows][width] = transpose of from[used][rows], the rest of the width 0. In blocks of one cache line of `from`
 * times four: a walk down whole columns would throw every line out before its second use. */
static void pack_transposed(const float *from, int rows, int used, int width, float *target)
{
	enum { LINE = 16 };
	const size_t length = (size_t)rows, step = (size_t)width;
	const int whole_rows = rows / 4 * 4, whole_columns = used / 4 * 4;
	for (int line = 0; line < whole_rows; line += LINE) {
		const int end = conv_at_most(line + LINE, whole_rows);
		for (int c = 0; c < whole_columns; c += 4) {
			for (int r = line; r < end; r += 4)
				transpose_four(from + (size_t)c * length + (size_t)r, length, target + (size_t)r * step + (size_t)c, step);
		}
	}
	for (int r = 0; r < rows; r++) {
		for (int c = r < whole_rows ? whole_columns : 0; c < width; c++)
			target[(size_t)r * step + (size_t)c] = c < used ? from[(size_t)c * length + (size_t)r] : 0;
	}
}

/* One (panel, tap). The weights of a tap are [big channels][small channels], and thin layers have one big "tap". */
static void pack_scatter_task(void *context, int index)
{
	const struct pack_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int taps = scatter_taps(plan), columns = scatter_columns(plan), depth = plan->geometry.small.channels;
	const int panel = index / taps, tap = index % taps, width = conv_panel_width(plan->kernel, columns, panel);
	const float *from = call->weights + (size_t)(tap * columns + panel * plan->kernel->panel) * (size_t)depth;
	float *target = plan->scatter_weights + conv_panel_begin(plan->kernel, (size_t)taps * (size_t)depth, panel) +
	                (size_t)tap * (size_t)depth * (size_t)width;
	pack_transposed(from, depth, conv_panel_columns(plan->kernel, columns, panel), width, target);
}

void conv_pack(struct conv_plan *plan, struct parallel *parallel, const float *weights)
{
	struct pack_call call = {plan, weights};
	parallel_run(parallel, pack_gather_task, &call, conv_panels(plan->kernel, plan->geometry.small.channels));
	parallel_run(parallel, pack_scatter_task, &call, conv_panels(plan->kernel, scatter_columns(plan)) * scatter_taps(plan));
}

int conv_gather_terms(const struct conv_geometry *g, int y, int x, struct conv_term *terms)
{
	int count = 0;
	for (int ky = 0; ky < g->kernel; ky++) {
		for (int kx = 0; kx < g->kernel; kx++) {
			int from_y = y * g->stride - g->padding + ky, from_x = x * g->stride - g->padding + kx;
			if (from_y >= 0 && from_y < g->big.height && from_x >= 0 && from_x < g->big.width)
				terms[count++] = (struct conv_term){from_y * g->big.width + from_x, ky * g->kernel + kx};
		}
	}
	return count;
}

/* Only every stride-th tap falls on an input pixel. */
int conv_scatter_terms(const struct conv_geometry *g, int y, int x, struct conv_term *terms)
{
	const int up = y + g->padding, left = x + g->padding;
	int count = 0;
	for (int ky = up % g->stride; ky < g->kernel && ky <= up; ky += g->stride) {
		if ((up - ky) / g->stride >= g->small.height)
			continue;
		const int row = (up - ky) / g->stride * g->small.width;
		for (int kx = left % g->stride; kx < g->kernel && kx <= left; kx += g->stride)
			if ((left - kx) / g->stride < g->small.width)
				terms[count++] = (struct conv_term){row + (left - kx) / g->stride, ky * g->kernel + kx};
	}
	return count;
}

void conv_gather(struct conv_plan *plan, struct parallel *parallel, int batch, const float *big, float *small)
{
	assert(batch >= 1 && batch <= plan->max_batch);
	(plan->thin ? conv_thin_gather : conv_direct_gather)(plan, parallel, batch, big, small);
}

void conv_scatter(struct conv_plan *plan, struct parallel *parallel, int batch, const float *small, float *big)
{
	assert(batch >= 1 && batch <= plan->max_batch);
	(plan->thin ? conv_thin_scatter : conv_direct_scatter)(plan, parallel, batch, small, big);
}

void conv_weight_gradient(struct conv_plan *plan, struct parallel *parallel, int batch,
                          const float *big, const float *small, float *gradient)
{
	assert(batch >= 1 && batch <= plan->max_batch);
	(plan->thin ? conv_thin_gradient : conv_gradient)(plan, parallel, batch, big, small, gradient);
}
