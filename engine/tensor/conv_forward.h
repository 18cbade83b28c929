/* Convolutions of a finished network: forward only, with its batch normalisation folded into the weights, the bias and
 * the rectifier applied while the sums are in registers. Kernels may be oblong. The output may be some channels of a
 * wider tensor, so that branches need no joining. Activations lie [H][W][N][C] as in tensor.h.
 *
 * What a picture comes to does not depend on the batch nor on the number of threads. A layer is read-only once made: any
 * number of threads may run it. */
#ifndef QGAN_ENGINE_TENSOR_CONV_FORWARD_H
#define QGAN_ENGINE_TENSOR_CONV_FORWARD_H

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"
#include "engine/tensor/tensor.h"

struct conv_forward_geometry {
	struct shape input;
	int channels;                    /* of the output */
	int kernel_height, kernel_width; /* at most CONV_MAX_KERNEL taps a side */
	int stride, padding_y, padding_x;
	bool rectify;                    /* negative values become 0 */
};

struct shape conv_forward_output(const struct conv_forward_geometry *geometry); /* what a stride leaves over is not looked at */
size_t conv_forward_weight_count(const struct conv_forward_geometry *geometry);
double conv_forward_multiply_adds(const struct conv_forward_geometry *geometry); /* of one picture */

struct conv_forward;

/* weights: [C out][C in][KH][KW], as PyTorch keeps them; output channel c's are multiplied by scale[c]. All are copied.
 * NULL and an error when memory is refused. */
struct conv_forward *conv_forward_create(const struct conv_forward_geometry *geometry, const float *weights, const float *scale,
                                         const float *bias, struct error *error);
void conv_forward_destroy(struct conv_forward *layer); /* NULL is fine */
const struct conv_forward_geometry *conv_forward_geometry(const struct conv_forward *layer);

/* output: the layer's first channel of the first pixel in a tensor of `width` channels. */
void conv_forward_run(const struct conv_forward *layer, struct parallel *parallel, int batch, const float *input,
                      float *output, int width);
void conv_forward_ref(const struct conv_forward_geometry *geometry, const float *weights, const float *scale,
                      const float *bias, int batch, const float *input, float *output, int width);

#endif
