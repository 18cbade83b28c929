/* Log-Q and Tanh-Q: values by hand, the formula against the thresholds, what degenerates. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/curved.h"
#include "tests/quant_tensors.h"

static const struct { const struct quantizer *quantizer; const struct curve *curve; } methods[] = {
	{&quantizer_log, &curve_log}, {&quantizer_tanh, &curve_tanh},
};
enum { METHODS = 2 };

static struct quant_fit fit_with(const struct quantizer *quantizer, int bits, double eps, const float *weights, size_t count)
{
	struct quant_options options = {.bits = bits, .eps = eps};
	struct quant_fit fit = {0};
	struct error error = {0};
	if (!quantizer->fit(&options, NULL, weights, count, &fit, &error))
		fail_msg("%s at %d bits: %s", quantizer->name, bits, error.text);
	return fit;
}

static struct quant_fit fit_of(const struct quantizer *quantizer, int bits, const float *weights, size_t count)
{
	return fit_with(quantizer, bits, 0, weights, count);
}

static void check_states(const struct quantizer *quantizer, const struct quant_fit *fit, const float *weights,
                         const uint8_t *expected, size_t count)
{
	uint8_t states[16];
	quantizer->apply(fit, NULL, weights, count, states, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		if (states[i] != expected[i])
			fail_msg("%s at %d bits: %g is in state %d, expected %d", quantizer->name, fit->bits, (double)weights[i],
			         states[i], expected[i]);
}

static bool near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance * fabs(b); }

/* Magnitudes 1, 10, 100, 1000 at 3 bits; the borders between them are the square roots of 10, 1000 and 100000. */
static void log_by_hand(void **state)
{
	(void)state;
	static const float weights[] = {-1000, -317, -316, -32, -31, -1, 1, 3.1f, 3.2f, 31, 32, 316, 317, 1000};
	static const uint8_t states[] = {0, 0, 1, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7};
	struct quant_fit fit = fit_of(&quantizer_log, 3, weights, 14);
	assert_true(near(fit.alpha, log(1000) / 3, 1e-8) && fabs(fit.beta) < 2e-8 && fit.eps == 1e-8 && fit.iterations == 0);
	check_states(&quantizer_log, &fit, weights, states, 14);
	for (int z = 0; z < 8; z++) {
		double magnitude = pow(10, z >= 4 ? z - 4 : 3 - z);
		assert_true(near(quantizer_log.decode(&fit, z), z >= 4 ? magnitude : -magnitude, 1e-6));
	}
}

/* 2 bits are the two peaks of the paper's Figure 1: next to nothing, and the largest magnitude. */
static void log_at_two_bits_is_eps_and_the_largest(void **state)
{
	(void)state;
	static const float weights[] = {0, -0.0f, 0.25f, -0.5f, 1e-5f, -1e-5f, 1e-4f, -1e-4f};
	static const uint8_t states[] = {2, 2, 3, 0, 2, 1, 3, 0}; /* the border is at sqrt(1e-8 * 0.5) = 7e-5 */
	struct quant_fit fit = fit_of(&quantizer_log, 2, weights, 8);
	check_states(&quantizer_log, &fit, weights, states, 8);
	assert_true(near(quantizer_log.decode(&fit, 0), -0.5, 1e-7) && near(quantizer_log.decode(&fit, 3), 0.5, 1e-7));
	assert_true(near(quantizer_log.decode(&fit, 1), -1e-8, 1e-7) && near(quantizer_log.decode(&fit, 2), 1e-8, 1e-7));
	fit = fit_with(&quantizer_log, 2, 1e-3, weights, 8);
	assert_true(near(quantizer_log.decode(&fit, 2), 1e-3, 1e-7) && near(quantizer_log.decode(&fit, 3), 0.501, 1e-7));
	static const uint8_t with_large_eps[] = {2, 2, 3, 0, 2, 1, 2, 1}; /* sqrt(1e-3 * 0.501) = 0.022 */
	check_states(&quantizer_log, &fit, weights, with_large_eps, 8);
}

static void log_at_one_bit_keeps_the_sign_alone(void **state)
{
	(void)state;
	static const float weights[] = {-3, 0.5f, -0.25f, 7};
	static const uint8_t states[] = {0, 1, 0, 1};
	struct quant_fit fit = fit_of(&quantizer_log, 1, weights, 4);
	assert_true(fit.alpha == 0 && fit.beta == log(0.25 + 1e-8) && fit.valid && !fit.constant);
	check_states(&quantizer_log, &fit, weights, states, 4);
	assert_true(near(quantizer_log.decode(&fit, 0), -0.25, 1e-7) && near(quantizer_log.decode(&fit, 1), 0.25, 1e-7));
	assert_int_equal(quantizer_log.least_bits, 2);
}

