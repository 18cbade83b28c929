/* Two networks that play against each other, and one step of the game. Knows nothing of data sets, random numbers or
 * files: pictures and noise are handed in, so that tests can hand in known ones. Engine thread. */
#ifndef QGAN_ENGINE_GAN_GAN_H
#define QGAN_ENGINE_GAN_GAN_H

#include "engine/gan/model.h"
#include "engine/gan/penalty.h"
#include "engine/gan/quantization.h"

struct gan {
	const struct model_family *family;
	struct gan_settings settings; /* it was made with; what changes while it trains (bits, rates) is not read here */
	struct parallel *parallel;    /* borrowed */
	int batch;
	struct network *networks[NETWORK_COUNT];             /* owned */
	struct quantization quantization[NETWORK_COUNT];
	struct optimizer_options optimization[NETWORK_COUNT]; /* rates may change between steps; step: updates done */
	struct penalty penalty;                              /* of D's gradient; weight 0: none */
	float *score_gradient;                               /* batch values */
	float *statistics_before[NETWORK_COUNT];             /* running statistics at the beginning of a step */
	struct work_clock clear_clocks[NETWORK_COUNT];       /* of gradients */
	struct work_clock optimizer_clocks[NETWORK_COUNT];   /* gradient norms and updates */
};

/* What one step measured; as struct step_report has it. Several updates of D: of the last one. */
struct gan_measures {
	float loss[NETWORK_COUNT];
	float d_real, d_fake;
	float penalty; /* part of D's loss; NaN: there is none */
	float gradient_norm[NETWORK_COUNT];
};

/* What one update of D plays with. */
struct gan_batch {
	const float *real;  /* activations of `batch` pictures */
	const float *noise; /* [1][1][batch][latent] */
	const float *mix;   /* `batch` numbers in 0..1 for the penalty (penalty.h); not read without one */
};

/* Where they come from: the next one, valid until the one after it is asked for. False: it cannot be had. */
struct gan_feed {
	bool (*next)(void *context, struct gan_batch *batch, struct error *error);
	void *context;
};

/* For settings that model_family_check and the caller have found good. Weights are 0 until drawn or imported.
 * optimizer NULL: to be looked at, never trained. False when memory is refused; clear it in any case. */
bool gan_init(struct gan *gan, const struct model_family *family, const struct gan_settings *settings,
              const struct optimizer *optimizer, struct parallel *parallel, struct error *error);
void gan_clear(struct gan *gan);

/* One step of R11's order: settings.critic_steps updates of D, each with a batch of its own, then one of G, whose pictures are
 * those of D's last update. ERROR_NUMERIC when a loss or gradient is not finite: the network it belongs to is not updated and running
 * statistics are put back; D keeps the updates it has made in this step. */
bool gan_step(struct gan *gan, const struct gan_feed *feed, struct gan_measures *measures, struct error *error);

#endif
