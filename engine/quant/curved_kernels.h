/* The hot loops of the curved quantizers, once for each instruction set of the machine: a weight's state is the number of
 * thresholds it has reached. Comparisons only, so that every instruction set gives the same. Any thread. */
#ifndef QGAN_ENGINE_QUANT_CURVED_KERNELS_H
#define QGAN_ENGINE_QUANT_CURVED_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURVED_MAX_STATES = 256 };

struct curved_steps {
	int bits;
	float thresholds[CURVED_MAX_STATES]; /* of state z: the least weight in it; rising, may be infinite; [0] is not looked at */
	float levels[CURVED_MAX_STATES];
};

struct curved_kernels {
	const char *name;
	void (*quantize)(const struct curved_steps *steps, const float *weights, size_t count, float *quantized);
	void (*encode)(const struct curved_steps *steps, const float *weights, size_t count, uint8_t *states);
};

extern const struct curved_kernels *const curved_kernel_sets[];    /* NULL-terminated, the fastest first */
bool curved_kernels_usable(const struct curved_kernels *kernels); /* whether this machine can run them */
const struct curved_kernels *curved_kernels_best(void);           /* the first usable set */

#endif
