/* qgan metrics: FID, KID and Inception Score of saved features and logits. */
#include "app/commands.h"

#include <math.h>

#include "app/text_table.h"
#include "engine/file/npy_doubles.h"
#include "engine/file/zip.h"
#include "engine/metric/frechet.h"
#include "engine/metric/inception_score.h"
#include "engine/metric/kernel_distance.h"
#include "engine/metric/moments.h"

struct metrics_arguments {
	const char *features, *reference, *logits, *write_statistics;
	int64_t splits, kid_subsets, kid_subset_size, threads;
	uint64_t seed;
	bool json;
};

/* One side of a comparison. */
struct feature_set {
	const char *path;
	struct npy_rows *file;  /* NULL: the file has statistics only */
	struct metric_statistics statistics;
};

struct metrics {
	const struct metrics_arguments *arguments;
	struct parallel *parallel;
	struct feature_set features, reference;
	bool compared;          /* features with a reference */
	struct frechet fid;
	double kid, kid_spread; /* NaN: not known */
	double is, is_spread;   /* the same */
	size_t logits;          /* their samples */
};

/* ---- reading ---- */

/* Rows on their way into sums; sentences about their values get the file's name. */
struct folding {
	const char *path;
	struct metric_moments moments;
	struct parallel *parallel;
};

static bool fold_rows(void *context, const double *values, size_t count, struct error *error)
{
	struct folding *folding = context;
	return metric_moments_add(&folding->moments, folding->parallel, values, count, error) ||
	       error_prefix(error, "%s", folding->path);
}

static bool find_statistics(struct feature_set *set, struct parallel *parallel, struct error *error)
{
	struct metric_rows rows = metric_rows_of_file(set->file);
	struct folding folding = {.path = set->path, .parallel = parallel};
	bool ok = metric_moments_init(&folding.moments, rows.dimensions, set->path, error) &&
	          metric_rows_visit(&rows, fold_rows, &folding, error) &&
	          (metric_moments_finish(&folding.moments, parallel, &set->statistics, error) || error_prefix(error, "%s", set->path));
	metric_moments_clear(&folding.moments);
	return ok;
}

/* Features, or the statistics of some. */
static bool load_set(struct feature_set *set, const char *path, struct parallel *parallel, struct error *error)
{
	set->path = path;
	if (zip_is_at(path))
		return metric_statistics_read(path, &set->statistics, error);
	set->file = npy_rows_open(path, error);
	return set->file && find_statistics(set, parallel, error);
}

static void clear_set(struct feature_set *set)
{
	npy_rows_close(set->file);
	metric_statistics_clear(&set->statistics);
}

/* ---- scores ---- */

static bool check_dimensions(const struct metrics *m, struct error *error)
{
	int here = m->features.statistics.dimensions, there = m->reference.statistics.dimensions;
	return here == there || error_set(error, ERROR_INPUT, "%s has %d values a sample, but %s has %d; expected features of one network",
	                                  m->features.path, here, m->reference.path, there);
}

static bool take_steps(struct kernel_distance *distance, struct parallel *parallel, struct error *error)
{
	struct cli_progress progress;
	int64_t steps = kernel_distance_steps_left(distance), done = 0;
	bool ok = true;
	cli_progress_begin(&progress, "KID", "subsets", 0, steps);
	while (ok && done < steps) {
		ok = kernel_distance_step(distance, parallel, error);
		cli_progress_update(&progress, ++done, NULL);
	}
	cli_progress_end(&progress);
	return ok;
}

static bool measure_kid(struct metrics *m, struct error *error)
{
	const struct kernel_distance_options options = {
		.subsets = (int)m->arguments->kid_subsets, .subset_size = (int)m->arguments->kid_subset_size, .seed = m->arguments->seed};
	if (!m->features.file || !m->reference.file)
		return true;
	struct metric_rows rows = metric_rows_of_file(m->features.file), reference = metric_rows_of_file(m->reference.file);
	struct kernel_distance *distance = kernel_distance_create(&options, &rows, &reference, error);
	bool ok = distance && take_steps(distance, m->parallel, error);
	if (ok)
		kernel_distance_result(distance, &m->kid, &m->kid_spread);
	kernel_distance_destroy(distance);
	return ok;
}

/* Numbers too large for the algebra are the user's to mend. */
static bool compare(struct metrics *m, struct error *error)
{
	m->compared = true;
	if (!load_set(&m->reference, m->arguments->reference, m->parallel, error) || !check_dimensions(m, error))
		return false;
	if (frechet_measure(m->parallel, &m->features.statistics, &m->reference.statistics, NULL, &m->fid, error) &&
	    measure_kid(m, error))
		return true;
	error->code = error->code == ERROR_NUMERIC ? ERROR_INPUT : error->code;
	return error->code == ERROR_INPUT ? error_prefix(error, "%s, %s", m->features.path, m->reference.path) : false;
}

struct scoring {
	const char *path;
	struct inception_score *score;
};

