#include "engine/tensor/pointwise.h"

#include <math.h>
#include <string.h>

#include "engine/tensor/kernel.h"

/* Floats of a task: large beside the cost of handing it out, small beside a second-level cache. */
enum { BLOCK = 16384, SUM_BLOCKS = 64 };

/* Every job here is a run over `count` values; each kind picks the members it needs. */
struct run {
	const struct kernel_pointwise *kernel;
	size_t count;
	float slope;
	const float *x, *dy;
	float *y;
	void (*unary)(size_t count, const float *x, float *y);
	void (*binary)(size_t count, const float *y, const float *dy, float *dx);
	const struct adam_rates *rates;
	float *weights, *first, *second;
	float learning_rate, momentum;
	double *sums;
};

static size_t block_length(const struct run *run, int index)
{
	size_t left = run->count - (size_t)index * BLOCK;
	return left < BLOCK ? left : BLOCK;
}

static void run_blocks(struct parallel *parallel, void (*task)(void *context, int index), struct run *run)
{
	run->kernel = kernel_current()->pointwise;
	parallel_run(parallel, task, run, (int)((run->count + BLOCK - 1) / BLOCK));
}

static void leaky_task(void *context, int index)
{
	const struct run *run = context;
	size_t offset = (size_t)index * BLOCK;
	run->kernel->leaky(block_length(run, index), run->slope, run->x + offset, run->y + offset);
}

void pointwise_leaky(struct parallel *parallel, size_t count, float slope, const float *x, float *y)
{
	run_blocks(parallel, leaky_task, &(struct run){.count = count, .slope = slope, .x = x, .y = y});
}

static void leaky_backward_task(void *context, int index)
{
	const struct run *run = context;
	size_t offset = (size_t)index * BLOCK;
	run->kernel->leaky_backward(block_length(run, index), run->slope, run->x + offset, run->dy + offset, run->y + offset);
}

void pointwise_leaky_backward(struct parallel *parallel, size_t count, float slope, const float *y, const float *dy, float *dx)
{
	run_blocks(parallel, leaky_backward_task, &(struct run){.count = count, .slope = slope, .x = y, .dy = dy, .y = dx});
}

static void unary_task(void *context, int index)
{
	const struct run *run = context;
	size_t offset = (size_t)index * BLOCK;
	run->unary(block_length(run, index), run->x + offset, run->y + offset);
}

static void binary_task(void *context, int index)
{
	const struct run *run = context;
	size_t offset = (size_t)index * BLOCK;
	run->binary(block_length(run, index), run->x + offset, run->dy + offset, run->y + offset);
}

void pointwise_tanh(struct parallel *parallel, size_t count, const float *x, float *y)
{
	run_blocks(parallel, unary_task, &(struct run){.count = count, .unary = kernel_current()->pointwise->tanh, .x = x, .y = y});
}

void pointwise_tanh_backward(struct parallel *parallel, size_t count, const float *y, const float *dy, float *dx)
{
	run_blocks(parallel, binary_task,
	           &(struct run){.count = count, .binary = kernel_current()->pointwise->tanh_backward, .x = y, .dy = dy, .y = dx});
}

void pointwise_sigmoid(struct parallel *parallel, size_t count, const float *x, float *y)
{
	run_blocks(parallel, unary_task, &(struct run){.count = count, .unary = kernel_current()->pointwise->sigmoid, .x = x, .y = y});
}

void pointwise_sigmoid_backward(struct parallel *parallel, size_t count, const float *y, const float *dy, float *dx)
{
	run_blocks(parallel, binary_task,
	           &(struct run){.count = count, .binary = kernel_current()->pointwise->sigmoid_backward, .x = y, .dy = dy, .y = dx});
}

static void adam_task(void *context, int index)
{
	const struct run *run = context;
	size_t offset = (size_t)index * BLOCK;
	run->kernel->adam(block_length(run, index), run->rates, run->weights + offset, run->x + offset, run->first + offset,
	                  run->second + offset);
}

void pointwise_adam(struct parallel *parallel, size_t count, const struct adam *adam,
                    float *weights, const float *gradients, float *first, float *second)
{
	const struct adam_rates rates = {
		.beta1 = adam->beta1, .beta2 = adam->beta2, .rest1 = 1 - adam->beta1, .rest2 = 1 - adam->beta2,
		.step_size = (float)(adam->learning_rate / (1 - pow(adam->beta1, (double)adam->step))),
		.root_scale = (float)(1 / sqrt(1 - pow(adam->beta2, (double)adam->step))),
		.epsilon = adam->epsilon,
	};
	run_blocks(parallel, adam_task,
	           &(struct run){.count = count, .rates = &rates, .weights = weights, .x = gradients, .first = first, .second = second});
}

static void sgd_task(void *context, int index)
{
	const struct run *run = context;
	size_t offset = (size_t)index * BLOCK;
	run->kernel->sgd(block_length(run, index), run->learning_rate, run->momentum, run->weights + offset, run->x + offset,
	                 run->first ? run->first + offset : NULL);
}

void pointwise_sgd(struct parallel *parallel, size_t count, float learning_rate, float momentum,
                   float *weights, const float *gradients, float *velocity)
{
	run_blocks(parallel, sgd_task, &(struct run){.count = count, .learning_rate = learning_rate, .momentum = momentum,
	                                             .weights = weights, .x = gradients, .first = velocity});
}

static void clear_task(void *context, int index)
{
	const struct run *run = context;
	memset(run->y + (size_t)index * BLOCK, 0, block_length(run, index) * sizeof *run->y);
}

void pointwise_clear(struct parallel *parallel, size_t count, float *values)
{
	run_blocks(parallel, clear_task, &(struct run){.count = count, .y = values});
}

static void squares_task(void *context, int index)
{
	const struct run *run = context;
	size_t first = run->count * (size_t)index / SUM_BLOCKS, end = run->count * ((size_t)index + 1) / SUM_BLOCKS;
	run->sums[index] = run->kernel->sum_of_squares(end - first, run->x + first);
}

double pointwise_sum_of_squares(struct parallel *parallel, size_t count, const float *values)
{
	double sums[SUM_BLOCKS], total = 0;
	struct run run = {.kernel = kernel_current()->pointwise, .count = count, .x = values, .sums = sums};
	parallel_run(parallel, squares_task, &run, SUM_BLOCKS);
	for (int i = 0; i < SUM_BLOCKS; i++)
		total += sums[i];
	return total;
}
