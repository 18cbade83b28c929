/* Adversarial losses as rows of a table. Each is the mean over the batch of a function of D's raw score (logit) s,
 * one function per role. Gradients are with respect to the scores. Any thread. */
#ifndef QGAN_ENGINE_NN_LOSSES_H
#define QGAN_ENGINE_NN_LOSSES_H

#include "engine/base/error.h"

enum loss_role {
	LOSS_D_REAL, /* what D pays for its score of a real picture */
	LOSS_D_FAKE, /* what D pays for its score of a generated one */
	LOSS_G,      /* what G pays for D's score of its picture */
	LOSS_ROLES,
};

struct loss {
	const char *name; /* "bce" */
	const char *help; /* one line with its formulas */
	double (*value)(enum loss_role role, double score);
	double (*slope)(enum loss_role role, double score); /* derivative of value by score */
};

extern const struct loss loss_bce;
extern const struct loss *const losses[]; /* NULL-terminated */
const struct loss *loss_find(const char *name, struct error *error); /* NULL and an error listing the known names */

/* Mean over `count` scores; the gradient of that mean overwrites `gradient` (count values). */
double loss_evaluate(const struct loss *loss, enum loss_role role, int count, const float *scores, float *gradient);

/* Mean of 1 / (1 + exp -s): how real D finds the pictures, 0..1. */
double loss_mean_probability(int count, const float *scores);

#endif
