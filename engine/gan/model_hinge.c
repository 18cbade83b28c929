/* DCGAN's networks with the hinge loss (Lim and Ye 2017) and, instead of batch norm, spectral normalization in D (Miyato et
 * al. 2018): every weight tensor is divided by its largest singular value (nn/layer_spectral_conv2d.c).
 *
 *   D: max(0, 1 - s) on real + max(0, 1 + s) on generated      G: -s */
#include <math.h>

#include "engine/gan/pyramid.h"

static double loss(const struct gan_settings *settings, enum loss_role role, double score)
{
	(void)settings;
	return role == LOSS_G ? -score : fmax(0, 1 + (role == LOSS_D_FAKE ? score : -score));
}

static double slope(const struct gan_settings *settings, enum loss_role role, double score)
{
	double sign = role == LOSS_D_FAKE ? 1 : -1;
	return role == LOSS_G || loss(settings, role, score) > 0 ? sign : 0;
}

static double realness(const struct gan_settings *settings, double told)
{
	(void)settings;
	return (told + 1) / 2;
}

static void describe(const struct gan_settings *settings, enum network_id network, struct network_recipe *recipe)
{
	static const struct pyramid pyramid = {.convolution = "spectral_conv2d"};
	pyramid_describe(&pyramid, settings, network, recipe);
}

const struct model_family model_hinge = {
	.name = "hinge",
	.label = "SN-GAN",
	.help = "DCGAN's networks with hinge loss and spectral normalization in D",
	.sizes = {32, 64, 128},
	.describe = describe,
	.loss = loss,
	.slope = slope,
	.score_name = "score",
	.loss_unit = "score",
	.realness = realness,
};
