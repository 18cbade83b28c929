/* engine/tensor pointwise work and batch normalisation: every kernel the CPU has against the slow truth, in place,
 * with NaN, against finite differences, and equal bits for any number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/memory.h"
#include "engine/tensor/kernel.h"
#include "engine/tensor/pointwise.h"
#include "engine/tensor/random.h"

enum { COUNT = 40007 }; /* more than two blocks and an odd rest */
static float x[COUNT], y[COUNT], dy[COUNT], fast[COUNT], slow[COUNT];
static struct parallel *parallel;

static void fill(float *values, size_t count, uint64_t seed, float deviation)
{
	struct random random;
	random_start(&random, seed, RANDOM_TEST);
	random_fill_normal(&random, values, count, 0, deviation);
}

/* Runs a check with each kernel that the CPU has. */
static void with_every_kernel(void (*check)(void))
{
	int kernels = 0;
	for (int k = 0; kernel_name(k); k++) {
		if (kernel_use(kernel_name(k))) {
			check();
			kernels++;
		}
	}
	assert_true(kernels >= 1);
}

static void assert_near(const float *values, const float *expected, size_t count, float tolerance, const char *what)
{
	for (size_t i = 0; i < count; i++) {
		if (!(fabsf(values[i] - expected[i]) <= tolerance))
			fail_msg("%s, kernel %s: value %zu is %.9g, expected %.9g", what, kernel_current()->name, i,
			         (double)values[i], (double)expected[i]);
	}
}

static void check_leaky(void)
{
	x[0] = 0;
	x[1] = -0.0f;
	x[2] = INFINITY;
	pointwise_leaky(parallel, COUNT, 0.2f, x, fast);
	pointwise_leaky_ref(COUNT, 0.2f, x, slow);
	assert_memory_equal(fast, slow, sizeof fast);
	pointwise_leaky_backward(parallel, COUNT, 0.2f, fast, dy, y);
	for (size_t i = 0; i < COUNT; i++)
		assert_true(y[i] == (x[i] > 0 ? dy[i] : 0.2f * dy[i]));
	memcpy(fast, x, sizeof fast);
	pointwise_leaky(parallel, COUNT, 0, fast, fast);
	pointwise_leaky_ref(COUNT, 0, x, slow);
	for (size_t i = 0; i < COUNT; i++)
		assert_true(fast[i] == slow[i]);
}

static void leaky(void **state)
{
	(void)state;
	fill(x, COUNT, 1, 1);
	fill(dy, COUNT, 2, 1);
	with_every_kernel(check_leaky);
}

static void fill_curve_inputs(void)
{
	static const float special[] = {0, -0.0f, 1e-30f, -1e-5f, 9.01f, -9.01f, 30, -30, 87, -87, 88.5f, -88.5f, 1e30f, -1e30f,
	                                INFINITY, -INFINITY};
	fill(x, COUNT, 3, 4);
	memcpy(x, special, sizeof special);
}

static void check_curves(void)
{
	fill_curve_inputs();
	pointwise_tanh(parallel, COUNT, x, fast);
	pointwise_tanh_ref(COUNT, x, slow);
	assert_near(fast, slow, COUNT, 4e-7f, "tanh");
	for (size_t i = 0; i < COUNT; i++)
		assert_true(fabsf(fast[i]) <= 1);
	pointwise_tanh_backward(parallel, COUNT, fast, dy, y);
	for (size_t i = 0; i < COUNT; i++)
		assert_float_equal(y[i], dy[i] * (1 - (double)fast[i] * fast[i]), 1e-6);
	pointwise_sigmoid(parallel, COUNT, x, fast);
	pointwise_sigmoid_ref(COUNT, x, slow);
	assert_near(fast, slow, COUNT, 4e-7f, "sigmoid");
	pointwise_sigmoid_backward(parallel, COUNT, fast, dy, y);
	for (size_t i = 0; i < COUNT; i++)
		assert_float_equal(y[i], dy[i] * fast[i] * (1 - (double)fast[i]), 1e-6);
	pointwise_tanh(parallel, COUNT, x, slow);
	pointwise_tanh(parallel, COUNT, x, x);
	assert_memory_equal(x, slow, sizeof x);
}

static void tanh_and_sigmoid(void **state)
{
	(void)state;
	fill(dy, COUNT, 2, 1);
	with_every_kernel(check_curves);
}

