/* Binary cross entropy on logits, -t log p - (1 - t) log(1 - p) with p = 1 / (1 + exp -s), in the form that never
 * overflows: max(s, 0) - s t + log(1 + exp(-|s|)). G's loss is the non-saturating one of Goodfellow et al. 2014:
 * its pictures are scored as if they were real. */
#include <math.h>

#include "engine/nn/losses.h"

static double target_of(enum loss_role role)
{
	return role == LOSS_D_FAKE ? 0 : 1;
}

static double value(enum loss_role role, double score)
{
	return fmax(score, 0) - score * target_of(role) + log1p(exp(-fabs(score)));
}

static double slope(enum loss_role role, double score)
{
	return 1 / (1 + exp(-score)) - target_of(role);
}

const struct loss loss_bce = {
	.name = "bce",
	.help = "binary cross entropy, non-saturating for G",
	.value = value,
	.slope = slope,
};
