/* qgan quantize: one saved tensor through any of the quantizers. */
#include "app/cmd_quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "engine/base/memory.h"
#include "engine/quant/best_levels.h"
#include "engine/quant/packed.h"

struct quantize_arguments {
	const char *method, *output;
	int64_t bits, iterations;
	double eps;
	bool literal, per_channel, best_levels, json;
};

/* Up to here the search for the best levels takes no time worth a word: 0.1 s for a million weights. */
enum { QUICK_BEST_LEVELS_BITS = 4 };

static bool check_bits(int64_t bits, struct error *error)
{
	if (bits >= QUANT_MIN_BITS && bits <= QUANT_MAX_BITS)
		return true;
	if (bits == 0)
		return error_set(error, ERROR_INPUT, "--bits is missing: expected an integer from %d to %d", QUANT_MIN_BITS,
		                 QUANT_MAX_BITS);
	if (bits == QUANT_FLOAT_BITS)
		return error_set(error, ERROR_INPUT, "--bits %d is the float tensor itself; expected an integer from %d to %d",
		                 QUANT_FLOAT_BITS, QUANT_MIN_BITS, QUANT_MAX_BITS);
	return error_set(error, ERROR_INPUT, "--bits must be an integer from %d to %d, not %jd", QUANT_MIN_BITS, QUANT_MAX_BITS,
	                 (intmax_t)bits);
}

/* PyTorch's order: the first dimension is the output channel. */
static bool choose_layout(const struct npy *tensor, bool per_channel, struct quant_layout *layout, struct error *error)
{
	*layout = quant_layout_whole(tensor->count);
	if (!per_channel)
		return true;
	if (tensor->dimensions < 2)
		return error_set(error, ERROR_INPUT, "--per-channel expects at least 2 dimensions, the first of them the output "
		                 "channels, but the array has %d", tensor->dimensions);
	if (tensor->count > 0)
		*layout = (struct quant_layout){.outer = 1, .groups = tensor->shape[0], .inner = tensor->count / tensor->shape[0]};
	return true;
}

/* An empty tensor has no levels, no error and no shares: those numbers are unknown. */
static void forget_numbers(struct quant_statistics *s)
{
	s->fit.alpha = s->fit.beta = s->mean_squared_error = s->variance = s->sqnr_db = s->utilization = NAN;
	for (int z = 0; z < 1 << s->fit.bits; z++)
		s->levels[z] = NAN;
	s->dead_states = 1 << s->fit.bits;
}

/* Describes the fits; the tensor's values become what the packed codes expand to. */
static bool replace_values(struct quantize_report *report, const struct quant_fit fits[], struct quant_layout layout,
                           struct npy *tensor, struct error *error)
{
	struct packed_codes packed = {0};
	float *quantized = memory_try_floats(tensor->count, "the quantized tensor", error);
	bool success = quantized &&
	               quant_describe_groups(report->quantizer, fits, NULL, tensor->values, layout, &report->statistics, error) &&
	               packed_codes_make(&packed, report->quantizer, fits, NULL, tensor->values, layout, error);
	if (success) {
		packed_codes_expand(&packed, quantized);
		report->statistics.packed_bytes = (double)packed_codes_size(&packed);
		free(tensor->values);
		tensor->values = quantized;
	} else {
		free(quantized);
	}
	packed_codes_clear(&packed);
	return success;
}

/* Finite weights, as a fit has found them to be. */
static bool find_best_levels(struct quantize_report *report, int bits, const struct npy *tensor, struct error *error)
{
	double levels[QUANT_MAX_STATES];
	int used;
	return best_levels_find(tensor->values, tensor->count, 1 << bits, levels, &used, &report->best_levels_error, NULL, error);
}

static void report_ends(struct quantize_report *report, const struct quant_fit *fit)
{
	float levels[QUANT_MAX_STATES];
	quant_levels(report->quantizer, fit, levels);
	report->ends[0] = levels[0];
	report->ends[1] = levels[(1 << fit->bits) - 1];
}

/* Fits, measures and replaces the tensor's values. What is wrong with a tensor is the user's to mend. */
static bool quantize(struct quantize_report *report, const struct quant_options *options, struct quant_layout layout,
                     bool wants_best, struct npy *tensor, struct error *error)
{
	struct quant_fit *fits = memory_zeroed(layout.groups, sizeof *fits);
	bool success = quant_fit_groups(report->quantizer, options, NULL, tensor->values, layout, fits, error) &&
	               (!wants_best || find_best_levels(report, options->bits, tensor, error)) &&
	               replace_values(report, fits, layout, tensor, error);
	if (success) {
		report_ends(report, &fits[0]);
		report->degenerate = options->bits < report->quantizer->least_bits && !report->statistics.fit.constant;
		if (tensor->count == 0)
			forget_numbers(&report->statistics);
	} else if (error->code == ERROR_NUMERIC) {
		error->code = ERROR_INPUT;
	}
	free(fits);
	return success;
}

