#include "engine/nn/network.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/tensor/pointwise.h"

/* Layer by layer: kind, shapes, and what it wants in the blocks. */
static bool describe(struct network *network, const struct layer_spec specs[], int count, struct error *error)
{
	struct shape shape = network->input;
	for (int i = 0; i < count; i++) {
		struct layer *layer = &network->layers[i];
		const struct layer_kind *kind = layer_kind_find(specs[i].kind, error);
		if (!kind)
			return error_prefix(error, "layer %s", specs[i].name);
		*layer = (struct layer){.kind = kind, .spec = specs[i], .input = shape};
		if (!kind->shape(&layer->spec, shape, &layer->output, error))
			return false;
		shape = layer->output;
	}
	network->layer_count = count;
	network->output = shape;
	return true;
}

/* Where each layer's tensors begin in the lists; the lists are complete only when all layers have declared. */
struct first_tensor {
	int trained, running;
};

static void declare_tensors(struct network *network, struct first_tensor first[])
{
	for (int i = 0; i < network->layer_count; i++) {
		struct layer *layer = &network->layers[i];
		first[i] = (struct first_tensor){network->trained.count, network->running.count};
		if (layer->kind->declare)
			layer->kind->declare(layer, &network->trained, &network->running);
		assert(network->trained.count - first[i].trained <= LAYER_MAX_TENSORS);
		assert(network->running.count - first[i].running <= LAYER_MAX_TENSORS);
	}
	first[network->layer_count] = (struct first_tensor){network->trained.count, network->running.count};
}

static bool allocate_parameters(struct network *network, struct error *error)
{
	size_t floats = network->trained.floats;
	network->weights = memory_try_floats(floats, "a network's weights", error);
	network->statistics = network->weights ? memory_try_floats(network->running.floats, "running statistics", error) : NULL;
	if (!network->statistics || !network->optimizer)
		return network->statistics != NULL;
	int blocks = network->optimizer->blocks;
	network->gradients = memory_try_floats(floats, "a network's gradients", error);
	float *state = network->gradients ? memory_try_floats(floats * (size_t)blocks, "the optimizer's state", error) : NULL;
	for (int i = 0; state && i < blocks; i++)
		network->optimizer_state[i] = state + (size_t)i * floats;
	return state != NULL;
}

static void point_layers(struct network *network, const struct first_tensor first[])
{
	for (int i = 0; i < network->layer_count; i++) {
		struct layer *layer = &network->layers[i];
		for (int t = first[i].trained; t < first[i + 1].trained; t++) {
			size_t offset = network->trained.items[t].offset;
			layer->trained[t - first[i].trained] = network->weights + offset;
			layer->gradients[t - first[i].trained] = network->gradients ? network->gradients + offset : NULL;
		}
		for (int t = first[i].running; t < first[i + 1].running; t++)
			layer->running[t - first[i].running] = network->statistics + network->running.items[t].offset;
	}
}

/* A layer may work in place unless that spoils the network's input or an output that the layer before it reads again. */
static bool works_in_place(const struct network *network, int index)
{
	return index > 0 && network->layers[index].kind->in_place && !network->layers[index - 1].kind->backward_reads_output;
}

static bool allocate_activations(struct network *network, struct error *error)
{
	size_t floats = 0, largest = shape_count(network->input), batch = (size_t)network->max_batch;
	size_t offsets[NETWORK_MAX_LAYERS];
	for (int i = 0; i < network->layer_count; i++) {
		size_t values = (shape_count(network->layers[i].output) * batch + 15) / 16 * 16;
		bool in_place = works_in_place(network, i);
		offsets[i] = in_place ? offsets[i - 1] : floats;
		floats += in_place ? 0 : values;
		largest = shape_count(network->layers[i].output) > largest ? shape_count(network->layers[i].output) : largest;
	}
	network->activations = memory_try_floats(floats, "a network's activations", error);
	for (int i = 0; network->activations && i < network->layer_count; i++)
		network->outputs[i] = network->activations + offsets[i];
	if (!network->activations || !network->optimizer)
		return network->activations != NULL;
	network->passed_back[0] = memory_try_floats(largest * batch, "gradients of activations", error);
	network->passed_back[1] = network->passed_back[0] ? memory_try_floats(largest * batch, "gradients of activations",
	                                                                      error) : NULL;
	return network->passed_back[1] != NULL;
}

static bool create_layers(struct network *network, enum precision precision, struct error *error)
{
	for (int i = 0; i < network->layer_count; i++) {
		struct layer *layer = &network->layers[i];
		layer->precision = precision;
		layer->scratch = &network->scratch;
		if (layer->kind->create && !layer->kind->create(layer, network->max_batch, error))
			return false;
	}
	return conv_scratch_allocate(&network->scratch, error);
}

struct network *network_create(const struct layer_spec specs[], int count, struct shape input, int max_batch,
                               enum precision precision, const struct optimizer *optimizer, struct error *error)
{
	assert(count > 0 && count <= NETWORK_MAX_LAYERS && max_batch > 0);
	struct network *network = memory_zeroed(1, sizeof *network);
	*network = (struct network){.input = input, .max_batch = max_batch, .optimizer = optimizer};
	struct first_tensor first[NETWORK_MAX_LAYERS + 1];
	bool built = describe(network, specs, count, error);
	if (built) {
		declare_tensors(network, first);
		built = allocate_parameters(network, error) && allocate_activations(network, error);
	}
	if (built) {
		point_layers(network, first);
		built = create_layers(network, precision, error);
	}
	if (built)
		return network;
	network_destroy(network);
	return NULL;
}