/* Quiet NaN with every payload bit the exponent trick could shift into trouble, in lanes and in the tail. */
static void check_nan(void)
{
	uint32_t bits[40];
	float values[40], out[40];
	for (uint32_t i = 0; i < 40; i++)
		bits[i] = 0x7fc00000u | (i & 1) << 31 | 1u << i % 22;
	memcpy(values, bits, sizeof values);
	pointwise_tanh(NULL, 40, values, out);
	for (int i = 0; i < 40; i++)
		assert_true(isnan(out[i]));
	pointwise_sigmoid(NULL, 40, values, out);
	for (int i = 0; i < 40; i++)
		assert_true(isnan(out[i]));
	pointwise_leaky(NULL, 40, 0.2f, values, out);
	for (int i = 0; i < 40; i++)
		assert_true(isnan(out[i]));
	assert_true(isnan(pointwise_sum_of_squares(NULL, 40, values)));
}

static void nan_stays_nan(void **state)
{
	(void)state;
	with_every_kernel(check_nan);
}

/* A normalisation over its own buffers. */
struct norm_case {
	struct batch_norm norm;
	float *gamma, *beta, *dgamma, *dbeta, *x, *dy, *y;
	size_t count;
};

static struct norm_case make_norm(size_t rows, int channels)
{
	size_t c = (size_t)channels, count = rows * c;
	float *floats = memory_try_floats(8 * c + 3 * count, "test", NULL);
	struct norm_case n = {
		.norm = {.rows = rows, .channels = channels, .epsilon = 1e-5f, .momentum = 0.1f, .gamma = floats, .beta = floats + c,
		         .running_mean = floats + 2 * c, .running_variance = floats + 3 * c, .mean = floats + 4 * c,
		         .inverse_deviation = floats + 5 * c, .scratch = memory_zeroed(batch_norm_scratch(channels), sizeof(double))},
		.gamma = floats, .beta = floats + c, .dgamma = floats + 6 * c, .dbeta = floats + 7 * c,
		.x = floats + 8 * c, .dy = floats + 8 * c + count, .y = floats + 8 * c + 2 * count, .count = count,
	};
	fill(floats, 8 * c, 21, 1);
	fill(n.x, count, 22, 2);
	fill(n.dy, count, 23, 1);
	for (size_t i = 0; i < c; i++)
		n.norm.running_variance[i] = fabsf(n.norm.running_variance[i]);
	for (size_t i = 0; i < count; i++)
		n.x[i] += (float)(i % c) - 3; /* means far from 0 */
	return n;
}

static void free_norm(struct norm_case *n)
{
	free(n->gamma);
	free(n->norm.scratch);
}

static const struct { size_t rows; int channels; } norm_sizes[] = {{2, 5}, {17, 1}, {100, 33}, {1031, 16}, {2048, 20}};
enum { NORM_SIZES = sizeof norm_sizes / sizeof *norm_sizes };

static void check_batch_norm(void)
{
	for (int s = 0; s < NORM_SIZES; s++) {
		struct norm_case a = make_norm(norm_sizes[s].rows, norm_sizes[s].channels);
		struct norm_case b = make_norm(norm_sizes[s].rows, norm_sizes[s].channels);
		const size_t c = (size_t)a.norm.channels;
		batch_norm_train(parallel, &a.norm, a.x, a.y);
		batch_norm_train_ref(&b.norm, b.x, b.y);
		assert_near(a.y, b.y, a.count, 2e-5f, "batch norm");
		assert_near(a.norm.mean, b.norm.mean, c, 2e-5f, "mean");
		assert_near(a.norm.inverse_deviation, b.norm.inverse_deviation, c, 1e-4f, "inverse deviation");
		assert_near(a.norm.running_mean, b.norm.running_mean, c, 1e-5f, "running mean");
		assert_near(a.norm.running_variance, b.norm.running_variance, c, 1e-4f, "running variance");
		batch_norm_backward(parallel, &a.norm, a.x, a.dy, a.dy, a.dgamma, a.dbeta);
		batch_norm_backward_ref(&b.norm, b.x, b.dy, b.y, b.dgamma, b.dbeta);
		assert_near(a.dy, b.y, a.count, 2e-4f, "batch norm dx");
		assert_near(a.dgamma, b.dgamma, c, 2e-3f, "dgamma");
		assert_near(a.dbeta, b.dbeta, c, 2e-3f, "dbeta");
		free_norm(&a);
		free_norm(&b);
	}
}

static void batch_norm_agrees_with_the_slow_truth(void **state)
{
	(void)state;
	with_every_kernel(check_batch_norm);
}

