/* EM-Q: the paper's procedure, its error over the iterations, the distance to the best uniform quantizer there is; and
 * the kernels it runs on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quant/uniform.h"
#include "tests/quant_tensors.h"

enum { MAX_WEIGHTS = 600, MOST_BRUTE = 300 /* weights that brute force is asked for */ };

static struct quant_fit fit_or_fail(const struct quantizer *quantizer, int bits, int iterations, const float *weights,
                                    size_t count)
{
	struct quant_options options = {.bits = bits, .iterations = iterations, .literal = iterations > 0};
	struct quant_fit fit = {0};
	struct error error = {0};
	if (!quantizer->fit(&options, NULL, weights, count, &fit, &error))
		fail_msg("%s at %d bits: %s", quantizer->name, bits, error.text);
	return fit;
}

static struct quant_fit fit_with(const struct quant_options *options, const float *weights, size_t count)
{
	struct quant_fit fit = {0};
	struct error error = {0};
	if (!quantizer_em.fit(options, NULL, weights, count, &fit, &error))
		fail_msg("EM at %d bits: %s", options->bits, error.text);
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

static double mean_square(const float *weights, size_t count)
{
	double square = 0;
	for (size_t i = 0; i < count; i++)
		square += (double)weights[i] * weights[i] / (double)count;
	return square;
}

/* As applied: each level may have been rounded to float, from `largest` or less. */
static bool no_larger(double error, double limit, double largest)
{
	return sqrt(error) <= sqrt(limit) * (1 + 1e-6) + (double)FLT_EPSILON * largest;
}

static double largest_of(const float *weights, size_t count)
{
	double largest = 0;
	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabsf(weights[i]));
	return largest;
}

/* Iterations from a warm start see the weights' distances to the levels in float. */
static void check_falling(int tensor, const char *what, const struct quant_trace *trace, bool in_float, double largest,
                          double rounding)
{
	for (int i = 1; i < trace->count; i++) {
		double error = trace->errors[i], before = trace->errors[i - 1];
		if (error > before * (1 + 2 * (double)FLT_EPSILON) + rounding && !(in_float && no_larger(error, before, largest)))
			fail_msg("tensor %d, %s: error %g after %g", tensor, what, error, before);
	}
}

/* The trace of a fit: from the start's error to the result's, never rising. `rounding` covers what rounding in the sums
 * and of the levels may add. */
static void check_trace(int tensor, const char *what, const struct quant_options *given, const float *weights, size_t count,
                        double rounding)
{
	struct quant_options options = *given;
	struct quant_trace trace = {0};
	struct quant_fit fit = {0};
	struct error error = {0};
	options.trace = &trace;
	if (!quantizer_em.fit(&options, NULL, weights, count, &fit, &error))
		fail_msg("tensor %d, %s: %s", tensor, what, error.text);
	assert_true(trace.count == (fit.iterations + 1 < QUANT_TRACE ? fit.iterations + 1 : QUANT_TRACE));
	double applied = applied_error(&quantizer_em, &fit, weights, count), last = trace.errors[trace.count - 1];
	double largest = largest_of(weights, count);
	check_falling(tensor, what, &trace, options.warm, largest, rounding);
	if (!no_larger(applied, last, largest) || (!options.warm && !options.literal && !no_larger(last, applied, largest)))
		fail_msg("tensor %d, %s: the trace ends at %g, but the error is %g", tensor, what, last, applied);
	if (!options.warm || !fit.iterations)
		return;
	double first = applied_error(&quantizer_em, options.warm, weights, count);
	if (first < 1e-6 * largest * largest) /* perfect already: a fit that is off by roundings gives way to a cold one */
		return;
	double in_float = 16 * largest; /* what the arithmetic of an iteration in float may add, beside levels kept in float */
	if (!no_larger(trace.errors[0], first, in_float) || !no_larger(first, trace.errors[0], in_float))
		fail_msg("tensor %d, %s: the trace begins at %g, but the start's error is %g", tensor, what, (double)trace.errors[0], first);
}

