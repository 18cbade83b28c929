/* A GAN rebuilt from a checkpoint to be looked at, not trained: what its weights are, and what they would be under any
 * quantizer at any bits, with the pictures its generator would draw. It needs no data set and never touches a training.
 * One thread at a time; computes with a pool of its own. */
#ifndef QGAN_ENGINE_GAN_INSPECTION_H
#define QGAN_ENGINE_GAN_INSPECTION_H

#include "engine/gan/trainer.h"

struct inspection;
struct quantization;

/* threads 0: one per usable core. The checkpoint is not kept. */
struct inspection *inspection_create(const struct checkpoint *checkpoint, int threads, struct error *error);
void inspection_destroy(struct inspection *inspection); /* NULL is fine */

const struct gan_settings *inspection_settings(const struct inspection *inspection); /* as trained; batch and threads are its own */
int64_t inspection_step(const struct inspection *inspection);
int inspection_layers(const struct inspection *inspection, enum network_id network);
/* "conv1" of D; -1: unknown. Also G's "conv1" for "deconv1". */
int inspection_find_layer(const struct inspection *inspection, enum network_id network, const char *name);
/* The float weights in our order, borrowed; count of them to *count. */
const float *inspection_weights(const struct inspection *inspection, enum network_id network, int layer, size_t *count);

/* A network as it was trained, with fits and effective weights (gan/quantization.h); borrowed until the next question. */
const struct quantization *inspection_as_trained(struct inspection *inspection, enum network_id network, struct error *error);

/* What one asks: these weights under another quantizer. */
struct what_if {
	enum network_id network;
	int layer;                         /* index, or -1: every layer of the network */
	const struct quantizer *quantizer; /* NULL: as it was trained (bits and options are not looked at) */
	int bits;                          /* 1..8, or QUANT_FLOAT_BITS */
	bool literal, per_channel;
};

/* One layer (what_if->layer is its index here, also when the question is about the whole network). Fitted cold, with the
 * trace of its iterations; as trained: the checkpoint's own fit. flips are unknown. */
bool inspection_describe(struct inspection *inspection, const struct what_if *what_if, int layer, struct layer_report *report,
                         struct error *error);

/* A grid as trainer_sample's: G under what_if where it concerns G, as trained elsewhere; batch norm uses the running
 * statistics of the checkpoint. seed 0: the run's fixed noise. */
struct image *inspection_sample(struct inspection *inspection, const struct what_if *what_if, int count, uint64_t seed,
                                struct error *error);

/* What its G draws: size x size pixels, 1 or 3 channels. */
void inspection_picture(const struct inspection *inspection, int *size, int *channels);

/* As trainer_draw: the next pictures of G as it was trained. */
bool inspection_draw(struct inspection *inspection, struct random *noise, int count, uint8_t *pixels, struct error *error);

#endif
