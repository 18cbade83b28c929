/* qgan bench metrics: what scores cost: the algebra on features of noise, the feature networks on pictures of it. */
#include "app/cmd_bench_metrics.h"
#include "app/commands.h"

#include <math.h>
#include <stdlib.h>

#include "app/text_table.h"
#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/metric/feature_network.h"
#include "engine/metric/frechet.h"
#include "engine/metric/inception_score.h"
#include "engine/metric/inception_steps.h"
#include "engine/metric/kernel_distance.h"
#include "engine/metric/moments.h"
#include "engine/tensor/matrix.h"
#include "engine/tensor/random.h"

struct arguments {
	int64_t samples, dimensions, classes, kid_subsets, kid_subset_size, inception_samples, threads;
	bool json;
};

struct bench {
	const struct arguments *arguments;
	struct parallel *parallel;
	struct metric_array features, reference;
	float *values;       /* of both */
	struct metric_statistics statistics[2];
	double moments_seconds, eigen_seconds, fid_seconds, kid_seconds, is_seconds, features_seconds;
	int features_dimensions;
	struct bench_inception inception;
};

/* Spreads that fall as those of real features do. */
static bool make_features(struct bench *bench, struct error *error)
{
	size_t samples = (size_t)bench->arguments->samples, dimensions = (size_t)bench->arguments->dimensions;
	struct random random;
	bench->values = memory_try_floats(2 * samples * dimensions, "the features", error);
	if (!bench->values)
		return false;
	random_start(&random, 1, RANDOM_TEST);
	random_fill_normal(&random, bench->values, 2 * samples * dimensions, 0.4f, 0.3f);
	for (size_t i = 0; i < 2 * samples * dimensions; i++)
		bench->values[i] /= 1 + 0.05f * (float)(i % dimensions);
	bench->features = (struct metric_array){bench->values, samples, dimensions};
	bench->reference = (struct metric_array){bench->values + samples * dimensions, samples, dimensions};
	return true;
}

/* The features' time; the reference's moments are made beside it. */
static bool time_moments(struct bench *bench, struct error *error)
{
	const struct metric_array *const arrays[2] = {&bench->reference, &bench->features};
	bool ok = true;
	for (int i = 0; ok && i < 2; i++) {
		struct metric_moments moments;
		double start = clock_seconds();
		ok = metric_moments_init(&moments, arrays[i]->dimensions, "the features", error) &&
		     metric_moments_add_floats(&moments, bench->parallel, arrays[i]->values, arrays[i]->count, error) &&
		     metric_moments_finish(&moments, bench->parallel, &bench->statistics[i], error);
		bench->moments_seconds = clock_seconds() - start;
		metric_moments_clear(&moments);
	}
	return ok;
}

/* One decomposition with vectors: the largest part of the FID. */
static bool time_eigen(struct bench *bench, struct error *error)
{
	size_t n = (size_t)bench->arguments->dimensions;
	double *matrix = memory_try_bytes((n + 1) * n * sizeof *matrix, "a covariance", error);
	if (!matrix)
		return false;
	for (size_t i = 0; i < n * n; i++)
		matrix[i] = bench->statistics[0].covariance[i];
	double start = clock_seconds();
	bool ok = matrix_eigen((int)n, matrix, true, matrix + n * n, error);
	bench->eigen_seconds = clock_seconds() - start;
	free(matrix);
	return ok;
}

static bool time_fid(struct bench *bench, struct error *error)
{
	struct frechet fid;
	double start = clock_seconds();
	bool ok = frechet_measure(bench->parallel, &bench->statistics[0], &bench->statistics[1], NULL, &fid, error);
	bench->fid_seconds = clock_seconds() - start;
	return ok;
}

static bool time_kid(struct bench *bench, struct error *error)
{
	const struct kernel_distance_options options = {
		.subsets = (int)bench->arguments->kid_subsets, .subset_size = (int)bench->arguments->kid_subset_size};
	struct metric_rows features = metric_rows_of_array(&bench->features), reference = metric_rows_of_array(&bench->reference);
	double start = clock_seconds();
	struct kernel_distance *distance = kernel_distance_create(&options, &features, &reference, error);
	bool ok = distance != NULL;
	while (ok && kernel_distance_steps_left(distance))
		ok = kernel_distance_step(distance, bench->parallel, error);
	bench->kid_seconds = clock_seconds() - start;
	kernel_distance_destroy(distance);
	return ok;
}

