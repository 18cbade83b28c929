/* DCGAN (Radford et al. 2016): batch norm in both networks, and binary cross entropy of D's score s as a logit,
 * -t log p - (1 - t) log(1 - p) with p = 1 / (1 + exp -s), in the form that never overflows:
 * max(s, 0) - s t + log(1 + exp(-|s|)). G's loss is the non-saturating one of Goodfellow et al. 2014: its pictures are scored
 * as if they were real. */
#include <math.h>

#include "engine/gan/pyramid.h"

static double target_of(enum loss_role role)
{
	return role == LOSS_D_FAKE ? 0 : 1;
}

static double loss(const struct gan_settings *settings, enum loss_role role, double score)
{
	(void)settings;
	return fmax(score, 0) - score * target_of(role) + log1p(exp(-fabs(score)));
}

static double probability(double score)
{
	return 1 / (1 + exp(-score));
}

static double slope(const struct gan_settings *settings, enum loss_role role, double score)
{
	(void)settings;
	return probability(score) - target_of(role);
}

static double realness(const struct gan_settings *settings, double told)
{
	(void)settings;
	return told;
}

const struct model_family model_dcgan = {
	.name = "dcgan",
	.label = "DCGAN",
	.help = "deep convolutional GAN with batch norm and cross entropy",
	.sizes = {32, 64, 128},
	.describe = pyramid_describe_dcgan,
	.loss = loss,
	.slope = slope,
	.score_name = "P(real)",
	.loss_unit = "nats",
	.told = probability,
	.realness = realness,
};
