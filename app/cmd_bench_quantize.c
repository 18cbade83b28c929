/* qgan bench quantize: what fitting and applying a quantizer costs, beside one plain reading of the same memory. */
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>

#include "app/bench_reading.h"
#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/quant/quantizer.h"
#include "engine/tensor/random.h"

/* FEW_ITERATIONS and MORE_ITERATIONS: of two fits, whose difference tells what an iteration costs. */
enum { MOST_REPEATS = 4096, FEWEST_REPEATS = 5, MOST_ROWS = 32, FEW_ITERATIONS = 2, MORE_ITERATIONS = 6 };
static const double seconds_a_row = 0.4;

struct arguments {
	int64_t weights, bits, threads;
	bool json;
};

struct bench {
	struct parallel *parallel;
	float *weights, *quantized;
	size_t count;
};

struct timed {
	const struct quantizer *quantizer;
	bool warm;
	struct quant_fit fit, start;
	double seconds;           /* the fastest */
	double iteration_seconds; /* one more iteration of a warm fit; NAN for closed forms */
};

static bool read_once(struct bench *bench, struct timed *row, struct error *error)
{
	(void)row;
	(void)error;
	bench_read(bench->parallel, bench->weights, bench->count);
	return true;
}

/* What a training step does with a tensor. */
static bool fit_and_apply(struct bench *bench, struct timed *row, struct error *error)
{
	struct quant_fit last = row->fit;
	struct quant_options options = {.bits = last.bits, .warm = row->warm ? &last : NULL};
	if (!row->quantizer->fit(&options, bench->parallel, bench->weights, bench->count, &row->fit, error))
		return false;
	row->quantizer->apply(&row->fit, bench->parallel, bench->weights, bench->count, NULL, bench->quantized, NULL);
	return true;
}

/* From levels near those that the row has found, but not so near that they settle at once. */
static bool iterate(struct bench *bench, struct timed *row, int iterations, struct error *error)
{
	struct quant_fit start = row->start;
	struct quant_options options = {.bits = start.bits, .iterations = iterations, .warm = &start};
	start.alpha *= 1.001;
	return row->quantizer->fit(&options, bench->parallel, bench->weights, bench->count, &row->fit, error);
}

static bool iterate_little(struct bench *bench, struct timed *row, struct error *error)
{
	return iterate(bench, row, FEW_ITERATIONS, error);
}

static bool iterate_more(struct bench *bench, struct timed *row, struct error *error)
{
	return iterate(bench, row, MORE_ITERATIONS, error);
}

typedef bool work_function(struct bench *, struct timed *, struct error *);

/* The fastest of many: what other programs on the machine take comes on top of it. */
static bool measure_once(struct bench *bench, work_function *work, struct timed *row, struct error *error)
{
	double start = clock_seconds();
	bool good = work(bench, row, error);
	row->seconds = fmin(row->seconds, clock_seconds() - start);
	return good;
}

static bool measure(struct bench *bench, work_function *work, struct timed *row, struct error *error)
{
	double began = clock_seconds();
	row->seconds = INFINITY;
	if (!work(bench, row, error)) /* brings memory and threads in */
		return false;
	for (int i = 0; i < MOST_REPEATS && (i < FEWEST_REPEATS || clock_seconds() - began < seconds_a_row); i++)
		if (!measure_once(bench, work, row, error))
			return false;
	return true;
}

/* In turns with the plain reading that it is compared with, so that all see the machine in the same moods. */
static bool measure_iteration(struct bench *bench, struct timed *row, struct timed *pass, struct error *error)
{
	struct timed few = *row, more = *row;
	double began = clock_seconds();
	few.start = more.start = row->fit;
	few.seconds = more.seconds = INFINITY;
	for (int i = 0; i < MOST_REPEATS && (i < FEWEST_REPEATS || clock_seconds() - began < 2 * seconds_a_row); i++)
		if (!measure_once(bench, iterate_little, &few, error) || !measure_once(bench, iterate_more, &more, error) ||
		    !measure_once(bench, read_once, pass, error))
			return false;
	int iterations = more.fit.iterations - few.fit.iterations;
	row->iteration_seconds = iterations > 0 ? fmax(more.seconds - few.seconds, 0) / iterations : NAN;
	return true;
}

/* Cold, then warm where the method iterates. */
static bool measure_all(struct bench *bench, int bits, struct timed rows[MOST_ROWS], int *count, struct timed *pass,
                        struct error *error)
{
	if (!measure(bench, read_once, pass, error))
		return false;
	for (int i = 0; quantizers[i] && *count + 2 <= MOST_ROWS; i++) {
		struct timed *cold = &rows[(*count)++];
		*cold = (struct timed){.quantizer = quantizers[i], .fit = {.bits = bits}, .iteration_seconds = NAN};
		if (!measure(bench, fit_and_apply, cold, error))
			return false;
		if (cold->fit.iterations == 0)
			continue;
		struct timed *warm = &rows[(*count)++];
		*warm = *cold;
		warm->warm = true;
		if (!measure(bench, fit_and_apply, warm, error) || !measure_iteration(bench, warm, pass, error))
			return false;
		cold->iteration_seconds = warm->iteration_seconds;
	}
	return true;
}