static void traces_never_rise(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 2, RANDOM_TEST);
	float weights[MAX_WEIGHTS];
	for (int t = 0; t < 3000; t++) {
		size_t count = 2 + random_below(&random, t % 8 ? 60 : MAX_WEIGHTS - 1);
		int bits = 1 + t / DISTRIBUTIONS % 8;
		fill_weights(&random, (enum distribution)(t % DISTRIBUTIONS), weights, count);
		double square = mean_square(weights, count), rounding = 1e-12 * square;
		struct quant_fit minmax = fit_or_fail(&quantizer_minmax, bits, 0, weights, count);
		if (minmax.constant)
			continue;
		const struct { const char *name; struct quant_options options; } ways[] = {
			{"literal", {.bits = bits, .literal = true}},
			{"40 literal", {.bits = bits, .iterations = 40, .literal = true}},
			{"cold", {.bits = bits}},
			{"cold 3", {.bits = bits, .iterations = 3}},
			{"5 from Minmax", {.bits = bits, .iterations = 5, .warm = &minmax}},
		};
		for (size_t way = 0; way < sizeof ways / sizeof *ways; way++)
			if (!ways[way].options.warm || t % DISTRIBUTIONS != LARGE_MEAN) /* where a bad start gives way to a cold one */
				check_trace(t, ways[way].name, &ways[way].options, weights, count, rounding);
	}
}

/* With the same number of iterations, or as many as each finds good. */
static void never_above_minmax_or_the_literal_form(void **state)
{
	(void)state;
	struct random random;
	random_start(&random, 13, RANDOM_TEST);
	float weights[MAX_WEIGHTS];
	for (int t = 0; t < 6000; t++) {
		size_t count = 1 + random_below(&random, t % 8 ? 60 : MAX_WEIGHTS);
		int bits = 1 + t / DISTRIBUTIONS % 8;
		fill_weights(&random, (enum distribution)(t % DISTRIBUTIONS), weights, count);
				struct quant_fit minmax = fit_or_fail(&quantizer_minmax, bits, 0, weights, count);
		struct quant_fit literal = fit_with(&(struct quant_options){.bits = bits, .literal = true}, weights, count);
		struct quant_fit many = fit_with(&(struct quant_options){.bits = bits}, weights, count);
		double error = applied_error(&quantizer_em, &many, weights, count);
		double literal_error = applied_error(&quantizer_em, &literal, weights, count);
		if (error > applied_error(&quantizer_minmax, &minmax, weights, count))
			fail_msg("tensor %d (%zu weights, %d bits): EM errs more than Minmax", t, count, bits);
		if (!no_larger(error, literal_error, largest_of(weights, count)))
			fail_msg("tensor %d (%zu weights, %d bits): %g, but literally %g", t, count, bits, error, literal_error);
	}
}

/* ---- the best uniform quantizer, by brute force ---- */

/* Least squares error of weights with given states. */
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
	return fmax(zz > 0 ? ww - wz * wz / zz : ww, 0) / n;
}

/* The states change where a weight lies between two levels, w = beta + (z - 1/2) alpha: a line in the plane of alpha and
 * beta. Between the lines lie all the ways to give states, and each touches a crossing of two lines. So the four sides of
 * every crossing are tried. With more than two lines through one point, as whole numbers have, some sides are missed. */
struct crossing {
	const float *weights;
	int n, top;
	double alpha, beta;
	int first, first_z, second, second_z; /* the two weights on the edge of those states */
};

static double best_around(const struct crossing *c)
{
	int z[MOST_BRUTE];
	double best = INFINITY;
	for (int i = 0; i < c->n; i++)
		z[i] = (int)fmin(fmax(rint((c->weights[i] - c->beta) / c->alpha), 0), c->top);
	for (int side = 0; side < 4; side++) {
		for (int i = 0; i < c->n; i++) {
			if (c->weights[i] == c->weights[c->first])
				z[i] = c->first_z - side % 2;
			else if (c->weights[i] == c->weights[c->second])
				z[i] = c->second_z - side / 2;
		}
		best = fmin(best, line_error(c->weights, z, c->n));
	}
	return best;
}

