#include "engine/metric/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/metric/frechet.h"
#include "engine/metric/inception_score.h"
#include "engine/metric/kernel_distance.h"
#include "engine/metric/moments.h"

enum { PARTS = 10 }; /* of the jackknife */

const struct evaluation_recipe evaluation_recipes[] = {
	{.name = "live", .help = "1,000 pictures against 10,000: taken again and again while it trains", .samples = 1000,
	 .reference_samples = 10000, .splits = INCEPTION_SCORE_SPLITS, .kid_subsets = 20, .kid_subset_size = 500},
	{.name = "standard", .help = "5,000 pictures, 10 splits: what papers on small pictures report", .samples = 5000,
	 .splits = INCEPTION_SCORE_SPLITS, .kid_subsets = 100, .kid_subset_size = 1000},
	{.name = "large", .help = "50,000 pictures, 10 splits: the least bias", .samples = 50000,
	 .splits = INCEPTION_SCORE_SPLITS, .kid_subsets = 100, .kid_subset_size = 1000},
	{.name = NULL},
};
const struct evaluation_recipe *const evaluation_live = &evaluation_recipes[0];
const struct evaluation_recipe *const evaluation_standard = &evaluation_recipes[1];

const struct evaluation_recipe *evaluation_recipe_find(const char *name)
{
	for (const struct evaluation_recipe *recipe = evaluation_recipes; recipe->name; recipe++)
		if (!strcmp(recipe->name, name))
			return recipe;
	return NULL;
}

struct evaluation {
	struct evaluation_task task;
	struct evaluation_scores scores;
	struct picture_walk walk;
	size_t samples, dimensions, classes;
	struct metric_moments moments[PARTS]; /* of each tenth, or all in the first */
	int parts;
	struct inception_score *score;
	double *logits;  /* of a chunk */
	float *features; /* [rows][dimensions]: the first ones, for the KID */
	size_t rows;
	int without;     /* the part the jackknife leaves out next; -1: none yet */
	double distances[PARTS];
	struct metric_array arrays[2]; /* for the KID: ours, the reference's .. */
	struct metric_rows tables[2];  /* .. and the same as it reads them */
	struct kernel_distance *kernel;
};

/* ---- what streams by ---- */

/* Logits in double, as the score takes them. */
static bool add_logits(struct evaluation *evaluation, size_t count, struct error *error)
{
	for (size_t i = 0; i < count * evaluation->classes; i++)
		evaluation->logits[i] = (double)evaluation->walk.logits[i];
	return inception_score_add(evaluation->score, evaluation->logits, count, error);
}

static size_t part_begin(const struct evaluation *evaluation, int part)
{
	return evaluation->samples * (size_t)part / (size_t)evaluation->parts;
}

/* Every picture goes into the moments of its part. */
static bool add_moments(struct evaluation *evaluation, size_t first, size_t count, struct error *error)
{
	for (int part = 0; part < evaluation->parts; part++) {
		size_t begin = part_begin(evaluation, part), end = part_begin(evaluation, part + 1);
		begin = begin > first ? begin : first;
		end = end < first + count ? end : first + count;
		const float *features = evaluation->walk.features + (begin - first) * evaluation->dimensions;
		if (begin < end && !metric_moments_add_floats(&evaluation->moments[part], evaluation->task.viewer.parallel, features,
		                                              end - begin, error))
			return false;
	}
	return true;
}

static bool look_at_pictures(struct evaluation *evaluation, struct error *error)
{
	size_t first, count, dimensions = evaluation->dimensions;
	if (!picture_walk_step(&evaluation->walk, &first, &count, error))
		return false;
	if (first < evaluation->rows) {
		size_t rows = evaluation->rows - first < count ? evaluation->rows - first : count;
		memcpy(evaluation->features + first * dimensions, evaluation->walk.features, rows * dimensions * sizeof(float));
	}
	return add_moments(evaluation, first, count, error) && add_logits(evaluation, count, error);
}

/* ---- FID ---- */

/* The distance of all parts but one; without: -1 for none. */
static bool measure_distance(struct evaluation *evaluation, int without, struct frechet *frechet, struct error *error)
{
	struct parallel *parallel = evaluation->task.viewer.parallel;
	struct metric_moments all = {0};
	struct metric_statistics statistics = {0};
	bool good = metric_moments_init(&all, evaluation->dimensions, "the pictures' features", error);
	for (int i = 0; good && i < evaluation->parts; i++)
		if (i != without)
			metric_moments_merge(&all, parallel, &evaluation->moments[i]);
	good = good && metric_moments_finish(&all, parallel, &statistics, error) &&
	       frechet_measure(parallel, &statistics, &evaluation->task.reference->statistics, evaluation->task.viewer.cancelled,
	                       frechet, error);
	metric_moments_clear(&all);
	metric_statistics_clear(&statistics);
	return good;
}

static double jackknife(const double distances[], int count)
{
	double mean = 0, squares = 0;
	for (int i = 0; i < count; i++)
		mean += distances[i] / count;
	for (int i = 0; i < count; i++)
		squares += (distances[i] - mean) * (distances[i] - mean);
	return sqrt(squares * (count - 1) / count);
}

