#include "engine/quant/uniform.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/quant/chunks.h"

enum {
	APPLY_BLOCK = 1024, /* weights whose states are counted while they are in the nearest cache */
	SLICES = 8,         /* of a tensor, when a part of it may tell enough */
};

/* One pass over a tensor: what every chunk needs, and where it leaves its result. */
struct pass {
	const struct uniform_kernels *kernels;
	struct uniform_grid grid;
	struct chunks chunks;
	const float *weights;
	bool first; /* look at these weights: moments with their range */
	struct uniform_moments moments[CHUNKS_MAX];
	struct uniform_range ranges[CHUNKS_MAX];
	double errors[CHUNKS_MAX];
};

struct apply_pass {
	const struct uniform_kernels *kernels;
	struct uniform_grid grid;
	struct chunks chunks;
	const float *weights;
	uint8_t *states;
	float *quantized;
	uint64_t *counts; /* added to by every task, atomically: whole numbers have no order */
};

bool uniform_check_bits(int bits, struct error *error)
{
	if (bits >= QUANT_MIN_BITS && bits <= QUANT_MAX_BITS)
		return true;
	return error_set(error, ERROR_INPUT, "bits is %d, but a quantizer has %d to %d", bits, QUANT_MIN_BITS, QUANT_MAX_BITS);
}

bool uniform_check_finite(const float *weights, size_t count, struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if (!isfinite(weights[i]))
			return error_set(error, ERROR_NUMERIC, "weight %zu of %zu is %s, but must be a finite number", i, count,
			                 isnan(weights[i]) ? "NaN" : weights[i] > 0 ? "Inf" : "-Inf");
	return true;
}

/* Levels so far from 0 beside their spacing that float loses the places between them are not tame; nor are spacings
 * whose squares, times a few hundred states, come near the ends of float. */
static bool is_tame(const struct quant_fit *fit)
{
	const double far = 0x1p12, least = 0x1p-40, most = 0x1p40;
	return fit->alpha >= least && fit->alpha <= most && fabs(fit->beta) <= far * fit->alpha;
}

struct uniform_grid uniform_grid_of(const struct quant_fit *fit)
{
	double top = (double)((1 << fit->bits) - 1);
	struct uniform_grid grid = {
		.alpha = fit->alpha, .beta = fit->beta, .divisor = fit->alpha > 0 ? fit->alpha : INFINITY, .top = top, .tame = is_tame(fit),
	};
	if (!grid.tame)
		return grid;
	/* Four roundings to float: of beta, the difference, the reciprocal and the product; a quarter more for their products. */
	double doubt = 1.25 * 0.5 * FLT_EPSILON * (fabs(fit->beta) / fit->alpha + 3 * (top + 1));
	grid.near_alpha = (float)fit->alpha;
	grid.near_beta = (float)fit->beta;
	grid.reciprocal = (float)(1 / fit->alpha);
	grid.near_top = (float)top;
	grid.sure = (float)((0.5 - doubt) * (0.5 - doubt) * (1 - 4 * FLT_EPSILON));
	return grid;
}

static struct uniform_moments join_moments(const struct uniform_moments parts[], int count)
{
	struct uniform_moments sum = parts[0];
	for (int i = 1; i < count; i++) {
		sum.z += parts[i].z;
		sum.zz += parts[i].zz;
		sum.r += parts[i].r;
		sum.rz += parts[i].rz;
		sum.rr += parts[i].rr;
	}
	return sum;
}

static struct uniform_range join_ranges(const struct uniform_range parts[], int count)
{
	struct uniform_range whole = parts[0];
	for (int i = 1; i < count; i++) {
		whole.min = fminf(whole.min, parts[i].min);
		whole.max = fmaxf(whole.max, parts[i].max);
		whole.count += parts[i].count;
		whole.sum += parts[i].sum;
		whole.rr += parts[i].rr;
	}
	return whole;
}

static void run_pass(struct pass *pass, struct parallel *parallel, void (*task)(void *, int), const float *weights, size_t count)
{
	assert(count > 0);
	pass->kernels = uniform_kernels_best();
	pass->chunks = chunks_of(count);
	pass->weights = weights;
	parallel_run(parallel, task, pass, chunks_number(pass->chunks));
}

static void range_task(void *context, int index)
{
	struct pass *pass = context;
	pass->kernels->range(pass->weights + chunk_first(pass->chunks, index), chunk_count(pass->chunks, index), &pass->ranges[index]);
}

bool uniform_range(struct parallel *parallel, const float *weights, size_t count, struct uniform_range *range,
                   struct error *error)
{
	struct pass pass;
	run_pass(&pass, parallel, range_task, weights, count);
	*range = join_ranges(pass.ranges, chunks_number(pass.chunks));
	return isfinite(range->sum) || uniform_check_finite(weights, count, error);
}

static void moments_task(void *context, int index)
{
	struct pass *pass = context;
	const float *weights = pass->weights + chunk_first(pass->chunks, index);
	size_t count = chunk_count(pass->chunks, index);
	const struct uniform_kernels *kernels = pass->kernels;
	struct uniform_moments *moments = &pass->moments[index];
	if (!pass->grid.tame)
		kernels->moments_ref(&pass->grid, weights, count, moments);
	else if (pass->first)
		kernels->first_moments(&pass->grid, weights, count, moments, &pass->ranges[index]);
	else
		kernels->moments(&pass->grid, weights, count, moments);
}

