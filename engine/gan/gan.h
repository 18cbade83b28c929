/* Two networks that play against each other, and one step of the game. Knows nothing of data sets, random numbers or
 * files: pictures and noise are handed in, so that tests can hand in known ones. Engine thread. */
#ifndef QGAN_ENGINE_GAN_GAN_H
#define QGAN_ENGINE_GAN_GAN_H

#include "engine/gan/model.h"
#include "engine/gan/quantization.h"

struct gan {
	const struct model_family *family;
	struct parallel *parallel; /* borrowed */
	int batch;
	struct network *networks[NETWORK_COUNT];             /* owned */
	struct quantization quantization[NETWORK_COUNT];
	struct optimizer_options optimization[NETWORK_COUNT]; /* rates may change between steps; step: updates done */
	float *score_gradient;                               /* batch values */
	float *statistics_before[NETWORK_COUNT];             /* running statistics at the beginning of a step */
	double optimizer_seconds;                            /* since the beginning: gradient norms and updates */
};

/* What one step measured; as struct step_report has it. */
struct gan_measures {
	float loss[NETWORK_COUNT];
	float d_real, d_fake;
	float gradient_norm[NETWORK_COUNT];
};

/* For settings that model_family_check and the caller have found good. Weights are 0 until drawn or imported.
 * optimizer NULL: to be looked at, never trained. False when memory is refused; clear it in any case. */
bool gan_init(struct gan *gan, const struct model_family *family, const struct gan_settings *settings,
              const struct optimizer *optimizer, struct parallel *parallel, struct error *error);
void gan_clear(struct gan *gan);

/* One step of R11's order. real: activations of `batch` pictures; noise: [1][1][batch][latent].
 * ERROR_NUMERIC when a loss or gradient is not finite: the network it belongs to is not updated and running
 * statistics are put back; D keeps its update of this step when it is G's half that fails. */
bool gan_step(struct gan *gan, const float *real, const float *noise, struct gan_measures *measures, struct error *error);

#endif
