/* y = conv(x, W), no bias: the input is the big picture, the output the small one. */
#include "engine/nn/convolution.h"

static struct conv_geometry geometry_of(const struct layer_spec *spec, struct shape input)
{
	struct conv_geometry geometry = {.big = input, .kernel = spec->kernel, .stride = spec->stride, .padding = spec->padding};
	int stride = spec->stride > 0 ? spec->stride : 1;
	geometry.small.height = (input.height + 2 * spec->padding - spec->kernel) / stride + 1;
	geometry.small.width = (input.width + 2 * spec->padding - spec->kernel) / stride + 1;
	geometry.small.channels = spec->channels;
	return geometry;
}

static bool shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error)
{
	struct conv_geometry geometry = geometry_of(spec, input);
	*output = geometry.small;
	return convolution_check(spec, &geometry, error);
}

static void declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running)
{
	(void)running;
	struct conv_geometry geometry = geometry_of(&layer->spec, layer->input);
	struct parameter weight = convolution_weight(layer, &geometry);
	parameter_list_add(trained, &weight);
}

static bool create(struct layer *layer, int max_batch, struct error *error)
{
	struct conv_geometry geometry = geometry_of(&layer->spec, layer->input);
	return convolution_create(layer, &geometry, max_batch, error);
}

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	conv_gather(layer->state, convolution_call(pass), x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)y;
	if (pass->weight_gradients)
		conv_weight_gradient(layer->state, convolution_call(pass), x, dy, layer->gradients[0]);
	if (dx)
		conv_scatter(layer->state, convolution_call(pass), dy, dx);
}

/* Linear in x: the output changes by conv(t, W), and dy . conv(t, W) has the weight gradient of an input t. */
static void second(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                   const float *t, float *u, float *dx)
{
	(void)x;
	(void)y;
	(void)dx;
	conv_weight_gradient(layer->state, convolution_call(pass), t, dy, layer->gradients[0]);
	if (u)
		conv_gather(layer->state, convolution_call(pass), t, u);
}

const struct layer_kind layer_conv2d = {
	.name = "conv2d",
	.help = "convolution",
	.shape = shape,
	.declare = declare,
	.create = create,
	.pack = convolution_pack,
	.forward = forward,
	.backward = backward,
	.second = second,
	.clear = convolution_clear,
	.multiply_adds = convolution_multiply_adds,
};
