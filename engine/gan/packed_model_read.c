/* Reading a packed model: nothing of the file is believed before it has been checked. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/gan/packed_model.h"
#include "engine/gan/packed_model_names.h"

enum { MOST_TENSORS = NETWORK_COUNT * QUANTIZATION_MAX_TENSORS };

/* "metadata NAME.bits ..": the sentence for a key that says something else than it should. */
static bool refuse(const struct packed_tensor *tensor, const char *key, const char *value, const char *expected,
                   struct error *error)
{
	return error_set(error, ERROR_INPUT, "%s%s is \"%.64s\", expected %s", tensor->name, key, value, expected);
}

static bool get_text(const struct checkpoint *file, const struct packed_tensor *tensor, const char *key, const char **value,
                     struct error *error)
{
	char name[PACKED_NAME_SIZE];
	snprintf(name, sizeof name, "%s%s", tensor->name, key);
	return checkpoint_get_text(file, name, value, NULL) || error_set(error, ERROR_INPUT, "\"%s\" is missing", name);
}

/* "100x512x4x4". */
static bool parse_shape(const char *text, struct packed_tensor *tensor)
{
	size_t count = 1;
	for (tensor->dimensions = 0; tensor->dimensions < CHECKPOINT_MAX_DIMENSIONS;) {
		char number[24];
		uint64_t length;
		size_t digits = strcspn(text, "x");
		if (digits >= sizeof number)
			return false;
		memcpy(number, text, digits);
		number[digits] = '\0';
		if (!text_to_uint64(number, &length) || length == 0 || __builtin_mul_overflow(count, length, &count) ||
		    count > SIZE_MAX / QUANT_MAX_BITS / sizeof(float))
			return false;
		tensor->shape[tensor->dimensions++] = (size_t)length;
		text += digits;
		if (*text++ == '\0')
			return true;
	}
	return false;
}

static bool read_plan(const struct checkpoint *file, struct packed_tensor *tensor, struct error *error)
{
	const char *method, *bits, *shape, *dimension;
	uint64_t number;
	if (!get_text(file, tensor, PACKED_METHOD, &method, error) || !get_text(file, tensor, PACKED_BITS, &bits, error) ||
	    !get_text(file, tensor, PACKED_SHAPE, &shape, error) || !get_text(file, tensor, PACKED_DIMENSION, &dimension, error))
		return false;
	tensor->codes.quantizer = quantizer_find(method, error);
	if (!tensor->codes.quantizer)
		return error_prefix(error, "%s%s", tensor->name, PACKED_METHOD);
	if (!text_to_uint64(bits, &number) || number < QUANT_MIN_BITS || number > QUANT_MAX_BITS)
		return refuse(tensor, PACKED_BITS, bits, "1 to 8", error);
	tensor->codes.bits = (int)number;
	if (!parse_shape(shape, tensor))
		return refuse(tensor, PACKED_SHAPE, shape, "up to four whole numbers joined by \"x\"", error);
	bool whole = strcmp(dimension, "none") == 0;
	if (!whole && (!text_to_uint64(dimension, &number) || number >= (uint64_t)tensor->dimensions))
		return refuse(tensor, PACKED_DIMENSION, dimension, "\"none\" or the number of a dimension", error);
	tensor->codes.layout = packed_layout(tensor->dimensions, tensor->shape, whole ? PACKED_WHOLE : (int)number);
	return true;
}

static bool read_codes(const struct checkpoint_tensor *codes, struct packed_tensor *tensor, struct error *error)
{
	const uint8_t *bytes = codes->data;
	size_t count = quant_layout_count(tensor->codes.layout), expected = packed_bytes(tensor->codes.bits, count);
	size_t used = count * (size_t)tensor->codes.bits % 8;
	if (codes->count != expected)
		return error_set(error, ERROR_INPUT, "%s has %zu bytes, but %zu codes of %d bits take %zu", codes->name, codes->count, count,
		                 tensor->codes.bits, expected);
	if (used > 0 && bytes[expected - 1] >> used != 0)
		return error_set(error, ERROR_INPUT, "%s: the last byte's bits after the last code are not 0", codes->name);
	tensor->codes.bytes = memory_try_bytes(expected, "the codes of a layer", error);
	if (!tensor->codes.bytes)
		return false;
	memcpy(tensor->codes.bytes, bytes, expected);
	return true;
}

