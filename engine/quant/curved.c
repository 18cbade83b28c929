#include "engine/quant/curved.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/quant/chunks.h"

enum {
	APPLY_BLOCK = 1024,     /* weights whose states are counted while they are in the nearest cache */
	WEIGHTS_A_THRESHOLD = 4, /* with fewer, the formula costs less than the search for the thresholds */
};

struct apply_pass {
	const struct curved_kernels *kernels;
	struct curved_steps steps;
	struct chunks chunks;
	const float *weights;
	uint8_t *states;
	float *quantized;
	uint64_t *counts; /* added to by every task, atomically: whole numbers have no order */
};

/* Floats in their order as whole numbers, one apart from each neighbour; 0 and -0 are both 0. */
static int64_t place_of(float value)
{
	int32_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits >= 0 ? bits : -(int64_t)(bits & INT32_MAX);
}

static float float_at(int64_t place)
{
	int32_t bits = (int32_t)(place >= 0 ? place : -place);
	float value;
	memcpy(&value, &bits, sizeof value);
	return place >= 0 ? value : -value;
}

/* The least float in `state` or above it, if it lies between two places: `outside` is below, `inside` is not. */
static int64_t bisect(const struct curve *curve, const struct quant_fit *fit, int state, int64_t outside, int64_t inside)
{
	while (inside - outside > 1) {
		int64_t middle = outside + (inside - outside) / 2;
		if (curve->state(fit, float_at(middle)) >= state)
			inside = middle;
		else
			outside = middle;
	}
	return inside;
}

/* Steps out from the guess, twice as far each time, until the threshold is passed. */
static float find_threshold(const struct curve *curve, const struct quant_fit *fit, int state)
{
	const int64_t end = place_of(FLT_MAX);
	double guess = curve->threshold(fit, state);
	int64_t place = guess >= FLT_MAX ? end : guess <= -FLT_MAX ? -end : guess == guess ? place_of((float)guess) : 0;
	int64_t stride = 1;
	if (curve->state(fit, float_at(place)) >= state) {
		while (place - stride >= -end && curve->state(fit, float_at(place - stride)) >= state) {
			place -= stride;
			stride *= 2;
		}
		if (place - stride < -end && curve->state(fit, -FLT_MAX) >= state)
			return -INFINITY;
		return float_at(bisect(curve, fit, state, place - stride < -end ? -end : place - stride, place));
	}
	while (place + stride <= end && curve->state(fit, float_at(place + stride)) < state) {
		place += stride;
		stride *= 2;
	}
	if (place + stride > end && curve->state(fit, FLT_MAX) < state)
		return INFINITY;
	return float_at(bisect(curve, fit, state, place, place + stride > end ? end : place + stride));
}

/* Constant weights: state 0 for all. */
static int state_of(const struct curve *curve, const struct quant_fit *fit, float weight)
{
	return fit->constant ? 0 : curve->state(fit, weight);
}

static float level_of(const struct curve *curve, const struct quant_fit *fit, int state)
{
	return fit->constant ? (float)fit->beta : curve->level(fit, state);
}

void curved_make_steps(const struct curve *curve, const struct quant_fit *fit, struct curved_steps *steps)
{
	steps->bits = fit->bits;
	for (int z = 0; z < 1 << fit->bits; z++) {
		steps->thresholds[z] = z == 0 ? -INFINITY : fit->constant ? INFINITY : find_threshold(curve, fit, z);
		steps->levels[z] = level_of(curve, fit, z);
	}
}

void curved_apply_ref(const struct curve *curve, const struct quant_fit *fit, const float *weights, size_t count, uint8_t *states,
                      float *quantized)
{
	for (size_t i = 0; i < count; i++) {
		int state = state_of(curve, fit, weights[i]);
		if (states)
			states[i] = (uint8_t)state;
		if (quantized)
			quantized[i] = level_of(curve, fit, state);
	}
}

/* States of one block into `states`, counted into counts. */
static void encode_block(const struct apply_pass *pass, size_t first, size_t count, uint64_t counts[QUANT_MAX_STATES])
{
	uint8_t block[APPLY_BLOCK], *states = pass->states ? pass->states + first : block;
	pass->kernels->encode(&pass->steps, pass->weights + first, count, states);
	for (size_t i = 0; pass->counts && i < count; i++)
		counts[states[i]]++;
}

static void apply_task(void *context, int index)
{
	struct apply_pass *pass = context;
	size_t first = chunk_first(pass->chunks, index), end = first + chunk_count(pass->chunks, index);
	uint64_t counts[QUANT_MAX_STATES] = {0};
	for (size_t i = first; i < end; i += APPLY_BLOCK) {
		size_t length = end - i < APPLY_BLOCK ? end - i : APPLY_BLOCK;
		if (pass->states || pass->counts)
			encode_block(pass, i, length, counts);
		if (pass->quantized)
			pass->kernels->quantize(&pass->steps, pass->weights + i, length, pass->quantized + i);
	}
	for (int z = 0; pass->counts && z < 1 << pass->steps.bits; z++)
		if (counts[z])
			__atomic_fetch_add(&pass->counts[z], counts[z], __ATOMIC_RELAXED);
}

static void apply_to_few(const struct curve *curve, const struct quant_fit *fit, const float *weights, size_t count,
                         uint8_t *states, float *quantized, uint64_t *counts)
{
	curved_apply_ref(curve, fit, weights, count, states, quantized);
	for (size_t i = 0; counts && i < count; i++)
		counts[states ? states[i] : state_of(curve, fit, weights[i])]++;
}

void curved_apply(const struct curve *curve, const struct quant_fit *fit, struct parallel *parallel, const float *weights,
                  size_t count, uint8_t *states, float *quantized, uint64_t *counts)
{
	if (counts)
		memset(counts, 0, sizeof *counts << fit->bits);
	if (count < (size_t)WEIGHTS_A_THRESHOLD << fit->bits) {
		apply_to_few(curve, fit, weights, count, states, quantized, counts);
		return;
	}
	struct apply_pass pass = {
		.kernels = curved_kernels_best(), .chunks = chunks_of(count), .weights = weights,
		.states = states, .quantized = quantized, .counts = counts,
	};
	curved_make_steps(curve, fit, &pass.steps);
	parallel_run(parallel, apply_task, &pass, chunks_number(pass.chunks));
}
