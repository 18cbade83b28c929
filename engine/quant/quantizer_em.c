/* EM-Q (eq. 6-10): alpha and beta that minimise the mean squared error, by alternating
 *   E-step  z = clip(round((w - beta) / alpha), 0, 2^k - 1)
 *   M-step  least squares of w on z
 * from Minmax's alpha and beta, or from the last step's fit (paper.md R12). Both steps are one pass over the weights:
 * the M-step needs only the five sums that the E-step leaves. The E-step after the last M-step is `apply`.
 *
 * In exact arithmetic EM never ends above Minmax. Two things can spoil that: a warm start from a fit of other weights,
 * and levels that are rounded to float beside a mean far larger than the spread. So the end is compared with Minmax,
 * as applied, and the better of the two is taken; but not where a cold fit is asked for by its number of iterations:
 * that is the paper's procedure to the letter. */
#include <float.h>
#include <math.h>

#include "engine/quant/quantizer.h"
#include "engine/quant/uniform.h"

enum {
	ITERATIONS_FEW_BITS = 16,
	ITERATIONS_MANY_BITS = 32,
	MANY_BITS = 4,
	ITERATIONS_WARM = 1,
};

struct em {
	struct parallel *parallel;
	const float *weights;
	size_t count;
	double centre;                  /* the sums' origin */
	struct uniform_moments moments; /* of the last E-step */
	double error_bound;             /* least squares' sum of squared errors, with room for its own rounding */
};

/* False when the states do not vary, so that there is no line to fit. */
static bool maximize(struct em *em, struct quant_fit *fit)
{
	const struct uniform_moments *m = &em->moments;
	double n = (double)em->count;
	double z_spread = m->zz - m->z * m->z / n, covariance = m->dz - m->d * m->z / n;
	if (!(z_spread > 0 && covariance > 0))
		return false;
	fit->alpha = covariance / z_spread;
	fit->beta = em->centre + (m->d - fit->alpha * m->z) / n;
	double error = m->dd - m->d * m->d / n - fit->alpha * covariance;
	em->error_bound = fmax(error, 0) + 1e-12 * m->dd;
	return true;
}

/* At most `iterations` rounds from the alpha and beta in *fit. *settled tells that there was a line to fit throughout. */
static bool iterate(struct em *em, int iterations, struct quant_fit *fit, bool *settled, struct error *error)
{
	*settled = true;
	for (int i = 0; i < iterations; i++) {
		if (!uniform_moments(fit, em->centre, em->parallel, em->weights, em->count, &em->moments, error))
			return false;
		struct quant_fit last = *fit;
		*settled = maximize(em, fit);
		if (!*settled)
			return true;
		fit->iterations++;
		if (fit->alpha == last.alpha && fit->beta == last.beta)
			return true; /* the states repeat */
	}
	return true;
}

/* How far a level may move when it is rounded to float. */
static double level_rounding(const struct quant_fit *fit)
{
	double first = fabs(fit->beta), last = fabs(fit->beta + fit->alpha * ((1 << fit->bits) - 1));
	return 0.5 * FLT_EPSILON * fmax(first, last) + FLT_TRUE_MIN;
}

/* Whether the fit, as applied, errs no more than Minmax does; the bound spares most fits an exact measurement. */
static bool no_worse_than(const struct em *em, const struct quant_fit *fit, const struct quant_fit *minmax)
{
	double minmax_error = uniform_squared_error(minmax, em->parallel, em->weights, em->count);
	double n = (double)em->count;
	if (sqrt(em->error_bound / n) + level_rounding(fit) <= sqrt(minmax_error / n))
		return true;
	return uniform_squared_error(fit, em->parallel, em->weights, em->count) <= minmax_error;
}

static bool fit_cold(struct em *em, int bits, int iterations, bool literal, struct quant_fit *fit, struct error *error)
{
	struct uniform_moments range;
	bool settled;
	if (!uniform_range(em->parallel, em->weights, em->count, &range, error))
		return false;
	struct quant_fit minmax = uniform_minmax_fit(bits, range.min, range.max);
	struct quant_fit found = minmax;
	em->centre = range.d / (double)em->count;
	if (minmax.alpha > 0) {
		if (!iterate(em, iterations, &found, &settled, error))
			return false;
		if (!literal && !no_worse_than(em, &found, &minmax)) {
			found.alpha = minmax.alpha;
			found.beta = minmax.beta;
		}
	}
	*fit = found;
	return true;
}

/* *usable is false when the warm start led nowhere good and a cold one is due. */
static bool fit_warm(struct em *em, const struct quant_fit *warm, int iterations, struct quant_fit *fit, bool *usable,
                     struct error *error)
{
	struct quant_fit found = *warm;
	found.iterations = 0;
	em->centre = warm->beta + warm->alpha * ((1 << warm->bits) - 1) / 2;
	if (!iterate(em, iterations, &found, usable, error))
		return false;
	if (!*usable)
		return true;
	struct quant_fit minmax = uniform_minmax_fit(warm->bits, em->moments.min, em->moments.max);
	*usable = minmax.alpha > 0 && no_worse_than(em, &found, &minmax);
	if (*usable)
		*fit = found;
	return true;
}

static bool can_start_from(const struct quant_fit *warm, int bits)
{
	return warm && warm->valid && warm->bits == bits && isfinite(warm->alpha) && isfinite(warm->beta) && warm->alpha > 0;
}

static int cold_iterations(const struct quant_options *options)
{
	return options->iterations > 0 ? options->iterations : options->bits >= MANY_BITS ? ITERATIONS_MANY_BITS : ITERATIONS_FEW_BITS;
}

static bool em_fit(const struct quant_options *options, struct parallel *parallel, const float *weights, size_t count,
                   struct quant_fit *fit, struct error *error)
{
	struct em em = {.parallel = parallel, .weights = weights, .count = count};
	if (!uniform_check_bits(options->bits, error))
		return false;
	if (count == 0) {
		*fit = (struct quant_fit){.bits = options->bits};
		return true;
	}
	if (can_start_from(options->warm, options->bits)) {
		bool usable;
		int iterations = options->iterations > 0 ? options->iterations : ITERATIONS_WARM;
		if (!fit_warm(&em, options->warm, iterations, fit, &usable, error))
			return false;
		if (usable)
			return true;
	}
	bool literal = options->literal;
	return fit_cold(&em, options->bits, cold_iterations(options), literal, fit, error);
}

const struct quantizer quantizer_em = {
	.name = "em", .label = "EM-Q", .help = "levels fitted to the weights by expectation maximization (least squared error)",
	.fit = em_fit, .decode = uniform_decode, .apply = uniform_apply, .least_bits = 1,
	.normal_error = {0.36, 0.117, 0.037, 0.0113},
};