static bool score_rows(void *context, const double *values, size_t count, struct error *error)
{
	struct scoring *scoring = context;
	return inception_score_add(scoring->score, values, count, error) || error_prefix(error, "%s", scoring->path);
}

/* Logits are of the same samples as features. */
static bool check_samples(const struct metrics *m, struct error *error)
{
	uint64_t samples = m->features.statistics.count;
	return !samples || samples == m->logits ||
	       error_set(error, ERROR_INPUT, "%s has %zu samples, but %s has %ju; expected logits of the same samples",
	                 m->arguments->logits, m->logits, m->features.path, (uintmax_t)samples);
}

static bool score_logits(struct metrics *m, struct npy_rows *file, struct error *error)
{
	struct metric_rows rows = metric_rows_of_file(file);
	m->logits = rows.count;
	if (!check_samples(m, error))
		return false;
	struct scoring scoring = {.path = m->arguments->logits};
	scoring.score = inception_score_create(rows.dimensions, (int)m->arguments->splits, rows.count, error);
	if (!scoring.score)
		return error_prefix(error, "%s", m->arguments->logits);
	bool ok = metric_rows_visit(&rows, score_rows, &scoring, error) &&
	          inception_score_finish(scoring.score, &m->is, &m->is_spread, error);
	inception_score_destroy(scoring.score);
	return ok;
}

static bool measure_is(struct metrics *m, struct error *error)
{
	struct npy_rows *file = npy_rows_open(m->arguments->logits, error);
	bool ok = file && score_logits(m, file, error);
	npy_rows_close(file);
	return ok;
}

static const struct metric_statistics *statistics_to_write(const struct metrics *m)
{
	return m->compared ? &m->reference.statistics : &m->features.statistics;
}

static bool measure(struct metrics *m, struct error *error)
{
	const struct metrics_arguments *a = m->arguments;
	m->parallel = parallel_create((int)a->threads, error);
	return m->parallel && (!a->features || load_set(&m->features, a->features, m->parallel, error)) &&
	       (!a->logits || measure_is(m, error)) && (!a->reference || compare(m, error)) &&
	       (!a->write_statistics || metric_statistics_write(a->write_statistics, statistics_to_write(m), error));
}

/* ---- output ---- */

static json_t *json_count(uint64_t count) { return count ? json_integer((json_int_t)count) : json_null(); }

static uint64_t count_samples(const struct metrics *m)
{
	return m->features.statistics.count ? m->features.statistics.count : m->logits;
}

static const char *without_samples(const struct metrics *m)
{
	return !m->features.file ? m->features.path : !m->reference.file ? m->reference.path : NULL;
}

static int print_json(const struct metrics *m)
{
	if (m->compared && without_samples(m))
		cli_warn("no KID: %s has statistics, and KID needs the samples themselves", without_samples(m));
	return cli_print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"fid", m->compared ? cli_json_real(m->fid.distance) : json_null(), "kid", cli_json_real(m->kid),
		"kid_std", cli_json_real(m->kid_spread), "is_mean", cli_json_real(m->is), "is_std", cli_json_real(m->is_spread),
		"samples", json_count(count_samples(m)), "reference_samples", json_count(m->reference.statistics.count),
		"dimensions", json_count((uint64_t)m->features.statistics.dimensions),
		"regularized", m->compared ? json_boolean(m->fid.regularized) : json_null()));
}

static void add_score(struct text_table *table, const char *name, double value, double spread)
{
	text_table_add(table, "%s", name);
	text_table_add(table, isfinite(value) ? "%.6g" : "-", value);
	text_table_add(table, isfinite(spread) ? "%.2g" : "-", spread);
}

static void add_kid(struct text_table *table, const struct metrics *m)
{
	const struct metrics_arguments *a = m->arguments;
	uint64_t size = (uint64_t)a->kid_subset_size;
	add_score(table, "KID", m->kid, m->kid_spread);
	if (without_samples(m))
		text_table_add(table, "%s has statistics; KID needs the samples themselves", without_samples(m));
	else if (m->features.statistics.count <= size && m->reference.statistics.count <= size)
		text_table_add(table, "all samples, spread by jackknife");
	else
		text_table_add(table, "%jd subset%s of %jd, seed %ju", (intmax_t)a->kid_subsets, a->kid_subsets == 1 ? "" : "s",
		               (intmax_t)a->kid_subset_size, (uintmax_t)a->seed);
}

static void add_scores(struct text_table *table, const struct metrics *m)
{
	if (m->compared) {
		add_score(table, "FID", m->fid.distance, NAN);
		text_table_add(table, "%s", m->fid.regularized ? "regularized: a covariance is singular, too few samples or dependent features"
		                                               : "");
		add_kid(table, m);
	}
	if (m->arguments->logits) {
		add_score(table, "IS", m->is, m->is_spread);
		text_table_add(table, "%jd split%s", (intmax_t)m->arguments->splits, m->arguments->splits == 1 ? "" : "s");
	}
}

