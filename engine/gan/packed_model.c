/* Writing a packed model, and comparing one with what it was made from. */
#include "engine/gan/packed_model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/gan/packed_model_names.h"

const char PACKED_MODEL_FORMAT[] = "qgan packed model 1";
const char *const packed_network_names[NETWORK_COUNT] = {[NETWORK_D] = "D", [NETWORK_G] = "G"};

/* ---- a walk over what a source holds ---- */

/* One tensor of the source. Quantized tensors have a place in its plan; `quantized` is -1 for the others. */
struct source_tensor {
	char name[CHECKPOINT_NAME_SIZE];
	const struct parameter *parameter;
	const struct quantization *quantization;
	int quantized;       /* index of plans and fits; -1: float */
	const float *master; /* our order */
	const float *used;   /* what a pass takes */
};

static int find_plan(const struct quantization *quantization, const struct parameter *parameter)
{
	for (int i = 0; i < quantization->count; i++)
		if (quantization->tensors[i] == parameter)
			return quantization->plans[i].bits == QUANT_FLOAT_BITS ? -1 : i;
	return -1;
}

static struct source_tensor take_tensor(const struct quantization *quantization, enum network_id id, int index)
{
	const struct network *network = quantization->network;
	bool running = index >= network->trained.count;
	const struct parameter *parameter =
		running ? &network->running.items[index - network->trained.count] : &network->trained.items[index];
	struct source_tensor tensor = {.parameter = parameter, .quantization = quantization, .quantized = -1};
	int length = snprintf(tensor.name, sizeof tensor.name, "%s.%s", packed_network_names[id], parameter->name);
	assert(length < (int)sizeof tensor.name - PACKED_SUFFIX_SIZE);
	(void)length;
	tensor.master = tensor.used = (running ? network->statistics : network->weights) + parameter->offset;
	if (!running && parameter->quantized && network->effective) /* the rest of that block means nothing */
		tensor.used = network->effective + parameter->offset;
	if (!running)
		tensor.quantized = find_plan(quantization, parameter);
	return tensor;
}

/* Stops at the first false. */
static bool visit_tensors(const struct packed_source *source,
                          bool (*visit)(void *context, const struct source_tensor *tensor, struct error *error), void *context,
                          struct error *error)
{
	for (int id = 0; id < NETWORK_COUNT; id++) {
		const struct quantization *quantization = source->networks[id];
		int count = quantization ? quantization->network->trained.count + quantization->network->running.count : 0;
		for (int i = 0; i < count; i++) {
			struct source_tensor tensor = take_tensor(quantization, id, i);
			if (!visit(context, &tensor, error))
				return false;
		}
	}
	return true;
}

/* ---- making ---- */

struct quant_layout packed_layout(int dimensions, const size_t shape[], int dimension)
{
	struct quant_layout layout = {1, 1, 1};
	for (int i = 0; i < dimensions; i++)
		if (i < dimension)
			layout.outer *= shape[i];
		else if (i == dimension)
			layout.groups = shape[i];
		else
			layout.inner *= shape[i];
	return layout;
}

static struct quant_layout layout_of(const struct source_tensor *tensor)
{
	const struct parameter *parameter = tensor->parameter;
	bool per_channel = tensor->quantization->plans[tensor->quantized].per_channel;
	return packed_layout(parameter->dimensions, parameter->shape, per_channel ? parameter->channel_dimension : PACKED_WHOLE);
}

static char *name_part(char name[PACKED_NAME_SIZE], const struct source_tensor *tensor, const char *suffix)
{
	snprintf(name, PACKED_NAME_SIZE, "%s%s", tensor->name, suffix);
	return name;
}

/* The file is declared in the order of the values' sizes, so that each lies at a multiple of its own. */
struct declaration {
	struct checkpoint *file;
	enum checkpoint_type type;
};

static bool declare(void *context, const struct source_tensor *tensor, struct error *error)
{
	const struct declaration *to = context;
	char name[PACKED_NAME_SIZE];
	(void)error;
	if (tensor->quantized < 0) {
		if (to->type == CHECKPOINT_F32)
			checkpoint_declare(to->file, tensor->name, tensor->parameter->dimensions, tensor->parameter->shape);
		return true;
	}
	size_t groups = layout_of(tensor).groups;
	size_t bytes = packed_bytes(tensor->quantization->plans[tensor->quantized].bits, tensor->parameter->count);
	if (to->type == CHECKPOINT_F64)
		checkpoint_declare_type(to->file, to->type, name_part(name, tensor, PACKED_SCALES), 2, (size_t[]){groups, 2});
	else if (to->type == CHECKPOINT_U8)
		checkpoint_declare_type(to->file, to->type, name_part(name, tensor, PACKED_CODES), 1, &bytes);
	return true;
}

static void set_constant(struct checkpoint *file, const struct source_tensor *tensor, const struct quant_fit fits[],
                         size_t groups)
{
	char key[PACKED_NAME_SIZE], *marks = memory_zeroed(groups + 1, 1);
	for (size_t g = 0; g < groups; g++)
		marks[g] = fits[g].constant ? '1' : '0';
	if (strchr(marks, '1'))
		checkpoint_set_text(file, name_part(key, tensor, PACKED_CONSTANT), marks);
	free(marks);
}

