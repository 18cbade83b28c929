/* Layers whose big side is a picture: 1 or 3 channels would leave the lanes of a vector empty. Here the taps count as
 * channels. With patches [N][taps x C big] of a small pixel (each tap's big pixel, zero on the padding),
 *
 *   gather           small = patches W                  patches are made on the stack, a few pictures at a time
 *   scatter          patches = small W^T, then each big pixel is the sum of the patch entries that name it
 *   weight gradient  dW += patches^T small, a partial sum a group of pixels, added up in order
 *
 * The patches of scatter go through the plan's scratch, for as many pictures at a time as fit it. */
#include <string.h>

#include "engine/tensor/conv_plan.h"

enum {
	STACK_PATCHES = 8192,         /* elements: with the panel below half of a first-level cache */
	STACK_ROWS = 64,              /* pictures at once in a panel on the stack */
	SCATTER_PATCHES = 1 << 20,    /* floats of scratch, if they hold enough pictures for one pass of the kernel */
	PIXEL_GROUPS = 64,            /* tasks, if there are as many pixels */
	GRADIENT_GROUPS = 32,         /* partial sums of the weight gradient */
	WIDEST_PANEL = 32,
	PARTS = 2,
};

struct thin_call {
	const struct conv_plan *plan;
	const float *input, *other; /* other: small, of the weight gradient */
	float *output, *patches;
	int batch, parts;
	int first, rows;            /* scatter: the pictures at work */
	int groups;
};

static int patch_size(const struct conv_plan *plan) { return conv_taps(&plan->geometry) * plan->geometry.big.channels; }
static int small_pixels(const struct conv_plan *plan) { return conv_pixels(plan->geometry.small); }

/* first small pixel of a group of the call's; of the last one + 1: their count */
static int group_begin(const struct thin_call *call, int group)
{
	return (int)((long)small_pixels(call->plan) * group / call->groups);
}

static int stack_rows(const struct conv_plan *plan)
{
	int rows = STACK_PATCHES / patch_size(plan);
	return rows < 1 ? 1 : conv_at_most(rows, STACK_ROWS);
}

static int scatter_rows(const struct conv_plan *plan)
{
	int rows = (int)(SCATTER_PATCHES / ((size_t)small_pixels(plan) * (size_t)patch_size(plan)));
	return conv_at_most(rows < plan->kernel->rows ? plan->kernel->rows : rows, plan->max_batch);
}

static int gradient_groups(const struct conv_plan *plan) { return conv_at_most(GRADIENT_GROUPS, small_pixels(plan)); }

size_t conv_thin_scratch(const struct conv_plan *plan)
{
	size_t scatter = (size_t)scatter_rows(plan) * (size_t)small_pixels(plan) * (size_t)patch_size(plan);
	size_t gradient = (size_t)gradient_groups(plan) * conv_weight_count(&plan->geometry);
	return scatter > gradient ? scatter : gradient;
}

/* Where picture `first` of a pixel begins in an activation of so many channels. */
static size_t first_value(const struct thin_call *call, int pixel, int first, int channels)
{
	return ((size_t)pixel * (size_t)call->batch + (size_t)first) * (size_t)channels;
}

/* to[row][0..channels-1] += from[row * from_step][0..channels-1] */
static inline __attribute__((always_inline)) void add_channels(const float *restrict from, int from_step, float *restrict to,
                                                               int rows, int channels)
{
	for (int row = 0; row < rows; row++) {
		for (int c = 0; c < channels; c++)
			to[row * channels + c] += from[row * from_step + c];
	}
}

/* patches[row][tap][channel] of pictures first..first+rows-1 at one small pixel. */
static void fill_patches(const struct thin_call *call, int pixel, int first, int rows, float *patches)
{
	const struct conv_geometry *g = &call->plan->geometry;
	const int channels = g->big.channels, size = patch_size(call->plan);
	struct conv_term terms[CONV_MAX_TAPS];
	const int count = conv_gather_terms(g, pixel / g->small.width, pixel % g->small.width, terms);
	if (count < conv_taps(g))
		memset(patches, 0, (size_t)rows * (size_t)size * sizeof *patches);
	for (int t = 0; t < count; t++) {
		const float *from = call->input + first_value(call, terms[t].pixel, first, channels);
		float *to = patches + terms[t].tap * channels;
		for (int row = 0; row < rows; row++, from += channels, to += size) {
			for (int c = 0; c < channels; c++)
				to[c] = from[c];
		}
	}
}

