#include "engine/tensor/conv.h"

#include <assert.h>
#include <stdlib.h>

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

/* Weights are packed as matrices [big channels][small channels], one a tap. A thin layer counts taps among its big channels:
 * those of a row in gather, all in scatter. */
static int gather_rows(const struct conv_plan *plan)
{
	return (plan->thin ? plan->geometry.kernel : 1) * plan->geometry.big.channels;
}

static int scatter_columns(const struct conv_plan *plan)
{
	return (plan->thin ? conv_taps(&plan->geometry) : 1) * plan->geometry.big.channels;
}

static int matrices(const struct conv_plan *plan, int big_channels)
{
	return conv_taps(&plan->geometry) * plan->geometry.big.channels / big_channels;
}

/* Enough for each of the three directions, which follow one another. */
static size_t scratch_count(const struct conv_plan *plan)
{
	if (plan->thin)
		return conv_thin_scratch(plan);
	return conv_larger(conv_larger(conv_direct_scratch(plan), conv_gradient_scratch(plan)), conv_winograd_scratch(plan));
}

bool conv_scratch_allocate(struct conv_scratch *scratch, struct error *error)
{
	scratch->values = memory_try_floats(scratch->count, "convolution scratch", error);
	return scratch->values != NULL;
}

void conv_scratch_clear(struct conv_scratch *scratch)
{
	free(scratch->values);
	*scratch = (struct conv_scratch){0};
}

/* Fills in what comes from the precision; false: memory is refused. */
static bool choose_kernel(struct conv_plan *plan, enum precision precision, struct error *error)
{
	const struct kernel *pairs = precision != PRECISION_FLOAT32 ? kernel_of_pairs() : NULL;
	const bool split = pairs && precision == PRECISION_BF16_SPLIT;
	plan->kernel = pairs ? pairs : kernel_current();
	plan->parts = split && pairs->splits ? 2 : 1;
	plan->thin = conv_thin_fits(&plan->geometry, plan->kernel);
	for (int direction = 0; direction < CONV_DIRECTIONS; direction++)
		plan->winograd[direction] = conv_winograd_pays(plan, (enum conv_direction)direction);
	if (!split || pairs->splits)
		return true;
	plan->exact = conv_plan_create(&plan->geometry, plan->max_batch, PRECISION_FLOAT32, plan->scratch, error);
	return plan->exact != NULL;
}

static bool allocate(struct conv_plan *plan, struct error *error)
{
	const int rows = gather_rows(plan), columns = scatter_columns(plan), small_channels = plan->geometry.small.channels;
	const size_t gather_depth = (size_t)matrices(plan, rows) * (size_t)conv_depth(plan->kernel, rows);
	const size_t scatter_depth = (size_t)matrices(plan, columns) * (size_t)conv_depth(plan->kernel, small_channels);
	plan->gather_count = conv_panels_count(plan->kernel, gather_depth, small_channels);
	plan->scatter_count = conv_panels_count(plan->kernel, scatter_depth, columns);
	plan->scratch->count = conv_larger(plan->scratch->count, scratch_count(plan));
	plan->gather_weights = memory_try_floats((size_t)plan->parts * plan->gather_count, "packed convolution weights", error);
	plan->scatter_weights = memory_try_floats((size_t)plan->parts * plan->scatter_count, "packed convolution weights", error);
	return plan->gather_weights && plan->scatter_weights;
}

struct conv_plan *conv_plan_create(const struct conv_geometry *geometry, int max_batch, enum precision precision,
                                   struct conv_scratch *scratch, struct error *error)
{
	assert_geometry(geometry);
	assert(max_batch >= 1);
	struct conv_plan *plan = memory_zeroed(1, sizeof *plan);
	plan->geometry = *geometry;
	plan->max_batch = max_batch;
	plan->scratch = scratch;
	if (choose_kernel(plan, precision, error) && allocate(plan, error))
		return plan;
	conv_plan_destroy(plan);
	return NULL;
}

void conv_plan_destroy(struct conv_plan *plan)
{
	if (!plan)
		return;
	conv_plan_destroy(plan->exact);
	free(plan->gather_weights);
	free(plan->scatter_weights);
	free(plan);
}

const struct conv_geometry *conv_plan_geometry(const struct conv_plan *plan)
{
	return &plan->geometry;
}

struct pack_call {
	const struct conv_plan *plan;
	const float *weights;
};

/* Where packed weights of a (panel, matrix) begin, of so many matrices, columns and elements of depth. */
static float *packed_matrix(const struct conv_plan *plan, float *weights, int count, int columns, int depth, int panel, int matrix)
{
	const size_t width = (size_t)conv_panel_width(plan->kernel, columns, panel);
	return weights + conv_panel_begin(plan->kernel, (size_t)count * (size_t)depth, panel) + (size_t)matrix * (size_t)depth * width;
}

static void pack_gather(const struct pack_call *call, int matrix, int panel)
{
	const struct conv_plan *plan = call->plan;
	const int rows = gather_rows(plan), columns = plan->geometry.small.channels, count = matrices(plan, rows);
	const float *from = call->weights + (size_t)matrix * (size_t)rows * (size_t)columns;
	float *target = packed_matrix(plan, plan->gather_weights, count, columns, conv_depth(plan->kernel, rows), panel, matrix);
	for (int part = 0; part < plan->parts; part++)
		conv_pack_panel(plan->kernel, part, from, rows, columns, panel, target + (size_t)part * plan->gather_count);
}

