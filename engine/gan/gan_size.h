/* What a training of given settings takes, worked out before it is started: weights, bytes, memory, arithmetic.
 * Any thread. */
#ifndef QGAN_ENGINE_GAN_GAN_SIZE_H
#define QGAN_ENGINE_GAN_GAN_SIZE_H

#include "engine/base/error.h"
#include "engine/gan/settings.h"

struct gan_size {
	uint64_t weights[NETWORK_COUNT];    /* of convolutions and linear layers: what quantizers work on */
	uint64_t parameters[NETWORK_COUNT]; /* and everything else that is trained */
	double float_bytes[NETWORK_COUNT];  /* of the weights, 4 each */
	double packed_bytes[NETWORK_COUNT]; /* of the weights at the bits of the settings, scales included */
	double memory_bytes;                /* that it takes, without the pictures (trainer_memory) */
	double saving_bytes;                /* and more while a checkpoint is written: a copy of weights and optimizer */
	double multiply_adds[NETWORK_COUNT]; /* of one picture, one direction */
	double multiply_adds_per_step;      /* as struct trainer_facts has it */
};

/* Of one step; d, g: of one picture, one direction. */
double gan_multiply_adds_per_step(const struct gan_settings *settings, double d, double g);

/* That alone, without the rest of what follows: for many runs at once. ERROR_INPUT likewise. */
bool gan_work_of(const struct gan_settings *settings, int channels, double *multiply_adds_per_step, struct error *error);

/* The settings are in range; channels 0 counts as `channels`. ERROR_INPUT: model, size and layers do not fit together. */
bool gan_size_of(const struct gan_settings *settings, int channels, struct gan_size *size, struct error *error);

#endif
