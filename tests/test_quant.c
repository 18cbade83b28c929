/* Quantizers: values by hand, odd tensors, properties on thousands of random tensors, golden values, statistics. */
#include <setjmp.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/grouped.h"
#include "tests/quant_tensors.h"

enum { MAX_WEIGHTS = 600, LINEAR = 2 };
static const struct quantizer *const linear[LINEAR] = {&quantizer_minmax, &quantizer_em}; /* levels alpha z + beta */

static struct quant_fit fit_with(const struct quantizer *quantizer, const struct quant_options *options, const float *weights,
                                 size_t count)
{
	struct quant_fit fit = {0};
	struct error error = {0};
	if (!quantizer->fit(options, NULL, weights, count, &fit, &error))
		fail_msg("%s at %d bits: %s", quantizer->name, options->bits, error.text);
	return fit;
}

static struct quant_fit fit_or_fail(const struct quantizer *quantizer, int bits, int iterations, const float *weights, size_t count)
{
	return fit_with(quantizer, &(struct quant_options){.bits = bits, .iterations = iterations}, weights, count);
}

/* The paper's procedure; 0 iterations: as many as it prints. */
static struct quant_fit fit_literally(const struct quantizer *quantizer, int bits, int iterations, const float *weights, size_t count)
{
	return fit_with(quantizer, &(struct quant_options){.bits = bits, .iterations = iterations, .literal = true}, weights, count);
}

static void names_are_found_and_unknown_ones_listed(void **state)
{
	(void)state;
	struct error error = {0};
	for (int i = 0; quantizers[i]; i++)
		assert_ptr_equal(quantizer_find(quantizers[i]->name, &error), quantizers[i]);
	assert_null(quantizer_find("EM", &error));
	assert_int_equal(error.code, ERROR_INPUT);
	assert_string_equal(error.text, "unknown quantizer \"EM\"; the known ones are em, minmax, log, tanh");
}

static void wrong_bits_and_weights_are_refused(void **state)
{
	(void)state;
	float weights[50] = {1, 2, 3};
	static const int wrong_bits[] = {-1, 0, 9, 32};
	static const struct { float value; const char *word; } wrong[] = {
		{NAN, "weight 37 of 50 is NaN"}, {INFINITY, "weight 37 of 50 is Inf"}, {-INFINITY, "weight 37 of 50 is -Inf"},
	};
	for (int m = 0; quantizers[m]; m++) {
		struct quant_fit fit = {.bits = 77}, warm = {.bits = 2, .alpha = 1, .valid = true};
		struct error error = {0};
		for (size_t i = 0; i < sizeof wrong_bits / sizeof *wrong_bits; i++) {
			struct quant_options options = {.bits = wrong_bits[i]};
			assert_false(quantizers[m]->fit(&options, NULL, weights, 3, &fit, &error));
			assert_int_equal(error.code, ERROR_INPUT);
		}
		for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
			weights[37] = wrong[i].value;
			struct quant_options options = {.bits = 2, .warm = i ? &warm : NULL};
			assert_false(quantizers[m]->fit(&options, NULL, weights, 50, &fit, &error));
			assert_int_equal(error.code, ERROR_NUMERIC);
			assert_non_null(strstr(error.text, wrong[i].word));
			struct quant_statistics statistics;
			assert_false(quant_describe(quantizers[m], &warm, NULL, weights, 50, &statistics, &error));
			weights[37] = 0;
		}
		assert_int_equal(fit.bits, 77); /* untouched */
	}
}

static void minmax_rounds_halves_to_even(void **state)
{
	(void)state;
	static const float weights[] = {0, 0.5f, 1.5f, 2.5f, 3, 0.75f};
	static const uint8_t expected[] = {0, 0, 2, 2, 3, 1};
	struct quant_fit fit = fit_or_fail(&quantizer_minmax, 2, 0, weights, 6);
	assert_true(fit.alpha == 1 && fit.beta == 0 && fit.iterations == 0 && fit.valid);
	uint8_t states[6];
	float quantized[6];
	uint64_t counts[4] = {9, 9, 9, 9};
	quantizer_minmax.apply(&fit, NULL, weights, 6, states, quantized, counts);
	assert_memory_equal(states, expected, sizeof expected);
	for (int i = 0; i < 6; i++)
		assert_true(quantized[i] == expected[i]);
	assert_true(counts[0] == 2 && counts[1] == 1 && counts[2] == 2 && counts[3] == 1);
	assert_int_equal(fit_or_fail(&quantizer_minmax, 1, 0, weights, 6).alpha, 3);
}

