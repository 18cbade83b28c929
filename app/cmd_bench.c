/* qgan bench WHAT: how fast this machine is, one JSON object or a few lines for people. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>

#include "app/bench_settings.h"
#include "app/peak_memory.h"
#include "engine/base/memory.h"
#include "engine/gan/trainer.h"
#include "engine/tensor/gemm.h"
#include "engine/tensor/precision.h"

/* ---- bench step: one training step, and the sgemm rate that it is a share of ---- */

enum { WARM_UP_STEPS = 2 };
static const double PEAK_SECONDS = 1.0; /* spent on the sgemm rate, before and again after */

struct step_arguments {
	struct bench_settings settings;
	int64_t steps;
	bool json;
};

struct step_result {
	double step_seconds, spread; /* median; (slowest - fastest) / median */
	double quantize_share, gflops, peak_gflops, peak_rss_mb;
};

static bool time_steps(struct trainer *trainer, int steps, struct step_result *result, struct error *error)
{
	double *seconds = memory_zeroed((size_t)steps, sizeof *seconds), all = 0, quantizing = 0;
	bool ok = true;
	for (int i = -WARM_UP_STEPS; ok && i < steps; i++) {
		struct step_report report;
		ok = trainer_step(trainer, &report, error);
		if (!ok || i < 0)
			continue;
		seconds[i] = report.seconds;
		all += report.seconds;
		quantizing += report.quantize_seconds;
	}
	if (ok) {
		result->step_seconds = bench_median(seconds, steps);
		result->spread = (seconds[steps - 1] - seconds[0]) / result->step_seconds;
		result->quantize_share = quantizing / all;
		result->gflops = trainer_facts(trainer)->multiply_adds_per_step * 2 / result->step_seconds * 1e-9;
	}
	free(seconds);
	return ok;
}

static bool measure_step(const struct gan_settings *settings, int steps, struct step_result *result, struct error *error)
{
	struct dataset dataset;
	int threads = settings->threads ? settings->threads : parallel_usable_cores();
	double before = gemm_peak_gflops(threads, PEAK_SECONDS);
	peak_memory_reset();
	if (!bench_noise_pictures(settings, &dataset, error))
		return false;
	struct trainer *trainer = trainer_create(settings, &dataset, NULL, error);
	bool ok = trainer && time_steps(trainer, steps, result, error);
	result->peak_rss_mb = peak_memory_mb();
	trainer_destroy(trainer);
	free(dataset.pixels);
	if (ok)
		result->peak_gflops = fmax(before, gemm_peak_gflops(threads, PEAK_SECONDS));
	return ok;
}

enum { DIGITS = 4 }; /* more than the same machine gives twice */

static int print_step(const struct gan_settings *settings, const struct step_result *r, bool json)
{
	double share = r->gflops / r->peak_gflops, rate = settings->batch / r->step_seconds;
	char precision[48];
	precision_describe(settings->precision, precision, sizeof precision);
	if (json)
		return cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
			"step_ms", cli_json_rounded(r->step_seconds * 1e3, DIGITS), "images_per_s", cli_json_rounded(rate, DIGITS),
			"gflops", cli_json_rounded(r->gflops, DIGITS), "gemm_peak_gflops", cli_json_rounded(r->peak_gflops, DIGITS),
			"peak_share", cli_json_rounded(share, DIGITS), "quantize_share", cli_json_rounded(r->quantize_share, DIGITS),
			"spread", cli_json_rounded(r->spread, DIGITS), "peak_rss_mb", cli_json_rounded(r->peak_rss_mb, DIGITS),
			"precision", precision));
	bench_settings_print(settings);
	printf("step        %.2f ms in %s (median; slowest to fastest %.0f%% of it)\n", r->step_seconds * 1e3, precision, r->spread * 100);
	printf("pictures    %.0f a second\n", rate);
	printf("useful      %.1f GFLOP/s, %.0f%% of the best sgemm (%.1f)\n", r->gflops, share * 100, r->peak_gflops);
	printf("quantizing  %.1f%% of the step\n", r->quantize_share * 100);
	printf("memory      %.0f MB at most\n", r->peak_rss_mb);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static const struct cli_option step_options[] = {
	{.name = "steps", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct step_arguments, steps), .min = 1,
	 .max = 100000, .standard = "20", .help = "timed steps, after two to warm up"},
	BENCH_RECIPE(struct step_arguments, settings),
	CLI_JSON(struct step_arguments, json),
	{.name = NULL},
};

static const struct subcommand bench_step;

static int run_step(int argc, char **argv)
{
	struct step_arguments arguments = {.steps = 20};
	struct gan_settings settings;
	struct step_result result = {0};
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&bench_step.syntax, bench_step.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!bench_settings_read(&arguments.settings, &settings, &error) || !measure_step(&settings, (int)arguments.steps, &result, &error))
		return cli_fail(&error);
	return print_step(&settings, &result, arguments.json);
}

static const struct subcommand bench_step = {
	.name = "step",
	.help = "Time one training step on pictures of noise, and the best sgemm rate of this machine beside it.",
	.syntax = {.options = step_options, .shared_title = "Settings", .shared = bench_settings_options,
	           .shared_offset = offsetof(struct step_arguments, settings)},
	.run = run_step,
};

static const struct subcommand *const bench_children[] = {
	&bench_step, &subcommand_bench_layers, &subcommand_bench_generate, &subcommand_bench_quantize, &subcommand_bench_metrics,
	&subcommand_bench_store, &subcommand_bench_ui, NULL,
};

const struct subcommand subcommand_bench = {
	.name = "bench",
	.help = "Measure speed.",
	.children = bench_children,
};
