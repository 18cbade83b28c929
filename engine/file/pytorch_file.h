/* State dicts as torch.save writes them: named tensors.
 *
 *   since PyTorch 1.6   a zip archive: TOP/data.pkl is the pickle, TOP/data/KEY a storage's values; byteorder, where it is
 *                       there, says little; other members are not looked at
 *   before              pickles one after the other: a magic number, 1001, facts of the writer's machine, the state dict,
 *                       a list of keys; then for every key u64 count and the storage's values, to the end of the file
 *
 * Values are little-endian. The pickles cannot run anything (pytorch_pickle.h). A checkpoint that keeps its state dict as
 * "state_dict" will do. What is in the dict but no tensor is not looked at. Any thread. */
#ifndef QGAN_ENGINE_FILE_PYTORCH_FILE_H
#define QGAN_ENGINE_FILE_PYTORCH_FILE_H

#include "engine/file/pytorch_pickle.h"

struct pytorch_file;

bool pytorch_is(const void *bytes, size_t size); /* whether a file begins as one of the two does */

/* bytes and name are borrowed. NULL and an error that names the file. */
struct pytorch_file *pytorch_file_parse(const void *bytes, size_t size, const char *name, struct error *error);
void pytorch_file_destroy(struct pytorch_file *file); /* NULL is fine */

const char *pytorch_file_layout(const struct pytorch_file *file); /* in words: "zip", "before 1.6" */
int pytorch_file_tensor_count(const struct pytorch_file *file);
/* NULL: no tensor of that name. */
const struct pickle_tensor *pytorch_file_find(const struct pytorch_file *file, const char *tensor);

/* The tensor's values in C order, whatever its strides; there is room for the product of its shape, which may be any number
 * until the caller has compared it with what is expected. Only FloatStorage and DoubleStorage (rounded). */
bool pytorch_file_copy(const struct pytorch_file *file, const struct pickle_tensor *tensor, float *values, struct error *error);

#endif
