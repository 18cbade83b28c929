/* The exact best levels: against every partition of a few weights, against Lloyd-Max's levels of normal weights, and
 * never above EM, which must keep its levels evenly spaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/best_levels.h"
#include "tests/quant_tensors.h"

struct best {
	double levels[256], error;
	int used;
};

static struct best find_or_fail(const float *weights, size_t count, int levels)
{
	struct best best;
	struct error error = {0};
	if (!best_levels_find(weights, count, levels, best.levels, &best.used, &best.error, NULL, &error))
		fail_msg("%s", error.text);
	assert_true(best.used >= (count > 0) && best.used <= levels && best.error >= 0);
	for (int i = 1; i < best.used; i++)
		assert_true(best.levels[i] > best.levels[i - 1]);
	return best;
}

/* Mean squared distance to the nearest of rising levels. */
static double distance_to(const double *levels, int count, const float *weights, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		double least = INFINITY;
		for (int l = 0; l < count; l++)
			least = fmin(least, (weights[i] - levels[l]) * (weights[i] - levels[l]));
		sum += least / (double)n;
	}
	return sum;
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

static double group_error(const float *weights, int first, int end)
{
	double mean = 0, sum = 0;
	for (int i = first; i < end; i++)
		mean += (double)weights[i] / (end - first);
	for (int i = first; i < end; i++)
		sum += (weights[i] - mean) * (weights[i] - mean);
	return sum;
}

/* Every way to cut the sorted weights into at most `levels` groups: bit i of `cuts` cuts after weight i. */
static double every_partition(const float *weights, int n, int levels)
{
	double best = INFINITY;
	for (uint32_t cuts = 0; cuts < 1u << (n - 1); cuts++) {
		if (__builtin_popcount(cuts) >= levels)
			continue;
		double error = 0;
		for (int first = 0, i = 0; i < n; i++)
			if (i == n - 1 || cuts >> i & 1) {
				error += group_error(weights, first, i + 1);
				first = i + 1;
			}
		best = fmin(best, error / n);
	}
	return best;
}

static void few_weights_match_every_partition(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 21, RANDOM_TEST);
	for (int t = 0; t < 400; t++) {
		float weights[13];
		int n = 1 + (int)random_below(&random, 13), levels = 1 + (int)random_below(&random, 8);
		fill_weights(&random, (enum distribution)(t % DISTRIBUTIONS), weights, (size_t)n);
		struct best best = find_or_fail(weights, (size_t)n, levels);
		qsort(weights, (size_t)n, sizeof *weights, compare_floats);
		double first = weights[0], last = weights[n - 1], square = first * first + last * last;
		double expected = every_partition(weights, n, levels);
		if (fabs(best.error - expected) > 1e-9 * expected + 1e-14 * square)
			fail_msg("tensor %d: %d weights, %d levels: %g, but %g is possible", t, n, levels, best.error, expected);
		assert_true(fabs(distance_to(best.levels, best.used, weights, (size_t)n) - best.error) <= 1e-9 * best.error + 1e-14 * square);
	}
}

/* The table in full, for sizes where blocks are left out otherwise. */
static double full_table(const float *weights, int n, int levels)
{
	double *last = calloc((size_t)n + 1, sizeof *last), *next = calloc((size_t)n + 1, sizeof *next);
	for (int j = 1; j <= n; j++)
		last[j] = INFINITY;
	for (int m = 0; m < levels; m++) {
		for (int j = 1; j <= n; j++) {
			double mean = 0, spread = 0; /* of weights i .. j - 1, by Welford's recurrence */
			next[j] = INFINITY;
			for (int i = j - 1; i >= 0; i--) {
				double d = weights[i] - mean;
				mean += d / (j - i);
				spread += d * (weights[i] - mean);
				next[j] = fmin(next[j], last[i] + spread);
			}
		}
		double *swapped = last;
		last = next;
		next = swapped;
		next[0] = 0;
		last[0] = 0;
	}
	double best = last[n] / n;
	free(last);
	free(next);
	return best;
}

static void leaving_blocks_out_loses_nothing(void **state)
{
	(void)state;
	enum { COUNT = 2500 };
	static float weights[COUNT];
	struct random random;
	random_start(&random, 22, RANDOM_TEST);
	for (int d = 0; d < DISTRIBUTIONS; d++)
		for (int levels = 2; levels <= 4; levels++) {
			if (d == LARGE_MEAN)
				continue; /* few different weights: no blocks */
			fill_weights(&random, (enum distribution)d, weights, COUNT);
			struct best best = find_or_fail(weights, COUNT, levels);
			qsort(weights, COUNT, sizeof *weights, compare_floats);
			double expected = full_table(weights, COUNT, levels);
			if (fabs(best.error - expected) > 1e-8 * expected)
				fail_msg("%s, %d levels: %.10g, but %.10g is possible", distribution_names[d], levels, best.error, expected);
		}
}