/* Rows of the left side of a product: `depth` values each, as they are, or as pairs in `room`, a STACK_PATCHES a part. */
static const float *left_side(const struct thin_call *call, const float *values, int rows, int depth, float *room)
{
	const struct kernel *kernel = call->plan->kernel;
	if (!kernel->pairs)
		return values;
	for (int part = 0; part < call->parts; part++)
		conv_pack_rows(kernel, part, values, rows, depth, room + part * STACK_PATCHES);
	return room;
}

/* output rows = a (rows x depth, contiguous) times packed weights, all panels. */
static void multiply_panels(const struct thin_call *call, const float *a, int rows, int depth,
                            const float *weights, size_t weights_part, int columns, float *output)
{
	const struct kernel *kernel = call->plan->kernel;
	const float *left[CONV_MOST_PARTS], *right[CONV_MOST_PARTS];
	for (int panel = 0; panel < conv_panels(kernel, columns); panel++) {
		struct product product = {
			.rows = rows, .columns = conv_panel_columns(kernel, columns, panel), .depth = depth, .a = left, .b = right,
			.a_row = depth, .a_depth = 1, .c = output + panel * kernel->panel, .c_row = columns,
		};
		conv_add_term(&product, left, right, call->parts, a, STACK_PATCHES,
		              weights + conv_panel_begin(kernel, (size_t)depth, panel), weights_part);
		kernel->product(&product);
	}
}

static void gather_task(void *context, int group)
{
	const struct thin_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int step = stack_rows(plan), columns = plan->geometry.small.channels, size = patch_size(plan);
	_Alignas(64) float patches[STACK_PATCHES], pairs[PARTS * STACK_PATCHES];
	for (int pixel = group_begin(call, group); pixel < group_begin(call, group + 1); pixel++) {
		for (int first = 0; first < call->batch; first += step) {
			const int rows = conv_at_most(step, call->batch - first);
			fill_patches(call, pixel, first, rows, patches);
			multiply_panels(call, left_side(call, patches, rows, size, pairs), rows, conv_depth(plan->kernel, size),
			                plan->gather_weights, plan->gather_count, columns,
			                call->output + first_value(call, pixel, first, columns));
		}
	}
}

void conv_thin_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts, const float *big, float *small)
{
	struct thin_call call = {.plan = plan, .input = big, .output = small, .batch = batch, .parts = parts,
	                         .groups = conv_at_most(PIXEL_GROUPS, small_pixels(plan))};
	parallel_run(parallel, gather_task, &call, call.groups);
}

static void scatter_patches_task(void *context, int group)
{
	const struct thin_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int channels = plan->geometry.small.channels, depth = conv_depth(plan->kernel, channels), size = patch_size(plan);
	const int step = plan->kernel->pairs ? conv_at_most(STACK_PATCHES / depth, call->rows) : call->rows;
	_Alignas(64) float pairs[PARTS * STACK_PATCHES];
	for (int pixel = group_begin(call, group); pixel < group_begin(call, group + 1); pixel++) {
		float *patches = call->patches + (size_t)pixel * (size_t)call->rows * (size_t)size;
		for (int first = 0; first < call->rows; first += step) {
			const int rows = conv_at_most(step, call->rows - first);
			const float *values = call->input + first_value(call, pixel, call->first + first, channels);
			multiply_panels(call, left_side(call, values, rows, channels, pairs), rows, depth,
			                plan->scatter_weights, plan->scatter_count, size, patches + first * size);
		}
	}
}

void conv_thin_sum_row(const struct conv_geometry *g, int y, int rows, const float *patches, int pitch, size_t step, float *row)
{
	const int channels = g->big.channels;
	struct conv_term terms[CONV_MAX_TAPS];
	for (int x = 0; x < g->big.width; x++) {
		const int count = conv_scatter_terms(g, y, x, terms);
		float *to = row + (size_t)x * step;
		memset(to, 0, (size_t)rows * (size_t)channels * sizeof *to);
		for (int t = 0; t < count; t++) {
			const float *from = patches + (size_t)terms[t].pixel * (size_t)rows * (size_t)pitch + terms[t].tap * channels;
			if (channels == 3) /* colour: the compiler unrolls what it knows */
				add_channels(from, pitch, to, rows, 3);
			else
				add_channels(from, pitch, to, rows, channels);
		}
	}
}