/* Batch normalisation, rectified: the same as one after the other. */
static void check_fused(void)
{
	for (int s = 0; s < NORM_SIZES; s++) {
		struct norm_case a = make_norm(norm_sizes[s].rows, norm_sizes[s].channels);
		struct norm_case b = make_norm(norm_sizes[s].rows, norm_sizes[s].channels);
		const size_t c = (size_t)a.norm.channels;
		batch_norm_leaky_train(parallel, &a.norm, 0.2f, a.x, a.y);
		batch_norm_train(parallel, &b.norm, b.x, b.y);
		pointwise_leaky(parallel, b.count, 0.2f, b.y, b.y);
		assert_near(a.y, b.y, a.count, 1e-6f, "fused forward");
		assert_near(a.norm.running_mean, b.norm.running_mean, c, 0, "fused running mean");
		batch_norm_leaky_backward(parallel, &a.norm, 0.2f, a.x, a.dy, a.dy, a.dgamma, NULL);
		pointwise_leaky_backward(parallel, b.count, 0.2f, b.y, b.dy, b.dy);
		batch_norm_backward(parallel, &b.norm, b.x, b.dy, b.dy, b.dgamma, NULL);
		assert_near(a.dy, b.dy, a.count, 1e-5f, "fused dx");
		assert_near(a.dgamma, b.dgamma, c, 1e-3f, "fused dgamma");
		assert_near(a.dbeta, b.dbeta, c, 0, "dbeta not wanted");
		batch_norm_leaky_evaluate(parallel, &a.norm, 0, a.x, a.y);
		batch_norm_evaluate(parallel, &b.norm, b.x, b.y);
		for (size_t i = 0; i < a.count; i++) {
			double inverse = 1 / sqrt((double)b.norm.running_variance[i % c] + 1e-5);
			double z = (b.x[i] - (double)b.norm.running_mean[i % c]) * inverse * b.gamma[i % c] + b.beta[i % c];
			assert_true(fabs(b.y[i] - z) <= 1e-5 * (1 + fabs(z) + inverse));
			assert_true(a.y[i] == (b.y[i] > 0 ? b.y[i] : 0));
		}
		free_norm(&a);
		free_norm(&b);
	}
}

static void fused_batch_norm_is_both_steps(void **state)
{
	(void)state;
	with_every_kernel(check_fused);
}

static double loss_of(struct norm_case *n)
{
	double loss = 0;
	batch_norm_leaky_train(NULL, &n->norm, 0.2f, n->x, n->y);
	for (size_t i = 0; i < n->count; i++)
		loss += (double)n->y[i] * n->dy[i];
	return loss;
}

/* Derivative of sum(y dy) by a value, by a step wide enough for float and checked against the backward pass. */
static double difference(struct norm_case *n, float *value)
{
	const float step = 4e-3f, old = *value;
	*value = old + step;
	double up = loss_of(n);
	*value = old - step;
	double down = loss_of(n);
	*value = old;
	return (up - down) / (2 * (double)step);
}

static void batch_norm_gradient_is_the_derivative(void **state)
{
	(void)state;
	struct norm_case n = make_norm(24, 4);
	float dx[96], dgamma[4] = {0}, dbeta[4] = {0};
	loss_of(&n);
	batch_norm_leaky_backward(NULL, &n.norm, 0.2f, n.x, n.dy, dx, dgamma, dbeta);
	int far = 0;
	for (size_t i = 0; i < n.count; i++)
		far += fabs(dx[i] - difference(&n, &n.x[i])) > 5e-3 * (1 + fabs(dx[i]));
	assert_in_range(far, 0, 4); /* a step over the rectifier's corner is no derivative */
	for (size_t c = 0; c < 4; c++) {
		assert_float_equal(dgamma[c], difference(&n, &n.gamma[c]), 0.05);
		assert_float_equal(dbeta[c], difference(&n, &n.beta[c]), 0.05);
	}
	free_norm(&n);
}

static void check_adam(void)
{
	struct adam adam = {.learning_rate = 2e-3f, .beta1 = 0.5f, .beta2 = 0.999f, .epsilon = 1e-8f};
	float *blocks = memory_try_floats(6 * COUNT, "test", NULL);
	float *w = blocks, *m = w + COUNT, *v = m + COUNT, *rw = v + COUNT, *rm = rw + COUNT, *rv = rm + COUNT;
	fill(w, COUNT, 31, 0.02f);
	memcpy(rw, w, COUNT * sizeof *w);
	const float start = w[0], start_next = w[1]; /* a gradient that is always 0 moves nothing */
	for (adam.step = 1; adam.step <= 5; adam.step++) {
		fill(dy, COUNT, (uint64_t)(40 + adam.step), 0.1f);
		dy[0] = 0;
		pointwise_adam(parallel, COUNT, &adam, w, dy, m, v);
		pointwise_adam_ref(COUNT, &adam, rw, dy, rm, rv);
	}
	assert_near(w, rw, COUNT, 2e-7f, "adam weights");
	assert_near(m, rm, COUNT, 1e-7f, "adam first moment");
	assert_near(v, rv, COUNT, 1e-8f, "adam second moment");
	assert_true(w[0] == start && w[1] != start_next);
	free(blocks);
}

