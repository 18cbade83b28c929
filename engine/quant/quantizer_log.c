/* Log-Q (eq. 4): one bit for the sign, the others for Minmax in the logarithm of the magnitude (paper.md R4, R5).
 *
 *   m = round((log(|w| + eps) - beta) / alpha), 0 .. 2^(k-1) - 1      value sign(w) exp(beta + alpha m), sign(0) = +
 *
 *   state   0    1   ..  H - 1 |  H    ..  2H - 1      H = 2^(k-1): from the most negative level upwards
 *   m     H - 1 H - 2 ..   0   |  0    ..  H - 1
 *
 * eps is not taken away again, so that levels lie that much further out. At 1 bit the smallest magnitude alone is left. */
#include <float.h>
#include <math.h>

#include "engine/quant/curved.h"
#include "engine/quant/magnitudes.h"
#include "engine/quant/uniform.h"

static int magnitudes_of(const struct quant_fit *fit) { return 1 << (fit->bits - 1); }
static double eps_of(const struct quant_fit *fit) { return fit->eps > 0 ? fit->eps : QUANT_EPS; }

static int log_state(const struct quant_fit *fit, float weight)
{
	int half = magnitudes_of(fit);
	double m = fit->alpha > 0 ? rint((log(fabs((double)weight) + eps_of(fit)) - fit->beta) / fit->alpha) : 0;
	m = fmin(fmax(m, 0), half - 1);
	return weight >= 0 ? half + (int)m : half - 1 - (int)m;
}

/* State H begins at 0, those above it half a step before their magnitude, those below end half a step after theirs. */
static double log_threshold(const struct quant_fit *fit, int state)
{
	int half = magnitudes_of(fit), m = state > half ? state - half : half - state;
	double magnitude = exp(fit->beta + (m - 0.5) * fit->alpha) - eps_of(fit);
	return state == half ? 0 : state > half ? magnitude : -magnitude;
}

static float log_level(const struct quant_fit *fit, int state)
{
	int half = magnitudes_of(fit), m = state >= half ? state - half : half - 1 - state;
	double magnitude = fmin(exp(fit->beta + m * fit->alpha), FLT_MAX);
	return (float)(state >= half ? magnitude : -magnitude);
}

const struct curve curve_log = {.state = log_state, .threshold = log_threshold, .level = log_level};

static bool log_fit(const struct quant_options *options, struct parallel *parallel, const float *weights, size_t count,
                    struct quant_fit *fit, struct error *error)
{
	struct quant_fit found = {.bits = options->bits, .eps = options->eps > 0 ? options->eps : QUANT_EPS, .valid = count > 0};
	struct magnitudes range;
	if (!uniform_check_bits(options->bits, error) || (count > 0 && !magnitudes_find(parallel, weights, count, &range, error)))
		return false;
	if (count > 0 && range.constant) {
		found.constant = true;
		found.beta = weights[0];
	} else if (count > 0) {
		int intervals = magnitudes_of(&found) - 1;
		found.beta = log((double)range.smallest + found.eps);
		found.alpha = intervals > 0 ? (log((double)range.largest + found.eps) - found.beta) / intervals : 0;
	}
	*fit = found;
	return true;
}

static double log_decode(const struct quant_fit *fit, int state)
{
	return fit->constant ? fit->beta : (double)log_level(fit, state);
}

static void log_apply(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count, uint8_t *states,
                      float *quantized, uint64_t *counts)
{
	curved_apply(&curve_log, fit, parallel, weights, count, states, quantized, counts);
}

const struct quantizer quantizer_log = {
	.name = "log", .label = "Log-Q", .help = "a sign, and magnitudes spread evenly in the logarithm of |w| + eps",
	.fit = log_fit, .decode = log_decode, .apply = log_apply,
	.least_bits = 2, .degeneration = "the bit is the sign, and the smallest magnitude stands for all",
	.normal_error = {1.000, 8.65, 2.79, 0.239},
};
