/* Gather and scatter (winograd.h). All mixes of a round are made first. Then a task takes a panel of output channels, makes the
 * weights of each kind out of the packed ones, multiplies every position of that kind and adds the product up in its outputs, aside,
 * which are copied to where they belong at last.
 *
 *   gather    the phases' products have the same outputs and add up in registers; few panels are tasks by groups of blocks, too
 *   scatter   each phase has outputs of its own and is a task; what the phases read is the same, and mixed once for all of them */
#include "engine/tensor/winograd.h"

enum {
	TASKS_WANTED = 8,
	VALUES_AT_ONCE = 1024, /* of a mix: the pixels of a row of mixes stay in a second-level cache */
};

/* Some pictures of a mix, as A along its depth. */
static void fill_rows(const struct winograd_call *call, int index, int first, int rows)
{
	const struct kernel *kernel = call->plan->kernel;
	const int channels = call->from.channels;
	struct kernel_term terms[KERNEL_MOST_TERMS];
	const int count = winograd_mix_terms(call, index, first, 0, terms);
	float *to = call->mixes + (size_t)index * call->mix_size + (size_t)first * (size_t)conv_depth(kernel, channels);
	_Alignas(64) float aside[WINOGRAD_VALUES];
	kernel->pointwise->sum_terms(1, (size_t)rows * (size_t)channels, count, terms, kernel->pairs ? aside : to, 0);
	if (kernel->pairs)
		conv_pack_rows(kernel, 0, aside, rows, channels, to);
}

/* A row of mixes, some pictures of all of them after some others: they share pixels. */
static void rows_task(void *context, int down)
{
	const struct winograd_call *call = context;
	const int step = 1 + VALUES_AT_ONCE / call->from.channels;
	for (int first = 0; first < call->pictures; first += step) {
		for (int across = 0; across < call->across.mixes; across++)
			fill_rows(call, down * call->across.mixes + across, first, conv_at_most(step, call->pictures - first));
	}
}

/* A pair of kinds of weights of a phase: [depth][width], as B. */
static void join_weights(const struct winograd_call *call, int phase, const int *kind, const float *panel, size_t size, float *to)
{
	const struct kernel *kernel = call->plan->kernel;
	struct kernel_term terms[KERNEL_MOST_TERMS];
	int count = 0;
	for (int i = 0; i < TAPS; i++) {
		for (int j = 0; j < TAPS; j++) {
			const int y = PHASES * i + phase / PHASES, x = PHASES * j + phase % PHASES, last = PHASES * TAPS - 1;
			const int tap = call->scatter ? (last - y) * PHASES * TAPS + last - x : y * PHASES * TAPS + x;
			const float factor = winograd_kinds[kind[0]][i] * winograd_kinds[kind[1]][j];
			if (factor != 0)
				terms[count++] = (struct kernel_term){panel + (size_t)tap * size, 0, factor};
		}
	}
	if (kernel->pairs)
		kernel->pointwise->sum_pairs(size, count, terms, to);
	else
		kernel->pointwise->sum_terms(1, size, count, terms, to, 0);
}

/* From output to output of those aside. Some rows more than there are, for at powers of two they would share a few places of a cache. */
static ptrdiff_t output_size(const struct winograd_call *call) { return (ptrdiff_t)(call->slice + 3) * CONV_WIDEST_PANEL; }

/* A position, of one phase (scatter) or the sum of all. */
static void multiply(const struct winograd_call *call, int phase, const struct winograd_position *y, const struct winograd_position *x,
                     const float *weights, size_t size, int panel, float *outputs)
{
	const struct conv_plan *plan = call->plan;
	const int depth = conv_depth(plan->kernel, call->from.channels);
	const float *a[PHASES * PHASES], *b[PHASES * PHASES];
	ptrdiff_t copy[WINOGRAD_BLOCK * WINOGRAD_BLOCK];
	struct product product = {
		.rows = call->pictures, .columns = conv_panel_columns(plan->kernel, call->to.channels, panel),
		.depth = depth, .a = a, .b = b, .a_row = depth, .a_depth = 1, .c_row = CONV_WIDEST_PANEL,
	};
	for (int p = phase; p < (call->scatter ? phase + 1 : PHASES * PHASES); p++) {
		const int down = y->mix[p / PHASES], across = x->mix[p % PHASES];
		if (down < 0 || across < 0)
			continue;
		a[product.terms] = call->mixes + (size_t)(down * call->across.mixes + across) * call->mix_size;
		b[product.terms++] = weights + (size_t)(p - phase) * size;
	}
	if (product.terms == 0)
		return;
	winograd_aim(&product, outputs, y, x, call->plan->geometry.small.width * output_size(call), output_size(call), copy);
	plan->kernel->product(&product);
}