/* Tensors that any value of `bits` must keep exactly: at most two different values, far apart or not, tiny or huge. */
static void tensors_of_two_values_are_kept_exactly(void **state)
{
	(void)state;
	static const struct { size_t count; float weights[5]; } tensors[] = {
		{1, {0.3f}}, {1, {-0.0f}}, {3, {7, 7, 7}}, {4, {0, 0, 0, 0}}, {2, {-1, 4}}, {5, {0.1f, 0.1f, 0.7f, 0.1f, 0.7f}},
		{2, {-FLT_MAX, FLT_MAX}}, {3, {FLT_MAX, FLT_MAX, FLT_MAX}}, {2, {0, FLT_TRUE_MIN}},
		{3, {-FLT_TRUE_MIN, FLT_TRUE_MIN, FLT_TRUE_MIN}},
		{4, {1e6f, 1e6f + 0.0625f, 1e6f, 1e6f}}, {2, {FLT_TRUE_MIN, FLT_MAX}}, {3, {-3e38f, -3e38f, 3e38f}},
	};
	for (size_t t = 0; t < sizeof tensors / sizeof *tensors; t++)
		for (int m = 0; m < LINEAR; m++)
			for (int bits = 1; bits <= 8; bits++) {
				struct quant_fit fit = fit_or_fail(linear[m], bits, 0, tensors[t].weights, tensors[t].count);
				float quantized[5];
				linear[m]->apply(&fit, NULL, tensors[t].weights, tensors[t].count, NULL, quantized, NULL);
				for (size_t i = 0; i < tensors[t].count; i++)
					if (quantized[i] != tensors[t].weights[i])
						fail_msg("tensor %zu, %s, %d bits: %a became %a", t, linear[m]->name, bits,
						         (double)tensors[t].weights[i], (double)quantized[i]);
			}
}

/* R9: kept exactly by every method, whatever its formula would make of them; and nothing is made of nothing. */
static void constant_and_empty_tensors_are_kept(void **state)
{
	(void)state;
	static const float values[] = {7, -0.3f, 0, -0.0f, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, -1e-8f};
	static float weights[5000], quantized[5000]; /* few, and enough for the fast ways */
	for (size_t v = 0; v < sizeof values / sizeof *values; v++)
		for (int i = 0; quantizers[i]; i++)
			for (int bits = 1; bits <= 8; bits++) {
				for (size_t w = 0; w < 5000; w++)
					weights[w] = values[v];
				for (size_t count = 1; count <= 5000; count += 4999) {
					uint64_t counts[QUANT_MAX_STATES];
					struct quant_fit fit = fit_or_fail(quantizers[i], bits, 0, weights, count);
					quantizers[i]->apply(&fit, NULL, weights, count, NULL, quantized, counts);
					assert_true(fit.constant && fit.valid && fit.alpha == 0 && fit.beta == weights[0]);
					assert_true(counts[0] == count);
					assert_true(quantizers[i]->decode(&fit, 0) == weights[0]);
					for (size_t w = 0; w < count; w++)
						assert_true(quantized[w] == weights[w]);
				}
				struct quant_fit empty = fit_or_fail(quantizers[i], bits, 0, NULL, 0);
				uint64_t counts[QUANT_MAX_STATES] = {1, 1};
				quantizers[i]->apply(&empty, NULL, NULL, 0, NULL, NULL, counts);
				assert_true(!empty.valid && empty.bits == bits && counts[0] == 0 && counts[1] == 0);
			}
}

