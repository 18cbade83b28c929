/* engine/metric: Inception Score and kernel distance against what is known, plain loops and numpy. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/metric/inception_score.h"
#include "engine/metric/kernel_distance.h"
#include "tests/golden/metrics.h"
#include "tests/metric_features.h"

/* ---- Inception Score ---- */

static double *make_logits(uint64_t seed, size_t count, size_t classes)
{
	float *floats = make_features(seed, count, classes, 2.0, 0.3);
	double *logits = malloc(count * classes * sizeof *logits);
	assert_non_null(logits);
	for (size_t i = 0; i < count * classes; i++)
		logits[i] = (double)floats[i];
	free(floats);
	return logits;
}

/* In parts of `cut` samples. */
static void score(const double *logits, size_t count, size_t classes, int splits, size_t cut, double *mean, double *deviation)
{
	struct error error = {0};
	struct inception_score *score = inception_score_create(classes, splits, count, &error);
	assert_non_null(score);
	for (size_t first = 0; first < count; first += cut)
		if (!inception_score_add(score, logits + first * classes, count - first < cut ? count - first : cut, &error))
			fail_msg("%s", error.text);
	assert_true(inception_score_finish(score, mean, deviation, NULL));
	inception_score_destroy(score);
}

static void certain_samples_score_their_classes(void **state)
{
	(void)state;
	enum { CLASSES = 7, COUNT = 140 };
	static const double margins[] = {50, 1e3, 1e300};
	double mean, deviation, logits[COUNT * CLASSES];
	for (int m = 0; m < 3; m++) {
		for (int i = 0; i < COUNT * CLASSES; i++)
			logits[i] = i % CLASSES == i / CLASSES % CLASSES ? margins[m] : -margins[m];
		score(logits, COUNT, CLASSES, 10, COUNT, &mean, &deviation);
		assert_true(nearly_equal(mean, CLASSES, 1e-12) && deviation < 1e-12);
	}
}

static void equal_samples_score_one(void **state)
{
	(void)state;
	enum { CLASSES = 5, COUNT = 60 };
	double mean, deviation, logits[COUNT * CLASSES];
	for (int i = 0; i < COUNT * CLASSES; i++)
		logits[i] = 1e4;
	score(logits, COUNT, CLASSES, 3, COUNT, &mean, &deviation);
	assert_true(near(mean, 1, 1e-14) && deviation < 1e-14);
	for (int i = 0; i < COUNT * CLASSES; i++)
		logits[i] = i % CLASSES;
	score(logits, COUNT, CLASSES, 3, COUNT, &mean, &deviation);
	assert_true(near(mean, 1, 1e-14) && deviation < 1e-14);
	score(logits, COUNT * CLASSES, 1, 3, COUNT, &mean, &deviation);
	assert_true(near(mean, 1, 1e-14) && deviation < 1e-14);
}

/* Half the samples sure of one class, half of another: exp of log 2 where a split has both. */
static void splits_are_consecutive(void **state)
{
	(void)state;
	enum { COUNT = 40 };
	double mean, deviation, logits[COUNT * 2];
	for (int i = 0; i < COUNT; i++) {
		logits[2 * i] = i < COUNT / 2 ? 900 : 0;
		logits[2 * i + 1] = i < COUNT / 2 ? 0 : 900;
	}
	score(logits, COUNT, 2, 1, COUNT, &mean, &deviation);
	assert_true(nearly_equal(mean, 2, 1e-14) && deviation == 0);
	score(logits, COUNT, 2, 2, COUNT, &mean, &deviation);
	assert_true(nearly_equal(mean, 1, 1e-14) && deviation < 1e-14);
}

static void scores_are_numpy_s(void **state)
{
	(void)state;
	static const struct { int splits; double mean, deviation; } rows[] = {
		{1, golden_is_mean_1, golden_is_std_1}, {4, golden_is_mean_4, golden_is_std_4}, {10, golden_is_mean_10, golden_is_std_10},
	};
	double *logits = make_logits(6, 103, 7), mean, deviation;
	for (int i = 0; i < 3; i++) {
		score(logits, 103, 7, rows[i].splits, 103, &mean, &deviation);
		assert_true(nearly_equal(mean, rows[i].mean, 1e-12) && near(deviation, rows[i].deviation, 1e-12));
	}
	free(logits);
}

static void score_is_that_of_the_formula(void **state)
{
	(void)state;
	enum { COUNT = 90, CLASSES = 11 };
	double *logits = make_logits(30, COUNT, CLASSES), probabilities[COUNT * CLASSES], mean, deviation;
	for (int i = 0; i < COUNT; i++) {
		double sum = 0;
		for (int c = 0; c < CLASSES; c++)
			sum += exp(logits[i * CLASSES + c]);
		for (int c = 0; c < CLASSES; c++)
			probabilities[i * CLASSES + c] = exp(logits[i * CLASSES + c]) / sum;
	}
	score(logits, COUNT, CLASSES, 1, COUNT, &mean, &deviation);
	assert_true(nearly_equal(mean, inception_score_ref(probabilities, COUNT, CLASSES), 1e-12));
	free(logits);
}

