#include "engine/nn/convolution.h"

#include <stdio.h>

static bool fits(int big, int small, const struct conv_geometry *geometry)
{
	return small > 0 && (small - 1) * geometry->stride + geometry->kernel == big + 2 * geometry->padding;
}

bool convolution_check(const struct layer_spec *spec, const struct conv_geometry *geometry, struct error *error)
{
	if (spec->channels < 1 || geometry->kernel < 1 || geometry->stride < 1 || geometry->padding < 0)
		return error_set(error, ERROR_INPUT, "layer %s: channels %d, kernel %d, stride %d and padding %d make no convolution",
		                 spec->name, spec->channels, geometry->kernel, geometry->stride, geometry->padding);
	if (geometry->kernel > CONV_MAX_KERNEL)
		return error_set(error, ERROR_INPUT, "layer %s: a kernel of %d x %d; at most %d x %d is possible", spec->name,
		                 geometry->kernel, geometry->kernel, CONV_MAX_KERNEL, CONV_MAX_KERNEL);
	if (!fits(geometry->big.height, geometry->small.height, geometry) ||
	    !fits(geometry->big.width, geometry->small.width, geometry))
		return error_set(error, ERROR_INPUT,
		                 "layer %s: a %d x %d kernel with stride %d and padding %d does not fit %d x %d pixels",
		                 spec->name, geometry->kernel, geometry->kernel, geometry->stride, geometry->padding,
		                 geometry->big.height, geometry->big.width);
	return true;
}

struct parameter convolution_weight(const struct layer *layer, const struct conv_geometry *geometry)
{
	size_t big = (size_t)geometry->big.channels, small = (size_t)geometry->small.channels, kernel = (size_t)geometry->kernel;
	struct parameter weight = {
		.dimensions = 4,
		.shape = {small, big, kernel, kernel},
		.stride = {1, small, kernel * big * small, big * small},
		.deviation = layer->spec.deviation,
		.quantized = true,
	};
	snprintf(weight.layer, sizeof weight.layer, "%s", layer->spec.name);
	snprintf(weight.name, sizeof weight.name, "%s.weight", layer->spec.name);
	return weight;
}

bool convolution_create(struct layer *layer, const struct conv_geometry *geometry, int max_batch, struct error *error)
{
	layer->state = conv_plan_create(geometry, max_batch, layer->precision, layer->scratch, error);
	return layer->state != NULL;
}

void convolution_pack(struct layer *layer, struct parallel *parallel, const float *weights)
{
	conv_pack(layer->state, parallel, weights);
}

void convolution_clear(struct layer *layer)
{
	conv_plan_destroy(layer->state);
}

double convolution_multiply_adds(const struct layer *layer)
{
	return conv_multiply_adds(conv_plan_geometry(layer->state));
}
