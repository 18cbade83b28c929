/* The evenly spaced levels of least squared error, sought on sorted weights: many starts, each followed by EM until it
 * settles. There an iteration costs a binary search a state, so hundreds of starts cost less than a few passes. */
#ifndef QGAN_ENGINE_QUANT_UNIFORM_SEARCH_H
#define QGAN_ENGINE_QUANT_UNIFORM_SEARCH_H

#include "engine/quant/quantizer.h"
#include "engine/quant/sorted_weights.h"

/* One iteration: what levels alpha z + beta err (sum of squares, over the nearest states), and the line that fits their
 * states best. */
struct uniform_step {
	double error;
	double alpha, beta; /* as before where the states do not vary */
	double fitted_error; /* of that line with the states unchanged: the next step's error is no larger */
};
struct uniform_step uniform_step(const struct sorted_weights *sorted, int bits, double alpha, double beta);

/* *fit is of a tensor with at least two different weights. `most`: iterations a start, 0: until it settles. The result
 * errs no more than EM from `first` (alpha and beta of Minmax) does after as many iterations. */
struct quant_fit uniform_search(const struct sorted_weights *sorted, const struct quant_fit *first, int most,
                                struct quant_trace *trace);

#endif