static void adam_agrees_with_the_slow_truth(void **state)
{
	(void)state;
	with_every_kernel(check_adam);
}

/* PyTorch: first step of size learning rate whatever the gradient's size; second by hand for a constant gradient. */
static void adam_by_hand(void **state)
{
	(void)state;
	float w[2] = {1, 1}, g[2] = {3, -5e-3f}, m[2] = {0}, v[2] = {0};
	struct adam adam = {.learning_rate = 0.1f, .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 0, .step = 1};
	pointwise_adam(NULL, 2, &adam, w, g, m, v);
	assert_float_equal(w[0], 0.9, 1e-6);
	assert_float_equal(w[1], 1.1, 1e-6);
	adam.step = 2;
	pointwise_adam(NULL, 2, &adam, w, g, m, v);
	assert_float_equal(w[0], 0.8, 1e-5);
	assert_float_equal(w[1], 1.2, 1e-5);
}

static void check_sgd_and_squares(void)
{
	static float w[COUNT], velocity[COUNT];
	fill(w, COUNT, 51, 1);
	memcpy(slow, w, sizeof w);
	memset(velocity, 0, sizeof velocity);
	pointwise_sgd(parallel, COUNT, 0.5f, 0, w, dy, NULL);
	for (size_t i = 0; i < COUNT; i++)
		assert_float_equal(w[i], slow[i] - 0.5 * dy[i], 1e-6);
	memcpy(w, slow, sizeof w);
	for (int step = 0; step < 3; step++)
		pointwise_sgd(parallel, COUNT, 0.5f, 0.9f, w, dy, velocity);
	for (size_t i = 0; i < COUNT; i++) { /* velocities 1, 1.9, 2.71 times g */
		assert_float_equal(velocity[i], 2.71 * dy[i], 1e-5);
		assert_float_equal(w[i], slow[i] - 0.5 * 5.61 * dy[i], 1e-5);
	}
	double sum = 0;
	for (size_t i = 0; i < COUNT; i++)
		sum += (double)dy[i] * dy[i];
	assert_true(fabs(pointwise_sum_of_squares(parallel, COUNT, dy) / sum - 1) < 1e-12);
	assert_true(pointwise_sum_of_squares(parallel, 3, dy) == (double)dy[0] * dy[0] + (double)dy[1] * dy[1] + (double)dy[2] * dy[2]);
	assert_true(pointwise_sum_of_squares(parallel, 0, dy) == 0);
	pointwise_clear(parallel, COUNT - 1, w);
	for (size_t i = 0; i < COUNT - 1; i++)
		assert_true(w[i] == 0);
	assert_true(w[COUNT - 1] != 0);
}

static void sgd_and_squares(void **state)
{
	(void)state;
	fill(dy, COUNT, 2, 1);
	with_every_kernel(check_sgd_and_squares);
}

/* The bf16 nearest to x by its definition: of the two that enclose it the nearer one, at a tie the even one. */
static uint16_t nearest_bf16(float value)
{
	uint32_t bits, above;
	memcpy(&bits, &value, sizeof bits);
	if (value != value)
		return (uint16_t)(bits >> 16 | 0x40);
	float low, high;
	bits &= 0xffff0000;
	above = bits + 0x10000;
	memcpy(&low, &bits, sizeof low);
	memcpy(&high, &above, sizeof high);
	double down = fabs((double)value - (double)low);
	double up = isinf(high) ? ldexp(1, 128) - fabs((double)value) : fabs((double)high - (double)value);
	bool take_low = isinf(value) || down < up || (down == up && !(bits >> 16 & 1));
	return (uint16_t)((take_low ? bits : above) >> 16);
}