/* One distance: of all pictures first, then without each part. */
static bool measure_fid(struct evaluation *evaluation, struct error *error)
{
	struct frechet frechet;
	int without = evaluation->without;
	if (!measure_distance(evaluation, without, &frechet, error))
		return false;
	if (without < 0) {
		evaluation->scores.fid = frechet.distance;
		evaluation->scores.regularized = frechet.regularized;
	} else {
		evaluation->distances[without] = frechet.distance;
	}
	evaluation->without++;
	if (evaluation->without == evaluation->parts && evaluation->parts > 1)
		evaluation->scores.fid_std = jackknife(evaluation->distances, evaluation->parts);
	return true;
}

static bool fid_is_done(const struct evaluation *evaluation)
{
	return evaluation->without == (evaluation->parts > 1 ? evaluation->parts : 0);
}

/* ---- KID ---- */

static bool begin_kid(struct evaluation *evaluation, struct error *error)
{
	const struct evaluation_recipe *recipe = evaluation->task.recipe;
	const struct reference_set *reference = evaluation->task.reference;
	const struct kernel_distance_options options = {
		.subsets = recipe->kid_subsets, .subset_size = recipe->kid_subset_size, .seed = evaluation->task.seed};
	evaluation->arrays[0] = (struct metric_array){evaluation->features, evaluation->rows, evaluation->dimensions};
	evaluation->arrays[1] = (struct metric_array){reference->features, reference->rows, evaluation->dimensions};
	for (int i = 0; i < 2; i++)
		evaluation->tables[i] = metric_rows_of_array(&evaluation->arrays[i]);
	evaluation->kernel = kernel_distance_create(&options, &evaluation->tables[0], &evaluation->tables[1], error);
	return evaluation->kernel != NULL;
}

static bool measure_kid(struct evaluation *evaluation, struct error *error)
{
	if (!evaluation->kernel && !begin_kid(evaluation, error))
		return false;
	if (!kernel_distance_step(evaluation->kernel, evaluation->task.viewer.parallel, error))
		return false;
	kernel_distance_result(evaluation->kernel, &evaluation->scores.kid, &evaluation->scores.kid_std);
	return true;
}

static bool kid_is_done(const struct evaluation *evaluation)
{
	return evaluation->kernel && kernel_distance_steps_left(evaluation->kernel) == 0;
}

/* ---- life ---- */

static bool begin(struct evaluation *evaluation, struct error *error)
{
	static const char what[] = "the pictures' features";
	const struct evaluation_task *task = &evaluation->task;
	evaluation->score = inception_score_create(evaluation->classes, task->recipe->splits, evaluation->samples, error);
	if (!evaluation->score || !picture_walk_init(&evaluation->walk, &task->pictures, &task->viewer, error))
		return false;
	evaluation->logits = memory_zeroed(evaluation->walk.chunk * evaluation->classes, sizeof *evaluation->logits);
	evaluation->features = memory_try_floats(evaluation->rows * evaluation->dimensions, what, error);
	for (int i = 0; evaluation->features && i < evaluation->parts; i++)
		if (!metric_moments_init(&evaluation->moments[i], evaluation->dimensions, what, error))
			return false;
	return evaluation->features != NULL;
}

struct evaluation *evaluation_create(const struct evaluation_task *task, struct error *error)
{
	const struct feature_facts *facts = &task->viewer.network->facts;
	struct evaluation *evaluation = memory_zeroed(1, sizeof *evaluation);
	evaluation->task = *task;
	evaluation->samples = task->pictures.count;
	evaluation->dimensions = (size_t)facts->dimensions;
	evaluation->classes = (size_t)facts->classes;
	evaluation->rows = evaluation->samples < REFERENCE_ROWS ? evaluation->samples : REFERENCE_ROWS;
	evaluation->parts = facts->dimensions <= EVALUATION_JACKKNIFE ? PARTS : 1;
	evaluation->without = -1;
	evaluation->scores = (struct evaluation_scores){
		.fid = NAN, .fid_std = NAN, .kid = NAN, .kid_std = NAN, .is_mean = NAN, .is_std = NAN,
		.samples = (int64_t)evaluation->samples, .reference_samples = (int64_t)task->reference->statistics.count,
		.dimensions = facts->dimensions,
	};
	if (begin(evaluation, error))
		return evaluation;
	evaluation_destroy(evaluation);
	return NULL;
}

void evaluation_destroy(struct evaluation *evaluation)
{
	if (!evaluation)
		return;
	for (int i = 0; i < PARTS; i++)
		metric_moments_clear(&evaluation->moments[i]);
	kernel_distance_destroy(evaluation->kernel);
	inception_score_destroy(evaluation->score);
	picture_walk_clear(&evaluation->walk);
	free(evaluation->logits);
	free(evaluation->features);
	free(evaluation);
}

bool evaluation_step(struct evaluation *evaluation, struct evaluation_scores *scores, bool *done, struct error *error)
{
	*done = false;
	if (evaluation->walk.done < evaluation->samples)
		return look_at_pictures(evaluation, error);
	if (!fid_is_done(evaluation))
		return measure_fid(evaluation, error);
	if (!kid_is_done(evaluation))
		return measure_kid(evaluation, error);
	struct evaluation_scores *own = &evaluation->scores;
	if (!inception_score_finish(evaluation->score, &own->is_mean, &own->is_std, error))
		return false;
	*scores = *own;
	*done = true;
	return true;
}

double evaluation_share_done(const struct evaluation *evaluation)
{
	return (double)evaluation->walk.done / (double)evaluation->samples;
}
