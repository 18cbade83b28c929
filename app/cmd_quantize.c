/* qgan quantize: one saved tensor through any of the quantizers. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/state_table.h"
#include "engine/base/memory.h"
#include "engine/file/npy.h"
#include "engine/quant/quantizer.h"

struct quantize_arguments {
	const char *method, *output;
	int64_t bits, iterations;
	bool json;
};

/* Two numbers of 32 bits beside the packed states. */
enum { PACKED_FIT_BYTES = 8 };

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

/* An empty tensor has no levels, no error and no shares: those numbers are unknown. */
static void forget_numbers(struct quant_statistics *s)
{
	s->fit.alpha = s->fit.beta = s->mean_squared_error = s->variance = s->sqnr_db = s->utilization = NAN;
	for (int z = 0; z < 1 << s->fit.bits; z++)
		s->levels[z] = NAN;
	s->dead_states = 1 << s->fit.bits;
}

/* Fits and measures; the tensor's values become the quantized ones. What is wrong with a tensor is the user's to mend. */
static bool quantize(const struct quantizer *quantizer, const struct quant_options *options, struct npy *tensor,
                     struct quant_statistics *statistics, struct error *error)
{
	struct quant_fit fit;
	float *quantized = NULL;
	if (!quantizer->fit(options, NULL, tensor->values, tensor->count, &fit, error) ||
	    !quant_describe(quantizer, &fit, NULL, tensor->values, tensor->count, statistics, error)) {
		error->code = error->code == ERROR_NUMERIC ? ERROR_INPUT : error->code;
		return false;
	}
	quantized = memory_try_floats(tensor->count, "the quantized tensor", error);
	if (!quantized)
		return false;
	quantizer->apply(&fit, NULL, tensor->values, tensor->count, NULL, quantized, NULL);
	free(tensor->values);
	tensor->values = quantized;
	if (tensor->count == 0)
		forget_numbers(statistics);
	return true;
}

static int print_json(const struct quantizer *quantizer, const struct quant_statistics *s)
{
	json_t *levels = json_array(), *counts = json_array();
	for (int z = 0; z < 1 << s->fit.bits; z++) {
		json_array_append_new(levels, cli_json_real(s->levels[z]));
		json_array_append_new(counts, json_integer((json_int_t)s->counts[z]));
	}
	return cli_print_json(json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:o, s:o, s:i}",
		"method", quantizer->name, "bits", s->fit.bits, "alpha", cli_json_real(s->fit.alpha), "beta", cli_json_real(s->fit.beta),
		"levels", levels, "counts", counts, "mse", cli_json_real(s->mean_squared_error),
		"utilization", cli_json_real(s->utilization), "iterations", s->fit.iterations, "weights", (json_int_t)s->weights,
		"variance", cli_json_real(s->variance), "sqnr_db", cli_json_real(s->sqnr_db), "dead_states", s->dead_states));
}

/* ---- for people ---- */

static void print_title(const char *path, const struct quantizer *quantizer, const struct npy *tensor, int bits)
{
	char weights[32];
	printf("%s: %s weight%s", path, text_count(weights, sizeof weights, (int64_t)tensor->count), tensor->count == 1 ? "" : "s");
	for (int i = 0; i < tensor->dimensions; i++)
		printf("%s%zu", i ? "x" : ", ", tensor->shape[i]);
	printf(", %s at %d bit%s\n\n", quantizer->label, bits, bits == 1 ? "" : "s");
}

static void print_sums(const struct quant_statistics *s)
{
	double float_bytes = 4 * (double)s->weights;
	double packed_bytes = ceil((double)s->weights * s->fit.bits / 8) + PACKED_FIT_BYTES;
	char packed[32], whole[32];
	printf("\nalpha        %.9g\nbeta         %.9g\n", s->fit.alpha, s->fit.beta);
	printf("MSE          %.6g", s->mean_squared_error);
	if (s->variance > 0)
		printf(" (%.3g of the variance %.6g)", s->mean_squared_error / s->variance, s->variance);
	if (isfinite(s->sqnr_db))
		printf("\nSQNR         %.2f dB\n", s->sqnr_db);
	else
		printf("\nSQNR         without limit: no error\n");
	printf("utilization  %.1f %% (entropy of the states over the bits)", 100 * s->utilization);
	if (s->dead_states)
		printf(", %d of %d states without a weight", s->dead_states, 1 << s->fit.bits);
	printf("\niterations   %d\n", s->fit.iterations);
	printf("packed       %s instead of %s, %.1f times smaller\n", text_bytes_amount(packed, sizeof packed, packed_bytes),
	       text_bytes_amount(whole, sizeof whole, float_bytes), float_bytes / packed_bytes);
}

static int print_text(const char *path, const struct quantizer *quantizer, const struct npy *tensor,
                      const struct quant_statistics *s)
{
	print_title(path, quantizer, tensor, s->fit.bits);
	if (s->weights == 0) {
		printf("Nothing to quantize.\n");
	} else {
		state_table_print(s->levels, s->counts, 1 << s->fit.bits);
		print_sums(s);
	}
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

/* ---- row ---- */

static const struct cli_option options[] = {
	{.name = "method", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct quantize_arguments, method),
	 .choices = quantizer_names, .standard = "em", .help = "how the levels are found"},
	{.name = "bits", .kind = CLI_INTEGER, .argument = "K", .offset = offsetof(struct quantize_arguments, bits),
	 .help = "bits a weight, 1 to 8"},
	{.name = "iterations", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct quantize_arguments, iterations),
	 .min = 1, .max = 1000000, .help = "rounds of EM at most [16, and 32 from 4 bits on]"},
	{.name = "output", .letter = 'o', .kind = CLI_TEXT, .argument = "OUT.npy",
	 .offset = offsetof(struct quantize_arguments, output), .help = "write the quantized tensor as float32 in the same shape"},
	CLI_JSON(struct quantize_arguments, json),
	{.name = NULL},
};

static int run(int argc, char **argv)
{
	struct quantize_arguments arguments = {.method = quantizer_names[0]};
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_quantize.syntax, subcommand_quantize.help, argc, argv, &arguments, &words, &status))
		return status;
	const struct quantizer *quantizer = quantizer_find(arguments.method, &error);
	struct npy tensor = {0};
	if (!quantizer || !check_bits(arguments.bits, &error) || !npy_read(words.items[0], &tensor, &error))
		return cli_fail(&error);
	struct quant_options quant_options = {.bits = (int)arguments.bits, .iterations = (int)arguments.iterations};
	struct quant_statistics statistics;
	if (!quantize(quantizer, &quant_options, &tensor, &statistics, &error)) {
		error_prefix(&error, "%s", words.items[0]);
		status = cli_fail(&error);
	} else if (arguments.output && !npy_write(arguments.output, &tensor, &error)) {
		status = cli_fail(&error);
	} else {
		status = arguments.json ? print_json(quantizer, &statistics)
		                        : print_text(words.items[0], quantizer, &tensor, &statistics);
	}
	npy_clear(&tensor);
	return status;
}

const struct subcommand subcommand_quantize = {
	.name = "quantize",
	.help = "Quantize a saved tensor and tell what became of it.",
	.syntax = {.positionals = "FILE.npy", .min = 1, .max = 1, .options = options},
	.run = run,
};
