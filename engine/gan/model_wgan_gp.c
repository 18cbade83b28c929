/* WGAN-GP (Gulrajani et al. 2017): D is a critic whose mean score of real pictures less that of generated ones estimates the
 * Wasserstein distance between the two, as long as its gradient by the picture has norm 1; a penalty on that norm (penalty.h)
 * sees to it. The penalty is one for each picture, which batch norm would spoil: the critic has no norm, or layer norm, and
 * no biases but that of layer norm, as DCGAN has none. */
#include "engine/gan/pyramid.h"

static double slope(const struct gan_settings *settings, enum loss_role role, double score)
{
	(void)settings;
	(void)score;
	return role == LOSS_D_FAKE ? 1 : -1;
}

static double loss(const struct gan_settings *settings, enum loss_role role, double score)
{
	return slope(settings, role, score) * score;
}

static void describe(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe)
{
	struct pyramid pyramid = {.convolution = "conv2d", .norm = settings->layer_norm ? "layer_norm" : NULL};
	pyramid_describe(&pyramid, settings, network, recipe);
}

static const struct model_default defaults[] = {
	{"d-learning-rate", "0.0001"}, {"g-learning-rate", "0.0001"}, {"beta1", "0.5"}, {"beta2", "0.9"},
	{"critic-steps", "5"}, {"gradient-penalty", "10"}, {NULL, NULL},
};

const struct model_family model_wgan_gp = {
	.name = "wgan-gp",
	.label = "WGAN-GP",
	.help = "Wasserstein GAN with gradient penalty: a critic without batch norm, 5 updates of it for one of G",
	.sizes = {32, 64, 128},
	.defaults = defaults,
	.describe = describe,
	.loss = loss,
	.slope = slope,
	.score_name = "score",
	.loss_unit = "score",
	.wasserstein = true,
};
