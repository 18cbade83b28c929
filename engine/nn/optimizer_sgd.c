/* Stochastic gradient descent with momentum beta1, as PyTorch computes it. */
#include "engine/nn/optimizer.h"
#include "engine/tensor/pointwise.h"

static void update(const struct optimizer_options *options, struct parallel *parallel, size_t count,
                   float *weights, const float *gradients, float *const state[])
{
	pointwise_sgd(parallel, count, (float)options->learning_rate, (float)options->beta1, weights, gradients, state[0]);
}

const struct optimizer optimizer_sgd = {
	.name = "sgd",
	.help = "gradient descent with momentum",
	.blocks = 1,
	.block_names = {"velocity"},
	.update = update,
};
