/* engine/metric: streamed moments, and the Frechet distance against closed forms, plain loops and numpy. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/metric/frechet.h"
#include "tests/golden/metrics.h"
#include "tests/metric_features.h"

/* ---- moments ---- */

static double *doubles_of(const float *values, size_t count)
{
	double *doubles = malloc(count * sizeof *doubles);
	assert_non_null(doubles);
	for (size_t i = 0; i < count; i++)
		doubles[i] = (double)values[i];
	return doubles;
}

/* Relative to the largest value of each part. */
static void assert_same_statistics(const struct metric_statistics *s, const struct metric_statistics *expected, double tolerance)
{
	size_t n = (size_t)s->dimensions;
	double mean = 0, covariance = 0;
	assert_true(s->dimensions == expected->dimensions && s->count == expected->count);
	for (size_t i = 0; i < n; i++)
		mean = fmax(mean, fabs(expected->mean[i]));
	for (size_t i = 0; i < n * n; i++)
		covariance = fmax(covariance, fabs(expected->covariance[i]));
	for (size_t i = 0; i < n; i++)
		assert_true(near(s->mean[i], expected->mean[i], tolerance * mean));
	for (size_t i = 0; i < n * n; i++)
		assert_true(near(s->covariance[i], expected->covariance[i], tolerance * covariance));
}

static void moments_are_those_of_two_passes(void **state)
{
	(void)state;
	enum { COUNT = 700, DIMENSIONS = 24 };
	float *values = make_features(11, COUNT, DIMENSIONS, 0.4, 0.3);
	double *doubles = doubles_of(values, COUNT * DIMENSIONS);
	struct metric_statistics statistics = statistics_of(values, COUNT, DIMENSIONS), expected;
	assert_true(metric_statistics_allocate(DIMENSIONS, "test", &expected, NULL));
	metric_moments_ref(doubles, COUNT, &expected);
	assert_same_statistics(&statistics, &expected, 1e-13);
	metric_statistics_clear(&statistics);
	metric_statistics_clear(&expected);
	free(doubles);
	free(values);
}

/* Also whether values come as floats or doubles, and on how many threads. */
static void cuts_make_no_difference(void **state)
{
	(void)state;
	enum { COUNT = 600, DIMENSIONS = 300 };
	static const size_t cuts[] = {1, 7, 255, 256, 257, 599, 600};
	struct parallel *pool = parallel_create(3, NULL);
	float *values = make_features(12, COUNT, DIMENSIONS, 0.4, 0.3);
	double *doubles = doubles_of(values, COUNT * DIMENSIONS);
	struct metric_statistics whole = statistics_of(values, COUNT, DIMENSIONS);
	for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
		struct metric_moments moments;
		struct metric_statistics statistics;
		assert_true(metric_moments_init(&moments, DIMENSIONS, "test", NULL));
		for (size_t first = 0, rows; first < COUNT; first += rows) {
			rows = COUNT - first < cuts[c] ? COUNT - first : cuts[c];
			assert_true(c % 2 ? metric_moments_add(&moments, pool, doubles + first * DIMENSIONS, rows, NULL)
			                  : metric_moments_add_floats(&moments, pool, values + first * DIMENSIONS, rows, NULL));
			assert_int_equal(metric_moments_count(&moments), first + rows);
		}
		assert_true(metric_moments_finish(&moments, pool, &statistics, NULL));
		assert_int_equal(statistics.count, COUNT);
		assert_memory_equal(statistics.mean, whole.mean, DIMENSIONS * sizeof(double));
		assert_memory_equal(statistics.covariance, whole.covariance, DIMENSIONS * DIMENSIONS * sizeof(double));
		metric_statistics_clear(&statistics);
		metric_moments_clear(&moments);
	}
	metric_statistics_clear(&whole);
	free(doubles);
	free(values);
	parallel_destroy(pool);
}

static void merged_parts_are_the_whole(void **state)
{
	(void)state;
	enum { COUNT = 900, DIMENSIONS = 20 };
	static const size_t cuts[] = {0, 1, 256, 450, 899, 900};
	float *values = make_features(13, COUNT, DIMENSIONS, 0.4, 3);
	struct metric_statistics whole = statistics_of(values, COUNT, DIMENSIONS);
	for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
		struct metric_moments left, right;
		struct metric_statistics statistics;
		assert_true(metric_moments_init(&left, DIMENSIONS, "test", NULL) && metric_moments_init(&right, DIMENSIONS, "test", NULL));
		assert_true(metric_moments_add_floats(&left, NULL, values, cuts[c], NULL));
		assert_true(metric_moments_add_floats(&right, NULL, values + cuts[c] * DIMENSIONS, COUNT - cuts[c], NULL));
		metric_moments_merge(&left, NULL, &right);
		assert_int_equal(metric_moments_count(&right), COUNT - cuts[c]);
		assert_true(metric_moments_finish(&left, NULL, &statistics, NULL));
		assert_same_statistics(&statistics, &whole, 1e-12);
		metric_statistics_clear(&statistics);
		metric_moments_clear(&left);
		metric_moments_clear(&right);
	}
	metric_statistics_clear(&whole);
	free(values);
}

