/* engine/metric: scores of streamed pictures against all at once, their error bars, and references kept in files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/file_bytes.h"
#include "engine/base/memory.h"
#include "engine/metric/frechet.h"
#include "engine/metric/inception_score.h"
#include "engine/metric/kernel_distance.h"
#include "engine/metric/moments.h"
#include "engine/metric/scorer.h"
#include "tests/temporary_folder.h"

enum { SIZE = 32, PICTURE = SIZE * SIZE, REAL = 230, DRAWN = 120, SPLITS = 4, PARTS = 10 };

static const struct evaluation_recipe recipe = {
	.name = "small", .samples = DRAWN, .splits = SPLITS, .kid_subsets = 3, .kid_subset_size = 40};
static struct temporary_folder folder;
static struct dataset real, drawn;
static struct feature_network *network;

/* Stripes: of other widths for other seeds, so that two sets differ and no two pictures are equal. */
static struct dataset make_pictures(size_t count, unsigned seed)
{
	struct dataset set = {.kind = "stripes", .spec = "stripes:here", .size = SIZE, .channels = 1, .count = count};
	set.pixels = memory_zeroed(count, PICTURE);
	for (size_t i = 0; i < count * PICTURE; i++) {
		size_t picture = i / PICTURE, x = i % SIZE, y = i % PICTURE / SIZE;
		set.pixels[i] = (uint8_t)((x * (picture % 5 + 1) + y * (picture % 3 + seed)) * 8 + picture);
	}
	return set;
}

static int prepare(void **state)
{
	(void)state;
	temporary_folder_create(&folder);
	real = make_pictures(REAL, 1);
	drawn = make_pictures(DRAWN, 2);
	network = feature_network_open(NULL, "fashion-mnist", NULL);
	return network ? 0 : -1;
}

static int clean_up(void **state)
{
	(void)state;
	feature_network_close(network);
	free(real.pixels);
	free(drawn.pixels);
	temporary_folder_remove(&folder);
	return 0;
}

static struct picture_viewer viewer(struct parallel *parallel)
{
	return (struct picture_viewer){.network = network, .parallel = parallel};
}

/* ---- references ---- */

static void make_reference(struct reference_work *work, const struct dataset *dataset, size_t limit, const char *path)
{
	const struct picture_viewer eyes = viewer(NULL);
	struct error error;
	if (!reference_work_begin(work, dataset, limit, &eyes, path, &error))
		fail_msg("%s", error.text);
	while (!work->done)
		if (!reference_work_step(work, &error))
			fail_msg("%s", error.text);
	assert_true(reference_work_share_done(work) == (work->set.cached ? 0 : 1));
}

/* All pictures' features at once, by the plain formulas. */
static void a_reference_is_mean_and_covariance_of_all(void **state)
{
	(void)state;
	struct reference_work work;
	struct metric_statistics plain;
	size_t dimensions = (size_t)network->facts.dimensions;
	const struct feature_pictures pictures = {real.pixels, REAL, SIZE, 1};
	float *features = memory_try_floats(REAL * dimensions, "features", NULL);
	double *values = memory_zeroed(REAL * dimensions, sizeof *values);
	make_reference(&work, &real, 0, NULL);
	assert_true(feature_network_compute(network, NULL, &pictures, NULL, features, NULL, NULL));
	for (size_t i = 0; i < REAL * dimensions; i++)
		values[i] = (double)features[i];
	assert_true(metric_statistics_allocate(dimensions, "plain", &plain, NULL));
	metric_moments_ref(values, REAL, &plain);
	assert_true(work.set.statistics.count == REAL && work.set.rows == REAL);
	for (size_t i = 0; i < dimensions * dimensions; i++)
		assert_true(fabs(work.set.statistics.covariance[i] - plain.covariance[i]) < 1e-9);
	for (size_t i = 0; i < dimensions; i++)
		assert_true(fabs(work.set.statistics.mean[i] - plain.mean[i]) < 1e-9);
	metric_statistics_clear(&plain);
	free(features);
	free(values);
	reference_work_clear(&work);
}

