/* A packed model: a quantized network as it is shipped, with all that rebuilding it takes, in a safetensors file that a few
 * lines of any language can read.
 *
 *   G.deconv1.weight.codes   U8 [bytes]       k-bit codes without gaps (quant/packed.h), in PyTorch's order of the weights:
 *                                             code i is in bits i k .. i k + k - 1, the least significant bit of a byte first
 *   G.deconv1.weight.scales  F64 [scales, 2]  alpha and beta: one pair, or one for each output channel
 *   G.deconv4.weight         F32              a layer that stays float
 *   G.norm1.weight ..        F32              everything else that was trained, and the running statistics
 *   metadata  format, step, networks ("G", "D" or "DG"), settings.*, and for each packed tensor
 *             G.deconv1.weight.method     row of quantizers: "em"
 *             G.deconv1.weight.bits       k
 *             G.deconv1.weight.shape      "100x512x4x4", PyTorch's
 *             G.deconv1.weight.dimension  the one whose indices have scales of their own; "none": one scale for all
 *             G.deconv1.weight.constant   only where a scale's weights are all equal: "1" (their value is beta) or "0" a scale
 *
 * State z stands for (float)(alpha z + beta) under em and minmax; log and tanh: engine/quant/quantizer_NAME.c. Plain data;
 * any thread. */
#ifndef QGAN_ENGINE_GAN_PACKED_MODEL_H
#define QGAN_ENGINE_GAN_PACKED_MODEL_H

#include "engine/file/checkpoint.h"
#include "engine/gan/quantization.h"
#include "engine/gan/settings.h"
#include "engine/quant/packed.h"

/* What is packed: networks as trained, refreshed (quantization_refresh). */
struct packed_source {
	const struct gan_settings *settings;
	int64_t step;
	const struct quantization *networks[NETWORK_COUNT]; /* NULL: left out */
};

struct packed_tensor {
	char name[CHECKPOINT_NAME_SIZE]; /* "G.deconv1.weight" */
	enum network_id network;
	int dimensions;
	size_t shape[CHECKPOINT_MAX_DIMENSIONS];
	struct packed_codes codes;       /* in PyTorch's order */
};

struct packed_model {
	struct gan_settings settings;    /* as trained */
	int64_t step;
	bool holds[NETWORK_COUNT];
	struct packed_tensor *tensors;   /* owned */
	int count;
	struct checkpoint *file;         /* owned: also holds the float tensors */
};

/* The file's content, to be written with checkpoint_write. NULL: memory refused. */
struct checkpoint *packed_model_make(const struct packed_source *source, struct error *error);

/* Takes the checkpoint, also on failure. Every field is checked; the error names file, tensor and field. */
struct packed_model *packed_model_open(struct checkpoint *file, const char *name, struct error *error);
struct packed_model *packed_model_read(const char *path, struct error *error);
void packed_model_destroy(struct packed_model *model); /* NULL is fine */

/* The values training used of any tensor ("G.deconv1.weight", "G.norm1.bias"), in PyTorch's order; count is the caller's. */
bool packed_model_expand(const struct packed_model *model, const char *name, size_t count, float *values, struct error *error);

/* Whether the model gives every value of the source bit for bit, and nothing else. ERROR_STATE naming the first that differs. */
bool packed_model_check(const struct packed_model *model, const struct packed_source *source, struct error *error);

#endif