static void describe_tensor(struct checkpoint *file, const struct source_tensor *tensor, const struct tensor_plan *plan)
{
	char key[PACKED_NAME_SIZE], shape[64];
	checkpoint_set_text(file, name_part(key, tensor, PACKED_METHOD), plan->quantizer->name);
	checkpoint_set_integer(file, name_part(key, tensor, PACKED_BITS), (uint64_t)plan->bits);
	checkpoint_set_text(file, name_part(key, tensor, PACKED_SHAPE), parameter_shape_text(tensor->parameter, shape, sizeof shape));
	name_part(key, tensor, PACKED_DIMENSION);
	if (plan->per_channel)
		checkpoint_set_integer(file, key, (uint64_t)tensor->parameter->channel_dimension);
	else
		checkpoint_set_text(file, key, "none");
}

static bool pack(struct checkpoint *file, const struct source_tensor *tensor, struct error *error)
{
	const struct tensor_plan *plan = &tensor->quantization->plans[tensor->quantized];
	const struct quant_fit *fits = tensor->quantization->fits[tensor->quantized];
	struct quant_layout layout = layout_of(tensor);
	float *weights = memory_try_floats(tensor->parameter->count, "the weights of a layer", error);
	if (!weights)
		return false;
	parameter_export(tensor->parameter, tensor->master, weights);
	struct packed_codes codes;
	bool good = packed_codes_make(&codes, plan->quantizer, fits, NULL, weights, layout, error);
	if (good) {
		char name[PACKED_NAME_SIZE];
		double *scales = checkpoint_fill_type(file, CHECKPOINT_F64, name_part(name, tensor, PACKED_SCALES));
		memcpy(checkpoint_fill_type(file, CHECKPOINT_U8, name_part(name, tensor, PACKED_CODES)), codes.bytes,
		       packed_bytes(plan->bits, tensor->parameter->count));
		for (size_t g = 0; g < layout.groups; g++) {
			scales[2 * g] = fits[g].alpha;
			scales[2 * g + 1] = fits[g].beta;
		}
		describe_tensor(file, tensor, plan);
		set_constant(file, tensor, fits, layout.groups);
	}
	packed_codes_clear(&codes);
	free(weights);
	return good;
}

static bool fill(void *context, const struct source_tensor *tensor, struct error *error)
{
	struct checkpoint *file = context;
	if (tensor->quantized >= 0)
		return pack(file, tensor, error);
	parameter_export(tensor->parameter, tensor->used, checkpoint_fill(file, tensor->name));
	return true;
}

struct checkpoint *packed_model_make(const struct packed_source *source, struct error *error)
{
	static const enum checkpoint_type by_size[] = {CHECKPOINT_F64, CHECKPOINT_F32, CHECKPOINT_U8};
	struct declaration to = {.file = checkpoint_create()};
	for (size_t i = 0; i < sizeof by_size / sizeof *by_size; i++) {
		to.type = by_size[i];
		visit_tensors(source, declare, &to, error);
	}
	char networks[8] = "";
	for (int id = 0; id < NETWORK_COUNT; id++)
		strcat(networks, source->networks[id] ? packed_network_names[id] : "");
	checkpoint_set_text(to.file, "format", PACKED_MODEL_FORMAT);
	checkpoint_set_text(to.file, "networks", networks);
	checkpoint_set_integer(to.file, "step", (uint64_t)source->step);
	gan_settings_to_checkpoint(source->settings, to.file);
	if (checkpoint_allocate(to.file, error) && visit_tensors(source, fill, to.file, error))
		return to.file;
	checkpoint_destroy(to.file);
	return NULL;
}

/* ---- comparing ---- */

struct comparison {
	const struct packed_model *model;
	int tensors; /* compared */
};

static bool report_difference(const char *name, const float *used, const float *found, size_t count, struct error *error)
{
	size_t i = 0;
	while (i < count && memcmp(&used[i], &found[i], sizeof *used) == 0)
		i++;
	if (i == count)
		return true;
	return error_set(error, ERROR_STATE, "%s: value %zu of %zu is %.9g in the file, but training used %.9g", name, i, count,
	                 (double)found[i], (double)used[i]);
}

static bool compare(void *context, const struct source_tensor *tensor, struct error *error)
{
	struct comparison *comparison = context;
	size_t count = tensor->parameter->count;
	float *used = memory_try_floats(count, "the weights of a layer", error);
	float *found = used ? memory_try_floats(count, "the weights of a layer", error) : NULL;
	bool good = found && packed_model_expand(comparison->model, tensor->name, count, found, error);
	if (good) {
		parameter_export(tensor->parameter, tensor->used, used);
		good = report_difference(tensor->name, used, found, count, error);
	}
	comparison->tensors++;
	free(used);
	free(found);
	return good;
}

bool packed_model_check(const struct packed_model *model, const struct packed_source *source, struct error *error)
{
	struct comparison comparison = {.model = model};
	if (!visit_tensors(source, compare, &comparison, error))
		return false;
	int held = checkpoint_tensor_count(model->file) - model->count; /* codes and scales are one tensor */
	return held == comparison.tensors ||
	       error_set(error, ERROR_STATE, "the file holds %d tensors, the networks %d", held, comparison.tensors);
}
