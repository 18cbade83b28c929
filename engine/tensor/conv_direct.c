/* Gather and scatter on the activations as they lie, or as pairs of bf16 in the same order.
 *
 * In the layout [H][W][N][C] an output pixel is one matrix N x C out, and it is the sum over its taps of
 * (N x C in of one input pixel) (C in x C out of that tap): one product of kernel.h with the taps as terms, which
 * keeps the sum in registers over all taps and all channels. Taps that fall on the padding are simply no terms, so the
 * border costs less than the inside. Scatter is the same with other terms and the weights transposed.
 *
 * A task is one panel of output channels and a few pixels: the panel's weights stay in the core's second-level cache
 * while the pixels pass. The cut depends on the shapes alone. */
#include "engine/tensor/conv_plan.h"

/* Enough tasks that the last ones to finish leave no core idle for long. */
enum { TASKS_WANTED = 128 };

typedef int terms_function(const struct conv_geometry *geometry, int y, int x, struct conv_term *terms);

struct direct_call {
	const struct conv_plan *plan;
	terms_function *terms;
	struct shape from, to;
	const float *weights, *input;
	size_t weights_part, input_part; /* elements of a part */
	float *output;
	int batch, parts, panels, groups, row_groups; /* tasks = panels * groups of pixels * groups of rows */
};

size_t conv_direct_scratch(const struct conv_plan *plan)
{
	const struct conv_geometry *g = &plan->geometry;
	if (!plan->kernel->pairs)
		return 0;
	const size_t big = (size_t)conv_pixels(g->big) * (size_t)conv_depth(plan->kernel, g->big.channels);
	const size_t small = (size_t)conv_pixels(g->small) * (size_t)conv_depth(plan->kernel, g->small.channels);
	return (size_t)plan->parts * (size_t)plan->max_batch * (big > small ? big : small);
}

/* One pixel of the input to pairs. */
static void pairs_task(void *context, int pixel)
{
	const struct direct_call *call = context;
	const struct conv_plan *plan = call->plan;
	const size_t row = (size_t)pixel * (size_t)call->batch;
	for (int part = 0; part < call->parts; part++)
		conv_pack_rows(plan->kernel, part, call->input + row * (size_t)call->from.channels, call->batch, call->from.channels,
		               plan->scratch->values + (size_t)part * call->input_part +
		               row * (size_t)conv_depth(plan->kernel, call->from.channels));
}

static void direct_task(void *context, int index)
{
	const struct direct_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int taps = conv_taps(&plan->geometry), depth = conv_depth(plan->kernel, call->from.channels), columns = call->to.channels;
	const int row_group = index % call->row_groups, group = index / call->row_groups % call->groups;
	const int panel = index / call->row_groups / call->groups, width = conv_panel_width(plan->kernel, columns, panel);
	const int first_row = conv_cut(call->batch, call->row_groups, row_group);
	const int first_pixel = conv_cut(conv_pixels(call->to), call->groups, group);
	const int end_pixel = conv_cut(conv_pixels(call->to), call->groups, group + 1);
	const float *weights = call->weights + conv_panel_begin(plan->kernel, (size_t)taps * (size_t)depth, panel);
	const float *a[CONV_MAX_TERMS], *b[CONV_MAX_TERMS];
	struct conv_term terms[CONV_MAX_TAPS];
	struct product product = {
		.rows = conv_cut(call->batch, call->row_groups, row_group + 1) - first_row,
		.columns = conv_panel_columns(plan->kernel, columns, panel),
		.depth = depth, .a = a, .b = b, .a_row = depth, .a_depth = 1, .c_row = columns,
	};
	for (int pixel = first_pixel; pixel < end_pixel; pixel++) {
		const int count = call->terms(&plan->geometry, pixel / call->to.width, pixel % call->to.width, terms);
		product.terms = 0;
		for (int t = 0; t < count; t++) {
			const float *input = call->input + ((size_t)terms[t].pixel * (size_t)call->batch + (size_t)first_row) * (size_t)depth;
			const float *tap = weights + (size_t)terms[t].tap * (size_t)depth * (size_t)width;
			conv_add_term(&product, a, b, call->parts, input, call->input_part, tap, call->weights_part);
		}
		product.c = call->output + ((size_t)pixel * (size_t)call->batch + (size_t)first_row) * (size_t)columns +
		            (size_t)panel * (size_t)plan->kernel->panel;
		plan->kernel->product(&product);
	}
}

static void run_direct(struct direct_call *call, struct parallel *parallel)
{
	if (call->plan->kernel->pairs) {
		call->input_part = (size_t)conv_pixels(call->from) * (size_t)call->batch *
		                   (size_t)conv_depth(call->plan->kernel, call->from.channels);
		parallel_run(parallel, pairs_task, call, conv_pixels(call->from));
		call->input = call->plan->scratch->values;
	}
	const int pixels = conv_pixels(call->to), tiles = (call->batch + call->plan->kernel->rows - 1) / call->plan->kernel->rows;
	call->panels = conv_panels(call->plan->kernel, call->to.channels);
	call->groups = conv_at_most((TASKS_WANTED + call->panels - 1) / call->panels, pixels);
	call->row_groups = conv_at_most((TASKS_WANTED + call->panels * call->groups - 1) / (call->panels * call->groups), tiles);
	parallel_run(parallel, direct_task, call, call->panels * call->groups * call->row_groups);
}

void conv_direct_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                         const float *big, float *small)
{
	struct direct_call call = {
		.plan = plan, .terms = conv_gather_terms, .from = plan->geometry.big, .to = plan->geometry.small,
		.weights = plan->gather_weights, .weights_part = plan->gather_count, .input = big, .output = small, .batch = batch, .parts = parts,
	};
	run_direct(&call, parallel);
}

void conv_direct_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                         const float *small, float *big)
{
	struct direct_call call = {
		.plan = plan, .terms = conv_scatter_terms, .from = plan->geometry.small, .to = plan->geometry.big,
		.weights = plan->scatter_weights, .weights_part = plan->scatter_count, .input = small, .output = big, .batch = batch, .parts = parts,
	};
	run_direct(&call, parallel);
}
