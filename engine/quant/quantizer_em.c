/* EM-Q (eq. 6-10): alpha and beta that minimise the mean squared error, by alternating
 *   E-step  z = clip(round((w - beta) / alpha), 0, 2^k - 1)
 *   M-step  least squares of w on z
 * The E-step after the last M-step is `apply`. Three ways lead to a fit:
 * - literal: from Minmax's alpha and beta, T times, in double, and nothing else: the paper's procedure.
 * - cold: the same from many starts, on sorted weights (engine/quant/uniform_search.h), until it settles.
 * - warm: from the last step's fit (paper.md R12). Both steps are one pass over the weights, in float: the M-step needs
 *   only sums that the E-step leaves.
 *
 * In exact arithmetic EM never ends above Minmax. Two things can spoil that: a warm start from a fit of other weights,
 * and levels that are rounded to float beside a mean far larger than the spread. So cold and warm fits are compared with
 * Minmax as applied, and the better of the two is taken; a part of the weights nearly always proves which. */
#include <float.h>
#include <math.h>

#include "engine/quant/quantizer.h"
#include "engine/quant/uniform.h"
#include "engine/quant/uniform_search.h"

enum {
	ITERATIONS_FEW_BITS = 16,
	ITERATIONS_MANY_BITS = 32,
	MANY_BITS = 4,
	ITERATIONS_WARM = 1,
};

static const double float_doubt = 4e-5; /* twice what sums in float may err by (engine/quant/uniform_kernels.h) */

struct em {
	const struct quant_options *options;
	struct parallel *parallel;
	const float *weights;
	size_t count;
	struct uniform_moments moments; /* of the last E-step */
	struct uniform_range range;     /* of the weights, once they have been looked at */
	double error;                   /* sum of squared errors of the last M-step, its states unchanged */
};

/* False when the states do not vary, so that there is no line to fit. What the last line leaves is fitted in its turn,
 * so that nothing cancels however small the errors are. */
static bool maximize(struct em *em, struct quant_fit *fit)
{
	const struct uniform_moments *m = &em->moments;
	double n = (double)em->count;
	double spread = m->zz - m->z * m->z / n, covariance = m->rz - m->r * m->z / n;
	double alpha = m->alpha + covariance / spread;
	if (!(spread > 0 && alpha > 0 && isfinite(m->rr)))
		return false;
	fit->alpha = alpha;
	fit->beta = m->beta + (m->r - covariance / spread * m->z) / n;
	em->error = fmax(m->rr - m->r * m->r / n - covariance * covariance / spread, 0);
	return true;
}

static bool nearly(double a, double b, double scale) { return fabs(a - b) <= 1e-13 * scale; }

/* At most `iterations` rounds from the alpha and beta in *fit. *found tells that there was a line to fit throughout. */
static bool iterate(struct em *em, int iterations, struct quant_fit *fit, bool *found, struct error *error)
{
	*found = true;
	for (int i = 0; i < iterations && *found; i++) {
		struct quant_fit last = *fit;
		if (!uniform_moments(fit, em->options->literal, em->parallel, em->weights, em->count, &em->moments, &em->range, error))
			return false;
		quant_trace_add(em->options->trace, em->moments.rr / (double)em->count);
		*found = maximize(em, fit);
		fit->iterations += *found;
		if (nearly(fit->alpha, last.alpha, last.alpha) && nearly(fit->beta, last.beta, last.alpha + fabs(last.beta)))
			break; /* the states repeat */
	}
	if (*found)
		quant_trace_add(em->options->trace, em->error / (double)em->count);
	return true;
}

/* How far a level may move when it is rounded to float. */
static double level_rounding(const struct quant_fit *fit)
{
	double first = fabs(fit->beta), last = fabs(fit->beta + fit->alpha * ((1 << fit->bits) - 1));
	return 0.5 * FLT_EPSILON * fmax(first, last) + FLT_TRUE_MIN;
}

/* Whether the fit, as applied, errs no more than Minmax does. Its sum of squared errors is at most `error`, before levels
 * are rounded; so most fits are spared an exact measurement. */
static bool no_worse_than(const struct em *em, const struct quant_fit *fit, double error, const struct quant_fit *minmax)
{
	double rounding = sqrt((double)em->count) * (level_rounding(fit) + level_rounding(minmax));
	double limit = sqrt(error * (1 + float_doubt)) + rounding;
	if (uniform_errs_above(minmax, limit * limit, em->parallel, em->weights, em->count))
		return true;
	return uniform_squared_error(fit, em->parallel, em->weights, em->count) <=
	       uniform_squared_error(minmax, em->parallel, em->weights, em->count);
}

