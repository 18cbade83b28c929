/* Convolution between a big picture and a small one, in the three directions a GAN needs:
 *
 *   gather           small = conv(big)                 forward of conv2d, data gradient of conv_transpose2d
 *   scatter          big   = conv_transpose(small)     forward of conv_transpose2d, data gradient of conv2d
 *   weight_gradient  dW   += small (x) big             weight gradient of both
 *
 * Weights lie [KH][KW][C big][C small], float32; PyTorch keeps both kinds as [C small][C big][KH][KW].
 * Kernels are square, of at most CONV_MAX_KERNEL taps a side.
 * small height = (big height + 2 padding - kernel) / stride + 1, without a rest (asserted), likewise width.
 *
 * Operands are in the precision of the plan, sums and results are floats.
 *
 * A plan holds what one layer needs between calls: packed weights for gather and scatter. It is made
 * once; no call allocates. Fast versions choose their kernel by the CPU at run time; the _ref versions are the slow
 * truth that tests compare with. Engine thread. */
#ifndef QGAN_ENGINE_TENSOR_CONV_H
#define QGAN_ENGINE_TENSOR_CONV_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"
#include "engine/tensor/precision.h"
#include "engine/tensor/tensor.h"

enum { CONV_MAX_KERNEL = 8 }; /* taps a side */

struct conv_geometry {
	struct shape big, small;
	int kernel, stride, padding;
};

size_t conv_weight_count(const struct conv_geometry *geometry);
double conv_multiply_adds(const struct conv_geometry *geometry); /* of one picture, one direction */

struct conv_plan;

/* Room for the work of one call, for plans that are used one after the other. They raise `count` when they are made; then, before
 * the first call, conv_scratch_allocate makes `values`. False and an error when memory is refused. */
struct conv_scratch {
	float *values;
	size_t count;
};

bool conv_scratch_allocate(struct conv_scratch *scratch, struct error *error);
void conv_scratch_clear(struct conv_scratch *scratch);

/* max_batch bounds `batch` in the calls below; scratch is borrowed. NULL and an error when memory is refused. */
struct conv_plan *conv_plan_create(const struct conv_geometry *geometry, int max_batch, enum precision precision,
                                   struct conv_scratch *scratch, struct error *error);
void conv_plan_destroy(struct conv_plan *plan); /* NULL is fine */
const struct conv_geometry *conv_plan_geometry(const struct conv_plan *plan);

/* Must be called after every change of the weights, before gather or scatter; copies what it needs. */
void conv_pack(struct conv_plan *plan, struct parallel *parallel, const float *weights);

/* What one call is about. */
struct conv_call {
	struct parallel *parallel;
	int batch;
	bool exact;   /* a split plan: with all its parts, or in floats; else with the first, as a plan of plain bf16 */
	bool literal; /* sums term by term as the definition has them, and with them conv_packed.h: the same bits; else by the fastest way */
};

/* big: [H][W][N][C] of geometry.big; small likewise. Outputs are overwritten; the gradient is added to. */
void conv_gather(struct conv_plan *plan, struct conv_call call, const float *big, float *small);
void conv_scatter(struct conv_plan *plan, struct conv_call call, const float *small, float *big);
void conv_weight_gradient(struct conv_plan *plan, struct conv_call call, const float *big, const float *small, float *gradient);

void conv_gather_ref(const struct conv_geometry *geometry, int batch, const float *weights, const float *big, float *small);
void conv_scatter_ref(const struct conv_geometry *geometry, int batch, const float *weights, const float *small, float *big);
void conv_weight_gradient_ref(const struct conv_geometry *geometry, int batch,
                              const float *big, const float *small, float *gradient);

#endif