/* Means of a million spreads: squares less a squared mean would keep four digits. */
static void large_means_lose_nothing(void **state)
{
	(void)state;
	enum { COUNT = 2000, DIMENSIONS = 6 };
	float *small = make_features(14, COUNT, DIMENSIONS, 0.2, 0);
	double *values = doubles_of(small, COUNT * DIMENSIONS);
	struct metric_statistics statistics, expected;
	struct metric_moments moments;
	for (size_t i = 0; i < COUNT * DIMENSIONS; i++)
		values[i] += 1e6 * (double)(1 + i % DIMENSIONS);
	assert_true(metric_moments_init(&moments, DIMENSIONS, "test", NULL));
	assert_true(metric_moments_add(&moments, NULL, values, COUNT, NULL) && metric_moments_finish(&moments, NULL, &statistics, NULL));
	assert_true(metric_statistics_allocate(DIMENSIONS, "test", &expected, NULL));
	metric_moments_ref(values, COUNT, &expected);
	assert_same_statistics(&statistics, &expected, 1e-14);
	metric_moments_clear(&moments);
	metric_statistics_clear(&statistics);
	metric_statistics_clear(&expected);
	free(values);
	free(small);
}

static void constants_have_no_variance_at_all(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	float *values = make_features(15, COUNT, 2, 0.2, 0);
	for (size_t i = 0; i < COUNT; i++)
		values[2 * i + 1] = 0.1f;
	struct metric_statistics statistics = statistics_of(values, COUNT, 2);
	assert_true(statistics.mean[1] == (double)0.1f && statistics.covariance[0] > 0);
	assert_true(statistics.covariance[1] == 0 && statistics.covariance[2] == 0 && statistics.covariance[3] == 0);
	metric_statistics_clear(&statistics);
	free(values);
}

static void wrong_values_are_named(void **state)
{
	(void)state;
	struct error error = {0};
	struct metric_moments moments;
	struct metric_statistics statistics;
	const double good[6] = {1, 2, 3, 4, 5, 6}, bad[6] = {1, 2, 3, 4, NAN, 6};
	const float endless[3] = {1, -INFINITY, 2};
	assert_false(metric_moments_init(&moments, 0, "nothing.npy", &error));
	assert_string_equal(error.text, "nothing.npy has 0 values a sample; expected 1 to 16384");
	assert_false(metric_moments_init(&moments, METRIC_MAX_DIMENSIONS + 1, "wide.npy", &error));
	assert_true(metric_moments_init(&moments, 3, "test", NULL));
	assert_false(metric_moments_finish(&moments, NULL, &statistics, &error));
	assert_string_equal(error.text, "0 samples: a covariance needs at least 2");
	assert_true(metric_moments_add(&moments, NULL, good, 1, NULL));
	assert_false(metric_moments_finish(&moments, NULL, &statistics, &error));
	assert_string_equal(error.text, "1 sample: a covariance needs at least 2");
	assert_false(metric_moments_add(&moments, NULL, bad, 2, &error));
	assert_string_equal(error.text, "row 2, column 1 is NaN; expected finite numbers");
	assert_false(metric_moments_add_floats(&moments, NULL, endless, 1, &error));
	assert_string_equal(error.text, "row 1, column 1 is -Inf; expected finite numbers");
	assert_int_equal(error.code, ERROR_INPUT);
	assert_int_equal(metric_moments_count(&moments), 1);
	metric_moments_clear(&moments);
}

/* ---- Gaussians ---- */

static struct metric_statistics make_gaussian(int n)
{
	struct metric_statistics s;
	assert_true(metric_statistics_allocate((size_t)n, "test", &s, NULL));
	return s;
}

static struct metric_statistics make_diagonal(int n, double mean, double first, double step)
{
	struct metric_statistics s = make_gaussian(n);
	for (int i = 0; i < n; i++) {
		s.mean[i] = mean * i;
		s.covariance[i * n + i] = first + step * i;
	}
	return s;
}