static float float_of_bf16(uint16_t half)
{
	uint32_t bits = (uint32_t)half << 16;
	float value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static uint16_t bf16_part(float value, int part)
{
	const uint16_t first = nearest_bf16(value);
	return part ? nearest_bf16(value - float_of_bf16(first)) : first;
}

static void assert_pair(const float *pair, uint16_t low, uint16_t high)
{
	uint16_t halves[2];
	memcpy(halves, pair, sizeof halves);
	assert_int_equal(halves[0], low);
	assert_int_equal(halves[1], high);
}

static void check_pairs(void)
{
	enum { ODD = 1001, STEP = 251 };
	const struct kernel_pointwise *pointwise = kernel_current()->pointwise;
	for (int part = 0; part < 2; part++) {
		pointwise->zip_rows(3, ODD / 4, part, x, STEP, fast, STEP + 1);
		for (int i = 0; i < ODD / 4; i++) {
			assert_pair(&fast[i], bf16_part(x[i], part), bf16_part(x[STEP + i], part));
			assert_pair(&fast[STEP + 1 + i], bf16_part(x[2 * STEP + i], part), 0);
		}
		pointwise->join_rows(2, ODD, part, x, STEP, fast, ODD);
		for (int row = 0; row < 2; row++) {
			const float *values = x + row * STEP, *pairs = fast + row * ODD;
			for (int i = 0; i < ODD / 2; i++)
				assert_pair(&pairs[i], bf16_part(values[2 * i], part), bf16_part(values[2 * i + 1], part));
			assert_pair(&pairs[ODD / 2], bf16_part(values[ODD - 1], part), 0);
		}
	}
}

static void pairs_hold_the_nearest_bf16(void **state)
{
	(void)state;
	static const uint32_t ties[] = {0x3f808000, 0x3f818000, 0xbf808000, 0x3f808001, 0x3f807fff, 0x00008000, 0x00000001};
	static const float special[] = {0, -0.0f, 1, -1, 3.3e38f, 1e-40f, -1e-30f};
	fill(x, COUNT, 5, 3);
	for (int row = 0; row < 3; row++) {
		memcpy(x + row * 256 + 3, ties, sizeof ties);
		memcpy(x + row * 256 + 20, special, sizeof special);
	}
	with_every_kernel(check_pairs);
}

/* Whatever its payload a NaN stays one in a pair, and infinity stays infinite. */
static void check_pairs_not_finite(void)
{
	for (int i = 0; i < 64; i++) {
		const uint32_t bits = 0x7f800000 | (i ? 1u << i % 23 : 0) | (uint32_t)(i & 1) << 31;
		memcpy(&x[i], &bits, sizeof bits);
	}
	kernel_current()->pointwise->zip_rows(2, 64, 0, x, 0, fast, 0);
	for (int i = 0; i < 64; i++) {
		uint16_t half;
		memcpy(&half, &fast[i], sizeof half);
		assert_true(i ? isnan(float_of_bf16(half)) : isinf(float_of_bf16(half)));
	}
}

static void pairs_keep_nan(void **state)
{
	(void)state;
	with_every_kernel(check_pairs_not_finite);
}

static void bits_do_not_depend_on_threads(void **state)
{
	(void)state;
	struct norm_case one = make_norm(1031, 16);
	double squares = pointwise_sum_of_squares(NULL, one.count, one.x);
	batch_norm_leaky_train(NULL, &one.norm, 0.2f, one.x, one.y);
	batch_norm_leaky_backward(NULL, &one.norm, 0.2f, one.x, one.dy, one.dy, one.dgamma, one.dbeta);
	for (int threads = 2; threads <= 3; threads++) {
		struct parallel *pool = parallel_create(threads, NULL);
		struct norm_case several = make_norm(1031, 16);
		assert_true(pointwise_sum_of_squares(pool, several.count, several.x) == squares);
		batch_norm_leaky_train(pool, &several.norm, 0.2f, several.x, several.y);
		batch_norm_leaky_backward(pool, &several.norm, 0.2f, several.x, several.dy, several.dy, several.dgamma, several.dbeta);
		/* everything a case owns lies in one block that starts with gamma */
		assert_memory_equal(one.gamma, several.gamma, (8 * 16 + 3 * one.count) * sizeof(float));
		free_norm(&several);
		parallel_destroy(pool);
	}
	free_norm(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaky),
		cmocka_unit_test(tanh_and_sigmoid),
		cmocka_unit_test(nan_stays_nan),
		cmocka_unit_test(batch_norm_agrees_with_the_slow_truth),
		cmocka_unit_test(fused_batch_norm_is_both_steps),
		cmocka_unit_test(batch_norm_gradient_is_the_derivative),
		cmocka_unit_test(adam_agrees_with_the_slow_truth),
		cmocka_unit_test(adam_by_hand),
		cmocka_unit_test(sgd_and_squares),
		cmocka_unit_test(pairs_hold_the_nearest_bf16),
		cmocka_unit_test(pairs_keep_nan),
		cmocka_unit_test(bits_do_not_depend_on_threads),
	};
	parallel = parallel_create(2, NULL);
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	parallel_destroy(parallel);
	return failures;
}
