/* Transposed convolutions of a finished network whose weights stay packed: k-bit codes lie in memory in the order in which
 * the products ask for them, and become floats a few kB at a time, while they are used. What follows the sums (batch
 * normalisation with running statistics and rectifier, or tanh) is part of the layer.
 *
 * Every value is summed in the order of a literal conv_scatter and mapped by the kernels of pointwise.h, so a layer gives, bit for bit,
 * what these give for the weights that the codes stand for; and so whatever the batch and the number of threads. Only
 * products of zeros are left out, which finite weights do not show (kernel_sparse.c).
 *
 * A layer is read-only once made; a pass belongs to one thread at a time. */
#ifndef QGAN_ENGINE_TENSOR_CONV_PACKED_H
#define QGAN_ENGINE_TENSOR_CONV_PACKED_H

#include <stdatomic.h>

#include "engine/tensor/conv.h"

/* Levels alpha z + beta, or something else: it is looked at. */
struct conv_packed_line {
	double alpha, beta;
};

/* Weights in PyTorch's order [C in][C out][KH][KW], as codes and what they stand for, or as they are. */
struct conv_packed_weights {
	int bits;             /* of a code: 1..8 */
	const uint8_t *codes; /* one a byte; NULL: the weights are float */
	const float *levels;  /* [groups][2^bits] */
	int groups;           /* 1, or as many as channels of the output, each with levels of its own */
	const struct conv_packed_line *lines; /* [groups]: where levels may lie evenly spaced; NULL: not known */
	const float *values;  /* float weights */
};

/* What is done with a sum; values for each channel of the output. */
struct conv_packed_end {
	const float *mean, *scale, *shift; /* z = (sum - mean) scale + shift; NULL: z = sum */
	float slope;                       /* with them: of the leaky rectifier after it; 1: none */
	bool tanh;                         /* in the end */
};

struct conv_packed;

/* small: the input, big: the output. weights and end are copied; NULL and an error when memory is refused. */
struct conv_packed *conv_packed_create(const struct conv_geometry *geometry, const struct conv_packed_weights *weights,
                                       const struct conv_packed_end *end, struct error *error);
void conv_packed_destroy(struct conv_packed *layer); /* NULL is fine */

const struct conv_geometry *conv_packed_geometry(const struct conv_packed *layer);
size_t conv_packed_bytes(const struct conv_packed *layer); /* codes or weights, tables and the end's values */

/* Pictures between two layers: lists of the channels that are not 0 (kernel.h), [piece of the channels][pixel][N]. */
struct conv_packed_rows {
	float *values;
	uint64_t *masks;
};

/* What layers, one reading what the one before it gives, need while they run. */
struct conv_packed_pass {
	struct parallel *parallel;
	struct conv_packed *const *layers; /* borrowed */
	int count, max_batch, threads;
	float *patches, *pictures;         /* of one layer that has few channels */
	struct conv_packed_rows rows[2];   /* what a layer reads and what it gives, in turn */
	float *rooms;                      /* one a thread, for weights and sums: `room` floats */
	size_t room;
	atomic_flag *taken;                /* one a room: a task works in it */
};

/* Clear it in any case. */
bool conv_packed_pass_init(struct conv_packed_pass *pass, struct parallel *parallel, struct conv_packed *const layers[],
                           int count, int max_batch, struct error *error);
void conv_packed_pass_clear(struct conv_packed_pass *pass);

/* input and output: [H][W][N][C] of the first layer's input and the last one's output. */
void conv_packed_run(struct conv_packed_pass *pass, int batch, const float *input, float *output);

#endif