static double gigabytes_per_second(const struct bench *bench, double seconds)
{
	return (double)bench->count * sizeof(float) / seconds * 1e-9;
}

static int print_json(const struct bench *bench, const struct timed rows[], int count, const struct timed *pass)
{
	json_t *list = json_array();
	for (int i = 0; i < count; i++) {
		const struct timed *row = &rows[i];
		json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:b, s:i, s:o, s:o, s:o, s:o, s:o}",
			"method", row->quantizer->name, "bits", row->fit.bits, "weights", (json_int_t)bench->count, "warm", row->warm,
			"iterations", row->fit.iterations, "ms", cli_json_real(row->seconds * 1e3),
			"gb_per_s", cli_json_real(gigabytes_per_second(bench, row->seconds)),
			"passes", cli_json_real(row->seconds / pass->seconds),
			"ms_per_iteration", cli_json_real(row->iteration_seconds * 1e3),
			"passes_per_iteration", cli_json_real(row->iteration_seconds / pass->seconds)));
	}
	return cli_print_json(json_pack("{s:o, s:o, s:o, s:i}", "methods", list, "pass_ms", cli_json_real(pass->seconds * 1e3),
		"pass_gb_per_s", cli_json_real(gigabytes_per_second(bench, pass->seconds)),
		"threads", parallel_threads(bench->parallel)));
}

static void add_row(struct text_table *table, const struct bench *bench, const char *name, const char *start, int iterations,
                    const struct timed *row, const struct timed *pass)
{
	text_table_add(table, "%s", name);
	text_table_add(table, "%s", start);
	if (iterations)
		text_table_add(table, "%d", iterations);
	else
		text_table_add(table, "-");
	text_table_add(table, "%.3f", row->seconds * 1e3);
	text_table_add(table, "%.1f", gigabytes_per_second(bench, row->seconds));
	text_table_add(table, "%.1f", row->seconds / pass->seconds);
	if (isnan(row->iteration_seconds))
		text_table_add(table, "-");
	else
		text_table_add(table, "%.1f", row->iteration_seconds / pass->seconds);
}

static int print_text(const struct bench *bench, int bits, const struct timed rows[], int count, const struct timed *pass)
{
	static const struct text_column columns[] = {
		{"method", false}, {"start", false}, {"iterations", true}, {"ms", true}, {"GB/s", true}, {"readings", true},
		{"readings an iteration", true}, {NULL, false},
	};
	char weights[32];
	int threads = parallel_threads(bench->parallel);
	printf("fit and apply at %d bit%s, %s weights, %d thread%s\n\n", bits, bits == 1 ? "" : "s",
	       text_count(weights, sizeof weights, (int64_t)bench->count), threads, threads == 1 ? "" : "s");
	struct text_table *table = text_table_create(columns);
	for (int i = 0; i < count; i++)
		add_row(table, bench, rows[i].quantizer->label, rows[i].warm ? "warm" : "cold", rows[i].fit.iterations, &rows[i], pass);
	add_row(table, bench, "one plain reading", "", 0, pass, pass);
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static bool prepare(struct bench *bench, const struct arguments *arguments, struct error *error)
{
	struct random random;
	*bench = (struct bench){.count = (size_t)arguments->weights};
	bench->parallel = parallel_create((int)arguments->threads, error);
	bench->weights = bench->parallel ? memory_try_floats(bench->count, "the weights", error) : NULL;
	bench->quantized = bench->weights ? memory_try_floats(bench->count, "the quantized weights", error) : NULL;
	if (!bench->quantized)
		return false;
	random_start(&random, 1, RANDOM_TEST);
	random_fill_normal(&random, bench->weights, bench->count, 0, 0.02f);
	return true;
}

static void release(struct bench *bench)
{
	parallel_destroy(bench->parallel);
	free(bench->weights);
	free(bench->quantized);
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.weights = 2600000, .bits = 2};
	struct error error = {0};
	struct cli_words words;
	struct bench bench;
	struct timed rows[MOST_ROWS], pass = {.iteration_seconds = NAN};
	int status, count = 0;
	if (!cli_parse(&subcommand_bench_quantize.syntax, subcommand_bench_quantize.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!prepare(&bench, &arguments, &error) || !measure_all(&bench, (int)arguments.bits, rows, &count, &pass, &error))
		status = cli_fail(&error);
	else
		status = arguments.json ? print_json(&bench, rows, count, &pass)
		                        : print_text(&bench, (int)arguments.bits, rows, count, &pass);
	release(&bench);
	return status;
}

static const struct cli_option options[] = {
	{.name = "weights", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, weights), .min = 1,
	 .max = 1000000000, .standard = "2600000", .help = "weights of the tensor, normal ones"},
	{.name = "bits", .kind = CLI_INTEGER, .argument = "K", .offset = offsetof(struct arguments, bits), .min = QUANT_MIN_BITS,
	 .max = QUANT_MAX_BITS, .standard = "2", .help = "bits a weight"},
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, threads), .min = 0,
	 .max = PARALLEL_MAX_THREADS, .standard = "0", .help = "threads, 0: one a usable core"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

const struct subcommand subcommand_bench_quantize = {
	.name = "quantize",
	.help = "Time each quantizer, cold and warm, beside one plain reading of the same memory.",
	.syntax = {.options = options},
	.run = run,
};
