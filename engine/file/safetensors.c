#include "engine/file/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "engine/base/memory.h"
#include "engine/file/checkpoint_data.h"

const char SAFETENSORS_HASH_KEY[] = "sha256";
static const char METADATA[] = "__metadata__";

static json_t *describe_tensor(const struct checkpoint_tensor *tensor, size_t begin)
{
	const struct checkpoint_type_facts *type = &checkpoint_types[tensor->type];
	json_t *shape = json_array();
	for (int i = 0; i < tensor->dimensions; i++)
		json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
	return json_pack("{s:s, s:o, s:[I, I]}", "dtype", type->name, "shape", shape, "data_offsets", (json_int_t)begin,
	                 (json_int_t)(begin + tensor->count * type->size));
}

/* JSON is UTF-8; of a text that is not (a path may be anything) only the ASCII is kept. */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char *ascii = memory_text(text);
	for (char *c = ascii; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(ascii);
	free(ascii);
	return value;
}

void safetensors_format(const struct checkpoint *checkpoint, const char *hash, struct text *text)
{
	json_t *root = json_object(), *metadata = json_object();
	for (int i = 0; i < checkpoint->entry_count; i++)
		json_object_set_new(metadata, checkpoint->entries[i].key, text_value(checkpoint->entries[i].value));
	json_object_set_new(metadata, SAFETENSORS_HASH_KEY, json_string(hash));
	json_object_set_new(root, METADATA, metadata);
	size_t begin = 0;
	for (int i = 0; i < checkpoint->tensor_count; i++) {
		const struct checkpoint_tensor *tensor = &checkpoint->tensors[i];
		json_object_set_new(root, tensor->name, describe_tensor(tensor, begin));
		begin += tensor->count * checkpoint_types[tensor->type].size;
	}
	char *header = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(root);
	size_t length = strlen(header), padded = (length + 7) / 8 * 8;
	uint8_t prefix[SAFETENSORS_PREFIX];
	for (int i = 0; i < SAFETENSORS_PREFIX; i++)
		prefix[i] = (uint8_t)((uint64_t)padded >> (8 * i));
	text_append(text, (const char *)prefix, sizeof prefix);
	text_append(text, header, length);
	text_append(text, "       ", padded - length);
	free(header);
}

bool safetensors_is(const void *bytes, size_t size)
{
	const uint8_t *head = bytes;
	return size > SAFETENSORS_PREFIX && head[SAFETENSORS_PREFIX] == '{' && head[SAFETENSORS_PREFIX - 1] == 0;
}

bool safetensors_header_size(const uint8_t prefix[SAFETENSORS_PREFIX], uint64_t size, const char *name, size_t *header_size,
                             struct error *error)
{
	uint64_t length = 0;
	for (int i = 0; i < SAFETENSORS_PREFIX; i++)
		length |= (uint64_t)prefix[i] << (8 * i);
	if (length > SAFETENSORS_MAX_HEADER)
		return error_set(error, ERROR_INPUT,
		                 "%s is no safetensors file: its header would be %llu bytes long, the limit is %d", name,
		                 (unsigned long long)length, (int)SAFETENSORS_MAX_HEADER);
	if (length > size - SAFETENSORS_PREFIX)
		return error_set(error, ERROR_INPUT, "%s is cut: its header is %llu bytes long, but only %llu bytes follow", name,
		                 (unsigned long long)length, (unsigned long long)(size - SAFETENSORS_PREFIX));
	*header_size = (size_t)length;
	return true;
}

/* One tensor of the header, before it is put in the order of the data. */
struct found_tensor {
	const char *name;
	enum checkpoint_type type;
	int dimensions;
	size_t shape[CHECKPOINT_MAX_DIMENSIONS];
	uint64_t begin, end;
};

/* Reads a JSON number of bytes or values: whole and not negative. */
static bool get_amount(const json_t *value, uint64_t *amount)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*amount = (uint64_t)json_integer_value(value);
	return true;
}

static bool parse_shape(const json_t *shape, struct found_tensor *tensor, uint64_t *count, const char *file, struct error *error)
{
	*count = 1;
	if (!json_is_array(shape) || json_array_size(shape) > CHECKPOINT_MAX_DIMENSIONS)
		return error_set(error, ERROR_INPUT, "%s: tensor \"%s\": shape must be a list of %d numbers at most", file, tensor->name,
		                 CHECKPOINT_MAX_DIMENSIONS);
	tensor->dimensions = (int)json_array_size(shape);
	for (int i = 0; i < tensor->dimensions; i++) {
		uint64_t length;
		if (!get_amount(json_array_get(shape, (size_t)i), &length) || __builtin_mul_overflow(*count, length, count) ||
		    *count > SIZE_MAX / sizeof(double))
			return error_set(error, ERROR_INPUT, "%s: tensor \"%s\": shape is not made of sensible whole numbers", file,
			                 tensor->name);
		tensor->shape[i] = (size_t)length;
	}
	return true;
}

static bool parse_type(const json_t *value, struct found_tensor *tensor, const char *file, struct error *error)
{
	const char *name = json_string_value(value);
	for (int type = 0; name && type < CHECKPOINT_TYPES; type++)
		if (strcmp(name, checkpoint_types[type].name) == 0) {
			tensor->type = (enum checkpoint_type)type;
			return true;
		}
	return error_set(error, ERROR_INPUT, "%s: tensor \"%s\": dtype is %.16s, expected F32, F64, I64 or U8", file, tensor->name,
	                 name ? name : "missing");
}