static bool time_is(struct bench *bench, struct error *error)
{
	size_t samples = (size_t)bench->arguments->samples, classes = (size_t)bench->arguments->classes;
	double *logits = memory_try_bytes(samples * classes * sizeof *logits, "the logits", error), mean, deviation;
	if (!logits)
		return false;
	for (size_t i = 0; i < samples * classes; i++)
		logits[i] = (double)(i * 2654435761u % 4093) / 256;
	double start = clock_seconds();
	struct inception_score *score = inception_score_create(classes, INCEPTION_SCORE_SPLITS, samples, error);
	bool ok = score && inception_score_add(score, logits, samples, error) && inception_score_finish(score, &mean, &deviation, error);
	bench->is_seconds = clock_seconds() - start;
	inception_score_destroy(score);
	free(logits);
	return ok;
}

uint8_t *bench_noise(size_t bytes, struct error *error)
{
	uint8_t *pixels = memory_try_bytes(bytes, "the pictures", error);
	uint32_t state = 1;
	for (size_t i = 0; pixels && i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		pixels[i] = (uint8_t)(state >> 24);
	}
	return pixels;
}

static bool time_network(struct bench *bench, struct feature_network *network, struct error *error)
{
	const struct feature_facts *facts = &network->facts;
	size_t samples = (size_t)bench->arguments->samples, dimensions = (size_t)facts->dimensions;
	uint8_t *pixels = bench_noise(samples * (size_t)(facts->size * facts->size * facts->channels), error);
	float *features = pixels ? memory_try_floats(samples * dimensions, "the features", error) : NULL;
	const struct feature_pictures pictures = {pixels, samples, facts->size, facts->channels};
	double start = clock_seconds();
	bool ok = features && feature_network_compute(network, bench->parallel, &pictures, NULL, features, NULL, error);
	bench->features_seconds = clock_seconds() - start;
	bench->features_dimensions = facts->dimensions;
	free(features);
	free(pixels);
	return ok;
}

/* The default network with the first of its ready-made weights. */
static bool time_features(struct bench *bench, struct error *error)
{
	struct feature_network *network = feature_network_open(NULL, feature_network_kinds[0]->ready(0), error);
	bool ok = network && time_network(bench, network, error);
	feature_network_close(network);
	return ok;
}

static bool time_inception(struct bench *bench, struct error *error)
{
	size_t samples = (size_t)bench->arguments->inception_samples;
	return samples == 0 || bench_inception(bench->parallel, samples, &bench->inception, error);
}

enum { DIGITS = 4 }; /* more than the same machine gives twice */

static json_t *milliseconds(double seconds) { return cli_json_rounded(seconds * 1e3, DIGITS); }

static int print_json(const struct bench *bench)
{
	const struct arguments *a = bench->arguments;
	const bool inception = a->inception_samples > 0;
	return cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:i}",
		"moments_ms", milliseconds(bench->moments_seconds), "eigen_ms", milliseconds(bench->eigen_seconds),
		"fid_ms", milliseconds(bench->fid_seconds), "kid_ms", milliseconds(bench->kid_seconds),
		"is_ms", milliseconds(bench->is_seconds), "features_ms", milliseconds(bench->features_seconds),
		"inception_ms", inception ? milliseconds(bench->inception.seconds) : json_null(),
		"inception_gflops", inception ? cli_json_rounded(bench->inception.gflops, DIGITS) : json_null(),
		"inception_samples", (json_int_t)a->inception_samples,
		"samples", (json_int_t)a->samples, "dimensions", (json_int_t)a->dimensions,
		"classes", (json_int_t)a->classes, "kid_subsets", (json_int_t)a->kid_subsets,
		"kid_subset_size", (json_int_t)a->kid_subset_size, "threads", parallel_threads(bench->parallel)));
}

