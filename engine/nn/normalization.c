#include "engine/nn/normalization.h"

#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/tensor/pointwise.h"

const float layer_batch_norm_epsilon = 1e-5f;
static const float MOMENTUM = 0.1f;

struct batch_norm_state {
	float *mean, *inverse_deviation; /* of the last training pass */
	double *scratch;
};

void normalization_declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running)
{
	size_t channels = (size_t)layer->input.channels;
	const char *name = layer->spec.name;
	struct parameter gamma = parameter_vector(name, "weight", channels, 1, layer->spec.deviation);
	struct parameter beta = parameter_vector(name, "bias", channels, 0, 0);
	struct parameter mean = parameter_vector(name, "running_mean", channels, 0, 0);
	struct parameter variance = parameter_vector(name, "running_var", channels, 1, 0);
	parameter_list_add(trained, &gamma);
	parameter_list_add(trained, &beta);
	parameter_list_add(running, &mean);
	parameter_list_add(running, &variance);
}

bool normalization_create(struct layer *layer, int max_batch, struct error *error)
{
	(void)max_batch;
	(void)error;
	size_t channels = (size_t)layer->input.channels;
	struct batch_norm_state *state = memory_zeroed(1, sizeof *state);
	state->mean = memory_zeroed(channels, sizeof(float));
	state->inverse_deviation = memory_zeroed(channels, sizeof(float));
	state->scratch = memory_zeroed(batch_norm_scratch((int)channels), sizeof(double));
	layer->state = state;
	return true;
}

void normalization_clear(struct layer *layer)
{
	struct batch_norm_state *state = layer->state;
	free(state->mean);
	free(state->inverse_deviation);
	free(state->scratch);
	free(state);
}

static struct batch_norm norm_of(const struct layer *layer, const struct layer_pass *pass)
{
	const struct batch_norm_state *state = layer->state;
	return (struct batch_norm){
		.rows = (size_t)layer->input.height * (size_t)layer->input.width * (size_t)pass->batch,
		.channels = layer->input.channels,
		.epsilon = layer_batch_norm_epsilon, .momentum = MOMENTUM,
		.gamma = layer->trained[0], .beta = layer->trained[1],
		.running_mean = layer->running[0], .running_variance = layer->running[1],
		.mean = state->mean, .inverse_deviation = state->inverse_deviation, .scratch = state->scratch,
	};
}

void normalization_forward(struct layer *layer, const struct layer_pass *pass, float slope, const float *x, float *y)
{
	struct batch_norm norm = norm_of(layer, pass);
	(pass->training ? batch_norm_leaky_train : batch_norm_leaky_evaluate)(pass->parallel, &norm, slope, x, y);
}

void normalization_backward(struct layer *layer, const struct layer_pass *pass, float slope, const float *x, const float *dy,
                            float *dx)
{
	struct batch_norm norm = norm_of(layer, pass);
	float *dgamma = pass->weight_gradients ? layer->gradients[0] : NULL;
	float *dbeta = pass->weight_gradients ? layer->gradients[1] : NULL;
	batch_norm_leaky_backward(pass->parallel, &norm, slope, x, dy, dx, dgamma, dbeta);
}
