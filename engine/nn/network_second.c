/* Gradients of gradients. With input gradient g and a direction v of the input, v . g is what the scores change by in direction
 * v: so v is sent forward through the layers' derivatives at the activations that are there, and at each layer the number
 * "output gradient . change of the output" gives its share of the weight gradients. Where a layer is curved its derivative
 * depends on its input too: these shares ("curvatures") then go back through the layers below it by an ordinary backward pass.
 * A network of convolutions and leaky rectifiers has none, and is done after the first pass. */
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/nn/network.h"

/* A layer that reads nothing of dy here, and may write over it: its input's gradient takes the place of its output's. */
static bool shares_place(const struct layer_kind *kind)
{
	return kind->backward_in_place && !kind->declare && !kind->curved;
}

static size_t values_of(const struct network *network, struct shape shape)
{
	return (shape_count(shape) * (size_t)network->max_batch + 15) / 16 * 16;
}

/* Hands out places from `block`, NULL: only counts. Returns how many floats there are. */
static size_t place_gradients(struct network *network, float *block)
{
	size_t floats = 0;
	for (int i = network->layer_count - 1; i > 0; i--) {
		const struct layer *layer = &network->layers[i];
		bool shared = shares_place(layer->kind) && i < network->layer_count - 1;
		size_t values = values_of(network, layer->input);
		network->output_gradients[i - 1] = shared ? network->output_gradients[i] : block ? block + floats : NULL;
		floats += shared ? 0 : values;
		network->curvatures[i] = layer->kind->curved && block ? block + floats : NULL;
		floats += layer->kind->curved ? values : 0;
	}
	return floats;
}

bool network_keep_second(struct network *network, struct error *error)
{
	for (int i = 0; i < network->layer_count; i++)
		if (!network->layers[i].kind->second || (i == 0 && network->layers[i].kind->curved))
			return error_set(error, ERROR_INPUT, "layer %s (%s) has no second derivatives here", network->layers[i].spec.name,
			                 network->layers[i].kind->name);
	if (!network->kept)
		network->kept = memory_try_floats(place_gradients(network, NULL), "gradients for second derivatives", error);
	if (network->kept)
		place_gradients(network, network->kept);
	return network->kept != NULL;
}

static const float *input_of(const struct network *network, int index, const float *input)
{
	return index > 0 ? network->outputs[index - 1] : input;
}

static void go_back(struct network *network, const struct layer_pass *pass, int index, const float *input, const float *dy,
                    float *dx)
{
	layer_backward(&network->layers[index], pass, input_of(network, index, input), network->outputs[index], dy, dx);
}

const float *network_input_gradient(struct network *network, struct parallel *parallel, int batch, const float *input,
                                    const float *output_gradient)
{
	struct layer_pass pass = {.parallel = parallel, .batch = batch, .training = true, .exact = true};
	const float *dy = output_gradient;
	for (int i = network->layer_count - 1; i >= 0; i--) {
		float *dx = i > 0 ? network->output_gradients[i - 1] : network->passed_back[0];
		go_back(network, &pass, i, input, dy, dx);
		dy = dx;
	}
	return dy;
}

/* The curvatures, from the highest one down. */
static void add_curvatures(struct network *network, const struct layer_pass *pass, const float *input)
{
	float *const *buffers = network->passed_back;
	const float *e = NULL;
	for (int i = network->layer_count - 1; i >= 0; i--) {
		float *dx = e == buffers[0] ? buffers[1] : buffers[0];
		if (e)
			go_back(network, pass, i, input, e, i > 0 || network->layers[i].kind->backward_in_place ? dx : NULL);
		e = e ? dx : NULL;
		const float *curvature = network->curvatures[i];
		size_t values = shape_count(network->layers[i].input) * (size_t)pass->batch;
		for (size_t k = 0; e && curvature && k < values; k++)
			dx[k] += curvature[k];
		e = e ? e : curvature;
	}
}

void network_add_second(struct network *network, struct parallel *parallel, int batch, const float *input,
                        const float *output_gradient, const float *direction)
{
	struct layer_pass pass = {.parallel = parallel, .batch = batch, .training = true, .weight_gradients = true, .exact = true};
	float *const *buffers = network->passed_back;
	int last = network->layer_count - 1;
	const float *t = direction;
	for (int i = 0; i <= last; i++) {
		const float *dy = i < last ? network->output_gradients[i] : output_gradient;
		float *u = i == last ? NULL : t == buffers[0] ? buffers[1] : buffers[0];
		layer_second(&network->layers[i], &pass, input_of(network, i, input), network->outputs[i], dy, t, u, network->curvatures[i]);
		t = u;
	}
	add_curvatures(network, &pass, input);
}