static void cuts_make_no_difference(void **state)
{
	(void)state;
	double *logits = make_logits(31, 97, 6), whole[2], cut[2];
	score(logits, 97, 6, 10, 97, &whole[0], &whole[1]);
	for (size_t size = 1; size < 97; size += 8) {
		score(logits, 97, 6, 10, size, &cut[0], &cut[1]);
		assert_memory_equal(cut, whole, sizeof whole);
	}
	free(logits);
}

static void wrong_logits_are_named(void **state)
{
	(void)state;
	static const struct { size_t classes, samples; int splits; const char *text; } rows[] = {
		{3, 19, 10, "19 samples are too few for 10 splits, which need at least 2 each; expected 9 splits at most"},
		{3, 0, 1, "0 samples: an Inception Score needs at least 2"},
		{3, 1, 10, "1 sample: an Inception Score needs at least 2"},
		{0, 20, 10, "there are no classes; expected at least one logit a sample"},
	};
	struct error error = {0};
	double values[8] = {1, 2, 3, 4, 5, NAN, 7, 8}, mean, deviation;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_null(inception_score_create(rows[i].classes, rows[i].splits, rows[i].samples, &error));
		assert_string_equal(error.text, rows[i].text);
		assert_int_equal(error.code, ERROR_INPUT);
	}
	struct inception_score *score = inception_score_create(2, 2, 4, NULL);
	assert_true(inception_score_add(score, values, 1, NULL));
	assert_false(inception_score_add(score, values + 2, 3, &error));
	assert_string_equal(error.text, "row 2, column 1 is NaN; expected finite numbers");
	assert_false(inception_score_finish(score, &mean, &deviation, &error));
	assert_int_equal(error.code, ERROR_STATE);
	values[5] = 6;
	assert_false(inception_score_add(score, values, 4, &error));
	assert_true(inception_score_add(score, values + 2, 3, NULL));
	assert_true(inception_score_finish(score, &mean, &deviation, NULL));
	inception_score_destroy(score);
}

/* ---- kernel distance ---- */

static void compare(const struct kernel_distance_options *options, struct parallel *pool, struct metric_array *a,
                    struct metric_array *b, double *mean, double *spread)
{
	struct metric_rows left = metric_rows_of_array(a), right = metric_rows_of_array(b);
	struct error error = {0};
	struct kernel_distance *distance = kernel_distance_create(options, &left, &right, &error);
	if (!distance)
		fail_msg("%s", error.text);
	for (int steps = kernel_distance_steps_left(distance); steps > 0; steps--) {
		assert_int_equal(kernel_distance_steps_left(distance), steps);
		if (!kernel_distance_step(distance, pool, &error))
			fail_msg("%s", error.text);
	}
	assert_int_equal(kernel_distance_steps_left(distance), 0);
	kernel_distance_result(distance, mean, spread);
	kernel_distance_destroy(distance);
}

static double reference(const struct metric_array *a, const struct metric_array *b)
{
	double *left = malloc(a->count * a->dimensions * sizeof *left), *right = malloc(b->count * b->dimensions * sizeof *right);
	assert_true(left && right);
	for (size_t i = 0; i < a->count * a->dimensions; i++)
		left[i] = (double)a->values[i];
	for (size_t i = 0; i < b->count * b->dimensions; i++)
		right[i] = (double)b->values[i];
	double distance = kernel_distance_ref(left, a->count, right, b->count, a->dimensions);
	free(left);
	free(right);
	return distance;
}

static void whole_sets_are_compared_once(void **state)
{
	(void)state;
	static const struct kernel_distance_options options = KERNEL_DISTANCE_DEFAULTS;
	float *left = make_features(1, 400, 24, 0.3, 0.01), *right = make_features(2, 300, 24, 0.25, 0.012);
	struct metric_array a = {left, 400, 24}, b = {right, 300, 24};
	double mean, spread, back;
	compare(&options, NULL, &a, &b, &mean, &spread);
	assert_true(nearly_equal(mean, golden_kid_whole, 1e-9) && nearly_equal(mean, reference(&a, &b), 1e-9));
	compare(&options, NULL, &b, &a, &back, &spread);
	assert_true(nearly_equal(back, mean, 1e-9));
	a.count = 60;
	b.count = 40;
	compare(&options, NULL, &a, &b, &mean, &spread);
	assert_true(nearly_equal(spread, golden_kid_whole_std, 1e-9));
	a.count = 2;
	compare(&options, NULL, &a, &b, &mean, &spread);
	assert_true(isfinite(mean) && isnan(spread));
	free(left);
	free(right);
}

