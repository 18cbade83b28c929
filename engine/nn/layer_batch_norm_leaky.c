/* Batch normalisation and the (leaky) rectifier behind it in one: a pass over memory less each way. */
#include "engine/nn/normalization.h"

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	normalization_forward(layer, pass, layer->spec.slope, x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)y;
	normalization_backward(layer, pass, layer->spec.slope, x, dy, dx);
}

const struct layer_kind layer_batch_norm_leaky = {
	.name = "batch_norm_leaky",
	.help = "batch normalisation, then a rectifier of the given slope (0: ReLU)",
	.backward_in_place = true,
	.shape = layer_same_shape,
	.declare = normalization_declare,
	.create = normalization_create,
	.forward = forward,
	.backward = backward,
	.clear = normalization_clear,
};
