/* A tensor's weights in rising order with running sums, so that anything that depends only on where between the weights
 * a threshold falls costs a binary search instead of a pass. Weights must be finite. Any thread. */
#ifndef QGAN_ENGINE_QUANT_SORTED_WEIGHTS_H
#define QGAN_ENGINE_QUANT_SORTED_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"

struct sorted_weights {
	float *values; /* owned; rising */
	size_t count;
	double centre;         /* a weight near the middle: the origin of all sums, d = w - centre */
	double *sums, *squares; /* owned: of d and d^2 over the weights before number i * SORTED_STRIDE */
};

enum { SORTED_STRIDE = 16 };

/* count at least 1. ERROR_MEMORY when room for the copies (8 bytes a weight while sorting, then 5) is refused. Clear it in
 * any case. */
bool sorted_weights_make(struct sorted_weights *sorted, struct parallel *parallel, const float *weights, size_t count,
                         struct error *error);
void sorted_weights_clear(struct sorted_weights *sorted); /* of a zeroed struct too */

/* The first weight at or after `first` that is above `value`, or, with `equal_too`, at it or above. */
size_t sorted_weights_find(const struct sorted_weights *sorted, size_t first, double value, bool equal_too);

/* Sums of d and of d^2 over the weights before number `end`. */
double sorted_weights_sum(const struct sorted_weights *sorted, size_t end);
double sorted_weights_squares(const struct sorted_weights *sorted, size_t end);

#endif
