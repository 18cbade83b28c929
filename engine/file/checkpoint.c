#include "engine/file/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/file/checkpoint_data.h"

const struct checkpoint_type_facts checkpoint_types[CHECKPOINT_TYPES] = {
	[CHECKPOINT_F32] = {"F32", sizeof(float)},
	[CHECKPOINT_F64] = {"F64", sizeof(double)},
	[CHECKPOINT_U8] = {"U8", 1},
	[CHECKPOINT_I64] = {"I64", sizeof(int64_t)},
};

struct checkpoint *checkpoint_create(void)
{
	return memory_zeroed(1, sizeof(struct checkpoint));
}

void checkpoint_destroy(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	for (int i = 0; i < checkpoint->entry_count; i++) {
		free(checkpoint->entries[i].key);
		free(checkpoint->entries[i].value);
	}
	free(checkpoint->entries);
	free(checkpoint->tensors);
	free(checkpoint->data);
	free(checkpoint);
}

static struct checkpoint_tensor *find_any(const struct checkpoint *checkpoint, const char *name)
{
	for (int i = 0; i < checkpoint->tensor_count; i++)
		if (strcmp(checkpoint->tensors[i].name, name) == 0)
			return &checkpoint->tensors[i];
	return NULL;
}

void checkpoint_declare_type(struct checkpoint *checkpoint, enum checkpoint_type type, const char *name, int dimensions,
                             const size_t shape[])
{
	assert(!checkpoint->data && dimensions >= 0 && dimensions <= CHECKPOINT_MAX_DIMENSIONS);
	assert(strlen(name) < CHECKPOINT_NAME_SIZE && !find_any(checkpoint, name));
	assert(checkpoint->size % checkpoint_types[type].size == 0);
	size_t held = (size_t)checkpoint->tensor_count + 1;
	checkpoint->tensors = memory_resized(checkpoint->tensors, held, sizeof *checkpoint->tensors);
	struct checkpoint_tensor *tensor = &checkpoint->tensors[checkpoint->tensor_count++];
	*tensor = (struct checkpoint_tensor){.type = type, .dimensions = dimensions, .count = 1};
	text_copy(tensor->name, sizeof tensor->name, name);
	for (int i = 0; i < dimensions; i++) {
		tensor->shape[i] = shape[i];
		tensor->count *= shape[i];
	}
	checkpoint->size += tensor->count * checkpoint_types[type].size;
}

void checkpoint_declare(struct checkpoint *checkpoint, const char *name, int dimensions, const size_t shape[])
{
	checkpoint_declare_type(checkpoint, CHECKPOINT_F32, name, dimensions, shape);
}

bool checkpoint_allocate(struct checkpoint *checkpoint, struct error *error)
{
	size_t floats = checkpoint->size / sizeof(float) + (checkpoint->size % sizeof(float) > 0);
	checkpoint->data = memory_try_floats(floats, "a checkpoint", error); /* aligned for every type */
	if (!checkpoint->data)
		return false;
	const char *place = checkpoint->data;
	for (int i = 0; i < checkpoint->tensor_count; i++) {
		struct checkpoint_tensor *tensor = &checkpoint->tensors[i];
		tensor->data = place;
		tensor->values = tensor->type == CHECKPOINT_F32 ? tensor->data : NULL;
		place += tensor->count * checkpoint_types[tensor->type].size;
	}
	return true;
}

void *checkpoint_fill_type(struct checkpoint *checkpoint, enum checkpoint_type type, const char *name)
{
	const struct checkpoint_tensor *tensor = checkpoint_find_type(checkpoint, type, name);
	assert(tensor && tensor->data);
	return (char *)checkpoint->data + ((const char *)tensor->data - (const char *)checkpoint->data);
}

float *checkpoint_fill(struct checkpoint *checkpoint, const char *name)
{
	return checkpoint_fill_type(checkpoint, CHECKPOINT_F32, name);
}

static struct checkpoint_entry *find_entry(const struct checkpoint *checkpoint, const char *key)
{
	for (int i = 0; i < checkpoint->entry_count; i++)
		if (strcmp(checkpoint->entries[i].key, key) == 0)
			return &checkpoint->entries[i];
	return NULL;
}

void checkpoint_set_text(struct checkpoint *checkpoint, const char *key, const char *value)
{
	struct checkpoint_entry *entry = find_entry(checkpoint, key);
	if (!entry) {
		size_t held = (size_t)checkpoint->entry_count + 1;
		checkpoint->entries = memory_resized(checkpoint->entries, held, sizeof *checkpoint->entries);
		entry = &checkpoint->entries[checkpoint->entry_count++];
		*entry = (struct checkpoint_entry){.key = memory_text(key)};
	}
	free(entry->value);
	entry->value = memory_text(value);
}

void checkpoint_set_number(struct checkpoint *checkpoint, const char *key, double value)
{
	char text[32];
	snprintf(text, sizeof text, "%.17g", value);
	checkpoint_set_text(checkpoint, key, text);
}

void checkpoint_set_integer(struct checkpoint *checkpoint, const char *key, uint64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRIu64, value);
	checkpoint_set_text(checkpoint, key, text);
}

const struct checkpoint_tensor *checkpoint_find_type(const struct checkpoint *checkpoint, enum checkpoint_type type,
                                                     const char *name)
{
	const struct checkpoint_tensor *tensor = find_any(checkpoint, name);
	return tensor && tensor->type == type ? tensor : NULL;
}

const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *checkpoint, const char *name)
{
	return checkpoint_find_type(checkpoint, CHECKPOINT_F32, name);
}

bool checkpoint_get_tensor(const struct checkpoint *checkpoint, const char *name, size_t count, float *values,
                           struct error *error)
{
	const struct checkpoint_tensor *tensor = checkpoint_find(checkpoint, name);
	if (!tensor)
		return error_set(error, ERROR_INPUT, "checkpoint: tensor %s is missing", name);
	if (tensor->count != count)
		return error_set(error, ERROR_INPUT, "checkpoint: tensor %s has %zu values, expected %zu", name, tensor->count, count);
	memcpy(values, tensor->values, count * sizeof *values);
	return true;
}

bool checkpoint_get_text(const struct checkpoint *checkpoint, const char *key, const char **value, struct error *error)
{
	const struct checkpoint_entry *entry = find_entry(checkpoint, key);
	if (!entry)
		return error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is missing", key);
	*value = entry->value;
	return true;
}

bool checkpoint_get_number(const struct checkpoint *checkpoint, const char *key, double *value, struct error *error)
{
	const char *text;
	if (!checkpoint_get_text(checkpoint, key, &text, error))
		return false;
	return text_to_double(text, value) ||
	       error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is \"%.64s\", expected a number", key, text);
}

bool checkpoint_get_integer(const struct checkpoint *checkpoint, const char *key, uint64_t *value, struct error *error)
{
	const char *text;
	if (!checkpoint_get_text(checkpoint, key, &text, error))
		return false;
	return text_to_uint64(text, value) ||
	       error_set(error, ERROR_INPUT, "checkpoint: \"%s\" is \"%.64s\", expected a whole number", key, text);
}

int checkpoint_tensor_count(const struct checkpoint *checkpoint)
{
	return checkpoint->tensor_count;
}

const struct checkpoint_tensor *checkpoint_tensor_at(const struct checkpoint *checkpoint, int index)
{
	assert(index >= 0 && index < checkpoint->tensor_count);
	return &checkpoint->tensors[index];
}
