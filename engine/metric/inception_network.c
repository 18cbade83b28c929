#include "engine/metric/inception_network.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/metric/inception_input.h"
#include "engine/metric/inception_steps.h"

static const float EPSILON = 0.001f; /* of its batch normalisations */

struct inception_network {
	struct inception_step steps[INCEPTION_MAX_STEPS];
	struct conv_forward *layers[INCEPTION_MAX_STEPS]; /* of the steps that are convolutions */
	struct conv_forward *logits;
	int count, max_batch;
	float *tensors[INCEPTION_TENSORS];
	size_t bytes;
	double multiply_adds;
};

/* ---- parameters ---- */

enum { WEIGHT, SCALE, SHIFT, MEAN, VARIANCE, PARAMETERS };
static const char *const suffixes[PARAMETERS] = {
	[WEIGHT] = "conv.weight", [SCALE] = "bn.weight", [SHIFT] = "bn.bias", [MEAN] = "bn.running_mean", [VARIANCE] = "bn.running_var",
};
static const char LOGITS_WEIGHT[] = "fc.weight", LOGITS_BIAS[] = "fc.bias";
enum { FULL_NAME_SIZE = INCEPTION_NAME_SIZE + 16 };
_Static_assert((int)FULL_NAME_SIZE <= (int)CHECKPOINT_NAME_SIZE, "checkpoints hold every name");

static bool visit_convolution(const struct inception_step *step, inception_visit *visit, void *context, struct error *error)
{
	const struct conv_forward_geometry *g = &step->convolution;
	const size_t shape[] = {(size_t)g->channels, (size_t)g->input.channels, (size_t)g->kernel_height, (size_t)g->kernel_width};
	for (int i = 0; i < PARAMETERS; i++) {
		char name[FULL_NAME_SIZE];
		snprintf(name, sizeof name, "%s.%s", step->name, suffixes[i]);
		if (!visit(context, name, i == WEIGHT ? 4 : 1, shape, error))
			return false;
	}
	return true;
}

bool inception_visit_parameters(int divisor, inception_visit *visit, void *context, struct error *error)
{
	struct inception_step steps[INCEPTION_MAX_STEPS];
	const int count = inception_list_steps(divisor, steps);
	for (int i = 0; i < count; i++)
		if (steps[i].kind == INCEPTION_CONVOLUTION && !visit_convolution(&steps[i], visit, context, error))
			return false;
	const size_t shape[] = {INCEPTION_CLASSES, INCEPTION_FEATURES / (size_t)divisor};
	return visit(context, LOGITS_WEIGHT, 2, shape, error) && visit(context, LOGITS_BIAS, 1, shape, error);
}

static void describe_shape(const size_t shape[], int dimensions, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "%s", dimensions ? "" : "a single number");
	for (int i = 0; i < dimensions && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%zu", i ? " x " : "", shape[i]);
}

bool inception_check_shape(const char *name, int dimensions, const size_t shape[], int found_dimensions,
                           const size_t found_shape[], struct error *error)
{
	char expected[96], found[200];
	describe_shape(shape, dimensions, expected, sizeof expected);
	if (!found_shape)
		return error_set(error, ERROR_INPUT,
		                 "tensor %s is missing; expected one of %s floats, as torchvision's inception_v3 has it", name, expected);
	if (found_dimensions == dimensions && memcmp(found_shape, shape, (size_t)dimensions * sizeof *shape) == 0)
		return true;
	describe_shape(found_shape, found_dimensions, found, sizeof found);
	return error_set(error, ERROR_INPUT, "tensor %s is %s; expected %s, as torchvision's inception_v3 has it", name, found,
	                 expected);
}

/* A visit: the checkpoint holds the parameter, and it is one that a network can have. */
static bool check_parameter(void *context, const char *name, int dimensions, const size_t shape[], struct error *error)
{
	const struct checkpoint_tensor *tensor = checkpoint_find(context, name);
	const bool variance = strstr(name, suffixes[VARIANCE]) != NULL;
	if (!inception_check_shape(name, dimensions, shape, tensor ? tensor->dimensions : 0, tensor ? tensor->shape : NULL, error))
		return false;
	for (size_t i = 0; i < tensor->count; i++) {
		if (!isfinite(tensor->values[i]))
			return error_set(error, ERROR_INPUT, "tensor %s has a value that is not finite", name);
		if (variance && tensor->values[i] < 0)
			return error_set(error, ERROR_INPUT, "tensor %s has a negative value", name);
	}
	return true;
}

bool inception_check(const struct checkpoint *parameters, int divisor, struct error *error)
{
	return inception_visit_parameters(divisor, check_parameter, (void *)(uintptr_t)parameters, error);
}

/* ---- life ---- */

static const float *parameter(const struct checkpoint *parameters, const struct inception_step *step, int which)
{
	char name[FULL_NAME_SIZE];
	snprintf(name, sizeof name, "%s.%s", step->name, suffixes[which]);
	return checkpoint_find(parameters, name)->values;
}

/* scale[c] = gamma / sqrt(variance + epsilon), shift[c] = beta - mean scale: what batch normalisation does to channel c. */
static void fold(const struct checkpoint *parameters, const struct inception_step *step, float *scale, float *shift)
{
	const float *mean = parameter(parameters, step, MEAN), *variance = parameter(parameters, step, VARIANCE);
	const float *gamma = parameter(parameters, step, SCALE), *beta = parameter(parameters, step, SHIFT);
	for (int c = 0; c < step->convolution.channels; c++) {
		const double factor = (double)gamma[c] / sqrt((double)variance[c] + (double)EPSILON);
		scale[c] = (float)factor;
		shift[c] = (float)((double)beta[c] - (double)mean[c] * factor);
	}
}

