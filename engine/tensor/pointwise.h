/* Work that goes value by value or channel by channel over activations seen as `rows` x `channels`
 * (rows = H * W * N), and over parameter blocks. Each is memory-bound, vectorized for the CPU at run time and cut
 * into tasks for the pool; the _ref twins are plain loops that tests compare with. In-place (y == x, dx == dy) is
 * allowed everywhere. Engine thread. */
#ifndef QGAN_ENGINE_TENSOR_POINTWISE_H
#define QGAN_ENGINE_TENSOR_POINTWISE_H

#include <stddef.h>

#include "engine/tensor/parallel.h"

/* y = x > 0 ? x : slope * x. slope 0 is ReLU. The backward pass needs only y (slope >= 0 keeps the sign):
 * dx = y > 0 ? dy : slope * dy, and 0 -> slope, as PyTorch does. */
void pointwise_leaky(struct parallel *parallel, size_t count, float slope, const float *x, float *y);
void pointwise_leaky_backward(struct parallel *parallel, size_t count, float slope, const float *y, const float *dy, float *dx);

/* y = tanh x (error at most 4e-7 absolute); dx = dy (1 - y^2). */
void pointwise_tanh(struct parallel *parallel, size_t count, const float *x, float *y);
void pointwise_tanh_backward(struct parallel *parallel, size_t count, const float *y, const float *dy, float *dx);

/* y = 1 / (1 + exp -x), without overflow; dx = dy y (1 - y). */
void pointwise_sigmoid(struct parallel *parallel, size_t count, const float *x, float *y);
void pointwise_sigmoid_backward(struct parallel *parallel, size_t count, const float *y, const float *dy, float *dx);

/* Batch normalisation (Ioffe and Szegedy 2015) over rows, statistics in double, biased variance for normalising and
 * unbiased for the running value, as PyTorch: running = (1 - momentum) running + momentum batch.
 * mean and inverse_deviation (channels each) keep what the backward pass needs. */
struct batch_norm {
	size_t rows;
	int channels;
	float epsilon, momentum;
	const float *gamma, *beta;
	float *running_mean, *running_variance; /* NULL: not updated */
	float *mean, *inverse_deviation;
	double *scratch; /* batch_norm_scratch(channels) doubles */
};
size_t batch_norm_scratch(int channels);
void batch_norm_train(struct parallel *parallel, const struct batch_norm *norm, const float *x, float *y);
/* scale[c] = gamma / sqrt(running variance + epsilon), as evaluation takes it. */
void batch_norm_running_scale(const struct batch_norm *norm, float *scale);
void batch_norm_evaluate(struct parallel *parallel, const struct batch_norm *norm, const float *x, float *y);
/* x is the input of the forward pass; adds to dgamma, dbeta (NULL: not wanted); overwrites dx. */
void batch_norm_backward(struct parallel *parallel, const struct batch_norm *norm, const float *x, const float *dy,
                         float *dx, float *dgamma, float *dbeta);

/* The same followed by pointwise_leaky, in one pass over memory less each way; z is never stored. The backward pass works
 * z's sign out of x again, so it needs neither z nor y; norm must be as it was in the forward pass. */
void batch_norm_leaky_train(struct parallel *parallel, const struct batch_norm *norm, float slope, const float *x, float *y);
void batch_norm_leaky_evaluate(struct parallel *parallel, const struct batch_norm *norm, float slope, const float *x, float *y);
void batch_norm_leaky_backward(struct parallel *parallel, const struct batch_norm *norm, float slope,
                               const float *x, const float *dy, float *dx, float *dgamma, float *dbeta);

/* Adam (Kingma and Ba 2015, algorithm 1, PyTorch's form: epsilon outside the root's bias correction); step counts from 1. */
struct adam {
	float learning_rate, beta1, beta2, epsilon;
	long step;
};
void pointwise_adam(struct parallel *parallel, size_t count, const struct adam *adam,
                    float *weights, const float *gradients, float *first, float *second);

/* SGD with momentum as PyTorch: velocity = momentum velocity + g; w -= learning_rate velocity (momentum 0: velocity unused). */
void pointwise_sgd(struct parallel *parallel, size_t count, float learning_rate, float momentum,
                   float *weights, const float *gradients, float *velocity);

/* All values become 0. */
void pointwise_clear(struct parallel *parallel, size_t count, float *values);

/* Sum of squares in double, for gradient norms. */
double pointwise_sum_of_squares(struct parallel *parallel, size_t count, const float *values);

void pointwise_leaky_ref(size_t count, float slope, const float *x, float *y);
void pointwise_tanh_ref(size_t count, const float *x, float *y);
void pointwise_sigmoid_ref(size_t count, const float *x, float *y);
void batch_norm_train_ref(const struct batch_norm *norm, const float *x, float *y);
void batch_norm_backward_ref(const struct batch_norm *norm, const float *x, const float *dy, float *dx, float *dgamma, float *dbeta);
void pointwise_adam_ref(size_t count, const struct adam *adam, float *weights, const float *gradients, float *first, float *second);

#endif
