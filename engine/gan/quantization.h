/* Fake quantization of one network: keeps its effective weights at Q(W), one fit per weight tensor (paper R1, R2) or,
 * beyond the paper, one per output channel, and its layers packed. Every tensor has a plan of its own; a tensor whose
 * plan says float has effective weights equal to the master's, bit for bit. Master weights are never touched.
 *
 * Work is done only after a change, and once a change, whoever asks first (a step, a sample, a report, a checkpoint): so
 * asking more often never alters the training. Engine thread. */
#ifndef QGAN_ENGINE_GAN_QUANTIZATION_H
#define QGAN_ENGINE_GAN_QUANTIZATION_H

#include "engine/nn/network.h"
#include "engine/quant/grouped.h"

enum { QUANTIZATION_MAX_TENSORS = 16 };

struct tensor_plan {
	const struct quantizer *quantizer;
	int bits;         /* 1..8 or QUANT_FLOAT_BITS */
	bool literal;     /* the paper's procedure to the letter: cold at every refresh */
	bool per_channel; /* a fit for each output channel */
};
bool tensor_plan_same(const struct tensor_plan *a, const struct tensor_plan *b); /* two plans for float weights are the same */

struct quantization {
	struct network *network; /* borrowed */
	int iterations;          /* a refresh, from the last fit: 0: one (paper R12); literal: cold, 0: as many as the paper prints */

	int count;               /* quantizable tensors */
	const struct parameter *tensors[QUANTIZATION_MAX_TENSORS]; /* borrowed from the network */
	struct tensor_plan plans[QUANTIZATION_MAX_TENSORS];
	struct quant_fit *fits[QUANTIZATION_MAX_TENSORS];  /* quantization_layout().groups, of the last weights they were made for */
	bool fitted[QUANTIZATION_MAX_TENSORS];             /* the fits belong to the present master weights */
	struct quant_trace traces[QUANTIZATION_MAX_TENSORS]; /* errors of the latest fits under this plan */
	bool packed;                       /* the layers belong to the present master weights and plans */
	struct work_clock quantize_clock, pack_clock;

	struct quant_fit *fit_block, *fresh_block; /* owned: room for a fit per channel of all tensors, twice */
};

/* Finds the network's quantizable tensors; starts with float weights. */
void quantization_init(struct quantization *quantization, struct network *network);
void quantization_clear(struct quantization *quantization); /* of a zeroed struct too */

/* One plan a tensor. Tensors whose plan changes forget their fits and traces; the others keep them. On failure (memory)
 * nothing has changed. */
bool quantization_set(struct quantization *quantization, const struct tensor_plan plans[], struct error *error);

/* Asks for the memory that quantization_set will need, so that it cannot fail. */
bool quantization_reserve(struct quantization *quantization, const struct tensor_plan plans[], struct error *error);

/* The next refresh fits this tensor from cold. */
void quantization_forget(struct quantization *quantization, int tensor);

/* The master weights have changed. */
void quantization_invalidate(struct quantization *quantization);

/* Fits of a tensor's present weights known from elsewhere, one a group: they are used as they are. */
void quantization_restore(struct quantization *quantization, int tensor, const struct quant_fit fits[]);

/* Makes the layers ready for a pass. Weights that are not finite: ERROR_NUMERIC naming the tensor, fits unchanged. */
bool quantization_refresh(struct quantization *quantization, struct parallel *parallel, struct error *error);

/* What a refresh does for one tensor whose plan is not float, and no more: from its last fits, unless forgotten or literal,
 * to `fresh`, one fit a group; the trace grows. */
bool quantization_fit_tensor(struct quantization *quantization, int tensor, struct parallel *parallel, struct quant_fit fresh[],
                             struct error *error);

bool quantization_is_float(const struct quantization *quantization); /* every tensor is */

/* How fits divide a tensor under a plan, in our memory order. Output channels are dimension 0 of what PyTorch shows of
 * convolutions and linear layers ([out][in]..) and dimension 1 of transposed convolutions ([in][out]..). */
struct quant_layout quantization_layout(const struct parameter *tensor, const struct tensor_plan *plan);

#endif
