/* The values behind a .npy header, one after the other in C order, whatever their type and order in the file. Private to
 * engine/file. */
#ifndef QGAN_ENGINE_FILE_NPY_WALK_H
#define QGAN_ENGINE_FILE_NPY_WALK_H

#include "engine/file/npy_header.h"

struct npy_walk {
	const struct npy_header *header;
	const uint8_t *data;
	size_t strides[NPY_MAX_DIMENSIONS]; /* in elements: how far the source moves when an index rises by one */
	size_t indices[NPY_MAX_DIMENSIONS], element;
};

void npy_walk_begin(struct npy_walk *walk, const struct npy_header *header, const uint8_t *data);
double npy_walk_next(struct npy_walk *walk); /* at most header->count times */

#endif