static bool same_sets(const struct reference_set *a, const struct reference_set *b)
{
	size_t n = (size_t)a->statistics.dimensions;
	return a->rows == b->rows && a->statistics.count == b->statistics.count && strcmp(a->hash, b->hash) == 0 &&
	       memcmp(a->statistics.mean, b->statistics.mean, n * sizeof(double)) == 0 &&
	       memcmp(a->statistics.covariance, b->statistics.covariance, n * n * sizeof(double)) == 0 &&
	       memcmp(a->features, b->features, a->rows * n * sizeof(float)) == 0;
}

/* The same from the file, which is there once for the pictures, their number and the network. */
static void a_reference_is_found_again(void **state)
{
	(void)state;
	struct reference_work first, second, fewer, others;
	const char *path = temporary_path(&folder, "kept/here");
	char kept[TEMPORARY_PATH_SIZE];
	strcpy(kept, path);
	make_reference(&first, &real, 0, kept);
	make_reference(&second, &real, 0, kept);
	make_reference(&fewer, &real, 100, kept);
	make_reference(&others, &drawn, 0, kept);
	assert_false(first.set.cached || fewer.set.cached || others.set.cached);
	assert_true(second.set.cached && first.unsaved.code == ERROR_NONE);
	assert_true(same_sets(&first.set, &second.set));
	assert_true(fewer.set.statistics.count == 100 && strcmp(first.path, fewer.path) != 0 && strcmp(first.path, others.path) != 0);
	reference_work_clear(&first);
	reference_work_clear(&second);
	reference_work_clear(&fewer);
	reference_work_clear(&others);
}

/* Whatever is wrong with the file, it is made anew and put in its place. */
static void a_damaged_file_is_replaced(void **state)
{
	(void)state;
	struct reference_work first, again;
	char kept[TEMPORARY_PATH_SIZE], path[TEMPORARY_PATH_SIZE];
	strcpy(kept, temporary_path(&folder, "damaged"));
	make_reference(&first, &real, 0, kept);
	strcpy(path, first.path);
	struct file_bytes file;
	assert_true(file_bytes_read(path, 1 << 30, &file, NULL));
	uint8_t *bytes = memory_zeroed(1, file.size);
	for (int damage = 0; damage < 4; damage++) {
		size_t size = damage == 0 ? 0 : damage == 1 ? file.size / 2 : file.size;
		memcpy(bytes, file.bytes, file.size);
		if (damage == 2)
			bytes[file.size / 3] ^= 1;
		if (damage == 3)
			memset(bytes, 'x', size);
		temporary_write(path, bytes, size);
		make_reference(&again, &real, 0, kept);
		assert_true(!again.set.cached && same_sets(&first.set, &again.set));
		reference_work_clear(&again);
		make_reference(&again, &real, 0, kept);
		assert_true(again.set.cached && same_sets(&first.set, &again.set));
		reference_work_clear(&again);
	}
	free(bytes);
	file_bytes_clear(&file);
	reference_work_clear(&first);
}

static void a_folder_that_cannot_be_written_is_told(void **state)
{
	(void)state;
	struct reference_work work;
	char kept[TEMPORARY_PATH_SIZE];
	strcpy(kept, temporary_path(&folder, "a-file"));
	temporary_write(kept, "x", 1);
	make_reference(&work, &real, 50, kept);
	assert_true(work.unsaved.code != ERROR_NONE && strstr(work.unsaved.text, "a-file") && work.set.statistics.count == 50);
	reference_work_clear(&work);
}

