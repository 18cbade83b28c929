/* The inner loops, compiled once per instruction set and chosen when the program runs. Private to engine/tensor.
 *
 *   kernel_product.c    the matrix product in vector registers: of floats, or of pairs of bf16
 *   kernel_amx.c        the same product in AMX tiles
 *   kernel_lookup.c     codes to the values they stand for
 *   kernel_sparse.c     products of activations whose zeros are left out
 *   kernel_pointwise.c  value by value and channel by channel
 *
 * All but kernel_amx.c are compiled several times with other compiler flags; kernel_variant.h gives each copy its names.
 * kernel.c lists the kernels, best first, and takes the first of floats and the first of pairs that the CPU can run, or
 * what the environment variable QGAN_KERNELS names.
 *
 * A pair is 32 bits with two bf16 that are neighbours along the depth of a product, the earlier one in the low half. It
 * travels where a float would: in the same arrays, panels and steps, only that depths count pairs. Nothing but
 * zip_rows, join_rows and a product of pairs looks inside. */
#ifndef QGAN_ENGINE_TENSOR_KERNEL_H
#define QGAN_ENGINE_TENSOR_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/tensor/pointwise.h"

/* C = sum over terms t of A[t] B[t], or C += that. A[t] is rows x depth, B[t] depth x columns; C is always of floats.
 *
 * A lies anywhere with one of its two steps 1: row r, depth k at a[t][r * a_row + k * a_depth]. A of pairs has a_depth 1
 * and a depth that is a multiple of the kernel's depth_step, filled up with anything finite; B's is filled up with zeros.
 * B is a packed panel [depth][width], 64-byte aligned, where width is `lanes` when columns <= lanes and `panel` when more
 * (at most `panel`); values beyond the columns may be anything. C is row-major with c_row floats from row to row.
 * A finished network also has its bias (as many values as a row of B; NULL: 0) added and its negative values made 0 here,
 * while they are in registers; neither goes with `add`. What C gets, the next `copies` places get too, copy[i] floats after C, and
 * `less` more have it taken away from them (neither in AMX tiles). */
struct product {
	int rows, columns, depth, terms;
	const float *const *a;
	const float *const *b;
	ptrdiff_t a_row, a_depth;
	float *c;
	ptrdiff_t c_row;
	bool add;
	int copies, less;
	const ptrdiff_t *copy;
	const float *bias;
	bool rectify;
};

/* What a batch normalisation needs per channel; z = (x - mean) scale + shift, y = leaky(z). */
struct channel_map {
	const float *mean, *scale, *shift;
	float slope; /* of the leaky rectifier after it; 1: none */
};

/* Adam with everything that depends on the step number worked out. */
struct adam_rates {
	float beta1, beta2, rest1, rest2; /* rest = 1 - beta */
	float step_size;                  /* learning rate / (1 - beta1^step) */
	float root_scale, epsilon;        /* root_scale: 1 / sqrt(1 - beta2^step) */
};

/* A matrix in a sum of matrices: `step` elements from row to row. */
enum { KERNEL_MOST_TERMS = 9 };
struct kernel_term {
	const float *values;
	ptrdiff_t step;
	float factor;
};

/* Straight runs over `count` values, or `rows` x `channels`. Outputs may be the inputs, but not overlap otherwise. */
struct kernel_pointwise {
	void (*leaky)(size_t count, float slope, const float *x, float *y);
	void (*leaky_backward)(size_t count, float slope, const float *y, const float *dy, float *dx);
	void (*tanh)(size_t count, const float *x, float *y);
	void (*tanh_backward)(size_t count, const float *y, const float *dy, float *dx);
	void (*sigmoid)(size_t count, const float *x, float *y);
	void (*sigmoid_backward)(size_t count, const float *y, const float *dy, float *dx);
	void (*adam)(size_t count, const struct adam_rates *rates, float *weights, const float *gradients, float *first, float *second);
	void (*sgd)(size_t count, float learning_rate, float momentum, float *weights, const float *gradients, float *velocity);
	double (*sum_of_squares)(size_t count, const float *values);

	/* Pairs of bf16: each value rounded to nearest, ties to even (part 0), or what that left of it, rounded (part 1).
	 * zip: two rows of `count` values to one of pairs, the last of an odd number of rows with 0. join: a row of `count` values
	 * to one of (count + 1) / 2 pairs of neighbours, an odd last value with 0. Steps are from row to row. */
	void (*zip_rows)(size_t rows, size_t count, int part, const float *values, size_t step, float *pairs, size_t pairs_step);
	void (*join_rows)(size_t rows, size_t count, int part, const float *values, size_t step, float *pairs, size_t pairs_step);

