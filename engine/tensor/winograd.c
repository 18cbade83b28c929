/* What the directions of Winograd's filtering share, and when it is worth it (winograd.h).
 *
 * The mixes of a round are written to scratch and read again by every panel of the other side's channels, so they should stay in a
 * cache: a call is cut into slices of pictures, and these into bands of blocks. The largest batch of the plan decides, so that the
 * scratch made for it is enough for all. */
#include "engine/tensor/winograd.h"

enum {
	WORKING_SET = 1 << 20, /* elements of mixes of a round, if that is room for one block of one slice */
	FEW_BLOCKS = 2,        /* of a side: few products have the same weights, and slices would leave too little for each sum of these */
	SLICE = 32,            /* pictures */
	MOST_CHANNELS = 4096,
	MOST_PICTURES = 512,   /* both for what is put together on the stack */
};

int winograd_mix_count(const struct winograd_call *call) { return call->down.mixes * call->across.mixes; }

/* One mix of so many pictures, in elements: as A along its channels, or (weight gradient) along the pictures. */
static size_t size_of_mix(const struct winograd_call *call, int pictures)
{
	const struct kernel *kernel = call->plan->kernel;
	return call->direction == CONV_WEIGHT_GRADIENT ? (size_t)conv_depth(kernel, pictures) * (size_t)call->from.channels
	                                               : (size_t)pictures * (size_t)conv_depth(kernel, call->from.channels);
}

static size_t round_size(const struct winograd_call *call, int pictures)
{
	return (size_t)winograd_mix_count(call) * size_of_mix(call, pictures);
}

static void take_blocks(struct winograd_call *call, int first, int end)
{
	call->first_block = first;
	call->blocks = end - first;
	call->down = winograd_make_line(call->plan->geometry.small.height, call->scatter, first, end);
}

struct winograd_call winograd_call(const struct conv_plan *plan, enum conv_direction direction, int batch)
{
	const struct conv_geometry *g = &plan->geometry;
	const int blocks = winograd_block_count(g->small.height);
	const size_t limit = blocks > FEW_BLOCKS ? WORKING_SET : 2 * WORKING_SET;
	struct winograd_call call = {.plan = plan, .direction = direction, .scatter = direction == CONV_SCATTER, .batch = batch};
	call.from = call.scatter ? g->small : g->big;
	call.to = call.scatter ? g->big : g->small;
	call.across = winograd_make_line(g->small.width, call.scatter, 0, winograd_block_count(g->small.width));
	take_blocks(&call, 0, blocks);
	call.slice = round_size(&call, plan->max_batch) > limit ? conv_at_most(SLICE, plan->max_batch) : plan->max_batch;
	call.slices = (batch + call.slice - 1) / call.slice;
	call.bands = conv_at_most(1 + (int)(round_size(&call, call.slice) / limit), blocks);
	call.mixes = plan->scratch->values;
	return call;
}

int winograd_rounds(const struct winograd_call *call) { return call->slices * call->bands; }

void winograd_begin_round(struct winograd_call *call, int round)
{
	const int blocks = winograd_block_count(call->plan->geometry.small.height), slice = round % call->slices, band = round / call->slices;
	take_blocks(call, conv_cut(blocks, call->bands, band), conv_cut(blocks, call->bands, band + 1));
	call->first = slice * call->slice;
	call->pictures = conv_at_most(call->slice, call->batch - call->first);
	call->mix_size = size_of_mix(call, call->pictures);
}

