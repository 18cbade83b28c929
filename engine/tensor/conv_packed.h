/* Transposed convolutions of a finished network whose weights stay packed: k-bit codes lie in memory in the order in which
 * the products ask for them, and become floats a panel at a time, in a room of some hundred kB a thread. What follows the
 * sums (batch normalisation with running statistics and rectifier, or tanh) is part of the layer.
 *
 * Every value is summed in the order of conv_scatter and mapped by the kernels of pointwise.h, so a layer gives, bit for bit,
 * what these give for the weights that the codes stand for; and so whatever the batch and the number of threads.
 *
 * Between layers pictures lie in planes: [H][W + 2 margin][N][C] as in tensor.h, with zeros in the margins. A layer is
 * read-only once made; a pass belongs to one thread at a time. */
#ifndef QGAN_ENGINE_TENSOR_CONV_PACKED_H
#define QGAN_ENGINE_TENSOR_CONV_PACKED_H

#include <stdatomic.h>

#include "engine/tensor/conv.h"

/* Weights in PyTorch's order [C in][C out][KH][KW], as codes and what they stand for, or as they are. */
struct conv_packed_weights {
	int bits;            /* of a code: 1..8 */
	const uint8_t *codes; /* one a byte; NULL: the weights are float */
	const float *levels; /* [groups][2^bits] */
	int groups;          /* 1, or as many as channels of the output, each with levels of its own */
	const float *values; /* float weights */
};

/* What is done with a sum; borrowed values for each channel of the output. */
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
int conv_packed_margin(const struct conv_packed *layer);   /* that the plane it reads must have, 0 or 1 */

/* Floats of a plane, and of the first value of a pixel in it. */
static inline size_t conv_plane_place(struct shape shape, int margin, int batch, int y, int x)
{
	return ((size_t)y * (size_t)(shape.width + 2 * margin) + (size_t)(x + margin)) * (size_t)batch * (size_t)shape.channels;
}
static inline size_t conv_plane_count(struct shape shape, int margin, int batch)
{
	return (size_t)shape.height * (size_t)(shape.width + 2 * margin) * (size_t)batch * (size_t)shape.channels;
}

/* What layers of one network need while they run, each in turn. */
struct conv_packed_pass {
	struct parallel *parallel;
	int max_batch, threads;
	size_t sums_count, room_count; /* floats */
	float *sums, *rooms;
	atomic_flag *taken;            /* one a room: a task works in it */
};

/* For all of the layers. Clear it in any case. */
bool conv_packed_pass_init(struct conv_packed_pass *pass, struct parallel *parallel, struct conv_packed *const layers[], int count,
                           int max_batch, struct error *error);
void conv_packed_pass_clear(struct conv_packed_pass *pass);

/* input: a plane with the layer's margin; output: one with `margin`, which is overwritten. */
void conv_packed_run(const struct conv_packed *layer, struct conv_packed_pass *pass, int batch, const float *input,
                     int margin, float *output);

#endif
