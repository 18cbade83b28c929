/* The weight gradient: for each tap, dW (C big x C small) += sum over output pixels of (big pixel)^T (small pixel).
 *
 * This is one long product per tap whose depth runs over pixels and batch. Both operands are first copied into scratch,
 * where the product finds them as one stream: `small` in panels, [panel][pixel][N][width], and `big`, whose channels are
 * the rows of the product, in groups of channels, [pixel][group][N][channels of the group]; for pairs turned round,
 * [pixel][C big][depth of N]. A task owns one panel of small channels and one group of big channels for all taps. It walks
 * over blocks of pixels short enough that the block of both operands stays in the second-level cache while all taps
 * use it; each tap's result is added to the gradient once a block. */
#include <string.h>

#include "engine/tensor/conv_plan.h"

enum {
	DEPTH_WANTED = 2048, /* elements of a block along pixels and batch: a quarter megabyte of panel at 32 columns */
	TERMS_AT_ONCE = 64,
	TILES_A_TASK = 2,
};

struct gradient_call {
	const struct conv_plan *plan;
	const float *big, *small;
	float *gradient;
	int batch, parts, groups;
	int depth;                      /* elements of a pixel along the batch */
	float *turned, *panels;         /* big and small as the product reads them */
	size_t turned_part, panels_part; /* elements of a part */
};

static size_t panels_count(const struct conv_plan *plan, int batch)
{
	size_t rows = (size_t)conv_pixels(plan->geometry.small) * (size_t)conv_depth(plan->kernel, batch);
	return conv_panels_count(plan->kernel, rows, plan->geometry.small.channels);
}

static size_t turned_count(const struct conv_plan *plan, int batch)
{
	return shape_count(plan->geometry.big) * (size_t)conv_depth(plan->kernel, batch);
}

size_t conv_gradient_scratch(const struct conv_plan *plan)
{
	return (size_t)plan->parts * (panels_count(plan, plan->max_batch) + turned_count(plan, plan->max_batch));
}

static size_t panel_begin(const struct gradient_call *call, int panel)
{
	const struct conv_plan *plan = call->plan;
	return conv_panel_begin(plan->kernel, (size_t)conv_pixels(plan->geometry.small) * (size_t)call->depth, panel);
}

/* One (panel, pixel) of small. */
static void pack_task(void *context, int index)
{
	const struct gradient_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int pixels = conv_pixels(plan->geometry.small), channels = plan->geometry.small.channels;
	const int panel = index / pixels, pixel = index % pixels;
	const float *from = call->small + (size_t)pixel * (size_t)call->batch * (size_t)channels;
	float *to = call->panels + panel_begin(call, panel) +
	            (size_t)pixel * (size_t)call->depth * (size_t)conv_panel_width(plan->kernel, channels, panel);
	for (int part = 0; part < call->parts; part++)
		conv_pack_panel(plan->kernel, part, from, call->batch, channels, panel, to + (size_t)part * call->panels_part);
}

/* First channel of a group of the big side; of the last one + 1: their count. */
static int group_begin(const struct gradient_call *call, int group)
{
	return (int)((long)call->plan->geometry.big.channels * group / call->groups);
}

static size_t turned_pixel(const struct gradient_call *call)
{
	return (size_t)call->depth * (size_t)call->plan->geometry.big.channels;
}

/* One pixel's groups of channels, one after the other. */
static void copy_groups(const struct gradient_call *call, const float *from, float *to)
{
	const int channels = call->plan->geometry.big.channels;
	for (int group = 0; group < call->groups; group++) {
		const int first = group_begin(call, group), count = group_begin(call, group + 1) - first;
		for (int n = 0; n < call->batch; n++, to += count)
			memcpy(to, from + (size_t)n * (size_t)channels + first, (size_t)count * sizeof *to);
	}
}

