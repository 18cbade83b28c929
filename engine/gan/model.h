/* Model families as rows of a table: which layers D and G are made of, by which losses they play, which settings they start
 * from and what a score of D says. One file a family, the rest follows from its row; the tests walk the table. Any thread. */
#ifndef QGAN_ENGINE_GAN_MODEL_H
#define QGAN_ENGINE_GAN_MODEL_H

#include "engine/base/error.h"
#include "engine/gan/settings.h"
#include "engine/gan/verdict.h"
#include "engine/nn/network.h"

enum { MODEL_MAX_SIZES = 8, MODEL_MAX_WIDTH = 1024, MODEL_MAX_LATENT = 4096, MODEL_MAX_BATCH = 4096, MODEL_MAX_CRITIC_STEPS = 100 };

struct network_recipe {
	struct shape input; /* of D: a picture; of G: the noise as 1 x 1 pixel */
	struct layer_spec layers[NETWORK_MAX_LAYERS];
	int count;
};

enum loss_role {
	LOSS_D_REAL, /* what D pays for its score of a real picture */
	LOSS_D_FAKE, /* what D pays for its score of a generated one */
	LOSS_G,      /* what G pays for D's score of its picture */
	LOSS_ROLES,
};

struct model_default {
	const char *setting; /* name of a row of settings: "d-learning-rate" */
	const char *value;   /* as a person would write it */
};

struct model_family {
	const char *name;  /* "dcgan": command line, store and files */
	const char *label; /* "DCGAN" */
	const char *help;  /* one line */
	int sizes[MODEL_MAX_SIZES]; /* pixels it is made for, ends with 0 */
	const struct model_default *defaults; /* where they differ from the settings' own; ends with setting NULL; NULL: nowhere */
	/* The settings have been checked: size, channels, width and latent are in range. */
	void (*describe)(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe);

	/* A loss is the mean over the batch of a function of D's raw score. */
	double (*loss)(const struct gan_settings *settings, enum loss_role role, double score);
	double (*slope)(const struct gan_settings *settings, enum loss_role role, double score); /* derivative by the score */

	/* How a score is told: "P(real)" with `told` from score to probability; "score" with NULL: as it is. */
	const char *score_name;
	double (*told)(double score);
	const char *loss_unit; /* of all losses: "nats" */
	bool wasserstein;      /* D(x) - D(G(z)) estimates the Wasserstein distance */
	/* 0 for a score, as told, that means surely generated, 1 for surely real. NULL: scores have no scale of their own, only
	 * their difference says something (Wasserstein). */
	double (*realness)(const struct gan_settings *settings, double told);
};

extern const struct model_family model_dcgan, model_wgan_gp, model_lsgan, model_hinge;
extern const struct model_family *const model_families[]; /* NULL-terminated */
/* NULL and an error listing the known names */
const struct model_family *model_family_find(const char *name, struct error *error);

/* The value a family gives a setting; NULL: none, the setting's own default holds. */
const char *model_family_default(const struct model_family *family, const char *setting);

/* The family of the settings, when size, channels (resolved), width, latent, batch and steps of D fit it; else NULL and an
 * error that names the setting and what it may be. */
const struct model_family *model_family_check(const struct gan_settings *settings, struct error *error);

/* Whether the game can be played: D's layers bear a gradient penalty that is asked for, the labels of a loss differ. Needs no
 * size or channels. */
bool model_game_check(const struct gan_settings *settings, struct error *error);

/* Mean loss over `count` scores; the gradient of that mean overwrites `gradient` (count values). */
double model_loss(const struct gan_settings *settings, const struct model_family *family, enum loss_role role, int count,
                  const float *scores, float *gradient);
double model_mean_told(const struct model_family *family, int count, const float *scores);

/* Makes D(x) and D(G(z)), as told, what the judge of trainings expects: how real D finds the pictures, 0 for surely generated, 1
 * for surely real, a little beyond where scores have no end. Not known (NaN), and G's loss neither, where scores have no scale. */
void model_put_on_scale(const struct gan_settings *settings, struct verdict_point *point);

/* Appends to a recipe under construction. */
struct layer_spec *network_recipe_add(struct network_recipe *recipe, const char *kind, const char *name, int number);

#endif
