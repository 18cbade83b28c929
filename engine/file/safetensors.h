/* The header of a safetensors file: JSON that gives every tensor's type, shape and place in the data that follows.
 *
 *   u64 length of the header, little-endian
 *   {"__metadata__": {"key": "text", ..}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ..}
 *   spaces up to a multiple of 8; then the data, without gaps or overlaps
 *
 * Only F32, F64, I64 and U8 tensors of CHECKPOINT_MAX_DIMENSIONS at most are read, each at a multiple of its values' size;
 * other files of the format are refused with a sentence. Sizes are checked before memory is asked for. Any thread. */
#ifndef QGAN_ENGINE_FILE_SAFETENSORS_H
#define QGAN_ENGINE_FILE_SAFETENSORS_H

#include "engine/base/text.h"
#include "engine/file/checkpoint.h"

enum {
	SAFETENSORS_PREFIX = 8,               /* bytes of the length before the header */
	SAFETENSORS_MAX_HEADER = 8 << 20,
	SAFETENSORS_MAX_TENSORS = 4096,
};
extern const char SAFETENSORS_HASH_KEY[]; /* metadata: hex SHA-256 over the data */

/* Appends prefix, header and padding for the checkpoint's tensors and metadata, with the hash among the latter. */
void safetensors_format(const struct checkpoint *checkpoint, const char *hash, struct text *text);

/* Whether a file begins as one does: a length, then JSON. */
bool safetensors_is(const void *bytes, size_t size);

/* The header's length from the first 8 bytes of a file of `size` bytes; name is for error texts. */
bool safetensors_header_size(const uint8_t prefix[SAFETENSORS_PREFIX], uint64_t size, const char *name, size_t *header_size,
                             struct error *error);

/* A checkpoint with tensors declared in the order of their data and metadata set, but nothing allocated. data_size:
 * bytes after the header. NULL and an error naming file, tensor and field. */
struct checkpoint *safetensors_parse_header(const char *header, size_t header_size, uint64_t data_size, const char *name,
                                            struct error *error);

#endif
