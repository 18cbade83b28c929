/* What the files trainer*.c share: the trainer's state. Private to engine/gan. */
#ifndef QGAN_ENGINE_GAN_TRAINER_STATE_H
#define QGAN_ENGINE_GAN_TRAINER_STATE_H

#include "engine/data/batcher.h"
#include "engine/gan/gan.h"
#include "engine/gan/layer_bits.h"
#include "engine/gan/trainer.h"

/* The quantized states of one tensor when it was last described, and the grid they were on, to count how many weights
 * have left their state since. */
struct known_states {
	uint8_t *states;        /* one a weight, into trainer->states; meaningless while the plan is float */
	struct quant_fit *fits; /* one a group, into trainer->known_fits */
	struct tensor_plan plan;
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
	struct random latent, mixing;
	float *noise;                  /* [1][1][batch][latent], of the present update or sample */
	float *mix;                    /* for the gradient penalty: batch numbers */
	int64_t steps;                 /* done */
	struct work_clock data_clock;  /* waiting for batches */

	uint8_t *states, *fresh_states; /* of all quantized weights; of the largest tensor */
	struct quant_fit *known_fits;   /* room for one a channel of all quantized tensors */
	struct known_states known[NETWORK_COUNT][TRAINER_MAX_LAYERS];
};

/* Everything that needs no memory and no data; the family, or NULL and the error. trainer_changes.c. */
const struct model_family *trainer_check_settings(const struct gan_settings *settings, struct error *error);

/* A plan for every layer of one network, as the settings say. */
void trainer_make_plans(const struct gan_settings *settings, const struct layer_plan *layers, struct tensor_plan plans[]);

/* Takes over checked settings: the networks are quantized as these say from the next refresh on. On failure nothing has
 * changed. */
bool trainer_plan(struct trainer *trainer, const struct gan_settings *settings, struct error *error);

/* Pool, networks and noise for trainer->settings (channels resolved); weights are 0 until drawn or loaded. optimizer NULL:
 * to be looked at, never trained. Clear them in any case. */
bool trainer_build_networks(struct trainer *trainer, const struct optimizer *optimizer, struct error *error);
void trainer_clear_networks(struct trainer *trainer);

/* Room for the states and fits of the last report, and where each tensor's are. */
bool trainer_allocate_states(struct trainer *trainer, struct error *error);

/* Everything but the batcher, and the trainer itself. */
void trainer_release(struct trainer *trainer);

/* Takes over weights, statistics, counters and fits, where they fit the trainer's settings, and with_optimizer its state;
 * sets `start` as it was saved. */
bool trainer_load(struct trainer *trainer, const struct checkpoint *checkpoint, bool with_optimizer, struct error *error);

/* The fits of a network's quantized tensors; read back where bits and method are those of `saved`. trainer_fits.c. */
void trainer_save_fits(const struct trainer *trainer, enum network_id network, struct checkpoint *checkpoint);
bool trainer_load_fits(struct trainer *trainer, const struct gan_settings *saved, const struct checkpoint *checkpoint,
                       struct error *error);

/* A report but for its network and its flips, which are unknown. The tensor has been fitted. trainer_reports.c. */
bool trainer_describe_layer(const struct quantization *quantization, int index, struct parallel *parallel,
                            struct layer_report *report, struct error *error);

#endif