/* Both end with the whole reference, and so does the file. */
static void two_processes_may_make_it_at_once(void **state)
{
	(void)state;
	struct reference_work work;
	char kept[TEMPORARY_PATH_SIZE];
	int status;
	strcpy(kept, temporary_path(&folder, "shared"));
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		make_reference(&work, &real, 0, kept);
		_exit(work.set.statistics.count == REAL ? 0 : 1);
	}
	make_reference(&work, &real, 0, kept);
	assert_true(work.set.statistics.count == REAL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	reference_work_clear(&work);
	make_reference(&work, &real, 0, kept);
	assert_true(work.set.cached);
	reference_work_clear(&work);
}

/* ---- scores ---- */

static bool read_drawn(void *context, size_t first, size_t count, uint8_t *pixels, struct error *error)
{
	(void)error;
	memcpy(pixels, (const uint8_t *)context + first * PICTURE, count * PICTURE);
	return true;
}

static struct picture_stream stream_of(const uint8_t *pixels, size_t count)
{
	return (struct picture_stream){
		.count = count, .size = SIZE, .channels = 1, .read = read_drawn, .context = (void *)(uintptr_t)pixels};
}

static struct evaluation_scores score(const struct dataset *set, const struct reference_set *reference, struct parallel *parallel)
{
	const struct evaluation_task task = {
		.recipe = &recipe, .pictures = stream_of(set->pixels, set->count), .reference = reference, .viewer = viewer(parallel),
		.seed = 7};
	struct evaluation_scores scores;
	struct error error;
	struct evaluation *evaluation = evaluation_create(&task, &error);
	bool done = false;
	assert_non_null(evaluation);
	while (!done)
		if (!evaluation_step(evaluation, &scores, &done, &error))
			fail_msg("%s", error.text);
	assert_true(evaluation_share_done(evaluation) == 1);
	evaluation_destroy(evaluation);
	return scores;
}

struct table { /* of all drawn pictures at once */
	double *features, *logits;
	size_t dimensions, classes;
};

static struct table look_at_all(void)
{
	struct table table = {.dimensions = (size_t)network->facts.dimensions, .classes = (size_t)network->facts.classes};
	const struct feature_pictures pictures = {drawn.pixels, DRAWN, SIZE, 1};
	float *features = memory_try_floats(DRAWN * table.dimensions, "features", NULL);
	float *logits = memory_try_floats(DRAWN * table.classes, "logits", NULL);
	assert_true(feature_network_compute(network, NULL, &pictures, NULL, features, logits, NULL));
	table.features = memory_zeroed(DRAWN * table.dimensions, sizeof(double));
	table.logits = memory_zeroed(DRAWN * table.classes, sizeof(double));
	for (size_t i = 0; i < DRAWN * table.dimensions; i++)
		table.features[i] = (double)features[i];
	for (size_t i = 0; i < DRAWN * table.classes; i++)
		table.logits[i] = (double)logits[i];
	free(features);
	free(logits);
	return table;
}

/* The distance without rows begin .. end - 1. */
static double distance_without(const struct table *table, const struct metric_statistics *reference, size_t begin, size_t end)
{
	double *rows = memory_zeroed(DRAWN * table->dimensions, sizeof *rows);
	size_t row = table->dimensions * sizeof *rows, kept = DRAWN - (end - begin);
	struct metric_statistics statistics;
	struct frechet frechet;
	memcpy(rows, table->features, begin * row);
	memcpy(rows + begin * table->dimensions, table->features + end * table->dimensions, (DRAWN - end) * row);
	assert_true(metric_statistics_allocate(table->dimensions, "rows", &statistics, NULL));
	metric_moments_ref(rows, kept, &statistics);
	assert_true(frechet_measure(NULL, &statistics, reference, NULL, &frechet, NULL));
	metric_statistics_clear(&statistics);
	free(rows);
	return frechet.distance;
}

static void expect_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance * fabs(expected)))
		fail_msg("%.12g, expected %.12g", value, expected);
}

