/* Batch normalisation in two passes over memory each way: sums, then a map of every value.
 *
 * The rows are cut into a fixed number of blocks; each leaves its sums in the scratch and they are added in order, so
 * the result does not depend on the number of threads. A leaky rectifier behind it rides along (slope 1: none).
 *
 *   forward    z = (x - mean) scale + beta, scale = gamma / deviation
 *   backward   dx = scale (dz - mean(dz) - xhat mean(dz xhat)), xhat = (x - mean) / deviation
 *
 * Scratch, in doubles: two sums per block and channel, then room for three floats a channel. */
#include <math.h>
#include <string.h>

#include "engine/tensor/kernel.h"

enum { ROW_BLOCKS = 64, LEAST_ROWS = 16 };

struct norm_call {
	const struct kernel_pointwise *kernel;
	const struct batch_norm *norm;
	struct channel_map map;
	const float *factor, *constant; /* of the backward map */
	const float *x, *dy;
	float *y;
	int blocks;
};

size_t batch_norm_scratch(int channels) { return (size_t)channels * (2 * ROW_BLOCKS + 2); }

static int row_blocks(size_t rows)
{
	size_t blocks = (rows + LEAST_ROWS - 1) / LEAST_ROWS;
	return blocks < ROW_BLOCKS ? (int)blocks : ROW_BLOCKS;
}

/* The three float arrays behind the sums: scale, factor, constant. */
static float *channel_floats(const struct batch_norm *norm, int which)
{
	return (float *)(norm->scratch + (size_t)norm->channels * 2 * ROW_BLOCKS) + (size_t)which * (size_t)norm->channels;
}

static struct norm_call begin_call(const struct batch_norm *norm, float slope, const float *x)
{
	return (struct norm_call){
		.kernel = kernel_current()->pointwise, .norm = norm, .x = x, .blocks = row_blocks(norm->rows),
		.map = {.mean = norm->mean, .scale = channel_floats(norm, 0), .shift = norm->beta, .slope = slope},
	};
}

struct row_range {
	size_t count, offset; /* offset: of the first value */
};

static struct row_range block_rows(const struct norm_call *call, int block)
{
	size_t rows = call->norm->rows, blocks = (size_t)call->blocks;
	size_t first = rows * (size_t)block / blocks, end = rows * ((size_t)block + 1) / blocks;
	return (struct row_range){end - first, first * (size_t)call->norm->channels};
}

/* Cleared sums of a block: channels, and again channels. */
static double *block_sums(const struct norm_call *call, int block)
{
	size_t count = 2 * (size_t)call->norm->channels;
	double *sums = call->norm->scratch + (size_t)block * count;
	memset(sums, 0, count * sizeof *sums);
	return sums;
}

/* Adds all blocks' sums into the first one's, in order. */
static const double *total_sums(const struct norm_call *call)
{
	size_t count = 2 * (size_t)call->norm->channels;
	double *total = call->norm->scratch;
	for (int block = 1; block < call->blocks; block++) {
		const double *sums = total + (size_t)block * count;
		for (size_t i = 0; i < count; i++)
			total[i] += sums[i];
	}
	return total;
}

static void sums_task(void *context, int block)
{
	const struct norm_call *call = context;
	struct row_range range = block_rows(call, block);
	double *sums = block_sums(call, block);
	call->kernel->channel_sums(range.count, call->norm->channels, call->x + range.offset, sums, sums + call->norm->channels);
}

static void map_task(void *context, int block)
{
	const struct norm_call *call = context;
	struct row_range range = block_rows(call, block);
	call->kernel->channel_map(range.count, call->norm->channels, &call->map, call->x + range.offset, call->y + range.offset);
}

static void keep_statistics(const struct batch_norm *norm, const double *sums)
{
	const double rows = (double)norm->rows, unbias = norm->rows > 1 ? rows / (rows - 1) : 1, momentum = norm->momentum;
	float *scale = channel_floats(norm, 0);
	for (int c = 0; c < norm->channels; c++) {
		double mean = sums[c] / rows, variance = sums[norm->channels + c] / rows - mean * mean;
		if (variance < 0) /* rounding, when all values are equal */
			variance = 0;
		norm->mean[c] = (float)mean;
		norm->inverse_deviation[c] = (float)(1 / sqrt(variance + norm->epsilon));
		scale[c] = norm->gamma[c] * norm->inverse_deviation[c];
		if (norm->running_mean)
			norm->running_mean[c] = (float)((1 - momentum) * norm->running_mean[c] + momentum * mean);
		if (norm->running_variance)
			norm->running_variance[c] = (float)((1 - momentum) * norm->running_variance[c] + momentum * variance * unbias);
	}
}

