/* y = W x + b over a whole square picture: a convolution whose kernel is as large as the picture. The bias is
 * optional. People know the weight as [out][C][H][W], that is PyTorch's [out][in] on flattened pictures. */
#include "engine/nn/convolution.h"

static struct conv_geometry geometry_of(const struct layer_spec *spec, struct shape input)
{
	return (struct conv_geometry){
		.big = input, .small = {1, 1, spec->channels}, .kernel = input.height, .stride = 1, .padding = 0,
	};
}

static bool shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error)
{
	struct conv_geometry geometry = geometry_of(spec, input);
	*output = geometry.small;
	if (input.height != input.width)
		return error_set(error, ERROR_INPUT, "layer %s: its input must be square, not %d x %d", spec->name, input.height,
		                 input.width);
	return convolution_check(spec, &geometry, error);
}

static void declare(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running)
{
	(void)running;
	struct conv_geometry geometry = geometry_of(&layer->spec, layer->input);
	struct parameter weight = convolution_weight(layer, &geometry);
	if (layer->input.height == 1)
		weight.dimensions = 2;
	parameter_list_add(trained, &weight);
	if (layer->spec.bias) {
		struct parameter bias = parameter_vector(layer->spec.name, "bias", (size_t)layer->spec.channels, 0, 0);
		parameter_list_add(trained, &bias);
	}
}

static bool create(struct layer *layer, int max_batch, struct error *error)
{
	struct conv_geometry geometry = geometry_of(&layer->spec, layer->input);
	return convolution_create(layer, &geometry, max_batch, error);
}

static void forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y)
{
	int channels = layer->output.channels;
	conv_gather(layer->state, convolution_call(pass), x, y);
	for (int n = 0; layer->spec.bias && n < pass->batch; n++)
		for (int c = 0; c < channels; c++)
			y[n * channels + c] += layer->trained[1][c];
}

static void add_bias_gradient(const struct layer *layer, int batch, const float *dy)
{
	int channels = layer->output.channels;
	for (int n = 0; n < batch; n++)
		for (int c = 0; c < channels; c++)
			layer->gradients[1][c] += dy[n * channels + c];
}

static void backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                     float *dx)
{
	(void)y;
	if (pass->weight_gradients) {
		conv_weight_gradient(layer->state, convolution_call(pass), x, dy, layer->gradients[0]);
		if (layer->spec.bias)
			add_bias_gradient(layer, pass->batch, dy);
	}
	if (dx)
		conv_scatter(layer->state, convolution_call(pass), dy, dx);
}

/* As of a convolution; the bias does not change with x. */
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

const struct layer_kind layer_linear = {
	.name = "linear",
	.help = "fully connected, with optional bias",
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
