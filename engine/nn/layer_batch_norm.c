/* Batch normalisation with nothing behind it. */
#include "engine/nn/normalization.h"

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	normalization_forward(layer, pass, 1, x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)y;
	normalization_backward(layer, pass, 1, x, dy, dx);
}

const struct layer_kind layer_batch_norm = {
	.name = "batch_norm",
	.help = "batch normalisation with running statistics",
	.backward_in_place = true,
	.shape = layer_same_shape,
	.declare = normalization_declare,
	.create = normalization_create,
	.forward = forward,
	.backward = backward,
	.clear = normalization_clear,
};
