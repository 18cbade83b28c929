#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/file/pytorch_machine.h"

typedef bool call_function(struct machine *m, const struct pickle_items *arguments);

static call_function call_ordered_dict, call_size, call_rebuild_tensor, call_rebuild_parameter;

/* Everything a pickle may name. Storages are not called: they stand in persistent ids. */
static const struct {
	const char *module, *name;
	call_function *call; /* NULL: a storage of `type` */
	enum pytorch_type type;
} globals[] = {
	{"collections", "OrderedDict", call_ordered_dict, 0},
	{"torch", "Size", call_size, 0},
	{"torch._utils", "_rebuild_tensor", call_rebuild_tensor, 0}, /* before PyTorch 0.4 */
	{"torch._utils", "_rebuild_tensor_v2", call_rebuild_tensor, 0},
	{"torch._utils", "_rebuild_parameter", call_rebuild_parameter, 0},
	{"torch", "FloatStorage", NULL, PYTORCH_FLOAT}, {"torch", "DoubleStorage", NULL, PYTORCH_DOUBLE},
	{"torch", "HalfStorage", NULL, PYTORCH_HALF}, {"torch", "BFloat16Storage", NULL, PYTORCH_BFLOAT16},
	{"torch", "LongStorage", NULL, PYTORCH_LONG}, {"torch", "IntStorage", NULL, PYTORCH_INT},
	{"torch", "ShortStorage", NULL, PYTORCH_SHORT}, {"torch", "CharStorage", NULL, PYTORCH_CHAR},
	{"torch", "ByteStorage", NULL, PYTORCH_BYTE}, {"torch", "BoolStorage", NULL, PYTORCH_BOOL},
};
enum { GLOBALS = sizeof globals / sizeof *globals };

/* For sentences: a name as it stands in the input may hold anything. */
static void print_name(struct pickle_text text, char *target, size_t size)
{
	size_t used = 0;
	for (; used < text.length && used + 1 < size; used++)
		target[used] = text.bytes[used] > ' ' && text.bytes[used] < 0x7F ? text.bytes[used] : '?';
	target[used] = '\0';
}

static bool is(struct pickle_text text, const char *word)
{
	return text.length == strlen(word) && memcmp(text.bytes, word, text.length) == 0;
}

bool machine_push_global(struct machine *m, struct pickle_text module, struct pickle_text name)
{
	char in[80], what[80];
	for (int i = 0; i < GLOBALS; i++)
		if (is(module, globals[i].module) && is(name, globals[i].name))
			return machine_push(m, (struct pickle_value){.kind = PICKLE_GLOBAL, .global = i});
	print_name(module, in, sizeof in);
	print_name(name, what, sizeof what);
	return error_set(m->error, ERROR_INPUT, "%s: the pickle asks for %s.%s, which is not run here; expected tensors alone, as "
	                 "torch.save(model.state_dict(), FILE) writes them", m->name, in, what);
}

static const struct pickle_value *item(const struct machine *m, const struct pickle_items *items, uint32_t index)
{
	return &m->pickle->values[items->items[index]];
}

/* Python 3 fills the dict afterwards; Python 2 gives a list of pairs. */
static bool call_ordered_dict(struct machine *m, const struct pickle_items *arguments)
{
	struct pickle_value dict = {.kind = PICKLE_DICT};
	if (arguments->count == 0)
		return machine_push(m, dict);
	if (arguments->count != 1 || item(m, arguments, 0)->kind != PICKLE_LIST)
		return machine_refuse(m, "makes an OrderedDict of other than a list of pairs");
	const struct pickle_items pairs = item(m, arguments, 0)->items;
	if (!machine_push(m, dict))
		return false;
	const pickle_index made = m->stack[m->depth - 1];
	for (uint32_t i = 0; i < pairs.count; i++) {
		const struct pickle_value *pair = item(m, &pairs, i);
		if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->items.count != 2)
			return machine_refuse(m, "makes an OrderedDict of other than a list of pairs");
		machine_append(&m->pickle->values[made].items, pair->items.items, 2);
	}
	return true;
}

