/* NumPy .npy files, versions 1 to 3, C or Fortran order, of '<f4' '<f8' '<f2', integer types and booleans, of
 * either byte order, read as float32 (write: '<f4', C order).
 *
 *   \x93NUMPY  major minor  header length (u16, from version 2 u32, little-endian)  header  data
 *   header: {'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), } spaces \n
 *
 * Sizes are checked against the file before memory is asked for. Errors name the file and the field: ERROR_INPUT for a
 * wrong file, also for one that ends early, has bytes after its data, or a number that no float32 holds. Any thread. */
#ifndef QGAN_ENGINE_FILE_NPY_H
#define QGAN_ENGINE_FILE_NPY_H

#include <stddef.h>

#include "engine/base/error.h"

enum { NPY_MAX_DIMENSIONS = 8 };

struct npy {
	int dimensions; /* 0: one value without a shape */
	size_t shape[NPY_MAX_DIMENSIONS];
	size_t count;   /* product of the shape; may be 0 */
	float *values;  /* owned, C order */
};

/* On failure *npy is empty; it never needs npy_clear then. `name` is for error texts. npy_read: regular files only. */
bool npy_parse(const void *bytes, size_t size, const char *name, struct npy *npy, struct error *error);
bool npy_read(const char *path, struct npy *npy, struct error *error);
bool npy_write(const char *path, const struct npy *npy, struct error *error); /* as replace_file does */
void npy_clear(struct npy *npy);

#endif
