/* What Log-Q and Tanh-Q share: states that rise with the weight along a curve. Each state then begins at one float, its
 * threshold, and encoding is counting the thresholds a weight has reached: no logarithm a weight. The thresholds are found
 * with the formula itself, halves to even and all, so that the counting gives what the formula gives; curved_apply_ref
 * is the formula weight by weight. Engine thread; any thread with parallel NULL. */
#ifndef QGAN_ENGINE_QUANT_CURVED_H
#define QGAN_ENGINE_QUANT_CURVED_H

#include "engine/quant/curved_kernels.h"
#include "engine/quant/quantizer.h"

/* A method's formulas for a fit that is not of constant weights. */
struct curve {
	int (*state)(const struct quant_fit *fit, float weight);     /* 0 .. 2^bits - 1, never falls as the weight rises */
	double (*threshold)(const struct quant_fit *fit, int state); /* about where a state from 1 on begins: the search's start */
	float (*level)(const struct quant_fit *fit, int state);      /* what training uses: finite */
};

extern const struct curve curve_log, curve_tanh;

/* The rows' apply; count may be 0. */
void curved_apply(const struct curve *curve, const struct quant_fit *fit, struct parallel *parallel, const float *weights,
                  size_t count, uint8_t *states, float *quantized, uint64_t *counts);

/* The same by the formula; states and quantized may each be NULL. */
void curved_apply_ref(const struct curve *curve, const struct quant_fit *fit, const float *weights, size_t count, uint8_t *states,
                      float *quantized);

/* Thresholds and levels of a fit. */
void curved_make_steps(const struct curve *curve, const struct quant_fit *fit, struct curved_steps *steps);

#endif
