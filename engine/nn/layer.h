/* Layers as rows of a table: one file and one row a kind. A network is a sequence of them.
 *
 * To add a kind: write layer_NAME.c with a `const struct layer_kind`, name it below and in layers.c. The tests walk the
 * table and check every kind's backward pass by finite differences. Engine thread. */
#ifndef QGAN_ENGINE_NN_LAYER_H
#define QGAN_ENGINE_NN_LAYER_H

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/nn/parameter.h"
#include "engine/tensor/parallel.h"
#include "engine/tensor/precision.h"
#include "engine/tensor/tensor.h"

enum { LAYER_MAX_TENSORS = 2 };

/* What a network has a layer do; each is timed by itself. */
enum layer_work {
	LAYER_FORWARD,
	LAYER_DATA_GRADIENT,
	LAYER_WEIGHT_GRADIENT,
	LAYER_BOTH_GRADIENTS, /* of a kind that works them out together */
	LAYER_SECOND,         /* second derivatives */
	LAYER_WORKS,
};


/* How a model asks for a layer. Fields a kind does not know stay 0. */
struct layer_spec {
	const char *kind;           /* name of a row of layer_kinds */
	char name[NN_NAME_SIZE];    /* for people: "conv1" */
	int channels;               /* convolutions, linear: of the output */
	int kernel, stride, padding; /* convolutions; *_pool: only kernel, the side of a window */
	bool bias;                  /* linear */
	float slope;                /* leaky_relu, batch_norm_leaky */
	float deviation;            /* convolutions, linear: weights start as N(0, deviation); batch_norm*: gamma as N(1, deviation) */
};

struct conv_scratch;

struct layer {
	const struct layer_kind *kind;
	struct layer_spec spec;
	enum precision precision;     /* of convolutions and linear layers */
	struct conv_scratch *scratch; /* theirs, one for all layers of the network */
	struct shape input, output;
	/* Views into the network's blocks, in the order in which the kind declared them. */
	float *trained[LAYER_MAX_TENSORS], *gradients[LAYER_MAX_TENSORS];
	float *running[LAYER_MAX_TENSORS];
	void *state; /* the kind's own: made by create, freed by clear */
	struct work_clock clocks[LAYER_WORKS]; /* since the network was made */
};

/* What is the same for all layers of one pass. */
struct layer_pass {
	struct parallel *parallel;
	int batch;
	bool training;         /* false: evaluation, with running statistics */
	bool weight_gradients; /* backward: add to the gradients of the parameters */
	bool exact;            /* its derivatives are differentiated again: bf16 takes all its parts (tensor/precision.h) */
};

struct layer_kind {
	const char *name; /* "conv2d" */
	const char *help; /* one line */
	bool in_place;             /* forward may write its output over its input */
	bool backward_in_place;     /* backward may write dx over dy, and always wants a dx */
	bool backward_reads_output; /* backward reads y (else x, or neither) */
	bool curved;                /* the derivative changes with x (beyond kinks): `second` gives a dx */
	/* Output shape; an error names the layer. */
	bool (*shape)(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error);
	/* Optional (none: no parameters): appends the trained tensors and the running statistics, LAYER_MAX_TENSORS at most. */
	void (*declare)(const struct layer *layer, struct parameter_list *trained, struct parameter_list *running);
	/* Optional: makes `state`, so that no later call allocates. */
	bool (*create)(struct layer *layer, int max_batch, struct error *error);
	/* Optional: must be called after every change of the first trained tensor; `weights` is what the passes use: Q(W) or W. */
	void (*pack)(struct layer *layer, struct parallel *parallel, const float *weights);
	/* x, y: [H][W][N][C]. */
	void (*forward)(struct layer *layer, const struct layer_pass *pass, const float *x, float *y);
	/* x and y as the last training forward left them. ADDS to layer->gradients where pass->weight_gradients; overwrites
	 * dx, which is NULL when it is not wanted (but see backward_in_place). */
	void (*backward)(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y,
	                 const float *dy, float *dx);
	/* Optional (none: the layer cannot be part of a penalised D): what second derivatives take. t is a direction of x, dy as
	 * in the backward pass before. Overwrites u (NULL: not wanted; may be t where backward_in_place) with what the output
	 * changes by in that direction; of the number dy . u it ADDS the gradients by the trained tensors to layer->gradients, and
	 * a curved layer overwrites dx, which is neither of the others, with the gradient by x. */
	void (*second)(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
	               const float *t, float *u, float *dx);
	void (*clear)(struct layer *layer);                  /* optional: frees `state` */
	double (*multiply_adds)(const struct layer *layer);  /* optional (none: 0): of one picture, one direction */
};

extern const struct layer_kind layer_conv2d, layer_spectral_conv2d, layer_conv_transpose2d, layer_linear, layer_batch_norm,
	layer_batch_norm_leaky, layer_layer_norm, layer_relu, layer_leaky_relu, layer_tanh, layer_sigmoid, layer_max_pool, layer_average_pool;
extern const struct layer_kind *const layer_kinds[]; /* NULL-terminated */
const struct layer_kind *layer_kind_find(const char *name, struct error *error); /* NULL and an error listing the known names */

/* What batch_norm and batch_norm_leaky add to a variance: PyTorch's. */
extern const float layer_batch_norm_epsilon;

extern const char *const layer_work_names[LAYER_WORKS]; /* "data gradient" */

/* The kind's functions, timed. Gradients of weights and of x that need not be worked out together are so one by one. */
void layer_forward(struct layer *layer, const struct layer_pass *pass, const float *x, float *y);
void layer_backward(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy, float *dx);
void layer_second(struct layer *layer, const struct layer_pass *pass, const float *x, const float *y, const float *dy,
                  const float *t, float *u, float *dx);

/* For `shape` of kinds that work value by value. */
bool layer_same_shape(const struct layer_spec *spec, struct shape input, struct shape *output, struct error *error);

/* Values in the layer's input for the whole batch of a pass. */
static inline size_t layer_values(const struct layer *layer, const struct layer_pass *pass)
{
	return shape_count(layer->input) * (size_t)pass->batch;
}

#endif
