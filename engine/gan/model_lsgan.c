/* LSGAN (Mao et al. 2017): DCGAN's networks under least squares. D pulls its score of a generated picture to the label a and
 * that of a real one to b, G pulls D's score of its pictures to c:
 *
 *   D: 1/2 (s - b)^2 on real + 1/2 (s - a)^2 on generated      G: 1/2 (s - c)^2
 *
 * The paper gives two choices that it finds to be alike: a, b, c = -1, 1, 0, which minimises a Pearson chi-square divergence,
 * and 0, 1, 1. It trains its models with the second, and so do we by default. */
#include "engine/gan/pyramid.h"

static double label_of(const struct gan_settings *settings, enum loss_role role)
{
	return role == LOSS_D_REAL ? settings->loss_b : role == LOSS_D_FAKE ? settings->loss_a : settings->loss_c;
}

static double slope(const struct gan_settings *settings, enum loss_role role, double score)
{
	return score - label_of(settings, role);
}

static double loss(const struct gan_settings *settings, enum loss_role role, double score)
{
	double apart = slope(settings, role, score);
	return 0.5 * apart * apart;
}

static double realness(const struct gan_settings *settings, double told)
{
	return (told - settings->loss_a) / (settings->loss_b - settings->loss_a);
}

const struct model_family model_lsgan = {
	.name = "lsgan",
	.label = "LSGAN",
	.help = "DCGAN's networks with least squares between D's scores and labels",
	.sizes = {32, 64, 128},
	.describe = pyramid_describe_dcgan,
	.loss = loss,
	.slope = slope,
	.score_name = "score",
	.loss_unit = "squared score",
	.realness = realness,
};
