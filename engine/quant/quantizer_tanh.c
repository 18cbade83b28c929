/* Tanh-Q (eq. 5): states spread evenly over tanh w, whatever the weights (paper.md R6).
 *
 *   z = round((tanh(w) + 1) / 2 * n), n = 2^k - 1      value atanh(2 z / n - 1): -Inf for state 0, Inf for state n
 *
 * Training needs finite values: apply writes atanh(+-(1 - 1e-6)), about +-7.25, for the end states. At 1 bit there are
 * no others. */
#include <math.h>

#include "engine/quant/curved.h"
#include "engine/quant/magnitudes.h"
#include "engine/quant/uniform.h"

static const double largest_argument = 1 - 1e-6; /* of atanh in training */

static int top_state(const struct quant_fit *fit) { return (1 << fit->bits) - 1; }

static int tanh_state(const struct quant_fit *fit, float weight)
{
	return (int)rint((tanh((double)weight) + 1) / 2 * top_state(fit));
}

static double tanh_threshold(const struct quant_fit *fit, int state)
{
	return atanh((2 * (state - 0.5) - top_state(fit)) / top_state(fit));
}

/* 2 z / n - 1, with one rounding. */
static double argument_of(const struct quant_fit *fit, int state)
{
	return (double)(2 * state - top_state(fit)) / top_state(fit);
}

static float tanh_level(const struct quant_fit *fit, int state)
{
	return (float)atanh(fmin(fmax(argument_of(fit, state), -largest_argument), largest_argument));
}

const struct curve curve_tanh = {.state = tanh_state, .threshold = tanh_threshold, .level = tanh_level};

static bool tanh_fit(const struct quant_options *options, struct parallel *parallel, const float *weights, size_t count,
                     struct quant_fit *fit, struct error *error)
{
	struct magnitudes range = {0};
	if (!uniform_check_bits(options->bits, error) || (count > 0 && !magnitudes_find(parallel, weights, count, &range, error)))
		return false;
	*fit = (struct quant_fit){
		.bits = options->bits, .valid = count > 0, .constant = range.constant,
		.beta = range.constant ? (double)weights[0] : 0,
	};
	return true;
}

static double tanh_decode(const struct quant_fit *fit, int state)
{
	if (fit->constant)
		return fit->beta;
	return state == 0 ? -INFINITY : state == top_state(fit) ? INFINITY : (double)tanh_level(fit, state);
}

static void tanh_apply(const struct quant_fit *fit, struct parallel *parallel, const float *weights, size_t count, uint8_t *states,
                       float *quantized, uint64_t *counts)
{
	curved_apply(&curve_tanh, fit, parallel, weights, count, states, quantized, counts);
}

const struct quantizer quantizer_tanh = {
	.name = "tanh", .label = "Tanh-Q", .help = "levels spread evenly over tanh w; the end states stand for -inf and +inf",
	.fit = tanh_fit, .decode = tanh_decode, .apply = tanh_apply,
	.least_bits = 2, .degeneration = "both states are infinite", .without_scale = true, .infinite_ends = true,
	.normal_error = {INFINITY, 273.6, 41.3, 6.82},
};
