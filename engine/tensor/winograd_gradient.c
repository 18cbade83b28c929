/* The weight gradient (winograd.h). With dg0 = sum d[i] y[i] and dg1 = sum d[i + 1] y[i] it has the form of the outputs, y in the
 * place of g: a position's product is one of its mix of d with a mix of y's outputs, and it counts in the taps of its kind. All
 * positions of a kind add up in registers. Operands lie as in conv_gradient.c. */
#include "engine/tensor/winograd.h"

enum {
	PASSES_A_TASK = 3, /* of the kernel, over rows of C */
	TERMS_AT_ONCE = 64,
	STACK_ROWS = 64,   /* pictures at once in a panel on the stack */
};

/* First big channel of a group, at a whole vector; of the last one + 1: their count. */
static int group_begin(const struct winograd_call *call, int group)
{
	const int channels = call->from.channels, lanes = call->plan->kernel->lanes;
	return conv_at_most(channels, lanes * conv_cut((channels + lanes - 1) / lanes, call->groups, group));
}

/* A mix as conv_gradient.c has big pixels: groups of channels one after the other. */
static void fill_groups(const struct winograd_call *call, int index, float *to)
{
	struct kernel_term terms[KERNEL_MOST_TERMS];
	for (int group = 0; group < call->groups; group++) {
		const int first = group_begin(call, group), channels = group_begin(call, group + 1) - first;
		const int count = winograd_mix_terms(call, index, 0, first, terms);
		call->plan->kernel->pointwise->sum_terms((size_t)call->pictures, (size_t)channels, count, terms, to, channels);
		to += call->pictures * channels;
	}
}

/* The same for pairs, whose depth is the batch: channels one after the other. */
static void fill_turned(const struct winograd_call *call, int index, float *to)
{
	const struct kernel *kernel = call->plan->kernel;
	const int channels = call->from.channels, step = WINOGRAD_VALUES / call->pictures / CACHE_LINE * CACHE_LINE;
	struct kernel_term terms[KERNEL_MOST_TERMS];
	_Alignas(64) float aside[WINOGRAD_VALUES];
	for (int first = 0; first < channels; first += step) {
		const int columns = conv_at_most(step, channels - first), count = winograd_mix_terms(call, index, 0, first, terms);
		kernel->pointwise->sum_terms((size_t)call->pictures, (size_t)columns, count, terms, aside, columns);
		conv_pack_columns(kernel, 0, aside, call->pictures, columns, to + (size_t)first * (size_t)conv_depth(kernel, call->pictures));
	}
}

static void turned_task(void *context, int index)
{
	const struct winograd_call *call = context;
	float *to = call->mixes + (size_t)index * call->mix_size;
	(call->plan->kernel->pairs ? fill_turned : fill_groups)(call, index, to);
}

/* y in the place of g: [panel][y][x][depth][width], of positions y and x. */
static float *panel_of(const struct winograd_call *call, int panel, int y, int x)
{
	const struct conv_plan *plan = call->plan;
	const size_t depth = (size_t)conv_depth(plan->kernel, call->pictures);
	const size_t width = (size_t)conv_panel_width(plan->kernel, call->to.channels, panel);
	const int positions = call->down.positions[0] * call->across.positions[0];
	return call->scratch + conv_panel_begin(plan->kernel, depth * (size_t)positions, panel) +
	       (size_t)(y * call->across.positions[0] + x) * depth * width;
}

/* What a half counts is not the kind's weights but y's. */
static float scale_of(const struct winograd_position *position)
{
	return position->kind == HALF_SUM || position->kind == HALF_DIFFERENCE ? 0.5f : 1;
}

static int panel_terms(const struct winograd_call *call, const struct winograd_position *y, const struct winograd_position *x,
                       int picture, int channel, struct kernel_term *terms)
{
	int count = 0;
	for (int i = 0; i < y->outputs; i++) {
		for (int j = 0; j < x->outputs; j++) {
			const size_t pixel = (size_t)y->output[i] * (size_t)call->to.width + (size_t)x->output[j];
			terms[count++] = (struct kernel_term){
				call->small + (pixel * (size_t)call->batch + (size_t)(call->first + picture)) * (size_t)call->to.channels + channel,
				call->to.channels, y->sign[i] * x->sign[j] * scale_of(y) * scale_of(x)};
		}
	}
	return count;
}

/* A panel of a row of positions. */
static void panels_task(void *context, int index)
{
	const struct winograd_call *call = context;
	const struct kernel *kernel = call->plan->kernel;
	const int panel = index % call->panels, y = index / call->panels, columns = conv_panel_columns(kernel, call->to.channels, panel);
	const int width = conv_panel_width(kernel, call->to.channels, panel);
	struct kernel_term terms[KERNEL_MOST_TERMS];
	_Alignas(64) float aside[STACK_ROWS * CONV_WIDEST_PANEL];
	for (int x = 0; x < call->across.positions[0]; x++) {
		float *to = panel_of(call, panel, y, x);
		for (int first = 0; first < call->pictures; first += STACK_ROWS) {
			const int rows = conv_at_most(STACK_ROWS, call->pictures - first);
			const int count = panel_terms(call, &call->down.position[0][y], &call->across.position[0][x], first,
			                              panel * kernel->panel, terms);
			kernel->pointwise->sum_terms((size_t)rows, (size_t)columns, count, terms, aside, columns);
			conv_pack_panel(kernel, 0, aside, rows, columns, 0, to + (size_t)conv_depth(kernel, first) * (size_t)width);
		}
	}
}