/* Turns the plane of each pair of neighbours: S becomes R S R^T, the mean R m. */
static void rotate(struct metric_statistics *s, double angle)
{
	int n = s->dimensions;
	double c = cos(angle), d = sin(angle), *m = s->covariance;
	for (int p = 0; p + 1 < n; p++) {
		double mean = s->mean[p];
		s->mean[p] = c * mean - d * s->mean[p + 1];
		s->mean[p + 1] = d * mean + c * s->mean[p + 1];
		for (int i = 0; i < n; i++) {
			double left = m[i * n + p];
			m[i * n + p] = c * left - d * m[i * n + p + 1];
			m[i * n + p + 1] = d * left + c * m[i * n + p + 1];
		}
		for (int i = 0; i < n; i++) {
			double upper = m[p * n + i];
			m[p * n + i] = c * upper - d * m[(p + 1) * n + i];
			m[(p + 1) * n + i] = d * upper + c * m[(p + 1) * n + i];
		}
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			m[i * n + j] = m[j * n + i] = (m[i * n + j] + m[j * n + i]) / 2;
}

static struct frechet measure(const struct metric_statistics *a, const struct metric_statistics *b)
{
	struct frechet frechet;
	struct error error = {0};
	if (!frechet_measure(NULL, a, b, NULL, &frechet, &error))
		fail_msg("%s", error.text);
	return frechet;
}

/* Standard deviations that differ by 1 and means that differ by 2 i: 1 a dimension, and 4 i^2. */
static void diagonal_gaussians_have_a_closed_form(void **state)
{
	(void)state;
	enum { N = 12 };
	struct metric_statistics a = make_diagonal(N, 1, 1, 0), b = make_diagonal(N, 3, 4, 0);
	double means = 4 * (N - 1) * N * (2 * N - 1) / 6.0;
	struct frechet frechet = measure(&a, &b);
	assert_true(nearly_equal(frechet.distance, means + N, 1e-14) && nearly_equal(frechet.means, means, 1e-14));
	assert_true(frechet.rank == N && !frechet.regularized);
	for (double angle = 0.1; angle < 3; angle += 0.7) {
		rotate(&a, angle);
		rotate(&b, angle);
		assert_true(nearly_equal(measure(&a, &b).distance, means + N, 1e-13));
	}
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
}

/* Of a 2 x 2 matrix M = S1 S2 the trace of the root is sqrt(tr M + 2 sqrt(det M)). */
static void rotated_gaussians_have_a_closed_form(void **state)
{
	(void)state;
	for (double angle = 0; angle < 3; angle += 0.3) {
		struct metric_statistics a = make_diagonal(2, 0, 9, -8), b = make_diagonal(2, 0, 4, 12);
		rotate(&a, angle);
		double trace = a.covariance[0] * 4 + a.covariance[3] * 16, determinant = 9.0 * 1 * 4 * 16;
		double expected = 9 + 1 + 4 + 16 - 2 * sqrt(trace + 2 * sqrt(determinant));
		assert_true(nearly_equal(measure(&a, &b).distance, expected, 1e-12));
		metric_statistics_clear(&a);
		metric_statistics_clear(&b);
	}
}

static void equal_sets_are_at_no_distance(void **state)
{
	(void)state;
	static const size_t counts[] = {400, 30};
	for (int c = 0; c < 2; c++) {
		float *values = make_features(16, counts[c], 60, 0.4, 0.2);
		struct metric_statistics s = statistics_of(values, counts[c], 60);
		struct frechet frechet = measure(&s, &s);
		double trace = 0;
		for (int i = 0; i < 60; i++)
			trace += s.covariance[i * 61];
		assert_true(frechet.distance >= 0 && frechet.distance < 1e-9 * trace);
		assert_int_equal(frechet.regularized, counts[c] <= 60);
		metric_statistics_clear(&s);
		free(values);
	}
}

static void sides_may_change_places(void **state)
{
	(void)state;
	static const size_t counts[] = {400, 300, 30, 20};
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++) {
			float *left = make_features(17, counts[i], 40, 0.4, 0.2), *right = make_features(18, counts[j], 40, 0.3, 0.25);
			struct metric_statistics a = statistics_of(left, counts[i], 40), b = statistics_of(right, counts[j], 40);
			struct frechet there = measure(&a, &b), back = measure(&b, &a);
			assert_true(nearly_equal(there.distance, back.distance, 1e-10));
			assert_int_equal(there.regularized, back.regularized);
			assert_int_equal(there.rank, counts[i] - 1 < 40 ? counts[i] - 1 : counts[j] - 1 < 40 ? counts[j] - 1 : 40);
			metric_statistics_clear(&a);
			metric_statistics_clear(&b);
			free(left);
			free(right);
		}
}