/* One magnitude with both signs is no constant: the logarithm has no range, the states next to 0 take all. */
static void log_of_one_magnitude_divides_nothing_by_nothing(void **state)
{
	(void)state;
	static const float weights[] = {-0.5f, 0.5f, 0.5f};
	for (int bits = 1; bits <= 8; bits++) {
		const int half = 1 << (bits - 1);
		const uint8_t states[] = {(uint8_t)(half - 1), (uint8_t)half, (uint8_t)half};
		struct quant_fit fit = fit_of(&quantizer_log, bits, weights, 3);
		assert_true(fit.alpha == 0 && isfinite(fit.beta) && !fit.constant);
		check_states(&quantizer_log, &fit, weights, states, 3);
		float quantized[3];
		quantizer_log.apply(&fit, NULL, weights, 3, NULL, quantized, NULL);
		for (int i = 0; i < 3; i++)
			assert_true(near(quantized[i], weights[i], 1e-7));
	}
}

/* Thirds of tanh at 2 bits: the inner levels are atanh(1/3); the borders lie at 0 (1.5, to the even 2) and atanh(2/3). */
static void tanh_by_hand(void **state)
{
	(void)state;
	static const float weights[] = {-9, -0.81f, -0.80f, -1e-3f, 0, -0.0f, 1e-3f, 0.80f, 0.81f, 9};
	static const uint8_t states[] = {0, 0, 1, 1, 2, 2, 2, 2, 3, 3}; /* atanh(2/3) = 0.8047 */
	struct quant_fit fit = fit_of(&quantizer_tanh, 2, weights, 10);
	check_states(&quantizer_tanh, &fit, weights, states, 10);
	assert_true(fit.alpha == 0 && fit.beta == 0 && fit.valid && quantizer_tanh.without_scale);
	assert_true(quantizer_tanh.decode(&fit, 0) == -INFINITY && quantizer_tanh.decode(&fit, 3) == INFINITY);
	assert_true(quantizer_tanh.decode(&fit, 1) == (float)-atanh(1.0 / 3));
	assert_true(quantizer_tanh.decode(&fit, 2) == (float)atanh(1.0 / 3));
	float quantized[10];
	quantizer_tanh.apply(&fit, NULL, weights, 10, NULL, quantized, NULL);
	assert_true(quantized[0] == (float)-atanh(1 - 1e-6) && quantized[9] == (float)atanh(1 - 1e-6));
	assert_true(quantized[9] > 7.25f && quantized[9] < 7.26f && quantized[4] == (float)atanh(1.0 / 3));
}

static void tanh_at_one_bit_has_infinite_states_alone(void **state)
{
	(void)state;
	static const float weights[] = {-1, 0, 1e-3f, 5};
	static const uint8_t states[] = {0, 0, 1, 1}; /* 0.5 goes to the even 0 */
	struct quant_fit fit = fit_of(&quantizer_tanh, 1, weights, 4);
	check_states(&quantizer_tanh, &fit, weights, states, 4);
	assert_true(quantizer_tanh.decode(&fit, 0) == -INFINITY && quantizer_tanh.decode(&fit, 1) == INFINITY);
	float quantized[4];
	quantizer_tanh.apply(&fit, NULL, weights, 4, NULL, quantized, NULL);
	for (int i = 0; i < 4; i++)
		assert_true(fabsf(quantized[i]) == (float)atanh(1 - 1e-6));
	assert_int_equal(quantizer_tanh.least_bits, 2);
}

static void check_against_formula(int m, const struct quant_fit *fit, const float *weights, size_t count)
{
	static uint8_t states[2][1 << 16];
	static float quantized[2][1 << 16];
	assert_true(count <= 1 << 16);
	methods[m].quantizer->apply(fit, NULL, weights, count, states[0], quantized[0], NULL);
	curved_apply_ref(methods[m].curve, fit, weights, count, states[1], quantized[1]);
	for (size_t i = 0; i < count; i++)
		if (states[0][i] != states[1][i] || quantized[0][i] != quantized[1][i])
			fail_msg("%s, %d bits, %a: state %d and %a, by the formula %d and %a", methods[m].quantizer->name,
			         fit->bits, (double)weights[i], states[0][i], (double)quantized[0][i], states[1][i],
			         (double)quantized[1][i]);
}

/* Floats of every exponent, both signs. */
static float any_float(struct random *random)
{
	float value;
	do {
		uint32_t bits = (uint32_t)random_below(random, 1u << 31) << 1 | (uint32_t)random_below(random, 2);
		memcpy(&value, &bits, sizeof value);
	} while (!isfinite(value));
	return value;
}

/* Millions of weights of any size, under fits of tensors of any size. */
static void thresholds_give_what_the_formula_gives(void **state)
{
	(void)state;
	enum { COUNT = 1 << 16 };
	static float weights[COUNT];
	struct random random;
	random_start(&random, 20, RANDOM_TEST);
	for (int round = 0; round < 6; round++)
		for (int bits = 1; bits <= 8; bits++) {
			static const double epsilons[] = {0, 0, 1e-3, 1e-30, 1e-300, 100};
			fill_weights(&random, (enum distribution)(round % DISTRIBUTIONS), weights, COUNT);
			struct quant_fit fits[METHODS];
			for (int m = 0; m < METHODS; m++)
				fits[m] = fit_with(methods[m].quantizer, bits, epsilons[round], weights, COUNT);
			for (size_t i = 0; i < COUNT / 4; i++)
				weights[i] = any_float(&random);
			for (int m = 0; m < METHODS; m++)
				check_against_formula(m, &fits[m], weights, COUNT);
		}
}

