/* Fake quantization of one network: keeps its effective weights at Q(W), one fit per weight tensor (paper R1, R2), and
 * its layers packed. Work is done only after a change, and once a change, whoever asks first (a step, a sample, a
 * report, a checkpoint): so asking more often never alters the training. Engine thread. */
#ifndef QGAN_ENGINE_GAN_QUANTIZATION_H
#define QGAN_ENGINE_GAN_QUANTIZATION_H

#include "engine/nn/network.h"
#include "engine/quant/quantizer.h"

enum { QUANTIZATION_MAX_TENSORS = 16 };

struct quantization {
	struct network *network;           /* borrowed */
	const struct quantizer *quantizer;
	int bits;                          /* 1..8 or QUANT_FLOAT_BITS */
	int iterations;                    /* 0: the method's default cold and one when warm (paper R12); else always so many, cold */

	int count;                         /* quantized tensors */
	const struct parameter *tensors[QUANTIZATION_MAX_TENSORS]; /* borrowed from the network */
	struct quant_fit fits[QUANTIZATION_MAX_TENSORS];           /* of the last weights they were made for */
	bool fitted, packed;               /* fits and layers belong to the present master weights */
	double seconds, pack_seconds;      /* spent quantizing and packing since the beginning */
};

/* Finds the network's quantized tensors; starts with float weights. */
void quantization_init(struct quantization *quantization, struct network *network);

/* A change of bits or method forgets the fits. On failure (memory) nothing has changed. */
bool quantization_set(struct quantization *quantization, const struct quantizer *quantizer, int bits, struct error *error);

/* The master weights have changed. */
void quantization_invalidate(struct quantization *quantization);

/* Fits of these weights known from a checkpoint, one a tensor: they are used as they are. */
void quantization_restore(struct quantization *quantization, const struct quant_fit fits[]);

/* Makes the layers ready for a pass. Weights that are not finite: ERROR_NUMERIC naming the tensor, fits unchanged. */
bool quantization_refresh(struct quantization *quantization, struct parallel *parallel, struct error *error);

#endif
