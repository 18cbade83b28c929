/* qgan bench layers: where the time of a training step goes, by layer and pass, beside what the machine could do. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_reading.h"
#include "app/bench_settings.h"
#include "app/text_table.h"
#include "engine/base/memory.h"
#include "engine/gan/trainer.h"
#include "engine/tensor/gemm.h"
#include "engine/tensor/precision.h"

enum { WARM_UP_STEPS = 2, DIGITS = 4 };
static const double PEAK_SECONDS = 0.3; /* spent on the sgemm rate, before and again after */

struct arguments {
	struct bench_settings settings;
	int64_t steps;
	bool json;
};

/* Of one step: all calls of a work together. */
struct result {
	struct trainer_work works[TRAINER_MAX_WORKS];
	int count;
	double step_seconds, rest_seconds; /* rest: outside of all works; medians, each of its own */
	double peak_gflops, reading_rate;  /* GFLOP/s of sgemm, GB/s of a plain reading of memory */
	int threads;
};

/* What came on top since `before`, which becomes what is now. */
static void take_difference(const struct trainer *trainer, struct trainer_work before[], struct result *result)
{
	struct trainer_work now[TRAINER_MAX_WORKS];
	result->count = trainer_describe_works(trainer, now, TRAINER_MAX_WORKS);
	for (int i = 0; i < result->count; i++) {
		struct trainer_work *work = &result->works[i];
		*work = now[i];
		work->seconds -= before[i].seconds;
		work->calls -= before[i].calls;
		work->multiply_adds -= before[i].multiply_adds;
		work->bytes -= before[i].bytes;
	}
	memcpy(before, now, sizeof now);
}

/* One row a work, then the rest, then the whole: a value a step. */
static void keep_times(double *times, int step, int steps, const struct result *result, double whole)
{
	double rest = whole;
	for (int i = 0; i < result->count; i++) {
		times[i * steps + step] = result->works[i].seconds;
		rest -= result->works[i].seconds;
	}
	times[result->count * steps + step] = rest;
	times[(result->count + 1) * steps + step] = whole;
}

static bool time_works(struct trainer *trainer, int steps, struct result *result, struct error *error)
{
	struct trainer_work before[TRAINER_MAX_WORKS] = {0};
	double *times = memory_zeroed((size_t)(TRAINER_MAX_WORKS + 2) * (size_t)steps, sizeof *times);
	bool ok = true;
	for (int i = -WARM_UP_STEPS; ok && i < steps; i++) {
		struct step_report report;
		ok = trainer_step(trainer, &report, error);
		if (ok)
			take_difference(trainer, before, result);
		if (ok && i >= 0)
			keep_times(times, i, steps, result, report.seconds);
	}
	for (int i = 0; ok && i < result->count; i++)
		result->works[i].seconds = bench_median(times + i * steps, steps);
	if (ok) {
		result->rest_seconds = bench_median(times + result->count * steps, steps);
		result->step_seconds = bench_median(times + (result->count + 1) * steps, steps);
	}
	free(times);
	return ok;
}

static int by_time(const void *left, const void *right)
{
	double a = ((const struct trainer_work *)left)->seconds, b = ((const struct trainer_work *)right)->seconds;
	return (a < b) - (a > b);
}

static bool measure(const struct gan_settings *settings, int steps, struct trainer **made, struct dataset *dataset,
                    struct result *result, struct error *error)
{
	int threads = settings->threads ? settings->threads : parallel_usable_cores();
	double before = gemm_peak_gflops(threads, PEAK_SECONDS);
	struct trainer *trainer = bench_noise_pictures(settings, dataset, error) ? trainer_create(settings, dataset, NULL, error) : NULL;
	*made = trainer;
	if (!trainer || !time_works(trainer, steps, result, error))
		return false;
	qsort(result->works, (size_t)result->count, sizeof *result->works, by_time);
	result->threads = parallel_threads(trainer_parallel(trainer));
	result->reading_rate = bench_reading_rate(trainer_parallel(trainer));
	result->peak_gflops = fmax(before, gemm_peak_gflops(threads, PEAK_SECONDS));
	return true;
}

static const char *network_name(enum network_id id)
{
	return id == NETWORK_D ? "D" : id == NETWORK_G ? "G" : NULL;
}

/* NAN: nothing to be measured so. */
static double gflops_of(const struct trainer_work *work)
{
	return work->multiply_adds > 0 ? work->multiply_adds * 2 / work->seconds * 1e-9 : NAN;
}

static double rate_of(const struct trainer_work *work)
{
	return work->bytes > 0 ? work->bytes / work->seconds * 1e-9 : NAN;
}

static json_t *rounded(double value) { return cli_json_rounded(value, DIGITS); }