static bool make_report(const struct quantize_arguments *arguments, struct npy *tensor, struct quantize_report *report,
                        struct error *error)
{
	struct quant_options options = {
		.bits = (int)arguments->bits, .iterations = (int)arguments->iterations, .literal = arguments->literal,
		.eps = arguments->eps, .trace = &report->trace,
	};
	struct quant_layout layout;
	bool wants_best = tensor->count > 0 && (arguments->best_levels || arguments->bits <= QUICK_BEST_LEVELS_BITS);
	report->best_levels_error = NAN;
	report->literal = arguments->literal || !report->quantizer->least_squares;
	return choose_layout(tensor, arguments->per_channel, &layout, error) &&
	       quantize(report, &options, layout, wants_best, tensor, error);
}

static const struct cli_option options[] = {
	{.name = "method", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct quantize_arguments, method),
	 .choices = quantizer_names, .standard = "em", .help = "how the levels are found"},
	{.name = "bits", .kind = CLI_INTEGER, .argument = "K", .offset = offsetof(struct quantize_arguments, bits),
	 .help = "bits a weight, 1 to 8"},
	{.name = "iterations", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct quantize_arguments, iterations),
	 .min = 1, .max = 1000000, .help = "rounds of EM at most [until it settles; --literal: 16, and 32 from 4 bits on]"},
	{.name = "literal", .kind = CLI_FLAG, .offset = offsetof(struct quantize_arguments, literal),
	 .help = "EM as the paper prints it: one start, a fixed number of rounds"},
	{.name = "per-channel", .kind = CLI_FLAG, .offset = offsetof(struct quantize_arguments, per_channel),
	 .help = "alpha and beta for each output channel, the array's first dimension (beyond the paper)"},
	{.name = "eps", .kind = CLI_REAL, .argument = "E", .offset = offsetof(struct quantize_arguments, eps), .min = 1e-300,
	 .max = 1, .standard = "1e-8", .help = "what Log-Q adds to a magnitude before it takes the logarithm"},
	{.name = "best-levels", .kind = CLI_FLAG, .offset = offsetof(struct quantize_arguments, best_levels),
	 .help = "compare with the best levels of all beyond 4 bits too, which may take seconds"},
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "OUT.npy",
	 .offset = offsetof(struct quantize_arguments, output), .help = "write the quantized tensor as float32 in the same shape"},
	CLI_JSON(struct quantize_arguments, json),
	{.name = NULL},
};

static int run(int argc, char **argv)
{
	struct quantize_arguments arguments = {.method = quantizer_names[0]};
	struct quantize_report report = {0};
	struct error error = {0};
	struct cli_words words;
	struct npy tensor = {0};
	int status;
	if (!cli_parse(&subcommand_quantize.syntax, subcommand_quantize.help, argc, argv, &arguments, &words, &status))
		return status;
	report.path = words.items[0];
	report.tensor = &tensor;
	report.quantizer = quantizer_find(arguments.method, &error);
	if (!report.quantizer || !check_bits(arguments.bits, &error) || !npy_read(report.path, &tensor, &error))
		return cli_fail(&error);
	if (!make_report(&arguments, &tensor, &report, &error)) {
		error_prefix(&error, "%s", report.path);
		status = cli_fail(&error);
	} else if (arguments.output && !npy_write(arguments.output, &tensor, &error)) {
		status = cli_fail(&error);
	} else {
		status = arguments.json ? quantize_report_print_json(&report) : quantize_report_print_text(&report);
	}
	npy_clear(&tensor);
	return status;
}

const struct subcommand subcommand_quantize = {
	.name = "quantize",
	.help = "Quantize a saved tensor and tell what became of it.",
	.syntax = {
		.positionals = "FILE.npy", .min = 1, .max = 1, .options = options,
		.notes = "Log-Q works on log(|w| + eps), so that a weight of 0 has a logarithm, and spends one bit on the sign;\n"
		         "eps is not taken away again. At 1 bit it keeps the smallest magnitude alone. Tanh-Q's end states stand\n"
		         "for -inf and inf; training writes about -7.25 and 7.25 there, and the MSE is of what it writes. At 1 bit\n"
		         "it has no other states. Both are called degenerate then.\n\n"
		         "--per-channel takes the array in PyTorch's order for a convolution, output channels first.\n",
	},
	.run = run,
};
