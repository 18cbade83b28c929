/* y = max(x, 0). */
#include "engine/nn/layer.h"
#include "engine/tensor/pointwise.h"

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	pointwise_leaky(pass->parallel, layer_values(layer, pass), 0, x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)x;
	pointwise_leaky_backward(pass->parallel, layer_values(layer, pass), 0, y, dy, dx);
}

const struct layer_kind layer_relu = {
	.name = "relu",
	.help = "rectifier",
	.in_place = true,
	.backward_in_place = true,
	.backward_reads_output = true,
	.shape = layer_same_shape,
	.forward = forward,
	.backward = backward,
};