/* The largest floats, the smallest ones, and a spread of two roundings beside the mean. */
static void extreme_tensors_stay_finite(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 5, RANDOM_TEST);
	float weights[MAX_WEIGHTS];
	static const struct { float scale, shift; } extremes[] = {{3e38f, 0}, {1e-43f, 0}, {1e-3f, 1e6f}, {2e31f, 3e38f}, {1e-38f, -1e-38f}};
	for (size_t e = 0; e < sizeof extremes / sizeof *extremes; e++) {
		random_fill_uniform(&random, weights, MAX_WEIGHTS);
		for (size_t i = 0; i < MAX_WEIGHTS; i++)
			weights[i] = (2 * weights[i] - 1) * extremes[e].scale + extremes[e].shift;
		for (int bits = 1; bits <= 8; bits++) {
			struct quant_fit minmax = fit_or_fail(&quantizer_minmax, bits, 0, weights, MAX_WEIGHTS);
			struct quant_fit em = fit_or_fail(&quantizer_em, bits, 0, weights, MAX_WEIGHTS);
			double em_error = applied_error(&quantizer_em, &em, weights, MAX_WEIGHTS);
			assert_true(isfinite(em.alpha) && isfinite(em.beta) && em.alpha >= 0 && isfinite(em_error));
			assert_true(em_error <= applied_error(&quantizer_minmax, &minmax, weights, MAX_WEIGHTS));
			for (int i = 0; quantizers[i]; i++) {
				struct quant_fit fit = fit_or_fail(quantizers[i], bits, 0, weights, MAX_WEIGHTS);
				float levels[QUANT_MAX_STATES];
				quant_levels(quantizers[i], &fit, levels);
				assert_true(isfinite(applied_error(quantizers[i], &fit, weights, MAX_WEIGHTS)));
				for (int z = 0; z < 1 << bits; z++)
					assert_true(isfinite(levels[z]));
			}
		}
	}
}

/* The levels as apply writes them, and decode: the same but for infinite ends, where the row has them. */
static void check_levels(const struct quantizer *quantizer, const struct quant_fit *fit, float levels[QUANT_MAX_STATES])
{
	int top = (1 << fit->bits) - 1;
	quant_levels(quantizer, fit, levels);
	for (int z = 0; z <= top; z++) {
		double level = quantizer->decode(fit, z);
		bool infinite = quantizer->infinite_ends && !fit->constant && (z == 0 || z == top);
		assert_true(isfinite(levels[z]) && (infinite ? level == (z ? INFINITY : -INFINITY) : level == levels[z]));
		assert_true(z == 0 || levels[z] >= levels[z - 1]);
	}
}

/* One random tensor, one method, one k. Returns the fit. */
static struct quant_fit check_properties(const struct quantizer *quantizer, int bits, const float *weights, size_t count)
{
	struct quant_fit fit = fit_or_fail(quantizer, bits, 0, weights, count);
	uint8_t states[MAX_WEIGHTS];
	float levels[QUANT_MAX_STATES], quantized[MAX_WEIGHTS], again[MAX_WEIGHTS];
	uint64_t counts[QUANT_MAX_STATES], sum = 0, seen[QUANT_MAX_STATES] = {0};
	check_levels(quantizer, &fit, levels);
	quantizer->apply(&fit, NULL, weights, count, states, quantized, counts);
	assert_true(isfinite(fit.alpha) && fit.alpha >= 0 && isfinite(fit.beta) && fit.bits == bits && fit.valid);
	assert_true(!quantizer->without_scale || fit.constant || (fit.alpha == 0 && fit.beta == 0));
	for (size_t i = 0; i < count; i++) {
		assert_true(states[i] < 1 << bits);
		assert_true(quantized[i] == levels[states[i]]);
		seen[states[i]]++;
	}
	for (int z = 0; z < 1 << bits; z++) {
		sum += counts[z];
		assert_true(counts[z] == seen[z]);
	}
	assert_true(sum == count);
	quantizer->apply(&fit, NULL, weights, count, NULL, again, NULL); /* the fast way gives the same */
	assert_memory_equal(again, quantized, count * sizeof *again);
	return fit;
}