/* Up to a whole cache line: panels come after them. */
size_t winograd_mixes_size(const struct winograd_call *call)
{
	return ((size_t)winograd_mix_count(call) * call->mix_size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

int winograd_mix_terms(const struct winograd_call *call, int index, int picture, int channel, struct kernel_term *terms)
{
	const struct winograd_mix *down = &call->down.mix[index / call->across.mixes];
	const struct winograd_mix *across = &call->across.mix[index % call->across.mixes];
	int count = 0;
	for (int i = 0; i < down->pixels; i++) {
		for (int j = 0; j < across->pixels; j++) {
			const size_t pixel = (size_t)down->pixel[i] * (size_t)call->from.width + (size_t)across->pixel[j];
			terms[count++] = (struct kernel_term){
				call->input + (pixel * (size_t)call->batch + (size_t)(call->first + picture)) * (size_t)call->from.channels + channel,
				call->from.channels, down->factor[i] * across->factor[j]};
		}
	}
	return count;
}

void winograd_aim(struct product *product, float *first, const struct winograd_position *y, const struct winograd_position *x,
                  ptrdiff_t down, ptrdiff_t across, ptrdiff_t *copy)
{
	int count = 0;
	for (int minus = 0; minus < 2; minus++) {
		for (int i = 0; i < y->outputs; i++) {
			for (int j = 0; j < x->outputs; j++)
				if ((y->sign[i] * x->sign[j] < 0) == minus)
					copy[count++] = y->output[i] * down + x->output[j] * across;
		}
		if (!minus)
			product->copies = count - 1;
	}
	product->less = count - 1 - product->copies;
	product->add = !(y->first && x->first);
	product->c = first + copy[0];
	for (int i = count - 1; i >= 0; i--)
		copy[i] -= copy[0];
	product->copy = copy + 1;
}

/* ---- where it is of use ---- */

static bool fits(const struct conv_plan *plan)
{
	const struct conv_geometry *g = &plan->geometry;
	return !plan->thin && plan->kernel->copies && g->kernel == TAPS * PHASES && g->stride == PHASES && g->padding == 1 &&
	       plan->max_batch <= MOST_PICTURES && g->small.height >= 4 && g->small.width >= 4 &&
	       g->small.height <= WINOGRAD_SIDE && g->small.width <= WINOGRAD_SIDE &&
	       g->big.channels <= MOST_CHANNELS && g->small.channels <= MOST_CHANNELS;
}

/* Positions of both phases along a side. */
static int side_products(const struct winograd_line *line)
{
	int count = 0;
	for (int list = 0; list < PHASES; list++) {
		for (int p = 0; p < line->positions[list]; p++)
			count += (line->position[list][p].mix[0] >= 0) + (line->position[list][p].mix[1] >= 0);
	}
	return count;
}

/* Measured on processors with AVX2 and AVX-512: a product takes a fifth longer than one of the definition for the mixes around it,
 * and as long as so many elements of its depth for the copies of C. */
bool conv_winograd_pays(const struct conv_plan *plan, enum conv_direction direction)
{
	if (!fits(plan))
		return false;
	const struct shape small = plan->geometry.small;
	const struct winograd_call call = winograd_call(plan, direction, plan->max_batch);
	const bool gradient = direction == CONV_WEIGHT_GRADIENT;
	const int definition = 4 * (2 * small.height - 1) * (2 * small.width - 1);
	const int terms = side_products(&call.down) * side_products(&call.across);
	const int sums = gradient ? KINDS * KINDS * PHASES * PHASES : call.scatter ? terms : call.down.positions[0] * call.across.positions[0];
	const double depth = conv_depth(plan->kernel, gradient ? call.slice : call.from.channels), copying = gradient ? 30 : 70;
	return 1.2 * terms * depth + sums * copying < definition * depth;
}

size_t conv_winograd_scratch(const struct conv_plan *plan)
{
	size_t most = 0;
	for (int direction = 0; direction < CONV_DIRECTIONS; direction++) {
		if (!plan->winograd[direction])
			continue;
		struct winograd_call call = winograd_call(plan, (enum conv_direction)direction, plan->max_batch);
		for (int round = 0; round < winograd_rounds(&call); round++) {
			winograd_begin_round(&call, round);
			const size_t room = direction == CONV_WEIGHT_GRADIENT ? winograd_gradient_room(&call) : winograd_forward_room(&call);
			most = conv_larger(most, winograd_mixes_size(&call) + room);
		}
	}
	return most;
}
