/* Random weight tensors of many shapes for the quantizer suites, and what they measure on them. */
#ifndef QGAN_TESTS_QUANT_TENSORS_H
#define QGAN_TESTS_QUANT_TENSORS_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "engine/quant/quantizer.h"
#include "engine/tensor/random.h"

enum distribution {
	NORMAL, UNIFORM, HEAVY_TAILS, SKEWED, TWO_HEAPS, MOSTLY_ZERO, WHOLE_NUMBERS, ONE_OUTLIER, LAPLACE, LOG_NORMAL, FAR_OUTLIERS,
	LARGE_MEAN,
};
enum { DISTRIBUTIONS = LARGE_MEAN + 1 };
static const char *const distribution_names[DISTRIBUTIONS] __attribute__((unused)) = {
	"normal", "uniform", "heavy tails", "skewed", "two heaps", "mostly zero", "whole numbers", "one outlier", "Laplace",
	"log-normal", "far outliers", "large mean",
};

static inline float shape_weight(enum distribution distribution, float normal, float uniform, size_t index)
{
	switch (distribution) {
	case NORMAL: return 0.02f * normal;
	case UNIFORM: return 2 * uniform - 1;
	case HEAVY_TAILS: return normal / (0.1f + uniform);
	case TWO_HEAPS: return 0.1f * normal + (uniform < 0.4f ? -1.0f : 1.5f);
	case MOSTLY_ZERO: return uniform < 0.8f ? 0.0f : normal;
	case SKEWED: return -logf(1 - uniform);
	case WHOLE_NUMBERS: return rintf(3 * normal);
	case ONE_OUTLIER: return index == 0 ? 25.0f : normal;
	case LAPLACE: return uniform < 0.5f ? logf(2 * uniform + 1e-7f) : -logf(2 - 2 * uniform);
	case LOG_NORMAL: return expf(normal);
	case FAR_OUTLIERS: return index % 40 == 0 ? (index % 80 == 0 ? 50.0f : -50.0f) + normal : normal; /* deviations */
	case LARGE_MEAN: return 1e6f + 0.3f * normal;
	}
	return 0;
}

static inline void fill_weights(struct random *random, enum distribution distribution, float *weights, size_t count)
{
	float *uniform = malloc((count + 1) * sizeof *uniform);
	random_fill_normal(random, weights, count, 0, 1);
	random_fill_uniform(random, uniform, count);
	for (size_t i = 0; i < count; i++)
		weights[i] = shape_weight(distribution, weights[i], uniform[i], i);
	free(uniform);
}

/* Mean squared error of a fit as applied, summed plainly. */
static inline double applied_error(const struct quantizer *quantizer, const struct quant_fit *fit, const float *weights, size_t count)
{
	float *quantized = malloc((count + 1) * sizeof *quantized);
	quantizer->apply(fit, NULL, weights, count, NULL, quantized, NULL);
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += ((double)weights[i] - quantized[i]) * ((double)weights[i] - quantized[i]);
	free(quantized);
	return count ? sum / (double)count : 0;
}

#endif