static bool read_constant(const struct checkpoint *file, struct packed_tensor *tensor, struct error *error)
{
	const char *marks;
	size_t groups = tensor->codes.layout.groups;
	if (!get_text(file, tensor, PACKED_CONSTANT, &marks, NULL)) /* none is */
		return true;
	if (strlen(marks) != groups || strspn(marks, "01") != groups)
		return refuse(tensor, PACKED_CONSTANT, marks, "one \"0\" or \"1\" a scale", error);
	for (size_t g = 0; g < groups; g++)
		tensor->codes.fits[g].constant = marks[g] == '1';
	return true;
}

/* What no training has written: scales beyond float's range, or a level that is not finite. */
static bool check_levels(const struct packed_tensor *tensor, struct error *error)
{
	const struct packed_codes *codes = &tensor->codes;
	for (size_t g = 0; g < codes->layout.groups; g++) {
		float levels[QUANT_MAX_STATES];
		bool finite = fabs(codes->fits[g].alpha) <= FLT_MAX && fabs(codes->fits[g].beta) <= FLT_MAX;
		if (finite)
			quant_levels(codes->quantizer, &codes->fits[g], levels);
		for (int z = 0; finite && z < 1 << codes->bits; z++)
			finite = isfinite(levels[z]);
		if (!finite)
			return error_set(error, ERROR_INPUT, "%s%s: number %zu gives levels that are not finite", tensor->name, PACKED_SCALES, g);
	}
	return true;
}

static bool read_scales(const struct checkpoint *file, struct packed_tensor *tensor, struct error *error)
{
	char name[PACKED_NAME_SIZE];
	snprintf(name, sizeof name, "%s%s", tensor->name, PACKED_SCALES);
	const struct checkpoint_tensor *scales = checkpoint_find_type(file, CHECKPOINT_F64, name);
	size_t groups = tensor->codes.layout.groups;
	if (!scales || scales->dimensions != 2 || scales->shape[0] != groups || scales->shape[1] != 2)
		return error_set(error, ERROR_INPUT, "the F64 tensor %s of %zu x 2 numbers is missing", name, groups);
	const double *numbers = scales->data;
	tensor->codes.fits = memory_zeroed(groups, sizeof *tensor->codes.fits);
	for (size_t g = 0; g < groups; g++)
		tensor->codes.fits[g] = (struct quant_fit){
			.bits = tensor->codes.bits, .alpha = numbers[2 * g], .beta = numbers[2 * g + 1], .valid = true,
		};
	return read_constant(file, tensor, error) && check_levels(tensor, error);
}

/* "G.deconv1.weight.codes" is the tensor G.deconv1.weight of the network G. */
static bool read_name(const struct checkpoint_tensor *codes, struct packed_tensor *tensor)
{
	size_t length = strlen(codes->name), end = strlen(PACKED_CODES);
	if (length <= end || strcmp(codes->name + length - end, PACKED_CODES) != 0)
		return false;
	memcpy(tensor->name, codes->name, length - end);
	for (int id = 0; id < NETWORK_COUNT; id++)
		if (tensor->name[0] == packed_network_names[id][0] && tensor->name[1] == '.') {
			tensor->network = (enum network_id)id;
			return true;
		}
	return false;
}

