/* Minmax-Q (eq. 3): the end states sit on the two extreme weights. */
#include "engine/quant/quantizer.h"
#include "engine/quant/uniform.h"

static bool minmax_fit(const struct quant_options *options, struct parallel *parallel, const float *weights, size_t count,
                       struct quant_fit *fit, struct error *error)
{
	struct uniform_range range;
	if (!uniform_check_bits(options->bits, error))
		return false;
	if (count == 0) {
		*fit = (struct quant_fit){.bits = options->bits};
		return true;
	}
	if (!uniform_range(parallel, weights, count, &range, error))
		return false;
	*fit = uniform_minmax_fit(options->bits, range.min, range.max);
	return true;
}

const struct quantizer quantizer_minmax = {
	.name = "minmax", .label = "Minmax-Q", .help = "levels spread evenly between the smallest and the largest weight",
	.fit = minmax_fit, .decode = uniform_decode, .apply = uniform_apply,
	.least_bits = 1, .normal_error = {7.90, 0.483, 0.0857, 0.0187},
};