void network_destroy(struct network *network)
{
	if (!network)
		return;
	for (int i = 0; i < network->layer_count; i++)
		if (network->layers[i].state)
			network->layers[i].kind->clear(&network->layers[i]);
	parameter_list_clear(&network->trained);
	parameter_list_clear(&network->running);
	free(network->weights);
	free(network->gradients);
	free(network->effective);
	free(network->statistics);
	free(network->optimizer_state[0]);
	free(network->activations);
	free(network->passed_back[0]);
	free(network->passed_back[1]);
	conv_scratch_clear(&network->scratch);
	free(network->kept);
	free(network);
}

static void draw(const struct parameter_list *list, struct random *random, float *block)
{
	for (int i = 0; i < list->count; i++) {
		const struct parameter *tensor = &list->items[i];
		if (tensor->deviation > 0)
			random_fill_normal(random, block + tensor->offset, tensor->count, tensor->mean, tensor->deviation);
		else
			for (size_t j = 0; j < tensor->count; j++)
				block[tensor->offset + j] = tensor->mean;
	}
}

void network_initialise(struct network *network, struct random *random)
{
	draw(&network->trained, random, network->weights);
	draw(&network->running, random, network->statistics);
	for (int i = 0; network->optimizer && i < network->optimizer->blocks; i++)
		memset(network->optimizer_state[i], 0, network->trained.floats * sizeof(float));
}

bool network_keep_effective(struct network *network, struct error *error)
{
	if (!network->effective)
		network->effective = memory_try_floats(network->trained.floats, "quantized weights", error);
	return network->effective != NULL;
}

void network_drop_effective(struct network *network)
{
	free(network->effective);
	network->effective = NULL;
}

void network_pack(struct network *network, struct parallel *parallel)
{
	const float *weights = network->effective ? network->effective : network->weights;
	for (int i = 0; i < network->layer_count; i++) {
		struct layer *layer = &network->layers[i];
		if (layer->kind->pack)
			layer->kind->pack(layer, parallel, weights + (layer->trained[0] - network->weights));
	}
}

static const float *forward(struct network *network, const struct layer_pass *pass, const float *input)
{
	assert(pass->batch > 0 && pass->batch <= network->max_batch);
	const float *x = input;
	for (int i = 0; i < network->layer_count; i++) {
		layer_forward(&network->layers[i], pass, x, network->outputs[i]);
		x = network->outputs[i];
	}
	return x;
}

const float *network_forward(struct network *network, struct parallel *parallel, int batch, bool training, const float *input)
{
	return forward(network, &(struct layer_pass){.parallel = parallel, .batch = batch, .training = training}, input);
}

const float *network_forward_exact(struct network *network, struct parallel *parallel, int batch, const float *input)
{
	return forward(network, &(struct layer_pass){.parallel = parallel, .batch = batch, .training = true, .exact = true}, input);
}

/* Where a layer's dx goes: over dy where that is allowed and dy is ours, else to the buffer that does not hold dy. */
static float *place_of_gradient(const struct network *network, const struct layer *layer, const float *dy)
{
	float *const *buffers = network->passed_back;
	int holder = dy == buffers[0] ? 0 : dy == buffers[1] ? 1 : -1;
	if (holder >= 0 && layer->kind->backward_in_place)
		return buffers[holder];
	return buffers[holder == 0];
}

const float *network_backward(struct network *network, struct parallel *parallel, int batch, struct network_wants wants,
                              const float *input, const float *output_gradient)
{
	struct layer_pass pass = {.parallel = parallel, .batch = batch, .training = true, .weight_gradients = wants.weight_gradients};
	const float *dy = output_gradient;
	for (int i = network->layer_count - 1; i >= 0; i--) {
		struct layer *layer = &network->layers[i];
		const float *x = i > 0 ? network->outputs[i - 1] : input;
		bool wanted = i > 0 || wants.input_gradient || layer->kind->backward_in_place;
		float *dx = wanted ? place_of_gradient(network, layer, dy) : NULL;
		layer_backward(layer, &pass, x, network->outputs[i], dy, dx);
		dy = dx;
	}
	return wants.input_gradient ? dy : NULL;
}

void network_clear_gradients(struct network *network, struct parallel *parallel)
{
	pointwise_clear(parallel, network->trained.floats, network->gradients);
}

double network_gradient_norm(const struct network *network, struct parallel *parallel)
{
	return sqrt(pointwise_sum_of_squares(parallel, network->trained.floats, network->gradients));
}

void network_update(struct network *network, struct parallel *parallel, const struct optimizer_options *options)
{
	network->optimizer->update(options, parallel, network->trained.floats, network->weights, network->gradients,
	                           network->optimizer_state);
}

double network_multiply_adds(const struct network *network)
{
	double sum = 0;
	for (int i = 0; i < network->layer_count; i++)
		if (network->layers[i].kind->multiply_adds)
			sum += network->layers[i].kind->multiply_adds(&network->layers[i]);
	return sum;
}