/* A level is its own level. Not so with Log-Q, whose magnitudes move by eps each time. */
static void check_settled(const struct quantizer *quantizer, const struct quant_fit *fit, const float *weights, size_t count)
{
	float quantized[MAX_WEIGHTS], again[MAX_WEIGHTS];
	quantizer->apply(fit, NULL, weights, count, NULL, quantized, NULL);
	quantizer->apply(fit, NULL, quantized, count, NULL, again, NULL);
	assert_memory_equal(again, quantized, count * sizeof *again);
}

static void random_tensors_keep_the_properties(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 1, RANDOM_TEST);
	float weights[MAX_WEIGHTS];
	for (int t = 0; t < 5000; t++) {
		size_t count = 1 + random_below(&random, t % 7 ? 80 : MAX_WEIGHTS);
		int bits = 1 + t % 8;
		fill_weights(&random, (enum distribution)random_below(&random, DISTRIBUTIONS), weights, count);
		struct quant_fit em = {0}, minmax = {0};
		for (int i = 0; quantizers[i]; i++) {
			struct quant_fit fit = check_properties(quantizers[i], bits, weights, count);
			if (quantizers[i] != &quantizer_log)
				check_settled(quantizers[i], &fit, weights, count);
			em = quantizers[i] == &quantizer_em ? fit : em;
			minmax = quantizers[i] == &quantizer_minmax ? fit : minmax;
		}
		if (applied_error(&quantizer_em, &em, weights, count) > applied_error(&quantizer_minmax, &minmax, weights, count))
			fail_msg("tensor %d (%zu weights, %d bits): EM errs more than Minmax", t, count, bits);
	}
}

/* Scaling by a power of two changes no bit of the arithmetic; a shift by whole numbers of weights on a grid moves only beta. */
static void fits_follow_scale_and_shift(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 3, RANDOM_TEST);
	float weights[200], scaled[200], shifted[200];
	for (int t = 0; t < 400; t++) {
		const struct quantizer *quantizer = linear[t % LINEAR];
		int bits = 1 + t % 6; /* at more bits a weight may fall halfway between states, where the shift decides */
		random_fill_normal(&random, weights, 200, 0, 1);
		for (int i = 0; i < 200; i++) {
			weights[i] = rintf(weights[i] * 16384) / 16384;
			scaled[i] = weights[i] * 1024;
			shifted[i] = weights[i] + 37;
		}
		struct quant_fit fit = fit_literally(quantizer, bits, 0, weights, 200);
		struct quant_fit big = fit_literally(quantizer, bits, 0, scaled, 200);
		struct quant_fit far = fit_literally(quantizer, bits, 0, shifted, 200);
		assert_true(big.alpha == fit.alpha * 1024 && big.beta == fit.beta * 1024 && big.iterations == fit.iterations);
		assert_true(fabs(far.alpha - fit.alpha) < 1e-11 && fabs(far.beta - fit.beta - 37) < 1e-11);
	}
}

/* The extremes of 3,000 weights vary, and with them what Minmax-Q and Log-Q do: hence many tensors. */
static void normal_weights_have_the_expected_error(void **state)
{
	(void)state;
	enum { COUNT = 3000, TENSORS = 160 };
	float weights[COUNT];
	struct random random;
	for (int i = 0; quantizers[i]; i++)
		for (int bits = 1; bits <= 4; bits++) {
			double error = 0, expected = quantizers[i]->normal_error[bits - 1];
			struct quant_fit fit;
			random_start(&random, 4, RANDOM_TEST);
			for (int t = 0; t < TENSORS; t++) {
				random_fill_normal(&random, weights, COUNT, 0, 0.02f);
				fit = fit_literally(quantizers[i], bits, 0, weights, COUNT);
				error += applied_error(quantizers[i], &fit, weights, COUNT) / (0.02 * 0.02) / TENSORS;
			}
			print_message("%s %d bits: error / variance %.4f (expected %.4f)\n", quantizers[i]->name, bits, error,
			              expected);
			if (isinf(expected))
				assert_true(bits == 1 && isinf(quantizers[i]->decode(&fit, 0)) && isinf(quantizers[i]->decode(&fit, 1)));
			else
				assert_true(fabs(error / expected - 1) < 0.06);
		}
}

