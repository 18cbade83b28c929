/* What conv2d, conv_transpose2d and linear share: a plan between a big and a small picture (engine/tensor/conv.h)
 * and a weight tensor [KH][KW][C big][C small], known to people as [C small][C big][KH][KW]. Private to engine/nn. */
#ifndef QGAN_ENGINE_NN_CONVOLUTION_H
#define QGAN_ENGINE_NN_CONVOLUTION_H

#include "engine/nn/layer.h"
#include "engine/tensor/conv.h"

/* Fails, naming the layer, when a field is out of range or the kernel does not fit the big picture without a rest. */
bool convolution_check(const struct layer_spec *spec, const struct conv_geometry *geometry, struct error *error);

static inline struct conv_call convolution_call(const struct layer_pass *pass)
{
	return (struct conv_call){.parallel = pass->parallel, .batch = pass->batch, .exact = pass->exact, .literal = !pass->training};
}

struct parameter convolution_weight(const struct layer *layer, const struct conv_geometry *geometry);

/* layer->state is the plan. */
bool convolution_create(struct layer *layer, const struct conv_geometry *geometry, int max_batch, struct error *error);
void convolution_pack(struct layer *layer, struct parallel *parallel, const float *weights);
void convolution_clear(struct layer *layer);
double convolution_multiply_adds(const struct layer *layer);

#endif