static double best_possible_error(const float *weights, int n, int bits)
{
	struct crossing c = {.weights = weights, .n = n, .top = (1 << bits) - 1};
	double best = INFINITY;
	for (int i = 0; i < n; i++) { /* two states alone, whatever the bits */
		int z[MOST_BRUTE];
		for (int j = 0; j < n; j++)
			z[j] = weights[j] >= weights[i];
		best = fmin(best, line_error(weights, z, n));
	}
	for (c.first = 0; c.first < n; c.first++)
		for (c.second = 0; c.second < n; c.second++)
			for (c.first_z = 1; c.first_z <= c.top; c.first_z++)
				for (c.second_z = c.first_z + 1; c.second_z <= c.top && weights[c.second] > weights[c.first]; c.second_z++) {
					c.alpha = ((double)weights[c.second] - weights[c.first]) / (c.second_z - c.first_z);
					c.beta = weights[c.first] - (c.first_z - 0.5) * c.alpha;
					best = fmin(best, best_around(&c));
				}
	return best;
}
struct distance {
	double sum, worst;
	int count;
};

/* Nothing is below brute force; and above it by 2 % of the error at most, unless levels rounded to float decide. */
static void measure_distance(struct random *random, enum distribution distribution, int n, int bits, struct distance *distance)
{
	float weights[MOST_BRUTE];
	fill_weights(random, distribution, weights, (size_t)n);
	double best = sqrt(best_possible_error(weights, n, bits)), rounding = (double)FLT_EPSILON * largest_of(weights, (size_t)n);
	struct quant_fit fit = fit_or_fail(&quantizer_em, bits, 0, weights, (size_t)n);
	double error = sqrt(applied_error(&quantizer_em, &fit, weights, (size_t)n));
	if (error < best * (1 - 1e-6) - rounding && distribution != WHOLE_NUMBERS)
		fail_msg("%d weights, %s, %d bits: brute force finds %g, EM %g", n, distribution_names[distribution], bits, best, error);
	if (error > best * sqrt(1.02) + rounding)
		fail_msg("%d weights, %s, %d bits: EM's root error is %g, the best %g", n, distribution_names[distribution], bits, error, best);
	if (best <= 1000 * rounding)
		return;
	distance->sum += error * error / (best * best);
	distance->worst = fmax(distance->worst, error * error / (best * best));
	distance->count++;
}

static void em_is_near_the_best_uniform_quantizer(void **state)
{
	(void)state;
	static const int most[] = {[1] = 300, [2] = 40, [3] = 20, [4] = 12}; /* weights: brute force takes the fourth power */
	struct random random;
	random_start(&random, 6, RANDOM_TEST);
	for (int bits = 1; bits <= 4; bits++)
		for (int d = 0; d < DISTRIBUTIONS; d++) {
			struct distance distance = {0};
			for (int t = 0; t < 25; t++)
				measure_distance(&random, (enum distribution)d, 3 + (int)random_below(&random, (uint32_t)most[bits] - 2), bits, &distance);
			if (distance.count > 0)
				print_message("%d bits, %-13s EM over the best possible: mean %.4f, worst %.4f of %d\n", bits, distribution_names[d],
				              distance.sum / distance.count, distance.worst, distance.count);
		}
}

/* The same, cold and warm, for any number of threads. */
static void threads_change_no_fit(void **state)
{
	(void)state;
	enum { LARGE = 150001 };
	static float weights[LARGE];
	struct quant_fit fits[3][2];
	struct quant_trace traces[3];
	struct random random;
	random_start(&random, 7, RANDOM_TEST);
	fill_weights(&random, FAR_OUTLIERS, weights, LARGE);
	memset(fits, 0, sizeof fits);
	memset(traces, 0, sizeof traces);
	for (int threads = 1; threads <= 3; threads++) {
		struct error error;
		struct parallel *parallel = parallel_create(threads, &error);
		struct quant_fit *fit = fits[threads - 1];
		assert_non_null(parallel);
		struct quant_options cold = {.bits = 2, .trace = &traces[threads - 1]};
		assert_true(quantizer_em.fit(&cold, parallel, weights, LARGE, &fit[0], &error));
		struct quant_fit start = fit[0];
		start.alpha *= 1.1;
		struct quant_options warm = {.bits = 2, .iterations = 3, .warm = &start};
		assert_true(quantizer_em.fit(&warm, parallel, weights, LARGE, &fit[1], &error));
		parallel_destroy(parallel);
	}
	for (int i = 1; i < 3; i++) {
		for (int f = 0; f < 2; f++) {
			assert_true(fits[i][f].alpha == fits[0][f].alpha && fits[i][f].beta == fits[0][f].beta);
			assert_int_equal(fits[i][f].iterations, fits[0][f].iterations);
		}
		assert_memory_equal(&traces[i], &traces[0], sizeof traces[0]);
	}
}