struct golden_fit {
	char method[16];
	int bits, iterations;
	double alpha, beta, error;
	uint64_t counts[QUANT_MAX_STATES];
};

static void check_golden(const char *tensor, const struct golden_fit *golden, const float *weights, size_t count)
{
	struct error error;
	const struct quantizer *quantizer = quantizer_find(golden->method, &error);
	assert_non_null(quantizer);
	struct quant_fit fit = fit_literally(quantizer, golden->bits, golden->iterations, weights, count);
	struct quant_statistics statistics;
	assert_true(quant_describe(quantizer, &fit, NULL, weights, count, &statistics, &error));
	double scale = golden->alpha + fabs(golden->beta);
	bool same = fabs(fit.alpha - golden->alpha) <= 1e-9 * scale && fabs(fit.beta - golden->beta) <= 1e-9 * scale &&
	            fabs(statistics.mean_squared_error - golden->error) <= 1e-6 * golden->error;
	for (int z = 0; z < 1 << golden->bits; z++)
		same = same && statistics.counts[z] == golden->counts[z];
	if (!same)
		fail_msg("%s, %s, %d bits, %d iterations: alpha %.12g beta %.12g error %.9g, expected %.12g %.12g %.9g", tensor, golden->method,
		         golden->bits, golden->iterations, fit.alpha, fit.beta, statistics.mean_squared_error, golden->alpha, golden->beta,
		         golden->error);
}

static void golden_values_of_numpy(void **state)
{
	(void)state;
	FILE *file = fopen("tests/golden/quant.txt", "r");
	assert_non_null(file);
	char word[16], name[32] = "";
	float weights[MAX_WEIGHTS];
	size_t count = 0;
	int fits = 0;
	while (fscanf(file, "%15s", word) == 1) {
		if (!strcmp(word, "tensor")) {
			assert_int_equal(fscanf(file, "%31s %zu", name, &count), 2);
			assert_true(count <= MAX_WEIGHTS);
			for (size_t i = 0; i < count; i++)
				assert_int_equal(fscanf(file, "%f", &weights[i]), 1);
			continue;
		}
		struct golden_fit golden;
		assert_string_equal(word, "fit");
		assert_int_equal(fscanf(file, "%15s %d %d %lf %lf %lf", golden.method, &golden.bits, &golden.iterations, &golden.alpha,
		                        &golden.beta, &golden.error), 6);
		for (int z = 0; z < 1 << golden.bits; z++)
			assert_int_equal(fscanf(file, "%" SCNu64, &golden.counts[z]), 1);
		check_golden(name, &golden, weights, count);
		fits++;
	}
	fclose(file);
	assert_int_equal(fits, 11 * 5 * 6);
}

enum { LARGE = 150001 }; /* ten chunks and an odd rest */

static void threads_change_no_bit(void **state)
{
	(void)state;
	static float weights[LARGE], quantized[3][LARGE];
	static struct quant_statistics statistics[3];
	struct random random;
	random_start(&random, 7, RANDOM_TEST);
	random_fill_normal(&random, weights, LARGE, 0.3f, 1);
	for (int m = 0; quantizers[m]; m++)
		for (int bits = 1; bits <= 8; bits += 3) {
			for (int threads = 1; threads <= 3; threads++) {
				struct error error;
				struct parallel *parallel = parallel_create(threads, &error);
				assert_non_null(parallel);
				struct quant_options options = {.bits = bits, .iterations = 3};
				struct quant_fit fit;
				assert_true(quantizers[m]->fit(&options, parallel, weights, LARGE, &fit, &error));
				quantizers[m]->apply(&fit, parallel, weights, LARGE, NULL, quantized[threads - 1], NULL);
				assert_true(quant_describe(quantizers[m], &fit, parallel, weights, LARGE, &statistics[threads - 1], &error));
				parallel_destroy(parallel);
			}
			for (int i = 1; i < 3; i++) {
				assert_true(statistics[i].fit.alpha == statistics[0].fit.alpha && statistics[i].fit.beta == statistics[0].fit.beta);
				assert_memory_equal(quantized[i], quantized[0], sizeof *quantized);
				assert_memory_equal(&statistics[i].weights, &statistics[0].weights,
				                    sizeof *statistics - offsetof(struct quant_statistics, weights));
			}
		}
}