/* The taps of a phase that a kind's weights were made of, as outputs. */
static struct winograd_position taps_of(int kind)
{
	struct winograd_position taps = {0};
	for (int i = 0; i < TAPS; i++) {
		if (winograd_kinds[kind][i] == 0)
			continue;
		taps.output[taps.outputs] = i;
		taps.sign[taps.outputs++] = winograd_kinds[kind][i] < 0 ? -1 : 1;
	}
	return taps;
}

/* A panel of small channels, a group of big ones and a phase, over all blocks at work. */
static void gradient_task(void *context, int index)
{
	const struct winograd_call *call = context;
	const struct kernel *kernel = call->plan->kernel;
	const int panel = index % call->panels, phase = index / call->panels % (PHASES * PHASES);
	const int group = index / call->panels / (PHASES * PHASES);
	const int first_row = group_begin(call, group), depth = conv_depth(kernel, call->pictures);
	const ptrdiff_t tap = (ptrdiff_t)call->from.channels * call->to.channels;
	float *first_tap = call->output + (PHASES * TAPS * (phase / PHASES) + phase % PHASES) * tap + (ptrdiff_t)first_row * call->to.channels +
	                   panel * kernel->panel;
	const float *a[TERMS_AT_ONCE], *b[TERMS_AT_ONCE];
	ptrdiff_t copy[WINOGRAD_BLOCK * WINOGRAD_BLOCK];
	struct product product = {
		.rows = group_begin(call, group + 1) - first_row, .columns = conv_panel_columns(kernel, call->to.channels, panel),
		.depth = depth, .a = a, .b = b, .c_row = call->to.channels,
	};
	product.a_row = kernel->pairs ? depth : 1;
	product.a_depth = kernel->pairs ? 1 : product.rows;
	for (int kind = 0; kind < KINDS * KINDS; kind++) {
		const struct winograd_position y_taps = taps_of(kind / KINDS), x_taps = taps_of(kind % KINDS);
		winograd_aim(&product, first_tap, &y_taps, &x_taps, PHASES * PHASES * TAPS * tap, PHASES * tap, copy);
		for (int y = 0; y < call->down.positions[0]; y++) {
			const struct winograd_position *down = &call->down.position[0][y];
			for (int x = 0; x < call->across.positions[0] && down->kind == kind / KINDS; x++) {
				const struct winograd_position *across = &call->across.position[0][x];
				const int row = down->mix[phase / PHASES], column = across->mix[phase % PHASES];
				if (across->kind != kind % KINDS || row < 0 || column < 0)
					continue;
				a[product.terms] = call->mixes + (size_t)(row * call->across.mixes + column) * call->mix_size +
				                   (size_t)first_row * (size_t)depth;
				b[product.terms++] = panel_of(call, panel, y, x);
				if (product.terms == TERMS_AT_ONCE) {
					kernel->product(&product);
					product.terms = 0;
				}
			}
		}
		if (product.terms)
			kernel->product(&product);
		product.terms = 0;
	}
}

size_t winograd_gradient_room(struct winograd_call *call)
{
	const struct kernel *kernel = call->plan->kernel;
	const int rows = PASSES_A_TASK * kernel->rows / kernel->lanes * kernel->lanes;
	call->panels = conv_panels(kernel, call->to.channels);
	call->groups = (call->from.channels + rows - 1) / rows;
	const size_t depth = (size_t)(call->down.positions[0] * call->across.positions[0] * conv_depth(kernel, call->pictures));
	return conv_panels_count(kernel, depth, call->to.channels);
}

void conv_winograd_gradient(const struct conv_plan *plan, struct parallel *parallel, int batch,
                            const float *big, const float *small, float *gradient)
{
	struct winograd_call call = winograd_call(plan, CONV_WEIGHT_GRADIENT, batch);
	call.input = big;
	call.small = small;
	call.output = gradient;
	for (int round = 0; round < winograd_rounds(&call); round++) {
		winograd_begin_round(&call, round);
		winograd_gradient_room(&call);
		call.scratch = call.mixes + winograd_mixes_size(&call);
		parallel_run(parallel, turned_task, &call, winograd_mix_count(&call));
		parallel_run(parallel, panels_task, &call, call.down.positions[0] * call.panels);
		parallel_run(parallel, gradient_task, &call, call.panels * call.groups * PHASES * PHASES);
	}
}
