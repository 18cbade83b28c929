/* Model families as rows of a table: which layers D and G are made of, and by which loss they play. One file a row;
 * the tests walk the table. Any thread. */
#ifndef QGAN_ENGINE_GAN_MODEL_H
#define QGAN_ENGINE_GAN_MODEL_H

#include "engine/base/error.h"
#include "engine/gan/settings.h"
#include "engine/nn/losses.h"
#include "engine/nn/network.h"

enum { MODEL_MAX_SIZES = 8, MODEL_MAX_WIDTH = 1024, MODEL_MAX_LATENT = 4096, MODEL_MAX_BATCH = 4096 };

struct network_recipe {
	struct shape input; /* of D: a picture; of G: the noise as 1 x 1 pixel */
	struct layer_spec layers[NETWORK_MAX_LAYERS];
	int count;
};

struct model_family {
	const char *name;  /* "dcgan": command line, store and files */
	const char *label; /* "DCGAN" */
	const char *help;  /* one line */
	int sizes[MODEL_MAX_SIZES]; /* pixels it is made for, ends with 0 */
	const struct loss *loss;
	/* The settings have been checked: size, channels, width and latent are in range. */
	void (*describe)(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe);
};

extern const struct model_family model_dcgan;
extern const struct model_family *const model_families[]; /* NULL-terminated */
/* NULL and an error listing the known names */
const struct model_family *model_family_find(const char *name, struct error *error);

/* The family of the settings, when size, channels (resolved), width, latent and batch fit it; else NULL and an error
 * that names the setting and what it may be. */
const struct model_family *model_family_check(const struct gan_settings *settings, struct error *error);

/* Appends to a recipe under construction. */
struct layer_spec *network_recipe_add(struct network_recipe *recipe, const char *kind, const char *name, int number);

#endif
