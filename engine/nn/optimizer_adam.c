/* Adam (Kingma and Ba 2015) as PyTorch computes it. */
#include "engine/nn/optimizer.h"
#include "engine/tensor/pointwise.h"

static const float EPSILON = 1e-8f;

static void update(const struct optimizer_options *options, struct parallel *parallel, size_t count,
                   float *weights, const float *gradients, float *const state[])
{
	struct adam adam = {
		.learning_rate = (float)options->learning_rate,
		.beta1 = (float)options->beta1,
		.beta2 = (float)options->beta2,
		.epsilon = EPSILON,
		.step = (long)options->step,
	};
	pointwise_adam(parallel, count, &adam, weights, gradients, state[0], state[1]);
}

const struct optimizer optimizer_adam = {
	.name = "adam",
	.help = "adaptive moments (Kingma and Ba 2015)",
	.blocks = 2,
	.block_names = {"first_moment", "second_moment"},
	.update = update,
};