static bool read_tensor(struct packed_model *model, const struct checkpoint_tensor *codes, struct error *error)
{
	if (model->count == MOST_TENSORS)
		return error_set(error, ERROR_INPUT, "more than %d packed tensors", MOST_TENSORS);
	struct packed_tensor *tensor = &model->tensors[model->count++];
	if (!read_name(codes, tensor))
		return error_set(error, ERROR_INPUT, "the tensor %s of bytes is not named as the codes of a network's weights", codes->name);
	if (checkpoint_find(model->file, tensor->name))
		return error_set(error, ERROR_INPUT, "the tensor %s is there twice, as floats and as codes", tensor->name);
	return read_plan(model->file, tensor, error) && read_codes(codes, tensor, error) &&
	       read_scales(model->file, tensor, error);
}

static bool read_tensors(struct packed_model *model, struct error *error)
{
	int scales = 0;
	for (int i = 0; i < checkpoint_tensor_count(model->file); i++) {
		const struct checkpoint_tensor *tensor = checkpoint_tensor_at(model->file, i);
		scales += tensor->type == CHECKPOINT_F64;
		if (tensor->type == CHECKPOINT_U8 && !read_tensor(model, tensor, error))
			return false;
	}
	return scales == model->count || error_set(error, ERROR_INPUT, "%d tensors of scales, but %d of codes", scales, model->count);
}

static bool read_facts(struct packed_model *model, struct error *error)
{
	const char *format, *networks;
	uint64_t step;
	if (!checkpoint_get_text(model->file, "format", &format, error))
		return false;
	if (strcmp(format, PACKED_MODEL_FORMAT) != 0)
		return error_set(error, ERROR_INPUT, "format is \"%.64s\", expected \"%s\"", format, PACKED_MODEL_FORMAT);
	if (!checkpoint_get_text(model->file, "networks", &networks, error) ||
	    !checkpoint_get_integer(model->file, "step", &step, error) ||
	    !gan_settings_from_checkpoint(&model->settings, model->file, error))
		return false;
	if (strspn(networks, "DG") != strlen(networks) || !*networks)
		return error_set(error, ERROR_INPUT, "networks is \"%.64s\", expected \"D\", \"G\" or \"DG\"", networks);
	if (step > INT64_MAX)
		return error_set(error, ERROR_INPUT, "step is %llu, but cannot be that large", (unsigned long long)step);
	model->step = (int64_t)step;
	for (int id = 0; id < NETWORK_COUNT; id++)
		model->holds[id] = strstr(networks, packed_network_names[id]) != NULL;
	return true;
}

struct packed_model *packed_model_open(struct checkpoint *file, const char *name, struct error *error)
{
	struct packed_model *model = memory_zeroed(1, sizeof *model);
	model->file = file;
	model->tensors = memory_zeroed(MOST_TENSORS, sizeof *model->tensors);
	if (read_facts(model, error) && read_tensors(model, error))
		return model;
	error_prefix(error, "%s", name);
	packed_model_destroy(model);
	return NULL;
}

struct packed_model *packed_model_read(const char *path, struct error *error)
{
	if (access(path, R_OK) != 0) {
		error_set(error, ERROR_INPUT, "%s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	struct checkpoint *file = checkpoint_read(path, NULL, error);
	return file ? packed_model_open(file, path, error) : NULL;
}

void packed_model_destroy(struct packed_model *model)
{
	if (!model)
		return;
	for (int i = 0; i < model->count; i++)
		packed_codes_clear(&model->tensors[i].codes);
	free(model->tensors);
	checkpoint_destroy(model->file);
	free(model);
}

bool packed_model_expand(const struct packed_model *model, const char *name, size_t count, float *values, struct error *error)
{
	for (int i = 0; i < model->count; i++) {
		const struct packed_tensor *tensor = &model->tensors[i];
		if (strcmp(tensor->name, name) != 0)
			continue;
		size_t held = quant_layout_count(tensor->codes.layout);
		if (held != count)
			return error_set(error, ERROR_INPUT, "tensor %s has %zu values, expected %zu", name, held, count);
		packed_codes_expand(&tensor->codes, values);
		return true;
	}
	return checkpoint_get_tensor(model->file, name, count, values, error);
}