/* One pixel of big. */
static void turn_task(void *context, int pixel)
{
	const struct gradient_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int channels = plan->geometry.big.channels;
	const float *from = call->big + (size_t)pixel * (size_t)call->batch * (size_t)channels;
	float *to = call->turned + (size_t)pixel * turned_pixel(call);
	for (int part = 0; plan->kernel->pairs && part < call->parts; part++)
		conv_pack_columns(plan->kernel, part, from, call->batch, channels, to + (size_t)part * call->turned_part);
	if (!plan->kernel->pairs)
		copy_groups(call, from, to);
}

/* Adds the terms so far to the gradient of one tap. */
static void flush(const struct kernel *kernel, struct product *product)
{
	if (product->terms)
		kernel->product(product);
	product->terms = 0;
}

/* One tap over the small pixels first..end-1. `big` and `panel`: where the task's rows and columns of pixel 0 begin. */
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
		conv_add_term(product, a, b, call->parts, big + (size_t)(y * g->big.width + x) * turned_pixel(call), call->turned_part,
		              panel + (size_t)pixel * (size_t)call->depth * (size_t)width, call->panels_part);
		if (product->terms > TERMS_AT_ONCE - CONV_MOST_PARTS)
			flush(call->plan->kernel, product);
	}
	flush(call->plan->kernel, product);
}

/* Of the sums that come next: they lie in memory, a line or two of each row. */
static void ask_for(const float *sums, int rows, int columns, int step)
{
	enum { LINE = 16 };
	for (int r = 0; r < rows; r++) {
		for (int c = 0; c < columns; c += LINE)
			__builtin_prefetch(sums + (size_t)r * (size_t)step + c, 1);
	}
}

static void gradient_task(void *context, int index)
{
	const struct gradient_call *call = context;
	const struct conv_plan *plan = call->plan;
	const struct conv_geometry *g = &plan->geometry;
	const int pixels = conv_pixels(g->small), cb = g->big.channels, cs = g->small.channels;
	const int panel = index / call->groups, group = index % call->groups, width = conv_panel_width(plan->kernel, cs, panel);
	const int first_row = group_begin(call, group), rows = group_begin(call, group + 1) - first_row;
	const int blocks = (int)(((long)pixels * call->depth + DEPTH_WANTED - 1) / DEPTH_WANTED);
	struct product product = {
		.rows = rows, .columns = conv_panel_columns(plan->kernel, cs, panel), .depth = call->depth,
		.a_row = plan->kernel->pairs ? call->depth : 1, .a_depth = plan->kernel->pairs ? 1 : rows, .c_row = cs, .add = true,
	};
	const float *big = call->turned + (size_t)first_row * (size_t)call->depth;
	for (int block = 0; block < blocks; block++) {
		int first = (int)((long)pixels * block / blocks), end = (int)((long)pixels * (block + 1) / blocks);
		for (int tap = 0; tap < conv_taps(g); tap++) {
			product.c = call->gradient + ((size_t)tap * (size_t)cb + (size_t)first_row) * (size_t)cs +
			            (size_t)panel * (size_t)plan->kernel->panel;
			if (tap + 1 < conv_taps(g))
				ask_for(product.c + (size_t)cb * (size_t)cs, rows, product.columns, cs);
			add_tap(call, &product, tap, first, end, big, call->panels + panel_begin(call, panel), width);
		}
	}
}

void conv_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                   const float *big, const float *small, float *gradient)
{
	const struct conv_geometry *g = &plan->geometry;
	const int panels = conv_panels(plan->kernel, g->small.channels), rows = TILES_A_TASK * plan->kernel->rows;
	struct gradient_call call = {
		.plan = plan, .big = big, .small = small, .gradient = gradient, .batch = batch, .parts = parts,
		.groups = (g->big.channels + rows - 1) / rows, .depth = conv_depth(plan->kernel, batch), .turned = plan->scratch->values,
		.turned_part = turned_count(plan, batch), .panels_part = panels_count(plan, batch),
	};
	call.panels = call.turned + (size_t)parts * call.turned_part;
	parallel_run(parallel, turn_task, &call, conv_pixels(g->big));
	parallel_run(parallel, pack_task, &call, panels * conv_pixels(g->small));
	parallel_run(parallel, gradient_task, &call, panels * call.groups);
}
