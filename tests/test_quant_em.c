/* EM-Q: the paper's procedure, its error over the iterations, the distance to the best uniform quantizer there is; and
 * the kernels it runs on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/uniform.h"
#include "tests/quant_tensors.h"

enum { MAX_WEIGHTS = 600 };

static struct quant_fit fit_or_fail(const struct quantizer *quantizer, int bits, int iterations, const float *weights, size_t count)
{
	struct quant_options options = {.bits = bits, .iterations = iterations, .literal = iterations > 0};
	struct quant_fit fit = {0};
	struct error error = {0};
	if (!quantizer->fit(&options, NULL, weights, count, &fit, &error))
		fail_msg("%s at %d bits: %s", quantizer->name, bits, error.text);
	return fit;
}

static void em_at_one_bit_by_hand(void **state)
{
	(void)state;
	static const float weights[] = {-1, -2, -3, 5, 7}; /* two groups with means -2 and 6 */
	struct quant_fit fit = fit_or_fail(&quantizer_em, 1, 0, weights, 5);
	assert_true(fabs(fit.alpha - 8) < 1e-12 && fabs(fit.beta + 2) < 1e-12);
	assert_true(fit.iterations == 2); /* the second finds the states repeated */
	assert_true(fabs(applied_error(&quantizer_em, &fit, weights, 5) - 4.0 / 5) < 1e-12);
	assert_true(quantizer_em.decode(&fit, 0) == (float)fit.beta && quantizer_em.decode(&fit, 1) == (float)(fit.alpha + fit.beta));
}

/* 1e-12 of the mean square covers what rounding in the sums and in the levels may add. */
static void error_never_rises_over_the_iterations(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 2, RANDOM_TEST);
	float weights[MAX_WEIGHTS];
	for (int t = 0; t < 480; t++) {
		size_t count = 2 + random_below(&random, MAX_WEIGHTS - 1);
		int bits = 1 + t % 8, used = 0;
		fill_weights(&random, (enum distribution)(t % LARGE_MEAN), weights, count);
		double last = INFINITY, square = 0;
		for (size_t i = 0; i < count; i++)
			square += (double)weights[i] * weights[i] / (double)count;
		for (int iterations = 1; iterations <= 40; iterations += iterations < 6 ? 1 : 7) {
			struct quant_fit fit = fit_or_fail(&quantizer_em, bits, iterations, weights, count);
			double error = applied_error(&quantizer_em, &fit, weights, count);
			if (error > last * (1 + 1e-6) + 1e-12 * square)
				fail_msg("tensor %d, %d bits: %g after %d iterations, %g before", t, bits, error, iterations, last);
			assert_true(fit.iterations <= iterations && fit.iterations >= used);
			used = fit.iterations;
			last = error;
		}
	}
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* Least squares error of sorted weights with given states. */
static double line_error(const float *weights, const int *z, int n)
{
	double mean_w = 0, mean_z = 0, ww = 0, wz = 0, zz = 0;
	for (int i = 0; i < n; i++) {
		mean_w += (double)weights[i] / n;
		mean_z += (double)z[i] / n;
	}
	for (int i = 0; i < n; i++) {
		ww += (weights[i] - mean_w) * (weights[i] - mean_w);
		wz += (weights[i] - mean_w) * (z[i] - mean_z);
		zz += (z[i] - mean_z) * (z[i] - mean_z);
	}
	return (zz > 0 ? ww - wz * wz / zz : ww) / n;
}

/* The best error of any alpha and beta: every way to give rising states to the sorted weights, each with its best line. */
static double best_possible_error(float *weights, int n, int states)
{
	int z[32] = {0};
	double best = INFINITY;
	qsort(weights, (size_t)n, sizeof *weights, compare_floats);
	for (;;) {
		best = fmin(best, line_error(weights, z, n));
		int i = n - 1;
		while (i >= 0 && z[i] == states - 1)
			i--;
		if (i < 0)
			return best;
		int next = z[i] + 1;
		for (; i < n; i++)
			z[i] = next;
	}
}

/* The paper's EM from one start is no global search; on smooth tensors it stays near the best there is. */
static void em_is_near_the_best_uniform_quantizer(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 6, RANDOM_TEST);
	for (int bits = 1; bits <= 2; bits++) {
		double sum = 0, worst = 0;
		int tensors = 0;
		for (int t = 0; t < 600; t++) {
			float weights[24];
			int n = 2 + (int)random_below(&random, bits == 1 ? 23 : 13);
			fill_weights(&random, (enum distribution)(t % DISTRIBUTIONS), weights, (size_t)n);
			double best = best_possible_error(weights, n, 1 << bits);
			double rounding = FLT_EPSILON * fmax(fabsf(weights[0]), fabsf(weights[n - 1])); /* of the levels */
			struct quant_fit fit = fit_or_fail(&quantizer_em, bits, 0, weights, (size_t)n);
			double error = applied_error(&quantizer_em, &fit, weights, (size_t)n);
			assert_true(sqrt(error) >= sqrt(fmax(best, 0)) * (1 - 1e-6) - rounding);
			if (n >= 8 && t % DISTRIBUTIONS <= UNIFORM) {
				sum += error / best;
				worst = fmax(worst, error / best);
				tensors++;
			}
		}
		print_message("EM over the best possible at %d bits: mean %.3f, worst %.3f of %d\n", bits, sum / tensors, worst, tensors);
		assert_true(tensors > 20 && sum / tensors < 1.3 && worst < 4);
	}
}

static void instruction_sets_change_no_bit(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	static float weights[COUNT], quantized[2][COUNT];
	static uint8_t states[2][COUNT];
	struct random random;
	random_start(&random, 8, RANDOM_TEST);
	random_fill_normal(&random, weights, COUNT, 0.1f, 1);
	int sets = 0;
	for (int s = 0; uniform_kernel_sets[s]; s++) {
		const struct uniform_kernels *both[] = {uniform_kernel_sets[s], uniform_kernels_best()};
		if (!uniform_kernels_usable(both[0]))
			continue;
		for (size_t count = 1; count < COUNT; count += 37) {
			const struct quant_fit fit = {.bits = 1 + (int)(count % 8), .alpha = 0.3, .beta = -1};
			struct uniform_grid grid = uniform_grid_of(&fit);
			struct uniform_moments moments[2][3];
			double errors[2];
			assert_true(grid.tame);
			for (int k = 0; k < 2; k++) {
				memset(moments[k], 0, sizeof moments[k]);
				both[k]->range(weights, count, &moments[k][0]);
				both[k]->moments(&grid, weights, count, &moments[k][1]);
				both[k]->moments_ref(&grid, weights, count, &moments[k][2]);
				errors[k] = both[k]->squared_error(&grid, weights, count);
				both[k]->quantize(&grid, weights, count, quantized[k]);
				both[k]->encode(&grid, weights, count, states[k]);
			}
			assert_memory_equal(moments[0], moments[1], sizeof moments[0]);
			assert_memory_equal(quantized[0], quantized[1], count * sizeof *weights);
			assert_memory_equal(states[0], states[1], count);
			assert_true(errors[0] == errors[1]);
		}
		sets++;
	}
	assert_true(sets >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(em_at_one_bit_by_hand),
		cmocka_unit_test(error_never_rises_over_the_iterations),
		cmocka_unit_test(em_is_near_the_best_uniform_quantizer),
		cmocka_unit_test(instruction_sets_change_no_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
