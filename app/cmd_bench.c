/* qgan bench WHAT: how fast this machine is, one JSON object or a few lines for people. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/peak_memory.h"
#include "app/recipes.h"
#include "engine/base/memory.h"
#include "engine/gan/trainer.h"
#include "engine/tensor/gemm.h"

/* ---- bench step: one training step, and the sgemm rate that it is a share of ---- */

static const char *const step_settings[] = {
	"model", "size", "width", "channels", "batch", "latent", "threads", "d-bits", "g-bits", "quantizer", "quantizer-iterations", "precision",
	"critic-steps", "layer-norm",
};
enum { STEP_SETTINGS = sizeof step_settings / sizeof *step_settings, WARM_UP_STEPS = 2 };
static const double PEAK_SECONDS = 1.0; /* spent on the sgemm rate, before and again after */

struct step_arguments {
	const char *values[STEP_SETTINGS], *recipe; /* a switch that stands alone: "yes" */
	int64_t steps;
	bool json;
};

struct step_result {
	double step_seconds, spread; /* median; (slowest - fastest) / median */
	double quantize_share, gflops, peak_gflops, peak_rss_mb;
};

/* Pictures of noise: a step's time does not depend on what they show. */
static bool make_noise_dataset(const struct gan_settings *settings, struct dataset *dataset, struct error *error)
{
	*dataset = (struct dataset){.spec = "noise", .kind = "noise", .size = settings->size, .channels = settings->channels,
	                            .count = (size_t)settings->batch * 4};
	size_t bytes = dataset->count * (size_t)settings->size * (size_t)settings->size * (size_t)settings->channels;
	dataset->pixels = memory_try_bytes(bytes, "pictures", error);
	if (!dataset->pixels)
		return false;
	uint32_t state = 1;
	for (size_t i = 0; i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		dataset->pixels[i] = (uint8_t)(state >> 24);
	}
	return true;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

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
		qsort(seconds, (size_t)steps, sizeof *seconds, compare_doubles);
		result->step_seconds = steps % 2 ? seconds[steps / 2] : (seconds[steps / 2 - 1] + seconds[steps / 2]) / 2;
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
	if (!make_noise_dataset(settings, &dataset, error))
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
	if (json)
		return cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			"step_ms", cli_json_rounded(r->step_seconds * 1e3, DIGITS), "images_per_s", cli_json_rounded(rate, DIGITS),
			"gflops", cli_json_rounded(r->gflops, DIGITS), "gemm_peak_gflops", cli_json_rounded(r->peak_gflops, DIGITS),
			"peak_share", cli_json_rounded(share, DIGITS), "quantize_share", cli_json_rounded(r->quantize_share, DIGITS),
			"spread", cli_json_rounded(r->spread, DIGITS), "peak_rss_mb", cli_json_rounded(r->peak_rss_mb, DIGITS)));
	printf("%s %dx%dx%d, width %d, batch %d, D %d bits, G %d bits\n", settings->model, settings->size, settings->size,
	       settings->channels, settings->width, settings->batch, settings->bits[NETWORK_D], settings->bits[NETWORK_G]);
	printf("step        %.2f ms (median; slowest to fastest %.0f%% of it)\n", r->step_seconds * 1e3, r->spread * 100);
	printf("pictures    %.0f a second\n", rate);
	printf("useful      %.1f GFLOP/s, %.0f%% of the best sgemm (%.1f)\n", r->gflops, share * 100, r->peak_gflops);
	printf("quantizing  %.1f%% of the step\n", r->quantize_share * 100);
	printf("memory      %.0f MB at most\n", r->peak_rss_mb);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

/* What no recipe and no flag says is the paper's CIFAR-10 network and one update of each network, so that families compare; else the
 * model's own defaults. */
static const struct { const char *name, *value; } step_standards[] = {{"width", "128"}, {"channels", "3"}, {"critic-steps", "1"}};
enum { STEP_STANDARDS = sizeof step_standards / sizeof *step_standards };

static const char *standard_here(const char *name)
{
	for (int i = 0; i < STEP_STANDARDS; i++)
		if (!strcmp(step_standards[i].name, name))
			return step_standards[i].value;
	return NULL;
}

static bool apply_recipe(const char *name, struct gan_settings *settings, struct settings_origins *origins, struct error *error)
{
	struct recipe recipe;
	if (!recipe_find(name, &recipe, error))
		return false;
	bool good = recipe_apply(&recipe, RECIPE_TRAIN, settings, origins, error);
	recipe_clear(&recipe);
	return good;
}

/* The settings' own rows read the values, whatever the user's files say. The model is the first of them. */
static bool settings_of_step(const struct step_arguments *arguments, struct gan_settings *settings, struct error *error)
{
	struct settings_origins origins = {.of = {ORIGIN_DEFAULT}};
	settings_set_defaults(settings);
	if (arguments->recipe && !apply_recipe(arguments->recipe, settings, &origins, error))
		return false;
	for (int i = 0; i < STEP_SETTINGS; i++) {
		char subject[64];
		const struct setting_row *row = setting_find(step_settings[i]);
		bool by_recipe = origins.of[row - setting_rows] == ORIGIN_RECIPE;
		snprintf(subject, sizeof subject, "--%s", row->name);
		const char *value = arguments->values[i] ? arguments->values[i] : by_recipe ? NULL : standard_here(row->name);
		if (value && !settings_set(settings, row, subject, value, error))
			return false;
		if (i == 0)
			settings_follow_model(settings, &origins);
	}
	return settings->channels || error_set(error, ERROR_INPUT, "--channels must be 1 or 3 here, not 0: there is no data set");
}

static const struct cli_option step_options[] = {
	{.name = "steps", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct step_arguments, steps), .min = 1,
	 .max = 100000, .standard = "20", .help = "timed steps, after two to warm up"},
	{.name = "recipe", .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(struct step_arguments, recipe),
	 .help = "the settings of this recipe's training, where no flag says otherwise"},
	CLI_JSON(struct step_arguments, json),
	{.name = NULL},
};

/* The settings' own rows, without their defaults where these differ here. */
static const struct cli_option *step_setting_options(void)
{
	static struct cli_option options[STEP_SETTINGS + 1];
	for (int i = 0; i < STEP_SETTINGS; i++) {
		const struct setting_row *row = setting_find(step_settings[i]);
		const char *standard = standard_here(row->name) ? standard_here(row->name) : row->standard;
		options[i] = (struct cli_option){.name = row->name, .argument = row->argument,
			.kind = row->kind == SETTING_SWITCH ? CLI_SWITCH : CLI_TEXT, .offset = offsetof(struct step_arguments, values) + (size_t)i * sizeof(char *), .standard = standard, .help = row->help};
	}
	return options;
}

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
	if (!settings_of_step(&arguments, &settings, &error) || !measure_step(&settings, (int)arguments.steps, &result, &error))
		return cli_fail(&error);
	return print_step(&settings, &result, arguments.json);
}

static const struct subcommand bench_step = {
	.name = "step",
	.help = "Time one training step on pictures of noise, and the best sgemm rate of this machine beside it.",
	.syntax = {.options = step_options, .shared_title = "Settings", .shared = step_setting_options},
	.run = run_step,
};

static const struct subcommand *const bench_children[] = {
	&bench_step, &subcommand_bench_generate, &subcommand_bench_quantize, &subcommand_bench_metrics, &subcommand_bench_store, &subcommand_bench_ui, NULL,
};

const struct subcommand subcommand_bench = {
	.name = "bench",
	.help = "Measure speed.",
	.children = bench_children,
};
