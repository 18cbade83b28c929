/* The smallest and the largest magnitude of a tensor, and whether its weights are all finite and all equal: one pass
 * over the bits of the weights, whose magnitudes order as whole numbers do. Engine thread; any thread with parallel NULL. */
#ifndef QGAN_ENGINE_QUANT_MAGNITUDES_H
#define QGAN_ENGINE_QUANT_MAGNITUDES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"

struct magnitudes {
	float smallest, largest; /* |w| */
	bool constant;           /* all weights are equal (0 and -0 are) */
};

/* count is at least 1. ERROR_NUMERIC naming the first weight that is NaN or Inf. */
bool magnitudes_find(struct parallel *parallel, const float *weights, size_t count, struct magnitudes *magnitudes,
                     struct error *error);

#endif
