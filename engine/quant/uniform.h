/* What Minmax-Q and EM-Q share: levels alpha z + beta over a whole tensor, its weights cut into chunks for the pool's
 * threads. How they are cut depends on the count alone and the chunks' sums are added in order, so results do not
 * depend on the threads. count must be at least 1 unless said. Engine thread; any thread with parallel NULL. */
#ifndef QGAN_ENGINE_QUANT_UNIFORM_H
#define QGAN_ENGINE_QUANT_UNIFORM_H

#include "engine/quant/quantizer.h"
#include "engine/quant/uniform_kernels.h"

/* ERROR_INPUT unless bits is 1..8. */
bool uniform_check_bits(int bits, struct error *error);

/* ERROR_NUMERIC naming the first weight that is NaN or Inf; true when there is none. */
bool uniform_check_finite(const float *weights, size_t count, struct error *error);

/* Smallest and largest weight and the sum. ERROR_NUMERIC when a weight is not finite. */
bool uniform_range(struct parallel *parallel, const float *weights, size_t count, struct uniform_range *range,
                   struct error *error);

struct uniform_grid uniform_grid_of(const struct quant_fit *fit);

/* Sums over the weights and their states under `fit`; exact: in double, however tame. range: of the same weights, as an
 * earlier call has left it, which saves time; or empty, and then it is found in passing. ERROR_NUMERIC when a weight is not
 * finite; rr is infinite where the fit has nothing to do with the weights. */
bool uniform_moments(const struct quant_fit *fit, bool exact, struct parallel *parallel, const float *weights, size_t count,
                     struct uniform_moments *moments, struct uniform_range *range, struct error *error);

/* Sum of squared differences between the weights and what uniform_apply makes of them. */
double uniform_squared_error(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count);

/* True when the levels alpha z + beta are proven to leave a larger sum of squared errors than `limit`: reads no more of the
 * weights than that takes. False says nothing. */
bool uniform_errs_above(const struct quant_fit *fit, double limit, struct parallel *parallel, const float *weights, size_t count);

/* End states on the extreme weights (eq. 3); min = max gives alpha 0. */
struct quant_fit uniform_minmax_fit(int bits, float min, float max);

/* The rows' decode and apply; count may be 0. */
double uniform_decode(const struct quant_fit *fit, int state);
void uniform_apply(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count, uint8_t *states,
                   float *quantized, uint64_t *counts);

#endif
