/* NumPy .npy files, versions 1 to 3, C or Fortran order, of '<f4' '<f8' '<f2' and integer types read as float32
 * (write: '<f4', C order).
 *
 *   \x93NUMPY  major minor  header length (u16, from version 2 u32, little-endian)  header  data
 *   header: {'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), } spaces \n
 *
 * Sizes are checked against the file before memory is asked for. Errors name the file and the field. Any thread. */
#ifndef QGAN_ENGINE_FILE_NPY_H
#define QGAN_ENGINE_FILE_NPY_H

#include <stddef.h>

#include "engine/base/error.h"

enum { NPY_MAX_DIMENSIONS = 8 };

struct npy {
	int dimensions;
	size_t shape[NPY_MAX_DIMENSIONS];
	size_t count;
	float *values; /* owned, C order */
};

bool npy_parse(const void *bytes, size_t size, const char *name, struct npy *npy, struct error *error);
bool npy_read(const char *path, struct npy *npy, struct error *error);
bool npy_write(const char *path, const struct npy *npy, struct error *error); /* aside, then renamed */
void npy_clear(struct npy *npy);

#endif
