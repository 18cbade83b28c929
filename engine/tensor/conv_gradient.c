/* The weight gradient: for each tap, dW (C big x C small) += sum over output pixels of (big pixel)^T (small pixel).
 *
 * This is one long product per tap whose depth runs over pixels and batch. `small` is first copied into panels
 * ([panel][pixel][N][width], scratch of the plan); `big` is read as it lies: its channels are the rows of the product
 * and neighbours in memory. A task owns one panel of small channels and a group of big channels for all taps. It walks
 * over blocks of pixels short enough that the block of both operands stays in the second-level cache while all taps
 * use it; each tap's result is added to the gradient once a block. */
#include "engine/tensor/conv_plan.h"

enum {
	DEPTH_WANTED = 2048, /* pixels x batch of a block: a quarter megabyte of panel at 32 columns */
	TERMS_AT_ONCE = 64,
	TILES_A_TASK = 2,
};

struct gradient_call {
	const struct conv_plan *plan;
	const float *big, *small;
	float *gradient;
	int batch, groups;
};

size_t conv_gradient_scratch(const struct conv_plan *plan)
{
	size_t rows = (size_t)conv_pixels(plan->geometry.small) * (size_t)plan->max_batch;
	return conv_panels_count(plan->kernel, rows, plan->geometry.small.channels);
}

static float *packed_panel(const struct gradient_call *call, int panel)
{
	const struct conv_plan *plan = call->plan;
	return plan->scratch + conv_panel_begin(plan->kernel, (size_t)conv_pixels(plan->geometry.small) * (size_t)call->batch, panel);
}

/* One (panel, pixel). */
static void pack_task(void *context, int index)
{
	const struct gradient_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int pixels = conv_pixels(plan->geometry.small), channels = plan->geometry.small.channels;
	const int panel = index / pixels, pixel = index % pixels;
	const size_t first_row = (size_t)pixel * (size_t)call->batch;
	conv_pack_panel(plan->kernel, call->small + first_row * (size_t)channels, call->batch, channels, panel,
	                packed_panel(call, panel) + first_row * (size_t)conv_panel_width(plan->kernel, channels, panel));
}

/* Adds the terms so far to the gradient of one tap. */
static void flush(const struct kernel *kernel, struct product *product)
{
	if (product->terms)
		kernel->product(product);
	product->terms = 0;
}

/* One tap over the small pixels first..end-1. */
static void add_tap(const struct gradient_call *call, struct product *product, int tap, int first, int end,
                    const float *big, const float *panel, int width)
{
	const struct conv_geometry *g = &call->plan->geometry;
	const float *a[TERMS_AT_ONCE], *b[TERMS_AT_ONCE];
	product->a = a;
	product->b = b;
	for (int pixel = first; pixel < end; pixel++) {
		int y = pixel / g->small.width * g->stride - g->padding + tap / g->kernel;
		int x = pixel % g->small.width * g->stride - g->padding + tap % g->kernel;
		if (y < 0 || y >= g->big.height || x < 0 || x >= g->big.width)
			continue;
		a[product->terms] = big + ((size_t)y * (size_t)g->big.width + (size_t)x) * (size_t)call->batch * (size_t)g->big.channels;
		b[product->terms++] = panel + (size_t)pixel * (size_t)call->batch * (size_t)width;
		if (product->terms == TERMS_AT_ONCE)
			flush(call->plan->kernel, product);
	}
	flush(call->plan->kernel, product);
}

static void gradient_task(void *context, int index)
{
	const struct gradient_call *call = context;
	const struct conv_plan *plan = call->plan;
	const struct conv_geometry *g = &plan->geometry;
	const int pixels = conv_pixels(g->small), cb = g->big.channels, cs = g->small.channels;
	const int panel = index / call->groups, group = index % call->groups, width = conv_panel_width(plan->kernel, cs, panel);
	const int first_row = (int)((long)cb * group / call->groups), end_row = (int)((long)cb * (group + 1) / call->groups);
	const int blocks = (int)(((long)pixels * call->batch + DEPTH_WANTED - 1) / DEPTH_WANTED);
	struct product product = {
		.rows = end_row - first_row, .columns = conv_panel_columns(plan->kernel, cs, panel), .depth = call->batch,
		.a_row = 1, .a_depth = cb, .c_row = cs, .add = true,
	};
	for (int block = 0; block < blocks; block++) {
		int first = (int)((long)pixels * block / blocks), end = (int)((long)pixels * (block + 1) / blocks);
		for (int tap = 0; tap < conv_taps(g); tap++) {
			product.c = call->gradient + ((size_t)tap * (size_t)cb + (size_t)first_row) * (size_t)cs +
			            (size_t)panel * (size_t)plan->kernel->panel;
			add_tap(call, &product, tap, first, end, call->big + first_row, packed_panel(call, panel), width);
		}
	}
}

void conv_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch,
                   const float *big, const float *small, float *gradient)
{
	const struct conv_geometry *g = &plan->geometry;
	const int panels = conv_panels(plan->kernel, g->small.channels), rows = TILES_A_TASK * plan->kernel->rows;
	struct gradient_call call = {plan, big, small, gradient, batch, (g->big.channels + rows - 1) / rows};
	parallel_run(parallel, pack_task, &call, panels * conv_pixels(g->small));
	parallel_run(parallel, gradient_task, &call, panels * call.groups);
}