static json_t *json_of_work(const struct result *result, const struct trainer_work *work)
{
	double gflops = gflops_of(work), rate = rate_of(work);
	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
		"network", cli_json_text(network_name(work->network)), "layer", cli_json_text(work->layer),
		"kind", cli_json_text(work->kind), "pass", work->name, "calls", (json_int_t)work->calls,
		"ms", rounded(work->seconds * 1e3), "share_of_step", rounded(work->seconds / result->step_seconds),
		"gflops", rounded(gflops), "share_of_peak", rounded(gflops / result->peak_gflops),
		"gb_per_s", rounded(rate), "share_of_reading", rounded(rate / result->reading_rate));
}

static int print_json(const struct gan_settings *settings, const struct result *result)
{
	char precision[48];
	precision_describe(settings->precision, precision, sizeof precision);
	json_t *list = json_array();
	for (int i = 0; i < result->count; i++)
		json_array_append_new(list, json_of_work(result, &result->works[i]));
	return cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:i}", "layers", list,
		"step_ms", rounded(result->step_seconds * 1e3), "rest_ms", rounded(result->rest_seconds * 1e3),
		"gemm_peak_gflops", rounded(result->peak_gflops), "reading_gb_per_s", rounded(result->reading_rate),
		"precision", precision, "threads", result->threads));
}

static void add_number(struct text_table *table, const char *format, double value)
{
	char text[32];
	snprintf(text, sizeof text, format, value);
	text_table_add(table, "%s", isnan(value) ? "-" : text);
}

static void add_row(struct text_table *table, const struct result *result, const struct trainer_work *work)
{
	double gflops = gflops_of(work), rate = rate_of(work);
	const char *network = network_name(work->network);
	text_table_add(table, "%s%s%s", network ? network : "-", work->layer ? "." : "", work->layer ? work->layer : "");
	text_table_add(table, "%s", work->name);
	text_table_add(table, "%lld", (long long)work->calls);
	text_table_add(table, "%.3f", work->seconds * 1e3);
	text_table_add(table, "%.1f%%", work->seconds / result->step_seconds * 100);
	add_number(table, "%.1f", gflops);
	add_number(table, "%.0f%%", gflops / result->peak_gflops * 100);
	add_number(table, "%.1f", rate);
	add_number(table, "%.0f%%", rate / result->reading_rate * 100);
}

static int print_text(const struct gan_settings *settings, const struct result *result)
{
	static const struct text_column columns[] = {
		{"layer", false}, {"pass", false}, {"calls", true}, {"ms", true}, {"of step", true}, {"GFLOP/s", true}, {"of sgemm", true},
		{"GB/s", true}, {"of reading", true}, {NULL, false},
	};
	bench_settings_print(settings);
	char precision[48];
	precision_describe(settings->precision, precision, sizeof precision);
	printf("step %.2f ms on %d thread%s in %s; the best sgemm %.1f GFLOP/s, a plain reading of memory %.1f GB/s\n\n",
	       result->step_seconds * 1e3, result->threads, result->threads == 1 ? "" : "s", precision, result->peak_gflops,
	       result->reading_rate);
	struct text_table *table = text_table_create(columns);
	for (int i = 0; i < result->count; i++)
		add_row(table, result, &result->works[i]);
	add_row(table, result, &(struct trainer_work){.network = NETWORK_COUNT, .name = "the rest", .calls = 1,
	                                              .seconds = result->rest_seconds});
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.steps = 10};
	struct gan_settings settings;
	struct result result = {0};
	struct error error = {0};
	struct cli_words words;
	struct dataset dataset = {0};
	struct trainer *trainer = NULL;
	int status;
	if (!cli_parse(&subcommand_bench_layers.syntax, subcommand_bench_layers.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!bench_settings_read(&arguments.settings, &settings, &error) ||
	    !measure(&settings, (int)arguments.steps, &trainer, &dataset, &result, &error))
		status = cli_fail(&error);
	else
		status = arguments.json ? print_json(&settings, &result) : print_text(&settings, &result);
	trainer_destroy(trainer); /* which owns the names of the layers */
	free(dataset.pixels);
	return status;
}

static const struct cli_option options[] = {
	{.name = "steps", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, steps), .min = 1, .max = 10000,
	 .standard = "10", .help = "timed steps, after two to warm up"},
	BENCH_RECIPE(struct arguments, settings),
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

static const char notes[] =
	"Times are medians of a step, all calls of a pass together, the longest first. GFLOP/s count useful multiply-adds, beside\n"
	"the best sgemm of this machine; GB/s count what a pass must read and write once at least, beside a plain reading of\n"
	"256 MB: more than all of it means that caches have helped.\n";

const struct subcommand subcommand_bench_layers = {
	.name = "layers",
	.help = "Time every layer and pass of a training step on pictures of noise, beside the best sgemm and a reading of memory.",
	.syntax = {.options = options, .shared_title = "Settings", .shared = bench_settings_options,
	           .shared_offset = offsetof(struct arguments, settings), .notes = notes},
	.run = run,
};
