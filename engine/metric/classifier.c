#include "engine/metric/classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

static const char FORMAT[] = "qgan classifier 1";

static const struct layer_spec architecture[] = {
	{.kind = "conv2d", .name = "conv1", .channels = 32, .kernel = 3, .stride = 1, .padding = 1},
	{.kind = "max_pool", .name = "pool1", .kernel = 2},
	{.kind = "batch_norm_leaky", .name = "norm1"},
	{.kind = "conv2d", .name = "conv2", .channels = 48, .kernel = 3, .stride = 1, .padding = 1},
	{.kind = "batch_norm_leaky", .name = "norm2"},
	{.kind = "conv2d", .name = "conv3", .channels = 64, .kernel = 3, .stride = 1, .padding = 1},
	{.kind = "max_pool", .name = "pool3", .kernel = 2},
	{.kind = "batch_norm_leaky", .name = "norm3"},
	{.kind = "conv2d", .name = "conv4", .channels = 96, .kernel = 3, .stride = 1, .padding = 1},
	{.kind = "batch_norm_leaky", .name = "norm4"},
	{.kind = "conv2d", .name = "conv5", .channels = CLASSIFIER_FEATURES, .kernel = 3, .stride = 1, .padding = 1},
	{.kind = "batch_norm_leaky", .name = "norm5"},
	{.kind = "average_pool", .name = "mean", .kernel = CLASSIFIER_SIZE / 4},
	{.kind = "linear", .name = "classes", .bias = true},
};
enum { LAYERS = sizeof architecture / sizeof *architecture, MEAN = LAYERS - 2, CLASSES = LAYERS - 1 };

/* Weights that keep the spread of activations through rectifiers (He et al. 2015); of the last layer, without one. */
static void choose_deviations(struct layer_spec specs[LAYERS], int channels)
{
	for (int i = 0; i < LAYERS; i++) {
		if (specs[i].channels && specs[i].kernel)
			specs[i].deviation = sqrtf(2.0f / (float)(specs[i].kernel * specs[i].kernel * channels));
		channels = specs[i].channels ? specs[i].channels : channels;
	}
	specs[CLASSES].deviation = sqrtf(1.0f / CLASSIFIER_FEATURES);
}

struct network *classifier_create(int channels, int classes, int max_batch, const struct optimizer *optimizer,
                                  struct error *error)
{
	struct layer_spec specs[LAYERS];
	memcpy(specs, architecture, sizeof specs);
	specs[CLASSES].channels = classes;
	choose_deviations(specs, channels);
	return network_create(specs, LAYERS, (struct shape){CLASSIFIER_SIZE, CLASSIFIER_SIZE, channels}, max_batch, PRECISION_FLOAT32,
	                      optimizer, error);
}

const float *classifier_features(const struct network *network) { return network->outputs[MEAN]; }

/* ---- on disk ---- */

struct tensor_list {
	const struct parameter_list *parameters;
	float *values;
};
enum { LISTS = 2 };

static void list_tensors(const struct network *network, struct tensor_list lists[LISTS])
{
	lists[0] = (struct tensor_list){&network->trained, network->weights};
	lists[1] = (struct tensor_list){&network->running, network->statistics};
}

struct checkpoint *classifier_store(const struct network *network, struct error *error)
{
	struct tensor_list lists[LISTS];
	struct checkpoint *checkpoint = checkpoint_create();
	list_tensors(network, lists);
	for (int l = 0; l < LISTS; l++)
		for (int i = 0; i < lists[l].parameters->count; i++) {
			const struct parameter *tensor = &lists[l].parameters->items[i];
			checkpoint_declare(checkpoint, tensor->name, tensor->dimensions, tensor->shape);
		}
	if (!checkpoint_allocate(checkpoint, error)) {
		checkpoint_destroy(checkpoint);
		return NULL;
	}
	for (int l = 0; l < LISTS; l++)
		for (int i = 0; i < lists[l].parameters->count; i++) {
			const struct parameter *tensor = &lists[l].parameters->items[i];
			parameter_export(tensor, lists[l].values + tensor->offset, checkpoint_fill(checkpoint, tensor->name));
		}
	checkpoint_set_text(checkpoint, "format", FORMAT);
	checkpoint_set_integer(checkpoint, "channels", (uint64_t)network->input.channels);
	checkpoint_set_integer(checkpoint, "classes", (uint64_t)network->output.channels);
	return checkpoint;
}

/* Variances must not be negative, or their roots are no numbers. */
static bool check_values(const struct parameter *tensor, const float *values, struct error *error)
{
	bool variance = strstr(tensor->name, "running_var") != NULL;
	for (size_t i = 0; i < tensor->count; i++)
		if (!isfinite(values[i]) || (variance && values[i] < 0))
			return error_set(error, ERROR_INPUT, "tensor %s: value %zu is %g; expected %s", tensor->name, i, (double)values[i],
			                 variance ? "a variance" : "a finite number");
	return true;
}

static bool load_tensor(const struct checkpoint *checkpoint, const struct parameter *tensor, float *values, struct error *error)
{
	float *theirs = memory_try_floats(tensor->count, tensor->name, error);
	bool good = theirs && checkpoint_get_tensor(checkpoint, tensor->name, tensor->count, theirs, error)
	            && check_values(tensor, theirs, error);
	if (good)
		parameter_import(tensor, theirs, values + tensor->offset);
	free(theirs);
	return good;
}

static bool load_tensors(const struct checkpoint *checkpoint, struct network *network, struct error *error)
{
	struct tensor_list lists[LISTS];
	list_tensors(network, lists);
	for (int l = 0; l < LISTS; l++)
		for (int i = 0; i < lists[l].parameters->count; i++)
			if (!load_tensor(checkpoint, &lists[l].parameters->items[i], lists[l].values, error))
				return false;
	return true;
}

static bool check_shape(const struct checkpoint *checkpoint, uint64_t *channels, uint64_t *classes, struct error *error)
{
	const char *format;
	if (!checkpoint_get_text(checkpoint, "format", &format, error))
		return error_prefix(error, "no classifier");
	if (strcmp(format, FORMAT) != 0)
		return error_set(error, ERROR_INPUT, "its format is \"%.60s\"; expected \"%s\"", format, FORMAT);
	if (!checkpoint_get_integer(checkpoint, "channels", channels, error) ||
	    !checkpoint_get_integer(checkpoint, "classes", classes, error))
		return false;
	if (*channels != 1 && *channels != 3)
		return error_set(error, ERROR_INPUT, "channels is %ju; expected 1 or 3", (uintmax_t)*channels);
	if (*classes < 2 || *classes > CLASSIFIER_MAX_CLASSES)
		return error_set(error, ERROR_INPUT, "classes is %ju; expected 2..%d", (uintmax_t)*classes, CLASSIFIER_MAX_CLASSES);
	return true;
}

struct network *classifier_load(const struct checkpoint *checkpoint, int max_batch, struct error *error)
{
	uint64_t channels, classes;
	if (!check_shape(checkpoint, &channels, &classes, error))
		return NULL;
	struct network *network = classifier_create((int)channels, (int)classes, max_batch, NULL, error);
	if (network && load_tensors(checkpoint, network, error)) {
		network_pack(network, NULL);
		return network;
	}
	network_destroy(network);
	return NULL;
}