/* The floats around every threshold, where halves are rounded. */
static void neighbours_of_thresholds_round_as_the_formula(void **state)
{
	(void)state;
	enum { AROUND = 16, COUNT = 256 * (2 * AROUND + 1) };
	static float weights[COUNT], tensor[500];
	struct random random;
	random_start(&random, 21, RANDOM_TEST);
	for (int t = 0; t < 200; t++) {
		fill_weights(&random, (enum distribution)(t % DISTRIBUTIONS), tensor, 500);
		for (int m = 0; m < METHODS; m++) {
			struct curved_steps steps;
			struct quant_fit fit = fit_of(methods[m].quantizer, 1 + t % 8, tensor, 500);
			size_t count = 0;
			curved_make_steps(methods[m].curve, &fit, &steps);
			for (int z = 1; z < 1 << fit.bits; z++) {
				float weight = steps.thresholds[z];
				for (int i = 0; i < AROUND; i++)
					weight = nextafterf(weight, -INFINITY);
				for (int i = 0; i <= 2 * AROUND; i++, weight = nextafterf(weight, INFINITY))
					if (isfinite(weight))
						weights[count++] = weight;
			}
			check_against_formula(m, &fit, weights, count);
			for (size_t repeated = count; repeated > 0 && count < 2048; count++)
				weights[count] = weights[count % repeated]; /* enough of them for the thresholds to be used */
			check_against_formula(m, &fit, weights, count);
		}
	}
}

/* Q(-w) = -Q(w), but for 0 itself and, with Tanh-Q, for what a double cannot tell from it beside 1. */
static void both_signs_are_treated_alike(void **state)
{
	(void)state;
	enum { COUNT = 4000 };
	float weights[COUNT], mirrored[COUNT], quantized[2][COUNT];
	struct random random;
	random_start(&random, 22, RANDOM_TEST);
	random_fill_normal(&random, weights, COUNT, 0, 1);
	for (size_t i = 0; i < COUNT; i++)
		mirrored[i] = -weights[i];
	for (int m = 0; m < METHODS; m++)
		for (int bits = 1; bits <= 8; bits++) {
			struct quant_fit fit = fit_of(methods[m].quantizer, bits, weights, COUNT);
			methods[m].quantizer->apply(&fit, NULL, weights, COUNT, NULL, quantized[0], NULL);
			methods[m].quantizer->apply(&fit, NULL, mirrored, COUNT, NULL, quantized[1], NULL);
			for (size_t i = 0; i < COUNT; i++)
				assert_true(quantized[0][i] == -quantized[1][i]);
		}
}

static void instruction_sets_change_no_state(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	float weights[COUNT], quantized[2][COUNT];
	uint8_t states[2][COUNT];
	struct random random;
	random_start(&random, 23, RANDOM_TEST);
	random_fill_normal(&random, weights, COUNT, 0, 1);
	int sets = 0;
	for (int s = 0; curved_kernel_sets[s]; s++) {
		if (!curved_kernels_usable(curved_kernel_sets[s]))
			continue;
		sets++;
		for (int bits = 1; bits <= 8; bits++) {
			struct curved_steps steps;
			struct quant_fit fit = fit_of(&quantizer_log, bits, weights, COUNT);
			curved_make_steps(&curve_log, &fit, &steps);
			curved_apply_ref(&curve_log, &fit, weights, COUNT, states[1], quantized[1]);
			for (size_t count = 0; count < COUNT; count += 37) {
				curved_kernel_sets[s]->quantize(&steps, weights, count, quantized[0]);
				curved_kernel_sets[s]->encode(&steps, weights, count, states[0]);
				assert_memory_equal(quantized[0], quantized[1], count * sizeof *weights);
				assert_memory_equal(states[0], states[1], count);
			}
		}
	}
	assert_true(sets >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_by_hand),
		cmocka_unit_test(log_at_two_bits_is_eps_and_the_largest),
		cmocka_unit_test(log_at_one_bit_keeps_the_sign_alone),
		cmocka_unit_test(log_of_one_magnitude_divides_nothing_by_nothing),
		cmocka_unit_test(tanh_by_hand),
		cmocka_unit_test(tanh_at_one_bit_has_infinite_states_alone),
		cmocka_unit_test(thresholds_give_what_the_formula_gives),
		cmocka_unit_test(neighbours_of_thresholds_round_as_the_formula),
		cmocka_unit_test(both_signs_are_treated_alike),
		cmocka_unit_test(instruction_sets_change_no_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