static void statistics_by_hand(void **state)
{
	(void)state;
	static const float weights[] = {0, 0, 0, 0, 1, 1, 3, 3.5f};
	const struct quant_fit fit = {.bits = 2, .alpha = 1, .beta = 0, .valid = true};
	struct quant_statistics s;
	struct error error;
	assert_true(quant_describe(&quantizer_minmax, &fit, NULL, weights, 8, &s, &error));
	assert_true(s.weights == 8 && s.counts[0] == 4 && s.counts[1] == 2 && s.counts[2] == 0 && s.counts[3] == 2);
	assert_true(s.levels[0] == 0 && s.levels[3] == 3 && s.dead_states == 1);
	assert_true(fabs(s.mean_squared_error - 0.25 / 8) < 1e-15);
	assert_true(fabs(s.variance - (23.25 / 8 - 8.5 * 8.5 / 64)) < 1e-14);
	assert_true(fabs(s.sqnr_db - 10 * log10(23.25 / 0.25)) < 1e-12);
	assert_true(fabs(s.utilization - 1.5 / 2) < 1e-15); /* entropy of 1/2, 1/4, 1/4 */
	assert_true(s.histogram_min == 0 && s.histogram_max == 3.5f);
	assert_int_equal(s.histogram[0], 4);
	assert_int_equal(s.histogram[27], 2); /* 1 / 3.5 * 96 = 27.4 */
	assert_int_equal(s.histogram[82], 1);
	assert_int_equal(s.histogram[QUANT_HISTOGRAM_BINS - 1], 1);
	const struct quant_fit none = {.bits = QUANT_FLOAT_BITS};
	assert_true(quant_describe(NULL, &none, NULL, weights, 8, &s, &error));
	assert_true(s.histogram[0] == 4 && s.variance > 1 && s.mean_squared_error == 0 && s.counts[0] == 0);
	const struct quant_fit seven = {.bits = 1, .alpha = 0, .beta = 7, .valid = true};
	static const float sevens[] = {7, 7, 7};
	assert_true(quant_describe(&quantizer_em, &seven, NULL, sevens, 3, &s, &error));
	assert_true(s.histogram[0] == 3 && isinf(s.sqnr_db) && s.utilization == 0 && s.dead_states == 1 && s.counts[0] == 3);
}

/* Every row that will ever be listed: named, complete, and as good on normal weights as it says. */
static void rows_are_complete(void **state)
{
	(void)state;
	for (int i = 0; quantizers[i]; i++) {
		const struct quantizer *q = quantizers[i];
		assert_true(q->name && q->label && q->help && q->fit && q->decode && q->apply);
		assert_true(q->normal_error[3] > 0 && strlen(q->help) < 80);
		assert_true(q->least_bits >= QUANT_MIN_BITS && q->least_bits <= 2);
		assert_true((q->least_bits > QUANT_MIN_BITS) == (q->degeneration != NULL));
		assert_string_equal(quantizer_names[i], q->name);
		assert_true(quantizers[i + 1] || !quantizer_names[i + 1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_and_unknown_ones_listed),
		cmocka_unit_test(wrong_bits_and_weights_are_refused),
		cmocka_unit_test(minmax_rounds_halves_to_even),
		cmocka_unit_test(tensors_of_two_values_are_kept_exactly),
		cmocka_unit_test(constant_and_empty_tensors_are_kept),
		cmocka_unit_test(extreme_tensors_stay_finite),
		cmocka_unit_test(random_tensors_keep_the_properties),
		cmocka_unit_test(fits_follow_scale_and_shift),
		cmocka_unit_test(normal_weights_have_the_expected_error),
		cmocka_unit_test(golden_values_of_numpy),
		cmocka_unit_test(threads_change_no_bit),
		cmocka_unit_test(statistics_by_hand),
		cmocka_unit_test(rows_are_complete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
