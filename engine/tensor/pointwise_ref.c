/* The definitions as they stand in the papers, in double. */
#include <math.h>

#include "engine/tensor/pointwise.h"

void pointwise_leaky_ref(size_t count, float slope, const float *x, float *y)
{
	for (size_t i = 0; i < count; i++)
		y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void pointwise_tanh_ref(size_t count, const float *x, float *y)
{
	for (size_t i = 0; i < count; i++)
		y[i] = (float)tanh(x[i]);
}

void pointwise_sigmoid_ref(size_t count, const float *x, float *y)
{
	for (size_t i = 0; i < count; i++)
		y[i] = (float)(1 / (1 + exp(-(double)x[i])));
}

void batch_norm_train_ref(const struct batch_norm *norm, const float *x, float *y)
{
	const size_t step = (size_t)norm->channels;
	const double rows = (double)norm->rows, momentum = norm->momentum;
	for (size_t c = 0; c < step; c++) {
		double mean = 0, variance = 0;
		for (size_t row = 0; row < norm->rows; row++)
			mean += x[row * step + c] / rows;
		for (size_t row = 0; row < norm->rows; row++)
			variance += (x[row * step + c] - mean) * (x[row * step + c] - mean) / rows;
		double inverse = 1 / sqrt(variance + norm->epsilon);
		for (size_t row = 0; row < norm->rows; row++)
			y[row * step + c] = (float)((x[row * step + c] - mean) * inverse * norm->gamma[c] + norm->beta[c]);
		norm->mean[c] = (float)mean;
		norm->inverse_deviation[c] = (float)inverse;
		if (norm->running_mean)
			norm->running_mean[c] = (float)((1 - momentum) * norm->running_mean[c] + momentum * mean);
		if (norm->running_variance)
			norm->running_variance[c] = (float)((1 - momentum) * norm->running_variance[c] + momentum * variance * rows / (rows - 1));
	}
}

void batch_norm_backward_ref(const struct batch_norm *norm, const float *x, const float *dy, float *dx, float *dgamma, float *dbeta)
{
	const size_t step = (size_t)norm->channels;
	const double rows = (double)norm->rows;
	for (size_t c = 0; c < step; c++) {
		double sum = 0, product = 0, inverse = norm->inverse_deviation[c], mean = norm->mean[c];
		for (size_t row = 0; row < norm->rows; row++) {
			sum += dy[row * step + c];
			product += dy[row * step + c] * (x[row * step + c] - mean) * inverse;
		}
		for (size_t row = 0; row < norm->rows; row++) {
			double normal = (x[row * step + c] - mean) * inverse;
			dx[row * step + c] = (float)(norm->gamma[c] * inverse * (dy[row * step + c] - sum / rows - normal * product / rows));
		}
		if (dgamma)
			dgamma[c] += (float)product;
		if (dbeta)
			dbeta[c] += (float)sum;
	}
}

void pointwise_adam_ref(size_t count, const struct adam *adam, float *weights, const float *gradients, float *first, float *second)
{
	const double b1 = adam->beta1, b2 = adam->beta2, step = (double)adam->step;
	for (size_t i = 0; i < count; i++) {
		double m = b1 * first[i] + (1 - b1) * gradients[i], v = b2 * second[i] + (1 - b2) * gradients[i] * gradients[i];
		first[i] = (float)m;
		second[i] = (float)v;
		weights[i] -= (float)(adam->learning_rate * (m / (1 - pow(b1, step))) / (sqrt(v / (1 - pow(b2, step))) + adam->epsilon));
	}
}