static bool call_size(struct machine *m, const struct pickle_items *arguments)
{
	if (arguments->count != 1 || (item(m, arguments, 0)->kind != PICKLE_TUPLE && item(m, arguments, 0)->kind != PICKLE_LIST))
		return machine_refuse(m, "makes a torch.Size of other than a tuple");
	return machine_push_items(m, PICKLE_TUPLE, item(m, arguments, 0)->items.items, item(m, arguments, 0)->items.count);
}

/* ---- tensors ---- */

static bool get_natural(const struct pickle_value *value, uint64_t *natural)
{
	*natural = (uint64_t)value->integer;
	return value->kind == PICKLE_INTEGER && value->integer >= 0;
}

static bool get_naturals(const struct machine *m, const struct pickle_value *tuple, uint64_t naturals[], int *count)
{
	if (tuple->kind != PICKLE_TUPLE || tuple->items.count > PYTORCH_MAX_DIMENSIONS)
		return false;
	*count = (int)tuple->items.count;
	for (int i = 0; i < *count; i++)
		if (!get_natural(item(m, &tuple->items, (uint32_t)i), &naturals[i]))
			return false;
	return true;
}

/* Whether every value of the tensor lies in its storage. */
static bool lies_inside(const struct pickle_tensor *tensor)
{
	uint64_t last = tensor->offset, reach;
	for (int i = 0; i < tensor->dimensions; i++) {
		if (tensor->shape[i] == 0)
			return true;
		if (__builtin_mul_overflow(tensor->shape[i] - 1, tensor->strides[i], &reach) || __builtin_add_overflow(last, reach, &last))
			return false;
	}
	return last < tensor->storage.count;
}

/* (storage, offset, shape, strides), then what a state dict has no use for: requires_grad, hooks, metadata. */
static bool call_rebuild_tensor(struct machine *m, const struct pickle_items *arguments)
{
	struct pickle_tensor tensor = {0};
	int strides = 0;
	if (arguments->count < 4 || arguments->count > 7 || item(m, arguments, 0)->kind != PICKLE_STORAGE ||
	    !get_natural(item(m, arguments, 1), &tensor.offset) ||
	    !get_naturals(m, item(m, arguments, 2), tensor.shape, &tensor.dimensions) ||
	    !get_naturals(m, item(m, arguments, 3), tensor.strides, &strides) || strides != tensor.dimensions)
		return machine_refuse(m, "makes a tensor of other than a storage, an offset, a shape of at most 8 numbers and as many strides");
	tensor.storage = item(m, arguments, 0)->storage;
	if (!lies_inside(&tensor))
		return machine_refuse(m, "makes a tensor that reaches beyond its storage");
	struct pickle_value value = {.kind = PICKLE_TENSOR, .tensor = memory_zeroed(1, sizeof tensor)};
	*value.tensor = tensor;
	if (machine_push(m, value))
		return true;
	free(value.tensor);
	return false;
}

/* (tensor, requires_grad, hooks): the tensor itself. */
static bool call_rebuild_parameter(struct machine *m, const struct pickle_items *arguments)
{
	if (arguments->count != 3 || item(m, arguments, 0)->kind != PICKLE_TENSOR)
		return machine_refuse(m, "makes a parameter of other than a tensor");
	return machine_push_index(m, arguments->items[0]);
}

bool machine_call(struct machine *m, int global, const struct pickle_items *arguments)
{
	if (!globals[global].call)
		return machine_refuse(m, "calls a storage");
	return globals[global].call(m, arguments);
}

/* ("storage", storage's name, key, device, count) and in files of old a sixth, None unless the storage is a part of another. */
bool machine_push_storage(struct machine *m, const struct pickle_items *id)
{
	struct pickle_value value = {.kind = PICKLE_STORAGE};
	if (id->count < 5 || id->count > 6 || !pickle_text_is(item(m, id, 0), "storage") || item(m, id, 1)->kind != PICKLE_GLOBAL ||
	    globals[item(m, id, 1)->global].call || item(m, id, 2)->kind != PICKLE_TEXT ||
	    !get_natural(item(m, id, 4), &value.storage.count))
		return machine_refuse(m, "names a storage otherwise than by type, key, device and length");
	if (id->count == 6 && item(m, id, 5)->kind != PICKLE_NONE)
		return machine_refuse(m, "names a storage that is a part of another; expected whole ones");
	value.storage.type = globals[item(m, id, 1)->global].type;
	value.storage.key = item(m, id, 2)->text;
	return machine_push(m, value);
}
