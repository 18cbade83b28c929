/* Adversarial training, one step at a time, without any thread of its own but the pool's: the engine thread drives
 * it, tests drive it inline. Order of a step: paper.md R11 (quantize G, generate; quantize D, D on real and on fake,
 * update D; quantize D again, G through Q(D) with the same fake batch, update G).
 *
 * Changes (bits, quantizer, learning rate) take effect at the next step, whether made live or by going on from a checkpoint
 * with other settings. What they keep: the float master weights, always; the optimizer's moments and counts of updates,
 * because gradients go to those same float weights before and after (only another optimizer begins anew); batch norm's
 * running statistics, which then adapt to what the changed weights give; the fits of tensors whose plan stays. */
#ifndef QGAN_ENGINE_GAN_TRAINER_H
#define QGAN_ENGINE_GAN_TRAINER_H

#include "engine/base/error.h"
#include "engine/base/image.h"
#include "engine/data/dataset.h"
#include "engine/file/checkpoint.h"
#include "engine/gan/settings.h"
#include "engine/quant/quantizer.h"
#include "engine/tensor/random.h"

enum { TRAINER_MAX_LAYERS = 16, LAYER_NAME_SIZE = 24 };

struct step_report {
	int64_t step;              /* this step's number, from 1 */
	int64_t epoch;             /* from 0 */
	double epochs;             /* epochs done, with fraction */
	float loss[NETWORK_COUNT]; /* loss_d = loss on real + loss on fake + penalty */
	float d_real, d_fake;      /* mean D(x), D(G(z)) in the D step, as the family tells them: probabilities or scores */
	float wasserstein;         /* D(x) - D(G(z)) where that estimates the Wasserstein distance; else NaN */
	float penalty;             /* on D's gradient; NaN: there is none */
	float gradient_norm[NETWORK_COUNT];
	double seconds;            /* wall time of the step */
	double quantize_seconds;   /* part of it spent in quantizers */
};

/* One weight tensor as screens and store see it. */
struct layer_report {
	enum network_id network;
	char name[LAYER_NAME_SIZE]; /* "conv1", "deconv3" */
	char shape[32];             /* PyTorch's order: "128x64x4x4" */
	const struct quantizer *quantizer; /* NULL: float */
	double flips;               /* share of weights that have left their state since the last report, on that report's grid,
	                             * so that a drifting grid alone counts nothing; NaN: unknown */
	int64_t flip_steps;         /* steps that share covers */
	struct quant_statistics statistics;
	struct quant_trace trace;   /* errors of the latest fits' iterations: one a step when warm */
};

struct trainer_facts { /* fixed for a trainer's life */
	struct gan_settings settings;   /* with zeros resolved: channels, threads */
	int layers[NETWORK_COUNT];      /* weight tensors */
	uint64_t weights[NETWORK_COUNT]; /* quantizable weights */
	uint64_t parameters[NETWORK_COUNT]; /* all trained parameters */
	int64_t steps_per_epoch;
	int64_t last_step;              /* where the training ends; 0: never */
	double memory_bytes;            /* that networks, optimizer and batches take, without the pictures */
	double pictures, picture_bytes; /* in the data set */
	bool pictures_kept;             /* in memory; else read as needed */
	double multiply_adds_per_step;  /* useful: (8 D + 3 G) x batch for one update of D */
	double bytes[NETWORK_COUNT];    /* float32 size of all parameters */
};

struct trainer;

/* Borrows the dataset. checkpoint NULL: fresh weights from the seed. With a checkpoint the state continues
 * bit-identically if the settings are the checkpoint's; settings that differ (bits, rates, quantizer) are applied
 * as a fork would: master weights, moments and cursor stay. A checkpoint that does not fit is an error. */
struct trainer *trainer_create(const struct gan_settings *settings, const struct dataset *dataset,
                               const struct checkpoint *checkpoint, struct error *error);
void trainer_destroy(struct trainer *trainer); /* NULL is fine */

/* How much memory such a training takes beside the pictures (networks, optimizer, states, batches), by building it without
 * touching what it asks for: a few milliseconds. channels stands for 0 in the settings. Any thread; fails as trainer_create
 * does, also when the system would refuse the memory. */
bool trainer_memory(const struct gan_settings *settings, int channels, double *bytes, struct error *error);

const struct trainer_facts *trainer_facts(const struct trainer *trainer);

/* ERROR_NUMERIC when a loss or gradient is not finite: the network it belongs to is not updated, the step does not count
 * (its batch and noise are used up) and running statistics are put back. D is updated before G is looked at. Other codes
 * when a picture cannot be read: nothing has happened then, and the next call tries the same batch. */
bool trainer_step(struct trainer *trainer, struct step_report *report, struct error *error);
int64_t trainer_steps_done(const struct trainer *trainer);
struct parallel *trainer_parallel(const struct trainer *trainer); /* its pool, for other work between steps */

bool trainer_set_bits(struct trainer *trainer, enum network_id network, int bits, struct error *error);
bool trainer_set_quantizer(struct trainer *trainer, const char *name, struct error *error);
/* One layer's own bits (its name as in layer_report; 0: the network's again). settings.layer_bits follows. */
bool trainer_set_layer_bits(struct trainer *trainer, enum network_id network, const char *layer, int bits, struct error *error);
bool trainer_set_learning_rate(struct trainer *trainer, enum network_id network, double rate, struct error *error);
const struct gan_settings *trainer_settings(const struct trainer *trainer); /* as changed up to now */

/* Statistics of every weight tensor under the present bits, D's first; returns how many (<= 2 TRAINER_MAX_LAYERS),
 * fewer than there are only when a tensor is not finite. Changes nothing in the training state. */
int trainer_describe_layers(struct trainer *trainer, struct layer_report reports[], int max);

/* A grid of `count` generated pictures (evaluation mode: Q(W), running statistics), rows x columns as square as
 * possible. seed 0: the run's fixed noise, tile by tile the same at every step; else fresh noise of that seed.
 * Changes nothing in the training state. */
struct image *trainer_sample(struct trainer *trainer, int count, uint64_t seed, struct error *error);

/* The next `count` generated pictures as they are, 8-bit [size][size][channels] one after the other, in evaluation mode too.
 * `noise` goes on from where it is: pictures do not depend on how they were cut into calls. Changes nothing in the training
 * state. */
bool trainer_draw(struct trainer *trainer, struct random *noise, int count, uint8_t *pixels, struct error *error);

/* Where the time of all steps so far went: for each network, D first, a row for each work of each layer that was done at all
 * (forward, the gradients ...), then "quantize", "pack", "clear gradients" and "optimizer"; last "data", the waiting for
 * batches. Returns how many rows; as more steps are done only what they hold grows. */
enum { TRAINER_MAX_WORKS = 256 };
struct trainer_work {
	enum network_id network;  /* NETWORK_COUNT: of neither */
	const char *layer, *kind; /* "conv1", "conv2d", the trainer's; NULL: of a whole network */
	const char *name;         /* "data gradient" */
	double seconds;
	int64_t calls;
	double multiply_adds, bytes; /* of all calls, useful ones: what each needs read and written once */
};
int trainer_describe_works(const struct trainer *trainer, struct trainer_work works[], int most);

/* A complete copy of the state, taken between steps; owned by the caller, may cross threads. */
struct checkpoint *trainer_checkpoint(struct trainer *trainer, struct error *error);

#endif
