/* y = conv_transpose(x, W), no bias: the input is the small picture, the output the big one. */
#include "engine/nn/convolution.h"

static struct conv_geometry geometry_of(const struct layer_spec *spec, struct shape input)
{
	struct conv_geometry geometry = {.small = input, .kernel = spec->kernel, .stride = spec->stride, .padding = spec->padding};
	geometry.big.height = (input.height - 1) * spec->stride - 2 * spec->padding + spec->kernel;
	geometry.big.width = (input.width - 1) * spec->stride - 2 * spec->padding + spec->kernel;
	geometry.big.channels = spec->channels;
	return geometry;
}

static bool shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error)
{
	struct conv_geometry geometry = geometry_of(spec, input);
	*output = geometry.big;
	if (geometry.big.height < 1 || geometry.big.width < 1)
		return error_set(error, ERROR_INPUT, "layer %s: padding %d leaves nothing of a %d x %d picture", spec->name,
		                 spec->padding, input.height, input.width);
	return convolution_check(spec, &geometry, error);
}

static void declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running)
{
	(void)running;
	struct conv_geometry geometry = geometry_of(&layer->spec, layer->input);
	struct parameter weight = convolution_weight(layer, &geometry);
	weight.channel_dimension = 1;
	parameter_list_add(trained, &weight);
}

static bool create(struct layer *layer, int max_batch, struct error *error)
{
	struct conv_geometry geometry = geometry_of(&layer->spec, layer->input);
	return convolution_create(layer, &geometry, max_batch, error);
}

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	conv_scatter(layer->state, convolution_call(pass), x, y);
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)y;
	if (pass->weight_gradients)
		conv_weight_gradient(layer->state, convolution_call(pass), dy, x, layer->gradients[0]);
	if (dx)
		conv_gather(layer->state, convolution_call(pass), dy, dx);
}

const struct layer_kind layer_conv_transpose2d = {
	.name = "conv_transpose2d",
	.help = "transposed convolution",
	.shape = shape,
	.declare = declare,
	.create = create,
	.pack = convolution_pack,
	.forward = forward,
	.backward = backward,
	.clear = convolution_clear,
	.multiply_adds = convolution_multiply_adds,
};
