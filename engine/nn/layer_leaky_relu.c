/* y = x for x > 0, slope x else. The slope must not be negative, since the backward pass looks at the sign of y. */
#include "engine/nn/layer.h"
#include "engine/tensor/pointwise.h"

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	pointwise_leaky(pass->parallel, layer_values(layer, pass), layer->spec.slope, x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)x;
	pointwise_leaky_backward(pass->parallel, layer_values(layer, pass), layer->spec.slope, y, dy, dx);
}

/* Straight on both sides of 0: a direction is scaled as a gradient is. */
static void second(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                   const float *t, float *u, float *dx)
{
	(void)x;
	(void)dy;
	(void)dx;
	if (u)
		pointwise_leaky_backward(pass->parallel, layer_values(layer, pass), layer->spec.slope, y, t, u);
}

const struct layer_kind layer_leaky_relu = {
	.name = "leaky_relu",
	.help = "rectifier that lets a share of negative values through",
	.in_place = true,
	.backward_in_place = true,
	.backward_reads_output = true,
	.shape = layer_same_shape,
	.forward = forward,
	.backward = backward,
	.second = second,
};
