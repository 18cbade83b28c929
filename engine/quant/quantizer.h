/* Weight quantizers as rows of a table: k bits, 2^k states, one fit (alpha, beta) per weight tensor (paper R1).
 *
 * fit      finds alpha and beta for a tensor      encode   w -> state z in 0 .. 2^k - 1 (round half to even, clipped)
 * decode   z -> quantized value (the level)        apply    w -> decode(encode(w)), what training uses (fake quantization)
 *
 * Every quantizer is one file and one row; nothing outside the table switches on a kind. Degenerate tensors: all
 * equal -> every weight keeps its value exactly, alpha 0, error 0; NaN or Inf -> ERROR_NUMERIC naming the index;
 * empty -> nothing to do. Results do not depend on the thread count. Engine thread, or any thread with parallel NULL.
 *
 * Levels rise with the state (a quantizer with a sign numbers its states from the most negative level). decode may be
 * infinite for an end state, where the formula is; apply then writes the finite value that training uses. */
#ifndef QGAN_ENGINE_QUANT_QUANTIZER_H
#define QGAN_ENGINE_QUANT_QUANTIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"

enum {
	QUANT_MIN_BITS = 1,
	QUANT_MAX_BITS = 8,
	QUANT_FLOAT_BITS = 32, /* "not quantized" */
	QUANT_MAX_STATES = 1 << QUANT_MAX_BITS,
};

/* Log-Q takes the logarithm of |w| + eps, so that a weight of 0 has one (R5); it is not taken away again. */
#define QUANT_EPS 1e-8

static inline bool quant_bits_valid(int bits) { return (bits >= QUANT_MIN_BITS && bits <= QUANT_MAX_BITS) || bits == QUANT_FLOAT_BITS; }

/* The result of fitting one tensor; small enough to copy. alpha and beta are those of the method's formula: Log-Q's live
 * in the logarithm (R4), Tanh-Q has none (0 and 0). */
struct quant_fit {
	int bits;
	double alpha, beta;
	int iterations; /* EM iterations done (0 for closed forms) */
	bool valid;     /* false in a zeroed struct: nothing to start warm from */
	bool constant;  /* all weights are equal: state 0, its level is beta exactly, whatever the method */
	double eps;     /* Log-Q: what the magnitudes were moved by; 0: QUANT_EPS. Only encoding needs it */
};

/* Mean squared error after each iteration of a fit, in order: the first is the start's own. It never rises. A fit that goes
 * pass by pass (warm or literal) ends with the error before the states are assigned for the last time: a bound. */
enum { QUANT_TRACE = 64 };
struct quant_trace {
	int count; /* of errors; the latest QUANT_TRACE are kept */
	float errors[QUANT_TRACE];
};
void quant_trace_add(struct quant_trace *trace, double error); /* the oldest gives way */

struct quant_options {
	int bits;
	int iterations;               /* at most, of any start; 0: the method's default (EM: until it settles, 1 from a warm start) */
	bool literal;                 /* the paper's procedure to the letter: one start, T as printed (or `iterations`), cold,
	                               * the result never replaced by a better one. Methods in closed form are always literal */
	const struct quant_fit *warm; /* the last step's fit of this tensor, or NULL; not used when its bits differ or it
	                               * leads above Minmax's error; may be the struct that receives the new fit */
	struct quant_trace *trace;    /* every iteration's error is added; NULL: not wanted */
	double eps;                   /* Log-Q's, above 0; 0: QUANT_EPS */
};

struct quantizer {
	const char *name;  /* "em": command line, store and files */
	const char *label; /* "EM-Q" */
	const char *help;  /* one line */
	bool (*fit)(const struct quant_options *options, struct parallel *parallel, const float *weights, size_t count,
	            struct quant_fit *fit, struct error *error);
	double (*decode)(const struct quant_fit *fit, int state); /* a value of float, or infinite */
	/* Encodes count finite weights; states and quantized may each be NULL and do not overlap the weights. counts (2^bits,
	 * zeroed by the callee) may be NULL. Without states and counts it is fastest. */
	void (*apply)(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count,
	              uint8_t *states, float *quantized, uint64_t *counts);
	int least_bits; /* with fewer the formula degenerates (R4, R6): shown as it is, refused for training unless forced */
	const char *degeneration; /* what is left of it then, to stand after a colon; NULL where least_bits is 1 */
	bool least_squares;       /* the fit seeks the least squared error: of two fits the one that errs less is the better */
	bool without_scale;       /* the formula has neither alpha nor beta: both are 0 in a fit (constant weights apart) */
	bool infinite_ends;       /* decode gives -Inf and Inf for the first and the last state */
	/* Expected mean squared error over variance at 1..4 bits, of 3,000 weights from N(0, 0.02) (their extremes are 3.4
	 * deviations out, which decides Minmax's), for the tests. */
	double normal_error[4];
};

extern const struct quantizer quantizer_em, quantizer_minmax, quantizer_log, quantizer_tanh;
extern const struct quantizer *const quantizers[]; /* NULL-terminated, in display order */
extern const char *const quantizer_names[];        /* the rows' names in the same order, for constant tables of choices */
const struct quantizer *quantizer_find(const char *name, struct error *error); /* NULL and an error listing the known names */

/* What a tensor looks like after quantization, for screens, store and `qgan quantize`. */
enum { QUANT_HISTOGRAM_BINS = 96 };
struct quant_statistics {
	struct quant_fit fit;                   /* per channel (engine/quant/grouped.h): alpha and beta are means over channels */
	int groups;                             /* scales: 1, or the number of channels */
	uint64_t weights;                       /* how many */
	double levels[QUANT_MAX_STATES];        /* decode(z) */
	uint64_t counts[QUANT_MAX_STATES];      /* exact number of weights in each state; they sum to `weights` */
	double mean_squared_error, variance;    /* of quantized against float; of the float weights */
	double sqnr_db;                         /* 10 log10(mean of w^2 / MSE); +Inf when the error is 0 */
	double utilization;                     /* entropy of the states in bits, over k: 0..1 */
	int dead_states;                        /* states without a weight */
	double packed_bytes;                    /* of the packed codes with their scales (engine/quant/packed.h); float: 4 a weight */
	float histogram_min, histogram_max;     /* of the float weights: 96 equal bins between the extremes */
	uint32_t histogram[QUANT_HISTOGRAM_BINS];
};
/* bits 32 (fit.bits == QUANT_FLOAT_BITS) fills only the histogram, variance and weights. */
bool quant_describe(const struct quantizer *quantizer, const struct quant_fit *fit, struct parallel *parallel,
                    const float *weights, size_t count, struct quant_statistics *statistics, struct error *error);

#endif
