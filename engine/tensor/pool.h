/* Pooling of a finished network: the largest or the mean value of square windows, channel by channel. Windows may overlap.
 * Activations lie [H][W][N][C]; the output may be some channels of a wider tensor. Any thread. */
#ifndef QGAN_ENGINE_TENSOR_POOL_H
#define QGAN_ENGINE_TENSOR_POOL_H

#include <stdbool.h>

#include "engine/tensor/parallel.h"
#include "engine/tensor/tensor.h"

struct pool_geometry {
	struct shape input;
	int kernel, stride, padding; /* padding < kernel */
	bool mean; /* over all of the window, padding counted as zeros; else the largest value inside the picture */
};

struct shape pool_output(const struct pool_geometry *geometry); /* what a stride leaves over is not looked at */

/* output: the first channel of the first pixel in a tensor of `width` channels. */
void pool_run(const struct pool_geometry *geometry, struct parallel *parallel, int batch, const float *input, float *output,
              int width);
void pool_ref(const struct pool_geometry *geometry, int batch, const float *input, float *output, int width);

/* output[N][C] = mean over all pixels. */
void pool_whole(struct shape input, struct parallel *parallel, int batch, const float *activations, float *output);

#endif
