/* Everything that defines a training, as plain data. app/settings.c holds the table (name, range, default, help)
 * that fills it from flags, files and forms; the store keeps it as JSON. */
#ifndef QGAN_ENGINE_GAN_SETTINGS_H
#define QGAN_ENGINE_GAN_SETTINGS_H

#include <stdint.h>

#include "engine/data/dataset.h"

/* The two networks. Index of every per-network array. */
enum network_id { NETWORK_D, NETWORK_G, NETWORK_COUNT };
enum { GAN_NAME_SIZE = 32, LAYER_BITS_SIZE = 256 };
#define FEATURES_AUTO "auto"

struct gan_settings {
	char model[GAN_NAME_SIZE];            /* row of model_families */
	char data[DATASET_SPEC_SIZE];         /* data set spec */
	int size;                             /* pixels: 32, 64, 128 */
	int channels;                         /* 1 or 3; 0: the data set's */
	int crop;                             /* of CelebA's pictures, one of dataset_crops; 0: the usual one */
	int64_t data_memory;                  /* MB that pictures from files may take before they are read as they are needed; 0: any */
	int width;                            /* first feature width: G is .. -4w-2w-w-channels */
	int latent;                           /* length of z */
	int batch;
	int bits[NETWORK_COUNT];              /* 1..8, or 32: float */
	char layer_bits[LAYER_BITS_SIZE];     /* exceptions: "G.deconv1=4,D.conv4=32"; empty: none (gan/layer_bits.h) */
	char exempt[GAN_NAME_SIZE];           /* layers kept in float: "none" (the paper), "first", "last", "ends" */
	char quantizer[GAN_NAME_SIZE];        /* row of quantizers */
	int quantizer_iterations;             /* a step, from the last fit; 0: one. literal: cold; 0: as the paper prints */
	bool literal;                         /* the paper's EM to the letter, cold at every refresh */
	bool per_channel;                     /* beyond the paper: alpha and beta for each output channel */
	bool allow_degenerate;                /* train with fewer bits than a method has states for */
	char precision[GAN_NAME_SIZE];        /* of products: one of precision_wishes (tensor/precision.h); empty: float32 */
	char optimizer[GAN_NAME_SIZE];        /* row of optimizers: "adam", "sgd" */
	int critic_steps;                     /* updates of D for one of G */
	double gradient_penalty;              /* weight of the penalty on D's gradient (gan/penalty.h); 0: none */
	bool layer_norm;                      /* wgan-gp: layer norm in the critic */
	double loss_a, loss_b, loss_c;        /* lsgan's labels: of generated and of real pictures for D, of generated ones for G */
	double learning_rate[NETWORK_COUNT];
	double beta1, beta2;                  /* Adam's; SGD takes beta1 as momentum */
	uint64_t seed;
	int threads;                          /* 0: one per usable core */
	int64_t steps;                        /* end after so many steps; 0: by epochs */
	int64_t epochs;                       /* end after so many epochs; 0 with steps 0: never */
	int64_t checkpoint_every;             /* steps; 0: only at the end */
	int64_t sample_every;                 /* steps between sample grids; 0: on request */
	int64_t layers_every;                 /* steps between layer statistics; 0: never */
	int64_t metric_every;                 /* steps between metric points; at least 1 */
	int samples;                          /* tiles of the sample grid */
	int64_t eval_every;                   /* steps between live scores; 0: as often as costs little (engine_scores.c) */
	int eval_samples;                     /* pictures of a live score; 0: none are taken */
	char features[DATASET_SPEC_SIZE];     /* feature network that scores look through, "auto" or empty: by the data set */
};

struct checkpoint;

/* Every field above as metadata "settings.NAME" of a checkpoint, and back. Reading fails on a missing or impossible
 * field, naming it; fields that older files do not have take their default. */
void gan_settings_to_checkpoint(const struct gan_settings *settings, struct checkpoint *checkpoint);
bool gan_settings_from_checkpoint(struct gan_settings *settings, const struct checkpoint *checkpoint, struct error *error);

#endif
