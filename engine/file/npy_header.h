/* The header of a .npy file: magic, version, and a Python dictionary with the type, order and shape of the data. */
#ifndef QGAN_ENGINE_FILE_NPY_HEADER_H
#define QGAN_ENGINE_FILE_NPY_HEADER_H

#include <stdint.h>

#include "engine/base/text.h"
#include "engine/file/npy.h"

/* One row per type of numpy that can be read. */
struct npy_type {
	char kind; /* as in the descr: f, i, u or b */
	int size;  /* bytes a value */
	double (*convert)(uint64_t bits);
};

struct npy_header {
	const struct npy_type *type;
	bool big_endian, fortran_order;
	int dimensions;
	size_t shape[NPY_MAX_DIMENSIONS];
	size_t count;       /* product of the shape; its size in bytes fits a size_t */
	size_t data_offset; /* first byte of the data */
};

enum { NPY_MAX_DATA_OFFSET = (64 << 10) + 12 }; /* longer headers are refused; real ones have about a hundred bytes */

/* Parses what stands before the data and checks the data's size against it: `bytes` are the first `available` of the
 * file's `size` bytes, at least NPY_MAX_DATA_OFFSET of them or all. name is for error texts. */
bool npy_header_parse(const uint8_t *bytes, size_t available, size_t size, const char *name, struct npy_header *header,
                      struct error *error);

/* Appends all that stands before the data, version 1.0, for values of type `descr` in C order. */
void npy_header_format(const char *descr, int dimensions, const size_t shape[], struct text *text);

#endif
