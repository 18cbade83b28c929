/* Cuts a tensor into chunks for the pool: at most CHUNKS_MAX, so that their partial results fit on the stack. */
#ifndef QGAN_ENGINE_QUANT_CHUNKS_H
#define QGAN_ENGINE_QUANT_CHUNKS_H

#include <stddef.h>

enum {
	CHUNKS_MAX = 256,
	CHUNK_WEIGHTS = 16384, /* at least: 64 kB, about ten microseconds */
};

struct chunks {
	size_t count, length; /* weights in all; weights a chunk (the last one may be shorter) */
};

static inline struct chunks chunks_of(size_t count)
{
	size_t length = (count + CHUNKS_MAX - 1) / CHUNKS_MAX;
	length = (length + CHUNK_WEIGHTS - 1) / CHUNK_WEIGHTS * CHUNK_WEIGHTS;
	return (struct chunks){.count = count, .length = length ? length : CHUNK_WEIGHTS};
}

static inline int chunks_number(struct chunks chunks) { return (int)((chunks.count + chunks.length - 1) / chunks.length); }

static inline size_t chunk_first(struct chunks chunks, int index) { return (size_t)index * chunks.length; }

static inline size_t chunk_count(struct chunks chunks, int index)
{
	size_t rest = chunks.count - chunk_first(chunks, index);
	return rest < chunks.length ? rest : chunks.length;
}

#endif
