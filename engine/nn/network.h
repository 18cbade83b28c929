/* A network: a sequence of layers whose trained parameters, gradients, optimizer state, running statistics and
 * activations lie in one block each. Everything is allocated when it is made (the effective weights when they are
 * first asked for); passes and updates allocate nothing.
 *
 * Passes use the effective weights: the master weights themselves, or a block beside them that holds Q(W) for the
 * quantized tensors. Gradients are those with respect to the effective weights and are applied to the master weights
 * unchanged (straight-through, paper R11). After any change of either, network_pack must run before the next pass.
 *
 * Plain data with one owner, readable by everyone in engine/gan; engine thread. */
#ifndef QGAN_ENGINE_NN_NETWORK_H
#define QGAN_ENGINE_NN_NETWORK_H

#include "engine/nn/layer.h"
#include "engine/nn/optimizer.h"
#include "engine/tensor/conv.h"
#include "engine/tensor/random.h"

enum { NETWORK_MAX_LAYERS = 32 };

struct network {
	struct shape input, output;
	int max_batch;
	int layer_count;
	struct layer layers[NETWORK_MAX_LAYERS];

	struct parameter_list trained, running; /* what lies in the blocks */
	float *weights, *gradients; /* trained.floats each */
	float *effective;           /* trained.floats, or NULL: the master weights */
	float *statistics;          /* running.floats */

	const struct optimizer *optimizer;            /* NULL: no gradients and no state, never trained */
	float *optimizer_state[OPTIMIZER_MAX_BLOCKS]; /* trained.floats each, one block */

	float *activations;                  /* of max_batch pictures; outputs[] point into it */
	float *outputs[NETWORK_MAX_LAYERS];  /* a layer that works in place shares its input's place */
	float *passed_back[2];               /* gradients of activations */
	struct conv_scratch scratch;         /* of the convolutions, which work one after the other */

	/* For second derivatives; NULL until network_keep_second. */
	float *kept;                                  /* the block of the two below */
	float *output_gradients[NETWORK_MAX_LAYERS];  /* by each layer's output, but the last; places are shared where layers
	                                               * work in place */
	float *curvatures[NETWORK_MAX_LAYERS];        /* by the inputs of curved layers */
};

/* Weights are 0 until network_initialise or an import. optimizer NULL: a network to be looked at, which takes far less
 * memory and knows evaluation passes only. NULL and an error that names the layer or the memory. */
struct network *network_create(const struct layer_spec specs[], int count, struct shape input, int max_batch,
                               enum precision precision, const struct optimizer *optimizer, struct error *error);
void network_destroy(struct network *network); /* NULL is fine */

/* Draws every trained tensor from its distribution and sets running statistics and optimizer state to their start. */
void network_initialise(struct network *network, struct random *random);

/* Makes the effective block (false: memory refused) or gives it back, so that the master weights are used. */
bool network_keep_effective(struct network *network, struct error *error);
void network_drop_effective(struct network *network);

/* Hands the effective weights to the layers. */
void network_pack(struct network *network, struct parallel *parallel);

/* input: `batch` pictures (<= max_batch), borrowed until the backward pass. Returns the output, valid until the next
 * forward pass. training false: running statistics are used and nothing of the training state changes. */
const float *network_forward(struct network *network, struct parallel *parallel, int batch, bool training, const float *input);

/* What the pass is for; each part that is not asked for is not computed. */
struct network_wants {
	bool weight_gradients; /* add to network->gradients */
	bool input_gradient;   /* else the result is NULL */
};

/* After a training forward pass of the same input and batch. Returns the gradient with respect to the input, valid
 * until the next backward pass. */
const float *network_backward(struct network *network, struct parallel *parallel, int batch, struct network_wants wants,
                              const float *input, const float *output_gradient);

/* Second derivatives: gradients of a number that is made of the input gradient itself (gan/penalty.h).
 *
 * network_keep_second makes room for them, once; it fails, naming the layer, where a kind cannot do it.
 * network_forward_exact is a training pass that they may follow, as exact as they are (tensor/precision.h).
 * network_input_gradient is network_backward for the input gradient alone, which keeps what the other one needs.
 * network_add_second adds to network->gradients those of the sum of direction x input gradient, of the input and output
 * gradient just handed to network_input_gradient; direction has the input's shape. */
bool network_keep_second(struct network *network, struct error *error);
const float *network_forward_exact(struct network *network, struct parallel *parallel, int batch, const float *input);
const float *network_input_gradient(struct network *network, struct parallel *parallel, int batch, const float *input,
                                    const float *output_gradient);
void network_add_second(struct network *network, struct parallel *parallel, int batch, const float *input,
                        const float *output_gradient, const float *direction);

void network_clear_gradients(struct network *network, struct parallel *parallel);

/* Euclidean norm of all gradients; not finite exactly when one of them is not. */
double network_gradient_norm(const struct network *network, struct parallel *parallel);

/* One step of the optimizer on the master weights. */
void network_update(struct network *network, struct parallel *parallel, const struct optimizer_options *options);

/* What one call of a layer's work comes to, at least: everything it needs read once, everything it gives written once. */
struct layer_cost {
	double multiply_adds, bytes;
};
struct layer_cost network_layer_cost(const struct network *network, int index, enum layer_work work, int batch);

double network_multiply_adds(const struct network *network); /* of one picture, one direction */

#endif