static bool parse_tensor(const json_t *value, struct found_tensor *tensor, uint64_t data_size, const char *file,
                         struct error *error)
{
	uint64_t count;
	if (strlen(tensor->name) >= CHECKPOINT_NAME_SIZE)
		return error_set(error, ERROR_INPUT, "%s: the tensor name \"%.80s\" is longer than %d bytes", file, tensor->name,
		                 CHECKPOINT_NAME_SIZE - 1);
	if (!parse_type(json_object_get(value, "dtype"), tensor, file, error) ||
	    !parse_shape(json_object_get(value, "shape"), tensor, &count, file, error))
		return false;
	const json_t *offsets = json_object_get(value, "data_offsets");
	if (json_array_size(offsets) != 2 || !get_amount(json_array_get(offsets, 0), &tensor->begin) ||
	    !get_amount(json_array_get(offsets, 1), &tensor->end))
		return error_set(error, ERROR_INPUT, "%s: tensor \"%s\": data_offsets must be two whole numbers", file, tensor->name);
	if (tensor->begin > tensor->end || tensor->end - tensor->begin != count * checkpoint_types[tensor->type].size)
		return error_set(error, ERROR_INPUT, "%s: tensor \"%s\": data_offsets do not hold the %llu values of its shape", file,
		                 tensor->name, (unsigned long long)count);
	if (tensor->end > data_size)
		return error_set(error, ERROR_INPUT, "%s is cut: tensor \"%s\" ends at byte %llu, but there are %llu bytes of data", file,
		                 tensor->name, (unsigned long long)tensor->end, (unsigned long long)data_size);
	return true;
}

static bool parse_metadata(const json_t *metadata, struct checkpoint *checkpoint, const char *file, struct error *error)
{
	const char *key;
	json_t *value;
	if (!json_is_object(metadata))
		return error_set(error, ERROR_INPUT, "%s: %s must be an object", file, METADATA);
	json_object_foreach((json_t *)metadata, key, value) {
		if (!json_is_string(value))
			return error_set(error, ERROR_INPUT, "%s: %s: \"%.64s\" must be a text", file, METADATA, key);
		checkpoint_set_text(checkpoint, key, json_string_value(value));
	}
	return true;
}

static int by_begin(const void *a, const void *b)
{
	const struct found_tensor *x = a, *y = b;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* Sorts by place in the data and sees that the tensors fill it exactly. */
static bool declare_in_order(struct found_tensor *tensors, size_t count, uint64_t data_size, struct checkpoint *checkpoint,
                             const char *file, struct error *error)
{
	uint64_t place = 0;
	qsort(tensors, count, sizeof *tensors, by_begin);
	for (size_t i = 0; i < count; i++) {
		if (tensors[i].begin != place)
			return error_set(error, ERROR_INPUT, "%s: tensor \"%s\" begins at byte %llu of the data, expected %llu (%s)", file,
			                 tensors[i].name, (unsigned long long)tensors[i].begin, (unsigned long long)place,
			                 tensors[i].begin < place ? "overlap" : "gap");
		if (place % checkpoint_types[tensors[i].type].size != 0)
			return error_set(error, ERROR_INPUT, "%s: tensor \"%s\" begins at byte %llu of the data, no multiple of its values' %zu bytes",
			                 file, tensors[i].name, (unsigned long long)place, checkpoint_types[tensors[i].type].size);
		place = tensors[i].end;
		checkpoint_declare_type(checkpoint, tensors[i].type, tensors[i].name, tensors[i].dimensions, tensors[i].shape);
	}
	if (place != data_size)
		return error_set(error, ERROR_INPUT, "%s: there are %llu bytes of data, but the tensors need %llu", file,
		                 (unsigned long long)data_size, (unsigned long long)place);
	return true;
}

static bool parse_root(json_t *root, uint64_t data_size, struct checkpoint *checkpoint, const char *file, struct error *error)
{
	if (json_object_size(root) > SAFETENSORS_MAX_TENSORS)
		return error_set(error, ERROR_INPUT, "%s: more than %d tensors", file, (int)SAFETENSORS_MAX_TENSORS);
	struct found_tensor *tensors = memory_zeroed(json_object_size(root), sizeof *tensors);
	size_t count = 0;
	const char *key;
	json_t *value;
	bool good = true;
	json_object_foreach(root, key, value) {
		if (strcmp(key, METADATA) == 0) {
			good = parse_metadata(value, checkpoint, file, error);
		} else {
			tensors[count].name = key;
			good = parse_tensor(value, &tensors[count++], data_size, file, error);
		}
		if (!good)
			break;
	}
	good = good && declare_in_order(tensors, count, data_size, checkpoint, file, error);
	free(tensors);
	return good;
}

struct checkpoint *safetensors_parse_header(const char *header, size_t header_size, uint64_t data_size, const char *name,
                                            struct error *error)
{
	json_error_t where;
	json_t *root = json_loadb(header, header_size, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(root)) {
		error_set(error, ERROR_INPUT, "%s: the header is no JSON object%s%.120s", name, root ? "" : ": ", root ? "" : where.text);
		json_decref(root);
		return NULL;
	}
	struct checkpoint *checkpoint = checkpoint_create();
	bool parsed = parse_root(root, data_size, checkpoint, name, error);
	json_decref(root);
	if (parsed)
		return checkpoint;
	checkpoint_destroy(checkpoint);
	return NULL;
}
