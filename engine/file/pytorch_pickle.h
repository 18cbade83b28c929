/* The pickles that PyTorch keeps state dicts in, read by a small machine that cannot run anything.
 *
 * A pickle is a program for a stack machine. Python's own machine imports any name and calls it; this one knows the
 * opcodes of protocol 2 that a state dict needs and a closed list of names (collections.OrderedDict, torch's storages,
 * torch.Size, torch._utils._rebuild_tensor, _rebuild_tensor_v2, _rebuild_parameter), each of which builds a value here and
 * nothing else. Any other opcode or name is refused by name. What `_metadata` an OrderedDict has is dropped.
 *
 * Values are numbers into a table and never walked recursively, so loops among them are harmless; memory grows
 * with the input, which has a limit. Texts point into the input, which must outlive them. Any thread. */
#ifndef QGAN_ENGINE_FILE_PYTORCH_PICKLE_H
#define QGAN_ENGINE_FILE_PYTORCH_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum {
	PYTORCH_MAX_PICKLE = 16 << 20, /* bytes */
	PYTORCH_MAX_VALUES = 1 << 20,
	PYTORCH_MAX_NESTING = 256,     /* open marks */
	PYTORCH_MAX_DIMENSIONS = 8,
};

enum pytorch_type {
	PYTORCH_FLOAT, PYTORCH_DOUBLE, PYTORCH_HALF, PYTORCH_BFLOAT16, PYTORCH_LONG, PYTORCH_INT, PYTORCH_SHORT, PYTORCH_CHAR,
	PYTORCH_BYTE, PYTORCH_BOOL, PYTORCH_TYPES,
};
struct pytorch_type_facts {
	const char *storage; /* "FloatStorage" */
	size_t size;         /* bytes of a value */
};
extern const struct pytorch_type_facts pytorch_types[PYTORCH_TYPES];

enum pickle_kind {
	PICKLE_NONE, PICKLE_BOOLEAN, PICKLE_INTEGER,
	PICKLE_LARGE, /* an integer of more than 64 bits: its little-endian bytes as `text` */
	PICKLE_REAL, PICKLE_TEXT, PICKLE_GLOBAL, PICKLE_TUPLE, PICKLE_LIST, PICKLE_DICT, PICKLE_STORAGE, PICKLE_TENSOR,
};

typedef uint32_t pickle_index; /* of a value */

struct pickle_text {
	const char *bytes; /* in the input, not terminated */
	size_t length;
};

struct pickle_items { /* of a dict: key, value, key, value, .. */
	pickle_index *items; /* owned by the pickle */
	uint32_t count, capacity;
};

struct pickle_storage {
	enum pytorch_type type;
	struct pickle_text key; /* names its data in the file */
	uint64_t count;         /* values */
};

/* A window on a storage, in values; checked to lie inside it. */
struct pickle_tensor {
	struct pickle_storage storage;
	int dimensions;
	uint64_t offset, shape[PYTORCH_MAX_DIMENSIONS], strides[PYTORCH_MAX_DIMENSIONS];
};

struct pickle_value {
	enum pickle_kind kind;
	union {
		int64_t integer; /* also booleans */
		double real;
		struct pickle_text text;
		int global; /* row of the list of names */
		struct pickle_items items;
		struct pickle_storage storage;
		struct pickle_tensor *tensor; /* owned */
	};
};

struct pickle {
	struct pickle_value *values;
	uint32_t count, capacity;
	pickle_index top; /* the pickle's result */
	size_t size;      /* bytes of the input up to its end */
};

/* On failure *pickle is empty. name: of the file, for error texts. Bytes after the pickle's end are not looked at. */
bool pickle_read(const void *bytes, size_t size, const char *name, struct pickle *pickle, struct error *error);
void pickle_clear(struct pickle *pickle);

bool pickle_text_is(const struct pickle_value *value, const char *text);
/* The value of a dict's key; NULL: none. */
const struct pickle_value *pickle_get(const struct pickle *pickle, const struct pickle_value *dict, const char *key);

#endif