/* range: for a first look; NULL: a later one. */
static struct uniform_moments moments_of(const struct uniform_grid *grid, struct parallel *parallel, const float *weights,
                                         size_t count, struct uniform_range *range)
{
	struct pass pass;
	pass.grid = *grid;
	pass.first = range != NULL;
	run_pass(&pass, parallel, moments_task, weights, count);
	if (range)
		*range = join_ranges(pass.ranges, chunks_number(pass.chunks));
	return join_moments(pass.moments, chunks_number(pass.chunks));
}

/* In float. The weights are alpha z + beta + r, so their sum, once known, tells that of r: as well as a look of its own would,
 * unless the one that found it was at far worse levels. */
static struct uniform_moments near_moments(const struct uniform_grid *grid, struct parallel *parallel, const float *weights,
                                           size_t count, struct uniform_range *range)
{
	const double far_worse = 16;
	if (range->count == 0)
		return moments_of(grid, parallel, weights, count, range);
	struct uniform_moments moments = moments_of(grid, parallel, weights, count, NULL);
	if (range->rr > far_worse * moments.rr)
		return moments_of(grid, parallel, weights, count, range);
	moments.r = range->sum - (moments.alpha * moments.z + (double)count * moments.beta);
	return moments;
}

bool uniform_moments(const struct quant_fit *fit, bool exact, struct parallel *parallel, const float *weights, size_t count,
                     struct uniform_moments *moments, struct uniform_range *range, struct error *error)
{
	struct uniform_grid grid = uniform_grid_of(fit);
	if (grid.tame && !exact) {
		*moments = near_moments(&grid, parallel, weights, count, range);
		if (isfinite(moments->rr))
			return true;
		range->count = 0; /* a huge weight, if all are finite */
	}
	if (range->count == 0 && !uniform_range(parallel, weights, count, range, error))
		return false;
	grid.tame = false;
	*moments = moments_of(&grid, parallel, weights, count, NULL);
	return isfinite(moments->rr) || uniform_check_finite(weights, count, error);
}

static void error_task(void *context, int index)
{
	struct pass *pass = context;
	pass->errors[index] = pass->kernels->squared_error(&pass->grid, pass->weights + chunk_first(pass->chunks, index),
	                                                   chunk_count(pass->chunks, index));
}

double uniform_squared_error(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count)
{
	struct pass pass;
	pass.grid = uniform_grid_of(fit);
	run_pass(&pass, parallel, error_task, weights, count);
	double sum = 0;
	for (int i = 0; i < chunks_number(pass.chunks); i++)
		sum += pass.errors[i];
	return sum;
}

bool uniform_errs_above(const struct quant_fit *fit, double limit, struct parallel *parallel, const float *weights, size_t count)
{
	const double doubt = 4e-5; /* twice what float sums may err by */
	struct uniform_grid grid = uniform_grid_of(fit);
	size_t slice = count / SLICES + 1;
	double sum = 0;
	if (!grid.tame)
		return false;
	for (size_t first = 0; first < count && sum * (1 - doubt) <= limit; first += slice)
		sum += moments_of(&grid, parallel, weights + first, count - first < slice ? count - first : slice, NULL).rr;
	return sum * (1 - doubt) > limit && isfinite(sum);
}

struct quant_fit uniform_minmax_fit(int bits, float min, float max)
{
	return (struct quant_fit){
		.bits = bits, .alpha = ((double)max - (double)min) / (double)((1 << bits) - 1), .beta = (double)min, .valid = true,
		.constant = min == max,
	};
}

double uniform_decode(const struct quant_fit *fit, int state)
{
	struct uniform_grid grid = uniform_grid_of(fit);
	return uniform_level(&grid, state);
}

/* States of one block into `states`, counted into counts. */
static void encode_block(const struct apply_pass *pass, size_t first, size_t count, uint64_t counts[QUANT_MAX_STATES])
{
	uint8_t block[APPLY_BLOCK], *states = pass->states ? pass->states + first : block;
	pass->kernels->encode(&pass->grid, pass->weights + first, count, states);
	if (pass->counts)
		for (size_t i = 0; i < count; i++)
			counts[states[i]]++;
}

static void apply_task(void *context, int index)
{
	struct apply_pass *pass = context;
	size_t first = chunk_first(pass->chunks, index), count = chunk_count(pass->chunks, index);
	if (pass->quantized && !pass->states && !pass->counts) {
		pass->kernels->quantize(&pass->grid, pass->weights + first, count, pass->quantized + first);
		return;
	}
	uint64_t counts[QUANT_MAX_STATES] = {0};
	for (size_t i = first, end = first + count; i < end; i += APPLY_BLOCK) {
		size_t length = end - i < APPLY_BLOCK ? end - i : APPLY_BLOCK;
		encode_block(pass, i, length, counts);
		if (pass->quantized)
			pass->kernels->quantize(&pass->grid, pass->weights + i, length, pass->quantized + i);
	}
	for (int z = 0; pass->counts && z <= (int)pass->grid.top; z++)
		if (counts[z])
			__atomic_fetch_add(&pass->counts[z], counts[z], __ATOMIC_RELAXED);
}

void uniform_apply(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count, uint8_t *states,
                   float *quantized, uint64_t *counts)
{
	if (counts)
		memset(counts, 0, sizeof *counts << fit->bits);
	if (count == 0 || (!states && !quantized && !counts))
		return;
	struct apply_pass pass = {
		.kernels = uniform_kernels_best(), .grid = uniform_grid_of(fit), .chunks = chunks_of(count), .weights = weights,
		.states = states, .quantized = quantized, .counts = counts,
	};
	parallel_run(parallel, apply_task, &pass, chunks_number(pass.chunks));
}