static struct quant_trace trace_of(const struct quant_options *options)
{
	return options->trace ? *options->trace : (struct quant_trace){0};
}

/* What was added is of a fit that is not taken. */
static void restore_trace(const struct quant_options *options, const struct quant_trace *kept)
{
	if (options->trace)
		*options->trace = *kept;
}

static bool fit_literal(struct em *em, const struct quant_fit *minmax, struct quant_fit *fit, struct error *error)
{
	int printed = minmax->bits >= MANY_BITS ? ITERATIONS_MANY_BITS : ITERATIONS_FEW_BITS;
	bool found;
	*fit = *minmax;
	return iterate(em, em->options->iterations > 0 ? em->options->iterations : printed, fit, &found, error);
}

static bool fit_many(struct em *em, const struct quant_fit *minmax, struct quant_fit *fit, struct error *error)
{
	struct sorted_weights sorted;
	bool made = sorted_weights_make(&sorted, em->parallel, em->weights, em->count, error);
	struct quant_trace kept = trace_of(em->options);
	if (made) {
		*fit = uniform_search(&sorted, minmax, em->options->iterations, em->options->trace);
		em->error = uniform_step(&sorted, fit->bits, fit->alpha, fit->beta).error;
	}
	sorted_weights_clear(&sorted);
	if (made && !no_worse_than(em, fit, em->error, minmax)) {
		*fit = *minmax;
		restore_trace(em->options, &kept);
		quant_trace_add(em->options->trace, uniform_squared_error(minmax, em->parallel, em->weights, em->count) / (double)em->count);
	}
	return made;
}

static bool fit_cold(struct em *em, struct quant_fit *fit, struct error *error)
{
	if (em->range.count == 0 && !uniform_range(em->parallel, em->weights, em->count, &em->range, error))
		return false;
	struct quant_fit minmax = uniform_minmax_fit(em->options->bits, em->range.min, em->range.max);
	if (minmax.constant) {
		quant_trace_add(em->options->trace, 0);
		*fit = minmax;
		return true;
	}
	return em->options->literal ? fit_literal(em, &minmax, fit, error) : fit_many(em, &minmax, fit, error);
}

/* *usable is false when the warm start led nowhere good and a cold one is due. */
static bool fit_warm(struct em *em, struct quant_fit *fit, bool *usable, struct error *error)
{
	struct quant_trace kept = trace_of(em->options);
	*fit = *em->options->warm;
	fit->iterations = 0;
	if (!iterate(em, em->options->iterations > 0 ? em->options->iterations : ITERATIONS_WARM, fit, usable, error))
		return false;
	if (*usable) {
		struct quant_fit minmax = uniform_minmax_fit(fit->bits, em->range.min, em->range.max);
		*usable = !minmax.constant && no_worse_than(em, fit, em->error, &minmax);
	}
	if (!*usable)
		restore_trace(em->options, &kept);
	return true;
}

static bool can_start_from(const struct quant_fit *warm, int bits)
{
	return warm && warm->valid && !warm->constant && warm->bits == bits && isfinite(warm->alpha) && isfinite(warm->beta) &&
	       warm->alpha > 0;
}

static bool em_fit(const struct quant_options *options, struct parallel *parallel, const float *weights, size_t count,
                   struct quant_fit *fit, struct error *error)
{
	struct em em = {.options = options, .parallel = parallel, .weights = weights, .count = count};
	struct quant_fit found = {.bits = options->bits};
	bool usable = false;
	if (!uniform_check_bits(options->bits, error))
		return false;
	if (count > 0 && !options->literal && can_start_from(options->warm, options->bits) && !fit_warm(&em, &found, &usable, error))
		return false;
	if (count > 0 && !usable && !fit_cold(&em, &found, error))
		return false;
	*fit = found;
	return true;
}

const struct quantizer quantizer_em = {
	.name = "em", .label = "EM-Q", .help = "levels fitted to the weights by expectation maximization (least squared error)",
	.fit = em_fit, .decode = uniform_decode, .apply = uniform_apply, .least_bits = 1, .least_squares = true,
	.normal_error = {0.36, 0.117, 0.037, 0.0113},
};