	/* to = sum of factor x matrix over 1, 2, 3, 4, 6 or 9 terms, in their order, rows x columns; `to` overlaps none of them. The same
	 * of pairs that lie in a row, over 1, 2 or 4: both values are summed as floats and rounded. */
	void (*sum_terms)(size_t rows, size_t columns, int terms, const struct kernel_term *term, float *to, ptrdiff_t to_step);
	void (*sum_pairs)(size_t count, int terms, const struct kernel_term *term, float *to);

	/* Adds to sum and squares (channels each): x and x^2. */
	void (*channel_sums)(size_t rows, int channels, const float *x, double *sum, double *squares);
	void (*channel_map)(size_t rows, int channels, const struct channel_map *map, const float *x, float *y);
	/* dz = leaky'(z) dy. Adds to sum and products (channels each): dz and dz (x - mean). */
	void (*channel_products)(size_t rows, int channels, const struct channel_map *map, const float *x, const float *dy,
	                         double *sum, double *products);
	/* dx = scale dz + factor[c] (x - mean) + constant[c]. */
	void (*channel_backward)(size_t rows, int channels, const struct channel_map *map, const float *factor, const float *constant,
	                         const float *x, const float *dy, float *dx);
};

/* Codes of `bits` bits and what they stand for. A block holds LOOKUP_BLOCK vectors of codes in `bits` vectors of words: the
 * words of one lane, one after the other, are the string of its codes, least significant bit first (kernel_lookup.c). */
enum { LOOKUP_BLOCK = 32, LOOKUP_MAX_BITS = 8, LOOKUP_LINE = 4 };
struct lookup {
	int bits;           /* 1..LOOKUP_MAX_BITS */
	int vectors;        /* 0: one table for all; else vector i has table i % vectors, with values for each lane */
	bool even;          /* evenly spaced: code z is s b + (s c + d), fused, where s = 1 + z / 2^bits - a */
	const float *table; /* [2^bits], or [vectors][2^bits][lanes]; even: a, b, c, d (LOOKUP_LINE) instead of 2^bits values */
};
struct kernel_lookup {
	void (*run)(const struct lookup *lookup, const uint32_t *words, size_t blocks, float *values);
	int even_bits, even_columns; /* bits from which even is the faster one, of one table and of columns */
};

/* C += A B, where A's zeros are left out: a row of A is a list of its other values and a mask of their depths, bit k for depth k.
 * Lists have places of `depth` values (of struct kernel_sparse), which bounds the depth, one after the other. */
enum { SPARSE_VECTORS = 8 };
struct sparse_product {
	int vectors;           /* of a row of B and of C: 1..SPARSE_VECTORS, all of them read and written */
	int runs, rows;        /* runs x rows rows, A's one after the other */
	const float *values;
	const uint64_t *masks;
	const float *b;        /* [depth][vectors] */
	float *c;
	ptrdiff_t c_run, c_row; /* floats from run to run, and from row to row of a run */
};
struct kernel_sparse {
	int depth; /* at most 64: B of so many rows and SPARSE_VECTORS vectors fits a first-level cache */
	void (*add)(const struct sparse_product *product);
	/* Rows of `length` (at most depth) values become lists. */
	void (*list)(size_t rows, int length, const float *from, ptrdiff_t from_row, float *values, uint64_t *masks);
};

struct kernel {
	const char *name;
	bool pairs;       /* of bf16; else floats */
	bool splits;      /* pairs: three products of them take less time than one of floats (precision.h) */
	bool copies;      /* its product knows about copies of C */
	int lanes, panel; /* elements in a vector and in a full panel */
	int depth_step;   /* depths are multiples of it: more than 1 only for pairs */
	int rows;         /* of C that one pass keeps in registers */
	void (*product)(const struct product *product);
	const struct kernel_lookup *lookup;
	const struct kernel_sparse *sparse;
	const struct kernel_pointwise *pointwise;
};

/* The kernels in use: of floats, and of pairs (NULL: none that is worth it here). Any thread. */
const struct kernel *kernel_current(void);
const struct kernel *kernel_of_pairs(void);

/* How many times as fast as in floats a training step is with the kernel of pairs, about; 1: no faster, or there is none. By
 * what the processor is, never by the clock: the same machine always computes the same. */
double kernel_pairs_gain(void);

/* Name of the index-th kernel this build has, best first, NULL beyond the last. */
const char *kernel_name(int index);

/* Switches floats or pairs, whichever it multiplies, to the kernel of this name; false when it is unknown or the CPU
 * cannot run it. For tests; plans keep theirs. */
bool kernel_use(const char *name);
void kernel_take(const struct kernel *kernel); /* for tests: one that this build does not list */

#endif
