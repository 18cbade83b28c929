/* Optimizers as rows of a table: how a block of weights follows its gradients. Engine thread. */
#ifndef QGAN_ENGINE_NN_OPTIMIZER_H
#define QGAN_ENGINE_NN_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/tensor/parallel.h"

enum { OPTIMIZER_MAX_BLOCKS = 2 };

struct optimizer_options {
	double learning_rate;
	double beta1, beta2; /* Adam's; SGD takes beta1 as momentum */
	int64_t step;        /* of this network, from 1 */
};

struct optimizer {
	const char *name; /* "adam" */
	const char *help; /* one line */
	int blocks;       /* of state, each as large as the weights, zero at first */
	const char *block_names[OPTIMIZER_MAX_BLOCKS]; /* in checkpoints */
	/* Updates weights and state by one step; values that are 0 in all blocks stay 0. */
	void (*update)(const struct optimizer_options *options, struct parallel *parallel, size_t count,
	               float *weights, const float *gradients, float *const state[]);
};

extern const struct optimizer optimizer_adam, optimizer_sgd;
extern const struct optimizer *const optimizers[]; /* NULL-terminated */
const struct optimizer *optimizer_find(const char *name, struct error *error); /* NULL and an error listing the known names */

#endif