static void rotations_and_units_do_not_matter(void **state)
{
	(void)state;
	float *left = make_features(19, 200, 16, 0.4, 0.2), *right = make_features(20, 150, 16, 0.3, 0.25);
	struct metric_statistics a = statistics_of(left, 200, 16), b = statistics_of(right, 150, 16);
	double plain = measure(&a, &b).distance;
	rotate(&a, 0.9);
	rotate(&b, 0.9);
	assert_true(nearly_equal(measure(&a, &b).distance, plain, 1e-11));
	for (int i = 0; i < 16 * 16; i++) {
		a.covariance[i] *= 1e-40;
		b.covariance[i] *= 1e-40;
		a.mean[i % 16] *= i < 16 ? 1e-20 : 1;
		b.mean[i % 16] *= i < 16 ? 1e-20 : 1;
	}
	assert_true(nearly_equal(measure(&a, &b).distance, plain * 1e-40, 1e-11));
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
	free(left);
	free(right);
}

static void distance_grows_with_the_shift(void **state)
{
	(void)state;
	float *left = make_features(21, 200, 16, 0.4, 0.2), *right = make_features(22, 150, 16, 0.4, 0.2);
	struct metric_statistics a = statistics_of(left, 200, 16), b = statistics_of(right, 150, 16);
	double last = -1;
	memcpy(a.mean, b.mean, 16 * sizeof *a.mean);
	for (int shift = 0; shift < 20; shift++) {
		double distance = measure(&a, &b).distance;
		assert_true(distance > last);
		last = distance;
		a.mean[shift % 16] += 0.01 * (shift + 1);
	}
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
	free(left);
	free(right);
}

/* ---- against other computations ---- */

static struct frechet measure_features(uint64_t left_seed, size_t left_count, uint64_t right_seed, size_t right_count,
                                       size_t dimensions, double *reference)
{
	float *left = make_features(left_seed, left_count, dimensions, 0.3, 0.01);
	float *right = make_features(right_seed, right_count, dimensions, 0.25, 0.012);
	struct metric_statistics a = statistics_of(left, left_count, dimensions), b = statistics_of(right, right_count, dimensions);
	struct frechet frechet = measure(&a, &b);
	*reference = frechet_distance_ref(&a, &b);
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
	free(left);
	free(right);
	return frechet;
}

static void distances_are_numpy_s(void **state)
{
	(void)state;
	double reference;
	struct frechet well = measure_features(1, 400, 2, 300, 24, &reference);
	assert_true(nearly_equal(well.distance, golden_fid_well, 1e-10) && nearly_equal(reference, golden_fid_well, 1e-10));
	assert_true(!well.regularized && well.rank == 24);
	struct frechet few = measure_features(3, 20, 4, 30, 48, &reference);
	assert_true(nearly_equal(few.distance, golden_fid_few, 1e-10) && nearly_equal(reference, golden_fid_few, 1e-6));
	assert_true(few.regularized && few.rank == 19);
	struct frechet few_many = measure_features(3, 20, 5, 400, 48, &reference);
	assert_true(nearly_equal(few_many.distance, golden_fid_few_many, 1e-10));
	assert_true(nearly_equal(reference, golden_fid_few_many, 1e-6));
	assert_true(few_many.regularized && few_many.rank == 19);
}

/* A stored sigma does not say from how many samples it is. */
static void singular_covariances_are_found_by_themselves(void **state)
{
	(void)state;
	float *left = make_features(3, 20, 48, 0.3, 0.01), *right = make_features(4, 30, 48, 0.25, 0.012);
	struct metric_statistics a = statistics_of(left, 20, 48), b = statistics_of(right, 30, 48);
	a.count = b.count = 0;
	for (int turn = 0; turn < 2; turn++) {
		struct frechet frechet = turn ? measure(&b, &a) : measure(&a, &b);
		assert_true(nearly_equal(frechet.distance, golden_fid_few, 1e-6));
		assert_true(frechet.regularized && frechet.rank == (turn ? 29 : 19));
	}
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
	free(left);
	free(right);
}