/* Max (1960), Quantizing for minimum distortion: error over variance of normal values, and the levels above 0. */
static void normal_weights_have_lloyd_and_maxs_levels(void **state)
{
	(void)state;
	enum { COUNT = 200000 };
	static const struct { int levels; double error, positive[4]; } known[] = {
		{2, 0.3634, {0.7980}}, {4, 0.1175, {0.4528, 1.510}}, {8, 0.03454, {0.2451, 0.7560, 1.344, 2.152}},
		{16, 0.009497, {0.1284, 0.3881, 0.6568, 0.9424}},
	};
	static float weights[COUNT];
	struct random random;
	random_start(&random, 23, RANDOM_TEST);
	random_fill_normal(&random, weights, COUNT, 0, 1);
	for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
		struct best best = find_or_fail(weights, COUNT, known[k].levels);
		assert_int_equal(best.used, known[k].levels);
		assert_true(fabs(best.error / known[k].error - 1) < 0.02);
		for (int i = 0; i < known[k].levels / 2 && i < 4; i++) {
			assert_true(fabs(best.levels[known[k].levels / 2 + i] - known[k].positive[i]) < 0.04);
			assert_true(fabs(best.levels[known[k].levels / 2 - 1 - i] + known[k].positive[i]) < 0.04);
		}
	}
}

static void no_evenly_spaced_levels_err_less(void **state)
{
	(void)state;
	enum { MOST = 3000 };
	static float weights[MOST];
	struct random random;
	random_start(&random, 24, RANDOM_TEST);
	for (int t = 0; t < 240; t++) {
		int bits = 1 + t % 8;
		size_t count = 1 + random_below(&random, t % 4 ? 300 : MOST);
		fill_weights(&random, (enum distribution)(t / 8 % DISTRIBUTIONS), weights, count);
		struct best best = find_or_fail(weights, count, 1 << bits);
		struct quant_options options = {.bits = bits};
		struct quant_fit fit;
		struct error error;
		assert_true(quantizer_em.fit(&options, NULL, weights, count, &fit, &error));
		assert_true(best.error <= applied_error(&quantizer_em, &fit, weights, count) * (1 + 1e-9) + 1e-30);
	}
}

static void odd_tensors(void **state)
{
	(void)state;
	static const float equal[] = {3, 3, 3}, few[] = {2, -1, 2, 2, 7, -1}, huge[] = {-FLT_MAX, FLT_MAX, 0, FLT_MAX};
	struct best best = find_or_fail(equal, 3, 16);
	assert_true(best.used == 1 && best.levels[0] == 3 && best.error == 0);
	best = find_or_fail(few, 6, 4);
	assert_true(best.used == 3 && best.levels[0] == -1 && best.levels[1] == 2 && best.levels[2] == 7 && best.error == 0);
	best = find_or_fail(few, 6, 1);
	assert_true(best.used == 1 && fabs(best.levels[0] - 11.0 / 6) < 1e-12);
	best = find_or_fail(huge, 4, 2);
	assert_true(best.used == 2 && isfinite(best.error) && best.levels[1] == (double)FLT_MAX);
	best = find_or_fail(NULL, 0, 4);
	assert_true(best.used == 0 && best.error == 0);
}

static void it_can_be_cancelled(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	static float weights[COUNT];
	struct random random;
	random_start(&random, 25, RANDOM_TEST);
	random_fill_normal(&random, weights, COUNT, 0, 1);
	atomic_bool cancelled = true;
	double levels[16], squared;
	int used;
	struct error error = {0};
	assert_false(best_levels_find(weights, COUNT, 16, levels, &used, &squared, &cancelled, &error));
	assert_int_equal(error.code, ERROR_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_weights_match_every_partition),
		cmocka_unit_test(leaving_blocks_out_loses_nothing),
		cmocka_unit_test(normal_weights_have_lloyd_and_maxs_levels),
		cmocka_unit_test(no_evenly_spaced_levels_err_less),
		cmocka_unit_test(odd_tensors),
		cmocka_unit_test(it_can_be_cancelled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
