/* What the files trainer*.c share: the trainer's state. Private to engine/gan. */
#ifndef QGAN_ENGINE_GAN_TRAINER_STATE_H
#define QGAN_ENGINE_GAN_TRAINER_STATE_H

#include "engine/data/batcher.h"
#include "engine/gan/gan.h"
#include "engine/gan/trainer.h"

/* The quantized states of one tensor when it was last described, to count how many have changed since. */
struct known_states {
	uint8_t *states; /* one a weight, into trainer->states; meaningless while quantizer is NULL */
	const struct quantizer *quantizer;
	int bits;
	int64_t step;
};

struct trainer {
	struct gan_settings settings; /* as changed up to now, zeros resolved */
	struct trainer_facts facts;
	const struct dataset *dataset; /* borrowed */
	struct parallel *parallel;
	struct gan gan;
	struct batcher *batcher;
	struct batcher_position start; /* where the batcher begins */
	struct random latent;
	float *noise;                  /* [1][1][batch][latent], of the present step or sample */
	int64_t steps;                 /* done */
	double data_seconds;           /* spent waiting for batches */

	uint8_t *states, *fresh_states; /* of all quantized weights; of the largest tensor */
	struct known_states known[NETWORK_COUNT][TRAINER_MAX_LAYERS];
};

/* Takes over weights, moments, statistics, counters and fits, where they fit the trainer's settings; sets `start`. */
bool trainer_load(struct trainer *trainer, const struct checkpoint *checkpoint, struct error *error);

#endif
