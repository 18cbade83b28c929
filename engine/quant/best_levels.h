/* The best levels of all, evenly spaced or not: exact one-dimensional k-means by dynamic programming over the sorted
 * weights. No quantizer of the paper reaches it; the gap shows what a linear scale costs. Any thread. */
#ifndef QGAN_ENGINE_QUANT_BEST_LEVELS_H
#define QGAN_ENGINE_QUANT_BEST_LEVELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"

/* At most `count_levels` (1..256) levels that minimise the mean squared error of `count` finite weights, rising; *used of
 * them (fewer when there are fewer different weights). Exact in the partition; *mean_squared_error is summed in double.
 * `cancelled` (may be NULL) is looked at now and then: ERROR_CANCELLED. ERROR_MEMORY when memory for a sorted copy is refused. */
bool best_levels_find(const float *weights, size_t count, int count_levels, double levels[], int *used,
                      double *mean_squared_error, const atomic_bool *cancelled, struct error *error);

#endif
