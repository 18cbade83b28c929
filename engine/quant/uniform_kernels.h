/* The hot loops of the uniform quantizers (levels alpha z + beta), once for each instruction set of the machine.
 *
 * All arithmetic is in double, with the formula as printed, z = clip(round((w - beta) / alpha), 0, top), division and
 * all; so weights of +-3e38, denormals and a mean a million times the spread need no special care. Sums run in UNIFORM_LANES
 * separate lanes, whatever the width of the registers, and are joined in a fixed order: every instruction set gives
 * the same bits (this folder is compiled without contraction into fused multiply-adds). Any thread. */
#ifndef QGAN_ENGINE_QUANT_UNIFORM_KERNELS_H
#define QGAN_ENGINE_QUANT_UNIFORM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNIFORM_LANES = 64 };

/* A fit made ready for the loops. */
struct uniform_grid {
	double alpha, beta;
	double divisor; /* alpha, or infinity where alpha is 0: then every state is 0 */
	double top;     /* 2^bits - 1 */
	double centre;  /* of the moments: a value among the weights, so that sums of squares lose nothing */
};

/* Sums over weights w with states z; d = w - centre. */
struct uniform_moments {
	double z, zz, d, dz, dd;
	float min, max;
};

struct uniform_kernels {
	const char *name;
	/* count is at least 1. min, max and d (with centre 0: the plain sum) of *moments; a NaN or Inf shows in d. */
	void (*range)(const float *weights, size_t count, struct uniform_moments *moments);
	void (*moments)(const struct uniform_grid *grid, const float *weights, size_t count, struct uniform_moments *moments);
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
