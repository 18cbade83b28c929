#include "engine/file/npy_walk.h"

void npy_walk_begin(struct npy_walk *walk, const struct npy_header *header, const uint8_t *data)
{
	size_t stride = 1;
	*walk = (struct npy_walk){.header = header, .data = data};
	for (int i = 0; i < header->dimensions; i++) {
		int dimension = header->fortran_order ? i : header->dimensions - 1 - i;
		walk->strides[dimension] = stride;
		stride *= header->shape[dimension];
	}
}

static uint64_t load(const uint8_t *bytes, int size, bool big_endian)
{
	uint64_t bits = 0;
	for (int i = 0; i < size; i++)
		bits |= (uint64_t)bytes[i] << 8 * (big_endian ? size - 1 - i : i);
	return bits;
}

/* The last index moves fastest. */
static void step(struct npy_walk *walk)
{
	const struct npy_header *header = walk->header;
	for (int d = header->dimensions - 1; d >= 0; d--) {
		walk->element += walk->strides[d];
		if (++walk->indices[d] < header->shape[d])
			return;
		walk->element -= walk->strides[d] * header->shape[d];
		walk->indices[d] = 0;
	}
}

double npy_walk_next(struct npy_walk *walk)
{
	const struct npy_type *type = walk->header->type;
	uint64_t bits = load(walk->data + walk->element * (size_t)type->size, type->size, walk->header->big_endian);
	step(walk);
	return type->convert(bits);
}