/* The second row: one set is smaller than a subset. */
static void subsets_are_numpy_s(void **state)
{
	(void)state;
	float *left = make_features(1, 400, 24, 0.3, 0.01), *right = make_features(2, 300, 24, 0.25, 0.012);
	float *few = make_features(3, 20, 48, 0.3, 0.01);
	struct metric_array a = {left, 400, 24}, b = {right, 300, 24};
	struct kernel_distance_options options = {.subsets = 7, .subset_size = 200, .seed = 3};
	double mean, spread;
	compare(&options, NULL, &a, &b, &mean, &spread);
	assert_true(nearly_equal(mean, golden_kid_subsets, 1e-9) && nearly_equal(spread, golden_kid_subsets_std, 1e-9));
	for (size_t i = 0; i < 20; i++)
		memmove(few + i * 24, few + i * 48, 24 * sizeof *few);
	a = (struct metric_array){few, 20, 24};
	options.subset_size = 150;
	compare(&options, NULL, &a, &b, &mean, &spread);
	assert_true(nearly_equal(mean, golden_kid_subsets_few, 1e-9) && nearly_equal(spread, golden_kid_subsets_few_std, 1e-9));
	free(left);
	free(right);
	free(few);
}

/* Unbiased: around 0 for sets of one kind, on either side of it. */
static void sets_of_one_kind_are_near_zero(void **state)
{
	(void)state;
	struct kernel_distance_options options = {.subsets = 40, .subset_size = 60, .seed = 5};
	float *values = make_features(33, 800, 10, 0.3, 0), *far = make_features(34, 400, 10, 0.3, 0.05);
	struct metric_array a = {values, 400, 10}, b = {values + 4000, 400, 10}, c = {far, 400, 10};
	double mean, spread, shifted, shifted_spread;
	compare(&options, NULL, &a, &b, &mean, &spread);
	assert_true(fabs(mean) < spread);
	compare(&options, NULL, &a, &c, &shifted, &shifted_spread);
	assert_true(shifted > 10 * fabs(mean) && shifted > 2 * shifted_spread);
	free(values);
	free(far);
}

static void seeds_choose_and_threads_do_not(void **state)
{
	(void)state;
	struct parallel *pool = parallel_create(3, NULL);
	struct kernel_distance_options options = {.subsets = 3, .subset_size = 290, .seed = 1};
	float *left = make_features(35, 400, 9, 0.3, 0.01), *right = make_features(36, 300, 9, 0.25, 0.012);
	struct metric_array a = {left, 400, 9}, b = {right, 300, 9};
	double first[2], second[2];
	compare(&options, NULL, &a, &b, &first[0], &first[1]);
	compare(&options, pool, &a, &b, &second[0], &second[1]);
	assert_memory_equal(second, first, sizeof first);
	options.seed = 2;
	compare(&options, pool, &a, &b, &second[0], &second[1]);
	assert_true(second[0] != first[0]);
	options.subsets = 1;
	compare(&options, pool, &a, &b, &second[0], &second[1]);
	assert_true(second[1] > 0); /* by the jackknife */
	free(left);
	free(right);
	parallel_destroy(pool);
}

static bool fail_to_read(void *context, size_t first, size_t count, double *values, struct error *error)
{
	(void)context, (void)first, (void)count, (void)values;
	return error_set(error, ERROR_IO, "gone");
}

static void mistakes_are_told(void **state)
{
	(void)state;
	static const struct kernel_distance_options options = KERNEL_DISTANCE_DEFAULTS;
	const float values[6] = {1, 2, 3e38f, 4, -3e38f, INFINITY};
	struct metric_array a = {values, 3, 1}, one = {values, 1, 1}, endless = {values + 3, 3, 1};
	struct metric_rows rows = metric_rows_of_array(&a), few = metric_rows_of_array(&one), wrong = metric_rows_of_array(&endless);
	struct error error = {0};
	assert_null(kernel_distance_create(&options, &rows, &few, &error));
	assert_string_equal(error.text, "1 sample: a kernel distance needs at least 2");
	struct kernel_distance *distance = kernel_distance_create(&options, &wrong, &rows, NULL);
	assert_false(kernel_distance_step(distance, NULL, &error));
	assert_int_equal(error.code, ERROR_NUMERIC);
	kernel_distance_destroy(distance);
	rows.read = fail_to_read;
	distance = kernel_distance_create(&options, &rows, &rows, NULL);
	assert_false(kernel_distance_step(distance, NULL, &error));
	assert_string_equal(error.text, "gone");
	kernel_distance_destroy(distance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certain_samples_score_their_classes),
		cmocka_unit_test(equal_samples_score_one),
		cmocka_unit_test(splits_are_consecutive),
		cmocka_unit_test(scores_are_numpy_s),
		cmocka_unit_test(score_is_that_of_the_formula),
		cmocka_unit_test(cuts_make_no_difference),
		cmocka_unit_test(wrong_logits_are_named),
		cmocka_unit_test(whole_sets_are_compared_once),
		cmocka_unit_test(subsets_are_numpy_s),
		cmocka_unit_test(sets_of_one_kind_are_near_zero),
		cmocka_unit_test(seeds_choose_and_threads_do_not),
		cmocka_unit_test(mistakes_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
