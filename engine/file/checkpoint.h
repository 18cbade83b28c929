/* A checkpoint: the complete state of a training as named tensors and named numbers, in a safetensors file
 * (u64 header length, JSON header, data), so that other tools can read it too. The numbers live in __metadata__.
 *
 * Writing is safe against a crash at any moment: written to PATH.tmp, fsynced, renamed over PATH, the folder fsynced.
 * Reading checks sizes before memory is asked for, and the SHA-256 over the tensor data stored in the header.
 * Plain data; one owner at a time; may cross threads. */
#ifndef QGAN_ENGINE_FILE_CHECKPOINT_H
#define QGAN_ENGINE_FILE_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum { CHECKPOINT_NAME_SIZE = 64, CHECKPOINT_MAX_DIMENSIONS = 4, CHECKPOINT_HASH_SIZE = 65 };

/* What a tensor is made of: floats, nearly always; packed models (gan/packed_model.h) also hold doubles and bytes, state dicts
 * of PyTorch count batches in 64-bit integers. */
enum checkpoint_type { CHECKPOINT_F32, CHECKPOINT_F64, CHECKPOINT_U8, CHECKPOINT_I64, CHECKPOINT_TYPES };
struct checkpoint_type_facts {
	const char *name; /* as safetensors calls it */
	size_t size;      /* bytes of a value, and what its place in the data is a multiple of */
};
extern const struct checkpoint_type_facts checkpoint_types[CHECKPOINT_TYPES];

struct checkpoint_tensor {
	char name[CHECKPOINT_NAME_SIZE];
	enum checkpoint_type type;
	int dimensions;
	size_t shape[CHECKPOINT_MAX_DIMENSIONS];
	size_t count;
	const void *data;    /* count values of the type, in the checkpoint's one block */
	const float *values; /* the same of F32; else NULL */
};

struct checkpoint;

/* Building: declare every tensor, then allocate one block, then fill. */
struct checkpoint *checkpoint_create(void);
void checkpoint_destroy(struct checkpoint *checkpoint); /* NULL is fine */
void checkpoint_declare(struct checkpoint *checkpoint, const char *name, int dimensions, const size_t shape[]); /* F32 */
/* Of larger values first: each begins at a multiple of their size (asserted). */
void checkpoint_declare_type(struct checkpoint *checkpoint, enum checkpoint_type type, const char *name, int dimensions,
                             const size_t shape[]);
bool checkpoint_allocate(struct checkpoint *checkpoint, struct error *error);
float *checkpoint_fill(struct checkpoint *checkpoint, const char *name); /* an F32 tensor's values, to write; asserts the name */
void *checkpoint_fill_type(struct checkpoint *checkpoint, enum checkpoint_type type, const char *name); /* likewise */
void checkpoint_set_text(struct checkpoint *checkpoint, const char *key, const char *value);
void checkpoint_set_number(struct checkpoint *checkpoint, const char *key, double value);     /* kept exactly */
void checkpoint_set_integer(struct checkpoint *checkpoint, const char *key, uint64_t value);

/* Reading. A missing key or a wrong shape is an error that names it. */
const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *checkpoint, const char *name); /* F32; else NULL */
const struct checkpoint_tensor *checkpoint_find_type(const struct checkpoint *checkpoint, enum checkpoint_type type,
                                                     const char *name);
bool checkpoint_get_tensor(const struct checkpoint *checkpoint, const char *name, size_t count, float *values,
                           struct error *error);
bool checkpoint_get_text(const struct checkpoint *checkpoint, const char *key, const char **value, struct error *error);
bool checkpoint_get_number(const struct checkpoint *checkpoint, const char *key, double *value, struct error *error);
bool checkpoint_get_integer(const struct checkpoint *checkpoint, const char *key, uint64_t *value, struct error *error);
int checkpoint_tensor_count(const struct checkpoint *checkpoint);
const struct checkpoint_tensor *checkpoint_tensor_at(const struct checkpoint *checkpoint, int index);

/* hash: the hex SHA-256 over the tensor data, also stored in the file. */
bool checkpoint_write(const struct checkpoint *checkpoint, const char *path, char hash[CHECKPOINT_HASH_SIZE], uint64_t *bytes,
                      struct error *error);
/* expected_hash NULL: only the file's own is checked. */
struct checkpoint *checkpoint_read(const char *path, const char *expected_hash, struct error *error);
struct checkpoint *checkpoint_parse(const void *bytes, size_t size, const char *name, struct error *error);
/* Of another program, which need not have stored a hash; one that is there is checked. */
struct checkpoint *checkpoint_parse_foreign(const void *bytes, size_t size, const char *name, struct error *error);

#endif