static void streamed_scores_are_those_of_all_at_once(void **state)
{
	(void)state;
	struct reference_work work;
	struct table table = look_at_all();
	make_reference(&work, &real, 0, NULL);
	const struct metric_statistics *reference = &work.set.statistics;
	struct evaluation_scores scores = score(&drawn, &work.set, NULL);
	assert_true(scores.samples == DRAWN && scores.reference_samples == REAL && scores.dimensions == (int)table.dimensions);
	expect_near(scores.fid, distance_without(&table, reference, 0, 0), 1e-6);
	double mean = 0, squares = 0, distances[PARTS], is = NAN, deviation = NAN;
	for (size_t i = 0; i < PARTS; i++) {
		distances[i] = distance_without(&table, reference, DRAWN * i / PARTS, DRAWN * (i + 1) / PARTS);
		mean += distances[i] / PARTS;
	}
	for (int i = 0; i < PARTS; i++)
		squares += (distances[i] - mean) * (distances[i] - mean);
	expect_near(scores.fid_std, sqrt(squares * (PARTS - 1) / PARTS), 1e-4);
	struct inception_score *whole = inception_score_create(table.classes, SPLITS, DRAWN, NULL);
	assert_true(inception_score_add(whole, table.logits, DRAWN, NULL) && inception_score_finish(whole, &is, &deviation, NULL));
	assert_true(scores.is_mean == is && scores.is_std == deviation);
	inception_score_destroy(whole);
	assert_true(scores.kid > 0 && scores.kid_std > 0 && scores.fid > 0 && scores.fid_std > 0);
	free(table.features);
	free(table.logits);
	reference_work_clear(&work);
}

/* Fewer pictures than dimensions: the covariance is flat somewhere, and that is told. */
static void few_pictures_are_regularized(void **state)
{
	(void)state;
	struct reference_work work;
	make_reference(&work, &real, 0, NULL);
	assert_true(DRAWN < network->facts.dimensions && score(&drawn, &work.set, NULL).regularized);
	reference_work_clear(&work);
}

static void threads_change_no_bit(void **state)
{
	(void)state;
	struct reference_work work;
	struct parallel *parallel = parallel_create(3, NULL);
	make_reference(&work, &real, 0, NULL);
	struct evaluation_scores one = score(&drawn, &work.set, NULL), three = score(&drawn, &work.set, parallel);
	assert_true(one.fid == three.fid && one.fid_std == three.fid_std && one.kid == three.kid && one.is_mean == three.is_mean);
	parallel_destroy(parallel);
	reference_work_clear(&work);
}

static void the_reference_itself_scores_nothing(void **state)
{
	(void)state;
	struct reference_work work;
	make_reference(&work, &real, 0, NULL);
	struct evaluation_scores same = score(&real, &work.set, NULL), other = score(&drawn, &work.set, NULL);
	assert_true(same.fid < 1e-6 && other.fid > 1);
	reference_work_clear(&work);
}

/* ---- the scorer ---- */

static void run_scorer(struct scorer *scorer, const struct picture_stream *stream, struct score_report *report, int *steps)
{
	struct error error;
	bool done = false;
	assert_true(scorer_begin(scorer, &recipe, stream, 7, &error));
	for (*steps = 0; !done; ++*steps) {
		assert_true(scorer_is_busy(scorer));
		struct scorer_progress progress = scorer_progress(scorer);
		assert_true(progress.share >= 0 && progress.share <= 1);
		if (!scorer_step(scorer, report, &done, &error))
			fail_msg("%s", error.text);
	}
	assert_false(scorer_is_busy(scorer));
}

static struct scorer *new_scorer(const atomic_bool *cancelled)
{
	struct scorer_options options = {.reference = &real, .split = "train", .viewer = viewer(NULL)};
	options.viewer.network = feature_network_open(NULL, "fashion-mnist", NULL);
	options.viewer.cancelled = cancelled;
	return scorer_create(&options);
}