static bool make_layer(struct inception_network *network, int index, const struct checkpoint *parameters, struct error *error)
{
	const struct inception_step *step = &network->steps[index];
	float scale[INCEPTION_FEATURES], shift[INCEPTION_FEATURES];
	fold(parameters, step, scale, shift);
	const float *weights = parameter(parameters, step, WEIGHT);
	network->layers[index] = conv_forward_create(&step->convolution, weights, scale, shift, error);
	network->bytes += conv_forward_weight_count(&step->convolution) * sizeof(float);
	network->multiply_adds += conv_forward_multiply_adds(&step->convolution);
	return network->layers[index] != NULL;
}

static bool make_logits(struct inception_network *network, const struct checkpoint *parameters, int divisor, struct error *error)
{
	const struct conv_forward_geometry geometry = {
		.input = {1, 1, INCEPTION_FEATURES / divisor}, .channels = INCEPTION_CLASSES, .kernel_height = 1, .kernel_width = 1, .stride = 1,
	};
	float ones[INCEPTION_CLASSES];
	for (int c = 0; c < INCEPTION_CLASSES; c++)
		ones[c] = 1;
	network->logits = conv_forward_create(&geometry, checkpoint_find(parameters, LOGITS_WEIGHT)->values, ones,
	                                      checkpoint_find(parameters, LOGITS_BIAS)->values, error);
	network->bytes += conv_forward_weight_count(&geometry) * sizeof(float);
	network->multiply_adds += conv_forward_multiply_adds(&geometry);
	return network->logits != NULL;
}

static bool make_tensors(struct inception_network *network, struct error *error)
{
	size_t floats[INCEPTION_TENSORS];
	inception_measure_tensors(network->steps, network->count, floats);
	for (int i = 0; i < INCEPTION_TENSORS; i++) {
		network->tensors[i] = memory_try_floats(floats[i] * (size_t)network->max_batch, "the activations of Inception-v3", error);
		network->bytes += floats[i] * (size_t)network->max_batch * sizeof(float);
		if (!network->tensors[i])
			return false;
	}
	return true;
}

static bool make(struct inception_network *network, const struct checkpoint *parameters, int divisor, struct error *error)
{
	for (int i = 0; i < network->count; i++)
		if (network->steps[i].kind == INCEPTION_CONVOLUTION && !make_layer(network, i, parameters, error))
			return false;
	return make_logits(network, parameters, divisor, error) && make_tensors(network, error);
}

struct inception_network *inception_create(const struct checkpoint *parameters, int divisor, int max_batch, struct error *error)
{
	assert(max_batch >= 1);
	if (!inception_check(parameters, divisor, error))
		return NULL;
	struct inception_network *network = memory_zeroed(1, sizeof *network);
	network->count = inception_list_steps(divisor, network->steps);
	network->max_batch = max_batch;
	if (make(network, parameters, divisor, error))
		return network;
	inception_destroy(network);
	return NULL;
}

void inception_destroy(struct inception_network *network)
{
	if (!network)
		return;
	for (int i = 0; i < network->count; i++)
		conv_forward_destroy(network->layers[i]);
	conv_forward_destroy(network->logits);
	for (int i = 0; i < INCEPTION_TENSORS; i++)
		free(network->tensors[i]);
	free(network);
}

double inception_multiply_adds(const struct inception_network *network) { return network->multiply_adds; }
size_t inception_bytes(const struct inception_network *network) { return network->bytes; }

/* ---- forward ---- */

static void run_step(const struct inception_network *network, int index, struct parallel *parallel, int batch,
                     const float *input, float *output)
{
	const struct inception_step *step = &network->steps[index];
	if (step->kind == INCEPTION_CONVOLUTION)
		conv_forward_run(network->layers[index], parallel, batch, input, output + step->first_channel, step->width);
	else
		pool_run(&step->pool, parallel, batch, input, output + step->first_channel, step->width);
}

void inception_forward(struct inception_network *network, struct parallel *parallel, const struct inception_pictures *pictures,
                       float *features, float *logits)
{
	const int batch = (int)pictures->count;
	float *roles[INCEPTION_TENSORS];
	assert(batch >= 1 && batch <= network->max_batch && (pictures->channels == 1 || pictures->channels == INCEPTION_CHANNELS));
	memcpy(roles, network->tensors, sizeof roles);
	inception_prepare(parallel, pictures, roles[INCEPTION_INPUT]);
	for (int i = 0; i < network->count; i++) {
		const struct inception_step *step = &network->steps[i];
		run_step(network, i, parallel, batch, roles[step->from], roles[step->to]);
		if (step->ends_block) {
			float *output = roles[INCEPTION_OUTPUT];
			roles[INCEPTION_OUTPUT] = roles[INCEPTION_INPUT];
			roles[INCEPTION_INPUT] = output;
		}
	}
	const struct shape maps = {INCEPTION_LAST_MAP, INCEPTION_LAST_MAP, conv_forward_geometry(network->logits)->input.channels};
	pool_whole(maps, parallel, batch, roles[INCEPTION_INPUT], features);
	conv_forward_run(network->logits, parallel, batch, features, logits, INCEPTION_CLASSES);
}