static bool nearly(double a, double b, double scale) { return fabs(a - b) <= 1.6e-5 * scale; }

/* Sums of the same weights in float, from a machine without fused multiply-adds or in double. */
static bool moments_agree(const struct uniform_moments *a, const struct uniform_moments *b, size_t count)
{
	double scale = sqrt(a->rr * (double)count) * sqrt(a->zz / (double)count + 1) + 1e-6 * (double)count;
	return a->z == b->z && a->zz == b->zz && nearly(a->r, b->r, scale) &&
	       nearly(a->rz, b->rz, scale) && nearly(a->rr, b->rr, a->rr + 1e-6 * (double)count);
}

/* Nothing that is written differs, nor does what EM sums, except where a machine has no fused multiply-adds. */
static void instruction_sets_change_no_bit(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	static float weights[COUNT], quantized[2][COUNT];
	static uint8_t states[2][COUNT];
	struct random random;
	random_start(&random, 8, RANDOM_TEST);
	random_fill_normal(&random, weights, COUNT, 0.1f, 1);
	const struct uniform_kernels *best = uniform_kernels_best();
	for (int s = 0; uniform_kernel_sets[s]; s++) {
		const struct uniform_kernels *both[] = {uniform_kernel_sets[s], best};
		if (!uniform_kernels_usable(both[0]))
			continue;
		for (size_t count = 1; count < COUNT; count += 37) {
			const struct quant_fit fit = {.bits = 1 + (int)(count % 8), .alpha = 0.3, .beta = -1};
			struct uniform_grid grid = uniform_grid_of(&fit);
			struct uniform_moments near[2], later[2], exact[2];
			struct uniform_range range[2], first[2];
			double errors[2];
			assert_true(grid.tame);
			for (int k = 0; k < 2; k++) {
				both[k]->range(weights, count, &range[k]);
				both[k]->first_moments(&grid, weights, count, &near[k], &first[k]);
				both[k]->moments(&grid, weights, count, &later[k]);
				both[k]->moments_ref(&grid, weights, count, &exact[k]);
				errors[k] = both[k]->squared_error(&grid, weights, count);
				both[k]->quantize(&grid, weights, count, quantized[k]);
				both[k]->encode(&grid, weights, count, states[k]);
			}
			assert_memory_equal(&range[0], &range[1], sizeof range[0]);
			assert_true(first[0].min == range[1].min && first[0].max == range[1].max && first[0].count == count);
			assert_true(nearly(first[0].sum, range[1].sum, sqrt(near[0].rr * (double)count)));
			assert_memory_equal(&exact[0], &exact[1], sizeof exact[0]);
			if (strcmp(both[0]->name, "baseline") || both[0] == best)
				assert_true(!memcmp(&near[0], &near[1], sizeof near[0]) && !memcmp(&later[0], &later[1], sizeof later[0]));
			later[0].r = near[0].r; /* what a later look leaves out */
			assert_memory_equal(&later[0], &near[0], sizeof near[0]);
			assert_true(moments_agree(&near[0], &near[1], count) && moments_agree(&near[0], &exact[0], count));
			assert_memory_equal(quantized[0], quantized[1], count * sizeof *weights);
			assert_memory_equal(states[0], states[1], count);
			assert_true(errors[0] == errors[1]);
		}
	}
}

static void look(const struct quant_fit *fit, bool exact, const float *weights, size_t count, struct uniform_moments *moments,
                 struct uniform_range *range)
{
	struct error error = {0};
	if (!uniform_moments(fit, exact, NULL, weights, count, moments, range, &error))
		fail_msg("alpha %g beta %g: %s", fit->alpha, fit->beta, error.text);
}

/* Later looks take the sum of r from that of the weights. It is as good as in double, also after a first look at levels that
 * have nothing to do with the weights; and a weight whose square is beyond float does no harm. */