/* The reference is made for the first score only, and a score says all that it depends on. */
static void a_scorer_keeps_the_reference(void **state)
{
	(void)state;
	struct scorer *scorer = new_scorer(NULL);
	const struct picture_stream stream = stream_of(drawn.pixels, DRAWN);
	struct score_report first, second;
	int first_steps, second_steps;
	run_scorer(scorer, &stream, &first, &first_steps);
	run_scorer(scorer, &stream, &second, &second_steps);
	assert_true(second_steps < first_steps && first.scores.fid == second.scores.fid);
	assert_true(first.recipe == &recipe && first.seed == 7);
	assert_string_equal(first.reference, "stripes:here");
	assert_string_equal(first.split, "train");
	assert_string_equal(first.weights_hash, network->facts.hash);
	assert_int_equal(strlen(first.reference_hash), 64);
	scorer_destroy(scorer);
}

static void what_is_stopped_can_be_begun_again(void **state)
{
	(void)state;
	atomic_bool cancelled = false;
	struct scorer *scorer = new_scorer(&cancelled);
	const struct picture_stream stream = stream_of(drawn.pixels, DRAWN), few = stream_of(drawn.pixels, SPLITS);
	struct score_report report;
	struct error error = {0};
	bool done, good = true;
	int steps;
	assert_true(scorer_begin(scorer, &recipe, &stream, 7, &error) && scorer_step(scorer, &report, &done, &error));
	scorer_stop(scorer);
	assert_false(scorer_is_busy(scorer));
	run_scorer(scorer, &stream, &report, &steps);
	double fid = report.scores.fid;
	assert_true(scorer_begin(scorer, &recipe, &few, 7, &error));
	while (scorer_is_busy(scorer) && good)
		good = scorer_step(scorer, &report, &done, &error);
	assert_true(!good && error.code == ERROR_INPUT && !scorer_is_busy(scorer)); /* too few for the splits */
	assert_true(scorer_begin(scorer, &recipe, &stream, 7, &error) && scorer_step(scorer, &report, &done, &error));
	atomic_store(&cancelled, true);
	assert_false(scorer_step(scorer, &report, &done, &error));
	assert_int_equal(error.code, ERROR_CANCELLED);
	atomic_store(&cancelled, false);
	run_scorer(scorer, &stream, &report, &steps);
	assert_true(report.scores.fid == fid);
	scorer_destroy(scorer);
}

static void recipes_are_found_by_name(void **state)
{
	(void)state;
	int count = 0;
	for (const struct evaluation_recipe *row = evaluation_recipes; row->name; row++, count++) {
		assert_ptr_equal(evaluation_recipe_find(row->name), row);
		assert_true(row->samples >= EVALUATION_MIN_SAMPLES && row->splits >= 1 && row->samples / row->splits >= 2);
		assert_true(row->kid_subsets >= 1 && row->kid_subset_size <= row->samples && *row->help);
	}
	assert_true(count >= 2 && !evaluation_recipe_find("none"));
	assert_true(evaluation_standard->samples == 5000 && evaluation_standard->splits == 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reference_is_mean_and_covariance_of_all),
		cmocka_unit_test(a_reference_is_found_again),
		cmocka_unit_test(a_damaged_file_is_replaced),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_told),
		cmocka_unit_test(two_processes_may_make_it_at_once),
		cmocka_unit_test(streamed_scores_are_those_of_all_at_once),
		cmocka_unit_test(few_pictures_are_regularized),
		cmocka_unit_test(threads_change_no_bit),
		cmocka_unit_test(the_reference_itself_scores_nothing),
		cmocka_unit_test(a_scorer_keeps_the_reference),
		cmocka_unit_test(what_is_stopped_can_be_begun_again),
		cmocka_unit_test(recipes_are_found_by_name),
	};
	return cmocka_run_group_tests_name("evaluation", tests, prepare, clean_up);
}