static void pack_scatter(const struct pack_call *call, int matrix, int panel)
{
	const struct conv_plan *plan = call->plan;
	const int rows = plan->geometry.small.channels, columns = scatter_columns(plan), count = matrices(plan, columns);
	const float *from = call->weights + (size_t)matrix * (size_t)columns * (size_t)rows;
	float *target = packed_matrix(plan, plan->scatter_weights, count, columns, conv_depth(plan->kernel, rows), panel, matrix);
	for (int part = 0; part < plan->parts; part++)
		conv_pack_transposed_panel(plan->kernel, part, from, rows, columns, panel, target + (size_t)part * plan->scatter_count);
}

/* A panel of one order or the other, all of a matrix one after the other: it is read from memory once. */
static void pack_task(void *context, int index)
{
	const struct pack_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int gathered = conv_panels(plan->kernel, plan->geometry.small.channels);
	const int panels = gathered + conv_panels(plan->kernel, scatter_columns(plan)), matrix = index / panels, panel = index % panels;
	const size_t count = (size_t)gather_rows(plan) * (size_t)plan->geometry.small.channels;
	if (panel == 0)
		conv_fetch(call->weights + (size_t)matrix * count, count);
	if (panel < gathered)
		pack_gather(call, matrix, panel);
	else if (matrix < matrices(plan, scatter_columns(plan))) /* a thin layer has fewer */
		pack_scatter(call, matrix, panel - gathered);
}

void conv_pack(struct conv_plan *plan, struct parallel *parallel, const float *weights)
{
	struct pack_call call = {plan, weights};
	const int panels = conv_panels(plan->kernel, plan->geometry.small.channels) + conv_panels(plan->kernel, scatter_columns(plan));
	parallel_run(parallel, pack_task, &call, panels * matrices(plan, gather_rows(plan)));
	if (plan->exact)
		conv_pack(plan->exact, parallel, weights);
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

/* Only every stride-th tap falls on an input pixel: tap first + m stride on pixel last - m. */
int conv_scatter_terms(const struct conv_geometry *g, int y, int x, struct conv_term *terms)
{
	const int last_y = (y + g->padding) / g->stride, first_ky = y + g->padding - last_y * g->stride;
	const int last_x = (x + g->padding) / g->stride, first_kx = x + g->padding - last_x * g->stride;
	int count = 0;
	for (int m = 0, ky = first_ky; ky < g->kernel && m <= last_y; m++, ky += g->stride) {
		if (last_y - m >= g->small.height)
			continue;
		const int row = (last_y - m) * g->small.width;
		for (int n = 0, kx = first_kx; kx < g->kernel && n <= last_x; n++, kx += g->stride)
			if (last_x - n < g->small.width)
				terms[count++] = (struct conv_term){row + last_x - n, ky * g->kernel + kx};
	}
	return count;
}

/* The plan that does a call of this one. */
static const struct conv_plan *plan_of(const struct conv_plan *plan, const struct conv_call *call)
{
	assert(call->batch >= 1 && call->batch <= plan->max_batch);
	return call->exact && plan->exact ? plan->exact : plan;
}

static int parts_of(const struct conv_plan *plan, const struct conv_call *call) { return call->exact ? plan->parts : 1; }

/* Winograd's sums are not those of conv_packed.c. */
static bool by_winograd(const struct conv_plan *plan, const struct conv_call *call, enum conv_direction direction)
{
	return plan->winograd[direction] && !call->literal && parts_of(plan, call) == 1;
}

void conv_gather(struct conv_plan *whole, struct conv_call call, const float *big, float *small)
{
	const struct conv_plan *plan = plan_of(whole, &call);
	const int parts = parts_of(plan, &call);
	if (by_winograd(plan, &call, CONV_GATHER))
		conv_winograd_gather(plan, call.parallel, call.batch, big, small);
	else
		(plan->thin ? conv_thin_gather : conv_direct_gather)(plan, call.parallel, call.batch, parts, big, small);
}

void conv_scatter(struct conv_plan *whole, struct conv_call call, const float *small, float *big)
{
	const struct conv_plan *plan = plan_of(whole, &call);
	const int parts = parts_of(plan, &call);
	if (by_winograd(plan, &call, CONV_SCATTER))
		conv_winograd_scatter(plan, call.parallel, call.batch, small, big);
	else
		(plan->thin ? conv_thin_scatter : conv_direct_scatter)(plan, call.parallel, call.batch, parts, small, big);
}

void conv_weight_gradient(struct conv_plan *whole, struct conv_call call, const float *big, const float *small, float *gradient)
{
	const struct conv_plan *plan = plan_of(whole, &call);
	const int parts = parts_of(plan, &call);
	if (by_winograd(plan, &call, CONV_WEIGHT_GRADIENT))
		conv_winograd_gradient(plan, call.parallel, call.batch, big, small, gradient);
	else
		(plan->thin ? conv_thin_gradient : conv_gradient)(plan, call.parallel, call.batch, parts, big, small, gradient);
}
