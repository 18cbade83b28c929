/* y = 1 / (1 + exp -x). */
#include "engine/nn/layer.h"
#include "engine/tensor/pointwise.h"

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	pointwise_sigmoid(pass->parallel, layer_values(layer, pass), x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)x;
	pointwise_sigmoid_backward(pass->parallel, layer_values(layer, pass), y, dy, dx);
}

const struct layer_kind layer_sigmoid = {
	.name = "sigmoid",
	.help = "logistic function",
	.in_place = true,
	.backward_in_place = true,
	.backward_reads_output = true,
	.shape = layer_same_shape,
	.forward = forward,
	.backward = backward,
};