/* A unit that is always 0 in one set, as rectified ones may be: exact, and nothing was regularized. */
static void constant_dimensions_are_left_out(void **state)
{
	(void)state;
	struct metric_statistics a = make_diagonal(3, 0, 1, 0), b = make_diagonal(3, 0, 4, 0);
	a.covariance[4] = 0;
	struct frechet frechet = measure(&a, &b);
	assert_true(nearly_equal(frechet.distance, 1 + 1 + 4, 1e-14) && frechet.rank == 2 && !frechet.regularized);
	b.covariance[4] = 0;
	assert_true(nearly_equal(measure(&b, &a).distance, 2, 1e-14) && !measure(&b, &a).regularized);
	memset(a.covariance, 0, 9 * sizeof *a.covariance);
	a.mean[0] = 3;
	frechet = measure(&a, &b);
	assert_true(nearly_equal(frechet.distance, 9 + 8, 1e-14) && frechet.rank == 0 && !frechet.regularized);
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
}

static void what_was_regularized_says_so(void **state)
{
	(void)state;
	static const struct { double covariance[4]; bool regularized; } rows[] = {
		{{1, 0, 0, 1}, false},
		{{1, 0.999999, 0.999999, 1}, false},
		{{1, 1, 1, 1}, true},              /* one depends on the other */
		{{1, 1.1, 1.1, 1}, true},          /* no covariance: an eigenvalue of -0.1 */
		{{1, 0, 0, 1e-12}, false},
		{{1, 0, 0, 1e-17}, true},
	};
	struct metric_statistics a = make_diagonal(2, 0, 1, 2), b = make_gaussian(2);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memcpy(b.covariance, rows[i].covariance, sizeof rows[i].covariance);
		for (int turn = 0; turn < 2; turn++) {
			struct frechet frechet = turn ? measure(&a, &b) : measure(&b, &a);
			if (frechet.regularized != rows[i].regularized || !isfinite(frechet.distance))
				fail_msg("row %zu, turn %d: %d, %g", i, turn, frechet.regularized, frechet.distance);
		}
	}
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
}

static void threads_make_no_difference(void **state)
{
	(void)state;
	struct parallel *pool = parallel_create(3, NULL);
	float *left = make_features(23, 400, 300, 0.4, 0.2), *right = make_features(24, 500, 300, 0.3, 0.25);
	struct metric_statistics a = statistics_of(left, 400, 300), b = statistics_of(right, 500, 300);
	struct frechet alone = measure(&a, &b), together;
	assert_true(frechet_measure(pool, &a, &b, NULL, &together, NULL));
	assert_true(together.distance == alone.distance);
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
	free(left);
	free(right);
	parallel_destroy(pool);
}

static void it_can_be_stopped_and_says_what_is_too_large(void **state)
{
	(void)state;
	struct metric_statistics a = make_diagonal(2, 0, 1, 2), b = make_diagonal(2, 0, 1, 1);
	struct frechet frechet;
	struct error error = {0};
	atomic_bool stop = true;
	assert_false(frechet_measure(NULL, &a, &b, &stop, &frechet, &error));
	assert_int_equal(error.code, ERROR_CANCELLED);
	a.covariance[0] = b.covariance[0] = 1e200;
	assert_false(frechet_measure(NULL, &a, &b, NULL, &frechet, &error));
	assert_int_equal(error.code, ERROR_NUMERIC);
	a.mean[0] = 1e200;
	assert_false(frechet_measure(NULL, &a, &b, NULL, &frechet, &error));
	assert_int_equal(error.code, ERROR_NUMERIC);
	metric_statistics_clear(&a);
	metric_statistics_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_those_of_two_passes),
		cmocka_unit_test(cuts_make_no_difference),
		cmocka_unit_test(merged_parts_are_the_whole),
		cmocka_unit_test(large_means_lose_nothing),
		cmocka_unit_test(constants_have_no_variance_at_all),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(diagonal_gaussians_have_a_closed_form),
		cmocka_unit_test(rotated_gaussians_have_a_closed_form),
		cmocka_unit_test(equal_sets_are_at_no_distance),
		cmocka_unit_test(sides_may_change_places),
		cmocka_unit_test(rotations_and_units_do_not_matter),
		cmocka_unit_test(distance_grows_with_the_shift),
		cmocka_unit_test(distances_are_numpy_s),
		cmocka_unit_test(singular_covariances_are_found_by_themselves),
		cmocka_unit_test(constant_dimensions_are_left_out),
		cmocka_unit_test(what_was_regularized_says_so),
		cmocka_unit_test(threads_make_no_difference),
		cmocka_unit_test(it_can_be_stopped_and_says_what_is_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
