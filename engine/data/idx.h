/* The IDX format of MNIST (yann.lecun.com), plain or gzip:
 *
 *   0 0 8 D  |  D sizes, 4 bytes each, big-endian  |  the values, 1 byte each, last index fastest
 *
 * 8 says unsigned byte, the only type read here. Any thread. */
#ifndef QGAN_ENGINE_DATA_IDX_H
#define QGAN_ENGINE_DATA_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

enum { IDX_MAX_DIMENSIONS = 3 };

struct idx {
	int dimensions;
	uint32_t sizes[IDX_MAX_DIMENSIONS];
	uint8_t *values; /* sizes[0] * sizes[1] * ..., owned */
	size_t count;
};

/* The whole file in memory; it must have `dimensions` dimensions and end with its last value. Memory is asked for only
 * when a file of that length can hold it. Errors begin with `name`. */
bool idx_decode(const uint8_t *bytes, size_t size, int dimensions, const char *name, struct idx *idx, struct error *error);
void idx_clear(struct idx *idx);

#endif