static void print_set(const char *what, const struct feature_set *set)
{
	char count[32];
	if (!set->path)
		return;
	if (set->statistics.count)
		text_count(count, sizeof count, (int64_t)set->statistics.count);
	else
		text_copy(count, sizeof count, "an unknown number of");
	printf("%-10s %s: %s samples, %d values each\n", what, set->path, count, set->statistics.dimensions);
}

static int print_text(const struct metrics *m)
{
	static const struct text_column columns[] = {
		{"score", false}, {"value", true}, {"spread", true}, {"", false}, {NULL, false},
	};
	char count[32];
	print_set("features", &m->features);
	print_set("reference", &m->reference);
	if (m->arguments->logits)
		printf("%-10s %s: %s samples\n", "logits", m->arguments->logits, text_count(count, sizeof count, (int64_t)m->logits));
	if (m->compared || m->arguments->logits) {
		struct text_table *table = text_table_create(columns);
		printf("\n");
		add_scores(table, m);
		text_table_print(table, stdout, 0);
		text_table_destroy(table);
	}
	if (m->arguments->write_statistics)
		printf("\nstatistics of %s written to %s\n", m->compared ? m->reference.path : m->features.path,
		       m->arguments->write_statistics);
	return fflush(stdout) ? CLI_FAILED : CLI_DONE;
}

/* ---- row ---- */

static const struct cli_option options[] = {
	{.name = "features", .kind = CLI_TEXT, .argument = "A.npy", .offset = offsetof(struct metrics_arguments, features),
	 .help = "features to score, a row a sample"},
	{.name = "reference", .kind = CLI_TEXT, .argument = "B.npy", .offset = offsetof(struct metrics_arguments, reference),
	 .help = "features of real pictures, or their statistics as npz with mu and sigma"},
	{.name = "logits", .kind = CLI_TEXT, .argument = "L.npy", .offset = offsetof(struct metrics_arguments, logits),
	 .help = "logits of the same samples, for the Inception Score"},
	{.name = "splits", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct metrics_arguments, splits), .min = 1,
	 .max = 100000, .standard = "10", .help = "parts of the Inception Score"},
	{.name = "kid-subsets", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct metrics_arguments, kid_subsets),
	 .min = 1, .max = 1000000, .standard = "100", .help = "subsets of the KID"},
	{.name = "kid-subset-size", .kind = CLI_INTEGER, .argument = "N",
	 .offset = offsetof(struct metrics_arguments, kid_subset_size), .min = 2, .max = 1000000, .standard = "1000",
	 .help = "samples of a subset; sets that are no larger are compared whole"},
	{.name = "seed", .kind = CLI_NATURAL, .argument = "N", .offset = offsetof(struct metrics_arguments, seed), .standard = "0",
	 .help = "seed of the subsets' draw"},
	{.name = "write-statistics", .kind = CLI_TEXT, .argument = "OUT.npz",
	 .offset = offsetof(struct metrics_arguments, write_statistics),
	 .help = "write the reference's statistics (without one, the features') as npz with mu and sigma"},
	{.name = "threads", .kind = CLI_INTEGER, .argument = "N", .offset = offsetof(struct metrics_arguments, threads), .min = 0,
	 .max = PARALLEL_MAX_THREADS, .standard = "0", .help = "threads, 0: one a usable core"},
	CLI_JSON(struct metrics_arguments, json),
	{.name = NULL},
};

static bool check_arguments(const struct metrics_arguments *a, struct error *error)
{
	if (!a->features && (a->reference || a->write_statistics))
		return error_set(error, ERROR_INPUT, "--features is missing: expected a .npy file of features, a row a sample");
	if (!a->features && !a->logits)
		return error_set(error, ERROR_INPUT, "nothing to score: expected --features and --reference, or --logits, or both");
	if (a->features && !a->reference && !a->write_statistics)
		return error_set(error, ERROR_INPUT, "--reference is missing: expected a .npy file of features, or an npz of statistics");
	return true;
}

static int run(int argc, char **argv)
{
	struct metrics_arguments arguments = {.splits = INCEPTION_SCORE_SPLITS, .kid_subsets = 100, .kid_subset_size = 1000};
	struct metrics metrics = {.arguments = &arguments, .kid = NAN, .kid_spread = NAN, .is = NAN, .is_spread = NAN};
	struct error error = {0};
	struct cli_words words;
	int status;
	if (!cli_parse(&subcommand_metrics.syntax, subcommand_metrics.help, argc, argv, &arguments, &words, &status))
		return status;
	if (!check_arguments(&arguments, &error) || !measure(&metrics, &error))
		status = cli_fail(&error);
	else
		status = arguments.json ? print_json(&metrics) : print_text(&metrics);
	clear_set(&metrics.features);
	clear_set(&metrics.reference);
	parallel_destroy(metrics.parallel);
	return status;
}

const struct subcommand subcommand_metrics = {
	.name = "metrics",
	.help = "Score saved features and logits: FID, KID and Inception Score.",
	.syntax = {.options = options},
	.run = run,
};