static void add_row(struct text_table *table, const char *name, double seconds, int64_t count, const char *unit, int64_t size)
{
	text_table_add(table, "%s", name);
	text_table_add(table, "%.1f", seconds * 1e3);
	text_table_add(table, "%jd %s x %jd", (intmax_t)count, unit, (intmax_t)size);
}

static int print_text(const struct bench *bench)
{
	static const struct text_column columns[] = {{"", false}, {"ms", true}, {"of", false}, {NULL, false}};
	const struct arguments *a = bench->arguments;
	struct text_table *table = text_table_create(columns);
	int threads = parallel_threads(bench->parallel);
	printf("scores of noise, %d thread%s\n\n", threads, threads == 1 ? "" : "s");
	add_row(table, "mean and covariance", bench->moments_seconds, a->samples, "samples", a->dimensions);
	add_row(table, "eigenvectors", bench->eigen_seconds, a->dimensions, "rows", a->dimensions);
	add_row(table, "FID of two covariances", bench->fid_seconds, a->dimensions, "rows", a->dimensions);
	add_row(table, "KID", bench->kid_seconds, a->kid_subsets, "subsets", a->kid_subset_size);
	add_row(table, "Inception Score", bench->is_seconds, a->samples, "samples", a->classes);
	add_row(table, "features of the classifier", bench->features_seconds, a->samples, "pictures", bench->features_dimensions);
	if (a->inception_samples > 0)
		add_row(table, "features of Inception-v3", bench->inception.seconds, a->inception_samples, "pictures", INCEPTION_FEATURES);
	text_table_print(table, stdout, 0);
	text_table_destroy(table);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

static const struct cli_option options[] = {
	{.name = "samples", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, samples), .min = 20,
	 .max = 1000000, .standard = "5000", .help = "samples in each set"},
	{.name = "dimensions", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, dimensions), .min = 1,
	 .max = METRIC_MAX_DIMENSIONS, .standard = "2048", .help = "features of a sample"},
	{.name = "classes", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, classes), .min = 1,
	 .max = 100000, .standard = "1000", .help = "logits of a sample"},
	{.name = "kid-subsets", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, kid_subsets), .min = 1,
	 .max = 100000, .standard = "10", .help = "subsets of the KID"},
	{.name = "kid-subset-size", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, kid_subset_size),
	 .min = 2, .max = 1000000, .standard = "1000", .help = "samples of a subset"},
	{.name = "inception-samples", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, inception_samples),
	 .min = 0, .max = 1000000, .standard = "32", .help = "pictures through Inception-v3, 0: none"},
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct arguments, threads), .min = 0,
	 .max = PARALLEL_MAX_THREADS, .standard = "0", .help = "threads, 0: one a usable core"},
	CLI_JSON(struct arguments, json),
	{.name = NULL},
};

static int run(int argc, char **argv)
{
	struct arguments arguments = {.samples = 5000, .dimensions = 2048, .classes = 1000, .kid_subsets = 10, .kid_subset_size = 1000,
	                              .inception_samples = 32};
	struct bench bench = {.arguments = &arguments};
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_bench_metrics.syntax, subcommand_bench_metrics.help, argc, argv, &arguments, &words, &status))
		return status;
	bench.parallel = parallel_create((int)arguments.threads, &error);
	if (!bench.parallel || !make_features(&bench, &error) || !time_moments(&bench, &error) || !time_eigen(&bench, &error) ||
	    !time_fid(&bench, &error) || !time_kid(&bench, &error) || !time_is(&bench, &error) ||
	    !time_features(&bench, &error) || !time_inception(&bench, &error))
		status = cli_fail(&error);
	else
		status = arguments.json ? print_json(&bench) : print_text(&bench);
	for (int i = 0; i < 2; i++)
		metric_statistics_clear(&bench.statistics[i]);
	free(bench.values);
	parallel_destroy(bench.parallel);
	return status;
}

const struct subcommand subcommand_bench_metrics = {
	.name = "metrics",
	.help = "Time scores on noise: moments, eigenvectors, FID, KID, Inception Score, and the networks' features.",
	.syntax = {.options = options},
	.run = run,
};
