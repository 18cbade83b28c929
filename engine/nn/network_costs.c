/* What layers cost at least, however they are computed. */
#include <string.h>

#include "engine/nn/network.h"

/* How often a work multiplies by (or makes) the weights, and how often it goes over each thing in memory. */
struct visits {
	int products, inputs, outputs, weights;
};

/* Of convolutions and linear layers. */
static const struct visits matrix_visits[LAYER_WORKS] = {
	[LAYER_FORWARD] = {.products = 1, .inputs = 1, .outputs = 1, .weights = 1},
	[LAYER_DATA_GRADIENT] = {.products = 1, .inputs = 1, .outputs = 1, .weights = 1},
	[LAYER_WEIGHT_GRADIENT] = {.products = 1, .inputs = 1, .outputs = 1, .weights = 2},       /* added to what is there */
	[LAYER_SECOND] = {.products = 2, .inputs = 1, .outputs = 2, .weights = 3}, /* a weight gradient and a forward pass */
};

/* Of all others, whose weights are next to nothing. Backward: what it goes by (x or y), dy and dx. */
static const struct visits plain_visits[LAYER_WORKS] = {
	[LAYER_FORWARD] = {.inputs = 1, .outputs = 1},
	[LAYER_DATA_GRADIENT] = {.inputs = 2, .outputs = 1},
	[LAYER_BOTH_GRADIENTS] = {.inputs = 2, .outputs = 1},
	[LAYER_SECOND] = {.inputs = 2, .outputs = 1},
};
static const struct visits curved_second = {.inputs = 3, .outputs = 2}; /* x, t and the curvature; dy and u */

static struct visits visits_of(const struct network *network, int index, enum layer_work work)
{
	const struct layer_kind *kind = network->layers[index].kind;
	struct visits visits = kind->multiply_adds ? matrix_visits[work] : plain_visits[work];
	if (work == LAYER_SECOND && kind->curved)
		visits = curved_second;
	if (work == LAYER_SECOND && kind->multiply_adds && index == network->layer_count - 1) /* nobody asks for its output */
		visits = matrix_visits[LAYER_WEIGHT_GRADIENT];
	return visits;
}

static size_t weights_of(const struct network *network, const char *layer)
{
	size_t count = 0;
	for (int i = 0; i < network->trained.count; i++)
		if (!strcmp(network->trained.items[i].layer, layer))
			count += network->trained.items[i].count;
	return count;
}

struct layer_cost network_layer_cost(const struct network *network, int index, enum layer_work work, int batch)
{
	const struct layer *layer = &network->layers[index];
	struct visits visits = visits_of(network, index, work);
	double inputs = (double)shape_count(layer->input) * batch, outputs = (double)shape_count(layer->output) * batch;
	double weights = (double)weights_of(network, layer->spec.name);
	return (struct layer_cost){
		.multiply_adds = visits.products ? visits.products * batch * layer->kind->multiply_adds(layer) : 0,
		.bytes = sizeof(float) * (visits.inputs * inputs + visits.outputs * outputs + visits.weights * weights),
	};
}