void batch_norm_leaky_train(struct parallel *parallel, const struct batch_norm *norm, float slope, const float *x, float *y)
{
	struct norm_call call = begin_call(norm, slope, x);
	call.y = y;
	parallel_run(parallel, sums_task, &call, call.blocks);
	keep_statistics(norm, total_sums(&call));
	parallel_run(parallel, map_task, &call, call.blocks);
}

void batch_norm_running_scale(const struct batch_norm *norm, float *scale)
{
	for (int c = 0; c < norm->channels; c++)
		scale[c] = (float)(norm->gamma[c] / sqrt((double)norm->running_variance[c] + norm->epsilon));
}

void batch_norm_leaky_evaluate(struct parallel *parallel, const struct batch_norm *norm, float slope, const float *x, float *y)
{
	struct norm_call call = begin_call(norm, slope, x);
	batch_norm_running_scale(norm, channel_floats(norm, 0));
	call.map.mean = norm->running_mean;
	call.y = y;
	parallel_run(parallel, map_task, &call, call.blocks);
}

static void products_task(void *context, int block)
{
	const struct norm_call *call = context;
	struct row_range range = block_rows(call, block);
	double *sums = block_sums(call, block);
	call->kernel->channel_products(range.count, call->norm->channels, &call->map, call->x + range.offset, call->dy + range.offset,
	                               sums, sums + call->norm->channels);
}

static void backward_task(void *context, int block)
{
	const struct norm_call *call = context;
	struct row_range range = block_rows(call, block);
	call->kernel->channel_backward(range.count, call->norm->channels, &call->map, call->factor, call->constant,
	                               call->x + range.offset, call->dy + range.offset, call->y + range.offset);
}

/* sums: of dz, and of dz (x - mean), per channel. */
static void keep_gradients(const struct batch_norm *norm, const double *sums, float *dgamma, float *dbeta)
{
	const double rows = (double)norm->rows;
	float *factor = channel_floats(norm, 1), *constant = channel_floats(norm, 2);
	for (int c = 0; c < norm->channels; c++) {
		double inverse = norm->inverse_deviation[c], scale = norm->gamma[c] * inverse;
		double sum = sums[c], product = sums[norm->channels + c] * inverse; /* product: of dz xhat */
		factor[c] = (float)(-scale * inverse * product / rows);
		constant[c] = (float)(-scale * sum / rows);
		if (dgamma)
			dgamma[c] += (float)product;
		if (dbeta)
			dbeta[c] += (float)sum;
	}
}

void batch_norm_leaky_backward(struct parallel *parallel, const struct batch_norm *norm, float slope,
                               const float *x, const float *dy, float *dx, float *dgamma, float *dbeta)
{
	struct norm_call call = begin_call(norm, slope, x);
	float *scale = channel_floats(norm, 0);
	for (int c = 0; c < norm->channels; c++)
		scale[c] = norm->gamma[c] * norm->inverse_deviation[c];
	call.dy = dy;
	call.y = dx;
	call.factor = channel_floats(norm, 1);
	call.constant = channel_floats(norm, 2);
	parallel_run(parallel, products_task, &call, call.blocks);
	keep_gradients(norm, total_sums(&call), dgamma, dbeta);
	parallel_run(parallel, backward_task, &call, call.blocks);
}

void batch_norm_train(struct parallel *parallel, const struct batch_norm *norm, const float *x, float *y)
{
	batch_norm_leaky_train(parallel, norm, 1, x, y);
}

void batch_norm_evaluate(struct parallel *parallel, const struct batch_norm *norm, const float *x, float *y)
{
	batch_norm_leaky_evaluate(parallel, norm, 1, x, y);
}

void batch_norm_backward(struct parallel *parallel, const struct batch_norm *norm, const float *x, const float *dy,
                         float *dx, float *dgamma, float *dbeta)
{
	batch_norm_leaky_backward(parallel, norm, 1, x, dy, dx, dgamma, dbeta);
}