/* Outputs first .. end - 1 of a side, those of a group, to where they belong. */
static void copy_outputs(const struct winograd_call *call, int phase, int panel, int first, int end, const float *outputs)
{
	const struct kernel *kernel = call->plan->kernel;
	const int width = call->plan->geometry.small.width, step = call->scatter ? PHASES : 1;
	const int columns = conv_panel_columns(kernel, call->to.channels, panel);
	for (int y = first; y < end; y++) {
		for (int x = 0; x < width; x++) {
			const int pixel = (step * y + phase / PHASES) * call->to.width + step * x + phase % PHASES;
			const struct kernel_term term = {outputs + (y * width + x) * output_size(call), CONV_WIDEST_PANEL, 1};
			float *to = call->output + ((ptrdiff_t)pixel * call->batch + call->first) * call->to.channels + panel * kernel->panel;
			kernel->pointwise->sum_terms((size_t)call->pictures, (size_t)columns, 1, &term, to, call->to.channels);
		}
	}
}

/* Positions of a list that have a kind, in the blocks of a group. */
static int select_kind(const struct winograd_line *line, int list, int kind, int first_block, int end_block,
                       const struct winograd_position **found)
{
	int count = 0;
	for (int p = 0; p < line->positions[list]; p++) {
		const struct winograd_position *position = &line->position[list][p];
		if (position->kind == kind && position->block >= first_block && position->block < end_block)
			found[count++] = position;
	}
	return count;
}

/* A panel of output channels and a group of blocks; of scatter one phase. */
static void multiply_task(void *context, int index)
{
	const struct winograd_call *call = context;
	const struct conv_plan *plan = call->plan;
	const int phases = call->scatter ? PHASES * PHASES : 1, depth = conv_depth(plan->kernel, call->from.channels);
	const int group = index % call->groups, phase = index / call->groups % phases, panel = index / call->groups / phases;
	const int first = call->first_block + conv_cut(call->blocks, call->groups, group);
	const int end = call->first_block + conv_cut(call->blocks, call->groups, group + 1);
	const size_t size = (size_t)depth * (size_t)conv_panel_width(plan->kernel, call->to.channels, panel);
	const float *packed = call->weights + conv_panel_begin(plan->kernel, (size_t)conv_taps(&plan->geometry) * (size_t)depth, panel);
	const int side = call->plan->geometry.small.height;
	const bool from_end = call->scatter && phase / PHASES == 0;
	float *weights = call->scratch + (size_t)index * (call->weights_size + call->outputs_size);
	float *outputs = weights + call->weights_size;
	const struct winograd_position *ys[WINOGRAD_POSITIONS], *xs[WINOGRAD_POSITIONS];
	for (int kind = 0; kind < KINDS * KINDS; kind++) {
		const int pair[2] = {kind / KINDS, kind % KINDS};
		const int down = select_kind(&call->down, phase / PHASES, pair[0], first, end, ys);
		const int across = select_kind(&call->across, phase % PHASES, pair[1], 0, WINOGRAD_SIDE, xs);
		if (down == 0 || across == 0)
			continue;
		for (int p = 0; p < PHASES * PHASES / phases; p++)
			join_weights(call, phase + p, pair, packed, size, weights + (size_t)p * size);
		for (int i = 0; i < down * across; i++)
			multiply(call, phase, ys[i / across], xs[i % across], weights, size, panel, outputs);
	}
	copy_outputs(call, phase, panel, winograd_block_begin(side, first, from_end), winograd_block_begin(side, end, from_end), outputs);
}

static int tasks_of(const struct winograd_call *call)
{
	return call->panels * call->groups * (call->scatter ? PHASES * PHASES : 1);
}

size_t winograd_forward_room(struct winograd_call *call)
{
	const struct conv_plan *plan = call->plan;
	const int depth = conv_depth(plan->kernel, call->from.channels);
	call->panels = conv_panels(plan->kernel, call->to.channels);
	call->groups = 1;
	const int tasks = tasks_of(call);
	call->groups = conv_at_most((TASKS_WANTED + tasks - 1) / tasks, call->blocks);
	call->weights_size = (size_t)(call->scatter ? 1 : PHASES * PHASES) * (size_t)depth * (size_t)plan->kernel->panel;
	call->outputs_size = (size_t)conv_pixels(plan->geometry.small) * (size_t)output_size(call);
	return (size_t)tasks_of(call) * (call->weights_size + call->outputs_size);
}

static void run(struct winograd_call call, struct parallel *parallel, const float *weights, const float *input, float *output)
{
	call.weights = weights;
	call.input = input;
	call.output = output;
	for (int round = 0; round < winograd_rounds(&call); round++) {
		winograd_begin_round(&call, round);
		winograd_forward_room(&call);
		call.scratch = call.mixes + winograd_mixes_size(&call);
		parallel_run(parallel, rows_task, &call, call.down.mixes);
		parallel_run(parallel, multiply_task, &call, tasks_of(&call));
	}
}

void conv_winograd_gather(const struct conv_plan *plan, struct parallel *parallel, int batch, const float *big, float *small)
{
	run(winograd_call(plan, CONV_GATHER, batch), parallel, plan->gather_weights, big, small);
}

void conv_winograd_scatter(const struct conv_plan *plan, struct parallel *parallel, int batch, const float *small, float *big)
{
	run(winograd_call(plan, CONV_SCATTER, batch), parallel, plan->scatter_weights, small, big);
}