static void scatter_sum_task(void *context, int y)
{
	const struct thin_call *call = context;
	const struct conv_geometry *g = &call->plan->geometry;
	conv_thin_sum_row(g, y, call->rows, call->patches, patch_size(call->plan), (size_t)call->batch * (size_t)g->big.channels,
	                  call->output + first_value(call, y * g->big.width, call->first, g->big.channels));
}

void conv_thin_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts, const float *small, float *big)
{
	struct thin_call call = {.plan = plan, .input = small, .output = big, .patches = plan->scratch->values, .batch = batch, .parts = parts,
	                         .groups = conv_at_most(PIXEL_GROUPS, small_pixels(plan))};
	for (int step = scatter_rows(plan); call.first < batch; call.first += step) {
		call.rows = conv_at_most(step, batch - call.first);
		parallel_run(parallel, scatter_patches_task, &call, call.groups);
		parallel_run(parallel, scatter_sum_task, &call, plan->geometry.big.height);
	}
}

/* partial += patches^T small over `rows` pictures of one pixel. */
static void add_pixel(const struct thin_call *call, const float *patches, const float *small, int rows, float *partial)
{
	const struct conv_plan *plan = call->plan;
	const struct kernel *kernel = plan->kernel;
	const int columns = plan->geometry.small.channels, size = patch_size(plan), depth = conv_depth(kernel, rows);
	_Alignas(64) float packed[PARTS * STACK_ROWS * WIDEST_PANEL], turned[PARTS * STACK_PATCHES];
	const float *a = patches, *left[CONV_MOST_PARTS], *right[CONV_MOST_PARTS];
	for (int part = 0; kernel->pairs && part < call->parts; part++)
		conv_pack_columns(kernel, part, patches, rows, size, turned + part * STACK_PATCHES);
	if (kernel->pairs)
		a = turned;
	for (int panel = 0; panel < conv_panels(kernel, columns); panel++) {
		struct product product = {
			.rows = size, .columns = conv_panel_columns(kernel, columns, panel), .depth = depth, .a = left, .b = right,
			.a_row = kernel->pairs ? depth : 1, .a_depth = kernel->pairs ? 1 : size,
			.c = partial + panel * kernel->panel, .c_row = columns, .add = true,
		};
		for (int part = 0; part < call->parts; part++)
			conv_pack_panel(kernel, part, small, rows, columns, panel, packed + part * STACK_ROWS * WIDEST_PANEL);
		conv_add_term(&product, left, right, call->parts, a, STACK_PATCHES, packed, STACK_ROWS * WIDEST_PANEL);
		kernel->product(&product);
	}
}

static void gradient_task(void *context, int group)
{
	const struct thin_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int step = stack_rows(plan), columns = plan->geometry.small.channels;
	const size_t weights = conv_weight_count(&plan->geometry);
	float *partial = call->patches + (size_t)group * weights;
	_Alignas(64) float patches[STACK_PATCHES];
	memset(partial, 0, weights * sizeof *partial);
	for (int pixel = group_begin(call, group); pixel < group_begin(call, group + 1); pixel++) {
		for (int first = 0; first < call->batch; first += step) {
			const int rows = conv_at_most(step, call->batch - first);
			fill_patches(call, pixel, first, rows, patches);
			add_pixel(call, patches, call->other + first_value(call, pixel, first, columns), rows, partial);
		}
	}
}

/* One row of the gradient: the partial sums in order. */
static void gradient_sum_task(void *context, int row)
{
	const struct thin_call *call = context;
	const int columns = call->plan->geometry.small.channels;
	const size_t weights = conv_weight_count(&call->plan->geometry), offset = (size_t)row * (size_t)columns;
	for (int group = 0; group < call->groups; group++) {
		for (int j = 0; j < columns; j++)
			call->output[offset + (size_t)j] += call->patches[(size_t)group * weights + offset + (size_t)j];
	}
}

void conv_thin_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch, int parts,
                        const float *big, const float *small, float *gradient)
{
	struct thin_call call = {.plan = plan, .input = big, .other = small, .output = gradient, .patches = plan->scratch->values,
	                         .batch = batch, .parts = parts, .groups = gradient_groups(plan)};
	parallel_run(parallel, gradient_task, &call, call.groups);
	parallel_run(parallel, gradient_sum_task, &call, patch_size(plan));
}