static void later_looks_know_as_much(void **state)
{
	(void)state;
	enum { COUNT = 5000 };
	static const struct { double alpha, beta, huge; } firsts[] = {
		{0.3, -1, 0}, {0.31, -1.01, 0}, {1e-6, 0, 0}, {1e-6, 4e-3, 0}, {1e4, -1e4, 0}, {0.3, -1, 1e25},
	};
	static float weights[COUNT];
	struct random random;
	random_start(&random, 14, RANDOM_TEST);
	for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
		random_fill_normal(&random, weights, COUNT, 0.1f, 1);
		if (firsts[f].huge > 0)
			weights[COUNT / 2] = (float)firsts[f].huge;
		for (int bits = 1; bits <= 8; bits++) {
			const struct quant_fit first = {.bits = bits, .alpha = firsts[f].alpha, .beta = firsts[f].beta};
			const struct quant_fit later = {.bits = bits, .alpha = 4.0 / (1 << bits), .beta = -2};
			struct uniform_range range = {0}, known = {0};
			struct uniform_moments moments, exact;
			look(&first, false, weights, COUNT, &moments, &range);
			look(&later, false, weights, COUNT, &moments, &range);
			look(&later, true, weights, COUNT, &exact, &known);
			assert_true(range.count == COUNT && range.min == known.min && range.max == known.max);
			double largest = sqrt(exact.rr * COUNT);
			double other = moments.z - exact.z, gone = moments.r + later.alpha * other - exact.r; /* other: weights between two levels */
			if (fabs(other) > 3 || fabs(gone) > 1e-5 * largest || fabs(range.sum - known.sum) > 1e-5 * largest)
				fail_msg("first %g %g, %d bits: r %.9g, exactly %.9g; sum %.9g, exactly %.9g", first.alpha, first.beta, bits, moments.r,
				         exact.r, range.sum, known.sum);
		}
	}
}

/* Weights on and beside the middle between two levels, where a reciprocal in float would decide wrongly. */
static void states_are_the_formulas_to_the_last_bit(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	float weights[COUNT], quantized[COUNT];
	uint8_t states[COUNT];
	struct random random;
	random_start(&random, 12, RANDOM_TEST);
	for (int t = 0; t < 4000; t++) {
		int bits = 1 + t % 8, top = (1 << bits) - 1;
		float alpha = 0, shift = 0;
		random_fill_uniform(&random, &alpha, 1);
		random_fill_uniform(&random, &shift, 1);
		const struct quant_fit fit = {.bits = bits, .alpha = ldexp(0.5 + alpha, t % 41 - 20), .valid = true,
		                              .beta = ldexp((t % 3 ? -0.4 * top : 2000) * shift, t % 41 - 20)};
		for (int i = 0; i < COUNT; i++) {
			weights[i] = (float)(fit.beta + fit.alpha * ((double)random_below(&random, (uint32_t)top + 3) - 1.5));
			for (int n = (int)random_below(&random, 4); n > 0; n--)
				weights[i] = nextafterf(weights[i], n % 2 ? INFINITY : -INFINITY);
		}
		weights[COUNT - 1] = t % 5 ? 3e38f : -1e-40f;
		assert_true(uniform_grid_of(&fit).tame);
		quantizer_em.apply(&fit, NULL, weights, COUNT, states, quantized, NULL);
		for (int i = 0; i < COUNT; i++) {
			double z = fmin(fmax(rint((weights[i] - fit.beta) / fit.alpha), 0), top);
			if (states[i] != z || quantized[i] != (float)(fit.alpha * z + fit.beta))
				fail_msg("alpha %a beta %a: %a became state %d, not %g", fit.alpha, fit.beta, (double)weights[i], states[i], z);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(em_at_one_bit_by_hand),
		cmocka_unit_test(traces_never_rise),
		cmocka_unit_test(never_above_minmax_or_the_literal_form),
		cmocka_unit_test(em_is_near_the_best_uniform_quantizer),
		cmocka_unit_test(threads_change_no_fit),
		cmocka_unit_test(instruction_sets_change_no_bit),
		cmocka_unit_test(later_looks_know_as_much),
		cmocka_unit_test(states_are_the_formulas_to_the_last_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
