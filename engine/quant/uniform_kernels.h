/* The hot loops of the uniform quantizers (levels alpha z + beta), compiled once for each instruction set of the machine.
 *
 * What is written - states, levels, errors of the levels - is the formula as printed, in double with its division:
 * z = clip(round((w - beta) / alpha), 0, top), halves to even. For a tame grid the state is first sought in float, with a
 * reciprocal; where that lands so near a half that rounding could decide otherwise, the block is done again in double.
 *
 * Moments, which only steer EM, are summed in float from a tame grid: lanes are emptied into doubles every
 * UNIFORM_FLUSH weights, so that a sum errs by less than 256 * 2^-24 = 1.6e-5 of its terms' magnitudes (some 1e-7 as seen).
 * The sums of z and zz are exact. moments_ref does the same in double, for any grid.
 *
 * Lanes are the same whatever the width of the registers and are joined in a fixed order, so every instruction set gives
 * the same bits; but where a machine has no fused multiply-add, sums in float differ within what is said above. (The rest
 * is compiled without contraction.) Any thread. */
#ifndef QGAN_ENGINE_QUANT_UNIFORM_KERNELS_H
#define QGAN_ENGINE_QUANT_UNIFORM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNIFORM_FLUSH = 4096 }; /* 256 a lane: 255^2 times as many is still exact in float */

/* A fit made ready for the loops (uniform_grid_of in engine/quant/uniform.h). */
struct uniform_grid {
	double alpha, beta;
	double divisor; /* alpha, or infinity where alpha is 0: then every state is 0 */
	double top;     /* 2^bits - 1 */

	/* For float arithmetic; a tame grid is one where it does: moderate alpha, levels not far beside their spacing. */
	bool tame;
	float near_alpha, near_beta, reciprocal, near_top;
	float sure; /* squared distance from a whole number up to which a state found in float is the formula's */
};

/* Sums over weights w with states z, and of what the line alpha z + beta leaves of them: r = w - (alpha z + beta). */
struct uniform_moments {
	double z, zz, r, rz, rr;
	double alpha, beta; /* the line's, as r was measured: for a tame grid, rounded to float */
};

struct uniform_range {
	size_t count; /* of the weights it is of; 0: nothing is known */
	float min, max;
	double sum;
	double rr; /* of the look that found the sum, which is no better than its r; 0: in double */
};

struct uniform_kernels {
	const char *name;
	/* count is at least 1 in all of them. A weight that is NaN or Inf shows in the range's sum, or in rr; rr of huge weights
	 * may overflow in float. */
	void (*range)(const float *weights, size_t count, struct uniform_range *range);
	/* The first look at weights also finds their range. Later ones leave r at 0: it follows from the weights' sum. */
	void (*first_moments)(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments,
	                      struct uniform_range *range);
	void (*moments)(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments);
	void (*moments_ref)(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments);
	/* Sum of squared differences to the levels as quantize writes them. */
	double (*squared_error)(const struct uniform_grid *grid, const float *weights, size_t count);
	void (*quantize)(const struct uniform_grid *grid, const float *weights, size_t count, float *quantized);
	void (*encode)(const struct uniform_grid *grid, const float *weights, size_t count, uint8_t *states);
};

extern const struct uniform_kernels *const uniform_kernel_sets[];    /* NULL-terminated, the fastest first */
bool uniform_kernels_usable(const struct uniform_kernels *kernels); /* whether this machine can run them */
const struct uniform_kernels *uniform_kernels_best(void);           /* the first usable set */

/* alpha z + beta as a float, kept within the range of float. */
double uniform_level(const struct uniform_grid *grid, double z);

#endif
