/* Whole files in memory. Any thread. */
#ifndef QGAN_ENGINE_BASE_FILE_BYTES_H
#define QGAN_ENGINE_BASE_FILE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct file_bytes {
	uint8_t *bytes; /* owned */
	size_t size;
};

/* Regular files only, at most `limit` bytes (never waits on a pipe). A file that is missing, not readable, no regular
 * file or too large is ERROR_INPUT; a read that fails is ERROR_IO. */
bool file_bytes_read(const char *path, size_t limit, struct file_bytes *file, struct error *error);

/* The same with the first `most` bytes of a file of any size; `whole` is how many it has. */
bool file_bytes_read_start(const char *path, size_t most, struct file_bytes *file, uint64_t *whole, struct error *error);
void file_bytes_clear(struct file_bytes *file);

#endif
