/* What the files of packed convolutions share. Private to engine/tensor.
 *
 *   conv_packed.c       layers: the order of the codes, their packing and expansion
 *   conv_packed_run.c   passes */
#ifndef QGAN_ENGINE_TENSOR_CONV_PACKED_LAYER_H
#define QGAN_ENGINE_TENSOR_CONV_PACKED_LAYER_H

#include "engine/tensor/conv_packed.h"
#include "engine/tensor/conv_plan.h"

struct conv_packed {
	struct conv_geometry geometry;
	struct conv_geometry sums; /* the convolution that makes the sums: the same, or that of the patches */
	const struct kernel *kernel;
	bool thin;
	int vectors;           /* of a row of sums */
	int pieces;            /* of a tap */
	int bits;
	uint32_t *words;       /* codes, blocks of kernel.h; NULL: float */
	float *values;         /* weights of a float layer, vector by vector as the codes are */
	float *tables;         /* of the lookup: one, or one a panel */
	size_t tables_count;   /* floats */
	bool columns;          /* tables are of panels */
	bool even;             /* they are lines: levels are worked out */
	float *maps;           /* mean, scale and shift, each of `pitch` values; NULL: none */
	float slope;
	bool tanh;
};

static inline int packed_panels(const struct conv_packed *layer)
{
	return (layer->vectors + SPARSE_VECTORS - 1) / SPARSE_VECTORS;
}

static inline int packed_panel_vectors(const struct conv_packed *layer, int panel)
{
	return conv_at_most(layer->vectors - panel * SPARSE_VECTORS, SPARSE_VECTORS);
}

static inline int packed_pitch(const struct conv_packed *layer) { return layer->vectors * layer->kernel->lanes; }
/* Channels of a whole panel. */
static inline int packed_panel_width(const struct conv_packed *layer) { return SPARSE_VECTORS * layer->kernel->lanes; }

/* Input channels of a piece. */
static inline int packed_piece_length(const struct conv_packed *layer, int piece)
{
	const int depth = layer->kernel->sparse->depth;
	return conv_at_most(layer->geometry.small.channels - piece * depth, depth);
}

/* The floats of one piece, [channels of the input][panel]: the layer's own, or made in the room of a thread. */
const float *conv_packed_expand(const struct conv_packed *layer, int panel, int tap, int piece, float *room);

#endif
