/* What max_pool and average_pool share: square windows of spec.kernel pixels that lie side by side, so that every pixel of
 * the input is in one window. A window of the whole picture makes one pixel of it. Private to engine/nn. */
#ifndef QGAN_ENGINE_NN_POOLING_H
#define QGAN_ENGINE_NN_POOLING_H

#include "engine/nn/layer.h"

/* Fails, naming the layer, when the windows do not fill the picture. */
bool pooling_shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error);

/* One window: a pixel of the output and the place of its first pixel in the input; `values` of each (N x C). A row of
 * input pixels is `row` values long. */
struct pooling_window {
	int kernel;
	size_t values, row;
};

/* Runs work for every window: `in` and `out` are its places in the tensors of the input's and the output's shape. */
struct pooling_call {
	void (*work)(const struct pooling_call *call, const struct pooling_window *window, size_t in, size_t out);
	const struct layer *layer;
	int batch;
	const float *x, *y, *dy;
	float *result; /* y of a forward pass, dx of a backward pass */
};
void pooling_run(struct parallel *parallel, struct pooling_call *call);

#endif
